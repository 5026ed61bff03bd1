//! What must hold after every single change, whoever makes it and whatever came before.

use crate::model::estate::{Estate, Group, TargetGroup};
use crate::model::fleet;
use crate::model::ids::TargetGroupName;
use crate::model::obligation;
use crate::model::policy::Want;
use crate::model::routing::{Condition, Rule};
use crate::model::rule_tag::RuleTag;
use crate::model::tags;

/// What was there before us and is not ours: it stays byte for byte as it was.
pub(super) struct Guard {
    rules: Vec<Rule>,
    groups: Vec<Group>,
    target_groups: Vec<TargetGroup>,
}

impl Guard {
    pub(super) fn new(estate: &Estate) -> Self {
        let serves = |name: &TargetGroupName| {
            estate
                .rules_naming(name)
                .any(|rule| rule.weight_of(name).is_some_and(|weight| weight > 0))
        };
        let strange = |tags: &tags::Tags| !tags::owned_by(tags, &estate.app);
        Self {
            rules: estate
                .rules()
                .filter(|rule| !is_for_us(rule, estate))
                .cloned()
                .collect(),
            // What is live may become ours; what nothing leads to may not.
            groups: estate
                .groups
                .iter()
                .filter(|group| strange(&group.tags) && !group.target_groups.iter().any(serves))
                .map(unpeopled)
                .collect(),
            target_groups: estate
                .target_groups
                .iter()
                .filter(|tg| tg.generation.is_none() || (strange(&tg.tags) && !serves(&tg.name)))
                .map(unregistered)
                .collect(),
        }
    }

    /// What is wrong after a change.
    /// `one_at_a_time`: production may be stopped, if that is written down, and no two generations may ever run.
    pub(super) fn faults(
        &self,
        before: &Estate,
        after: &Estate,
        want: Want,
        one_at_a_time: bool,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        let stopped: Vec<&TargetGroupName> = after
            .groups
            .iter()
            .filter(|group| one_at_a_time && obligation::size_before(&group.tags).is_some())
            .flat_map(|group| &group.target_groups)
            .collect();
        unhealthy_routes(after, &stopped, &mut faults);
        new_shares(before, after, want, &mut faults);
        shrunk(before, after, &stopped, &mut faults);
        if one_at_a_time {
            several_run(after, &mut faults);
        }
        impossible_sizes(after, &mut faults);
        self.touched(after, &mut faults);
        faults
    }

    fn touched(&self, after: &Estate, faults: &mut Vec<String>) {
        for was in &self.rules {
            if after.rule(&was.arn) != Some(was) {
                faults.push(format!("a rule that is not ours changed: {}", was.at()));
            }
        }
        for was in &self.groups {
            if after.group(&was.name).map(unpeopled).as_ref() != Some(was) {
                faults.push(format!("a group that is not ours changed: {}", was.name));
            }
        }
        for was in &self.target_groups {
            if after.target_group(&was.name).map(unregistered).as_ref() != Some(was) {
                faults.push(format!("a target group that is not ours changed: {}", was.name));
            }
        }
    }
}

fn is_for_us(rule: &Rule, estate: &Estate) -> bool {
    let leads_to_us = rule.action.shares().iter().any(|share| {
        estate
            .target_group(&share.target_group)
            .is_some_and(|tg| tg.generation.is_some())
    });
    let is_door = rule
        .conditions
        .iter()
        .any(|condition| matches!(condition, Condition::Header { name, .. } if name == "x-client-mode"));
    leads_to_us || is_door || tags::owned_by(&rule.tags, &estate.app)
}

/// Instances come and go by themselves.
fn unpeopled(group: &Group) -> Group {
    Group {
        instances: Vec::new(),
        ..group.clone()
    }
}

fn unregistered(target_group: &TargetGroup) -> TargetGroup {
    TargetGroup {
        targets: Vec::new(),
        ..target_group.clone()
    }
}

/// Nobody guesses the header of the lock and of the entrance.
fn is_hidden(rule: &Rule, estate: &Estate) -> bool {
    RuleTag::by(&estate.app, rule).is_some_and(RuleTag::is_hidden)
}

fn healthy(estate: &Estate, target_group: &TargetGroup) -> u32 {
    estate
        .groups
        .iter()
        .filter(|group| group.target_groups.contains(&target_group.name))
        .map(|group| fleet::healthy_capacity(group, target_group))
        .sum()
}

/// Each target group that a rule gives weight has at least what is wanted of its group's size.
fn check_shares(rule: &Rule, estate: &Estate, want: Want, faults: &mut Vec<String>) {
    for share in rule.action.shares().iter().filter(|share| share.weight > 0) {
        let Some(tg) = estate.target_group(&share.target_group) else {
            faults.push(format!("{} forwards to a target group that is gone", rule.at()));
            continue;
        };
        let wanted: u32 = estate
            .groups
            .iter()
            .filter(|group| group.target_groups.contains(&tg.name))
            .map(|group| want.of(group.size.desired))
            .sum();
        let healthy = healthy(estate, tg);
        if tg.generation.is_some() && healthy < wanted.max(1) {
            faults.push(format!(
                "{} forwards to {}, where {healthy} of {wanted} are healthy",
                rule.at(),
                tg.name
            ));
        }
    }
}

/// Production is always served.
fn unhealthy_routes(estate: &Estate, stopped: &[&TargetGroupName], faults: &mut Vec<String>) {
    for rule in estate.rules() {
        if rule
            .action
            .only_target()
            .is_some_and(|name| stopped.contains(&name))
        {
            continue;
        }
        let has_header = |condition: &Condition| matches!(condition, Condition::Header { .. });
        if !rule.conditions.iter().any(has_header) {
            check_shares(rule, estate, Want::Count(1), faults);
        }
    }
}

/// Nothing that a request can find is pointed where too few answer, doors included.
fn new_shares(before: &Estate, after: &Estate, want: Want, faults: &mut Vec<String>) {
    for rule in after.rules().filter(|rule| !is_hidden(rule, after)) {
        let was = before.rule(&rule.arn).map(|was| &was.action);
        if was != Some(&rule.action) {
            check_shares(rule, after, want, faults);
        }
    }
}

/// What traffic can reach is neither shrunk nor deleted.
fn shrunk(before: &Estate, after: &Estate, stopped: &[&TargetGroupName], faults: &mut Vec<String>) {
    for was in &before.groups {
        let now = after.group(&was.name);
        if now.is_some_and(|now| now.size.desired >= was.size.desired) {
            continue;
        }
        for tg in was.target_groups.iter().filter(|tg| !stopped.contains(tg)) {
            for rule in after.rules_naming(tg) {
                let reachable = rule.weight_of(tg).is_some_and(|weight| weight > 0);
                // Behind a hidden rule a group may wait small; it may not be taken away.
                if reachable && (now.is_none() || !is_hidden(rule, after)) {
                    faults.push(format!("{} shrank though {} leads to it", was.name, rule.at()));
                }
            }
        }
    }
}

/// What must not run twice does not.
fn several_run(estate: &Estate, faults: &mut Vec<String>) {
    let running: Vec<String> = estate
        .groups
        .iter()
        .filter(|group| group.generation.is_some() && !group.instances.is_empty())
        .map(|group| group.name.to_string())
        .collect();
    if running.len() > 1 {
        faults.push(format!("{} run at the same time", running.join(" and ")));
    }
}

/// AWS would refuse these, or change a number we did not name.
fn impossible_sizes(estate: &Estate, faults: &mut Vec<String>) {
    for group in &estate.groups {
        let size = group.size;
        if size.min > size.desired || size.desired > size.max {
            faults.push(format!("{} has a size that cannot be: {size}", group.name));
        }
    }
}
