//! What expressions are made of: numbers, time series, and lists of time series.

use std::collections::BTreeMap;

/// One time series.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Line {
    pub(in crate::lab) label: String,
    /// In seconds.
    pub(in crate::lab) period: i64,
    /// By period begin, in seconds since 1970. A missing point is not there.
    pub(in crate::lab) points: BTreeMap<i64, f64>,
}

impl Line {
    /// The same line with other points. What is no number (a division by zero) is a missing point.
    pub(super) fn with(&self, points: impl IntoIterator<Item = (i64, f64)>) -> Self {
        let points = points
            .into_iter()
            .filter(|(_, value)| value.is_finite())
            .collect();
        Self {
            label: self.label.clone(),
            period: self.period,
            points,
        }
    }

    pub(super) fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        self.with(self.points.iter().map(|(&at, &value)| (at, change(value))))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) enum Value {
    Number(f64),
    Line(Line),
    Lines(Vec<Line>),
    Text(String),
}

impl Value {
    pub(in crate::lab::world::watch) fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "Scalar",
            Self::Line(_) => "TimeSeries",
            Self::Lines(_) => "Array[TimeSeries]",
            Self::Text(_) => "String",
        }
    }

    pub(super) fn map(&self, change: impl Fn(f64) -> f64) -> Result<Self, String> {
        Ok(match self {
            Self::Number(number) => Self::Number(change(*number)),
            Self::Line(line) => Self::Line(line.map(change)),
            Self::Lines(lines) => Self::Lines(lines.iter().map(|line| line.map(&change)).collect()),
            Self::Text(text) => return Err(format!("Unsupported operand \"{text}\"")),
        })
    }

    /// Puts two values together point by point. A point that either lacks is missing in the result.
    pub(super) fn join(&self, other: &Self, combine: &dyn Fn(f64, f64) -> f64) -> Result<Self, String> {
        Ok(match (self, other) {
            (value, Self::Number(right)) => value.map(|left| combine(left, *right))?,
            (Self::Number(left), value) => value.map(|right| combine(*left, right))?,
            (Self::Line(left), Self::Line(right)) => Self::Line(join_lines(left, right, combine)),
            (Self::Lines(left), Self::Line(right)) => {
                Self::Lines(left.iter().map(|left| join_lines(left, right, combine)).collect())
            }
            (Self::Line(left), Self::Lines(right)) => Self::Lines(
                right
                    .iter()
                    .map(|right| join_lines(left, right, combine))
                    .collect(),
            ),
            (Self::Lines(left), Self::Lines(right)) if left.len() == right.len() => Self::Lines(
                left.iter()
                    .zip(right)
                    .map(|(left, right)| join_lines(left, right, combine))
                    .collect(),
            ),
            (left, right) => {
                return Err(format!(
                    "Unsupported operand types {} and {}",
                    left.kind(),
                    right.kind()
                ));
            }
        })
    }

    /// The value at one time; a number is the same at all times.
    pub(super) fn at(&self, at: i64) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Line(line) => line.points.get(&at).copied(),
            Self::Lines(_) | Self::Text(_) => None,
        }
    }
}

fn join_lines(left: &Line, right: &Line, combine: &dyn Fn(f64, f64) -> f64) -> Line {
    let points = left
        .points
        .iter()
        .filter_map(|(&at, &value)| Some((at, combine(value, *right.points.get(&at)?))));
    Line {
        period: left.period.max(right.period),
        ..left.with(points)
    }
}
