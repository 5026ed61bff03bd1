//! Steps that remove a generation: shrink, drain, delete. Never by force. One of a pair of groups stays, and is freed.

use std::time::Duration;

use super::{Context, preflight};
use crate::model::estate::Part;
use crate::model::ids::{GroupName, TargetGroupName};
use crate::model::plan::Note;
use crate::model::refusal::Reason;
use crate::model::routing::Rule;
use crate::model::rule_tag::RuleTag;
use crate::model::standing::Standing;
use crate::model::step::Step;

/// Beyond the deregistration delay: what instances may take to shut down and be gone.
pub(super) const SHUTDOWN: Duration = Duration::from_secs(600);

/// `before` are the steps that come first: a rule that they turn elsewhere is no way in any more.
pub(super) fn steps(
    context: &Context<'_>,
    standing: &Standing,
    before: &[Step],
) -> Result<Vec<Step>, Reason> {
    if !standing.ours {
        return Err(Reason::NotOurs {
            what: format!("generation {}", standing.generation),
        });
    }
    if let Some(target_group) = &standing.target_group {
        stays_named(context, target_group, before)?;
    }
    let stays = |group: &GroupName| context.policy.names.keeps(group);
    if let Some(reason) = unseen(context, standing.group.as_ref()) {
        return Err(reason);
    }
    unreachable(context, standing, before, false)?;
    let mut steps = Vec::new();
    let target_group = standing
        .target_group
        .as_ref()
        .and_then(|name| context.estate.target_group(name));
    if let Some(group) = &standing.group {
        let delay = target_group.map_or(300, |tg| tg.deregistration_delay());
        steps.extend(emptied(group, delay));
        let group = group.clone();
        steps.push(if stays(&group) {
            Step::Vacate { group }
        } else {
            Step::DeleteGroup { group }
        });
    }
    if let Some(target_group) = &standing.target_group {
        steps.push(Step::DeleteTargetGroup {
            target_group: target_group.clone(),
        });
    }
    Ok(steps)
}

/// What may not be seen, and must be to delete a group: the alarms that were copied for it are found by its policies.
pub(super) fn unseen(context: &Context<'_>, group: Option<&GroupName>) -> Option<Reason> {
    if group.is_some_and(|group| context.policy.names.keeps(group)) {
        return None;
    }
    [Part::Attachments, Part::Alarms]
        .into_iter()
        .find_map(|part| preflight::denied(context.estate, part))
}

/// Nobody is left on the group. `delay`: how long they drain, in seconds.
pub(super) fn emptied(group: &GroupName, delay: u64) -> [Step; 2] {
    [
        Step::Shrink {
            group: group.clone(),
            to: 0,
        },
        Step::AwaitEmpty {
            group: group.clone(),
            timeout: Duration::from_secs(delay).saturating_add(SHUTDOWN),
        },
    ]
}

/// What else was served by a group that goes: of that only its name is known.
pub(super) fn notes(context: &Context<'_>, steps: &[Step]) -> Vec<Note> {
    let goes = steps.iter().filter_map(|step| match step {
        Step::DeleteGroup { group } | Step::Vacate { group } => context.estate.group(group),
        _ => None,
    });
    goes.filter(|group| !group.other_traffic.is_empty())
        .map(|group| {
            Note::risk(format!(
                "{} stands on {} as well: whatever comes from there is cut off",
                group.name,
                group.other_traffic.join(", ")
            ))
        })
        .collect()
}

/// Nothing can be deleted while a rule names it: better said before anything is changed than half way.
fn stays_named(context: &Context<'_>, target_group: &TargetGroupName, before: &[Step]) -> Result<(), Reason> {
    let rules = rules_left(context, target_group, before)
        // The lock's own rule goes with its run.
        .filter(|rule| !is_ours(context, rule, RuleTag::Lock))
        .map(|rule| rule.at().to_string())
        .collect();
    refused(target_group, rules)
}

/// Nothing shrinks that a request can reach: neither by its generation's target group, nor by another on
/// which its group stands as well. What only shrinks may go on waiting behind the entrance.
pub(super) fn unreachable(
    context: &Context<'_>,
    standing: &Standing,
    before: &[Step],
    entrance_is_fine: bool,
) -> Result<(), Reason> {
    let group = standing
        .group
        .as_ref()
        .and_then(|name| context.estate.group(name));
    let others = group.into_iter().flat_map(|group| &group.target_groups);
    for target_group in standing.target_group.iter().chain(others) {
        let rules = rules_left(context, target_group, before)
            .filter(|rule| rule.weight_of(target_group).is_some_and(|weight| weight > 0))
            .filter(|rule| !is_ours(context, rule, RuleTag::Lock))
            .filter(|rule| !(entrance_is_fine && is_ours(context, rule, RuleTag::Entrance)))
            .map(|rule| rule.at().to_string())
            .collect();
        refused(target_group, rules)?;
    }
    Ok(())
}

/// The rules that still name a target group after these steps.
fn rules_left<'a>(
    context: &'a Context<'_>,
    target_group: &'a TargetGroupName,
    before: &'a [Step],
) -> impl Iterator<Item = &'a Rule> {
    context
        .estate
        .rules_naming(target_group)
        .filter(|rule| !before.iter().any(|step| turns_away(step, rule, target_group)))
}

/// A rule that nobody but us gets through.
fn is_ours(context: &Context<'_>, rule: &Rule, kept: RuleTag) -> bool {
    RuleTag::by(&context.estate.app, rule) == Some(kept)
}

fn refused(target_group: &TargetGroupName, rules: Vec<String>) -> Result<(), Reason> {
    if rules.is_empty() {
        return Ok(());
    }
    Err(Reason::Reachable {
        what: target_group.to_string(),
        rules: rules.join(", "),
    })
}

fn turns_away(step: &Step, rule: &Rule, target_group: &TargetGroupName) -> bool {
    match step {
        Step::Point { rule: at, after, .. } => {
            at.arn == rule.arn
                && after
                    .shares()
                    .iter()
                    .all(|share| share.target_group != *target_group)
        }
        Step::DeleteRule { rule: at, .. } => at.arn == rule.arn,
        _ => false,
    }
}
