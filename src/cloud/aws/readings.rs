//! Metrics of live and of a candidate over the same periods, in one question, and the states of alarms.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StateValue, StatusCode,
};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::Aws;
use crate::cloud::CloudError;
use crate::model::expression::prefixed;
use crate::model::judging::{Custom, Judging, Query};
use crate::model::readings::{AlarmState, Compared, Readings, Series, Subject, Window};

const ACTION: &str = "GetMetricData";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Live,
    Candidate,
}

/// What is asked, and what each id of an answer stands for.
#[derive(Debug, Default)]
struct Question {
    queries: Vec<MetricDataQuery>,
    answers: BTreeMap<String, (Whose, String)>,
}

impl Aws {
    pub(super) async fn readings(
        &self,
        judging: &Judging,
        window: Window,
        compared: &Compared,
    ) -> Result<Readings, CloudError> {
        let question = question(judging, window, compared);
        let (answers, alarms) = tokio::join!(
            self.answers(&question, window),
            self.alarm_states(&judging.alarms)
        );
        let mut readings = Readings::none(window, compared);
        // An alarm that rings is heard all the same.
        let answers = match (answers, &alarms) {
            (Err(error), Ok(_)) if !judging.alarms.is_empty() => {
                readings.unread.push(error.to_string());
                BTreeMap::new()
            }
            (answers, _) => answers?,
        };
        match alarms {
            Ok(states) => readings.alarms = states,
            Err(error) => readings.unread.push(error.to_string()),
        }
        for (id, series) in answers {
            if let Some((whose, name)) = question.answers.get(&id) {
                let side = match whose {
                    Whose::Live => &mut readings.live,
                    Whose::Candidate => &mut readings.candidate,
                };
                side.series.insert(name.clone(), series);
            }
        }
        Ok(readings)
    }

    /// The series that have values, by their ids.
    async fn answers(
        &self,
        question: &Question,
        window: Window,
    ) -> Result<BTreeMap<String, Series>, CloudError> {
        let mut found = Found::default();
        if window.periods() == 0 {
            return Ok(found.series);
        }
        let mut pages = self
            .cw
            .get_metric_data()
            .set_metric_data_queries(Some(question.queries.clone()))
            .start_time(DateTime::from_secs(window.from.as_second()))
            // Not included, so the last period is the last that is over.
            .end_time(DateTime::from_secs(window.to.as_second()))
            .scan_by(ScanBy::TimestampAscending)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error(ACTION, error))?;
            for result in page.metric_data_results() {
                found.add(result)?;
            }
        }
        found.complete(question)
    }

    async fn alarm_states(&self, names: &[String]) -> Result<BTreeMap<String, AlarmState>, CloudError> {
        let mut states = BTreeMap::new();
        for page in self.described_alarms(names).await? {
            let metric = page
                .metric_alarms()
                .iter()
                .map(|alarm| (alarm.alarm_name(), alarm.state_value()));
            let composite = page
                .composite_alarms()
                .iter()
                .map(|alarm| (alarm.alarm_name(), alarm.state_value()));
            states.extend(metric.chain(composite).filter_map(|(name, state)| {
                let state = match state {
                    Some(StateValue::Ok) => AlarmState::Ok,
                    Some(StateValue::Alarm) => AlarmState::Alarm,
                    // A word that is not known says nothing good.
                    _ => AlarmState::InsufficientData,
                };
                Some((name?.to_owned(), state))
            }));
        }
        Ok(states)
    }
}

fn question(judging: &Judging, window: Window, compared: &Compared) -> Question {
    let mut question = Question::default();
    let arn = compared.load_balancer.as_str();
    // Of a target group, the word before the name belongs to it; of a load balancer it does not.
    let balancer = arn.split_once("loadbalancer/").map_or(arn, |(_, name)| name);
    let sides = [
        (Whose::Live, "l", &compared.live),
        (Whose::Candidate, "c", &compared.candidate),
    ];
    for (whose, side, subject) in sides {
        for (number, (name, custom)) in judging.wanted().into_iter().enumerate() {
            // Each series has ids of its own: those of two rules, and of two generations, may be the same.
            let id = format!("{side}{number}");
            let Some(queries) = queries(&id, &custom, window, balancer, subject) else {
                continue;
            };
            question.queries.extend(queries);
            question.answers.insert(id, (whose, name));
        }
    }
    question
}

/// The queries of one series; `None` when it needs a group and there is none.
fn queries(
    id: &str,
    custom: &Custom,
    window: Window,
    balancer: &str,
    subject: &Subject,
) -> Option<Vec<MetricDataQuery>> {
    let prefix = format!("{id}_");
    let mut queries = Vec::new();
    for (metric, query) in &custom.metrics {
        let own = match custom.expression {
            Some(_) => format!("{prefix}{metric}"),
            None => id.to_owned(),
        };
        queries.push(
            MetricDataQuery::builder()
                .id(own)
                .metric_stat(stat(query, window, balancer, subject)?)
                .return_data(custom.expression.is_none())
                .build(),
        );
    }
    if let Some(expression) = &custom.expression {
        queries.push(
            MetricDataQuery::builder()
                .id(id)
                .expression(prefixed(expression, &prefix))
                .return_data(true)
                .build(),
        );
    }
    Some(queries)
}

fn stat(query: &Query, window: Window, balancer: &str, subject: &Subject) -> Option<MetricStat> {
    let arn = subject.target_group.as_str();
    let target_group = arn.find("targetgroup/").map_or(arn, |at| &arn[at..]);
    let mut metric = Metric::builder()
        .namespace(&query.namespace)
        .metric_name(&query.metric);
    for (name, value) in &query.dimensions {
        let mut value = value
            .replace("{load_balancer}", balancer)
            .replace("{target_group}", target_group);
        if value.contains("{group}") {
            value = value.replace("{group}", subject.group.as_ref()?.as_str());
        }
        metric = metric.dimensions(Dimension::builder().name(name).value(value).build());
    }
    let period = i32::try_from(window.period.as_secs()).unwrap_or(i32::MAX);
    Some(
        MetricStat::builder()
            .metric(metric.build())
            .period(period)
            .stat(&query.statistic)
            .build(),
    )
}

/// Results as they come, page by page.
#[derive(Debug, Default)]
struct Found {
    series: BTreeMap<String, Series>,
    /// By id: whether its last part said that it was the last.
    whole: BTreeMap<String, bool>,
}

impl Found {
    fn add(&mut self, result: &MetricDataResult) -> Result<(), CloudError> {
        let id = result.id().unwrap_or_default().to_owned();
        let said = || {
            let messages = result.messages().iter().filter_map(|message| message.value());
            let messages: Vec<String> = messages.map(str::to_owned).collect();
            format!("{} {}", result.label().unwrap_or_default(), messages.join(" "))
                .trim()
                .to_owned()
        };
        let whole = match result.status_code() {
            Some(StatusCode::Complete) => true,
            Some(StatusCode::PartialData) => false,
            Some(StatusCode::Forbidden) => {
                return Err(CloudError::Denied {
                    action: "cloudwatch:GetMetricData".into(),
                    message: said(),
                });
            }
            other => {
                let status = other.map_or("no status", StatusCode::as_str);
                return Err(passing(format!("{status}: {}", said())));
            }
        };
        let points = result.timestamps().iter().zip(result.values());
        let points = points
            // What is no number could not be recorded, either.
            .filter(|(_, value)| value.is_finite())
            .filter_map(|(at, value)| Some((Timestamp::from_second(at.secs()).ok()?, *value)));
        self.series.entry(id.clone()).or_default().0.extend(points);
        self.whole.insert(id, whole);
        Ok(())
    }

    /// A part that is missing must not be taken for nothing that happened.
    fn complete(mut self, question: &Question) -> Result<BTreeMap<String, Series>, CloudError> {
        for (id, (whose, name)) in &question.answers {
            if self.whole.get(id) != Some(&true) {
                let whose = match whose {
                    Whose::Live => "live",
                    Whose::Candidate => "the candidate",
                };
                return Err(passing(format!("only a part of {name} of {whose} came")));
            }
        }
        self.series.retain(|_, Series(points)| !points.is_empty());
        for Series(points) in self.series.values_mut() {
            points.sort_by_key(|(at, _)| *at);
        }
        Ok(self.series)
    }
}

fn passing(message: String) -> CloudError {
    CloudError::Passing {
        action: ACTION.into(),
        message,
    }
}

#[cfg(test)]
#[path = "readings_tests.rs"]
mod tests;
