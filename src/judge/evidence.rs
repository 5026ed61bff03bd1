//! What a rule looks at, taken from the readings of one generation: a number for the window, one for each period, or
//! why there is none.

use jiff::Timestamp;

use super::words::count;
use crate::model::judging::{self, Measure, Rule};
use crate::model::readings::{Readings, Series, Side};

/// The requests to one generation in the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Requests {
    /// Not counted in any period: the metric comes only while there are some.
    Unseen,
    Absurd,
    Counted(f64),
}

impl Requests {
    pub(super) fn of(side: &Side, readings: &Readings) -> Self {
        let points = series(side, judging::REQUESTS, readings);
        let total: f64 = points.iter().map(|(_, requests)| requests).sum();
        match points.as_slice() {
            [] => Self::Unseen,
            _ if points.iter().all(|(_, requests)| is_count(*requests)) && total.is_finite() => {
                Self::Counted(total)
            }
            _ => Self::Absurd,
        }
    }

    pub(super) fn number(self) -> f64 {
        match self {
            Self::Counted(number) => number,
            Self::Unseen | Self::Absurd => 0.0,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "nobody asks for more requests than a float can count"
    )]
    pub(super) fn are_fewer_than(self, minimum: u64) -> bool {
        // None at all are too few even for whoever asks for none.
        self.number() < (minimum as f64).max(1.0)
    }
}

/// One generation as a rule sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measured {
    /// Over the whole window, as far as it can be told.
    pub(super) value: Option<f64>,
    /// What the value is a share of.
    pub(super) requests: Option<f64>,
    /// Period by period.
    pub(super) points: Vec<f64>,
    /// Why nothing may be concluded from it.
    pub(super) problem: Option<String>,
    /// Why a bound that it breaks may not be broken.
    pub(super) doubt: Option<String>,
}

impl Measured {
    pub(super) fn of(rule: &Rule, side: &Side, readings: &Readings, minimum: u64) -> Self {
        let mut measured = match &rule.measure {
            Measure::ErrorRate => share(side, readings, &[judging::FAILED]),
            Measure::SuccessRate => share(side, readings, &judging::SUCCEEDED),
            Measure::ConnectionErrors => share(side, readings, &[judging::UNCONNECTED]),
            Measure::Latency(percentile) => latency(side, readings, &judging::latency(*percentile)),
            Measure::UnhealthyHosts => return unhealthy(side, readings),
            Measure::Custom(_) => median_of(&series(side, &rule.name, readings), |_| 1.0),
        };
        let requests = Requests::of(side, readings);
        if measured.problem.is_none() && requests.are_fewer_than(minimum) {
            measured.problem = Some(match requests {
                Requests::Counted(number) => {
                    format!("had {} requests, and it takes {minimum}", count(number))
                }
                Requests::Unseen => "has no count of requests".into(),
                Requests::Absurd => "has a count of requests that is no number".into(),
            });
        }
        measured
    }

    fn without(problem: &str) -> Self {
        Self {
            value: None,
            requests: None,
            points: Vec::new(),
            problem: Some(problem.to_owned()),
            doubt: None,
        }
    }

    fn absurd() -> Self {
        Self::without("has a value that is no number")
    }
}

/// The points of a series within the window.
fn series(side: &Side, name: &str, readings: &Readings) -> Vec<(Timestamp, f64)> {
    side.series
        .get(name)
        .into_iter()
        .flat_map(|Series(points)| points)
        .copied()
        .filter(|(at, _)| (readings.from..readings.to).contains(at))
        .collect()
}

fn is_count(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

/// So many of a hundred requests. What is counted has no value in a period in which it did not happen; without a count
/// of requests nothing is known of the period.
fn share(side: &Side, readings: &Readings, counted: &[&str]) -> Measured {
    let (mut requests, mut events) = (0.0, 0.0);
    let mut points = Vec::new();
    for (at, asked) in series(side, judging::REQUESTS, readings) {
        let found: f64 = counted
            .iter()
            .map(|name| {
                side.series
                    .get(*name)
                    .and_then(|series| series.at(at))
                    .unwrap_or(0.0)
            })
            // One that is no number makes the sum none; a negative one must not hide another.
            .map(|number| if number < 0.0 { f64::NAN } else { number })
            .sum();
        if !is_count(asked) || !is_count(found) {
            return Measured::absurd();
        }
        if asked > 0.0 {
            requests += asked;
            events += found;
            points.push(100.0 * found / asked);
        }
    }
    if points.is_empty() {
        return Measured::without("has no count of requests");
    }
    let value = 100.0 * events / requests;
    if !value.is_finite() {
        return Measured::absurd();
    }
    Measured {
        value: Some(value),
        requests: Some(requests),
        points,
        problem: None,
        doubt: None,
    }
}

/// The percentile of the period in which the median request was answered. Percentiles of several periods cannot be
/// averaged: the mean of five p95 is no p95 of anything. A median is one that was measured; and it is by requests, not
/// by periods, or a minute with three requests would have the same say as one with thousands.
fn latency(side: &Side, readings: &Readings, name: &str) -> Measured {
    let requests = side.series.get(judging::REQUESTS);
    let weight = |at| {
        requests
            .and_then(|requests| requests.at(at))
            .filter(|requests| is_count(*requests))
            .unwrap_or(0.0)
    };
    median_of(&series(side, name, readings), weight)
}

/// The value of the median period, each with its own weight; half way between two when they share the middle.
fn median_of(points: &[(Timestamp, f64)], weight: impl Fn(Timestamp) -> f64) -> Measured {
    if points.iter().any(|(_, value)| !value.is_finite()) {
        return Measured::absurd();
    }
    let mut weighed: Vec<(f64, f64)> = points
        .iter()
        .map(|(at, value)| (*value, weight(*at)))
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    let in_order = weighed.iter().map(|(value, _)| *value).collect();
    weighed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let half = weighed.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut before = 0.0;
    let mut lower = None;
    let mut value = None;
    for (this, weight) in &weighed {
        before += weight;
        if before >= half {
            value = Some(lower.map_or(*this, |lower| f64::midpoint(lower, *this)));
            if before > half || lower.is_some() {
                break;
            }
            lower = Some(*this);
        }
    }
    match value {
        Some(value) => Measured {
            value: Some(value),
            requests: None,
            points: in_order,
            problem: None,
            doubt: None,
        },
        None => Measured::without("has no data"),
    }
}

/// How many were unhealthy in at least two of the periods: a target that fails its checks in one only may have been
/// replaced in it, and AWS advises not to go by a single one.
fn unhealthy(side: &Side, readings: &Readings) -> Measured {
    let points: Vec<f64> = series(side, judging::UNHEALTHY, readings)
        .into_iter()
        .map(|(_, hosts)| hosts)
        .collect();
    if !points.iter().all(|hosts| is_count(*hosts)) {
        return Measured::absurd();
    }
    let mut sorted = points.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (value, doubt) = match sorted.as_slice() {
        [] => return Measured::without("has no data"),
        [one] if readings.periods() > 1 => (*one, Some("of one period only, and it takes two".to_owned())),
        [one] => (*one, None),
        [_, second, ..] => (*second, None),
    };
    Measured {
        value: Some(value),
        requests: None,
        points,
        problem: None,
        doubt,
    }
}
