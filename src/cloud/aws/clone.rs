//! The clone: a described group becomes the request that creates the next generation's.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::operation::create_auto_scaling_group::builders::CreateAutoScalingGroupInputBuilder;
use aws_sdk_autoscaling::types::{
    AutoScalingGroup, LifecycleHook, LifecycleHookSpecification, Tag, TagDescription, TrafficSourceIdentifier,
};

use super::Aws;
use super::groups::tags;
use super::pin::{Start, started_at};
use super::settings::{difference, settings};
use crate::cloud::{CloudError, Versions};
use crate::model::estate::Estate;
use crate::model::ids::Arn;
use crate::model::step::NewGroup;
use crate::model::tags;

/// The name of the role that every account has for Auto Scaling; groups get it without asking.
const DEFAULT_ROLE: &str = "AWSServiceRoleForAutoScaling";

impl Aws {
    pub(super) async fn create_group(
        &self,
        estate: &Estate,
        new: &NewGroup,
        versions: &Versions,
    ) -> Result<(), CloudError> {
        // Looked for first: an emulator accepts a name twice, and says nothing.
        if self.is_created(new).await? {
            return Ok(());
        }
        let target_group = estate
            .target_group(&new.target_group)
            .map(|tg| tg.arn.clone())
            .ok_or_else(|| CloudError::NotFound {
                what: format!("target group {}", new.target_group),
            })?;
        let (original, hooks) = self.as_planned(new).await?;
        let hooks = hooks
            .iter()
            .map(super::attachments::hooks::specification)
            .collect();
        let created = request(&original, new, &target_group, versions, hooks)?
            .send_with(&self.asg)
            .await
            .map_err(|e| self.error("CreateAutoScalingGroup", e));
        match created {
            // A retried call may have met what its first try made.
            Err(CloudError::AlreadyExists { .. }) if self.is_created(new).await? => Ok(()),
            other => other.map(drop),
        }
    }

    /// The original with its hooks, if both are what the plan saw.
    pub(super) async fn as_planned(
        &self,
        new: &NewGroup,
    ) -> Result<(AutoScalingGroup, Vec<LifecycleHook>), CloudError> {
        let (original, hooks) = tokio::join!(self.existing_group(&new.copy_of), self.hooks_of(&new.copy_of));
        let (original, hooks) = (original?, hooks?);
        if let Some((member, expected, found)) = difference(&new.settings, &settings(&original)) {
            return Err(CloudError::Changed {
                what: format!("{member} of {}", new.copy_of),
                expected,
                found,
            });
        }
        let planned: BTreeSet<&str> = new.hooks.iter().map(String::as_str).collect();
        let there: BTreeSet<&str> = hooks
            .iter()
            .filter_map(|hook| hook.lifecycle_hook_name())
            .collect();
        if planned != there {
            let list = |names: &BTreeSet<&str>| Vec::from_iter(names.iter().copied()).join(", ");
            return Err(CloudError::Changed {
                what: format!("lifecycle hooks of {}", new.copy_of),
                expected: list(&planned),
                found: list(&there),
            });
        }
        Ok((original, hooks))
    }

    /// Whether the group is there and is the one wanted; another one by its name is an error.
    async fn is_created(&self, new: &NewGroup) -> Result<bool, CloudError> {
        let Some(raw) = self.describe_group(&new.group).await? else {
            return Ok(false);
        };
        if raw.status().is_some_and(|status| !status.is_empty()) {
            return Err(CloudError::InUse {
                what: format!("{}, which is being deleted,", new.group),
            });
        }
        let there = tags(&raw);
        let same = |key| there.contains_key(key) && there.get(key) == new.tags.get(key);
        if same(tags::APP) && same(tags::GENERATION) {
            Ok(true)
        } else {
            Err(CloudError::AlreadyExists {
                what: format!("another Auto Scaling group {}", new.group),
            })
        }
    }
}

/// The request that makes the clone. Which member goes where is `model::clone::GROUP`.
fn request(
    original: &AutoScalingGroup,
    new: &NewGroup,
    target_group: &Arn,
    versions: &Versions,
    hooks: Vec<LifecycleHookSpecification>,
) -> Result<CreateAutoScalingGroupInputBuilder, CloudError> {
    let Start { template, policy } = started_at(original, versions)?;
    let (target_group_arns, traffic_sources) = traffic(original, target_group);
    let subnets = set(&original.vpc_zone_identifier);
    let zones = some(&original.availability_zones).filter(|_| subnets.is_none());
    let count = |value: u32| Some(i32::try_from(value).unwrap_or(i32::MAX));
    let create =
        aws_sdk_autoscaling::operation::create_auto_scaling_group::CreateAutoScalingGroupInput::builder()
            .auto_scaling_group_name(new.group.as_str())
            .set_launch_template(template)
            .set_mixed_instances_policy(policy)
            .set_min_size(count(new.size.min))
            .set_max_size(count(new.size.max))
            .set_desired_capacity(count(new.size.desired))
            .set_default_cooldown(original.default_cooldown)
            .set_availability_zones(zones)
            .set_vpc_zone_identifier(subnets)
            .set_target_group_arns(target_group_arns)
            .set_traffic_sources(traffic_sources)
            .set_health_check_type(set(&original.health_check_type))
            .set_health_check_grace_period(original.health_check_grace_period)
            .set_placement_group(set(&original.placement_group))
            .set_termination_policies(some(&original.termination_policies))
            .set_new_instances_protected_from_scale_in(original.new_instances_protected_from_scale_in)
            .set_service_linked_role_arn(custom_role(original))
            .set_max_instance_lifetime(original.max_instance_lifetime)
            .set_capacity_rebalance(original.capacity_rebalance)
            .set_context(set(&original.context))
            .set_desired_capacity_type(set(&original.desired_capacity_type))
            .set_default_instance_warmup(original.default_instance_warmup)
            .set_instance_maintenance_policy(original.instance_maintenance_policy.clone())
            .set_deletion_protection(original.deletion_protection.clone())
            .set_availability_zone_distribution(original.availability_zone_distribution.clone())
            .set_availability_zone_impairment_policy(original.availability_zone_impairment_policy.clone())
            .set_capacity_reservation_specification(original.capacity_reservation_specification.clone())
            .set_instance_lifecycle_policy(original.instance_lifecycle_policy.clone())
            .set_tags(Some(tags_of_clone(original, new)))
            .set_lifecycle_hook_specification_list((!hooks.is_empty()).then_some(hooks));
    Ok(create)
}

/// The target group under the member that the original used for its own.
fn traffic(
    original: &AutoScalingGroup,
    target_group: &Arn,
) -> (Option<Vec<String>>, Option<Vec<TrafficSourceIdentifier>>) {
    if original.target_group_arns().is_empty() && !original.traffic_sources().is_empty() {
        let source = TrafficSourceIdentifier::builder()
            .identifier(target_group.as_str())
            .r#type("elbv2")
            .build();
        (None, Some(vec![source]))
    } else {
        (Some(vec![target_group.as_str().to_owned()]), None)
    }
}

/// The original's tags as far as they are the owner's, and this generation's own.
pub(super) fn tags_of_clone(original: &AutoScalingGroup, new: &NewGroup) -> Vec<Tag> {
    let build = |key: &str, value: &str, propagate: bool| {
        Tag::builder()
            .resource_id(new.group.as_str())
            .resource_type("auto-scaling-group")
            .key(key)
            .value(value)
            .propagate_at_launch(propagate)
            .build()
    };
    let propagates = |tag: &TagDescription| tag.propagate_at_launch().unwrap_or(false);
    let kept = original.tags().iter().filter_map(|tag| {
        let key = tag.key()?;
        let reserved = key.starts_with("aws:") || key.starts_with(tags::PREFIX);
        // A name tag that says which group it is must not say so of another one.
        let value = match tag.value().unwrap_or_default() {
            name if name == new.copy_of.as_str() => new.group.as_str(),
            other => other,
        };
        (!reserved && !new.tags.contains_key(key)).then(|| build(key, value, propagates(tag)))
    });
    let own = new.tags.iter().map(|(key, value)| {
        // A tag the owner already propagates to instances goes on doing so with its new value.
        let propagate = original
            .tags()
            .iter()
            .any(|tag| tag.key() == Some(key) && !key.starts_with(tags::PREFIX) && propagates(tag));
        build(key, value, propagate)
    });
    kept.chain(own).collect()
}

/// A service-linked role of the owner's own. Naming the default one would only need another right.
pub(super) fn custom_role(original: &AutoScalingGroup) -> Option<String> {
    set(&original.service_linked_role_arn).filter(|arn| arn.rsplit('/').next() != Some(DEFAULT_ROLE))
}

/// The API describes what is not set as an empty text at times, and refuses it when it is sent.
pub(super) fn set(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

pub(super) fn some(list: &Option<Vec<String>>) -> Option<Vec<String>> {
    list.clone().filter(|list| !list.is_empty())
}

#[cfg(test)]
#[path = "clone_tests.rs"]
mod tests;
