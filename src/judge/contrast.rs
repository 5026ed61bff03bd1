//! Variants beside each other: each measure of each, how sure it is that one differs, and whether one is the best.

use super::evidence::Measured;
use super::mann_whitney;
use super::words;
use crate::model::ab::Pick;
use crate::model::comparison::{Cell, Comparison, Difference, Line, Measurements, Picked, Than};
use crate::model::judging::{Judging, Rule, Test};
use crate::model::readings::{Readings, Side};

/// From here on a difference is worth a sentence.
const WORTH: f64 = 0.95;

/// Every measure that judging takes, of every variant beside the first.
pub fn contrast(judging: &Judging, measured: &Measurements) -> Comparison {
    let mut sentences = Vec::new();
    let rules = judging
        .rules
        .iter()
        .map(|rule| {
            let line = line(rule, judging, measured);
            let others = line.cells.iter().zip(&measured.variants).skip(1);
            let first = line.cells.first().zip(measured.variants.first());
            sentences.extend(others.filter_map(|(cell, other)| {
                let difference = cell.difference.filter(|found| found.confidence >= WORTH)?;
                let (baseline, one) = first?;
                Some(format!(
                    "{}: {} has {}, {} than {} with {} ({} sure)",
                    rule.name,
                    other.variant,
                    cell.text,
                    difference.is,
                    one.variant,
                    baseline.text,
                    sure(difference.confidence)
                ))
            }));
            line
        })
        .collect();
    Comparison { rules, sentences }
}

fn line(rule: &Rule, judging: &Judging, measured: &Measurements) -> Line {
    let all = of_each(rule, judging, measured);
    let cells = all.iter().enumerate().map(|(place, one)| {
        let told = match (place, all.first()) {
            (0, _) | (_, None) => None,
            (_, Some(first)) => Some(difference(one, first)),
        };
        let (difference, unknown) = match told {
            None => (None, None),
            Some(Ok(difference)) => (Some(difference), None),
            Some(Err(why)) => (None, Some(why)),
        };
        Cell {
            value: one.value,
            text: words::measured(one, &[], words::unit(&rule.measure)),
            difference,
            unknown,
        }
    });
    Line {
        rule: rule.name.clone(),
        cells: cells.collect(),
    }
}

fn of_each(rule: &Rule, judging: &Judging, measured: &Measurements) -> Vec<Measured> {
    let sides = measured.variants.iter().map(|one| &one.side);
    sides
        .map(|side| Measured::of(rule, side, &window(measured, side), judging.minimum_requests))
        .collect()
}

/// A rule looks at one generation in a window.
fn window(measured: &Measurements, side: &Side) -> Readings {
    Readings {
        from: measured.from,
        to: measured.to,
        period: measured.period,
        weight: None,
        live: side.clone(),
        candidate: side.clone(),
        alarms: Default::default(),
        unread: Vec::new(),
    }
}

fn difference(one: &Measured, first: &Measured) -> Result<Difference, String> {
    let higher = chance(one, first)?;
    let lower = chance(first, one)?;
    let (is, chance) = if higher <= lower {
        (Than::Higher, higher)
    } else {
        (Than::Lower, lower)
    };
    Ok(Difference {
        is,
        confidence: (1.0 - 2.0 * chance).max(0.0),
    })
}

/// How often chance alone would make the first so much higher than the second.
fn chance(first: &Measured, second: &Measured) -> Result<f64, String> {
    if let Some(problem) = first.problem.as_ref().or(second.problem.as_ref()) {
        return Err(problem.clone());
    }
    let fewest = first.points.len().min(second.points.len());
    if fewest < Test::FEWEST {
        return Err(format!("has {fewest} periods, and it takes {}", Test::FEWEST));
    }
    let found = mann_whitney::compare(&first.points, &second.points);
    found
        .map(|found| found.chance)
        .ok_or_else(|| "has a value that is no number".to_owned())
}

/// Per cent, never rounded up to certainty.
pub(super) fn sure(confidence: f64) -> String {
    let per_mille = (confidence * 1000.0).floor().min(999.0);
    words::with_unit(&words::number(per_mille / 10.0, &[]), "%")
}

/// Whether one variant is better than every other by this rule. The doubt that is allowed is shared out among the
/// comparisons: with more variants, each must show more.
pub fn pick(pick: &Pick, judging: &Judging, measured: &Measurements) -> Picked {
    let Some(rule) = judging.rules.iter().find(|rule| rule.name == pick.rule) else {
        return Picked::Nobody {
            why: format!("there is no rule {}", pick.rule),
        };
    };
    let all = of_each(rule, judging, measured);
    let comparisons = u32::try_from(all.len().saturating_sub(1).max(1)).unwrap_or(u32::MAX);
    let allowed = (1.0 - pick.confidence) / f64::from(comparisons);
    let text = |one: &Measured| words::measured(one, &[], words::unit(&rule.measure));
    let told: Vec<String> = all
        .iter()
        .zip(&measured.variants)
        .map(|(one, variant)| format!("{} {}", variant.variant, text(one)))
        .collect();
    let told = told.join(", ");
    let mut doubt = None;
    for (place, one) in all.iter().enumerate() {
        let others = all.iter().enumerate().filter(|(other, _)| *other != place);
        let chances: Result<Vec<f64>, String> = others
            .map(|(_, other)| {
                if pick.higher {
                    chance(one, other)
                } else {
                    chance(other, one)
                }
            })
            .collect();
        match chances {
            Ok(chances) if chances.iter().all(|chance| *chance < allowed) => {
                let worst = chances.into_iter().fold(0.0, f64::max);
                return Picked::Winner {
                    name: measured.variants[place].variant.clone(),
                    why: format!(
                        "{} ({}): {told}; {} sure of each difference, of {} asked for",
                        rule.name,
                        if pick.higher {
                            "higher is better"
                        } else {
                            "lower is better"
                        },
                        sure(1.0 - worst),
                        sure(1.0 - allowed)
                    ),
                };
            }
            Ok(_) => {}
            Err(why) => doubt = doubt.or(Some(format!("{} {why}", measured.variants[place].variant))),
        }
    }
    Picked::Nobody {
        why: match doubt {
            Some(why) => format!("{}: {told}; {why}", rule.name),
            None => format!(
                "{}: {told}; none is better than every other at {}",
                rule.name,
                sure(pick.confidence)
            ),
        },
    }
}
