//! Commands about a promotion that is under way: shift, pause, resume, and the way back step by step.

use super::promote::{self, Side};
use super::stages::MarkedStage;
use super::{Context, Draft, Drafted, rollback, stages, swing};
use crate::model::policy::AfterRollback;
use crate::model::refusal::Reason;
use crate::model::shift::{Expired, Held, Reached, Wait};
use crate::model::standing::{Standing, State};
use crate::model::step::Step;

/// Below this share, in per cent, the rest is taken back at once.
const LEAST: u32 = 5;

/// The candidate gets this share of production, and keeps it until a person goes on.
pub(super) fn shift(context: &Context<'_>, percent: u32) -> Drafted {
    if !(1..=99).contains(&percent) {
        return Err(vec![Reason::NoShare { percent }]);
    }
    let (candidate, next, from) = promote::sides(context)?;
    let mut steps = promote::prelude(context, &next, &from);
    let mut before = stages::observed(context);
    let reached = MarkedStage {
        stage: 0,
        weight: percent,
        held: Some(Held::Asked),
    };
    steps.extend(stages::share(context, &next, &from, reached, &mut before));
    Ok(Draft {
        summary: format!(
            "shift {percent} % of production to generation {}, and leave it there",
            candidate.generation
        ),
        when_done: Some(format!(
            "{percent} % of production goes to generation {} already",
            candidate.generation
        )),
        steps,
        notes: promote::notes(context),
        ..Draft::default()
    })
}

/// Production stays as it is shared now.
pub(super) fn pause(context: &Context<'_>) -> Drafted {
    let (candidate, reached) = under_way(context)?;
    let side = Side::require(candidate)?;
    let mark = match (reached.held, stages::anew(context)) {
        // What that stage asks nobody has been asked yet: whoever promotes next is.
        (None, Some(anew)) if stages::pauses(context, reached) => Some(anew),
        (Some(Held::Anew), _) if stages::pauses(context, reached) => None,
        // Judged, and cut off before anybody was told: whoever promotes next has it judged again.
        (Some(Held::Judged), Some(_)) | (None | Some(Held::Anew), _) => {
            Some(held(&side, reached, Held::Asked))
        }
        (Some(Held::Asked | Held::Judged | Held::Retreating), _) => None,
    };
    let asks = matches!(
        (&mark, reached.held),
        (
            Some(Step::MarkStage {
                held: Some(Held::Anew),
                ..
            }),
            _
        ) | (None, Some(Held::Anew))
    );
    // It goes on waiting for a person, for no longer than it was to.
    let until = if asks && stages::rolls_back(context, reached) {
        "until a person goes on, or `repair` rolls back once its time is over"
    } else {
        "until a person goes on"
    };
    let until = format!("{until}{}", otherwise(context, &side, reached));
    Ok(match mark {
        None => Draft::nothing(format!(
            "production stays at {} % already, {until}",
            reached.weight
        )),
        Some(mark) => Draft {
            summary: format!("leave production at {} %, {until}", reached.weight),
            steps: vec![mark],
            ..Draft::default()
        },
    })
}

/// What is not as it is written down: somebody has changed a route, or a command was cut off on its way.
fn otherwise(context: &Context<'_>, side: &Side, reached: &Reached) -> String {
    let places: Vec<String> = context
        .roles
        .routes
        .iter()
        .map(|rule| (rule, rule.percent_of(&side.target_group).unwrap_or_default()))
        .filter(|(_, percent)| *percent != u64::from(reached.weight))
        .map(|(rule, percent)| format!("{} has {percent} %", rule.at()))
        .collect();
    if places.is_empty() {
        return String::new();
    }
    format!(
        "; but {}: `swingbridge resume` goes on with every route, `swingbridge rollback` takes all of it back",
        places.join(", ")
    )
}

/// A promotion that has come to its end is finished, and one that has not begun stays so.
pub(super) fn resume(context: &Context<'_>) -> Drafted {
    if context.roles.candidate.is_some() {
        under_way(context)?;
    }
    promote::draft(context)
}

/// Smaller and smaller shares, each for a while, then the rollback that a person would make.
pub(super) fn retreat(context: &Context<'_>) -> Drafted {
    let Ok((candidate, reached)) = under_way(context) else {
        return rollback::draft(context, None, Some(AfterRollback::Keep));
    };
    let next = Side::require(candidate)?;
    let live = Side::require(&context.roles.live)?;
    let every = context
        .policy
        .shift
        .as_ref()
        .map_or(context.policy.swing.propagation, |shift| {
            shift.reduce_every.max(context.policy.swing.propagation)
        });
    let mut steps = vec![held(&next, reached, Held::Retreating)];
    let mut before = stages::observed(context);
    let mut weight = present(context, &next).unwrap_or_default() / 2;
    while weight >= LEAST {
        let smaller = MarkedStage {
            stage: reached.stage,
            weight,
            held: None,
        };
        let share = stages::share(context, &next, &live, smaller, &mut before);
        steps.extend(share.into_iter().filter_map(|step| match step {
            // The stage stays written down as the one that is left.
            Step::MarkStage { .. } => None,
            Step::Confirm { expect, times, .. } => Some(Step::Confirm {
                expect,
                times,
                propagation: every,
            }),
            step => Some(step),
        }));
        weight /= 2;
    }
    let mut back = rollback::of_candidate(context, candidate, AfterRollback::Keep)?;
    swing::continue_from(context, &mut back.steps, &before);
    steps.extend(back.steps);
    Ok(Draft {
        summary: format!(
            "take production back from generation {} step by step",
            candidate.generation
        ),
        steps,
        ..Draft::default()
    })
}

/// What is to be done about a pause that nobody has ended in its time.
pub(super) fn expired(context: &Context<'_>) -> Option<Expired> {
    let shift = context.policy.shift.as_ref()?;
    let reached = context.roles.candidate.as_ref()?.stage.as_ref()?;
    let Wait::Pause(Some(expiry)) = shift.stages[shift.stage_of(reached)?].wait else {
        return None;
    };
    let over = reached.since.checked_add(expiry.after).ok()? <= context.estate.observed_at;
    // What a person holds is theirs, and what is being taken back gets no more.
    let decides = match (expiry.then, reached.held) {
        (_, Some(Held::Asked)) => false,
        (Expired::GoOn, held) => held.is_none() && !stages::is_less(context, reached),
        (Expired::Rollback, _) => true,
    };
    (over && decides).then_some(expiry.then)
}

/// The candidate that has a share of production by stages.
fn under_way<'a>(context: &'a Context<'_>) -> Result<(&'a Standing, &'a Reached), Vec<Reason>> {
    let candidate = context.roles.candidate.as_ref();
    candidate
        .filter(|candidate| candidate.state == State::Promoting)
        .and_then(|candidate| Some((candidate, candidate.stage.as_ref()?)))
        .ok_or_else(|| vec![Reason::NotShifting])
}

/// The largest share that a route gives it now.
fn present(context: &Context<'_>, next: &Side) -> Option<u32> {
    let shares = context
        .roles
        .routes
        .iter()
        .filter_map(|rule| rule.percent_of(&next.target_group));
    shares.max().and_then(|percent| u32::try_from(percent).ok())
}

fn held(side: &Side, reached: &Reached, held: Held) -> Step {
    let marked = MarkedStage {
        stage: reached.stage,
        weight: reached.weight,
        held: Some(held),
    };
    stages::mark(side, marked)
}
