//! What `check` found: what breaks first, then what to know, then what is well.

use crate::model::account::{Finding, Weight};
use crate::report::Look;

pub fn text(findings: &[Finding], look: Look) -> String {
    let mut lines = Vec::new();
    for finding in findings {
        let mark = match finding.weight {
            Weight::Breaks => look.failed(),
            Weight::Risk => look.warned(),
            Weight::Fine => look.done(),
        };
        lines.push(format!("{mark} {}", finding.text));
        if let Some(way_out) = &finding.way_out {
            lines.push(format!("    → {way_out}"));
        }
    }
    let count = |weight| findings.iter().filter(|finding| finding.weight == weight).count();
    let breaks = count(Weight::Breaks);
    lines.push(String::new());
    lines.push(match breaks {
        0 => look.good(format!(
            "a deploy can start; {} things to know",
            count(Weight::Risk)
        )),
        _ => look.bad(format!("a deploy would not work: {breaks} things to mend first")),
    });
    lines.push(String::new());
    look.page(&lines)
}
