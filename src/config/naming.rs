//! What AWS allows in names, headers and tags.

/// Characters of a header's name, as HTTP has it; a load balancer allows no wildcard in one.
pub(super) fn in_header_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'+-.^_`|~".contains(c)
}

/// Characters of a header's value that a load balancer takes literally.
pub(super) fn in_header_value(c: char) -> bool {
    (c.is_ascii_graphic() || c == ' ') && c != '*' && c != '?'
}

/// The app's name goes into tags, descriptions of launch template versions and file names.
pub(super) fn app_problem(app: &str) -> Option<String> {
    let bad = |c: &char| !(c.is_ascii_alphanumeric() || "._-".contains(*c));
    match (app.chars().next(), app.chars().find(bad)) {
        (None, _) => Some("is empty".into()),
        (_, Some(bad)) => Some(format!("has {bad:?} in it")),
        (Some(first), None) if !first.is_ascii_alphanumeric() => Some(format!("begins with {first:?}")),
        _ => None,
    }
}

pub(super) fn load_balancer_problem(text: &str) -> Option<(String, &'static str)> {
    const NAME: &str = "write the load balancer's name, or its full ARN";
    if text.starts_with("arn:") {
        let kind = text.split_once(":loadbalancer/").map(|(_, rest)| rest);
        return match kind {
            Some(rest) if rest.starts_with("app/") && rest.split('/').count() == 3 => None,
            Some(rest) if rest.starts_with("net/") || rest.starts_with("gwy/") => Some((
                "is not an Application Load Balancer".into(),
                "only an Application Load Balancer has rules that can be swung",
            )),
            _ => Some(("is an ARN of something else".into(), NAME)),
        };
    }
    hyphenated_problem(text).map(|why| (why, NAME))
}

pub(super) fn target_group_problem(name: &str) -> Option<String> {
    hyphenated_problem(name)
}

/// The rules that load balancers and target groups share.
fn hyphenated_problem(name: &str) -> Option<String> {
    let bad = |c: &char| !(c.is_ascii_alphanumeric() || *c == '-');
    if name.is_empty() {
        Some("is empty".into())
    } else if name.chars().count() > 32 {
        Some("is longer than 32 characters".into())
    } else if let Some(bad) = name.chars().find(bad) {
        Some(format!(
            "has {bad:?} in it, where only letters, digits and `-` may be"
        ))
    } else if name.starts_with('-') || name.ends_with('-') {
        Some("begins or ends with `-`".into())
    } else {
        None
    }
}

pub(super) fn group_problem(name: &str) -> Option<String> {
    let bad = |c: &char| *c == ':' || c.is_control();
    if name.trim().is_empty() {
        Some("is empty".into())
    } else if name.chars().count() > 255 {
        Some("is longer than 255 characters".into())
    } else {
        name.chars()
            .find(bad)
            .map(|bad| format!("has {bad:?} in it, which a group's name may not have"))
    }
}

/// Why a tag that a person asks for cannot be set.
pub(super) fn tag_problem(key: &str, value: &str) -> Option<String> {
    let lower = key.to_ascii_lowercase();
    // Of spaces those that do not break a line, as AWS has it.
    let space = |c: char| c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}');
    let bad = |c: &char| !(c.is_alphanumeric() || space(*c) || "_.:/=+-@".contains(*c));
    if key.is_empty() {
        Some("has no key".into())
    } else if lower.starts_with("aws:") || lower.starts_with("swingbridge:") {
        let owner = lower.split(':').next().unwrap_or_default();
        Some(format!("begins with `{owner}:`, which is reserved"))
    } else if key.chars().count() > 128 {
        Some("has a key longer than 128 characters".into())
    } else if value.chars().count() > 256 {
        Some("has a value longer than 256 characters".into())
    } else {
        key.chars()
            .chain(value.chars())
            .find(bad)
            .map(|bad| format!("has {bad:?} in it"))
    }
}
