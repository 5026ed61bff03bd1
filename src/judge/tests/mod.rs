//! Readings and what is to be said of them.

mod contrast;
mod properties;
mod verdicts;

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::model::fixtures;
use crate::model::judging::{self, Test};
use crate::model::readings::{AlarmState, Series, Side};

/// The requests to live and to the candidate in each minute.
const LIVE: f64 = 4_000.0;
const CANDIDATE: f64 = 200.0;

/// Five minutes in which both did well.
fn well() -> Readings {
    Readings {
        from: fixtures::minute(0),
        to: fixtures::minute(5),
        period: Duration::from_secs(60),
        weight: Some(5),
        live: side(1, LIVE, 0.4),
        candidate: side(2, CANDIDATE, 0.5),
        alarms: Default::default(),
        unread: Vec::new(),
    }
}

/// A side with so many requests a minute, all but `failed` per cent of them well, answered within 0.4 s.
fn side(n: u32, requests: f64, failed: f64) -> Side {
    let mut side = Side {
        target_group: fixtures::tg(n),
        series: Default::default(),
    };
    let errors = requests * failed / 100.0;
    set(&mut side, judging::REQUESTS, &[requests; 5]);
    set(&mut side, judging::FAILED, &[errors; 5]);
    set(&mut side, judging::SUCCEEDED[0], &[requests - errors; 5]);
    set(&mut side, &judging::latency(95), &[0.4; 5]);
    set(&mut side, judging::UNHEALTHY, &[0.0; 5]);
    side
}

/// Gives a series these values, minute by minute. One that is no number is not there.
fn set(side: &mut Side, name: &str, values: &[f64]) {
    set_all(side, name, values);
    if let Some(Series(points)) = side.series.get_mut(name) {
        points.retain(|(_, value)| !value.is_nan());
    }
}

/// The same, with all that is no number.
fn set_all(side: &mut Side, name: &str, values: &[f64]) {
    let points: Vec<(Timestamp, f64)> = (0..).map(fixtures::minute).zip(values.iter().copied()).collect();
    side.series.insert(name.to_owned(), Series(points));
}

/// Nothing was measured in this minute.
const NONE: f64 = f64::NAN;

fn only(name: &str, bounds: Vec<Bound>) -> Judging {
    let rule = Rule::built_in(name).expect("a built-in rule");
    Judging {
        rules: vec![Rule { bounds, ..rule }],
        ..Judging::default()
    }
}

fn finding(judging: &Judging, readings: &Readings) -> Finding {
    let judgement = judge(judging, readings);
    judgement.findings.into_iter().next().expect("a finding")
}

#[test]
fn a_candidate_that_does_as_well_as_live_passes_with_its_numbers() {
    let judgement = judge(&Judging::default(), &well());
    assert_eq!(judgement.verdict, Verdict::Pass);
    insta::assert_snapshot!(told(&judgement), @r"
    5 of 5 hold; in 5m the candidate had 1,000 requests, live 20,000
    Pass error-rate: candidate 5xx 0.5 % of 1,000, live 0.4 % of 20,000, bound 5 %
    Pass success-rate: candidate success 99.5 % of 1,000, live 99.6 % of 20,000, bound 94.6 % (0.95 × live)
    Pass latency-p95: candidate p95 0.4 s, live 0.4 s, bounds 2 s and 0.8 s (2 × live)
    Pass connection-errors: candidate connection errors 0 % of 1,000, live 0 % of 20,000, bound 5 %
    Pass unhealthy-hosts: candidate unhealthy hosts 0, live 0, bound 0
    ");
}

#[test]
fn a_candidate_that_is_bad_in_every_way_is_told_with_every_number() {
    let mut readings = well();
    readings.candidate = side(2, CANDIDATE, 6.2);
    set(&mut readings.candidate, judging::SUCCEEDED[0], &[180.0; 5]);
    set(
        &mut readings.candidate,
        &judging::latency(95),
        &[2.31, 2.1, 2.5, 9.0, 1.0],
    );
    set(&mut readings.candidate, judging::UNCONNECTED, &[20.0; 5]);
    set(
        &mut readings.candidate,
        judging::UNHEALTHY,
        &[0.0, 0.0, 1.0, 2.0, 0.0],
    );
    let judging = Judging {
        alarms: vec!["checkout".into(), "payments".into(), "new".into()],
        ..Judging::default()
    };
    readings.alarms = [
        ("checkout".to_owned(), AlarmState::Alarm),
        ("new".to_owned(), AlarmState::InsufficientData),
    ]
    .into();
    insta::assert_snapshot!(told(&judge(&judging, &readings)), @r"
    error-rate: candidate 5xx 6.2 % of 1,000, live 0.4 % of 20,000, bound 5 % (and the same of success-rate, latency-p95, connection-errors, unhealthy-hosts, alarm checkout)
    Fail error-rate: candidate 5xx 6.2 % of 1,000, live 0.4 % of 20,000, bound 5 %
    Fail success-rate: candidate success 90 % of 1,000, live 99.6 % of 20,000, bound 94.6 % (0.95 × live)
    Fail latency-p95: candidate p95 2.31 s, live 0.4 s, bounds 2 s and 0.8 s (2 × live)
    Fail connection-errors: candidate connection errors 10 % of 1,000, live 0 % of 20,000, bound 5 %
    Fail unhealthy-hosts: candidate unhealthy hosts 1, live 0, bound 0
    Fail alarm checkout: checkout is in ALARM
    Inconclusive alarm payments: there is no alarm called payments
    Inconclusive alarm new: new has not enough data to be OK
    ");
}

#[test]
fn nothing_measured_is_told_as_what_is_missing() {
    let mut readings = well();
    readings.candidate.series.clear();
    insta::assert_snapshot!(told(&judge(&Judging::default(), &readings)), @r"
    there is no count of requests to the candidate in 5m: it comes only while there are some
    Inconclusive error-rate: candidate 5xx no data, live 0.4 % of 20,000, bound 5 %; the candidate has no count of requests
    Inconclusive success-rate: candidate success no data, live 99.6 % of 20,000, bound 94.6 % (0.95 × live); the candidate has no count of requests
    Inconclusive latency-p95: candidate p95 no data, live 0.4 s, bounds 2 s and 0.8 s (2 × live); the candidate has no data
    Inconclusive connection-errors: candidate connection errors no data, live 0 % of 20,000, bound 5 %; the candidate has no count of requests
    Inconclusive unhealthy-hosts: candidate unhealthy hosts no data, live 0, bound 0; the candidate has no data
    note: there is no count of requests to the candidate in 5m: it comes only while there are some
    ");
}

#[test]
fn a_difference_by_chance_is_told_from_one_that_is_none() {
    let test = Test::default();
    let judging = only("latency-p95", vec![Bound::NotHigher(test)]);
    let mut readings = well();
    set(
        &mut readings.live,
        &judging::latency(95),
        &[0.40, 0.42, 0.41, 0.43, 0.44],
    );
    let mut told_of = |values: &[f64]| {
        set(&mut readings.candidate, &judging::latency(95), values);
        let found = finding(&judging, &readings);
        format!("{:?}: {}", found.outcome, found.sentence)
    };
    let all = [
        told_of(&[0.50, 0.52, 0.51, 0.53, 0.54]),
        told_of(&[0.405, 0.425, 0.415, 0.435, 0.50]),
        told_of(&[0.50, 0.52, 0.51, NONE, NONE]),
        told_of(&[0.50, 0.52, 0.51, 0.53, NONE]),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    Fail: candidate p95 0.52 s, live 0.42 s, bound not higher than live's (p 0.004 of 0.01, higher in 100 % of pairs of 71 %)
    Pass: candidate p95 0.42 s, live 0.42 s, bound not higher than live's (p 0.35 of 0.01, higher in 60 % of pairs of 71 %)
    Inconclusive: candidate p95 0.51 s, live 0.42 s, bound not higher than live's; there are 3 periods of the candidate and 5 of live, and it takes 4 of each
    Fail: candidate p95 0.52 s, live 0.42 s, bound not higher than live's (p 0.0079 of 0.01, higher in 100 % of pairs of 71 %)
    ");
}

/// Everything that was said, line by line.
fn told(judgement: &Judgement) -> String {
    let mut lines = vec![judgement.sentence.clone()];
    lines.extend(
        judgement
            .findings
            .iter()
            .map(|found| format!("{:?} {}: {}", found.outcome, found.rule, found.sentence)),
    );
    lines.extend(judgement.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}
