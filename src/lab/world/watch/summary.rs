//! What is kept of the values of one period, and the statistics that can be made of it.

use std::fmt;

use super::sketch::Sketch;
use crate::lab::refusal::Refused;

/// The values of one metric in one period.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Summary {
    count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
    /// Nothing once percentiles cannot be known: a negative value, or a statistic set of different values.
    spread: Option<Sketch>,
}

impl Summary {
    /// A value, `count` times.
    pub(in crate::lab) fn of(value: f64, count: f64) -> Self {
        let spread = (value >= 0.0).then(|| {
            let mut sketch = Sketch::default();
            sketch.add(value, count);
            sketch
        });
        Self {
            count,
            sum: value * count,
            minimum: value,
            maximum: value,
            spread,
        }
    }

    /// Values that somebody else summed up.
    pub(in crate::lab) fn of_set(count: f64, sum: f64, minimum: f64, maximum: f64) -> Self {
        if minimum == maximum {
            return Self::of(minimum, count);
        }
        Self {
            count,
            sum,
            minimum,
            maximum,
            spread: None,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
        match (&mut self.spread, &other.spread) {
            (Some(spread), Some(more)) => spread.merge(more),
            (spread, _) => *spread = None,
        }
    }

    /// Nothing where the statistic cannot be told from what was put.
    pub(in crate::lab) fn statistic(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::SampleCount => Some(self.count),
            Statistic::Sum => Some(self.sum),
            Statistic::Average => (self.count > 0.0).then(|| self.sum / self.count),
            Statistic::Minimum => Some(self.minimum),
            Statistic::Maximum => Some(self.maximum),
            Statistic::Percentile(percent) => {
                let spread = self.spread.as_ref()?;
                // The ends are known exactly.
                match percent {
                    0.0 => Some(self.minimum),
                    100.0 => Some(self.maximum),
                    _ => Some(
                        spread
                            .quantile(percent / 100.0)?
                            .clamp(self.minimum, self.maximum),
                    ),
                }
            }
        }
    }
}

/// What is asked of a period's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::lab) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// From 0 to 100.
    Percentile(f64),
}

impl Statistic {
    /// Reads `Sum`, `p99.9` and their like; the statistics that the lab does not have are named in the refusal.
    pub(in crate::lab) fn read(name: &str) -> Result<Self, Refused> {
        Ok(match name {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            _ => {
                let percent = name
                    .strip_prefix('p')
                    .filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
                let percent = percent
                    .and_then(|rest| rest.parse().ok())
                    .filter(|percent| (0.0..=100.0).contains(percent));
                Self::Percentile(percent.ok_or_else(|| unknown(name))?)
            }
        })
    }

    pub(in crate::lab) fn is_percentile(self) -> bool {
        matches!(self, Self::Percentile(_))
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percentile(percent) => write!(out, "p{percent}"),
            plain => write!(out, "{plain:?}"),
        }
    }
}

fn unknown(name: &str) -> Refused {
    let trimmed = [
        "tm", "TM(", "wm", "WM(", "tc", "TC(", "ts", "TS(", "PR(", "IQM", "trimmed",
    ];
    let why = if trimmed.iter().any(|start| name.starts_with(start)) {
        "trimmed statistics and percentile ranks are not simulated"
    } else {
        "it must be SampleCount, Average, Sum, Minimum, Maximum or a percentile from p0 to p100"
    };
    Refused::new(
        "InvalidParameterValue",
        format!("The value {name} for the statistic is not supported: {why}."),
    )
}
