//! Alarms that drive simple and step policies: read, made again for a clone, and removed with it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::types::ScalingPolicy;
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::put_metric_alarm::PutMetricAlarmInput;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmInputBuilder;
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm, Tag};

use super::Aws;
use super::attachments::policies::is_driven_by_alarms;
use super::attachments::swap::Swap;
use crate::cloud::CloudError;
use crate::model::clone::alarm_name;
use crate::model::estate::{Attachment, AttachmentKind};
use crate::model::ids::GroupName;
use crate::model::tags;

/// The most alarms one call may name.
const PER_CALL: usize = 100;

/// Alarms by name: those that can be made again, and the names of those made of other alarms.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    metric: BTreeMap<String, MetricAlarm>,
    composite: BTreeSet<String>,
}

impl Aws {
    pub(super) async fn alarms_named(&self, names: &BTreeSet<String>) -> Result<Alarms, CloudError> {
        let names: Vec<String> = names.iter().cloned().collect();
        let mut alarms = Alarms::default();
        for page in self.described_alarms(&names).await? {
            for alarm in page.metric_alarms.unwrap_or_default() {
                if let Some(name) = &alarm.alarm_name {
                    alarms.metric.insert(name.clone(), alarm);
                }
            }
            alarms.composite.extend(
                page.composite_alarms
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|alarm| alarm.alarm_name),
            );
        }
        Ok(alarms)
    }

    /// Every page about these alarms, of either kind.
    pub(super) async fn described_alarms(
        &self,
        names: &[String],
    ) -> Result<Vec<DescribeAlarmsOutput>, CloudError> {
        let mut pages = Vec::new();
        for some in names.chunks(PER_CALL) {
            let mut found = self
                .cw
                .describe_alarms()
                .set_alarm_names(Some(some.to_vec()))
                // Unless asked for, composite ones are left out without a word.
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .max_records(100)
                .into_paginator()
                .send();
            while let Some(page) = found.next().await {
                pages.push(page.map_err(|error| self.error("DescribeAlarms", error))?);
            }
        }
        Ok(pages)
    }

    pub(super) async fn copy_alarms(&self, app: &str, swap: &Swap) -> Result<(), CloudError> {
        let (originals, copies) = tokio::join!(self.policies_of(&swap.from), self.policies_of(&swap.to));
        let (originals, copies) = (originals?, copies?);
        let mut arns = BTreeMap::new();
        for policy in originals.iter().filter(|policy| is_driven_by_alarms(policy)) {
            let copy = copies
                .iter()
                .find(|copy| copy.policy_name == policy.policy_name)
                .ok_or_else(|| CloudError::NotFound {
                    what: format!(
                        "scaling policy {} on {}",
                        policy.policy_name().unwrap_or_default(),
                        swap.to
                    ),
                })?;
            if let (Some(from), Some(to)) = (&policy.policy_arn, &copy.policy_arn) {
                arns.insert(from.clone(), to.clone());
            }
        }
        let alarms = self.alarms_named(&names(&originals)).await?;
        for alarm in alarms.metric.values() {
            // With its tags from its first moment, or nothing would prove it ours if we were stopped here.
            put(alarm, swap, &arns)
                .set_tags(Some(marks(app, &swap.to)))
                .send_with(&self.cw)
                .await
                .map_err(|e| self.error("PutMetricAlarm", e))?;
            // Once more, as a put leaves the tags of an alarm that is there as they are.
            self.cw
                .tag_resource()
                .resource_arn(copy_arn(alarm, swap))
                .set_tags(Some(marks(app, &swap.to)))
                .send()
                .await
                .map_err(|e| self.error("TagResource", e))?;
        }
        Ok(())
    }

    /// Removes the alarms that were copied for a group. AWS does so by itself for alarms that are left
    /// without any action, but not for those that also tell somebody.
    pub(super) async fn delete_copied_alarms(&self, app: &str, group: &GroupName) -> Result<(), CloudError> {
        let policies = self.policies_of(group).await?;
        let own: BTreeSet<&str> = policies.iter().filter_map(|policy| policy.policy_arn()).collect();
        let alarms = self.alarms_named(&names(&policies)).await?;
        let mut copied = Vec::new();
        for alarm in alarms.metric.values().filter(|alarm| drives_only(alarm, &own)) {
            if self.is_copied(app, group, alarm).await? {
                copied.extend(alarm.alarm_name.clone());
            }
        }
        for some in copied.chunks(PER_CALL) {
            self.cw
                .delete_alarms()
                .set_alarm_names(Some(some.to_vec()))
                .send()
                .await
                .map_err(|e| self.error("DeleteAlarms", e))?;
        }
        Ok(())
    }

    /// Whether an alarm carries the tags that it was copied with.
    async fn is_copied(&self, app: &str, group: &GroupName, alarm: &MetricAlarm) -> Result<bool, CloudError> {
        let Some(arn) = alarm.alarm_arn() else {
            return Ok(false);
        };
        let answer = self
            .cw
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await
            .map_err(|e| self.error("ListTagsForResource", e));
        let found = match answer {
            Ok(found) => found.tags.unwrap_or_default(),
            // What cannot be proven ours is left where it is; that is no reason to keep the group.
            Err(error @ (CloudError::Denied { .. } | CloudError::Rejected { .. })) => {
                tracing::warn!(%arn, %error, "left an alarm whose tags cannot be read");
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        Ok(marks(app, group).iter().all(|mark| found.contains(mark)))
    }
}

/// The alarms of policies that the owner's alarms drive.
pub(super) fn names(policies: &[ScalingPolicy]) -> BTreeSet<String> {
    policies
        .iter()
        .filter(|policy| is_driven_by_alarms(policy))
        .flat_map(|policy| policy.alarms())
        .filter_map(|alarm| alarm.alarm_name().map(str::to_owned))
        .collect()
}

pub(super) fn attachment(name: &str, alarms: &Alarms) -> Attachment {
    let (detail, stays) = match alarms.metric.get(name) {
        Some(alarm) => (line(alarm), None),
        None if alarms.composite.contains(name) => (
            "made of other alarms".to_owned(),
            Some("a composite alarm watches alarms that are not the group's".to_owned()),
        ),
        None => (
            "not a metric alarm".to_owned(),
            Some("it is gone, or of a kind that cannot be copied".to_owned()),
        ),
    };
    Attachment {
        kind: AttachmentKind::Alarm,
        name: name.to_owned(),
        detail,
        stays,
    }
}

fn line(alarm: &MetricAlarm) -> String {
    let statistic = alarm
        .extended_statistic()
        .or(alarm.statistic().map(|one| one.as_str()))
        .unwrap_or_default();
    let compared = match alarm.comparison_operator().map(|one| one.as_str()) {
        Some("GreaterThanThreshold") => ">",
        Some("GreaterThanOrEqualToThreshold") => "≥",
        Some("LessThanThreshold") => "<",
        Some("LessThanOrEqualToThreshold") => "≤",
        Some(other) => other,
        None => "against",
    };
    let metric = alarm.metric_name().unwrap_or("a metric expression");
    let bound = alarm
        .threshold()
        .map_or("its band".to_owned(), |bound| bound.to_string());
    let periods = alarm.evaluation_periods().unwrap_or(1);
    let wanted = alarm.datapoints_to_alarm().unwrap_or(periods);
    format!("{statistic} {metric} {compared} {bound} in {wanted} of {periods} periods")
        .trim_start()
        .to_owned()
}

/// Whether every policy that an alarm drives is one of these.
fn drives_only(alarm: &MetricAlarm, policies: &BTreeSet<&str>) -> bool {
    let mut driven = alarm
        .alarm_actions()
        .iter()
        .chain(alarm.ok_actions())
        .chain(alarm.insufficient_data_actions())
        .filter(|action| action.contains(":scalingPolicy:"))
        .peekable();
    driven.peek().is_some() && driven.all(|action| policies.contains(action.as_str()))
}

fn copy_name(alarm: &MetricAlarm, swap: &Swap) -> String {
    alarm_name(
        alarm.alarm_name().unwrap_or_default(),
        swap.from.as_str(),
        swap.to.as_str(),
    )
}

/// A put answers with nothing; an alarm's arn differs from another's in the name at its end only.
fn copy_arn(alarm: &MetricAlarm, swap: &Swap) -> String {
    let arn = alarm.alarm_arn().unwrap_or_default();
    let place = arn
        .strip_suffix(alarm.alarm_name().unwrap_or_default())
        .unwrap_or(arn);
    format!("{place}{}", copy_name(alarm, swap))
}

/// The tags that prove an alarm to be a copy of ours.
fn marks(app: &str, group: &GroupName) -> Vec<Tag> {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    vec![tag(tags::APP, app), tag(tags::GROUP, group.as_str())]
}

/// The request that makes the clone's own alarm of this one.
fn put(alarm: &MetricAlarm, swap: &Swap, policies: &BTreeMap<String, String>) -> PutMetricAlarmInputBuilder {
    let actions = |all: &Option<Vec<String>>| {
        all.as_ref().map(|all| {
            all.iter()
                // The policy of a third group stays with the original, or it would be driven twice.
                .filter(|action| policies.contains_key(*action) || !action.contains(":scalingPolicy:"))
                .map(|action| policies.get(action).unwrap_or(action).clone())
                .collect()
        })
    };
    let mut dimensions = alarm.dimensions.clone().filter(|all| !all.is_empty());
    for one in dimensions.iter_mut().flatten() {
        swap.dimension(one.name.as_deref(), &mut one.value);
    }
    let mut metrics = alarm.metrics.clone().filter(|all| !all.is_empty());
    for query in metrics.iter_mut().flatten() {
        swap.expression(&mut query.expression);
        let metric = query.metric_stat.as_mut().and_then(|stat| stat.metric.as_mut());
        for one in metric
            .into_iter()
            .flat_map(|metric| metric.dimensions.iter_mut().flatten())
        {
            swap.dimension(one.name.as_deref(), &mut one.value);
        }
    }
    PutMetricAlarmInput::builder()
        .alarm_name(copy_name(alarm, swap))
        .set_alarm_description(alarm.alarm_description.clone())
        .set_actions_enabled(alarm.actions_enabled)
        .set_ok_actions(actions(&alarm.ok_actions))
        .set_alarm_actions(actions(&alarm.alarm_actions))
        .set_insufficient_data_actions(actions(&alarm.insufficient_data_actions))
        .set_metric_name(alarm.metric_name.clone())
        .set_namespace(alarm.namespace.clone())
        .set_statistic(alarm.statistic.clone())
        .set_extended_statistic(alarm.extended_statistic.clone())
        .set_dimensions(dimensions)
        .set_period(alarm.period)
        .set_unit(alarm.unit.clone())
        .set_evaluation_periods(alarm.evaluation_periods)
        .set_datapoints_to_alarm(alarm.datapoints_to_alarm)
        .set_threshold(alarm.threshold)
        .set_comparison_operator(alarm.comparison_operator.clone())
        .set_treat_missing_data(alarm.treat_missing_data.clone())
        .set_evaluate_low_sample_count_percentile(alarm.evaluate_low_sample_count_percentile.clone())
        .set_metrics(metrics)
        .set_threshold_metric_id(alarm.threshold_metric_id.clone())
        .set_evaluation_window(alarm.evaluation_window.clone())
        .set_warm_up_configuration(alarm.warm_up_configuration.clone())
        .set_evaluation_criteria(alarm.evaluation_criteria.clone())
        .set_evaluation_interval(alarm.evaluation_interval)
        .set_action_configuration(alarm.action_configuration.clone())
}

#[cfg(test)]
#[path = "alarms_tests.rs"]
mod tests;
