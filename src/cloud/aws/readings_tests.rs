//! Readings: what is asked, what a lab answers, and answers that are not whole.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricDatum, Statistic};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use jiff::ToSpan;

use super::*;
use crate::cloud::aws::fake;
use crate::lab::instances::Imagined;
use crate::lab::keeper::Keeper;
use crate::lab::plug::Plug;
use crate::lab::world::{Settings, watch};
use crate::model::ids::{Arn, GroupName};
use crate::model::judging::{Bound, Consequence, Measure, REQUESTS, Rule};

const BEGAN: &str = "2026-01-01T00:00:00Z";

fn began() -> Timestamp {
    BEGAN.parse().expect("a time")
}

fn compared() -> Compared {
    let subject = |n: u32| Subject {
        name: format!("tg-{n}").as_str().into(),
        target_group: Arn::new(format!(
            "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/tg-{n}/6d0ecf831eec9f09"
        )),
        group: Some(GroupName::new(format!("asg-{n}"))),
    };
    Compared {
        load_balancer: "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/lb/50dc6c495c0c9188".into(),
        live: subject(1),
        candidate: subject(2),
        weight: Some(5),
    }
}

fn window(minutes: i64) -> Window {
    Window {
        from: began(),
        to: began() + minutes.minutes(),
        period: Duration::from_secs(60),
    }
}

/// A rule over two metrics of the user's own, one of which is told apart by group.
fn conversion() -> Rule {
    let query = |metric: &str, dimensions: &[(&str, &str)]| Query {
        namespace: "Shop".into(),
        metric: metric.into(),
        dimensions: dimensions
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        statistic: "Sum".into(),
    };
    Rule {
        name: "conversion".into(),
        measure: Measure::Custom(Custom {
            metrics: [
                ("orders".to_owned(), query("Orders", &[("Group", "{group}")])),
                (
                    "visits".to_owned(),
                    query("Visits", &[("Of", "x-{target_group}")]),
                ),
            ]
            .into(),
            expression: Some("IF(visits > 1e0, 100 * orders / visits)".into()),
            unit: "%".into(),
        }),
        bounds: vec![Bound::AtLeast(1.0)],
        then: Consequence::Hold,
    }
}

fn judging(rules: Vec<Rule>) -> Judging {
    Judging {
        rules,
        ..Judging::default()
    }
}

#[test]
fn everything_of_both_generations_is_asked_at_once_and_under_ids_of_its_own() {
    let latency = Rule::built_in("latency-p95").expect("built in");
    let question = question(&judging(vec![latency, conversion()]), window(5), &compared());
    let lines: Vec<String> = question
        .queries
        .iter()
        .map(|query| {
            let what = match query.metric_stat() {
                Some(stat) => {
                    let metric = stat.metric().expect("a metric");
                    let dimensions: Vec<String> = metric
                        .dimensions()
                        .iter()
                        .map(|one| {
                            format!(
                                "{}={}",
                                one.name().unwrap_or_default(),
                                one.value().unwrap_or_default()
                            )
                        })
                        .collect();
                    format!(
                        "{} {} {} of {} each {}s",
                        stat.stat().unwrap_or_default(),
                        metric.namespace().unwrap_or_default(),
                        metric.metric_name().unwrap_or_default(),
                        dimensions.join(" "),
                        stat.period().unwrap_or_default()
                    )
                }
                None => query.expression().unwrap_or_default().to_owned(),
            };
            let returned = if query.return_data() == Some(true) {
                ""
            } else {
                " (only to compute with)"
            };
            format!("{}: {what}{returned}", query.id().unwrap_or_default())
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    l0: Sum AWS/ApplicationELB RequestCount of LoadBalancer=app/lb/50dc6c495c0c9188 TargetGroup=targetgroup/tg-1/6d0ecf831eec9f09 each 60s
    l1: p95 AWS/ApplicationELB TargetResponseTime of LoadBalancer=app/lb/50dc6c495c0c9188 TargetGroup=targetgroup/tg-1/6d0ecf831eec9f09 each 60s
    l2_orders: Sum Shop Orders of Group=asg-1 each 60s (only to compute with)
    l2_visits: Sum Shop Visits of Of=x-targetgroup/tg-1/6d0ecf831eec9f09 each 60s (only to compute with)
    l2: IF(l2_visits > 1e0, 100 * l2_orders / l2_visits)
    c0: Sum AWS/ApplicationELB RequestCount of LoadBalancer=app/lb/50dc6c495c0c9188 TargetGroup=targetgroup/tg-2/6d0ecf831eec9f09 each 60s
    c1: p95 AWS/ApplicationELB TargetResponseTime of LoadBalancer=app/lb/50dc6c495c0c9188 TargetGroup=targetgroup/tg-2/6d0ecf831eec9f09 each 60s
    c2_orders: Sum Shop Orders of Group=asg-2 each 60s (only to compute with)
    c2_visits: Sum Shop Visits of Of=x-targetgroup/tg-2/6d0ecf831eec9f09 each 60s (only to compute with)
    c2: IF(c2_visits > 1e0, 100 * c2_orders / c2_visits)
    ");
}

#[test]
fn a_generation_without_a_group_is_not_asked_for_what_needs_one() {
    let mut compared = compared();
    compared.live.group = None;
    let question = question(&judging(vec![conversion()]), window(5), &compared);
    let asked: Vec<&str> = question.answers.keys().map(String::as_str).collect();
    assert_eq!(asked, ["c0", "c1", "l0"]);
}

#[test]
fn only_whole_answers_are_readings() {
    let question = question(&judging(Vec::new()), window(5), &compared());
    let result = |id: &str, status: StatusCode, seconds: &[i64]| {
        seconds
            .iter()
            .fold(
                MetricDataResult::builder().id(id).status_code(status),
                |result, at| result.timestamps(DateTime::from_secs(*at)).values(1.0),
            )
            .build()
    };
    let read = |results: &[MetricDataResult]| {
        let mut found = Found::default();
        for result in results {
            found.add(result)?;
        }
        found.complete(&question)
    };
    let candidate = result("c0", StatusCode::Complete, &[60]);
    let mut table = vec![
        vec![result("l0", StatusCode::PartialData, &[0]), candidate.clone()],
        vec![result("l0", StatusCode::InternalError, &[]), candidate.clone()],
        vec![result("l0", StatusCode::from("Odd"), &[]), candidate.clone()],
        vec![candidate.clone()],
    ];
    for results in table.drain(..) {
        let error = read(&results).expect_err("not whole");
        assert!(error.may_pass(), "{error}");
    }
    let forbidden = read(&[result("l0", StatusCode::Forbidden, &[]), candidate.clone()]);
    assert!(forbidden.expect_err("not allowed").is_denied());
    let pages = [
        result("l0", StatusCode::PartialData, &[120, 0]),
        result("l0", StatusCode::Complete, &[60]),
        result("c0", StatusCode::Complete, &[]),
    ];
    let series = read(&pages).expect("whole");
    let times: Vec<i64> = series["l0"].0.iter().map(|(at, _)| at.as_second()).collect();
    assert_eq!(times, [0, 60, 120]);
    assert_eq!(series.get("c0"), None, "nothing was measured");
}

async fn lab() -> (std::sync::Arc<Keeper>, Aws) {
    let settings = Settings {
        began: began(),
        ..Settings::default()
    };
    let keeper = Keeper::start(settings, Box::new(Imagined::default()));
    let aws = fake::before(&keeper).await;
    (keeper, aws)
}

/// Counts requests of generation `n` now.
fn count(keeper: &std::sync::Arc<Keeper>, n: u32, requests: f64) {
    let target_group = format!("targetgroup/tg-{n}/6d0ecf831eec9f09");
    let metric = watch::Metric::new(
        "AWS/ApplicationELB",
        REQUESTS,
        [
            ("LoadBalancer", "app/lb/50dc6c495c0c9188"),
            ("TargetGroup", target_group.as_str()),
        ],
    );
    keeper.with(|world| world.record(&metric, requests, 1.0));
}

#[tokio::test(start_paused = true)]
async fn a_lab_answers_with_the_periods_of_the_window_and_no_others() {
    let (keeper, aws) = lab().await;
    for minute in 0..4 {
        count(&keeper, 1, f64::from(minute) + 100.0);
        if minute != 1 {
            count(&keeper, 2, f64::from(minute) + 10.0);
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let judging = Judging::default();
    let window = Window {
        from: began() + 1.minute(),
        ..window(3)
    };
    let readings = aws
        .readings(&judging, window, &compared())
        .await
        .expect("readings");
    let of = |series: &BTreeMap<String, Series>| series[REQUESTS].0.clone();
    let at = |minute: i64| began() + minute.minutes();
    assert_eq!(of(&readings.live.series), [(at(1), 101.0), (at(2), 102.0)]);
    assert_eq!(of(&readings.candidate.series), [(at(2), 12.0)]);
    assert_eq!(
        readings.candidate.series.len(),
        1,
        "what was not measured is not there"
    );
    assert_eq!(
        (readings.from, readings.to, readings.weight),
        (window.from, window.to, Some(5))
    );
}

/// One metric of the user's own, of which CloudWatch computes nothing but the mean.
fn queue() -> Rule {
    let query = Query {
        namespace: "Shop".into(),
        metric: "Queue".into(),
        dimensions: [("Group".to_owned(), "{group}".to_owned())].into(),
        statistic: "Average".into(),
    };
    Rule {
        name: "queue".into(),
        measure: Measure::Custom(Custom {
            metrics: [("m".to_owned(), query)].into(),
            expression: None,
            unit: String::new(),
        }),
        bounds: vec![Bound::AtMost(50.0)],
        then: Consequence::Hold,
    }
}

/// As a service reports what only it knows: these values in this minute.
async fn put(aws: &Aws, metric: &str, (dimension, of): (&str, &str), minute: i64, values: &[f64]) {
    let at = (began() + minute.minutes()).as_second();
    let datum = MetricDatum::builder()
        .metric_name(metric)
        .dimensions(Dimension::builder().name(dimension).value(of).build())
        .timestamp(DateTime::from_secs(at))
        .set_values(Some(values.to_vec()))
        .build();
    let put = aws.cw.put_metric_data().namespace("Shop").metric_data(datum);
    put.send().await.expect("data is taken");
}

#[tokio::test(start_paused = true)]
async fn what_a_service_measures_of_itself_comes_back_computed_for_each_generation_by_its_rules_name() {
    let (keeper, aws) = lab().await;
    let visited = |n: u32| format!("x-targetgroup/tg-{n}/6d0ecf831eec9f09");
    // By minute, what each reports; nobody asks for the third.
    for (n, orders, visits, queue) in [
        (
            1,
            [&[30.0, 20.0][..], &[10.0]],
            [1_000.0, 400.0],
            [&[10.0, 20.0][..], &[40.0]],
        ),
        (2, [&[6.0], &[1.0]], [50.0, 1.0], [&[7.0], &[8.0, 8.0, 11.0]]),
        (3, [&[900.0], &[900.0]], [900.0, 900.0], [&[900.0], &[900.0]]),
    ] {
        count(&keeper, n, f64::from(n) * 100.0);
        let group = format!("asg-{n}");
        for minute in 0..2_u8 {
            let (at, index) = (i64::from(minute), usize::from(minute));
            put(&aws, "Orders", ("Group", &group), at, orders[index]).await;
            put(&aws, "Visits", ("Of", &visited(n)), at, &[visits[index]]).await;
            put(&aws, "Queue", ("Group", &group), at, queue[index]).await;
        }
    }
    tokio::time::sleep(Duration::from_secs(180)).await;
    let readings = aws
        .readings(&judging(vec![conversion(), queue()]), window(2), &compared())
        .await
        .expect("readings");
    let at = |minute: i64| began() + minute.minutes();
    let by_name = |series: &[(&str, &[(i64, f64)])]| -> BTreeMap<String, Series> {
        let named = series.iter().map(|(name, points)| {
            let points = points.iter().map(|(minute, value)| (at(*minute), *value));
            ((*name).to_owned(), Series(points.collect()))
        });
        named.collect()
    };
    assert_eq!(
        readings.live.series,
        by_name(&[
            (REQUESTS, &[(0, 100.0)]),
            ("conversion", &[(0, 5.0), (1, 2.5)]),
            ("queue", &[(0, 15.0), (1, 40.0)]),
        ])
    );
    assert_eq!(
        readings.candidate.series,
        by_name(&[
            (REQUESTS, &[(0, 200.0)]),
            // One visit is too few for a rate, says the expression.
            ("conversion", &[(0, 12.0)]),
            ("queue", &[(0, 7.0), (1, 9.0)]),
        ])
    );
    assert_eq!(readings.unread, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn before_a_period_has_closed_only_alarms_are_asked_for() {
    let (_keeper, aws) = lab().await;
    let readings = aws
        .readings(&Judging::default(), window(0), &compared())
        .await
        .expect("an empty window is no mistake");
    assert_eq!(readings, Readings::none(window(0), &compared()));
}

#[tokio::test(start_paused = true)]
async fn alarms_of_both_kinds_say_how_they_stand() {
    let (_keeper, aws) = lab().await;
    aws.cw
        .put_metric_alarm()
        .alarm_name("checkout")
        .namespace("Shop")
        .metric_name("Failures")
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(1)
        .threshold(1.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .send()
        .await
        .expect("an alarm");
    aws.cw
        .put_composite_alarm()
        .alarm_name("any")
        .alarm_rule("NOT ALARM(\"checkout\")")
        .send()
        .await
        .expect("a composite alarm");
    tokio::time::sleep(Duration::from_secs(120)).await;
    let judging = Judging {
        alarms: vec!["checkout".into(), "any".into(), "nobody".into()],
        ..Judging::default()
    };
    let readings = aws
        .readings(&judging, window(1), &compared())
        .await
        .expect("readings");
    let states: Vec<(&str, AlarmState)> = readings
        .alarms
        .iter()
        .map(|(name, state)| (name.as_str(), *state))
        .collect();
    assert_eq!(
        states,
        [
            ("any", AlarmState::Alarm),
            ("checkout", AlarmState::InsufficientData)
        ]
    );
}

/// The way to a lab, with a list of what was asked on it. CloudWatch's calls say what they are in their address.
#[derive(Clone, Debug)]
struct Listed {
    plug: Plug,
    asked: Arc<Mutex<Vec<String>>>,
}

impl HttpClient for Listed {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Listed {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.uri().rsplit('/').next().unwrap_or_default();
        self.asked
            .lock()
            .expect("not poisoned")
            .push(operation.to_owned());
        self.plug.call(request)
    }
}

#[tokio::test(start_paused = true)]
async fn one_look_of_the_judge_is_one_question_for_all_metrics_of_both_generations() {
    let (keeper, _) = lab().await;
    let listed = Listed {
        plug: Plug::into(&keeper),
        asked: Arc::default(),
    };
    let aws = fake::through(listed.clone()).await;
    for n in [1, 2] {
        count(&keeper, n, 100.0);
    }
    tokio::time::sleep(Duration::from_secs(180)).await;
    let mut rules = Rule::defaults();
    rules.extend([conversion(), queue()]);
    let judging = Judging {
        alarms: vec!["nobody".into()],
        ..judging(rules)
    };
    for looks in 1..=3 {
        let readings = aws
            .readings(&judging, window(2), &compared())
            .await
            .expect("readings");
        assert_eq!(readings.unread, [""; 0]);
        for side in [&readings.live, &readings.candidate] {
            assert_eq!(side.series[REQUESTS].0, [(began(), 100.0)]);
        }
        let asked = listed.asked.lock().expect("not poisoned").clone();
        let questions = asked.iter().filter(|operation| *operation == ACTION).count();
        assert_eq!(questions, looks, "{asked:?}");
    }
}
