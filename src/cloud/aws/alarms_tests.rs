//! Copies of alarms, member by member of the SDK's own types.

use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, Metric, MetricDataQuery, MetricStat, StandardUnit, Statistic,
};

use super::super::attachments::swap::example;
use super::super::members::members;
use super::*;

const FROM: &str = "arn:aws:autoscaling:eu-west-1:1:scalingPolicy:x:autoScalingGroupName/asg-1:policyName/up";
const TO: &str = "arn:aws:autoscaling:eu-west-1:1:scalingPolicy:y:autoScalingGroupName/asg-2:policyName/up";
const TOPIC: &str = "arn:aws:sns:eu-west-1:1:ops";

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

fn alarm() -> MetricAlarm {
    MetricAlarm::builder()
        .alarm_name("asg-1-cpu-high")
        .alarm_arn("arn:alarm")
        .alarm_description("busy")
        .actions_enabled(true)
        .alarm_actions(FROM)
        .alarm_actions(TOPIC)
        .ok_actions(TOPIC)
        .metric_name("CPUUtilization")
        .namespace("AWS/EC2")
        .statistic(Statistic::Average)
        .dimensions(dimension("AutoScalingGroupName", "asg-1"))
        .period(60)
        .unit(StandardUnit::Percent)
        .evaluation_periods(3)
        .datapoints_to_alarm(2)
        .threshold(70.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .treat_missing_data("notBreaching")
        .build()
}

fn copied(alarm: &MetricAlarm) -> PutMetricAlarmInput {
    let arns = BTreeMap::from([(FROM.to_owned(), TO.to_owned())]);
    put(alarm, &example(), &arns).build().expect("a request")
}

#[test]
fn every_member_a_put_takes_is_one_that_is_described() {
    let described = members(&MetricAlarm::builder().build());
    let put = members(&PutMetricAlarmInput::builder().build().expect("empty"));
    let only_put: Vec<&String> = put.keys().filter(|name| !described.contains_key(*name)).collect();
    assert_eq!(only_put, ["tags"]);
    let only_described: Vec<&str> = described
        .keys()
        .filter(|name| !put.contains_key(*name))
        .map(String::as_str)
        .collect();
    // A member beyond these is new: decide whether `put` carries it.
    assert_eq!(
        only_described,
        [
            "alarm_arn",
            "alarm_configuration_updated_timestamp",
            "evaluation_state",
            "state_reason",
            "state_reason_data",
            "state_transitioned_timestamp",
            "state_updated_timestamp",
            "state_value",
        ]
    );
    assert_eq!(put.len(), 27, "a new member: carry it in `put`");
}

#[test]
fn a_copy_drives_the_clones_policy_and_watches_the_clone() {
    let alarm = alarm();
    let copy = copied(&alarm);
    assert_eq!(copy.alarm_name(), Some("asg-2-cpu-high"));
    assert_eq!(copy.alarm_actions(), [TO, TOPIC]);
    assert_eq!(copy.ok_actions(), [TOPIC]);
    assert_eq!(copy.dimensions(), [dimension("AutoScalingGroupName", "asg-2")]);
    let changed = ["alarm_name", "alarm_actions", "dimensions", "tags"];
    let (from, to) = (members(&alarm), members(&copy));
    for (name, text) in to.iter().filter(|(name, _)| !changed.contains(&name.as_str())) {
        assert_eq!(Some(text), from.get(name), "{name}");
    }
}

#[test]
fn a_copys_arn_follows_from_the_originals() {
    let mut alarm = alarm();
    alarm.alarm_arn = Some("arn:aws:cloudwatch:eu-west-1:1:alarm:asg-1-cpu-high".into());
    assert_eq!(
        copy_arn(&alarm, &example()),
        "arn:aws:cloudwatch:eu-west-1:1:alarm:asg-2-cpu-high"
    );
}

#[test]
fn an_alarm_on_an_expression_is_copied_without_empty_dimensions() {
    let mut alarm = alarm();
    alarm.dimensions = Some(Vec::new());
    alarm.metrics = Some(vec![
        MetricDataQuery::builder()
            .id("requests")
            .metric_stat(
                MetricStat::builder()
                    .metric(
                        Metric::builder()
                            .dimensions(dimension("TargetGroup", "targetgroup/tg-1/aaa"))
                            .build(),
                    )
                    .build(),
            )
            .build(),
    ]);
    let copy = copied(&alarm);
    assert!(copy.dimensions.is_none());
    let metric = copy.metrics()[0]
        .metric_stat()
        .and_then(|stat| stat.metric())
        .expect("a metric");
    assert_eq!(
        metric.dimensions(),
        [dimension("TargetGroup", "targetgroup/tg-2/bbb")]
    );
}

#[test]
fn only_an_alarm_that_drives_nothing_else_goes_with_the_group() {
    let alarm = alarm();
    assert!(drives_only(&alarm, &BTreeSet::from([FROM])));
    assert!(!drives_only(&alarm, &BTreeSet::from([TO])));
    let mut none = alarm;
    none.alarm_actions = Some(vec![TOPIC.to_owned()]);
    assert!(!drives_only(&none, &BTreeSet::from([FROM])));
}

#[test]
fn an_alarm_reads_as_what_it_waits_for() {
    let alarms = Alarms {
        metric: BTreeMap::from([("a".to_owned(), alarm())]),
        composite: BTreeSet::from(["b".to_owned()]),
    };
    assert_eq!(
        attachment("a", &alarms).detail,
        "Average CPUUtilization > 70 in 2 of 3 periods"
    );
    assert!(attachment("b", &alarms).stays.is_some());
    assert!(attachment("c", &alarms).stays.is_some());
}
