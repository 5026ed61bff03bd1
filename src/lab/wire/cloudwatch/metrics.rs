//! Metrics put, listed, and their statistics.

use std::collections::BTreeMap;

use jiff::{Span, Timestamp};

use super::paging::page;
use super::{invalid, required};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::watch::{
    Metric, Statistic, Summary, check_period, read_dimensions, read_metric, write_metric,
};

const DATA_LIMIT: usize = 1_000;
const VALUES_LIMIT: usize = 150;
const POINTS_LIMIT: i64 = 1_440;
const PAGE: usize = 500;
/// Metrics that got nothing for two weeks are no longer listed.
const LISTED_SECONDS: i64 = 14 * 24 * 3600;

/// One datum, understood.
struct Datum {
    metric: Metric,
    at: Timestamp,
    values: Vec<Summary>,
    unit: Option<String>,
}

pub(super) fn put_metric_data(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let namespace = required(input, "Namespace")?;
    if namespace.starts_with("AWS/") || namespace.starts_with(':') {
        return Err(invalid(format!(
            "The value {namespace} for parameter Namespace is invalid."
        )));
    }
    let of_entities = input
        .items("EntityMetricData")
        .iter()
        .flat_map(|entity| entity.items("MetricData"));
    let data: Vec<&Tree> = input.items("MetricData").iter().chain(of_entities).collect();
    match data.len() {
        0 => {
            return Err(Refused::new(
                "MissingParameter",
                "The parameter MetricData is required.",
            ));
        }
        1..=DATA_LIMIT => {}
        more => {
            return Err(invalid(format!(
                "MetricData has {more} elements, and {DATA_LIMIT} is the most."
            )));
        }
    }
    // All are understood before any is kept: a refused call changes nothing.
    let data = data
        .into_iter()
        .map(|datum| read_datum(world, namespace, datum))
        .collect::<Result<Vec<_>, _>>()?;
    for datum in data {
        for values in &datum.values {
            world.record_at(&datum.metric, datum.at.as_second(), values, datum.unit.as_deref());
        }
    }
    Ok(Tree::map())
}

fn read_datum(world: &World, namespace: &str, datum: &Tree) -> Result<Datum, Refused> {
    let name = required(datum, "MetricName")?;
    let dimensions = read_dimensions(datum)?;
    let dimensions = dimensions
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()));
    let metric = Metric::new(namespace, name, dimensions);
    if !world.watch.has_room_for(&metric) {
        return Err(Refused::new(
            "LimitExceeded",
            "The lab keeps no more metrics than it has.",
        ));
    }
    let now = world.clock();
    let at = datum.time("Timestamp")?.unwrap_or(now);
    let (past, future) = (
        now.saturating_sub(Span::new().hours(14 * 24)),
        now.saturating_add(Span::new().hours(2)),
    );
    if past.is_ok_and(|past| at < past) || future.is_ok_and(|future| at > future) {
        return Err(invalid(format!(
            "The timestamp {at} is more than two weeks in the past or two hours in the future."
        )));
    }
    if let Some(resolution) = datum
        .whole("StorageResolution")?
        .filter(|resolution| !matches!(resolution, 1 | 60))
    {
        return Err(invalid(format!(
            "StorageResolution must be 1 or 60, and is {resolution}."
        )));
    }
    Ok(Datum {
        values: read_values(name, datum)?,
        metric,
        at,
        unit: datum.text("Unit").map(str::to_owned),
    })
}

fn read_values(name: &str, datum: &Tree) -> Result<Vec<Summary>, Refused> {
    let many = datum.items("Values");
    let given = [
        datum.get("Value").is_some(),
        datum.get("StatisticValues").is_some(),
        !many.is_empty(),
    ];
    match given.into_iter().filter(|given| *given).count() {
        0 => {
            return Err(Refused::new(
                "MissingParameter",
                format!("{name}: Value, StatisticValues or Values is required."),
            ));
        }
        1 => {}
        _ => {
            let message = format!("{name}: only one of Value, StatisticValues and Values can be given.");
            return Err(Refused::new("InvalidParameterCombination", message));
        }
    }
    if let Some(value) = datum.real("Value")? {
        return Ok(vec![Summary::of(check_value(name, value)?, 1.0)]);
    }
    if let Some(set) = datum.get("StatisticValues") {
        let need = |member| -> Result<f64, Refused> {
            let value = set.real(member)?;
            let value = value.ok_or_else(|| {
                Refused::new(
                    "MissingParameter",
                    format!("{name}: StatisticValues.{member} is required."),
                )
            })?;
            check_value(name, value)
        };
        let (count, sum, minimum, maximum) = (
            need("SampleCount")?,
            need("Sum")?,
            need("Minimum")?,
            need("Maximum")?,
        );
        if count <= 0.0 || minimum > maximum {
            return Err(invalid(format!(
                "{name}: StatisticValues needs a positive SampleCount, and a Minimum up to its Maximum."
            )));
        }
        return Ok(vec![Summary::of_set(count, sum, minimum, maximum)]);
    }
    let counts = datum.items("Counts");
    if many.len() > VALUES_LIMIT || (!counts.is_empty() && counts.len() != many.len()) {
        return Err(invalid(format!(
            "{name}: Values has {VALUES_LIMIT} elements at most, and Counts as many as Values."
        )));
    }
    let mut values = Vec::new();
    for (place, value) in many.iter().enumerate() {
        let read = |tree: &Tree| {
            tree.as_real()
                .ok_or_else(|| Refused::malformed("Values", tree, "a number"))
        };
        let count = counts.get(place).map_or(Ok(1.0), read)?;
        if !(count > 0.0 && count.is_finite()) {
            return Err(invalid(format!("{name}: the count {count} is not positive.")));
        }
        values.push(Summary::of(check_value(name, read(value)?)?, count));
    }
    Ok(values)
}

fn check_value(name: &str, value: f64) -> Result<f64, Refused> {
    if value.is_finite() && value.abs() <= 2.0_f64.powi(360) {
        return Ok(value);
    }
    Err(invalid(format!(
        "{name}: the value {value} is not a number from -2^360 to 2^360."
    )))
}

pub(super) fn list_metrics(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let now = world.clock().as_second();
    let since = match input.text("RecentlyActive") {
        None => now - LISTED_SECONDS,
        Some("PT3H") => now - 3 * 3600,
        Some(other) => {
            return Err(invalid(format!(
                "RecentlyActive can be PT3H only, and is {other}."
            )));
        }
    };
    let mut filters = Vec::new();
    for filter in input.items("Dimensions") {
        filters.push((required(filter, "Name")?, filter.text("Value")));
    }
    let (namespace, name) = (input.text("Namespace"), input.text("MetricName"));
    let wanted = world.watch.metrics_since(since).filter(|metric| {
        namespace.is_none_or(|namespace| namespace == metric.namespace)
            && name.is_none_or(|name| name == metric.name)
            && filters.iter().all(|(name, value)| {
                let fits =
                    |(key, there): &(String, String)| key == name && value.is_none_or(|value| value == there);
                metric.dimensions.iter().any(fits)
            })
    });
    let (metrics, next) = page(wanted, input.text("NextToken"), PAGE)?;
    Ok(Tree::map()
        .with("Metrics", Tree::list(metrics.into_iter().map(write_metric)))
        .with("NextToken", next.map(Tree::from)))
}

pub(super) fn get_metric_statistics(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    required(input, "Namespace")?;
    required(input, "MetricName")?;
    let metric = read_metric(input)?;
    let missing = |name: &str| Refused::new("MissingParameter", format!("The parameter {name} is required."));
    let from = input
        .time("StartTime")?
        .ok_or_else(|| missing("StartTime"))?
        .as_second();
    let to = input
        .time("EndTime")?
        .ok_or_else(|| missing("EndTime"))?
        .as_second();
    let period = check_period(input.whole("Period")?.ok_or_else(|| missing("Period"))?)?;
    if from >= to {
        return Err(invalid(
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    let asked = (to - from + period - 1) / period;
    if asked > POINTS_LIMIT {
        return Err(Refused::new(
            "InvalidParameterCombination",
            format!(
                "You have requested up to {asked} datapoints, which exceeds the limit of {POINTS_LIMIT}. You may reduce the datapoints requested by increasing Period, or decreasing the time range."
            ),
        ));
    }
    let (plain, extended) = (input.strings("Statistics"), input.strings("ExtendedStatistics"));
    match (plain.is_empty(), extended.is_empty()) {
        (true, true) => return Err(missing("Statistics or ExtendedStatistics")),
        (false, false) => {
            let message = "Statistics and ExtendedStatistics cannot be given together.";
            return Err(Refused::new("InvalidParameterCombination", message));
        }
        _ => {}
    }
    let read = |names: Vec<String>| -> Result<Vec<(String, Statistic)>, Refused> {
        names
            .into_iter()
            .map(|name| Ok((name.clone(), Statistic::read(&name)?)))
            .collect()
    };
    let (plain, extended) = (read(plain)?, read(extended)?);
    let unit = world.watch.unit(&metric).unwrap_or("None");
    let mut points = Vec::new();
    let summaries = if world.watch.is_of(&metric, input.text("Unit")) {
        world.watch.summaries(&metric, period, from, to)
    } else {
        BTreeMap::new()
    };
    for (at, summary) in summaries {
        let Ok(at) = Timestamp::from_second(at) else {
            continue;
        };
        let mut point = Tree::map().with("Timestamp", Tree::from(at));
        for (name, statistic) in &plain {
            point = point.with(name, summary.statistic(*statistic).map(Tree::from));
        }
        let percentiles = extended.iter().fold(Tree::map(), |map, (name, statistic)| {
            map.with(name, summary.statistic(*statistic).map(Tree::from))
        });
        if !extended.is_empty() {
            // A period whose percentiles cannot be known has no datapoint.
            if percentiles.members().is_empty() {
                continue;
            }
            point = point.with("ExtendedStatistics", percentiles);
        }
        points.push(point.with("Unit", Tree::from(unit)));
    }
    Ok(Tree::map()
        .with("Label", Tree::from(metric.name))
        .with("Datapoints", Tree::List(points)))
}
