//! What a swing leaves for later: live is released from its hold, and the previous generation is
//! treated as configured, each when its time has come.

use std::time::Duration;

use jiff::Timestamp;

use super::promote::Side;
use super::{Context, doors, remaining, removal, rollback, swing};
use crate::model::estate::Estate;
use crate::model::obligation;
use crate::model::plan::{Intent, Note, Plan};
use crate::model::policy::{Policy, Strategy, Treatment};
use crate::model::refusal::{Reason, Refusal};
use crate::model::roles::Roles;
use crate::model::standing::{Standing, State};
use crate::model::step::Step;

/// When something is to be done that waits for a while after the swing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Now,
    At(Timestamp),
    /// The swing itself is not finished.
    NotYet,
}

/// When `wait` after the last swing is over.
pub(super) fn due(context: &Context<'_>, wait: Duration) -> Due {
    let live = &context.roles.live;
    if wait.is_zero() {
        return Due::Now;
    }
    match (live.state, live.since) {
        (State::Live | State::Restored, since @ Some(_)) => after(context, since, wait),
        (State::Promoting | State::RollingBack, _) | (State::Live | State::Restored, None) => Due::NotYet,
        // It has never been swung to: whatever holds it was left by something else.
        _ => Due::Now,
    }
}

pub(super) fn after(context: &Context<'_>, since: Option<Timestamp>, wait: Duration) -> Due {
    let Some(since) = since else { return Due::NotYet };
    match since.checked_add(wait) {
        Ok(at) if at > context.estate.observed_at => Due::At(at),
        Ok(_) => Due::Now,
        // Longer than the calendar goes.
        Err(_) => Due::At(Timestamp::MAX),
    }
}

/// By turns: the door of what production has left, once whatever was begun there has had its time.
pub(super) fn close_door(context: &Context<'_>) -> (Vec<Step>, Option<Note>) {
    let Some(open) = doors::open(context) else {
        return (Vec::new(), None);
    };
    match open.due {
        Due::Now => {
            let mut steps = open.closing;
            steps.push(swing::confirm(context, &steps));
            let leaving = Side::of(open.owner).and_then(|owner| rollback::stays_in_use(context, &owner));
            (leaving.into_iter().chain(steps).collect(), None)
        }
        Due::At(at) => {
            let note = format!(
                "the door of generation {} stays open until {at}: what was begun there finishes there",
                open.owner.generation
            );
            (Vec::new(), Some(Note::info(note)))
        }
        Due::NotYet => (Vec::new(), None),
    }
}

/// The doors that a direct deploy has opened on its way: whom they led to is live.
pub(super) fn close_user_doors(context: &Context<'_>) -> Vec<Step> {
    if context.roles.has_left_doors() {
        doors::without_users(context)
    } else {
        Vec::new()
    }
}

/// Live's own minimum and schedules again, unless its alarms still speak of when it was idle.
pub(super) fn hand_over(context: &Context<'_>) -> (Vec<Step>, Option<Note>) {
    let roles = &context.roles;
    let held = roles
        .live
        .group
        .as_ref()
        .and_then(|name| context.estate.group(name))
        .filter(|group| !obligation::owed(&group.tags).is_empty());
    let Some(group) = held else {
        return (Vec::new(), None);
    };
    if obligation::is_stopped(group) {
        let note = Note::risk(format!(
            "{} stays stopped, and nobody answers: the command that stopped it goes on, `rollback` starts what ran before",
            group.name
        ));
        return (Vec::new(), Some(note));
    }
    let promoting = roles
        .candidate
        .as_ref()
        .is_some_and(|one| one.state == State::Promoting);
    if roles.halfway || roles.tests() || promoting {
        let note = Note::info(format!("{} stays held: a swing is under way", group.name));
        return (Vec::new(), Some(note));
    }
    match due(context, context.policy.swing.hold) {
        Due::Now => (
            vec![Step::PayObligations {
                group: group.name.clone(),
            }],
            None,
        ),
        Due::At(at) => (
            Vec::new(),
            Some(Note::info(format!(
                "{} stays held until {at}: its alarms still speak of the time when it was idle",
                group.name
            ))),
        ),
        Due::NotYet => (Vec::new(), None),
    }
}

/// The previous generation as configured, if its time has come.
/// `before`: the steps of the plan that come first.
pub(super) fn treat_previous(
    context: &Context<'_>,
    before: &[Step],
) -> Result<(Vec<Step>, Option<Note>), Vec<Reason>> {
    let treated = &context.policy.after_promotion;
    let (Some(previous), State::Live | State::Promoting) =
        (&context.roles.previous, context.roles.live.state)
    else {
        return Ok((Vec::new(), None));
    };
    let what = match treated.previous {
        Treatment::Keep => {
            let note = previous
                .group
                .as_ref()
                .and_then(|name| context.estate.group(name))
                .filter(|group| !obligation::owed(&group.tags).is_empty())
                .map(|group| Note::info(format!("{} stays held: it is kept for a rollback", group.name)));
            return Ok((Vec::new(), note));
        }
        Treatment::Scale(to) => format!("scaled down to {to}"),
        Treatment::Retire => "removed".to_owned(),
    };
    let goes_on = doors::open(context)
        .is_some_and(|open| open.owner.generation == previous.generation && open.due != Due::Now);
    if goes_on {
        return Ok((Vec::new(), None));
    }
    match due(context, treated.after) {
        Due::Now => Ok((
            treat(context, previous, entrance_without(context, previous), before)?,
            None,
        )),
        Due::At(at) => Ok((
            Vec::new(),
            Some(Note::info(format!(
                "generation {} is {what} from {at} on",
                previous.generation
            ))),
        )),
        Due::NotYet => Ok((Vec::new(), None)),
    }
}

/// A generation that production has left, as configured. `entrance`: what becomes of the entrance
/// when it is removed; `before`: the steps of the plan that come first.
pub(super) fn treat(
    context: &Context<'_>,
    standing: &Standing,
    entrance: Vec<Step>,
    before: &[Step],
) -> Result<Vec<Step>, Vec<Reason>> {
    Ok(
        match (context.policy.after_promotion.previous, Side::of(standing)) {
            (Treatment::Keep, _) | (Treatment::Scale(_), None) => Vec::new(),
            (Treatment::Scale(to), Some(side)) => {
                removal::unreachable(context, standing, before, true).map_err(|reason| vec![reason])?;
                vec![Step::Shrink {
                    group: side.group,
                    to,
                }]
            }
            (Treatment::Retire, _) => {
                let before: Vec<Step> = before.iter().cloned().chain(entrance.iter().cloned()).collect();
                let removed = removal::steps(context, standing, &before).map_err(|reason| vec![reason])?;
                entrance.into_iter().chain(removed).collect()
            }
        },
    )
}

/// The entrance for whoever else waits there.
fn entrance_without(context: &Context<'_>, leaving: &Standing) -> Vec<Step> {
    let waiting: Vec<_> = context
        .roles
        .entrance
        .iter()
        .flat_map(|rule| rule.action.shares())
        .map(|share| share.target_group.clone())
        .filter(|name| Some(name) != leaving.target_group.as_ref())
        // Live stands by while variants have all of production.
        .filter(|name| context.roles.tests() || Some(name) != context.roles.live.target_group.as_ref())
        .collect();
    swing::entrance(context, &waiting)
}

/// What a swing leaves to whoever gave the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    Due(Timestamp),
    Nothing,
    /// Production is not as this command leaves it: others have swung since, or what was read is from before.
    NotAsLeft,
}

/// What this plan's swing left, whether it was this run that swung or one before it that was cut off. What cannot be
/// seen may still be left.
pub fn left_by(plan: &Plan, estate: &Estate) -> Result<Left, Refusal> {
    let Some(swung_to) = swung_to(plan) else {
        return Ok(Left::Nothing);
    };
    let roles = Roles::of(estate, &plan.policy)?;
    if roles.live.state != swung_to {
        return Ok(Left::NotAsLeft);
    }
    Ok(next_due(estate, &plan.policy)?.map_or(Left::Nothing, Left::Due))
}

/// Whether a plan that was made on what was `found` may leave anything: production is swung by it, or was by a run before
/// it that it finishes.
pub fn swings(plan: &Plan, found: &Estate) -> bool {
    let goes_back = matches!(plan.intent, Intent::Rollback { .. } | Intent::Retreat);
    let only_withdraws = goes_back
        && !plan.moves_production()
        && Roles::of(found, &plan.policy).is_ok_and(|roles| {
            withdraws(&Context {
                estate: found,
                policy: &plan.policy,
                roles,
            })
        });
    swung_to(plan).is_some() && !only_withdraws
}

/// Who only closes what waits beside live leaves nothing, unless a swing before it has left a door open for its grace.
fn withdraws(context: &Context<'_>) -> bool {
    let roles = &context.roles;
    let mut beside = roles.candidate.iter().chain(&roles.variants);
    !roles.halfway
        && !roles.tests()
        && roles.live.state != State::RollingBack
        && beside.any(|one| matches!(one.state, State::Staged | State::Ready))
        && doors::open(context).is_none()
}

/// What live is marked as once a plan is done that swings production; no other leaves anything.
fn swung_to(plan: &Plan) -> Option<State> {
    match &plan.intent {
        Intent::Promote | Intent::PromoteFully | Intent::Resume => Some(State::Live),
        Intent::Deploy { .. } if matches!(plan.policy.strategy, Strategy::Direct | Strategy::Recreate) => {
            Some(State::Live)
        }
        Intent::Rollback { .. } | Intent::Retreat => Some(State::Restored),
        Intent::Winner { name } => match plan.policy.ab.as_ref().and_then(|test| test.get(name)) {
            Some(variant) if variant.live => Some(State::Restored),
            _ => Some(State::Live),
        },
        _ => None,
    }
}

/// When something that a swing left falls due next; `None` when nothing is left. Why not, when it cannot be done.
pub(super) fn next_due(estate: &Estate, policy: &Policy) -> Result<Option<Timestamp>, Vec<Reason>> {
    let roles = Roles::of(estate, policy)?;
    let context = Context {
        estate,
        policy,
        roles,
    };
    let at = |due| match due {
        Due::Now => Some(estate.observed_at),
        Due::At(at) => Some(at),
        Due::NotYet => None,
    };
    let held = context
        .roles
        .live
        .group
        .as_ref()
        .and_then(|name| estate.group(name))
        .is_some_and(|group| !obligation::owed(&group.tags).is_empty() && !obligation::is_stopped(group));
    let release = if held {
        at(due(&context, policy.swing.hold))
    } else {
        None
    };
    let untreated = match &context.roles.previous {
        Some(previous) if context.roles.live.state == State::Live => {
            treat(&context, previous, entrance_without(&context, previous), &[])
                .map(|steps| !remaining(estate, steps).is_empty())
        }
        _ => Ok(false),
    };
    let treatment = if untreated == Ok(true) {
        at(due(&context, policy.after_promotion.after))
    } else {
        None
    };
    let door = doors::open(&context).and_then(|open| at(open.due));
    let users = (!close_user_doors(&context).is_empty()).then_some(estate.observed_at);
    let later = [release, treatment, door, users];
    match later.into_iter().flatten().min() {
        // What can be done comes first.
        Some(due) => Ok(Some(due)),
        None => untreated.map(|_| None),
    }
}
