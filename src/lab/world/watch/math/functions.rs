//! The functions of metric math.

use std::collections::BTreeMap;

use super::Expression;
use super::evaluate::{Names, evaluate};
use super::value::{Line, Value};

pub(super) fn call(function: &str, arguments: &[Expression], names: &mut dyn Names) -> Result<Value, String> {
    match (function, arguments) {
        ("METRICS", []) => names.metrics("").map(Value::Lines),
        ("METRICS", [Expression::Text(containing)]) => names.metrics(containing).map(Value::Lines),
        ("SUM", [of]) => Ok(reduce(evaluate(of, names)?, &|values| values.iter().sum())),
        ("AVG", [of]) => Ok(reduce(evaluate(of, names)?, &|values| {
            values.iter().sum::<f64>() / values.len() as f64
        })),
        ("MIN", [of]) => Ok(reduce(evaluate(of, names)?, &|values| {
            values.iter().copied().fold(f64::INFINITY, f64::min)
        })),
        ("MAX", [of]) => Ok(reduce(evaluate(of, names)?, &|values| {
            values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
        })),
        ("ABS", [of]) => evaluate(of, names)?.map(f64::abs),
        ("CEIL", [of]) => evaluate(of, names)?.map(f64::ceil),
        ("FLOOR", [of]) => evaluate(of, names)?.map(f64::floor),
        ("DIFF", [of]) => each_line(function, evaluate(of, names)?, &|line| {
            steps(line, &|_, change| change)
        }),
        ("RATE", [of]) => each_line(function, evaluate(of, names)?, &|line| {
            steps(line, &|seconds, change| change / seconds as f64)
        }),
        ("RUNNING_SUM", [of]) => each_line(function, evaluate(of, names)?, &running_sum),
        ("PERIOD", [of]) => match evaluate(of, names)? {
            Value::Line(line) => Ok(Value::Number(line.period as f64)),
            other => Err(format!("PERIOD takes a TimeSeries, not a {}", other.kind())),
        },
        ("TIME_SERIES", [of]) => match evaluate(of, names)? {
            Value::Number(number) => Ok(Value::Line(constant(number, names))),
            other => Err(format!("TIME_SERIES takes a Scalar, not a {}", other.kind())),
        },
        ("FILL", [of, with]) => fill(evaluate(of, names)?, with, names),
        ("IF", [condition, then]) => choose(&evaluate(condition, names)?, evaluate(then, names)?, None),
        ("IF", [condition, then, otherwise]) => {
            let (condition, then) = (evaluate(condition, names)?, evaluate(then, names)?);
            choose(&condition, then, Some(evaluate(otherwise, names)?))
        }
        ("SEARCH", _) => Err("SEARCH is not simulated: name the metrics".to_owned()),
        (
            "METRICS" | "SUM" | "AVG" | "MIN" | "MAX" | "ABS" | "CEIL" | "FLOOR" | "DIFF" | "RATE"
            | "RUNNING_SUM" | "PERIOD" | "TIME_SERIES" | "FILL" | "IF",
            _,
        ) => Err(format!(
            "{function} does not take these {} arguments",
            arguments.len()
        )),
        _ => Err(format!("The function {function} is unknown or not simulated")),
    }
}

/// A series becomes a number; several become one series, in which a point is missing only where all lack it.
fn reduce(value: Value, of: &dyn Fn(&[f64]) -> f64) -> Value {
    match value {
        // Nothing at all has no sum: it is a missing point wherever it is used.
        Value::Line(line) if line.points.is_empty() => Value::Number(f64::NAN),
        Value::Line(line) => Value::Number(of(&line.points.into_values().collect::<Vec<_>>())),
        Value::Lines(lines) => {
            let mut columns = BTreeMap::<i64, Vec<f64>>::new();
            for (at, value) in lines.iter().flat_map(|line| &line.points) {
                columns.entry(*at).or_default().push(*value);
            }
            let period = lines.iter().map(|line| line.period).max().unwrap_or(60);
            let points = columns
                .into_iter()
                .map(|(at, values)| (at, of(&values)))
                .collect();
            Value::Line(Line {
                label: String::new(),
                period,
                points,
            })
        }
        other => other,
    }
}

fn each_line(function: &str, value: Value, change: &dyn Fn(&Line) -> Line) -> Result<Value, String> {
    match value {
        Value::Line(line) => Ok(Value::Line(change(&line))),
        Value::Lines(lines) => Ok(Value::Lines(lines.iter().map(change).collect())),
        other => Err(format!("{function} takes a TimeSeries, not a {}", other.kind())),
    }
}

/// From each point to the next that there is: the seconds between them and the change.
fn steps(line: &Line, of: &dyn Fn(i64, f64) -> f64) -> Line {
    let later = line.points.iter().skip(1);
    line.with(
        line.points
            .iter()
            .zip(later)
            .map(|((from, before), (to, after))| (*to, of(to - from, after - before))),
    )
}

fn running_sum(line: &Line) -> Line {
    line.with(line.points.iter().scan(0.0, |sum, (&at, &value)| {
        *sum += value;
        Some((at, *sum))
    }))
}

fn constant(number: f64, names: &dyn Names) -> Line {
    let line = Line {
        label: String::new(),
        period: names.period(),
        points: BTreeMap::new(),
    };
    line.with(names.times(names.period()).into_iter().map(|at| (at, number)))
}

fn fill(value: Value, with: &Expression, names: &mut dyn Names) -> Result<Value, String> {
    let lines = match &value {
        Value::Line(line) => std::slice::from_ref(line),
        Value::Lines(lines) => lines,
        other => return Err(format!("FILL takes a TimeSeries, not a {}", other.kind())),
    };
    let with = match with {
        Expression::Name(name) if name == "REPEAT" => None,
        Expression::Name(name) if name == "LINEAR" => {
            return Err("FILL with LINEAR is not simulated".to_owned());
        }
        with => Some(evaluate(with, names)?),
    };
    let mut filled = Vec::new();
    for line in lines {
        let mut last = None;
        let points = names.times(line.period).into_iter().filter_map(|at| {
            let there = line.points.get(&at).copied();
            last = there.or(last);
            Some((
                at,
                there.or_else(|| with.as_ref().map_or(last, |with| with.at(at)))?,
            ))
        });
        filled.push(line.with(points));
    }
    Ok(match value {
        Value::Line(_) => Value::Line(filled.remove(0)),
        _ => Value::Lines(filled),
    })
}

fn choose(condition: &Value, then: Value, otherwise: Option<Value>) -> Result<Value, String> {
    let condition = match condition {
        Value::Number(number) if *number != 0.0 => return Ok(then),
        Value::Number(_) => {
            return otherwise
                .ok_or_else(|| "IF needs a value for a false condition that is a Scalar".to_owned());
        }
        Value::Line(line) => line,
        other => {
            return Err(format!(
                "IF takes a TimeSeries or a Scalar as its condition, not a {}",
                other.kind()
            ));
        }
    };
    if let Some(wrong) = [Some(&then), otherwise.as_ref()]
        .into_iter()
        .flatten()
        .find(|value| !matches!(value, Value::Number(_) | Value::Line(_)))
    {
        return Err(format!(
            "IF chooses among TimeSeries and Scalars, not a {}",
            wrong.kind()
        ));
    }
    let points = condition.points.iter().filter_map(|(&at, &holds)| {
        let chosen = if holds != 0.0 {
            Some(&then)
        } else {
            otherwise.as_ref()
        };
        Some((at, chosen?.at(at)?))
    });
    Ok(Value::Line(condition.with(points)))
}
