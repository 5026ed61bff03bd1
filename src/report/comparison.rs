//! Variants of a test side by side, measure by measure.

use serde::Serialize;

use super::look::Look;
use super::words::columns;
use crate::model::comparison::{Cell, Comparison, Measured, Measurements};

/// A table, a row for each measure and a column for each variant.
pub fn text(measured: &Measurements, comparison: &Comparison, look: Look) -> String {
    let names: Vec<String> = measured.variants.iter().map(|one| named(one, look)).collect();
    let mut lines = vec![
        format!(
            "{} beside each other, {} to {}, in periods of {}",
            names.join(", "),
            measured.from.strftime("%Y-%m-%d %H:%M:%S"),
            measured.to.strftime("%Y-%m-%d %H:%M:%S UTC"),
            super::words::span(measured.period),
        ),
        String::new(),
    ];
    let head = std::iter::once("rule").chain(measured.variants.iter().map(|one| one.variant.as_str()));
    let mut rows: Vec<Vec<String>> = vec![head.map(|title| look.dim(look.plain(title))).collect()];
    rows.extend(comparison.rules.iter().map(|line| {
        let cells = line.cells.iter().map(|cell| shown(cell, look));
        std::iter::once(look.plain(&line.rule).into_owned())
            .chain(cells)
            .collect()
    }));
    lines.extend(columns(&rows));
    lines.push(String::new());
    if comparison.sentences.is_empty() {
        lines.push("no variant differs from the first by more than chance".to_owned());
    }
    lines.extend(
        comparison
            .sentences
            .iter()
            .map(|text| look.plain(text).into_owned()),
    );
    lines.push(String::new());
    look.page(&lines)
}

fn named(one: &Measured, look: Look) -> String {
    let name = look.bold(look.plain(&one.variant));
    match one.share {
        Some(share) => format!("{name} ({share} %)"),
        None => name,
    }
}

fn shown(cell: &Cell, look: Look) -> String {
    match (&cell.difference, &cell.unknown) {
        (Some(difference), _) => {
            let sure = (difference.confidence * 1000.0).floor().min(999.0) / 10.0;
            format!("{}  {} ({sure} %)", cell.text, difference.is)
        }
        (None, Some(_)) => format!("{}  {}", cell.text, look.careful("?")),
        (None, None) => cell.text.clone(),
    }
}

#[derive(Serialize)]
struct Both<'a> {
    measured: &'a Measurements,
    comparison: &'a Comparison,
}

/// Everything, for programs.
pub fn json(measured: &Measurements, comparison: &Comparison) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&Both { measured, comparison }).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::comparison::{Difference, Line, Than};
    use crate::model::fixtures;
    use crate::model::readings::Side;

    #[test]
    fn a_comparison_reads_as_a_table_with_how_sure_each_difference_is() {
        let variant = |name: &str, n| Measured {
            variant: name.into(),
            share: Some(if n == 1 { 40 } else { 30 }),
            side: Side {
                target_group: fixtures::tg(n),
                series: Default::default(),
            },
        };
        let measured = Measurements {
            from: fixtures::minute(0),
            to: fixtures::minute(14 * 24 * 60),
            period: Duration::from_secs(3600),
            variants: vec![
                variant("control", 1),
                variant("bo\u{1b}[2Jld", 2),
                variant("calm", 3),
            ],
        };
        let cell = |text: &str, difference, unknown: Option<&str>| Cell {
            value: None,
            text: text.into(),
            difference,
            unknown: unknown.map(str::to_owned),
        };
        let lower = Some(Difference {
            is: Than::Lower,
            confidence: 0.9997,
        });
        let comparison = Comparison {
            rules: vec![Line {
                rule: "latency-p95".into(),
                cells: vec![
                    cell("0.43 s", None, None),
                    cell("0.34 s", lower, None),
                    cell("no data", None, Some("has no data")),
                ],
            }],
            sentences: vec![
                "latency-p95: bold has 0.34 s, lower than control with 0.43 s (99.9 % sure)".into(),
            ],
        };
        insta::assert_snapshot!(text(&measured, &comparison, Look::PLAIN));
    }
}
