//! An alarm: what it watches, when it changes its state, and what it does then.

use jiff::Timestamp;

use super::Metric;
use super::composite::Rule;
use super::query::{Query, longest_period};
use super::summary::Statistic;
use super::verdict::Criteria;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum State {
    Ok,
    Alarm,
    InsufficientData,
}

impl State {
    pub(super) const ALL: [Self; 3] = [Self::Ok, Self::Alarm, Self::InsufficientData];

    pub(in crate::lab) fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    pub(in crate::lab) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// `TreatMissingData`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    Missing,
    Ignore,
    Breaching,
    NotBreaching,
}

impl Treatment {
    pub(super) const ALL: [Self; 4] = [Self::Missing, Self::Ignore, Self::Breaching, Self::NotBreaching];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ignore => "ignore",
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    GreaterOrEqual,
    Greater,
    Less,
    LessOrEqual,
}

impl Comparison {
    pub(super) const ALL: [Self; 4] = [Self::GreaterOrEqual, Self::Greater, Self::Less, Self::LessOrEqual];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "GreaterThanOrEqualToThreshold",
            Self::Greater => "GreaterThanThreshold",
            Self::Less => "LessThanThreshold",
            Self::LessOrEqual => "LessThanOrEqualToThreshold",
        }
    }

    /// As state reasons say it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "greater than or equal to",
            Self::Greater => "greater than",
            Self::Less => "less than",
            Self::LessOrEqual => "less than or equal to",
        }
    }

    pub(super) fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterOrEqual => value >= threshold,
            Self::Greater => value > threshold,
            Self::Less => value < threshold,
            Self::LessOrEqual => value <= threshold,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Alarm {
    pub(in crate::lab) name: String,
    pub(in crate::lab) arn: String,
    pub(in crate::lab) description: Option<String>,
    pub(in crate::lab) actions_enabled: bool,
    pub(in crate::lab) actions: Actions,
    pub(in crate::lab) kind: Kind,
    pub(in crate::lab) tags: Vec<(String, String)>,
    /// When its settings were last written.
    pub(in crate::lab) configured: Timestamp,
    pub(in crate::lab) standing: Standing,
    /// Grows with every writing, so that timers of former settings are told from those of the present ones.
    pub(super) version: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::lab) struct Actions {
    pub(in crate::lab) ok: Vec<String>,
    pub(in crate::lab) alarm: Vec<String>,
    pub(in crate::lab) insufficient: Vec<String>,
}

impl Actions {
    pub(in crate::lab) fn of(&self, state: State) -> &[String] {
        match state {
            State::Ok => &self.ok,
            State::Alarm => &self.alarm,
            State::InsufficientData => &self.insufficient,
        }
    }

    pub(in crate::lab) fn all(&self) -> impl Iterator<Item = &String> {
        self.ok.iter().chain(&self.alarm).chain(&self.insufficient)
    }
}

/// The state an alarm is in, and why.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Standing {
    pub(in crate::lab) state: State,
    pub(in crate::lab) reason: String,
    /// JSON.
    pub(in crate::lab) data: Option<String>,
    /// When state or reason were last written.
    pub(in crate::lab) updated: Timestamp,
    /// When the state became another.
    pub(in crate::lab) transitioned: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) enum Kind {
    Metric(Box<Watching>),
    Composite(Composite),
}

impl Kind {
    pub(in crate::lab) fn name(&self) -> &'static str {
        match self {
            Self::Metric(_) => "MetricAlarm",
            Self::Composite(_) => "CompositeAlarm",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Composite {
    pub(in crate::lab) text: String,
    pub(super) rule: Rule,
}

/// What a metric alarm compares with what.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Watching {
    pub(in crate::lab) subject: Subject,
    pub(super) threshold: f64,
    pub(super) comparison: Comparison,
    pub(super) periods: i64,
    pub(super) to_alarm: Option<i64>,
    pub(super) missing: Option<Treatment>,
    /// `EvaluateLowSampleCountPercentile`: `evaluate` or `ignore`.
    pub(super) low_samples: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) enum Subject {
    Single {
        metric: Metric,
        statistic: Statistic,
        period: i64,
        unit: Option<String>,
    },
    /// Of these, one is returned: that is what is compared.
    Math(Vec<Query>),
}

impl Watching {
    pub(super) fn period(&self) -> i64 {
        match &self.subject {
            Subject::Single { period, .. } => *period,
            Subject::Math(queries) => longest_period(queries),
        }
    }

    pub(super) fn criteria(&self) -> Criteria {
        let count = |number: i64| usize::try_from(number).unwrap_or(1);
        Criteria {
            periods: count(self.periods),
            to_alarm: count(self.to_alarm.unwrap_or(self.periods)),
            missing: self.missing.unwrap_or(Treatment::Missing),
        }
    }
}
