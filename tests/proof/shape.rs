//! What an estate is to those who use and own it, as lines that can be compared: no times, no identifiers.

use std::collections::BTreeMap;

use swingbridge::model::ab::Taking;
use swingbridge::model::estate::{Estate, TargetState};
use swingbridge::model::obligation::owed;
use swingbridge::model::shift::Reached;
use swingbridge::model::standing::State;
use swingbridge::model::tags;

/// Tags that hold a time, or the number of a plan.
const OF_THE_MOMENT: &[&str] = &[tags::STATE, tags::CREATED_AT, tags::PLAN, tags::STAGE, tags::TEST];

pub(crate) type Shape = Vec<String>;

/// Whether instances are on their way in or out.
pub(crate) fn is_in_motion(estate: &Estate) -> bool {
    let mut instances = estate.groups.iter().flat_map(|group| &group.instances);
    let mut targets = estate.target_groups.iter().flat_map(|group| &group.targets);
    instances.any(|instance| instance.lifecycle != "InService")
        || targets.any(|target| matches!(target.state, TargetState::Initial | TargetState::Draining))
}

pub(crate) fn shape(estate: &Estate) -> Shape {
    let mut lines: Vec<String> = estate
        .rules()
        .map(|rule| {
            format!(
                "{} → {} {:?} {:?}",
                rule.at(),
                rule.action,
                rule.also,
                lasting(&rule.tags)
            )
        })
        .collect();
    for group in &estate.groups {
        let suspended: Vec<&String> = group.suspended.keys().collect();
        let attached: Vec<String> = group
            .attachments
            .iter()
            .map(|one| format!("{:?} {}", one.kind, one.name))
            .collect();
        lines.push(format!(
            "{} {} {suspended:?} {attached:?} owes {:?} {:?} {:?}",
            group.name,
            group.size,
            owed(&group.tags),
            group
                .launch
                .uses()
                .iter()
                .map(|one| &one.version)
                .collect::<Vec<_>>(),
            lasting(&group.tags),
        ));
    }
    for group in &estate.target_groups {
        lines.push(format!(
            "{} {:?} {:?} {:?} {:?} {:?} with {} healthy",
            group.name,
            State::of(&group.tags),
            Reached::of(&group.tags).map(|reached| (reached.stage, reached.weight, reached.held)),
            Taking::of(&group.tags).map(|taking| (taking.weight, taking.won)),
            group.attributes,
            lasting(&group.tags),
            group
                .targets
                .iter()
                .filter(|target| target.state == TargetState::Healthy)
                .count(),
        ));
    }
    lines.sort();
    lines
}

fn lasting(all: &tags::Tags) -> BTreeMap<&String, &String> {
    all.iter()
        .filter(|(key, _)| !OF_THE_MOMENT.contains(&key.as_str()))
        .collect()
}

/// What is in one and not in the other.
pub(crate) fn differences(wanted: &Shape, found: &Shape) -> Vec<String> {
    let missing = wanted
        .iter()
        .filter(|line| !found.contains(line))
        .map(|line| format!("- {line}"));
    let more = found
        .iter()
        .filter(|line| !wanted.contains(line))
        .map(|line| format!("+ {line}"));
    missing.chain(more).collect()
}
