//! Why an alarm is in its state: the sentence for people, and the JSON for programs.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::alarm::{State, Subject, Watching};
use super::evaluation::Seen;

/// As CloudWatch words it.
pub(super) fn reason(watching: &Watching, seen: &Seen, before: State, state: State) -> String {
    let real: Vec<_> = seen
        .iter()
        .rev()
        .filter_map(|(at, value)| Some((*at, (*value)?)))
        .collect();
    let criteria = watching.criteria();
    let plural = |count: usize| if count == 1 { "datapoint" } else { "datapoints" };
    if state == State::InsufficientData {
        let verb = if criteria.periods == 1 { "was" } else { "were" };
        return format!(
            "Insufficient Data: {} {} {verb} unknown.",
            criteria.periods,
            plural(criteria.periods)
        );
    }
    let alarming = state == State::Alarm;
    let counted: Vec<_> = real.into_iter().take(criteria.periods).collect();
    let (comparison, threshold) = (watching.comparison, watching.threshold);
    let agreeing: Vec<_> = counted
        .iter()
        .filter(|(_, value)| comparison.breaches(*value, threshold) == alarming)
        .collect();
    let Some((at, value)) = agreeing.first() else {
        let missing = criteria.periods - counted.len();
        let treated = if alarming { "Breaching" } else { "NonBreaching" };
        return format!(
            "Threshold Crossed: {missing} missing {} treated as [{treated}].",
            plural(missing)
        );
    };
    let at = Timestamp::from_second(*at)
        .map(|at| at.strftime("%d/%m/%y %H:%M:%S").to_string())
        .unwrap_or_default();
    let not = if alarming { "" } else { "not " };
    let verb = if agreeing.len() == 1 { "was" } else { "were" };
    let least = if alarming {
        criteria.to_alarm
    } else {
        criteria.periods - criteria.to_alarm + 1
    };
    format!(
        "Threshold Crossed: {} out of the last {} {} [{value} ({at})] {verb} {not}{} the threshold ({threshold}) (minimum {least} {} for {} -> {} transition).",
        agreeing.len(),
        criteria.periods,
        plural(criteria.periods),
        comparison.words(),
        plural(least),
        before.name(),
        state.name(),
    )
}

pub(super) fn reason_data(watching: &Watching, seen: &Seen, now: Timestamp) -> Json {
    let at = |second: i64| Timestamp::from_second(second).unwrap_or_default().to_string();
    let real: Vec<_> = seen
        .iter()
        .filter_map(|(at, value)| Some((*at, (*value)?)))
        .collect();
    let statistic = match &watching.subject {
        Subject::Single { statistic, .. } => Some(statistic.to_string()),
        Subject::Math(_) => None,
    };
    json!({
        "version": "1.0",
        "queryDate": now.to_string(),
        "startDate": real.first().map(|(second, _)| at(*second)),
        "statistic": statistic,
        "period": watching.period(),
        "recentDatapoints": real.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
        "threshold": watching.threshold,
        "evaluatedDatapoints": real.iter().rev().map(|(second, value)| json!({ "timestamp": at(*second), "value": value })).collect::<Json>(),
    })
}
