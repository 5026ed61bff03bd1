//! `GetMetricData`: many metrics and expressions in one call, in pages by datapoints.

use jiff::Timestamp;

use super::paging::{read_token, write_token};
use super::{invalid, required};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;
use crate::lab::world::watch::{Line, Query, Span, read_queries};

const QUERIES_LIMIT: usize = 500;
const POINTS_LIMIT: usize = 100_800;

pub(super) fn get_metric_data(world: &mut World, input: &Tree) -> Result<Tree, Refused> {
    let trees = input.items("MetricDataQueries");
    match trees.len() {
        0 => {
            return Err(Refused::new(
                "MissingParameter",
                "The parameter MetricDataQueries is required.",
            ));
        }
        1..=QUERIES_LIMIT => {}
        more => {
            let message = format!(
                "The collection MetricDataQueries must not have a size greater than {QUERIES_LIMIT}, and has {more}."
            );
            return Err(Refused::invalid(message));
        }
    }
    let queries = read_queries(trees)?;
    let span = read_span(input)?;
    let newest_first = match input.text("ScanBy") {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(_) => {
            return Err(invalid(format!(
                "The value {} for ScanBy is not known.",
                required(input, "ScanBy")?
            )));
        }
    };
    let asked = input.whole("MaxDatapoints")?.map(|most| {
        let most_of_all = usize::try_from(most)
            .ok()
            .filter(|most| (1..=POINTS_LIMIT).contains(most));
        most_of_all.ok_or_else(|| {
            invalid(format!(
                "MaxDatapoints must be from 1 to {POINTS_LIMIT}, and is {most}."
            ))
        })
    });
    let asked = asked.transpose()?.unwrap_or(POINTS_LIMIT);
    // Calls with metric math are answered whole, so that their length must be bounded: filling a gap makes a datapoint of every period.
    let limit = if queries.iter().any(Query::is_computed) {
        let shortest = queries.iter().filter_map(Query::period).min().unwrap_or(60);
        if (span.to - span.from) / shortest > POINTS_LIMIT as i64 {
            let message = format!(
                "Metric math over more than {POINTS_LIMIT} periods of {shortest} seconds is not answered."
            );
            return Err(Refused::invalid(message));
        }
        usize::MAX
    } else {
        asked
    };

    let mut lines = Vec::new();
    for query in queries.iter().filter(|query| query.returned) {
        let answers = world.watch.answer(&queries, query, span)?;
        lines.extend(answers.into_iter().map(|line| (query.id.as_str(), line)));
    }
    let (results, next) = cut(&lines, newest_first, limit, input.text("NextToken"))?;
    Ok(Tree::map()
        .with("MetricDataResults", Tree::List(results))
        .with("NextToken", next.map(Tree::from))
        .with("Messages", Tree::list([])))
}

fn read_span(input: &Tree) -> Result<Span, Refused> {
    let missing = |name: &str| Refused::new("MissingParameter", format!("The parameter {name} is required."));
    let from = input
        .time("StartTime")?
        .ok_or_else(|| missing("StartTime"))?
        .as_second();
    let to = input
        .time("EndTime")?
        .ok_or_else(|| missing("EndTime"))?
        .as_second();
    if from >= to {
        return Err(Refused::invalid(
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    Ok(Span { from, to, speed: 1.0 })
}

/// The results that fit in one page, which may begin and end in the middle of a line.
fn cut(
    lines: &[(&str, Line)],
    newest_first: bool,
    limit: usize,
    token: Option<&str>,
) -> Result<(Vec<Tree>, Option<String>), Refused> {
    let [first, mut start] = read_token::<2>(token)?;
    let mut room = limit;
    let mut results = Vec::new();
    for (place, (id, line)) in lines.iter().enumerate().skip(first) {
        if room == 0 {
            return Ok((results, Some(write_token([place, 0]))));
        }
        let mut points: Vec<(i64, f64)> = line.points.iter().map(|(&at, &value)| (at, value)).collect();
        if newest_first {
            points.reverse();
        }
        let there: Vec<_> = points.into_iter().skip(start).collect();
        let taken = &there[..there.len().min(room)];
        let complete = taken.len() == there.len();
        results.push(result(id, &line.label, taken, complete));
        if !complete {
            return Ok((results, Some(write_token([place, start + taken.len()]))));
        }
        room -= taken.len();
        start = 0;
    }
    Ok((results, None))
}

fn result(id: &str, label: &str, points: &[(i64, f64)], complete: bool) -> Tree {
    let times = points
        .iter()
        .map(|(at, _)| Tree::from(Timestamp::from_second(*at).unwrap_or(Timestamp::MAX)));
    Tree::map()
        .with("Id", Tree::from(id))
        .with("Label", Tree::from(label))
        .with("Timestamps", Tree::list(times))
        .with(
            "Values",
            Tree::list(points.iter().map(|(_, value)| Tree::from(*value))),
        )
        .with(
            "StatusCode",
            Tree::from(if complete { "Complete" } else { "PartialData" }),
        )
}
