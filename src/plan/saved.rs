//! Whether a saved plan may be carried out: its steps must be what planning gives now, or what is left of it.

use super::fingerprint::explains;
use super::{digest, plan, reached};
use crate::model::estate::Estate;
use crate::model::plan::Plan;
use crate::model::policy::Policy;
use crate::model::routing::Priority;
use crate::model::step::{NewGroup, Purpose, Step};
use crate::model::tags;

/// Whether nobody has touched a plan since it was made.
pub fn is_whole(plan: &Plan) -> bool {
    plan.id == digest(plan)
}

/// What is to be carried out of a saved plan: the plan that is made now from its intent, if everything in
/// that was in the saved one. No step is taken from the file, so a file from elsewhere can ask for nothing
/// that a command here would not do. `Err` says why it is stale.
pub fn resume(saved: &Plan, estate: &Estate, policy: &Policy) -> Result<Plan, Vec<String>> {
    let other = policy.differences_from(&saved.policy);
    if !other.is_empty() {
        return Err(other);
    }
    let fresh = plan(estate, &saved.intent, policy).map_err(|refusal| {
        let reasons = refusal.reasons.iter();
        reasons.map(ToString::to_string).collect::<Vec<_>>()
    })?;
    if fresh.basis == saved.basis {
        let surprises = surprises(saved, &fresh, estate);
        if !surprises.is_empty() {
            return Err(surprises);
        }
    } else if !is_continued(saved, &fresh, estate) {
        return Err(saved.basis.changes_to(&fresh.basis));
    }
    Ok(Plan {
        id: saved.id.clone(),
        ..fresh
    })
}

/// Decided on the same, the two must come to the same, in the same order: what differs is only what has been
/// done since, and what follows sizes.
fn surprises(saved: &Plan, fresh: &Plan, estate: &Estate) -> Vec<String> {
    let mut surprises = foreign_hooks(saved, fresh);
    let is_hook = |step: &&Step| matches!(step, Step::Hook { .. } | Step::MarkSchema { .. });
    let steps: Vec<&Step> = saved.steps.iter().filter(|step| !is_hook(step)).collect();
    let planned: Vec<&Step> = fresh.steps.iter().filter(|step| !is_hook(step)).collect();
    let mut planned = planned.as_slice();
    for step in steps {
        let passed = planned
            .iter()
            .take_while(|next| !same(next, step) && follows_sizes(next))
            .count();
        match planned.get(passed) {
            Some(next) if same(next, step) => planned = &planned[passed + 1..],
            _ if step.only_prepares() || is_done(step, estate) => {}
            _ => surprises.push(format!(
                "the saved plan would {}; planning does not",
                step.title()
            )),
        }
    }
    surprises.extend(
        planned
            .iter()
            .filter(|step| !follows_sizes(step))
            .map(|step| format!("planning would {}; the saved plan does not", step.title())),
    );
    surprises
}

/// Hooks come and go with the steps that they stand before. Whatever was reviewed is configured, and whatever is
/// planned was reviewed.
fn foreign_hooks(saved: &Plan, fresh: &Plan) -> Vec<String> {
    let mut surprises = Vec::new();
    for step in &saved.steps {
        if let Step::Hook { hook } = step
            && !fresh.policy.hooks.contains(hook)
        {
            surprises.push(format!(
                "the saved plan would {}; no such hook is configured",
                step.title()
            ));
        }
    }
    for step in fresh
        .steps
        .iter()
        .filter(|step| matches!(step, Step::Hook { .. }))
    {
        if !saved.steps.contains(step) {
            surprises.push(format!(
                "planning would {}; the saved plan does not",
                step.title()
            ));
        }
    }
    surprises
}

/// Whether a step of a plan, decided on what is so still, has been taken by somebody since. What is not seen is
/// not ours, and what was deleted would have changed the decision.
fn is_done(step: &Step, estate: &Estate) -> bool {
    let seen = match step {
        Step::DeleteGroup { .. }
        | Step::Vacate { .. }
        | Step::DeleteTargetGroup { .. }
        | Step::DeleteRule { .. } => false,
        Step::AdoptRule { rule } => estate.rule(&rule.arn).is_some(),
        Step::Shrink { group, .. } | Step::PayObligations { group } => estate.group(group).is_some(),
        _ => true,
    };
    seen && reached(step, estate)
}

/// An interrupted application of this same plan: what is left was all reviewed.
fn is_continued(saved: &Plan, fresh: &Plan, estate: &Estate) -> bool {
    let reviewed = |step: &Step| {
        step.only_prepares() || contains(&saved.steps, step) || closes_what_it_opened(saved, step)
    };
    fresh.steps.iter().all(reviewed) && (begun(estate, saved) || only_ours(estate, saved, fresh))
}

/// A door for some of the users had no name yet when the plan that made it was saved.
fn closes_what_it_opened(saved: &Plan, step: &Step) -> bool {
    let Step::DeleteRule {
        rule,
        purpose: Purpose::UserDoor,
    } = step
    else {
        return false;
    };
    saved.steps.iter().any(|made| {
        matches!(made, Step::CreateRule { port, priority, purpose: Purpose::UserDoor, .. }
            if (rule.port, rule.priority) == (*port, Priority::Numbered(*priority)))
    })
}

fn begun(estate: &Estate, saved: &Plan) -> bool {
    estate
        .target_groups
        .iter()
        .any(|tg| tg.tags.get(tags::PLAN) == Some(&saved.id))
}

/// Whether whatever has changed is explained by steps of the plan that were taken before it left its mark.
fn only_ours(estate: &Estate, saved: &Plan, fresh: &Plan) -> bool {
    let taken: Vec<_> = saved
        .steps
        .iter()
        .filter(|step| !contains(&fresh.steps, step))
        .collect();
    taken.iter().all(|step| reached(step, estate))
        && saved
            .basis
            .differing(&fresh.basis)
            .all(|fact| taken.iter().any(|step| explains(step, fact)))
}

fn contains(steps: &[Step], wanted: &Step) -> bool {
    steps.iter().any(|step| same(step, wanted))
}

fn same(one: &Step, other: &Step) -> bool {
    match (one, other) {
        (Step::CreateGroup(one), Step::CreateGroup(other))
        | (Step::ReuseGroup(one), Step::ReuseGroup(other)) => **one == sized_like(other, one),
        (one, other) => one == other,
    }
}

/// A plan may be older than the size of what it clones: sizes are no fact that it is decided on.
fn sized_like(new: &NewGroup, other: &NewGroup) -> NewGroup {
    let mut new = new.clone();
    new.size = other.size;
    match other.tags.get(tags::OWES_MIN) {
        Some(minimum) => new.tags.insert(tags::OWES_MIN.to_owned(), minimum.clone()),
        None => new.tags.remove(tags::OWES_MIN),
    };
    new
}

/// Steps that come and go with sizes and health, and never lead a request anywhere.
fn follows_sizes(step: &Step) -> bool {
    step.only_prepares() || matches!(step, Step::Hold { .. } | Step::MatchCapacity { .. })
}
