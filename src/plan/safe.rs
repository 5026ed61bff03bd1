//! Whether a step may be taken now: the last look before a change.

use crate::model::estate::{Estate, Group};
use crate::model::fleet;
use crate::model::ids::{GroupName, TargetGroupName};
use crate::model::refusal::Reason;
use crate::model::rollout::Rollout;
use crate::model::routing::{Action, Rule, Share};
use crate::model::rule_tag::RuleTag;
use crate::model::step::{Purpose, Step};
use crate::model::tags;

/// `Err` says why the step must not be taken in this estate, whatever the plan said.
pub fn safe(step: &Step, estate: &Estate) -> Result<(), Reason> {
    match step {
        Step::Point {
            rule,
            before,
            after,
            purpose,
            ..
        } => {
            let found = estate.rule(&rule.arn).ok_or_else(|| Reason::Gone {
                what: rule.to_string(),
            })?;
            if !found.action.same_effect(before) && !found.action.same_effect(after) {
                return Err(Reason::RuleChanged {
                    rule: rule.to_string(),
                    expected: before.to_string(),
                    found: found.action.to_string(),
                });
            }
            if matches!(purpose, Purpose::Route | Purpose::UserDoor | Purpose::Variant) {
                serves(Some(&found.action), after, estate)?;
            }
            Ok(())
        }
        Step::CreateRule {
            purpose: Purpose::Variant | Purpose::UserDoor,
            action,
            ..
        } => serves(None, action, estate),
        Step::Shrink { group, .. } => {
            ours_group(group, estate)?;
            // The entrance keeps a waiting generation health-checked; nobody can guess its header.
            unreachable(group.to_string(), ways_to(estate, group, true))
        }
        // Nobody of another generation may be on it.
        Step::ReuseGroup(new) => {
            ours_group(&new.group, estate)?;
            let found = estate.group(&new.group).ok_or_else(|| Reason::Gone {
                what: new.group.to_string(),
            })?;
            let holds = found
                .generation
                .filter(|generation| *generation != new.generation);
            if holds.is_none() && found.instances.is_empty() {
                return Ok(());
            }
            Err(Reason::NotVacant {
                group: new.group.clone(),
            })
        }
        Step::DeleteGroup { group } | Step::Vacate { group } => {
            ours_group(group, estate)?;
            unreachable(group.to_string(), ways_to(estate, group, false))
        }
        Step::DeleteTargetGroup { target_group } => {
            let Some(tg) = estate.target_group(target_group) else {
                return Ok(());
            };
            if !tags::owned_by(&tg.tags, &estate.app) {
                return Err(Reason::NotOurs {
                    what: target_group.to_string(),
                });
            }
            unreachable(
                target_group.to_string(),
                estate.rules_naming(target_group).collect(),
            )
        }
        // What serves production is stopped only for somebody who is there to take its place.
        Step::Stop { group, next, .. } => {
            ours_group(group, estate)?;
            let gone = |what: String| Reason::Gone { what };
            let found = estate.group(next).ok_or_else(|| gone(next.to_string()))?;
            let can_answer = found
                .target_groups
                .iter()
                .filter_map(|name| estate.target_group(name))
                .any(|tg| tg.generation == found.generation);
            if !can_answer {
                return Err(gone(format!("the target group of {next}")));
            }
            ours_group(next, estate)
        }
        Step::Start { group, after } => {
            ours_group(group, estate)?;
            match estate.group(after).map(|group| group.instances.len()) {
                None | Some(0) => Ok(()),
                Some(instances) => Err(Reason::StillRuns {
                    group: after.clone(),
                    instances,
                    next: group.clone(),
                }),
            }
        }
        Step::StartRefresh { group, .. } | Step::TakeRefreshBack { group } => {
            ours_group(group, estate)?;
            let going_on = estate
                .group(group)
                .and_then(|group| Some((group, group.refreshing()?)));
            match going_on {
                Some((found, refresh)) if !is_taken_back(step, found) => Err(Reason::Refreshing {
                    group: group.clone(),
                    status: refresh.status.clone(),
                }),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Only what we have begun is taken back.
fn is_taken_back(step: &Step, group: &Group) -> bool {
    matches!(step, Step::TakeRefreshBack { .. })
        && Rollout::of(&group.tags).is_some_and(|rollout| rollout.refresh(group).is_some())
}

/// A route may only be pointed at something that answers. Who had more of it before is on the way out.
fn serves(before: Option<&Action>, after: &Action, estate: &Estate) -> Result<(), Reason> {
    let grows = |share: &&Share| {
        let before = before.and_then(|action| action.percent_of(&share.target_group));
        share.weight > 0 && before.is_none_or(|before| Some(before) <= after.percent_of(&share.target_group))
    };
    for share in after.shares().iter().filter(grows) {
        let healthy = healthy(estate, &share.target_group);
        if healthy == 0 {
            return Err(Reason::NotHealthy {
                target_group: share.target_group.clone(),
                healthy,
                wanted: 1,
            });
        }
    }
    Ok(())
}

/// How much healthy capacity answers for a target group, whatever groups stand on it.
pub fn healthy(estate: &Estate, target_group: &TargetGroupName) -> u32 {
    estate.target_group(target_group).map_or(0, |tg| {
        estate
            .groups
            .iter()
            .filter(|group| group.target_groups.contains(&tg.name))
            .map(|group| fleet::healthy_capacity(group, tg))
            .fold(0, u32::saturating_add)
    })
}

fn ours_group(group: &GroupName, estate: &Estate) -> Result<(), Reason> {
    match estate.group(group) {
        Some(found) if !tags::owned_by(&found.tags, &estate.app) => Err(Reason::NotOurs {
            what: group.to_string(),
        }),
        _ => Ok(()),
    }
}

/// The rules by which a request can get to a group: to any target group on which it stands.
fn ways_to<'a>(estate: &'a Estate, group: &GroupName, entrance_is_fine: bool) -> Vec<&'a Rule> {
    let stands_on = estate.group(group).map(|group| group.target_groups.as_slice());
    let leads_to = |target_group| {
        estate
            .rules_naming(target_group)
            .filter(move |rule| rule.weight_of(target_group).is_some_and(|weight| weight > 0))
    };
    stands_on
        .unwrap_or_default()
        .iter()
        .flat_map(leads_to)
        .filter(|rule| {
            let hidden = RuleTag::by(&estate.app, rule).is_some_and(RuleTag::is_hidden);
            !(hidden && entrance_is_fine)
        })
        .collect()
}

fn unreachable(what: String, rules: Vec<&Rule>) -> Result<(), Reason> {
    if rules.is_empty() {
        return Ok(());
    }
    let rules: Vec<String> = rules.iter().map(|rule| rule.at().to_string()).collect();
    Err(Reason::Reachable {
        what,
        rules: rules.join(", "),
    })
}
