//! Copies of scaling policies of every type.

use aws_sdk_autoscaling::types::{
    Alarm, Metric, MetricDimension, MetricStat, MetricType, PredefinedLoadMetricType,
    PredefinedMetricPairType, PredefinedMetricSpecification, PredefinedScalingMetricType,
    PredictiveScalingCustomizedCapacityMetric, PredictiveScalingCustomizedLoadMetric,
    PredictiveScalingCustomizedScalingMetric, PredictiveScalingMode, PredictiveScalingPredefinedLoadMetric,
    PredictiveScalingPredefinedMetricPair, PredictiveScalingPredefinedScalingMetric, StepAdjustment,
    TargetTrackingMetricDataQuery, TargetTrackingMetricStat,
};

use super::super::swap::example;
use super::*;
use crate::cloud::aws::members::{members, unset};

const LABEL: &str = "app/lb/123/targetgroup/tg-1/aaa";
const SWAPPED: &str = "app/lb/123/targetgroup/tg-2/bbb";

fn on_group() -> Metric {
    Metric::builder()
        .metric_name("Load")
        .dimensions(
            MetricDimension::builder()
                .name("AutoScalingGroupName")
                .value("asg-1")
                .build(),
        )
        .build()
}

fn query() -> MetricDataQuery {
    MetricDataQuery::builder()
        .id("load")
        .expression("SEARCH('{Shop,AutoScalingGroupName} \"asg-1\"', 'Sum', 60)")
        .metric_stat(MetricStat::builder().metric(on_group()).stat("Sum").build())
        .build()
}

fn tracking() -> TargetTrackingConfiguration {
    TargetTrackingConfiguration::builder()
        .predefined_metric_specification(
            PredefinedMetricSpecification::builder()
                .predefined_metric_type(MetricType::AlbRequestCountPerTarget)
                .resource_label(LABEL)
                .build(),
        )
        .customized_metric_specification(
            CustomizedMetricSpecification::builder()
                .dimensions(
                    MetricDimension::builder()
                        .name("TargetGroup")
                        .value("targetgroup/tg-1/aaa")
                        .build(),
                )
                .metrics(
                    TargetTrackingMetricDataQuery::builder()
                        .id("m")
                        .metric_stat(TargetTrackingMetricStat::builder().metric(on_group()).build())
                        .build(),
                )
                .build(),
        )
        .target_value(1000.0)
        .disable_scale_in(true)
        .build()
}

fn predictive() -> PredictiveScalingConfiguration {
    PredictiveScalingConfiguration::builder()
        .metric_specifications(
            PredictiveScalingMetricSpecification::builder()
                .target_value(40.0)
                .predefined_metric_pair_specification(
                    PredictiveScalingPredefinedMetricPair::builder()
                        .predefined_metric_type(PredefinedMetricPairType::AlbRequestCount)
                        .resource_label(LABEL)
                        .build(),
                )
                .predefined_scaling_metric_specification(
                    PredictiveScalingPredefinedScalingMetric::builder()
                        .predefined_metric_type(PredefinedScalingMetricType::AlbRequestCountPerTarget)
                        .resource_label(LABEL)
                        .build(),
                )
                .predefined_load_metric_specification(
                    PredictiveScalingPredefinedLoadMetric::builder()
                        .predefined_metric_type(PredefinedLoadMetricType::AlbTargetGroupRequestCount)
                        .resource_label(LABEL)
                        .build(),
                )
                .customized_scaling_metric_specification(
                    PredictiveScalingCustomizedScalingMetric::builder()
                        .metric_data_queries(query())
                        .build(),
                )
                .customized_load_metric_specification(
                    PredictiveScalingCustomizedLoadMetric::builder()
                        .metric_data_queries(query())
                        .build(),
                )
                .customized_capacity_metric_specification(
                    PredictiveScalingCustomizedCapacityMetric::builder()
                        .metric_data_queries(query())
                        .build(),
                )
                .build(),
        )
        .mode(PredictiveScalingMode::ForecastAndScale)
        .build()
}

/// A policy with every member set, though no real one could have them all.
fn policy() -> ScalingPolicy {
    ScalingPolicy::builder()
        .auto_scaling_group_name("asg-1")
        .policy_name("p")
        .policy_arn("arn:p")
        .policy_type("StepScaling")
        .adjustment_type("ChangeInCapacity")
        .min_adjustment_step(1)
        .min_adjustment_magnitude(2)
        .scaling_adjustment(3)
        .cooldown(4)
        .step_adjustments(
            StepAdjustment::builder()
                .metric_interval_lower_bound(0.0)
                .scaling_adjustment(2)
                .build(),
        )
        .metric_aggregation_type("Average")
        .estimated_instance_warmup(5)
        .alarms(Alarm::builder().alarm_name("a").build())
        .target_tracking_configuration(tracking())
        .enabled(false)
        .predictive_scaling_configuration(predictive())
        .build()
}

fn copied() -> PutScalingPolicyInput {
    put(&policy(), &example()).build().expect("a request")
}

#[test]
fn every_member_of_a_policy_is_carried_but_its_arn_and_its_alarms() {
    assert_eq!(unset(&policy()), Vec::<String>::new());
    assert_eq!(unset(&copied()), Vec::<String>::new());
    let (from, to) = (members(&policy()), members(&copied()));
    let left: Vec<&str> = from
        .keys()
        .filter(|name| !to.contains_key(*name))
        .map(String::as_str)
        .collect();
    assert_eq!(left, ["alarms", "policy_arn"]);
    let swapped = [
        "auto_scaling_group_name",
        "target_tracking_configuration",
        "predictive_scaling_configuration",
    ];
    for (name, text) in to.iter().filter(|(name, _)| !swapped.contains(&name.as_str())) {
        assert_eq!(Some(text), from.get(name), "{name}");
    }
    assert_eq!(copied().auto_scaling_group_name(), Some("asg-2"));
}

#[test]
fn nothing_in_a_copy_names_the_original_and_nothing_else_is_different() {
    let copy = copied();
    let undo = |text: String| {
        text.replace(SWAPPED, LABEL)
            .replace("targetgroup/tg-2/bbb", "targetgroup/tg-1/aaa")
            .replace("asg-2", "asg-1")
    };
    let tracked = format!("{:?}", copy.target_tracking_configuration());
    assert!(
        !tracked.contains("asg-1") && !tracked.contains("tg-1"),
        "{tracked}"
    );
    assert_eq!(undo(tracked), format!("{:?}", Some(tracking())));
    let predicted = format!("{:?}", copy.predictive_scaling_configuration());
    assert!(
        !predicted.contains("asg-1") && !predicted.contains("tg-1"),
        "{predicted}"
    );
    assert_eq!(predicted.matches(SWAPPED).count(), 3);
    assert_eq!(undo(predicted), format!("{:?}", Some(predictive())));
}

#[test]
fn a_policy_reads_as_what_it_follows() {
    let with = |change: fn(&mut ScalingPolicy)| {
        let mut policy = policy();
        change(&mut policy);
        attachment(&policy).detail
    };
    assert_eq!(
        with(|_| ()),
        "target tracking ALBRequestCountPerTarget at 1000, never scales in, disabled"
    );
    assert_eq!(
        with(|policy| {
            policy.target_tracking_configuration = None;
            policy.policy_type = Some("PredictiveScaling".into());
        }),
        "predictive scaling ALBRequestCount at 40, ForecastAndScale, disabled"
    );
    let adjusting = |policy: &mut ScalingPolicy| {
        policy.target_tracking_configuration = None;
        policy.predictive_scaling_configuration = None;
        policy.enabled = Some(true);
    };
    let mut step = policy();
    adjusting(&mut step);
    assert_eq!(
        attachment(&step).detail,
        "step scaling ChangeInCapacity +2 in 0.."
    );
    step.policy_type = Some("SimpleScaling".into());
    assert_eq!(attachment(&step).detail, "simple scaling ChangeInCapacity +3");
}

#[test]
fn only_simple_and_step_policies_are_driven_by_the_owners_alarms() {
    let driven = |kind: &str| is_driven_by_alarms(&ScalingPolicy::builder().policy_type(kind).build());
    assert!(driven("SimpleScaling") && driven("StepScaling"));
    assert!(!driven("TargetTrackingScaling") && !driven("PredictiveScaling"));
}
