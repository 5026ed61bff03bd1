//! `[judge]` as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::Period;
use crate::model::judging::{Consequence, Inconclusive, Judging as Model, Test};

/// How a candidate is judged by its metrics, beside those of live. Without this section none is judged by itself; an
/// empty one has every default.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Judging {
    /// The length of the periods that are compared: `1m`, or several minutes. Shorter ones, from `1s` to `30s`, are
    /// for where metrics come more often than a load balancer's do, as in a lab.
    pub(in crate::config) period: Period,
    /// How long after its end a period counts as closed: metrics come late.
    pub(in crate::config) lag: Period,
    /// How many closed periods are judged together, at most.
    #[schemars(range(min = 1, max = 1000))]
    pub(in crate::config) window: u32,
    /// With fewer requests to the candidate in the window there is no evidence; with fewer to live, nothing to compare
    /// with.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub(in crate::config) minimum_requests: u32,
    /// What follows when there is no evidence in the end.
    pub(in crate::config) inconclusive: Unclear,
    /// Alarms of CloudWatch, metric or composite. One that is in alarm swings production back; one without enough data
    /// lets nothing pass.
    #[schemars(inner(length(min = 1, max = 255)))]
    pub(in crate::config) alarms: Vec<String>,
    /// One table for each rule that is other than by default: see below.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::config) rules: BTreeMap<String, Rule>,
}

impl Default for Judging {
    fn default() -> Self {
        let model = Model::default();
        Self {
            period: Period(model.period),
            lag: Period(model.lag),
            window: model.window,
            minimum_requests: u32::try_from(model.minimum_requests).unwrap_or(u32::MAX),
            inconclusive: Unclear::Hold,
            alarms: model.alarms,
            rules: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Unclear {
    /// Wait for a person.
    Hold,
    /// Swing production back.
    Rollback,
    /// Go on all the same; only for services whose traffic is too thin to judge.
    GoOn,
}

impl From<Unclear> for Inconclusive {
    fn from(unclear: Unclear) -> Self {
        match unclear {
            Unclear::Hold => Self::Hold,
            Unclear::Rollback => Self::Rollback,
            Unclear::GoOn => Self::GoOn,
        }
    }
}

/// A built-in rule with other bounds, or a rule of one's own. A bound that is given takes the place of the default of
/// the same key; the others stay.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Rule {
    /// `false` switches the rule off.
    pub(in crate::config) enabled: Option<bool>,
    /// The candidate has at most this.
    pub(in crate::config) at_most: Option<f64>,
    /// The candidate has at least this.
    pub(in crate::config) at_least: Option<f64>,
    /// At most so many times what live has.
    pub(in crate::config) at_most_of_live: Option<f64>,
    /// At least so many times what live has.
    pub(in crate::config) at_least_of_live: Option<f64>,
    /// Not higher than live's by more than chance, compared period by period (Mann-Whitney U).
    pub(in crate::config) not_higher: Option<Chance>,
    /// The same for lower.
    pub(in crate::config) not_lower: Option<Chance>,
    /// What follows when it does not hold. Default for rules of one's own: `"rollback"`.
    pub(in crate::config) then: Option<Then>,
    /// For a rule of one's own: its metrics, by the ids that `expression` uses.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::config) metrics: BTreeMap<String, Metric>,
    /// Metric math over the ids of `metrics`, for instance `100 * orders / visits`. Not needed for a single metric.
    #[schemars(length(min = 1, max = 1024))]
    pub(in crate::config) expression: Option<String>,
    /// The unit of a rule of one's own, for people: `%`, `s`.
    #[schemars(length(max = 16))]
    pub(in crate::config) unit: Option<String>,
}

/// When a difference counts.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Chance {
    /// The chance of calling two equal generations different.
    #[schemars(range(min = 0.00001, max = 0.5))]
    pub(in crate::config) alpha: f64,
    /// How large a difference must be: the probability that a period of the one exceeds one of the other. `0.5` is
    /// none.
    #[schemars(range(min = 0.5, max = 1.0))]
    pub(in crate::config) effect: f64,
}

impl Default for Chance {
    fn default() -> Self {
        let Test { alpha, effect } = Test::default();
        Self { alpha, effect }
    }
}

impl From<Chance> for Test {
    fn from(chance: Chance) -> Self {
        Self {
            alpha: chance.alpha,
            effect: chance.effect,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Then {
    /// Swing production back at once.
    Rollback,
    /// Take the weight back step by step.
    Reduce,
    /// Wait for a person.
    Hold,
}

impl From<Then> for Consequence {
    fn from(then: Then) -> Self {
        match then {
            Then::Rollback => Self::Rollback,
            Then::Reduce => Self::Reduce,
            Then::Hold => Self::Hold,
        }
    }
}

/// One metric of CloudWatch.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Metric {
    /// Its namespace, for instance `Shop`.
    #[schemars(length(min = 1, max = 255))]
    pub(in crate::config) namespace: String,
    /// Its name, for instance `Orders`.
    #[schemars(length(min = 1, max = 255))]
    pub(in crate::config) metric: String,
    /// All of its dimensions. In their values, `{target_group}` and `{load_balancer}` stand for the ends of the
    /// ARNs that CloudWatch uses, `{group}` for the name of the Auto Scaling group.
    #[serde(default)]
    pub(in crate::config) dimensions: BTreeMap<String, String>,
    /// `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount`, or a percentile like `p95`.
    pub(in crate::config) statistic: String,
}
