//! The Auto Scaling groups of an audit, and what hangs on them.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::AutoScalingGroup;

use super::audit::{Facts, Group, TargetGroup, plain};

pub(super) async fn look(
    client: &Client,
    prefix: &str,
    targets: &BTreeMap<String, TargetGroup>,
) -> BTreeMap<String, Group> {
    let pages = client
        .describe_auto_scaling_groups()
        .into_paginator()
        .items()
        .send();
    let all: Vec<_> = pages.try_collect().await.expect("groups");
    let mut named = BTreeMap::new();
    for found in all {
        let name = found.auto_scaling_group_name().expect("a name").to_owned();
        if let Some(short) = plain(&name, prefix) {
            let mut group = group(found, targets);
            attach(client, &name, &mut group).await;
            named.insert(short, group);
        }
    }
    named
}

fn group(mut found: AutoScalingGroup, targets: &BTreeMap<String, TargetGroup>) -> Group {
    let arns = found.target_group_arns.take().unwrap_or_default();
    let short = |arn: &String| {
        let mut named = targets.iter().filter(|(_, group)| group.arn == *arn);
        named.next().map_or_else(|| arn.clone(), |(name, _)| name.clone())
    };
    let template = found.launch_template.take();
    let template = template.map(|it| {
        format!(
            "{}@{}",
            it.launch_template_name.unwrap_or_default(),
            it.version.unwrap_or_default()
        )
    });
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let metrics = found.enabled_metrics.take().unwrap_or_default();
    let suspended = found.suspended_processes.take().unwrap_or_default();
    let tags = found.tags.take().unwrap_or_default();
    let number = |taken: Option<i32>| taken.unwrap_or_default();
    let mut group = Group {
        target_groups: arns.iter().map(short).collect(),
        launch_template: template.unwrap_or_default(),
        size: (
            number(found.min_size.take()),
            number(found.desired_capacity.take()),
            number(found.max_size.take()),
        ),
        metrics: sorted(metrics.into_iter().filter_map(|it| it.metric).collect()),
        suspended: sorted(suspended.into_iter().filter_map(|it| it.process_name).collect()),
        tags: tags
            .into_iter()
            .map(|tag| {
                let value = (
                    tag.value.unwrap_or_default(),
                    tag.propagate_at_launch.unwrap_or_default(),
                );
                (tag.key.unwrap_or_default(), value)
            })
            .collect(),
        ..Group::default()
    };
    let mut fact = |name: &str, value: String| group.fields.insert(name.to_owned(), value);
    fact("cooldown", format!("{:?}", found.default_cooldown.take()));
    fact("grace", format!("{:?}", found.health_check_grace_period.take()));
    fact("health", format!("{:?}", found.health_check_type.take()));
    fact("subnets", format!("{:?}", found.vpc_zone_identifier.take()));
    fact("termination", format!("{:?}", found.termination_policies.take()));
    fact("rebalance", format!("{:?}", found.capacity_rebalance.take()));
    // Who it is, and what changes by itself.
    found.auto_scaling_group_name = None;
    found.auto_scaling_group_arn = None;
    found.created_time = None;
    found.instances = None;
    found.traffic_sources = None;
    found.predicted_capacity = None;
    fact("the rest", format!("{found:?}"));
    group
}

/// Each with the names of the group and of itself taken out, so that a copy can equal its original.
async fn attach(client: &Client, name: &str, group: &mut Group) {
    let asked = client.describe_policies().auto_scaling_group_name(name).send();
    for mut policy in asked
        .await
        .expect("policies")
        .scaling_policies
        .unwrap_or_default()
    {
        policy.auto_scaling_group_name = None;
        policy.policy_arn = None;
        policy.alarms = None;
        keep(&mut group.policies, policy.policy_name.take(), &policy);
    }
    let asked = client
        .describe_scheduled_actions()
        .auto_scaling_group_name(name)
        .send();
    let found = asked.await.expect("schedules").scheduled_update_group_actions;
    for mut schedule in found.unwrap_or_default() {
        schedule.auto_scaling_group_name = None;
        schedule.scheduled_action_arn = None;
        keep(
            &mut group.schedules,
            schedule.scheduled_action_name.take(),
            &schedule,
        );
    }
    let asked = client
        .describe_lifecycle_hooks()
        .auto_scaling_group_name(name)
        .send();
    for mut hook in asked.await.expect("hooks").lifecycle_hooks.unwrap_or_default() {
        hook.auto_scaling_group_name = None;
        keep(&mut group.hooks, hook.lifecycle_hook_name.take(), &hook);
    }
    let asked = client
        .describe_notification_configurations()
        .auto_scaling_group_names(name)
        .send();
    let found = asked.await.expect("notifications").notification_configurations;
    for mut notification in found.unwrap_or_default() {
        notification.auto_scaling_group_name = None;
        group.notifications.push(format!("{notification:?}"));
    }
    group.notifications.sort();
}

fn keep(facts: &mut Facts, name: Option<String>, what: &impl std::fmt::Debug) {
    facts.insert(name.expect("a name"), format!("{what:?}"));
}
