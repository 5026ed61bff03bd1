//! What a group is told to be: creation and update, with the bounds of min, max and desired.

use std::collections::BTreeMap;

use super::group::Group;
use super::hooks::Hook;
use super::limits;
use super::source::Source;
use super::tags::GroupTag;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

/// What creation and update have in common; what is not given stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub source: Option<Source>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub desired: Option<i64>,
    pub default_cooldown: Option<i64>,
    pub default_warmup: Option<i64>,
    pub zones: Option<Vec<String>>,
    pub subnets: Option<Vec<String>>,
    pub health_check_type: Option<String>,
    pub grace: Option<i64>,
    pub termination_policies: Option<Vec<String>>,
    pub protects_new: Option<bool>,
    pub deletion_protection: Option<String>,
    pub kept: BTreeMap<String, Tree>,
}

/// What can be given with creation only.
#[derive(Clone, Debug, Default)]
pub struct Additions {
    pub target_groups: Vec<String>,
    pub traffic_sources: Vec<String>,
    pub hooks: Vec<Hook>,
    pub tags: Vec<GroupTag>,
}

pub const TERMINATION_POLICIES: &[&str] = &[
    "AllocationStrategy",
    "ClosestToNextInstanceHour",
    "Default",
    "NewestInstance",
    "OldestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
];

impl World {
    pub fn create_group(&mut self, name: &str, change: Change, additions: Additions) -> Result<(), Refused> {
        check_name(name)?;
        if self.scaling.groups.contains_key(name) {
            let message = format!(
                "AutoScalingGroup by this name already exists - A group with the name {name} already exists"
            );
            return Err(Refused::new("AlreadyExists", message));
        }
        if self.scaling.groups.len() >= limits::GROUPS {
            let message = format!(
                "you already have {} Auto Scaling groups, which is the limit",
                limits::GROUPS
            );
            return Err(Refused::new("LimitExceeded", message));
        }
        let source = change.source.clone().ok_or_else(|| {
            Refused::invalid(
                "Valid requests must contain either LaunchTemplate or MixedInstancesPolicy parameter.",
            )
        })?;
        let arn = format!(
            "arn:aws:autoscaling:{}:{}:autoScalingGroup:{}:autoScalingGroupName/{name}",
            self.settings.region,
            self.settings.account,
            self.ids.uuid()
        );
        let mut group = Group::new(name, arn, self.clock(), source);
        let wanted = change.desired;
        self.apply(
            &mut group,
            Change {
                desired: None,
                ..change
            },
        )?;
        group.desired = wanted.unwrap_or(group.min);
        check_bounds(&group)?;
        if group.zones.is_empty() && group.subnets.is_empty() {
            return Err(Refused::invalid(
                "At least one Availability Zone or VPC Subnet is required.",
            ));
        }
        for hook in additions.hooks {
            group.hooks.insert(hook.name.clone(), hook);
        }
        for tag in additions.tags {
            group.tags.insert(tag.key.clone(), tag);
        }
        if group.tags.len() > limits::TAGS {
            return Err(Refused::new(
                "LimitExceeded",
                format!("a group may have {} tags", limits::TAGS),
            ));
        }
        self.attach_at_creation(&mut group, &additions.target_groups, &additions.traffic_sources)?;
        group.reason = Some(format!(
            "At {} a user request created an AutoScalingGroup changing the desired capacity from 0 to {}.",
            self.stamp(),
            group.desired
        ));
        self.tell(
            "group",
            format!(
                "{name}: created, {} wanted ({} to {})",
                group.desired, group.min, group.max
            ),
        );
        self.scaling.groups.insert(name.to_owned(), group);
        self.look_at_group(name);
        Ok(())
    }

    pub fn update_group(&mut self, name: &str, change: Change) -> Result<(), Refused> {
        let before = self.scaling.group(name)?;
        if before.deleting {
            return Err(Refused::new(
                "ScalingActivityInProgress",
                format!("group {name} is being deleted"),
            ));
        }
        let was = before.desired;
        let mut group = before.clone();
        self.apply(&mut group, change)?;
        check_bounds(&group)?;
        if group.desired != was {
            group.reason = Some(format!(
                "At {} a user request update of AutoScalingGroup constraints to min: {}, max: {}, desired: {} changing the desired capacity from {was} to {}.",
                self.stamp(),
                group.min,
                group.max,
                group.desired,
                group.desired
            ));
            self.tell(
                "group",
                format!("{name}: desired capacity {was} to {}", group.desired),
            );
        }
        // Patience after failed launches was with the old settings.
        group.retry_at = None;
        self.scaling.groups.insert(name.to_owned(), group);
        self.look_at_group(name);
        Ok(())
    }

    fn apply(&self, group: &mut Group, change: Change) -> Result<(), Refused> {
        for (name, seconds) in [
            ("DefaultCooldown", change.default_cooldown),
            ("HealthCheckGracePeriod", change.grace),
            ("MinSize", change.min),
            ("MaxSize", change.max),
            ("DesiredCapacity", change.desired),
        ] {
            if let Some(seconds) = seconds.filter(|seconds| *seconds < 0) {
                return Err(Refused::invalid(format!(
                    "{name} is {seconds}; it must not be negative"
                )));
            }
        }
        group.source = change.source.unwrap_or_else(|| group.source.clone());
        group.min = change.min.unwrap_or(group.min);
        group.max = change.max.unwrap_or(group.max);
        if group.max < group.min {
            return Err(Refused::invalid(format!(
                "Max bound, {}, must be greater than or equal to min bound, {}",
                group.max, group.min
            )));
        }
        // A bound that passes the desired capacity drags it along; one that is asked for is checked instead.
        group.desired = change
            .desired
            .unwrap_or_else(|| group.desired.clamp(group.min, group.max));
        group.default_cooldown = change.default_cooldown.unwrap_or(group.default_cooldown);
        // −1 takes the default warmup away again.
        group.default_warmup = change
            .default_warmup
            .or(group.default_warmup)
            .filter(|seconds| *seconds >= 0);
        group.grace = change.grace.unwrap_or(group.grace);
        group.protects_new = change.protects_new.unwrap_or(group.protects_new);
        if let Some(zones) = change.zones {
            group.zones = zones;
        }
        if let Some(subnets) = change.subnets {
            let mut zones = Vec::new();
            for subnet in &subnets {
                let zone = self
                    .subnet_zone(subnet)
                    .map_err(|refused| Refused::invalid(refused.message))?;
                if !zones.contains(&zone) {
                    zones.push(zone);
                }
            }
            group.subnets = subnets;
            group.zones = zones;
        } else if group.subnets.is_empty() {
            for zone in &group.zones {
                self.default_subnet(zone)
                    .map_err(|refused| Refused::invalid(refused.message))?;
            }
        }
        if let Some(kinds) = change.health_check_type {
            for kind in kinds.split(',').map(str::trim) {
                if !["EC2", "EBS", "ELB", "VPC_LATTICE"].contains(&kind) {
                    return Err(Refused::invalid(format!(
                        "{kind} is not a health check type: EC2, EBS, ELB, VPC_LATTICE"
                    )));
                }
            }
            group.health_check_type = kinds;
        }
        if let Some(policies) = change.termination_policies {
            for policy in &policies {
                if !TERMINATION_POLICIES.contains(&policy.as_str()) {
                    return Err(Refused::invalid(format!(
                        "{policy} is not a termination policy that works here"
                    )));
                }
            }
            group.termination_policies = if policies.is_empty() {
                vec!["Default".to_owned()]
            } else {
                policies
            };
        }
        if let Some(protection) = change.deletion_protection {
            if !["none", "prevent-force-deletion", "prevent-all-deletion"].contains(&protection.as_str()) {
                return Err(Refused::invalid(format!(
                    "{protection} is not a DeletionProtection"
                )));
            }
            group.deletion_protection = protection;
        }
        group.kept.extend(change.kept);
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), Refused> {
    let fits = (1..=255).contains(&name.len())
        && name
            .bytes()
            .all(|byte| (33..=126).contains(&byte) && byte != b':');
    if fits {
        return Ok(());
    }
    Err(Refused::invalid(format!(
        "AutoScalingGroupName {name:?} must have 1 to 255 ASCII characters from 33 to 126, and no colon"
    )))
}

fn check_bounds(group: &Group) -> Result<(), Refused> {
    if (group.min..=group.max).contains(&group.desired) {
        return Ok(());
    }
    Err(Refused::invalid(format!(
        "Desired capacity:{} must be between the specified min size:{} and max size:{}",
        group.desired, group.min, group.max
    )))
}
