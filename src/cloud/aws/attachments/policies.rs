//! Scaling policies of all four types, copied whole with their labels and dimensions swapped.

use aws_sdk_autoscaling::operation::put_scaling_policy::PutScalingPolicyInput;
use aws_sdk_autoscaling::operation::put_scaling_policy::builders::PutScalingPolicyInputBuilder;
use aws_sdk_autoscaling::types::{
    CustomizedMetricSpecification, MetricDataQuery, PredictiveScalingConfiguration,
    PredictiveScalingMetricSpecification, ScalingPolicy, TargetTrackingConfiguration,
};

use super::swap::Swap;
use crate::cloud::CloudError;
use crate::cloud::aws::Aws;
use crate::model::estate::{Attachment, AttachmentKind};
use crate::model::ids::GroupName;

impl Aws {
    pub(in crate::cloud::aws) async fn policies_of(
        &self,
        group: &GroupName,
    ) -> Result<Vec<ScalingPolicy>, CloudError> {
        self.asg
            .describe_policies()
            .auto_scaling_group_name(group.as_str())
            .max_records(100)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| self.error("DescribePolicies", error))
    }

    pub(super) async fn copy_policies(&self, swap: &Swap) -> Result<(), CloudError> {
        for policy in self.policies_of(&swap.from).await? {
            put(&policy, swap)
                .send_with(&self.asg)
                .await
                .map_err(|e| self.error("PutScalingPolicy", e))?;
        }
        Ok(())
    }
}

/// Whether alarms of the owner's drive the policy. Those of the other types belong to Auto Scaling.
pub(in crate::cloud::aws) fn is_driven_by_alarms(policy: &ScalingPolicy) -> bool {
    matches!(policy.policy_type(), None | Some("SimpleScaling" | "StepScaling"))
}

pub(in crate::cloud::aws) fn attachment(policy: &ScalingPolicy) -> Attachment {
    let mut detail = match (
        policy.target_tracking_configuration(),
        policy.predictive_scaling_configuration(),
    ) {
        (Some(tracking), _) => tracking_line(tracking),
        (None, Some(predictive)) if !is_driven_by_alarms(policy) => predictive_line(predictive),
        _ => adjustment_line(policy),
    };
    if policy.enabled() == Some(false) {
        detail.push_str(", disabled");
    }
    Attachment {
        kind: AttachmentKind::Policy,
        name: policy.policy_name().unwrap_or_default().to_owned(),
        detail,
        stays: None,
    }
}

fn tracking_line(tracking: &TargetTrackingConfiguration) -> String {
    let metric = if let Some(predefined) = tracking.predefined_metric_specification() {
        predefined
            .predefined_metric_type()
            .map_or("a predefined metric", |kind| kind.as_str())
    } else {
        tracking
            .customized_metric_specification()
            .and_then(|metric| metric.metric_name())
            .unwrap_or("a metric expression")
    };
    let scale_in = if tracking.disable_scale_in() == Some(true) {
        ", never scales in"
    } else {
        ""
    };
    format!(
        "target tracking {metric} at {}{scale_in}",
        tracking.target_value().unwrap_or_default()
    )
}

fn predictive_line(predictive: &PredictiveScalingConfiguration) -> String {
    let metrics: Vec<String> = predictive
        .metric_specifications()
        .iter()
        .map(|metric| {
            let name = metric
                .predefined_metric_pair_specification()
                .and_then(|pair| pair.predefined_metric_type())
                .map(|kind| kind.as_str())
                .or(metric
                    .predefined_scaling_metric_specification()
                    .and_then(|scaling| scaling.predefined_metric_type())
                    .map(|kind| kind.as_str()))
                .unwrap_or("a metric of its own");
            format!("{name} at {}", metric.target_value().unwrap_or_default())
        })
        .collect();
    let mode = predictive.mode().map_or("ForecastOnly", |mode| mode.as_str());
    format!("predictive scaling {}, {mode}", metrics.join(" and "))
}

fn adjustment_line(policy: &ScalingPolicy) -> String {
    let kind = policy.adjustment_type().unwrap_or("adjustment");
    if policy.policy_type() == Some("StepScaling") {
        let steps: Vec<String> = policy
            .step_adjustments()
            .iter()
            .map(|step| {
                let bound = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
                format!(
                    "{:+} in {}..{}",
                    step.scaling_adjustment().unwrap_or_default(),
                    bound(step.metric_interval_lower_bound()),
                    bound(step.metric_interval_upper_bound())
                )
            })
            .collect();
        format!("step scaling {kind} {}", steps.join(", "))
    } else {
        let by = policy.scaling_adjustment().unwrap_or_default();
        format!("simple scaling {kind} {by:+}")
    }
}

/// The request that gives the clone this policy.
fn put(policy: &ScalingPolicy, swap: &Swap) -> PutScalingPolicyInputBuilder {
    let mut tracking = policy.target_tracking_configuration.clone();
    if let Some(tracking) = &mut tracking {
        swap_tracking(tracking, swap);
    }
    // An emulator describes an empty one for every policy, and then refuses it.
    let mut predictive = policy
        .predictive_scaling_configuration
        .clone()
        .filter(|predictive| !predictive.metric_specifications().is_empty());
    for metric in predictive
        .iter_mut()
        .flat_map(|predictive| predictive.metric_specifications.iter_mut().flatten())
    {
        swap_predictive(metric, swap);
    }
    PutScalingPolicyInput::builder()
        .auto_scaling_group_name(swap.to.as_str())
        .set_policy_name(policy.policy_name.clone())
        .set_policy_type(policy.policy_type.clone())
        .set_adjustment_type(policy.adjustment_type.clone())
        .set_min_adjustment_step(policy.min_adjustment_step)
        .set_min_adjustment_magnitude(policy.min_adjustment_magnitude)
        .set_scaling_adjustment(policy.scaling_adjustment)
        .set_cooldown(policy.cooldown)
        .set_metric_aggregation_type(policy.metric_aggregation_type.clone())
        // Described as an empty list for the types that have no steps.
        .set_step_adjustments(policy.step_adjustments.clone().filter(|all| !all.is_empty()))
        .set_estimated_instance_warmup(policy.estimated_instance_warmup)
        .set_target_tracking_configuration(tracking)
        .set_enabled(policy.enabled)
        .set_predictive_scaling_configuration(predictive)
}

fn swap_tracking(tracking: &mut TargetTrackingConfiguration, swap: &Swap) {
    if let Some(predefined) = &mut tracking.predefined_metric_specification {
        swap.label(&mut predefined.resource_label);
    }
    if let Some(CustomizedMetricSpecification {
        dimensions, metrics, ..
    }) = &mut tracking.customized_metric_specification
    {
        swap.dimensions(dimensions);
        for query in metrics.iter_mut().flatten() {
            swap.expression(&mut query.expression);
            if let Some(metric) = query.metric_stat.as_mut().and_then(|stat| stat.metric.as_mut()) {
                swap.dimensions(&mut metric.dimensions);
            }
        }
    }
}

fn swap_predictive(metric: &mut PredictiveScalingMetricSpecification, swap: &Swap) {
    if let Some(pair) = &mut metric.predefined_metric_pair_specification {
        swap.label(&mut pair.resource_label);
    }
    if let Some(scaling) = &mut metric.predefined_scaling_metric_specification {
        swap.label(&mut scaling.resource_label);
    }
    if let Some(load) = &mut metric.predefined_load_metric_specification {
        swap.label(&mut load.resource_label);
    }
    if let Some(scaling) = &mut metric.customized_scaling_metric_specification {
        swap_queries(&mut scaling.metric_data_queries, swap);
    }
    if let Some(load) = &mut metric.customized_load_metric_specification {
        swap_queries(&mut load.metric_data_queries, swap);
    }
    if let Some(capacity) = &mut metric.customized_capacity_metric_specification {
        swap_queries(&mut capacity.metric_data_queries, swap);
    }
}

fn swap_queries(queries: &mut Option<Vec<MetricDataQuery>>, swap: &Swap) {
    for query in queries.iter_mut().flatten() {
        swap.expression(&mut query.expression);
        if let Some(metric) = query.metric_stat.as_mut().and_then(|stat| stat.metric.as_mut()) {
            swap.dimensions(&mut metric.dimensions);
        }
    }
}

#[cfg(test)]
#[path = "policies_tests.rs"]
mod tests;
