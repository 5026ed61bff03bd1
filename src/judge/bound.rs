//! One bound, held against what was measured.

use super::evidence::Measured;
use super::mann_whitney::{self, Comparison};
use super::words::{number, with_unit};
use crate::model::judging::{Bound, Test};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Held {
    Yes,
    No,
    /// It cannot be told, and why not.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tried {
    pub(super) held: Held,
    /// The number that the candidate was held to.
    pub(super) limit: Option<f64>,
    pub(super) text: String,
}

/// Whether a bound needs live.
pub(super) fn compares(bound: Bound) -> bool {
    !matches!(bound, Bound::AtMost(_) | Bound::AtLeast(_))
}

/// `negligible`: what is not above it is never too much beside live.
pub(super) fn tried(
    bound: Bound,
    candidate: &Measured,
    live: &Measured,
    unit: &str,
    negligible: f64,
) -> Tried {
    match bound {
        Bound::AtMost(limit) => absolute(candidate, limit, unit, |value| value <= limit),
        Bound::AtLeast(limit) => absolute(candidate, limit, unit, |value| value >= limit),
        Bound::AtMostOfLive(factor) => {
            let least = Some(negligible).filter(|least| *least > 0.0);
            relative(candidate, live, factor, unit, least, |value, limit| {
                value <= limit
            })
        }
        Bound::AtLeastOfLive(factor) => {
            relative(candidate, live, factor, unit, None, |value, limit| value >= limit)
        }
        Bound::NotHigher(test) => statistical(candidate, live, test, "higher", mann_whitney::compare),
        Bound::NotLower(test) => {
            statistical(candidate, live, test, "lower", |a, b| mann_whitney::compare(b, a))
        }
    }
}

fn absolute(candidate: &Measured, limit: f64, unit: &str, holds: impl Fn(f64) -> bool) -> Tried {
    let held = match (&candidate.problem, candidate.value) {
        (Some(problem), _) => Held::Unknown(format!("the candidate {problem}")),
        (None, None) => Held::Unknown("the candidate has no data".into()),
        (None, Some(value)) => outcome(holds(value), candidate),
    };
    Tried {
        held,
        limit: Some(limit),
        text: with_unit(&number(limit, &[]), unit),
    }
}

fn outcome(holds: bool, candidate: &Measured) -> Held {
    match &candidate.doubt {
        _ if holds => Held::Yes,
        Some(doubt) => Held::Unknown(format!("that is {doubt}")),
        None => Held::No,
    }
}

fn relative(
    candidate: &Measured,
    live: &Measured,
    factor: f64,
    unit: &str,
    least: Option<f64>,
    holds: impl Fn(f64, f64) -> bool,
) -> Tried {
    let mut times = format!("{} × live", number(factor, &[]));
    // Live's number is shown even where it is too little to go by.
    let limit = live
        .value
        .map(|value| value * factor)
        .filter(|limit| limit.is_finite())
        .map(|limit| match least {
            Some(least) if limit < least => {
                times += " is less";
                least
            }
            _ => limit,
        });
    let held = match (missing(candidate, live), candidate.value, limit) {
        (Some(why), _, _) => Held::Unknown(why),
        (None, Some(value), Some(limit)) => outcome(holds(value, limit), candidate),
        (None, _, _) => Held::Unknown("there is nothing to compare with".into()),
    };
    let text = match limit {
        Some(limit) => format!("{} ({times})", with_unit(&number(limit, &[]), unit)),
        None => times,
    };
    Tried { held, limit, text }
}

fn missing(candidate: &Measured, live: &Measured) -> Option<String> {
    let of = |side: &Measured, name: &str| side.problem.as_ref().map(|problem| format!("{name} {problem}"));
    of(candidate, "the candidate").or_else(|| of(live, "live"))
}

fn statistical(
    candidate: &Measured,
    live: &Measured,
    test: Test,
    direction: &str,
    compare: impl Fn(&[f64], &[f64]) -> Option<Comparison>,
) -> Tried {
    let bare = format!("not {direction} than live's");
    let unknown = |why: String| Tried {
        held: Held::Unknown(why),
        limit: None,
        text: bare.clone(),
    };
    if let Some(why) = missing(candidate, live) {
        return unknown(why);
    }
    let (ours, theirs) = (candidate.points.len(), live.points.len());
    let fewest = Test::FEWEST;
    if ours < fewest || theirs < fewest {
        return unknown(format!(
            "there are {ours} periods of the candidate and {theirs} of live, and it takes {fewest} of each"
        ));
    }
    if Test::smallest_chance(ours, theirs) >= test.alpha {
        return unknown(format!(
            "{ours} periods of the candidate and {theirs} of live cannot show a difference at {}",
            number(test.alpha, &[])
        ));
    }
    let Some(Comparison { chance, superiority }) = compare(&candidate.points, &live.points) else {
        return unknown("a period has a value that is no number".into());
    };
    // A difference must be more than chance, and large enough to matter.
    let differs = chance < test.alpha && superiority >= test.effect;
    Tried {
        held: outcome(!differs, candidate),
        limit: None,
        text: format!(
            "{bare} (p {} of {}, {direction} in {} % of pairs of {} %)",
            number(chance, &[test.alpha]),
            number(test.alpha, &[]),
            number(100.0 * superiority, &[100.0 * test.effect]),
            number(100.0 * test.effect, &[])
        ),
    }
}
