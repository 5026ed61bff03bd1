//! The ARNs of load balancing, and what can be read from them.

/// What an ARN is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Balancer,
    Listener,
    Rule,
    TargetGroup,
}

pub(super) fn kind(arn: &str) -> Option<Kind> {
    let resource = resource(arn);
    let kind = resource.split_once('/').map(|(kind, _)| kind)?;
    match kind {
        "loadbalancer" => Some(Kind::Balancer),
        "listener" => Some(Kind::Listener),
        "listener-rule" => Some(Kind::Rule),
        "targetgroup" => Some(Kind::TargetGroup),
        _ => None,
    }
}

/// `app/<name>/<id>` of a load balancer, `targetgroup/<name>/<id>` of a target group: as metrics call them.
pub(super) fn dimension(arn: &str) -> String {
    let resource = resource(arn);
    resource
        .strip_prefix("loadbalancer/")
        .unwrap_or(resource)
        .to_owned()
}

/// A listener's ARN is its load balancer's, under another word and one step deeper.
pub(super) fn of_listener(balancer: &str, tail: &str) -> String {
    format!("{}/{tail}", balancer.replacen(":loadbalancer/", ":listener/", 1))
}

pub(super) fn of_rule(listener: &str, tail: &str) -> String {
    format!("{}/{tail}", listener.replacen(":listener/", ":listener-rule/", 1))
}

pub(super) fn listener_of_rule(rule: &str) -> String {
    let listener = rule.replacen(":listener-rule/", ":listener/", 1);
    listener
        .rsplit_once('/')
        .map_or_else(String::new, |(listener, _)| listener.to_owned())
}

fn resource(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or_default()
}
