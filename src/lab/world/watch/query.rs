//! `MetricDataQuery`: metrics and expressions that refer to one another, and their values over a time.

use std::collections::BTreeMap;

use super::math::{self, Expression, Line, Names, Value};
use super::store::{Store, begin};
use super::summary::Statistic;
use super::{Metric, read_metric, write_metric};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Query {
    pub(in crate::lab) id: String,
    label: Option<String>,
    pub(in crate::lab) returned: bool,
    source: Source,
}

#[derive(Clone, Debug, PartialEq)]
enum Source {
    Stored {
        metric: Metric,
        period: i64,
        statistic: Statistic,
        unit: Option<String>,
    },
    Computed {
        text: String,
        expression: Expression,
        period: Option<i64>,
    },
}

/// The stretch of time that queries are answered over, and how long a period is in it.
#[derive(Clone, Copy, Debug)]
pub(in crate::lab) struct Span {
    pub(in crate::lab) from: i64,
    pub(in crate::lab) to: i64,
    /// How many times shorter periods are than they say: alarms of a sped up lab look at shorter ones.
    pub(in crate::lab) speed: f64,
}

/// How many seconds a period of so many seconds takes at a speed. Values are kept by the second, so it is never less than one.
pub(super) fn window(period: i64, speed: f64) -> i64 {
    ((period as f64 / speed).round() as i64).max(1)
}

impl Query {
    pub(in crate::lab) fn is_computed(&self) -> bool {
        matches!(self.source, Source::Computed { .. })
    }

    /// In seconds; nothing for an expression that takes it from what it names.
    pub(in crate::lab) fn period(&self) -> Option<i64> {
        match &self.source {
            Source::Stored { period, .. } => Some(*period),
            Source::Computed { period, .. } => *period,
        }
    }

    fn read(tree: &Tree) -> Result<Self, Refused> {
        let id = tree.need("Id")?.to_owned();
        let wellformed = id.starts_with(|first: char| first.is_ascii_lowercase())
            && id
                .chars()
                .all(|other| other.is_ascii_alphanumeric() || other == '_');
        if !wellformed || id.len() > 255 {
            return Err(Refused::invalid(format!(
                "The value '{id}' for the query's Id is not valid: it must begin with a lowercase letter, followed by letters, digits and underscores."
            )));
        }
        let source = match (tree.get("MetricStat"), tree.text("Expression")) {
            (Some(stat), None) => {
                let metric = read_metric(
                    stat.get("Metric")
                        .ok_or_else(|| Refused::missing("MetricStat.Metric"))?,
                )?;
                let period = stat
                    .whole("Period")?
                    .ok_or_else(|| Refused::missing("MetricStat.Period"))?;
                let statistic = Statistic::read(stat.need("Stat")?)?;
                Source::Stored {
                    metric,
                    period: check_period(period)?,
                    statistic,
                    unit: stat.text("Unit").map(str::to_owned),
                }
            }
            (None, Some(text)) => {
                if text.trim_start().to_ascii_uppercase().starts_with("SELECT ") {
                    return Err(Refused::invalid(format!(
                        "Query '{id}': Metrics Insights queries are not simulated."
                    )));
                }
                let expression = math::parse(text).map_err(|why| in_expression(&id, &why))?;
                let period = tree.whole("Period")?.map(check_period).transpose()?;
                Source::Computed {
                    text: text.to_owned(),
                    expression,
                    period,
                }
            }
            _ => {
                return Err(Refused::invalid(format!(
                    "The query '{id}' must have either MetricStat or Expression, and not both."
                )));
            }
        };
        let returned = tree.flag("ReturnData")?.unwrap_or(true);
        Ok(Self {
            id,
            label: tree.text("Label").map(str::to_owned),
            returned,
            source,
        })
    }

    pub(super) fn write(&self) -> Tree {
        let tree = Tree::map().with("Id", Tree::from(self.id.as_str()));
        let tree = match &self.source {
            Source::Stored {
                metric,
                period,
                statistic,
                unit,
            } => tree.with(
                "MetricStat",
                Tree::map()
                    .with("Metric", write_metric(metric))
                    .with("Period", Tree::from(*period))
                    .with("Stat", Tree::from(statistic.to_string()))
                    .with("Unit", unit.as_deref().map(Tree::from)),
            ),
            Source::Computed { text, period, .. } => tree
                .with("Expression", Tree::from(text.as_str()))
                .with("Period", period.map(Tree::from)),
        };
        tree.with("Label", self.label.as_deref().map(Tree::from))
            .with("ReturnData", Tree::from(self.returned))
    }
}

/// Reads a call's queries and makes sure that they can be told apart.
pub(in crate::lab) fn read_queries(trees: &[Tree]) -> Result<Vec<Query>, Refused> {
    let queries = trees.iter().map(Query::read).collect::<Result<Vec<_>, _>>()?;
    for (place, query) in queries.iter().enumerate() {
        if queries[..place].iter().any(|other| other.id == query.id) {
            return Err(Refused::invalid(format!(
                "The values for Id must be unique: '{}' is there twice.",
                query.id
            )));
        }
    }
    if !queries.iter().any(|query| query.returned) {
        return Err(Refused::invalid(
            "At least one of the queries must have ReturnData true.",
        ));
    }
    Ok(queries)
}

/// 1, 5, 10, 20, 30, or a multiple of 60.
pub(in crate::lab) fn check_period(period: i64) -> Result<i64, Refused> {
    if matches!(period, 1 | 5 | 10 | 20 | 30) || (period > 0 && period % 60 == 0) {
        return Ok(period);
    }
    Err(Refused::invalid(format!(
        "The period {period} is not valid: it must be 1, 5, 10, 20, 30 or a multiple of 60."
    )))
}

/// The longest period of all, which an alarm on them is evaluated by.
pub(super) fn longest_period(queries: &[Query]) -> i64 {
    queries.iter().filter_map(Query::period).max().unwrap_or(60)
}

/// The values of one query over a span: one line, or several where an expression gives an array.
pub(super) fn answer(
    store: &Store,
    queries: &[Query],
    wanted: &Query,
    span: Span,
) -> Result<Vec<Line>, Refused> {
    let mut sheet = Sheet {
        store,
        queries,
        span,
        known: BTreeMap::new(),
        under_way: Vec::new(),
    };
    let lines = match sheet
        .value(&wanted.id)
        .map_err(|why| in_expression(&wanted.id, &why))?
    {
        Value::Line(line) => vec![line],
        Value::Lines(lines) => lines,
        other => {
            let why = format!("The result is a {} where a TimeSeries is wanted", other.kind());
            return Err(in_expression(&wanted.id, &why));
        }
    };
    let single = lines.len() == 1;
    Ok(lines
        .into_iter()
        .map(|line| match &wanted.label {
            Some(label) if single => Line {
                label: label.clone(),
                ..line
            },
            Some(label) => Line {
                label: format!("{label} {}", line.label),
                ..line
            },
            None if wanted.is_computed() && single => Line {
                label: wanted.id.clone(),
                ..line
            },
            None => line,
        })
        .collect())
}

fn in_expression(id: &str, why: &str) -> Refused {
    Refused::invalid(format!("Error in expression '{id}': {why}."))
}

/// Queries under evaluation, each evaluated once.
struct Sheet<'a> {
    store: &'a Store,
    queries: &'a [Query],
    span: Span,
    known: BTreeMap<String, Value>,
    under_way: Vec<String>,
}

impl Sheet<'_> {
    /// The points of a query of a metric; nothing for an expression.
    fn stored(&self, query: &Query) -> Option<Line> {
        let Source::Stored {
            metric,
            period,
            statistic,
            unit,
        } = &query.source
        else {
            return None;
        };
        let period = window(*period, self.span.speed);
        let points = if self.store.is_of(metric, unit.as_deref()) {
            self.store
                .points(metric, *statistic, period, self.span.from, self.span.to)
        } else {
            BTreeMap::new()
        };
        let label = query.label.clone().unwrap_or_else(|| metric.name.clone());
        Some(Line {
            label,
            period,
            points,
        })
    }
}

impl Names for Sheet<'_> {
    fn value(&mut self, name: &str) -> Result<Value, String> {
        if let Some(value) = self.known.get(name) {
            return Ok(value.clone());
        }
        let queries = self.queries;
        let query = queries
            .iter()
            .find(|query| query.id == name)
            .ok_or_else(|| format!("The name '{name}' is not defined"))?;
        if self.under_way.iter().any(|under_way| under_way == name) {
            return Err(format!("'{name}' refers to itself"));
        }
        let value = match (self.stored(query), &query.source) {
            (Some(line), _) => Value::Line(line),
            (None, Source::Computed { expression, .. }) => {
                self.under_way.push(name.to_owned());
                let value = math::evaluate(expression, self)?;
                self.under_way.pop();
                value
            }
            (None, Source::Stored { .. }) => return Err(format!("'{name}' has no series")),
        };
        self.known.insert(name.to_owned(), value.clone());
        Ok(value)
    }

    fn metrics(&mut self, containing: &str) -> Result<Vec<Line>, String> {
        let named = self.queries.iter().filter(|query| query.id.contains(containing));
        Ok(named.filter_map(|query| self.stored(query)).collect())
    }

    fn period(&self) -> i64 {
        let stored = self
            .queries
            .iter()
            .filter(|query| !query.is_computed())
            .filter_map(Query::period);
        window(
            stored.min().unwrap_or_else(|| longest_period(self.queries)),
            self.span.speed,
        )
    }

    fn times(&self, period: i64) -> Vec<i64> {
        let first = begin(self.span.from, period);
        (first..self.span.to)
            .step_by(usize::try_from(period).unwrap_or(60))
            .collect()
    }
}
