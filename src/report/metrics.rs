//! What was measured of live and of a candidate, side by side, and what the judge says of it.

use serde::Serialize;

use super::look::Look;
use super::words::columns;
use crate::model::judgement::{Finding, Judgement, Outcome, Verdict};
use crate::model::readings::Readings;

/// A table, rule by rule, then the verdict.
pub fn text(readings: &Readings, judgement: &Judgement, look: Look) -> String {
    let weight = readings.weight.map_or_else(String::new, |weight| {
        format!(", {weight} % of production goes to it")
    });
    let mut lines = vec![
        format!(
            "{} beside {} (live), {} to {}{weight}",
            look.bold(&readings.candidate.target_group),
            look.bold(&readings.live.target_group),
            readings.from.strftime("%Y-%m-%d %H:%M:%S"),
            readings.to.strftime("%H:%M:%S UTC"),
        ),
        String::new(),
    ];
    let head = ["", "rule", "candidate", "live", "bound", ""];
    let mut rows: Vec<Vec<String>> = vec![head.iter().map(|title| look.dim(title)).collect()];
    rows.extend(judgement.findings.iter().map(|finding| {
        vec![
            mark(finding.outcome, look),
            look.plain(&finding.rule).into_owned(),
            finding.candidate.text.clone(),
            finding.live.text.clone(),
            finding.bound.clone(),
            verdict_of(finding, look),
        ]
    }));
    lines.extend(columns(&rows));
    lines.push(String::new());
    lines.extend(ending(judgement, look));
    look.page(&lines)
}

/// A sentence for each rule, then the verdict.
pub fn sentences(judgement: &Judgement, look: Look) -> String {
    let mut lines: Vec<String> = judgement
        .findings
        .iter()
        .map(|finding| {
            let then = match finding.outcome {
                Outcome::Fail => format!(" → {}", finding.then),
                Outcome::Pass | Outcome::Inconclusive => String::new(),
            };
            format!(
                "{} {}: {}{then}",
                mark(finding.outcome, look),
                finding.rule,
                finding.sentence
            )
        })
        .collect();
    lines.push(String::new());
    lines.extend(ending(judgement, look));
    look.page(&lines)
}

#[derive(Serialize)]
struct Comparison<'a> {
    readings: &'a Readings,
    judgement: &'a Judgement,
}

/// Everything, for programs.
pub fn json(readings: &Readings, judgement: &Judgement) -> serde_json::Result<String> {
    let all = Comparison { readings, judgement };
    serde_json::to_string_pretty(&all).map(|text| text + "\n")
}

fn mark(outcome: Outcome, look: Look) -> String {
    match outcome {
        Outcome::Pass => look.done(),
        Outcome::Inconclusive => look.careful("?"),
        Outcome::Fail => look.failed(),
    }
}

fn verdict_of(finding: &Finding, look: Look) -> String {
    match finding.outcome {
        Outcome::Pass => look.good("holds"),
        Outcome::Inconclusive => look.careful("not known"),
        Outcome::Fail => look.bad(format!("fails → {}", finding.then)),
    }
}

fn ending(judgement: &Judgement, look: Look) -> Vec<String> {
    let word = match judgement.verdict {
        Verdict::Pass => look.good("pass"),
        Verdict::Inconclusive => look.careful("inconclusive"),
        Verdict::Fail(then) => look.bad(then),
    };
    let mut lines = vec![format!("{}: {}", look.bold(word), judgement.sentence)];
    // What the verdict says already is not said again.
    let notes = judgement.notes.iter().filter(|note| **note != judgement.sentence);
    lines.extend(notes.map(|note| format!("  {}", look.dim(note))));
    lines.push(String::new());
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::fixtures;
    use crate::model::judgement::Figure;
    use crate::model::judging::Consequence;
    use crate::model::readings::Side;

    fn readings() -> Readings {
        let side = |n| Side {
            target_group: fixtures::tg(n),
            series: Default::default(),
        };
        Readings {
            from: fixtures::minute(0),
            to: fixtures::minute(5),
            period: Duration::from_secs(60),
            weight: Some(5),
            live: side(1),
            candidate: side(2),
            alarms: Default::default(),
            unread: Vec::new(),
        }
    }

    fn finding(rule: &str, outcome: Outcome, texts: [&str; 3], sentence: &str) -> Finding {
        let [candidate, live, bound] = texts;
        let figure = |text: &str| Figure {
            value: None,
            text: text.into(),
        };
        Finding {
            rule: rule.into(),
            outcome,
            then: Consequence::Rollback,
            candidate: figure(candidate),
            live: figure(live),
            bound: bound.into(),
            sentence: sentence.into(),
        }
    }

    fn judgement() -> Judgement {
        let bad = "candidate 5xx 6.2 % of 1,204, live 0.4 % of 22,871, bound 5 %";
        Judgement {
            verdict: Verdict::Fail(Consequence::Rollback),
            sentence: format!("error-rate: {bad}"),
            findings: vec![
                finding(
                    "error-rate",
                    Outcome::Fail,
                    ["6.2 % of 1,204", "0.4 % of 22,871", "5 %"],
                    bad,
                ),
                finding(
                    "latency-p95",
                    Outcome::Pass,
                    ["0.4 s", "0.42 s", "2 s and 0.84 s (2 × live)"],
                    "candidate p95 0.4 s, live 0.42 s, bounds 2 s and 0.84 s (2 × live)",
                ),
                finding(
                    "memory",
                    Outcome::Inconclusive,
                    ["no data", "no data", "90 %"],
                    "candidate memory no data, live no data, bound 90 %; the candidate has no data",
                ),
                finding(
                    "alarm checkout\u{1b}[2J",
                    Outcome::Fail,
                    ["ALARM", "", "OK"],
                    "checkout\u{1b}[2J is in ALARM",
                ),
            ],
            notes: vec!["success-rate is left out".into()],
        }
    }

    #[test]
    fn a_comparison_reads_as_a_table_rule_by_rule() {
        insta::assert_snapshot!(text(&readings(), &judgement(), Look::PLAIN));
    }

    #[test]
    fn a_judgement_reads_as_sentences() {
        insta::assert_snapshot!(sentences(&judgement(), Look::PLAIN));
    }

    #[test]
    fn the_words_of_a_comparison_in_json_are_a_contract() {
        let text = json(&readings(), &judgement()).expect("JSON");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        insta::assert_snapshot!(
            serde_json::to_string_pretty(&serde_json::json!({
                "readings": value["readings"],
                "verdict": value["judgement"]["verdict"],
                "finding": value["judgement"]["findings"][0],
            }))
            .expect("JSON")
        );
    }
}
