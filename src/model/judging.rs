//! How a candidate is judged, as configured: which measures, in which bounds, and what follows when one does not hold.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judging {
    /// The length of the periods whose metrics are compared.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub period: Duration,
    /// How long after its end a period counts as closed: metrics come late.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub lag: Duration,
    /// How many closed periods are judged together, at most.
    pub window: u32,
    /// With fewer requests to the candidate in the window there is no evidence.
    pub minimum_requests: u64,
    /// What follows when a bake ends without evidence.
    pub inconclusive: Inconclusive,
    pub rules: Vec<Rule>,
    /// Alarms, metric or composite; one that is in alarm swings production back.
    pub alarms: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub name: String,
    pub measure: Measure,
    pub bounds: Vec<Bound>,
    pub then: Consequence,
}

/// What is measured of each generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Responses 5xx of its targets, in per cent of its requests.
    ErrorRate,
    /// Every other response of its targets, in per cent of its requests.
    SuccessRate,
    /// Seconds until its targets answered, at this percentile.
    Latency(u8),
    /// Connections to its targets that failed, in per cent of its requests.
    ConnectionErrors,
    /// How many targets were unhealthy, at the least, in a period.
    UnhealthyHosts,
    Custom(Custom),
}

/// Metrics of the user's own. In dimension values, `{target_group}` and `{load_balancer}` stand for the tails of the
/// ARNs that CloudWatch uses, `{group}` for the Auto Scaling group's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custom {
    /// By the id that the expression uses.
    pub metrics: BTreeMap<String, Query>,
    /// Metric math over the ids; without one there is only one metric.
    pub expression: Option<String>,
    /// For people, after the number: `%`, `s`.
    pub unit: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    /// As CloudWatch writes it: `Average`, `Sum`, `p95`.
    pub statistic: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// At most so many times what live has.
    AtMostOfLive(f64),
    /// At least so many times what live has.
    AtLeastOfLive(f64),
    /// Not higher than live's by more than chance, period by period (Mann-Whitney U).
    NotHigher(Test),
    NotLower(Test),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// The chance of calling two equal generations different.
    pub alpha: f64,
    /// How large a difference must be to count: the probability that a period of the candidate exceeds one of live.
    pub effect: f64,
}

/// What follows when a rule does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consequence {
    /// Wait for a person.
    Hold,
    /// Take the weight back step by step.
    Reduce,
    /// Swing back at once.
    Rollback,
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hold => "hold",
            Self::Reduce => "reduce",
            Self::Rollback => "rollback",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inconclusive {
    Hold,
    Rollback,
    /// Only for services whose traffic is too thin to judge.
    GoOn,
}
