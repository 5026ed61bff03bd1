//! What was measured of several variants over the same time, and how they differ from one of them.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::readings::Side;

/// The first of them is the one that the others are compared with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurements {
    pub from: Timestamp,
    /// Not included.
    pub to: Timestamp,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub period: Duration,
    pub variants: Vec<Measured>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    pub variant: String,
    /// Of production's requests, in per cent, if that is known.
    pub share: Option<u32>,
    pub side: Side,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub rules: Vec<Line>,
    /// The differences that are hardly chance, in sentences.
    pub sentences: Vec<String>,
}

/// One measure of every variant, in their order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    pub rule: String,
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Over the whole time; `None` when there is none.
    pub value: Option<f64>,
    pub text: String,
    /// `None` for the first variant, and when nothing can be said.
    pub difference: Option<Difference>,
    /// Why nothing can be said.
    pub unknown: Option<String>,
}

/// How a variant differs from the first, period by period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    pub is: Than,
    /// One less how often chance alone would make as large a difference, in either direction (Mann-Whitney U).
    pub confidence: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Than {
    Higher,
    Lower,
}

impl std::fmt::Display for Than {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        })
    }
}

/// What a rule that picks a winner comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    Winner {
        name: String,
        why: String,
    },
    /// Nobody is better than all others for sure enough.
    Nobody {
        why: String,
    },
}
