//! What a plan is decided on, fact by fact, so that a stale plan can say what has changed.

use std::collections::BTreeMap;

use super::Context;
use crate::model::ids::GroupName;
use crate::model::obligation;
use crate::model::plan::{Fingerprint, Intent, LIVE};
use crate::model::rollout::{Refresh, Rollout};
use crate::model::routing::Rule;
use crate::model::standing::Standing;
use crate::model::step::{Purpose, Step};

pub(super) fn of(context: &Context<'_>, intent: &Intent) -> Fingerprint {
    let mut facts = BTreeMap::new();
    let roles = &context.roles;
    facts.insert(LIVE.into(), standing(&roles.live));
    for (what, other) in [("candidate", &roles.candidate), ("previous", &roles.previous)] {
        if let Some(other) = other {
            facts.insert(what.into(), standing(other));
        }
    }
    for variant in &roles.variants {
        let name = variant.variant.as_deref().unwrap_or_default();
        facts.insert(
            format!("variant {name}, generation {}", variant.generation),
            standing(variant),
        );
    }
    for other in &roles.others {
        facts.insert(format!("generation {}", other.generation), standing(other));
    }
    let rules = roles
        .routes
        .iter()
        .map(|rule| (Purpose::Route, *rule))
        .chain(roles.blue_doors.iter().map(|rule| (Purpose::BlueDoor, *rule)))
        .chain(roles.green_doors.iter().map(|rule| (Purpose::GreenDoor, *rule)))
        .chain(roles.user_doors.iter().map(|rule| (Purpose::UserDoor, *rule)))
        .chain(roles.entrance.map(|rule| (Purpose::Entrance, rule)))
        .chain(roles.variant_rules.iter().map(|rule| (Purpose::Variant, *rule)))
        .chain(roles.beacons.iter().map(|rule| (Purpose::Beacon, *rule)));
    for (purpose, rule) in rules {
        facts.insert(format!("the {purpose} at {}", rule.at()), describe(purpose, rule));
    }
    for standing in std::iter::once(&roles.live)
        .chain(&roles.candidate)
        .chain(&roles.variants)
        .chain(&roles.previous)
    {
        let Some(group) = standing
            .group
            .as_ref()
            .and_then(|name| context.estate.group(name))
        else {
            continue;
        };
        let owed: Vec<String> = obligation::owed(&group.tags)
            .iter()
            .map(ToString::to_string)
            .collect();
        if !owed.is_empty() {
            facts.insert(owed_on(&group.name), owed.join(", "));
        }
        if let Some(rollout) = Rollout::of(&group.tags) {
            let end = rollout.refresh(group).and_then(Refresh::end);
            facts.insert(rollout_on(&group.name), format!("{}, {end:?}", rollout.released));
        }
    }
    if let Intent::Deploy { release } = intent
        && super::variant::beside(context, release).is_none()
    {
        original(context, &mut facts);
        if let Some((group, holds)) = super::pair::turn(context) {
            facts.insert(format!("what {group} holds"), holds);
        }
    }
    Fingerprint(facts)
}

fn standing(standing: &Standing) -> String {
    let name = |name: Option<String>| name.unwrap_or_else(|| "nothing".into());
    format!(
        "generation {} ({}, {}, {}, {})",
        standing.generation,
        name(standing.group.as_ref().map(ToString::to_string)),
        name(standing.target_group.as_ref().map(ToString::to_string)),
        standing.release.as_deref().unwrap_or("no release"),
        standing.state
    )
}

fn describe(purpose: Purpose, rule: &Rule) -> String {
    if purpose == Purpose::Entrance {
        // Its header value lets whoever reads it in.
        return rule.action.to_string();
    }
    let conditions: Vec<String> = rule.conditions.iter().map(ToString::to_string).collect();
    format!("{} → {} [{}]", conditions.join(" and "), rule.action, rule.keeps)
}

/// What the clone is made from.
fn original(context: &Context<'_>, facts: &mut BTreeMap<String, String>) {
    let live = &context.roles.live;
    if let Some(group) = live.group.as_ref().and_then(|name| context.estate.group(name)) {
        for (field, value) in &group.settings {
            facts.insert(format!("{field} of {}", group.name), value.clone());
        }
        for used in group.launch.uses() {
            facts.insert(
                format!("the version of {} that {} uses", used.name, group.name),
                used.version.clone(),
            );
            if let Some(template) = context.estate.template(&used.template)
                && used.pinned().is_none()
            {
                facts.insert(
                    format!("what {} of {} means", used.version, used.name),
                    template
                        .resolve(&used.version)
                        .map_or_else(|| "nothing".into(), |n| n.to_string()),
                );
            }
        }
        for attachment in &group.attachments {
            facts.insert(
                format!("{:?} {} of {}", attachment.kind, attachment.name, group.name),
                attachment.detail.clone(),
            );
        }
        let suspended: Vec<&str> = group.suspended.keys().map(String::as_str).collect();
        facts.insert(
            format!("suspended processes of {}", group.name),
            suspended.join(" "),
        );
    }
    if let Some(tg) = live
        .target_group
        .as_ref()
        .and_then(|name| context.estate.target_group(name))
    {
        for (field, value) in tg.settings.iter().chain(&tg.attributes) {
            facts.insert(format!("{field} of {}", tg.name), value.clone());
        }
    }
}

/// Whether a fact changes because a step of the plan itself was taken, before the plan leaves a mark.
pub(super) fn explains(step: &Step, fact: &str) -> bool {
    match step {
        Step::Pin { group, versions } => {
            fact.ends_with(&format!(" that {group} uses"))
                || versions
                    .iter()
                    .any(|pin| fact.starts_with(&format!("what {} of ", pin.from)))
        }
        Step::Hold { group } | Step::Stop { group, .. } | Step::Start { group, .. } => fact == owed_on(group),
        Step::StartRefresh { group, .. } => {
            fact == rollout_on(group) || fact.ends_with(&format!(" that {group} uses"))
        }
        _ => false,
    }
}

fn rollout_on(group: &GroupName) -> String {
    format!("the rollout on {group}")
}

fn owed_on(group: &GroupName) -> String {
    format!("what is owed on {group}")
}
