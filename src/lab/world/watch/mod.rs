//! CloudWatch: metrics as they were put, statistics over them, and alarms.

mod alarm;
mod composite;
mod evaluation;
mod history;
mod keeping;
mod math;
mod query;
mod reason;
mod settings;
mod sketch;
mod store;
mod summary;
mod verdict;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub(in crate::lab) use self::alarm::{Alarm, Kind, State, Subject};
pub(in crate::lab) use self::history::{Item, ItemKind};
pub(in crate::lab) use self::math::Line;
pub(in crate::lab) use self::query::{Query, Span, check_period, read_queries};
pub(in crate::lab) use self::settings::read_tags;
pub(in crate::lab) use self::summary::{Statistic, Summary};

use self::history::History;
use self::store::Store;
use super::World;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchTimer {
    /// A period of a metric alarm has ended. `version` is that of the settings the timer was set for.
    Evaluate { alarm: String, version: u64 },
    /// A composite alarm was written and is to be looked at for the first time.
    Compose { alarm: String, version: u64 },
}

#[derive(Clone, Debug, Default)]
pub struct Watch {
    store: Store,
    alarms: BTreeMap<String, Alarm>,
    history: History,
    /// The version that the last written alarm got.
    version: u64,
}

/// One measured thing: namespace, name, and dimensions in any order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Metric {
    pub namespace: String,
    pub name: String,
    /// Sorted by name.
    pub dimensions: Vec<(String, String)>,
}

impl Metric {
    pub fn new<'a>(
        namespace: &str,
        name: &str,
        dimensions: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut dimensions: Vec<_> = dimensions
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        dimensions.sort();
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions,
        }
    }
}

/// Reads `Namespace`, `MetricName` and `Dimensions`.
pub(in crate::lab) fn read_metric(tree: &Tree) -> Result<Metric, Refused> {
    let dimensions = read_dimensions(tree)?;
    let dimensions = dimensions
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()));
    Ok(Metric::new(
        tree.need("Namespace")?,
        tree.need("MetricName")?,
        dimensions,
    ))
}

pub(in crate::lab) fn read_dimensions(tree: &Tree) -> Result<Vec<(String, String)>, Refused> {
    let dimensions = tree.items("Dimensions");
    if dimensions.len() > 30 {
        return Err(Refused::new(
            "InvalidParameterValue",
            "A metric can have 30 dimensions at most.",
        ));
    }
    let read = |dimension: &Tree| {
        Ok((
            dimension.need("Name")?.to_owned(),
            dimension.need("Value")?.to_owned(),
        ))
    };
    dimensions.iter().map(read).collect()
}

/// Writes what `read_metric` reads.
pub(in crate::lab) fn write_metric(metric: &Metric) -> Tree {
    let dimension = |(name, value): &(String, String)| {
        Tree::map()
            .with("Name", Tree::from(name.as_str()))
            .with("Value", Tree::from(value.as_str()))
    };
    Tree::map()
        .with("Namespace", Tree::from(metric.namespace.as_str()))
        .with("MetricName", Tree::from(metric.name.as_str()))
        .with("Dimensions", Tree::list(metric.dimensions.iter().map(dimension)))
}

impl Watch {
    /// Whether values of this metric can still be kept.
    pub(in crate::lab) fn has_room_for(&self, metric: &Metric) -> bool {
        self.store.has_room_for(metric)
    }

    /// Whether a metric's values are of a unit that was asked for.
    pub(in crate::lab) fn is_of(&self, metric: &Metric, unit: Option<&str>) -> bool {
        self.store.is_of(metric, unit)
    }

    pub(in crate::lab) fn unit(&self, metric: &Metric) -> Option<&str> {
        self.store.unit(metric)
    }

    /// What there is of a metric by period begin, in seconds.
    pub(in crate::lab) fn summaries(
        &self,
        metric: &Metric,
        period: i64,
        from: i64,
        to: i64,
    ) -> BTreeMap<i64, Summary> {
        self.store.summaries(metric, period, from, to)
    }

    /// All metrics that have had a value since a second, in order.
    pub(in crate::lab) fn metrics_since(&self, second: i64) -> impl Iterator<Item = &Metric> {
        self.store.metrics_since(second)
    }

    /// One query's lines; the others are what it may refer to.
    pub(in crate::lab) fn answer(
        &self,
        queries: &[Query],
        wanted: &Query,
        span: Span,
    ) -> Result<Vec<Line>, Refused> {
        query::answer(&self.store, queries, wanted, span)
    }

    /// All alarms by name.
    pub(in crate::lab) fn alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.alarms.values()
    }

    pub(in crate::lab) fn alarm(&self, name: &str) -> Option<&Alarm> {
        self.alarms.get(name)
    }

    /// What happened to alarms, the oldest first.
    pub(in crate::lab) fn history(&self) -> impl DoubleEndedIterator<Item = &Item> {
        self.history.items()
    }
}

impl World {
    /// Nothing is measured by CloudWatch itself: whoever has something to measure records it.
    pub(super) fn watch_from_the_start(&mut self) {}

    /// Something was measured now, `count` times the same value.
    pub fn record(&mut self, metric: &Metric, value: f64, count: f64) {
        let now = self.clock().as_second();
        if value.is_finite() && count > 0.0 {
            self.watch.store.add(metric, now, now, &Summary::of(value, count));
        }
    }

    /// Values were put for a second of their own, with the unit they were put with.
    pub(in crate::lab) fn record_at(
        &mut self,
        metric: &Metric,
        at: i64,
        values: &Summary,
        unit: Option<&str>,
    ) {
        let now = self.clock().as_second();
        self.watch.store.add(metric, now, at, values);
        if let Some(unit) = unit {
            self.watch.store.set_unit(metric, unit);
        }
    }
}
