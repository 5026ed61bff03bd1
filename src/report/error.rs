//! How a failure is printed, once: what, because of what, and the way out.

use crate::model::refusal::Refusal;

use super::look::Look;

/// A refusal gives every reason; any other error its causes, each said once.
pub fn text(error: &anyhow::Error, ways_out: &[String], look: Look) -> String {
    let mut all = match error.downcast_ref::<Refusal>() {
        Some(refusal) => refused(refusal, look),
        None => caused(error, look),
    };
    all.extend(ways_out.iter().map(|way| arrow(way, look)));
    all.push(String::new());
    look.page(&all)
}

fn label(look: Look) -> String {
    look.bad("error:")
}

fn arrow(way: &str, look: Look) -> String {
    look.active(format!("→ {way}"))
}

fn refused(refusal: &Refusal, look: Look) -> Vec<String> {
    if let [only] = refusal.reasons.as_slice() {
        return vec![
            format!("{} refused: {only}", label(look)),
            arrow(&only.way_out(), look),
        ];
    }
    let mut all = vec![format!(
        "{} refused for {} reasons",
        label(look),
        refusal.reasons.len()
    )];
    for reason in &refusal.reasons {
        all.push(format!("  {reason}"));
        all.push(format!("  {}", arrow(&reason.way_out(), look)));
    }
    all
}

fn caused(error: &anyhow::Error, look: Look) -> Vec<String> {
    // Our own errors may have several lines; those that we pass on were made one by whoever met them.
    let mut said = error.to_string();
    let mut lines = said.lines().map(str::to_owned);
    let mut all = vec![format!("{} {}", label(look), lines.next().unwrap_or_default())];
    all.extend(lines);
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        // Many errors repeat their source in their own words.
        if !said.contains(&text) {
            all.extend(text.lines().map(|line| format!("  {line}")));
            said = text;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::refusal::Reason;

    #[test]
    fn causes_stand_below_and_are_said_once() {
        let error = anyhow::anyhow!("access denied")
            .context("DescribeRules: access denied")
            .context("could not observe shop");
        assert_eq!(
            text(&error, &["allow it".into()], Look::PLAIN),
            "error: could not observe shop\n  DescribeRules: access denied\n→ allow it\n"
        );
    }

    #[test]
    fn a_refusal_gives_every_reason_with_its_way_out() {
        let one = Refusal::from(Reason::NoPrevious);
        let two = Refusal::from(vec![
            Reason::NoPrevious,
            Reason::NoCandidate { rolled_back: None },
        ]);
        let shown = [one, two].map(|refusal| text(&refusal.into(), &[], Look::PLAIN));
        insta::assert_snapshot!(shown.join("\n"));
    }
}
