//! What alarms make of data, and of data that is missing.

use super::*;

const POLICY: &str =
    "arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:1b2c:autoScalingGroupName/web:policyName/up";
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:pager";

/// More than ten requests in each of `periods` minutes call on the policy.
fn busy(periods: &str) -> Tree {
    let dimension = |(name, value): &(&str, &str)| tree(&[("Name", name), ("Value", value)]);
    let dimensions = [("LoadBalancer", "app/x/2"), ("TargetGroup", "targetgroup/a/1")];
    tree(&[
        ("AlarmName", "busy"),
        ("Namespace", "AWS/ApplicationELB"),
        ("MetricName", "RequestCount"),
        ("Statistic", "Sum"),
        ("Period", "60"),
        ("EvaluationPeriods", periods),
        ("Threshold", "10"),
        ("ComparisonOperator", "GreaterThanThreshold"),
    ])
    .with("Dimensions", Tree::list(dimensions.iter().map(dimension)))
    .with("AlarmActions", Tree::texts([POLICY, TOPIC]))
}

fn calls(world: &World) -> usize {
    happened(world, "busy", ItemKind::Action)
        .iter()
        .filter(|summary| summary.contains("scalingPolicy"))
        .count()
}

#[test]
fn a_new_alarm_has_insufficient_data_until_its_first_period_ends() {
    let mut world = world(1.0);
    world.put_alarm(&busy("1")).expect("it is accepted");
    world.record(&requests(), 1.0, 11.0);
    assert_eq!(
        world.watch.alarm("busy").expect("there").standing.reason,
        "Unchecked: Initial alarm creation"
    );
    until(&mut world, 59.0);
    assert_eq!(state(&world, "busy"), State::InsufficientData);
    until(&mut world, 61.0);
    assert_eq!(state(&world, "busy"), State::Alarm);
    let standing = &world.watch.alarm("busy").expect("there").standing;
    assert_eq!(
        standing.reason,
        "Threshold Crossed: 1 out of the last 1 datapoint [11 (01/01/26 00:00:00)] was greater than the threshold (10) \
         (minimum 1 datapoint for INSUFFICIENT_DATA -> ALARM transition)."
    );
    let data: serde_json::Value =
        serde_json::from_str(standing.data.as_deref().expect("data")).expect("JSON");
    assert_eq!(data["recentDatapoints"], serde_json::json!([11.0]));
    assert_eq!(data["period"], 60);
}

#[test]
fn a_policy_is_called_on_at_every_evaluation_and_a_topic_once() {
    let mut world = world(1.0);
    world.put_alarm(&busy("1")).expect("it is accepted");
    for minute in 0..4 {
        until(&mut world, f64::from(minute) * 60.0 + 30.0);
        world.record(&requests(), 1.0, 100.0);
    }
    until(&mut world, 241.0);
    assert_eq!(calls(&world), 4);
    assert_eq!(
        happened(&world, "busy", ItemKind::Action)
            .iter()
            .filter(|summary| summary.contains(TOPIC))
            .count(),
        1
    );
}

#[test]
fn an_alarm_without_data_has_insufficient_data_again_when_the_evaluation_range_is_empty() {
    let mut world = world(1.0);
    world.put_alarm(&busy("1")).expect("it is accepted");
    world.record(&requests(), 1.0, 100.0);
    until(&mut world, 181.0);
    assert_eq!(state(&world, "busy"), State::Alarm);
    until(&mut world, 241.0);
    assert_eq!(state(&world, "busy"), State::InsufficientData);
}

#[test]
fn in_a_fast_lab_a_period_is_shorter_and_looks_at_that_shorter_time() {
    let mut world = world(10.0);
    world.put_alarm(&busy("2")).expect("it is accepted");
    for second in 0..12 {
        until(&mut world, f64::from(second) + 0.5);
        world.record(&requests(), 1.0, 2.0);
    }
    // Twelve requests in each six seconds, which stand for a minute each.
    until(&mut world, 11.0);
    assert_eq!(state(&world, "busy"), State::Ok);
    until(&mut world, 12.7);
    assert_eq!(state(&world, "busy"), State::Alarm);
    until(&mut world, 18.7);
    assert_eq!(calls(&world), 2);
}

#[test]
fn switched_off_actions_are_not_done_but_the_state_changes() {
    let mut world = world(1.0);
    world.put_alarm(&busy("1")).expect("it is accepted");
    world.enable_alarm_actions(&["busy".to_owned(), "unknown".to_owned()], false);
    world.record(&requests(), 1.0, 100.0);
    until(&mut world, 61.0);
    assert_eq!(state(&world, "busy"), State::Alarm);
    assert_eq!(happened(&world, "busy", ItemKind::Action), [""; 0]);
}

#[test]
fn a_set_state_acts_and_lasts_until_the_next_evaluation() {
    let mut world = world(1.0);
    world.put_alarm(&busy("1")).expect("it is accepted");
    world.record(&requests(), 1.0, 1.0);
    world
        .set_alarm_state("busy", State::Alarm, "a drill", None)
        .expect("it is there");
    assert_eq!(state(&world, "busy"), State::Alarm);
    assert_eq!(calls(&world), 1);
    until(&mut world, 61.0);
    assert_eq!(state(&world, "busy"), State::Ok);
    let changes = happened(&world, "busy", ItemKind::StateUpdate);
    assert_eq!(
        changes,
        [
            "Alarm updated from INSUFFICIENT_DATA to ALARM",
            "Alarm updated from ALARM to OK"
        ]
    );
    let refused = world
        .set_alarm_state("unknown", State::Ok, "", None)
        .expect_err("not there");
    assert_eq!((refused.status, &*refused.code), (404, "ResourceNotFound"));
    let refused = world
        .set_alarm_state("busy", State::Alarm, "", Some("{"))
        .expect_err("no JSON");
    assert_eq!(refused.code, "InvalidFormat");
}

#[test]
fn writing_an_alarm_again_overwrites_all_but_state_and_tags() {
    let mut world = world(1.0);
    let tags = Tree::list([tree(&[("Key", "team"), ("Value", "web")])]);
    world
        .put_alarm(
            &busy("1")
                .with("AlarmDescription", Tree::from("first"))
                .with("Tags", tags),
        )
        .expect("it is accepted");
    world
        .set_alarm_state("busy", State::Alarm, "a drill", None)
        .expect("it is there");
    let rewritten = tree(&[
        ("AlarmName", "busy"),
        ("Namespace", "n"),
        ("MetricName", "m"),
        ("ExtendedStatistic", "p99.9"),
        ("Period", "300"),
        ("EvaluationPeriods", "1"),
        ("Threshold", "0.5"),
        ("ComparisonOperator", "LessThanThreshold"),
    ]);
    world.put_alarm(&rewritten).expect("it is accepted");
    let alarm = world.watch.alarm("busy").expect("there");
    assert_eq!((alarm.standing.state, &alarm.description), (State::Alarm, &None));
    assert_eq!(alarm.actions.all().count(), 0);
    assert_eq!(alarm.tags, [("team".to_owned(), "web".to_owned())]);
    let written = alarm.write();
    assert_eq!(written.text("ExtendedStatistic"), Some("p99.9"));
    assert_eq!(written.get("Statistic"), None);
    assert_eq!(written.get("Period"), Some(&Tree::Whole(300)));
    assert_eq!(written.get("Threshold"), Some(&Tree::Real(0.5)));
}

#[test]
fn a_rewritten_alarm_is_evaluated_once_per_period() {
    let mut world = world(1.0);
    for _ in 0..3 {
        world.put_alarm(&busy("1")).expect("it is accepted");
    }
    world.record(&requests(), 1.0, 100.0);
    until(&mut world, 61.0);
    assert_eq!(calls(&world), 1);
}

#[test]
fn an_alarm_on_an_expression_watches_its_result() {
    let mut world = world(1.0);
    let stored = |id: &str, name: &str| {
        let metric = tree(&[("Namespace", "n"), ("MetricName", name)]);
        let stat = tree(&[("Period", "60"), ("Stat", "Sum")]).with("Metric", metric);
        tree(&[("Id", id), ("ReturnData", "false")]).with("MetricStat", stat)
    };
    let rate = tree(&[
        ("Id", "rate"),
        ("Expression", "100 * FILL(errors, 0) / requests"),
        ("ReturnData", "true"),
    ]);
    let alarm = tree(&[
        ("AlarmName", "errors"),
        ("EvaluationPeriods", "1"),
        ("Threshold", "5"),
        ("ComparisonOperator", "GreaterThanOrEqualToThreshold"),
        ("TreatMissingData", "notBreaching"),
    ])
    .with(
        "Metrics",
        Tree::list([stored("errors", "e"), stored("requests", "r"), rate]),
    );
    world.put_alarm(&alarm).expect("it is accepted");
    world.record(&Metric::new("n", "r", []), 1.0, 100.0);
    until(&mut world, 61.0);
    assert_eq!(state(&world, "errors"), State::Ok);
    world.record(&Metric::new("n", "r", []), 1.0, 100.0);
    world.record(&Metric::new("n", "e", []), 1.0, 5.0);
    until(&mut world, 121.0);
    assert_eq!(state(&world, "errors"), State::Alarm);
}

#[test]
fn a_percentile_of_few_samples_is_ignored_where_asked() {
    let mut world = world(1.0);
    let alarm = |name: &str, few: &str| {
        tree(&[
            ("AlarmName", name),
            ("Namespace", "n"),
            ("MetricName", "time"),
            ("ExtendedStatistic", "p99"),
            ("Period", "60"),
            ("EvaluationPeriods", "1"),
            ("Threshold", "1"),
            ("ComparisonOperator", "GreaterThanThreshold"),
            ("EvaluateLowSampleCountPercentile", few),
        ])
    };
    world
        .put_alarm(&alarm("ignoring", "ignore"))
        .expect("it is accepted");
    world
        .put_alarm(&alarm("believing", "evaluate"))
        .expect("it is accepted");
    // Of the 99th percentile, fewer than 10 / (1 - 0.99) = 1000 samples are few.
    world.record(&Metric::new("n", "time", []), 2.0, 999.0);
    until(&mut world, 61.0);
    assert_eq!(state(&world, "ignoring"), State::InsufficientData);
    assert_eq!(state(&world, "believing"), State::Alarm);
}

#[test]
fn an_alarm_that_only_called_on_a_policy_goes_with_it() {
    let mut world = world(1.0);
    world
        .put_alarm(&busy("1").with("OKActions", Tree::texts([POLICY])))
        .expect("it is accepted");
    assert_eq!(
        world.alarms_of(POLICY),
        [(
            "busy".to_owned(),
            "arn:aws:cloudwatch:us-east-1:000000000000:alarm:busy".to_owned()
        )]
    );
    world.forget_policy(POLICY);
    assert_eq!(
        world
            .watch
            .alarm("busy")
            .expect("the topic is still called on")
            .actions
            .alarm,
        [TOPIC]
    );
    world.forget_policy(TOPIC);
    assert_eq!(world.watch.alarm("busy"), None);
}

#[test]
fn what_is_wrong_with_an_alarm_is_said() {
    let mut world = world(1.0);
    let with = |member: &str, value: Tree| {
        let Tree::Map(mut members) = busy("3") else {
            panic!("a map")
        };
        members.retain(|(name, _)| name != member);
        Tree::Map(members).with(member, value)
    };
    let table = [
        (
            with("Period", "45".into()),
            "ValidationError",
            "Period must be 10, 20, 30",
        ),
        (
            with("DatapointsToAlarm", "4".into()),
            "ValidationError",
            "DatapointsToAlarm",
        ),
        (
            with("EvaluationPeriods", "1441".into()),
            "ValidationError",
            "one day",
        ),
        (with("Threshold", "".into()), "ValidationError", "Threshold"),
        (
            with("ComparisonOperator", "GreaterThanUpperThreshold".into()),
            "ValidationError",
            "anomaly detection",
        ),
        (
            with("TreatMissingData", "zero".into()),
            "ValidationError",
            "TreatMissingData",
        ),
        (
            with("ExtendedStatistic", "p99".into()),
            "InvalidParameterCombination",
            "Exactly one of Statistic",
        ),
        (
            with("AlarmActions", Tree::texts([TOPIC; 6])),
            "ValidationError",
            "AlarmActions",
        ),
        (
            with("OKActions", Tree::texts(["page me"])),
            "ValidationError",
            "Invalid arn syntax",
        ),
        (with("AlarmName", "".into()), "ValidationError", "AlarmName"),
        (
            with("Metrics", Tree::list([tree(&[("Id", "a")])])),
            "InvalidParameterCombination",
            "Metrics",
        ),
        (
            with("EvaluateLowSampleCountPercentile", "ignore".into()),
            "InvalidParameterCombination",
            "percentile only",
        ),
    ];
    for (alarm, code, wanted) in table {
        let refused = world.put_alarm(&alarm).expect_err(wanted);
        assert_eq!(refused.code, code, "{}", refused.message);
        assert!(refused.message.contains(wanted), "{}", refused.message);
    }
    assert_eq!(world.watch.alarms().count(), 0);
}

#[test]
fn deleting_names_those_that_do_not_exist_and_deletes_the_others() {
    let mut world = world(1.0);
    world.put_alarm(&busy("1")).expect("it is accepted");
    let refused = world
        .delete_alarms(&["busy".to_owned(), "gone".to_owned()])
        .expect_err("one does not exist");
    assert_eq!((refused.status, &*refused.code), (404, "ResourceNotFound"));
    assert!(refused.message.ends_with(": gone"));
    assert_eq!(world.watch.alarm("busy"), None);
    // Its timer rings for nobody.
    until(&mut world, 61.0);
}
