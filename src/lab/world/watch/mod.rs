//! CloudWatch: metrics as they were put, statistics over them, and alarms.

use jiff::Timestamp;

use super::World;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchTimer {}

#[derive(Debug, Default)]
pub struct Watch {}

/// One measured thing: namespace, name, and dimensions in any order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Metric {
    pub namespace: String,
    pub name: String,
    /// Sorted by name.
    pub dimensions: Vec<(String, String)>,
}

impl Metric {
    pub fn new<'a>(namespace: &str, name: &str, dimensions: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut dimensions: Vec<_> = dimensions.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        dimensions.sort();
        Self { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
    }
}

impl World {
    /// Starts whatever is measured regularly (healthy hosts, group sizes).
    pub(super) fn watch_from_the_start(&mut self) {}

    pub(super) fn ring_watch(&mut self, timer: WatchTimer) {
        match timer {}
    }

    /// Something was measured now, `count` times the same value.
    pub fn record(&mut self, _metric: &Metric, _value: f64, _count: f64) {}

    /// Datapoints of a metric by period begin, for `statistic` (`Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount`, `p99`, …).
    pub(super) fn statistic(&self, _metric: &Metric, _statistic: &str, _period: i64, _from: Timestamp, _to: Timestamp) -> Vec<(Timestamp, f64)> {
        Vec::new()
    }

    /// `PutMetricAlarm`, also used by target tracking for its own alarms.
    pub(super) fn put_alarm(&mut self, _alarm: &Tree) -> Result<(), Refused> {
        Ok(())
    }

    pub(super) fn delete_alarms(&mut self, _names: &[String]) -> Result<(), Refused> {
        Ok(())
    }

    /// Names and ARNs of the alarms that call on a policy.
    pub(super) fn alarms_of(&self, _policy_arn: &str) -> Vec<(String, String)> {
        Vec::new()
    }

    /// A policy is gone: alarms that only called on it go with it.
    pub(super) fn forget_policy(&mut self, _policy_arn: &str) {}
}
