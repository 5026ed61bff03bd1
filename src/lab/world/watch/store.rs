//! The values of all metrics: by the second while they are young, by the minute later, within a bounded memory.

use std::collections::BTreeMap;

use super::Metric;
use super::summary::{Statistic, Summary};

/// How long seconds are told apart, as CloudWatch does for high-resolution metrics.
const FINE_SECONDS: i64 = 3 * 3600;
/// How long minutes are kept.
const COARSE_SECONDS: i64 = 15 * 24 * 3600;
/// How many seconds of all metrics together are kept (about 50 MB); beyond it, seconds become minutes earlier.
const FINE_LIMIT: usize = 300_000;
/// However many metrics there are, the youngest seconds stay: alarms of a sped up lab look at them.
const FINE_SECONDS_AT_LEAST: i64 = 600;
/// More metrics than this are refused: each costs memory for weeks.
const METRICS_LIMIT: usize = 20_000;

#[derive(Clone, Debug)]
pub(super) struct Store {
    series: BTreeMap<Metric, Series>,
    /// How long seconds are told apart now.
    fine_seconds: i64,
    fine_count: usize,
    /// The minute in which memory was last looked after.
    tidied: i64,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            series: BTreeMap::new(),
            fine_seconds: FINE_SECONDS,
            fine_count: 0,
            tidied: 0,
        }
    }
}

/// One metric's values.
#[derive(Clone, Debug, Default)]
struct Series {
    unit: Option<String>,
    /// The latest second that has a value.
    latest: i64,
    fine: BTreeMap<i64, Summary>,
    /// By the first second of the minute.
    coarse: BTreeMap<i64, Summary>,
}

impl Store {
    /// Whether there is room for the values of this metric.
    pub(super) fn has_room_for(&self, metric: &Metric) -> bool {
        self.series.len() < METRICS_LIMIT || self.series.contains_key(metric)
    }

    /// Adds values of the second `at`. Those of a metric that there is no room for are dropped.
    pub(super) fn add(&mut self, metric: &Metric, now: i64, at: i64, values: &Summary) {
        if !self.series.contains_key(metric) {
            if !self.has_room_for(metric) {
                return;
            }
            self.series.insert(metric.clone(), Series::default());
        }
        let horizon = begin(now - self.fine_seconds, 60);
        if let Some(series) = self.series.get_mut(metric) {
            series.latest = series.latest.max(at);
            let (values_of, second) = if at >= horizon {
                (&mut series.fine, at)
            } else {
                (&mut series.coarse, begin(at, 60))
            };
            match values_of.get_mut(&second) {
                Some(there) => there.merge(values),
                None => {
                    values_of.insert(second, values.clone());
                    self.fine_count += usize::from(at >= horizon);
                }
            }
        }
        if begin(now, 60) > self.tidied {
            self.tidy(now);
        }
    }

    pub(super) fn set_unit(&mut self, metric: &Metric, unit: &str) {
        if let Some(series) = self.series.get_mut(metric) {
            series.unit = Some(unit.to_owned());
        }
    }

    pub(super) fn unit(&self, metric: &Metric) -> Option<&str> {
        self.series.get(metric)?.unit.as_deref()
    }

    /// Whether a metric's values are of a unit that was asked for. Values of another unit are another series; those that were
    /// put without a unit, as the lab's own are, match any.
    pub(super) fn is_of(&self, metric: &Metric, unit: Option<&str>) -> bool {
        unit.is_none() || self.unit(metric).is_none_or(|known| Some(known) == unit)
    }

    /// What there is by period begin, for periods that begin in the time asked for; its start is rounded down to a period's begin.
    pub(super) fn summaries(
        &self,
        metric: &Metric,
        period: i64,
        from: i64,
        to: i64,
    ) -> BTreeMap<i64, Summary> {
        let mut periods = BTreeMap::<i64, Summary>::new();
        let from = begin(from, period);
        let Some(series) = self.series.get(metric).filter(|_| from < to) else {
            return periods;
        };
        // What is older than the kept seconds cannot be told apart within its minute.
        let coarse = series.coarse.range(from..to).filter(|_| period % 60 == 0);
        for (&at, values) in coarse.chain(series.fine.range(from..to)) {
            periods
                .entry(begin(at, period))
                .and_modify(|there| there.merge(values))
                .or_insert_with(|| values.clone());
        }
        periods
    }

    pub(super) fn points(
        &self,
        metric: &Metric,
        statistic: Statistic,
        period: i64,
        from: i64,
        to: i64,
    ) -> BTreeMap<i64, f64> {
        let summaries = self.summaries(metric, period, from, to);
        summaries
            .into_iter()
            .filter_map(|(at, values)| Some((at, values.statistic(statistic)?)))
            .collect()
    }

    /// All metrics that have had a value since a second, in order.
    pub(super) fn metrics_since(&self, second: i64) -> impl Iterator<Item = &Metric> {
        self.series
            .iter()
            .filter(move |(_, series)| series.latest >= second)
            .map(|(metric, _)| metric)
    }

    fn tidy(&mut self, now: i64) {
        self.tidied = begin(now, 60);
        self.fold(now);
        while self.fine_count > FINE_LIMIT && self.fine_seconds > FINE_SECONDS_AT_LEAST {
            self.fine_seconds = (self.fine_seconds / 2).max(FINE_SECONDS_AT_LEAST);
            self.fold(now);
        }
    }

    /// Makes minutes of seconds that are old enough, and forgets minutes and metrics that are too old.
    fn fold(&mut self, now: i64) {
        let horizon = begin(now - self.fine_seconds, 60);
        for series in self.series.values_mut() {
            let young = series.fine.split_off(&horizon);
            for (at, values) in std::mem::replace(&mut series.fine, young) {
                series
                    .coarse
                    .entry(begin(at, 60))
                    .and_modify(|there| there.merge(&values))
                    .or_insert(values);
            }
            series.coarse = series.coarse.split_off(&(now - COARSE_SECONDS));
        }
        self.series
            .retain(|_, series| series.latest >= now - COARSE_SECONDS);
        self.fine_count = self.series.values().map(|series| series.fine.len()).sum();
    }
}

/// The first second of the period that a second is in.
pub(super) fn begin(at: i64, period: i64) -> i64 {
    at.div_euclid(period) * period
}
