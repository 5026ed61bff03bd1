//! Which readings pass, fail, or say too little.

use super::*;
use Outcome::{Fail, Inconclusive, Pass};

#[test]
fn each_rule_goes_by_what_was_measured_and_never_by_what_was_not() {
    type Change = fn(&mut Readings);
    let at_most = |limit| vec![Bound::AtMost(limit)];
    let table: &[(&str, &str, Vec<Bound>, Change, Outcome)] = &[
        ("as it is", "error-rate", at_most(0.5), |_| {}, Pass),
        ("just above", "error-rate", at_most(0.499), |_| {}, Fail),
        (
            "no errors are no series",
            "error-rate",
            at_most(0.0),
            |readings| drop(readings.candidate.series.remove(judging::FAILED)),
            Pass,
        ),
        (
            "errors without requests in the same minute are not counted",
            "error-rate",
            at_most(5.0),
            |readings| {
                set(
                    &mut readings.candidate,
                    judging::REQUESTS,
                    &[200.0, NONE, 200.0, 200.0, 200.0],
                );
                set(
                    &mut readings.candidate,
                    judging::FAILED,
                    &[0.0, 200.0, 0.0, 0.0, 0.0],
                );
            },
            Pass,
        ),
        (
            "too few requests",
            "error-rate",
            at_most(5.0),
            |readings| readings.candidate = side(2, 19.9, 100.0),
            Inconclusive,
        ),
        (
            "just enough requests",
            "error-rate",
            at_most(5.0),
            |readings| readings.candidate = side(2, 20.0, 100.0),
            Fail,
        ),
        (
            "no requests at all",
            "error-rate",
            at_most(5.0),
            |readings| set(&mut readings.candidate, judging::REQUESTS, &[0.0; 5]),
            Inconclusive,
        ),
        (
            "requests that no target answers are no successes",
            "success-rate",
            vec![Bound::AtLeastOfLive(0.95)],
            |readings| {
                readings.candidate.series.remove(judging::SUCCEEDED[0]);
                readings.candidate.series.remove(judging::FAILED);
            },
            Fail,
        ),
        (
            "a redirect and a mistake of the client's are successes",
            "success-rate",
            vec![Bound::AtLeastOfLive(0.95)],
            |readings| {
                readings.candidate.series.remove(judging::SUCCEEDED[0]);
                set(&mut readings.candidate, judging::SUCCEEDED[1], &[100.0; 5]);
                set(&mut readings.candidate, judging::SUCCEEDED[2], &[99.0; 5]);
            },
            Pass,
        ),
        (
            "live is bad as well",
            "success-rate",
            vec![Bound::AtLeastOfLive(0.95)],
            |readings| {
                readings.live = side(1, LIVE, 50.0);
                readings.candidate = side(2, CANDIDATE, 52.0);
            },
            Pass,
        ),
        (
            "one slow minute of five",
            "latency-p95",
            at_most(2.0),
            |readings| {
                set(
                    &mut readings.candidate,
                    &judging::latency(95),
                    &[0.4, 0.4, 60.0, 0.4, 0.4],
                )
            },
            Pass,
        ),
        (
            "three slow minutes of five",
            "latency-p95",
            at_most(2.0),
            |readings| {
                set(
                    &mut readings.candidate,
                    &judging::latency(95),
                    &[2.1, 0.4, 2.2, 0.4, 2.3],
                )
            },
            Fail,
        ),
        (
            "most requests were in the two slow minutes",
            "latency-p95",
            at_most(2.0),
            |readings| {
                set(
                    &mut readings.candidate,
                    judging::REQUESTS,
                    &[900.0, 900.0, 3.0, 3.0, 3.0],
                );
                set(
                    &mut readings.candidate,
                    &judging::latency(95),
                    &[2.1, 2.2, 0.1, 0.1, 0.1],
                );
            },
            Fail,
        ),
        (
            "two milliseconds beside half of one",
            "latency-p95",
            vec![Bound::AtMostOfLive(2.0)],
            |readings| {
                set(&mut readings.live, &judging::latency(95), &[0.0005; 5]);
                set(&mut readings.candidate, &judging::latency(95), &[0.002; 5]);
            },
            Pass,
        ),
        (
            "eleven milliseconds beside half of one",
            "latency-p95",
            vec![Bound::AtMostOfLive(2.0)],
            |readings| {
                set(&mut readings.live, &judging::latency(95), &[0.0005; 5]);
                set(&mut readings.candidate, &judging::latency(95), &[0.011; 5]);
            },
            Fail,
        ),
        (
            "nothing was ever answered",
            "latency-p95",
            at_most(2.0),
            |readings| drop(readings.candidate.series.remove(&judging::latency(95))),
            Inconclusive,
        ),
        (
            "live has no data, but what is bounded by itself holds",
            "latency-p95",
            vec![Bound::AtMost(2.0), Bound::AtMostOfLive(2.0)],
            |readings| readings.live.series.clear(),
            Inconclusive,
        ),
        (
            "live has no data, and what is bounded by itself does not hold",
            "latency-p95",
            vec![Bound::AtMost(0.3), Bound::AtMostOfLive(2.0)],
            |readings| readings.live.series.clear(),
            Fail,
        ),
        (
            "live has too few requests to compare with",
            "latency-p95",
            vec![Bound::AtMostOfLive(0.5)],
            |readings| set(&mut readings.live, judging::REQUESTS, &[3.0; 5]),
            Inconclusive,
        ),
        (
            "live has too few requests, and is not needed",
            "latency-p95",
            at_most(2.0),
            |readings| readings.live.series.clear(),
            Pass,
        ),
        (
            "a host unhealthy in one minute",
            "unhealthy-hosts",
            at_most(0.0),
            |readings| {
                set(
                    &mut readings.candidate,
                    judging::UNHEALTHY,
                    &[0.0, 0.0, 1.0, 0.0, 0.0],
                )
            },
            Pass,
        ),
        (
            "a host unhealthy in two minutes",
            "unhealthy-hosts",
            at_most(0.0),
            |readings| {
                set(
                    &mut readings.candidate,
                    judging::UNHEALTHY,
                    &[1.0, 0.0, 1.0, 0.0, 0.0],
                )
            },
            Fail,
        ),
        (
            "a host unhealthy in the only minute that was told",
            "unhealthy-hosts",
            at_most(0.0),
            |readings| set(&mut readings.candidate, judging::UNHEALTHY, &[1.0]),
            Inconclusive,
        ),
        (
            "unhealthy hosts fail without a single request",
            "unhealthy-hosts",
            at_most(0.0),
            |readings| {
                readings.candidate.series.clear();
                set(&mut readings.candidate, judging::UNHEALTHY, &[1.0; 5]);
            },
            Fail,
        ),
        (
            "minutes before and after the window",
            "latency-p95",
            at_most(2.0),
            |readings| {
                set(
                    &mut readings.candidate,
                    &judging::latency(95),
                    &[9.0, 0.4, 0.4, 9.0, 9.0],
                );
                readings.from = fixtures::minute(1);
                readings.to = fixtures::minute(3);
            },
            Pass,
        ),
        (
            "memory beyond its bound",
            "memory",
            at_most(90.0),
            |readings| set(&mut readings.candidate, "memory", &[89.0, 90.0, 91.0, 92.0, 93.0]),
            Fail,
        ),
        (
            "memory that nobody reports",
            "memory",
            at_most(90.0),
            |_| {},
            Inconclusive,
        ),
    ];
    for (what, rule, bounds, change, expected) in table {
        let mut readings = well();
        change(&mut readings);
        let found = finding(&only(rule, bounds.clone()), &readings);
        assert_eq!(found.outcome, *expected, "{what}: {}", found.sentence);
    }
}

#[test]
fn what_is_no_number_never_passes() {
    let rules = [
        ("error-rate", judging::FAILED),
        ("error-rate", judging::REQUESTS),
        ("success-rate", judging::SUCCEEDED[1]),
        ("connection-errors", judging::UNCONNECTED),
        ("latency-p95", "TargetResponseTime p95"),
        ("latency-p95", judging::REQUESTS),
        ("unhealthy-hosts", judging::UNHEALTHY),
        ("memory", "memory"),
    ];
    for (rule, series) in rules {
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut readings = well();
            set(&mut readings.candidate, "memory", &[50.0; 5]);
            set_all(&mut readings.candidate, series, &[0.0, odd, 0.0, 0.0, 0.0]);
            let judging = only(rule, vec![Bound::AtMost(1e300), Bound::AtLeast(-1e300)]);
            let judgement = judge(&judging, &readings);
            assert_eq!(
                judgement.verdict,
                Verdict::Inconclusive,
                "{rule} with {odd} in {series}"
            );
        }
    }
}

#[test]
fn a_negative_count_does_not_make_up_for_failures() {
    let mut readings = well();
    set(
        &mut readings.candidate,
        judging::FAILED,
        &[200.0, 200.0, -400.0, 0.0, 0.0],
    );
    let found = finding(&only("error-rate", vec![Bound::AtMost(5.0)]), &readings);
    assert_eq!(found.outcome, Inconclusive);
}

#[test]
fn the_worst_consequence_of_what_fails_wins() {
    let fails = |name: &str, then| Rule {
        then,
        bounds: vec![Bound::AtMost(-1.0)],
        ..Rule::built_in(name).expect("built in")
    };
    let unclear = Rule {
        bounds: vec![Bound::AtMost(1.0)],
        ..Rule::built_in("memory").expect("built in")
    };
    let holds = Rule::built_in("error-rate").expect("built in");
    let (hold, reduce) = (
        fails("latency-p95", Consequence::Hold),
        fails("connection-errors", Consequence::Reduce),
    );
    let back = fails("unhealthy-hosts", Consequence::Rollback);
    let table = [
        (vec![&holds], Verdict::Pass),
        (vec![&holds, &unclear], Verdict::Inconclusive),
        (vec![&holds, &unclear, &hold], Verdict::Fail(Consequence::Hold)),
        (vec![&reduce, &hold, &unclear], Verdict::Fail(Consequence::Reduce)),
        (
            vec![&hold, &back, &reduce, &holds],
            Verdict::Fail(Consequence::Rollback),
        ),
        (vec![], Verdict::Inconclusive),
    ];
    for (rules, verdict) in table {
        let judging = Judging {
            rules: rules.into_iter().cloned().collect(),
            ..Judging::default()
        };
        let judgement = judge(&judging, &well());
        assert_eq!(judgement.verdict, verdict, "{}", judgement.sentence);
    }
}

#[test]
fn too_few_requests_leave_every_verdict_open_but_that_of_hosts_and_alarms() {
    let hosts = Judging {
        alarms: vec!["checkout".into()],
        ..only("unhealthy-hosts", vec![Bound::AtMost(0.0)])
    };
    let with = |state, unhealthy| {
        let mut readings = well();
        readings.candidate = side(2, 3.0, 0.0);
        readings.alarms.insert("checkout".into(), state);
        set(&mut readings.candidate, judging::UNHEALTHY, &[unhealthy; 5]);
        judge(&hosts, &readings).verdict
    };
    let back = Verdict::Fail(Consequence::Rollback);
    assert_eq!(with(AlarmState::Ok, 0.0), Verdict::Inconclusive);
    assert_eq!(with(AlarmState::Alarm, 0.0), back);
    assert_eq!(with(AlarmState::Ok, 1.0), back);
}

#[test]
fn what_could_not_be_read_is_no_pass_and_hides_no_alarm_that_rings() {
    let judging = Judging {
        alarms: vec!["checkout".into()],
        ..Judging::default()
    };
    let denied = "GetMetricData was denied: a policy says no";
    let mut readings = well();
    readings.alarms.insert("checkout".into(), AlarmState::Ok);
    assert_eq!(judge(&judging, &readings).verdict, Verdict::Pass);
    readings.unread.push(denied.into());
    let judgement = judge(&judging, &readings);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert!(judgement.sentence.contains(denied), "{}", judgement.sentence);
    readings.alarms.insert("checkout".into(), AlarmState::Alarm);
    assert_eq!(
        judge(&judging, &readings).verdict,
        Verdict::Fail(Consequence::Rollback)
    );
    readings.alarms.clear();
    let judgement = judge(&judging, &readings);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    let of_alarm = judgement.findings.last().expect("the alarm's");
    assert_eq!(of_alarm.sentence, "how checkout stands is not known");
}

#[test]
fn with_all_of_production_a_candidate_is_judged_by_itself_alone() {
    let mut readings = well();
    readings.live.series.clear();
    readings.weight = Some(100);
    let judgement = judge(&Judging::default(), &readings);
    assert_eq!(judgement.verdict, Verdict::Pass, "{}", told(&judgement));
    assert_eq!(
        judgement.notes,
        ["success-rate is left out: it compares with live, and all of production goes to the candidate"]
    );
    readings.weight = Some(99);
    assert_eq!(
        judge(&Judging::default(), &readings).verdict,
        Verdict::Inconclusive
    );
}

#[test]
fn before_a_period_has_closed_there_is_no_verdict() {
    let mut readings = well();
    readings.to = readings.from;
    let judgement = judge(&Judging::default(), &readings);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert_eq!(judgement.sentence, "no period has closed yet");
}

#[test]
fn readings_are_judged_the_same_after_they_were_recorded() {
    let mut readings = well();
    set_all(
        &mut readings.candidate,
        judging::FAILED,
        &[1.0, f64::NAN, 0.0, 0.0, 0.0],
    );
    let text = serde_json::to_string(&readings).expect("JSON");
    let back: Readings = serde_json::from_str(&text).expect("readings");
    let judging = Judging::default();
    assert_eq!(judge(&judging, &back), judge(&judging, &readings));
}
