//! Auto Scaling: whatever changes a group is checked on the group, and what it starts instances from on the caller.

use std::collections::BTreeSet;

use super::{Needed, launch, read, tags_in, with_request_tags};
use crate::lab::permission::Question;
use crate::lab::tree::Tree;
use crate::lab::world::World;

const SERVICE: &str = "autoscaling";
const PRINCIPAL: &str = "autoscaling.amazonaws.com";

pub(super) fn needed(world: &World, operation: &str, input: &Tree) -> Option<Vec<Needed>> {
    let on = |group: &str| on_group(world, operation, group);
    let named = || on(input.text("AutoScalingGroupName").unwrap_or("*"));
    Some(match operation {
        "CreateAutoScalingGroup" | "UpdateAutoScalingGroup" => {
            let question = with_request_tags(named(), &tags_in(input, "Tags"));
            let question = match launch::versions_are_given(input) {
                Some(given) => question.with("autoscaling:LaunchTemplateVersionSpecified", given.to_string()),
                None => question,
            };
            let hooks = input.items("LifecycleHookSpecificationList").iter();
            let roles = hooks
                .filter_map(|hook| hook.text("RoleARN"))
                .chain(input.text("ServiceLinkedRoleARN"));
            let mut needed: Vec<Needed> = vec![question.into()];
            needed.extend(roles.filter(|role| !role.is_empty()).map(passed));
            needed.extend(launch::needed(world, input));
            needed
        }
        "DeleteAutoScalingGroup" => {
            let force = input.flag("ForceDelete").ok().flatten().unwrap_or_default();
            vec![named().with("autoscaling:ForceDelete", force.to_string()).into()]
        }
        "CreateOrUpdateTags" | "DeleteTags" => {
            let tags = input.items("Tags");
            let owners: BTreeSet<&str> = tags.iter().filter_map(|tag| tag.text("ResourceId")).collect();
            let question = |owner: &str| {
                let of_it = tags.iter().filter(|tag| tag.text("ResourceId") == Some(owner));
                let pairs: Vec<(&str, &str)> = of_it
                    .filter_map(|tag| Some((tag.text("Key")?, tag.text("Value").unwrap_or_default())))
                    .collect();
                with_request_tags(on(owner), &pairs).into()
            };
            owners.into_iter().map(question).collect()
        }
        "PutLifecycleHook" => {
            let mut needed: Vec<Needed> = vec![named().into()];
            needed.extend(input.text("RoleARN").map(passed));
            needed
        }
        "StartInstanceRefresh" => {
            let mut needed: Vec<Needed> = vec![named().into()];
            let wanted = input.get("DesiredConfiguration");
            needed.extend(
                wanted
                    .into_iter()
                    .flat_map(|wanted| launch::needed(world, wanted)),
            );
            needed
        }
        "AttachLoadBalancerTargetGroups"
        | "BatchPutScheduledUpdateGroupAction"
        | "CancelInstanceRefresh"
        | "RollbackInstanceRefresh"
        | "DeleteWarmPool"
        | "DetachLoadBalancerTargetGroups"
        | "DetachTrafficSources"
        | "EnableMetricsCollection"
        | "PutNotificationConfiguration"
        | "PutScalingPolicy"
        | "PutScheduledUpdateGroupAction"
        | "PutWarmPool"
        | "ResumeProcesses"
        | "SetDesiredCapacity"
        | "SetInstanceProtection"
        | "SuspendProcesses" => vec![named().into()],
        other => return read(SERVICE, other),
    })
}

/// A role that Auto Scaling is to take on.
fn passed(role: &str) -> Needed {
    Question::new("iam:PassRole", role)
        .with("iam:PassedToService", PRINCIPAL)
        .into()
}

/// A group that does not exist yet has no identifier and no tags.
fn on_group(world: &World, operation: &str, name: &str) -> Question {
    let group = world.scaling.groups.get(name);
    let arn = group.map_or_else(
        || {
            format!(
                "arn:aws:autoscaling:{}:{}:autoScalingGroup:*:autoScalingGroupName/{name}",
                world.settings.region, world.settings.account
            )
        },
        |group| group.arn.clone(),
    );
    let tags = group.into_iter().flat_map(|group| group.tags.values());
    tags.fold(
        Question::new(format!("{SERVICE}:{operation}"), arn),
        |question, tag| {
            question
                .with(&format!("aws:ResourceTag/{}", tag.key), tag.value.as_str())
                .with(
                    &format!("autoscaling:ResourceTag/{}", tag.key),
                    tag.value.as_str(),
                )
        },
    )
}
