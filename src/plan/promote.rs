//! Promote: bring the candidate to live's capacity, swing every route to it, hand scaling over.

use std::time::Duration;

use super::{Context, Draft, Drafted, doors, later, preflight, removal, stages, swing};
use crate::model::ids::{Generation, GroupName, TargetGroupName};
use crate::model::plan::Note;
use crate::model::policy::{Treatment, Want};
use crate::model::refusal::Reason;
use crate::model::shift::Shift;
use crate::model::standing::{Standing, State};
use crate::model::step::{self, Step};

/// One side of a swing.
#[derive(Clone)]
pub(super) struct Side {
    pub(super) generation: Generation,
    pub(super) group: GroupName,
    pub(super) target_group: TargetGroupName,
}

impl Side {
    /// A generation that has both its parts.
    pub(super) fn of(standing: &Standing) -> Option<Self> {
        Some(Self {
            generation: standing.generation,
            group: standing.group.clone()?,
            target_group: standing.target_group.clone()?,
        })
    }

    pub(super) fn require(standing: &Standing) -> Result<Self, Vec<Reason>> {
        Self::of(standing).ok_or_else(|| {
            vec![match &standing.target_group {
                Some(target_group) => Reason::NoGroup {
                    generation: standing.generation,
                    target_group: target_group.clone(),
                },
                None => Reason::NoSuchGeneration {
                    generation: standing.generation,
                },
            }]
        })
    }
}

/// In the stages that are configured, if there are any.
pub(super) fn draft(context: &Context<'_>) -> Drafted {
    promotion(context, context.policy.shift.as_ref())
}

pub(super) fn at_once(context: &Context<'_>) -> Drafted {
    promotion(context, None)
}

fn promotion(context: &Context<'_>, shift: Option<&Shift>) -> Drafted {
    if context.roles.candidate.is_none() && is_promoted(context) {
        return finish(context);
    }
    let (candidate, next, from) = sides(context)?;
    let by = match shift {
        Some(shift) if !shift.stages.is_empty() => {
            let weights: Vec<String> = shift
                .stages
                .iter()
                .map(|stage| stage.weight.to_string())
                .collect();
            format!(", by {} %", weights.join(", "))
        }
        _ => String::new(),
    };
    Ok(Draft {
        summary: format!(
            "swing production from generation {} to generation {}{}{by}",
            from.generation,
            next.generation,
            release_of(candidate)
        ),
        steps: steps(context, &next, &from, shift)?,
        notes: notes(context),
        ..Draft::default()
    })
}

/// Whether the last promotion has come to its end, but perhaps for what follows it.
pub(super) fn is_promoted(context: &Context<'_>) -> bool {
    let roles = &context.roles;
    matches!(roles.live.state, State::Live | State::Promoting) && rolled_back(context).is_none()
}

fn rolled_back(context: &Context<'_>) -> Option<Generation> {
    let roles = &context.roles;
    roles
        .rolled_back()
        .map(|other| other.generation)
        .filter(|generation| *generation > roles.live.generation)
}

/// The candidate, if it may be promoted, and both sides of the swing to it.
pub(super) fn sides<'a>(context: &'a Context<'_>) -> Result<(&'a Standing, Side, Side), Vec<Reason>> {
    let roles = &context.roles;
    let Some(candidate) = &roles.candidate else {
        return Err(vec![Reason::NoCandidate {
            rolled_back: rolled_back(context),
        }]);
    };
    if candidate.state == State::Staged {
        return Err(vec![Reason::CandidateNotReady {
            generation: candidate.generation,
            state: candidate.state.to_string(),
        }]);
    }
    let next = Side::require(candidate)?;
    let from = Side::require(&roles.live)?;
    preflight::group_of(context, &roles.live)?;
    preflight::group_of(context, candidate)?;
    zonal_shift(context, &next)?;
    doors::free(context)?;
    Ok((candidate, next, from))
}

fn release_of(standing: &Standing) -> String {
    standing
        .release
        .as_ref()
        .map(|release| format!(" (release {release})"))
        .unwrap_or_default()
}

/// Everything before the first request moves: capacity, health, and a mark of where production comes from.
pub(super) fn prelude(context: &Context<'_>, next: &Side, from: &Side) -> Vec<Step> {
    let mut steps = vec![Step::Adopt {
        generation: from.generation,
        group: from.group.clone(),
        target_group: from.target_group.clone(),
    }];
    steps.extend(doors::adopt(context));
    steps.extend([
        Step::Hold {
            group: from.group.clone(),
        },
        Step::Hold {
            group: next.group.clone(),
        },
        Step::MatchCapacity {
            group: next.group.clone(),
            like: from.group.clone(),
        },
        Step::OpenStaging {
            target_group: next.target_group.clone(),
        },
        await_capacity(context, next, from),
        Step::Mark {
            generation: next.generation,
            target_group: next.target_group.clone(),
            state: State::Promoting,
            previous: Some(from.generation),
        },
    ]);
    // Before it leaves the routes, so that its health is never out of sight. Without doors the
    // entrance is also what keeps the candidate checked until the first route names it.
    let mut waiting: Vec<TargetGroupName> = swing::waits_for_return(context, Some(&from.target_group))
        .into_iter()
        .collect();
    let checked_there = context
        .roles
        .entrance
        .is_some_and(|rule| rule.weight_of(&next.target_group).is_some());
    if checked_there {
        waiting.push(next.target_group.clone());
    }
    if !waiting.is_empty() {
        steps.extend(swing::entrance(context, &waiting));
    }
    let doors = doors::before_swing(context, &from.target_group, &next.target_group, false);
    if !doors.is_empty() {
        steps.extend(doors.iter().cloned());
        steps.push(swing::confirm(context, &doors));
    }
    steps
}

/// Everything from a ready candidate to the previous generation treated as configured.
pub(super) fn steps(
    context: &Context<'_>,
    next: &Side,
    from: &Side,
    shift: Option<&Shift>,
) -> Result<Vec<Step>, Vec<Reason>> {
    // First of all: whoever is cut off before it leaves it as unknown as it was.
    let mut steps: Vec<Step> = shift.and_then(|_| stages::anew(context)).into_iter().collect();
    steps.extend(prelude(context, next, from));
    let mut last = swung(context, next, from);
    if let Some(shift) = shift {
        let (staged, before) = stages::steps(context, shift, next, from);
        steps.extend(staged);
        swing::continue_from(context, &mut last, &before);
    }
    steps.extend(last);
    follow(context, next, from, &mut steps)?;
    Ok(steps)
}

/// What comes after a swing: scaling is handed over, and the previous generation treated as configured.
pub(super) fn follow(
    context: &Context<'_>,
    next: &Side,
    from: &Side,
    steps: &mut Vec<Step>,
) -> Result<(), Vec<Reason>> {
    if context.policy.swing.hold.is_zero() {
        steps.push(Step::PayObligations {
            group: next.group.clone(),
        });
    }
    if context.policy.after_promotion.after.is_zero() && context.policy.grace().is_none() {
        let standing = context.roles.generation(from.generation).ok_or_else(|| {
            vec![Reason::NoSuchGeneration {
                generation: from.generation,
            }]
        })?;
        // The adoption that makes it ours is an earlier step of this same plan.
        let adopted = Standing {
            ours: true,
            ..standing.clone()
        };
        let treated = later::treat(context, &adopted, swing::entrance(context, &[]), steps)?;
        steps.extend(treated);
    } else if context.policy.after_promotion.previous == Treatment::Retire
        && let Some(reason) = removal::unseen(context, Some(&from.group))
    {
        // Known now, it is better said now than when its time has come.
        return Err(vec![reason]);
    }
    Ok(())
}

/// The swing itself and what follows at once.
pub(super) fn swung(context: &Context<'_>, next: &Side, from: &Side) -> Vec<Step> {
    let mut steps = swing::routes(context, &next.target_group);
    steps.extend(doors::swung(context, &next.target_group, false));
    let confirm = swing::confirm(context, &steps);
    steps.push(confirm);
    steps.push(Step::Mark {
        generation: next.generation,
        target_group: next.target_group.clone(),
        state: State::Live,
        previous: Some(from.generation),
    });
    steps.push(Step::Mark {
        generation: from.generation,
        target_group: from.target_group.clone(),
        state: State::Previous,
        previous: None,
    });
    steps
}

/// What an interrupted promotion left to do, once production is where it belongs.
pub(super) fn finish(context: &Context<'_>) -> Drafted {
    let roles = &context.roles;
    let mut draft = Draft::nothing(format!(
        "generation {}{} is live already",
        roles.live.generation,
        release_of(&roles.live)
    ));
    let (State::Live | State::Promoting, Some(live)) = (roles.live.state, Side::of(&roles.live)) else {
        return Ok(draft);
    };
    draft.steps = match roles.previous.as_ref().and_then(Side::of) {
        Some(from) => swung(context, &live, &from),
        None => doors::stayed(context, &live.target_group, false),
    };
    let (released, note) = later::hand_over(context);
    draft.steps.extend(released);
    draft.notes.extend(note);
    let (closed, note) = later::close_door(context);
    draft.steps.extend(closed);
    draft.notes.extend(note);
    let (treated, note) = later::treat_previous(context, &draft.steps)?;
    draft.steps.extend(treated);
    draft.notes.extend(note);
    Ok(draft)
}

/// At promotion: instances that were healthy already need not soak again.
pub(super) fn await_capacity(context: &Context<'_>, next: &Side, from: &Side) -> Step {
    let desired = |side: &Side| context.estate.group(&side.group).map(|group| group.size.desired);
    let grows = desired(next).is_some_and(|desired_next| Some(desired_next) < desired(from));
    let soak = if grows {
        context.policy.health.soak
    } else {
        Duration::ZERO
    };
    await_healthy(context, next, soak)
}

/// Measured against what the generation itself is to have: live may grow while it is waited for.
pub(super) fn await_healthy(context: &Context<'_>, side: &Side, soak: Duration) -> Step {
    Step::AwaitHealthy {
        group: side.group.clone(),
        target_group: side.target_group.clone(),
        want: context.policy.health.want,
        like: side.group.clone(),
        soak,
        timeout: context.policy.health.timeout,
    }
}

pub(super) fn zonal_shift(context: &Context<'_>, next: &Side) -> Result<(), Vec<Reason>> {
    let shifted = context
        .estate
        .target_group(&next.target_group)
        .and_then(|tg| tg.targets.iter().find_map(|target| target.zonal_override.clone()));
    match shifted {
        Some(zone) => Err(vec![Reason::ZonalShift {
            zone,
            target_group: next.target_group.clone(),
        }]),
        None => Ok(()),
    }
}

pub(super) fn notes(context: &Context<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    if context.roles.routes.len() > 1 {
        notes.push(Note::risk(format!(
            "{} rules are swung one after another: for a moment some requests still reach the generation before",
            context.roles.routes.len()
        )));
    }
    for rule in &context.roles.routes {
        for also in rule.also.iter().filter(|also| also.contains("stickiness")) {
            notes.push(Note::risk(format!(
                "{}: {also}; clients that hold its cookie are moved as well, because only one target group is named",
                rule.at()
            )));
        }
    }
    let treated = &context.policy.after_promotion;
    notes.push(Note::info(match treated.previous {
        Treatment::Keep => "the previous generation stays at full capacity: rollback swings at once".into(),
        Treatment::Scale(to) => format!(
            "the previous generation is scaled down to {to} after {}: rollback boots the rest first",
            step::span(treated.after)
        ),
        Treatment::Retire => format!(
            "the previous generation is removed after {}: then there is nothing to roll back to",
            step::span(treated.after)
        ),
    }));
    if let Want::Percent(percent) = context.policy.health.want
        && percent < 100
    {
        notes.push(Note::risk(format!(
            "production may swing when {percent} % of live's capacity is healthy"
        )));
    }
    notes
}
