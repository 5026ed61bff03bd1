//! Traps in what was found: nothing here stops an adoption, each has burnt somebody.

use std::collections::BTreeMap;

use crate::model::estate::{Estate, Group, Launch, TargetGroup, TargetState};
use crate::model::ids::TargetGroupName;
use crate::model::routing::Rule;

pub(super) fn find(estate: &Estate, live: &TargetGroupName, group: &Group, routes: &[&Rule]) -> Vec<String> {
    let mut all = Vec::new();
    launch(group, &mut all);
    grace(group, &mut all);
    traffic(live, group, routes, &mut all);
    if let Some(tg) = estate.target_group(live) {
        target_group(tg, &mut all);
    }
    for gap in &estate.gaps {
        all.push(format!(
            "could not see the {} of {}: {}",
            gap.part, gap.about, gap.error
        ));
    }
    all
}

fn launch(group: &Group, all: &mut Vec<String>) {
    match &group.launch {
        Launch::Template { uses, .. } => {
            for floating in uses.iter().filter(|one| one.pinned().is_none()) {
                all.push(format!(
                    "{} starts from {} of launch template {}: a new version of it would reach live by itself; the \
                     first deploy pins it",
                    group.name, floating.version, floating.name
                ));
            }
        }
        Launch::Configuration { name } => all.push(format!(
            "{} starts from launch configuration {name}, which has no versions: give it a launch template before the \
             first deploy",
            group.name
        )),
        Launch::Unknown => {}
    }
    if let Some(operator) = &group.operator {
        all.push(format!(
            "{} is operated by {operator}, which refuses changes by others: deploys will be refused",
            group.name
        ));
    }
    if group.deleting {
        all.push(format!("{} is being deleted", group.name));
    }
    if let Some(refresh) = group.refreshing() {
        all.push(format!(
            "an instance refresh is running on {} ({}): wait until it has ended",
            group.name, refresh.status
        ));
    }
}

fn grace(group: &Group, all: &mut Vec<String>) {
    let setting = |key: &str| group.settings.get(key).map_or("", String::as_str);
    let by_load_balancer = setting("HealthCheckType").contains("ELB");
    if by_load_balancer && matches!(setting("HealthCheckGracePeriod"), "" | "0") {
        all.push(format!(
            "{} replaces instances by the load balancer's health check with no grace period: instances that boot \
             slowly are killed before they answer; set a grace period longer than the boot",
            group.name
        ));
    }
}

fn traffic(live: &TargetGroupName, group: &Group, routes: &[&Rule], all: &mut Vec<String>) {
    let others: Vec<&str> = group
        .target_groups
        .iter()
        .filter(|name| *name != live)
        .map(TargetGroupName::as_str)
        .chain(group.other_traffic.iter().map(String::as_str))
        .collect();
    if !others.is_empty() {
        all.push(format!(
            "{} also takes traffic from {}: a clone would join it at once, so deploys will be refused until it is \
             detached",
            group.name,
            others.join(", ")
        ));
    }
    for rule in routes {
        let shares = rule.action.shares();
        if shares.iter().filter(|share| share.weight > 0).count() > 1 {
            all.push(format!(
                "{} splits its requests ({}): give all its weight to {live}, or list the other routes under [[routes]]",
                rule.at(),
                rule.action
            ));
        }
        for also in rule.also.iter().filter(|also| also.contains("stickiness")) {
            all.push(format!(
                "{} has {also}: clients stay with a generation after a swing until their cookie ends",
                rule.at()
            ));
        }
    }
}

fn target_group(tg: &TargetGroup, all: &mut Vec<String>) {
    let is = |attributes: &BTreeMap<String, String>, key: &str, off: &[&str]| {
        attributes
            .get(key)
            .filter(|value| !off.contains(&value.as_str()))
            .cloned()
    };
    if is(&tg.attributes, "stickiness.enabled", &["false"]).is_some() {
        all.push(format!(
            "{} has sticky sessions: after a swing its clients get new targets, and weighted steps need stickiness on \
             the rule as well",
            tg.name
        ));
    }
    if let Some(seconds) = is(&tg.attributes, "slow_start.duration_seconds", &["0"]) {
        all.push(format!(
            "{} has slow start ({seconds} s), which does not apply to targets that join an empty target group: a \
             candidate takes its full share at once",
            tg.name
        ));
    }
    if !tg
        .targets
        .iter()
        .any(|target| target.state == TargetState::Healthy)
    {
        all.push(format!("{} has no healthy target", tg.name));
    }
}
