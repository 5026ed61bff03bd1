//! A group that stays: made its original's image while it is empty, put on a target group and taken off it.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::operation::update_auto_scaling_group::UpdateAutoScalingGroupInput;
use aws_sdk_autoscaling::operation::update_auto_scaling_group::builders::UpdateAutoScalingGroupInputBuilder;
use aws_sdk_autoscaling::types::{AutoScalingGroup, InstanceMaintenancePolicy, TrafficSourceIdentifier};

use super::Aws;
use super::clone::{custom_role, set, some, tags_of_clone};
use super::pin::{Start, started_at};
use crate::cloud::{CloudError, Versions};
use crate::model::estate::Estate;
use crate::model::ids::{Arn, GroupName};
use crate::model::step::NewGroup;
use crate::model::tags;

/// The most tags one call may change.
const TAGS_PER_CALL: usize = 25;
/// How the API takes a default warmup away.
const NO_WARMUP: i32 = -1;

impl Aws {
    pub(super) async fn reshape_group(
        &self,
        estate: &Estate,
        new: &NewGroup,
        versions: &Versions,
    ) -> Result<(), CloudError> {
        let (planned, found) = tokio::join!(self.as_planned(new), self.existing_group(&new.group));
        let ((original, _), found) = (planned?, found?);
        self.is_ours_and_empty(estate, &new.group, &found)?;
        request(&original, &found, new, versions)?
            .send_with(&self.asg)
            .await
            .map_err(|e| self.error("UpdateAutoScalingGroup", e))?;
        // What says whose it is comes later, when it is known that all this can be written.
        let owners: Vec<_> = tags_of_clone(&original, new)
            .into_iter()
            .filter(|tag| !tag.key().unwrap_or_default().starts_with(tags::PREFIX))
            .collect();
        for some in owners.chunks(TAGS_PER_CALL) {
            self.asg
                .create_or_update_tags()
                .set_tags(Some(some.to_vec()))
                .send()
                .await
                .map_err(|e| self.error("CreateOrUpdateTags", e))?;
        }
        Ok(())
    }

    pub(super) async fn stand_on(&self, group: &GroupName, target_group: &Arn) -> Result<(), CloudError> {
        self.asg
            .attach_load_balancer_target_groups()
            .auto_scaling_group_name(group.as_str())
            .target_group_arns(target_group.as_str())
            .send()
            .await
            .map_err(|e| self.error("AttachLoadBalancerTargetGroups", e))?;
        Ok(())
    }

    pub(super) async fn stand_down(&self, estate: &Estate, group: &GroupName) -> Result<(), CloudError> {
        let raw = self.existing_group(group).await?;
        self.is_ours_and_empty(estate, group, &raw)?;
        self.without_warm_pool(group, &raw).await?;
        let mut refused = None;
        // Each takes off what was put on in its own way, and AWS does not tell in which way it was.
        for sources in [false, true] {
            let now = self.existing_group(group).await?;
            let on = stands_on(&now);
            if on.is_empty() {
                return Ok(());
            }
            match self.detach(group, &on, sources).await {
                Ok(()) => return Ok(()),
                // A retried call may have met what its first try did.
                Err(error @ CloudError::Rejected { .. }) => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        let now = self.existing_group(group).await?;
        match refused {
            Some(error) if !stands_on(&now).is_empty() => Err(error),
            _ => Ok(()),
        }
    }

    async fn detach(&self, group: &GroupName, arns: &[String], sources: bool) -> Result<(), CloudError> {
        if sources {
            let source = |arn: &String| {
                let source = TrafficSourceIdentifier::builder();
                source.identifier(arn).r#type("elbv2").build()
            };
            let request = self.asg.detach_traffic_sources();
            let request = request.auto_scaling_group_name(group.as_str());
            let request = request.set_traffic_sources(Some(arns.iter().map(source).collect()));
            let detached = request.send().await;
            return detached
                .map(drop)
                .map_err(|e| self.error("DetachTrafficSources", e));
        }
        let request = self.asg.detach_load_balancer_target_groups();
        let request = request.auto_scaling_group_name(group.as_str());
        let detached = request.set_target_group_arns(Some(arns.to_vec())).send().await;
        detached
            .map(drop)
            .map_err(|e| self.error("DetachLoadBalancerTargetGroups", e))
    }
}

/// The target groups that a group is on, whichever way it was put there.
fn stands_on(raw: &AutoScalingGroup) -> Vec<String> {
    let sources = raw
        .traffic_sources()
        .iter()
        .filter(|source| matches!(source.r#type(), None | Some("elbv2")))
        .filter_map(|source| source.identifier());
    let all: BTreeSet<&str> = raw
        .target_group_arns()
        .iter()
        .map(String::as_str)
        .chain(sources)
        .collect();
    all.into_iter().map(str::to_owned).collect()
}

/// The request that makes a group its original's image, without any instance. What the original has not, and this one
/// has, is taken away where the API can take it away.
pub(super) fn request(
    original: &AutoScalingGroup,
    found: &AutoScalingGroup,
    new: &NewGroup,
    versions: &Versions,
) -> Result<UpdateAutoScalingGroupInputBuilder, CloudError> {
    let Start { template, policy } = started_at(original, versions)?;
    let subnets = set(&original.vpc_zone_identifier);
    let zones = some(&original.availability_zones).filter(|_| subnets.is_none());
    let or_none = |value: Option<i32>, there: Option<i32>, none: i32| value.or(there.map(|_| none));
    let placement =
        set(&original.placement_group).or_else(|| set(&found.placement_group).map(|_| String::new()));
    let maintenance = original.instance_maintenance_policy.clone().or_else(|| {
        found.instance_maintenance_policy.as_ref().map(|_| {
            InstanceMaintenancePolicy::builder()
                .min_healthy_percentage(-1)
                .max_healthy_percentage(-1)
                .build()
        })
    });
    let rebalance = original
        .capacity_rebalance
        .or_else(|| found.capacity_rebalance.map(|_| false));
    Ok(UpdateAutoScalingGroupInput::builder()
        .auto_scaling_group_name(new.group.as_str())
        .set_launch_template(template)
        .set_mixed_instances_policy(policy)
        .min_size(0)
        .max_size(0)
        .desired_capacity(0)
        .set_default_cooldown(original.default_cooldown)
        .set_availability_zones(zones)
        .set_vpc_zone_identifier(subnets)
        .set_health_check_type(set(&original.health_check_type))
        .set_health_check_grace_period(original.health_check_grace_period)
        .set_placement_group(placement)
        .set_termination_policies(some(&original.termination_policies))
        .set_new_instances_protected_from_scale_in(original.new_instances_protected_from_scale_in)
        .set_service_linked_role_arn(custom_role(original))
        .set_max_instance_lifetime(or_none(
            original.max_instance_lifetime,
            found.max_instance_lifetime,
            0,
        ))
        .set_capacity_rebalance(rebalance)
        .set_context(set(&original.context))
        .set_desired_capacity_type(set(&original.desired_capacity_type))
        .set_default_instance_warmup(or_none(
            original.default_instance_warmup,
            found.default_instance_warmup,
            NO_WARMUP,
        ))
        .set_instance_maintenance_policy(maintenance)
        .set_deletion_protection(original.deletion_protection.clone())
        .set_availability_zone_distribution(original.availability_zone_distribution.clone())
        .set_availability_zone_impairment_policy(original.availability_zone_impairment_policy.clone())
        .set_capacity_reservation_specification(original.capacity_reservation_specification.clone())
        .set_instance_lifecycle_policy(original.instance_lifecycle_policy.clone()))
}
