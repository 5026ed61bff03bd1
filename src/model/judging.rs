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
    /// With fewer requests to the candidate in the window there is no evidence; with fewer to live there is nothing
    /// to compare with.
    pub minimum_requests: u64,
    /// What follows when a bake ends without evidence.
    pub inconclusive: Inconclusive,
    pub rules: Vec<Rule>,
    /// Alarms, metric or composite; one that is in alarm swings production back.
    pub alarms: Vec<String>,
}

impl Default for Judging {
    /// A load balancer's metrics come once a minute, so that is the shortest period there is. Their delay has no bound
    /// that AWS would name; they are mostly there within a minute. Five periods are enough for one odd minute not to
    /// decide, and few enough for a bad candidate to be found while it is still bad.
    fn default() -> Self {
        Self {
            period: Duration::from_secs(60),
            lag: Duration::from_secs(60),
            window: 5,
            minimum_requests: 100,
            inconclusive: Inconclusive::Hold,
            rules: Rule::defaults(),
            alarms: Vec::new(),
        }
    }
}

impl Judging {
    /// Every series that judging takes, by its name: what CloudWatch is asked for each generation.
    pub fn wanted(&self) -> BTreeMap<String, Custom> {
        let mut wanted = BTreeMap::from([(REQUESTS.to_owned(), balanced(REQUESTS, "Sum"))]);
        for rule in &self.rules {
            wanted.extend(rule.wanted());
        }
        wanted
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub name: String,
    pub measure: Measure,
    pub bounds: Vec<Bound>,
    pub then: Consequence,
}

impl Measure {
    /// Between a service that answers in half a millisecond and one that takes two lies chance, and nobody notices.
    pub const NEGLIGIBLE_LATENCY: f64 = 0.01;

    /// What is not above it is never too much beside live.
    pub fn negligible(&self) -> f64 {
        match self {
            Self::Latency(_) => Self::NEGLIGIBLE_LATENCY,
            _ => 0.0,
        }
    }
}

impl Rule {
    /// The names of the rules that need no metrics of one's own.
    pub const BUILT_IN: [&str; 8] = [
        "error-rate",
        "success-rate",
        "latency-p50",
        "latency-p95",
        "latency-p99",
        "connection-errors",
        "unhealthy-hosts",
        "memory",
    ];

    /// A rule that needs no metrics of one's own, with the bounds it has unless others are given. One without bounds
    /// is only judged when it is given some.
    pub fn built_in(name: &str) -> Option<Self> {
        let (measure, bounds, then) = match name {
            "error-rate" => (
                Measure::ErrorRate,
                vec![Bound::AtMost(5.0)],
                Consequence::Rollback,
            ),
            "success-rate" => (
                Measure::SuccessRate,
                vec![Bound::AtLeastOfLive(0.95)],
                Consequence::Rollback,
            ),
            "latency-p50" => (Measure::Latency(50), Vec::new(), Consequence::Rollback),
            "latency-p95" => (
                Measure::Latency(95),
                vec![Bound::AtMost(2.0), Bound::AtMostOfLive(2.0)],
                Consequence::Rollback,
            ),
            "latency-p99" => (Measure::Latency(99), Vec::new(), Consequence::Rollback),
            "connection-errors" => (
                Measure::ConnectionErrors,
                vec![Bound::AtMost(5.0)],
                Consequence::Rollback,
            ),
            "unhealthy-hosts" => (
                Measure::UnhealthyHosts,
                vec![Bound::AtMost(0.0)],
                Consequence::Rollback,
            ),
            "memory" => (
                Measure::Custom(memory()),
                vec![Bound::AtMost(90.0)],
                Consequence::Reduce,
            ),
            _ => return None,
        };
        Some(Self {
            name: name.to_owned(),
            measure,
            bounds,
            then,
        })
    }

    /// Those that are judged although nobody names them. Memory is not: no instance reports it unless an agent is
    /// installed, and what is never there would never let a candidate pass.
    pub fn defaults() -> Vec<Self> {
        Self::BUILT_IN
            .into_iter()
            .filter(|name| *name != "memory")
            .filter_map(Self::built_in)
            .filter(|rule| !rule.bounds.is_empty())
            .collect()
    }

    /// The series it takes, by their names. Those of the load balancer are called as CloudWatch calls them, which a
    /// rule never is.
    pub fn wanted(&self) -> BTreeMap<String, Custom> {
        let counted = |names: &[&str]| -> BTreeMap<String, Custom> {
            names
                .iter()
                .map(|name| ((*name).to_owned(), balanced(name, "Sum")))
                .collect()
        };
        match &self.measure {
            Measure::ErrorRate => counted(&[FAILED]),
            Measure::SuccessRate => counted(&SUCCEEDED),
            Measure::ConnectionErrors => counted(&[UNCONNECTED]),
            Measure::Latency(percentile) => BTreeMap::from([(
                latency(*percentile),
                balanced(RESPONSE_TIME, &format!("p{percentile}")),
            )]),
            Measure::UnhealthyHosts => {
                BTreeMap::from([(UNHEALTHY.to_owned(), balanced(UNHEALTHY, "Minimum"))])
            }
            Measure::Custom(custom) => BTreeMap::from([(self.name.clone(), custom.clone())]),
        }
    }
}

pub const REQUESTS: &str = "RequestCount";
pub const FAILED: &str = "HTTPCode_Target_5XX_Count";
/// A request that no target answered is in none of them, so it is no success.
pub const SUCCEEDED: [&str; 3] = [
    "HTTPCode_Target_2XX_Count",
    "HTTPCode_Target_3XX_Count",
    "HTTPCode_Target_4XX_Count",
];
pub const UNCONNECTED: &str = "TargetConnectionErrorCount";
pub const UNHEALTHY: &str = "UnHealthyHostCount";
const RESPONSE_TIME: &str = "TargetResponseTime";

/// The name of the series of a percentile.
pub fn latency(percentile: u8) -> String {
    format!("{RESPONSE_TIME} p{percentile}")
}

/// A metric of a target group on its load balancer.
fn balanced(metric: &str, statistic: &str) -> Custom {
    Custom::of(Query {
        namespace: "AWS/ApplicationELB".into(),
        metric: metric.into(),
        dimensions: [
            ("LoadBalancer", "{load_balancer}"),
            ("TargetGroup", "{target_group}"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        statistic: statistic.into(),
    })
}

/// As the CloudWatch agent reports it when it is told to aggregate by group.
fn memory() -> Custom {
    Custom {
        unit: "%".into(),
        ..Custom::of(Query {
            namespace: "CWAgent".into(),
            metric: "mem_used_percent".into(),
            dimensions: [("AutoScalingGroupName".to_owned(), "{group}".to_owned())].into(),
            statistic: "Average".into(),
        })
    }
}

/// What is measured of each generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Responses 5xx of its targets, in per cent of its requests.
    ErrorRate,
    /// Every other response of its targets, in per cent of its requests: what got no response is no success.
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

impl Custom {
    /// What stands for the names of a generation's resources in the values of dimensions.
    pub const PLACES: [&str; 3] = ["{load_balancer}", "{target_group}", "{group}"];

    fn of(query: Query) -> Self {
        Self {
            metrics: BTreeMap::from([("m".to_owned(), query)]),
            expression: None,
            unit: String::new(),
        }
    }
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
    /// How large a difference must be to count: the probability that a period of the candidate exceeds one of live
    /// (for [`Bound::NotLower`], the other way round). 0.5 is no difference, 0.71 a large one.
    pub effect: f64,
}

impl Test {
    /// With fewer periods on a side there is no difference that chance could not make.
    pub const FEWEST: usize = 4;

    /// The smallest chance that so many periods can show: that of one order among all.
    pub fn smallest_chance(first: usize, second: usize) -> f64 {
        // One over the binomial coefficient, from its smaller side.
        let (few, many) = (first.min(second), first.max(second));
        (1..=few).fold(1.0, |chance, step| chance * float(step) / float(many + step))
    }

    /// How many periods of each generation it takes to show less chance than this.
    pub fn periods_for(alpha: f64) -> usize {
        (Self::FEWEST..100)
            .find(|periods| Self::smallest_chance(*periods, *periods) < alpha)
            .unwrap_or(100)
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of periods are small")]
fn float(number: usize) -> f64 {
    number as f64
}

impl Default for Test {
    /// A bake is judged again and again, and each time chance has another try: 1 % is little enough for a handful.
    fn default() -> Self {
        Self {
            alpha: 0.01,
            effect: 0.71,
        }
    }
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
