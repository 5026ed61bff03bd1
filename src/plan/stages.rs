//! Stages of a promotion by weights: each shares production, is read back, written down, and waited for.

use std::time::Duration;

use super::promote::{self, Side};
use super::{Context, ab, shifting, swing};
use crate::model::ids::TargetGroupName;
use crate::model::lock::{self, Holder, LockState};
use crate::model::routing::{Action, Rule, Share, Sticky};
use crate::model::shift::{Expired, Held, Reached, Shift, Stage, Wait};
use crate::model::step::{Purpose, Step};

/// From where production stands to the last stage, and what the routes do then. The swing itself comes after them.
pub(super) fn steps(
    context: &Context<'_>,
    shift: &Shift,
    next: &Side,
    from: &Side,
) -> (Vec<Step>, Vec<(Action, Sticky)>) {
    let mut steps = Vec::new();
    let mut before = observed(context);
    for (index, stage) in shift.stages.iter().enumerate().skip(first(context, shift)) {
        if !steps.is_empty() {
            steps.extend(keep_up(context, next, from));
        }
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let reached = MarkedStage {
            stage: number,
            weight: stage.weight,
            held: None,
        };
        steps.extend(share(context, next, from, reached, &mut before));
        steps.push(wait(context, next, stage, number));
    }
    if !steps.is_empty() {
        steps.extend(keep_up(context, next, from));
    }
    (steps, before)
}

/// Live may have grown while a stage was waited for.
fn keep_up(context: &Context<'_>, next: &Side, from: &Side) -> [Step; 2] {
    [
        Step::MatchCapacity {
            group: next.group.clone(),
            like: from.group.clone(),
        },
        promote::await_healthy(context, next, Duration::ZERO),
    ]
}

/// What is written down once a share is reached.
#[derive(Clone, Copy)]
pub(super) struct MarkedStage {
    pub(super) stage: u32,
    pub(super) weight: u32,
    pub(super) held: Option<Held>,
}

/// One share for the candidate on every route, read back and written down.
pub(super) fn share(
    context: &Context<'_>,
    next: &Side,
    from: &Side,
    reached: MarkedStage,
    before: &mut [(Action, Sticky)],
) -> Vec<Step> {
    let routes = &context.roles.routes;
    let mut steps = Vec::new();
    for (rule, (action, sticky)) in routes.iter().zip(before.iter_mut()) {
        let after = split(context, rule, next, from, reached.weight);
        let sticks = while_split(context, rule, *sticky);
        let mut step = swing::point(rule, Purpose::Route, after.clone());
        if let Step::Point {
            before,
            sticky: wanted,
            ..
        } = &mut step
        {
            before.clone_from(action);
            *wanted = (sticks != *sticky).then_some(sticks);
        }
        steps.push(step);
        (*action, *sticky) = (after, sticks);
    }
    steps.push(swing::confirm(context, &steps));
    steps.push(mark(next, reached));
    steps
}

pub(super) fn mark(side: &Side, reached: MarkedStage) -> Step {
    Step::MarkStage {
        target_group: side.target_group.clone(),
        stage: reached.stage,
        weight: reached.weight,
        held: reached.held,
    }
}

/// What each route does now.
pub(super) fn observed(context: &Context<'_>) -> Vec<(Action, Sticky)> {
    let routes = context.roles.routes.iter();
    routes.map(|rule| (rule.action.clone(), rule.sticky)).collect()
}

fn wait(context: &Context<'_>, next: &Side, stage: &Stage, number: u32) -> Step {
    let target_group = next.target_group.clone();
    let weight = stage.weight;
    match stage.wait {
        Wait::Bake(lasts) => Step::Bake {
            target_group,
            stage: number,
            weight,
            lasts,
            judged: context.policy.judge.is_some(),
        },
        Wait::Pause(expiry) => Step::Pause {
            target_group,
            stage: number,
            weight,
            expiry,
        },
    }
}

/// Two generations share the requests of a rule; whatever else waits in it stays in it.
fn split(context: &Context<'_>, rule: &Rule, next: &Side, from: &Side, weight: u32) -> Action {
    let share = |target_group: &TargetGroupName, weight| Share {
        target_group: target_group.clone(),
        weight,
    };
    Action::Forward {
        shares: [
            share(&from.target_group, 100 - weight),
            share(&next.target_group, weight),
        ]
        .into_iter()
        .chain(swing::bystanders(context, rule))
        .collect(),
    }
}

/// A rule's own stickiness stays; where there is none, it is as configured.
fn while_split(context: &Context<'_>, rule: &Rule, now: Sticky) -> Sticky {
    let configured = context.policy.shift.as_ref().and_then(|shift| shift.sticky);
    match (now, configured) {
        (Sticky::Off, Some(sticky)) => sticky,
        // AWS wants clients bound to a target bound to its group as well.
        (Sticky::Off, None) if pins_clients(context, rule) => Sticky::For(1),
        (now, _) => now,
    }
}

fn pins_clients(context: &Context<'_>, rule: &Rule) -> bool {
    let mut named = rule.action.shares().iter();
    named.any(|share| {
        let tg = context.estate.target_group(&share.target_group);
        tg.is_some_and(crate::model::estate::TargetGroup::pins_clients)
    })
}

/// What a rule's stickiness is to be once one generation has it all: off again where we had turned it on.
pub(super) fn when_whole(context: &Context<'_>, sticky: Sticky) -> Option<Sticky> {
    let ours = match (&context.policy.shift, &context.policy.ab) {
        (Some(shift), _) => shift.sticky,
        (None, Some(test)) => ab::stickiness(test),
        (None, None) => return None,
    };
    let by_us = sticky != Sticky::Off && (Some(sticky) == ours || sticky == Sticky::For(1));
    by_us.then_some(Sticky::Off)
}

/// The stage that comes next: the one under way, or the one after it when a person has ended its wait.
fn first(context: &Context<'_>, shift: &Shift) -> usize {
    let reached = context.roles.candidate.as_ref().and_then(|it| it.stage.as_ref());
    let Some(reached) = reached else { return 0 };
    match shift.stage_of(reached) {
        Some(index) if anew(context).is_some() || reached.held == Some(Held::Anew) => index,
        Some(index) => match (shift.stages[index].wait, reached.held) {
            (Wait::Bake(_), None | Some(Held::Asked | Held::Retreating | Held::Anew)) => index,
            // Whoever promotes now has decided.
            (Wait::Pause(_), _) | (Wait::Bake(_), Some(Held::Judged)) => index + 1,
        },
        // By hand, or by another configuration: on from the share that there is.
        None => {
            let further = |stage: &Stage| stage.weight > reached.weight;
            shift
                .stages
                .iter()
                .position(further)
                .unwrap_or(shift.stages.len())
        }
    }
}

/// The wait of the stage under way begins from the start: whoever was to tell a person of its end has died before it
/// could, or a rollback that was cut off has taken back some of the share.
pub(super) fn anew(context: &Context<'_>) -> Option<Step> {
    let candidate = context.roles.candidate.as_ref()?;
    let (side, reached) = (Side::of(candidate)?, candidate.stage.as_ref()?);
    let shift = context.policy.shift.as_ref()?;
    let again = match (shift.stages[shift.stage_of(reached)?].wait, reached.held) {
        (Wait::Bake(_), Some(Held::Judged)) => nobody_was_told(context, reached),
        (Wait::Pause(_), None) => nobody_was_told(context, reached) || is_less(context, reached),
        (Wait::Bake(_), None) => is_less(context, reached),
        _ => false,
    };
    let marked = MarkedStage {
        stage: reached.stage,
        weight: reached.weight,
        held: Some(Held::Anew),
    };
    again.then(|| mark(&side, marked))
}

/// Whether the stage that was reached is one at which a person is asked.
pub(super) fn pauses(context: &Context<'_>, reached: &Reached) -> bool {
    waits(context, reached).is_some_and(|wait| matches!(wait, Wait::Pause(_)))
}

/// Whether it is one that ends with a rollback when nobody answers.
pub(super) fn rolls_back(context: &Context<'_>, reached: &Reached) -> bool {
    waits(context, reached)
        .is_some_and(|wait| matches!(wait, Wait::Pause(Some(expiry)) if expiry.then == Expired::Rollback))
}

fn waits(context: &Context<'_>, reached: &Reached) -> Option<Wait> {
    let shift = context.policy.shift.as_ref()?;
    Some(shift.stages.get(shift.stage_of(reached)?)?.wait)
}

/// Whether the lock of whoever wrote down that a person decides still stands, so that nobody has been asked yet, and time
/// has not decided either.
fn nobody_was_told(context: &Context<'_>, reached: &Reached) -> bool {
    let wrote_it = |holder: &Holder| holder.since <= reached.since;
    shifting::expired(context) != Some(Expired::GoOn)
        && matches!(
            lock::state(context.estate, context.policy.lock),
            LockState::Held { holder, .. } if wrote_it(&holder)
        )
}

/// Whether a route gives the candidate less than is written down.
pub(super) fn is_less(context: &Context<'_>, reached: &Reached) -> bool {
    let candidate = context.roles.candidate.as_ref();
    let Some(target_group) = candidate.and_then(|candidate| candidate.target_group.as_ref()) else {
        return false;
    };
    let mut routes = context.roles.routes.iter();
    routes.any(|rule| rule.percent_of(target_group).unwrap_or_default() < u64::from(reached.weight))
}
