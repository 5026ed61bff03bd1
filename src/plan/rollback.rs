//! Rollback: of a candidate that is not live, or of a promotion. Planned from what is true now.

use std::time::Duration;

use super::promote::Side;
use super::{Context, Draft, Drafted, ab, doors, later, pair, recreate, remaining, removal, rolling, swing};
use crate::model::fleet;
use crate::model::ids::Generation;
use crate::model::obligation;
use crate::model::plan::Note;
use crate::model::policy::{AfterRollback, Strategy};
use crate::model::refusal::Reason;
use crate::model::schema::{self, Change};
use crate::model::standing::{Standing, State};
use crate::model::step::Step;

pub(super) fn draft(context: &Context<'_>, to: Option<Generation>, failed: Option<AfterRollback>) -> Drafted {
    let roles = &context.roles;
    let failed = failed.unwrap_or(context.policy.after_rollback);
    if to.is_none()
        && context.policy.strategy == Strategy::Rolling
        && roles.candidate.is_none()
        && let Some(draft) = rolling::rollback(context)
    {
        return draft;
    }
    if !roles.variants.is_empty() || roles.tests() {
        return ab::rollback(context, to, failed);
    }
    if let Some(to) = to {
        return explicit(context, to, failed);
    }
    if let Some(candidate) = &roles.candidate {
        return of_candidate(context, candidate, failed);
    }
    let done = roles.live.state == State::Restored
        || roles
            .rolled_back()
            .is_some_and(|other| other.generation > roles.live.generation);
    if done && roles.live.state != State::RollingBack {
        let mut draft = leftovers(context, failed)?;
        draft.summary = format!(
            "rolled back already: production is on generation {} (`--to N` goes further back)",
            roles.live.generation
        );
        return Ok(draft);
    }
    match &roles.previous {
        Some(previous) => of_promotion(context, previous, failed),
        None => Err(vec![schema::no_way_back(context.estate, &roles.live)]),
    }
}

fn explicit(context: &Context<'_>, to: Generation, failed: AfterRollback) -> Drafted {
    let roles = &context.roles;
    if to == roles.live.generation && roles.live.state == State::RollingBack {
        // Production is on its way from there: it is not live already.
        let back = roles.live.previous.unwrap_or(to);
        return Err(vec![Reason::RollbackHalfWay { to: back }]);
    }
    if to == roles.live.generation && roles.candidate.is_none() {
        let mut draft = leftovers(context, failed)?;
        draft.summary = format!("generation {to} is live already");
        return Ok(draft);
    }
    if let (Some(candidate), true) = (&roles.candidate, to == roles.live.generation) {
        return of_candidate(context, candidate, failed);
    }
    if let Some(reason) = behind_the_schema(context, to) {
        return Err(vec![reason]);
    }
    let target = roles
        .generation(to)
        .ok_or_else(|| vec![Reason::NoSuchGeneration { generation: to }])?;
    if let Some(candidate) = &roles.candidate {
        let generation = candidate.generation;
        return Err(vec![match to == generation {
            true => Reason::CandidateExists {
                generation,
                release: candidate.release.clone().unwrap_or_else(|| "unnamed".into()),
            },
            false => Reason::CandidateBeside { generation, to },
        }]);
    }
    of_promotion(context, target, failed)
}

/// The candidate's door closes; production, wherever a promotion had brought it, goes back to live.
pub(super) fn of_candidate(context: &Context<'_>, candidate: &Standing, failed: AfterRollback) -> Drafted {
    let live = Side::require(&context.roles.live)?;
    let mut steps = Vec::new();
    let target_group = candidate.target_group.clone();
    let restarted = recreate::is_meant(context) && recreate::live_was_stopped(context);
    if let (true, Some(leaving)) = (restarted, Side::of(candidate)) {
        pair::stands(context, &live)?;
        steps.extend(recreate::instead(context, &leaving, &live));
    } else if context.roles.halfway {
        steps.extend(Side::of(candidate).and_then(|leaving| stays_in_use(context, &leaving)));
    }
    steps.extend(swing::routes(context, &live.target_group));
    steps.extend(doors::stayed(
        context,
        &live.target_group,
        failed == AfterRollback::Remove,
    ));
    let previous = context.roles.previous.as_ref();
    steps.extend(swing::entrance(
        context,
        swing::waits_for_return(
            context,
            previous.and_then(|previous| previous.target_group.as_ref()),
        )
        .as_slice(),
    ));
    let confirm = swing::confirm(context, &steps);
    steps.push(confirm);
    steps.push(Step::PayObligations {
        group: live.group.clone(),
    });
    // Before the candidate stops being one: a rollback that is run again must find either mark, and
    // never take live's own predecessor for what it was asked to go back to.
    if context.roles.live.ours {
        steps.push(mark(live.generation, &live.target_group, State::Restored));
    }
    if let Some(target_group) = &target_group {
        steps.push(mark(candidate.generation, target_group, left_as(failed)));
    }
    let left = leave(context, candidate, failed, &steps)?;
    steps.extend(left);
    // Whoever wants production away from live finds that this is not it.
    let further = previous.filter(|_| !context.roles.halfway).map(|previous| {
        Note::info(format!(
            "production is not swung back to generation {0}: `swingbridge rollback --to {0}` does that, once this is done",
            previous.generation
        ))
    });
    Ok(Draft {
        notes: further.into_iter().collect(),
        summary: format!(
            "close the candidate, generation {}{}; production {} generation {}",
            candidate.generation,
            match failed {
                AfterRollback::Keep => "",
                AfterRollback::Remove => ", and remove it",
            },
            if context.roles.halfway {
                "goes back to"
            } else {
                "stays on"
            },
            live.generation
        ),
        steps,
        ..Draft::default()
    })
}

/// A generation that works with the schema of before only, whether it still stands or not.
fn behind_the_schema(context: &Context<'_>, to: Generation) -> Option<Reason> {
    let contracted = Change::Contracted.up_to(context.estate)?;
    (to < contracted).then_some(Reason::Contracted { to, contracted })
}

/// Production goes back from live to a generation that was live before.
fn of_promotion(context: &Context<'_>, target: &Standing, failed: AfterRollback) -> Drafted {
    if let Some(reason) = behind_the_schema(context, target.generation) {
        return Err(vec![reason]);
    }
    let back = Side::require(target)?;
    pair::stands(context, &back)?;
    let leaving = Side::require(&context.roles.live)?;
    let ready = is_ready(context, &back, &leaving);
    let going = Step::Mark {
        generation: leaving.generation,
        target_group: leaving.target_group.clone(),
        state: State::RollingBack,
        previous: Some(back.generation),
    };
    let mut steps = vec![
        Step::MatchCapacity {
            group: back.group.clone(),
            like: leaving.group.clone(),
        },
        Step::Hold {
            group: back.group.clone(),
        },
        Step::OpenStaging {
            target_group: back.target_group.clone(),
        },
    ];
    if !ready {
        steps.push(Step::AwaitHealthy {
            group: back.group.clone(),
            target_group: back.target_group.clone(),
            want: context.policy.health.want,
            like: back.group.clone(),
            // An incident does not wait for a soak: these instances have served before.
            soak: Duration::ZERO,
            timeout: context.policy.health.timeout,
        });
    }
    if recreate::is_meant(context) {
        // Whoever finds production stopped must know whose turn it is.
        steps = vec![going];
        steps.extend(recreate::instead(context, &leaving, &back));
    } else {
        steps.push(going);
        steps.extend(stays_in_use(context, &leaving));
    }
    // By turns: whoever is sent away finds the other colour open.
    let closes = failed == AfterRollback::Remove;
    let opened = doors::before_swing(context, &leaving.target_group, &back.target_group, closes);
    steps.extend(opened.iter().cloned());
    steps.extend(swing::routes(context, &back.target_group));
    // Production does not wait for it; but nobody is told of a colour, or sent to it, before every node has it open.
    if !remaining(context.estate, opened.clone()).is_empty() {
        steps.push(swing::confirm(context, &opened));
    }
    steps.extend(doors::swung(context, &back.target_group, closes));
    let confirm = swing::confirm(context, &steps);
    steps.push(confirm);
    steps.push(mark(back.generation, &back.target_group, State::Restored));
    steps.push(mark(leaving.generation, &leaving.target_group, left_as(failed)));
    steps.extend(swing::entrance(context, &[]));
    if context.policy.swing.hold.is_zero() {
        steps.push(Step::PayObligations {
            group: back.group.clone(),
        });
    }
    let left = leave(context, &context.roles.live, failed, &steps)?;
    steps.extend(left);
    let mut notes = Vec::new();
    if recreate::is_meant(context) {
        notes.extend(recreate::notes(context, &leaving, &back));
    }
    notes.push(Note::info(if ready {
        format!(
            "generation {} stands ready: production swings at once",
            back.generation
        )
    } else {
        format!(
            "generation {} is brought to live's capacity and health first",
            back.generation
        )
    }));
    Ok(Draft {
        summary: format!(
            "swing production back from generation {} to generation {}{}",
            leaving.generation,
            back.generation,
            if recreate::is_meant(context) {
                "; nobody answers meanwhile"
            } else {
                ""
            }
        ),
        steps,
        notes,
        ..Draft::default()
    })
}

/// What a finished rollback may still have to do: release what was held, remove what was to be removed.
fn leftovers(context: &Context<'_>, failed: AfterRollback) -> Drafted {
    let roles = &context.roles;
    let mut draft = Draft::default();
    // The entrance may still lead to what is live now; it stays only for a previous generation.
    let waiting: Vec<_> = roles
        .previous
        .iter()
        .filter_map(|previous| previous.target_group.clone())
        .filter(|name| roles.entrance.is_some_and(|rule| rule.weight_of(name).is_some()))
        .collect();
    draft.steps.extend(swing::entrance(context, &waiting));
    let (released, note) = later::hand_over(context);
    draft.steps.extend(released);
    draft.notes.extend(note);
    let (closed, note) = later::close_door(context);
    draft.steps.extend(closed);
    draft.notes.extend(note);
    match roles.rolled_back() {
        // Asked for once more, a removal that was finished must not go on with what an earlier rollback kept.
        Some(other) if failed == AfterRollback::Remove && other.state == State::RolledBack => {
            draft.notes.push(Note::info(format!(
                "generation {} was rolled back and kept; `swingbridge {}` removes it",
                other.generation,
                if other.generation > roles.live.generation {
                    "abort"
                } else {
                    "retire"
                },
            )));
        }
        Some(other) => {
            // Of a test that was taken back, several may have been on their way out.
            let all = roles.others.iter().filter(|one| one.state == other.state);
            let of_one_test = all.filter(|one| one.generation == other.generation || one.variant.is_some());
            for one in of_one_test {
                let left = leave(context, one, failed, &draft.steps)?;
                draft.steps.extend(left);
            }
        }
        None => {}
    }
    Ok(draft)
}

/// What is written on the generation that is left, so that an interrupted removal is told from a kept one.
pub(super) fn left_as(failed: AfterRollback) -> State {
    match failed {
        AfterRollback::Keep => State::RolledBack,
        AfterRollback::Remove => State::Removing,
    }
}

/// The generation that was left: kept to be looked at, free to scale in; or removed.
pub(super) fn leave(
    context: &Context<'_>,
    standing: &Standing,
    failed: AfterRollback,
    before: &[Step],
) -> Result<Vec<Step>, Vec<Reason>> {
    match failed {
        // Released, it would start again beside live.
        AfterRollback::Keep if recreate::is_meant(context) => Ok(Vec::new()),
        AfterRollback::Keep => Ok(standing
            .group
            .iter()
            .map(|group| Step::PayObligations { group: group.clone() })
            .collect()),
        AfterRollback::Remove => {
            let removed = removal::steps(context, standing, before).map_err(|reason| vec![reason])?;
            Ok(drained(removed))
        }
    }
}

/// Requests come until every node of the load balancer has heard. What is not held from scaling in meanwhile must at
/// least drain, as it does only while a rule names it. It takes no call to Auto Scaling: an incident does not wait.
pub(super) fn stays_in_use(context: &Context<'_>, leaving: &Side) -> Option<Step> {
    let group = context.estate.group(&leaving.group)?;
    (!obligation::is_held(group)).then(|| Step::StayInUse {
        target_groups: vec![leaving.target_group.clone()],
    })
}

/// A removal of what was kept in use, which it is until nobody is left there.
fn drained(mut removed: Vec<Step>) -> Vec<Step> {
    let names_it = |step: &Step| {
        matches!(
            step,
            Step::DeleteGroup { .. } | Step::Vacate { .. } | Step::DeleteTargetGroup { .. }
        )
    };
    if let Some(at) = removed.iter().position(names_it) {
        let nobody = Vec::new();
        removed.insert(
            at,
            Step::StayInUse {
                target_groups: nobody,
            },
        );
    }
    removed
}

/// Stands at live's capacity with every target healthy: nothing needs to be waited for.
pub(super) fn is_ready(context: &Context<'_>, back: &Side, leaving: &Side) -> bool {
    let estate = context.estate;
    let (Some(group), Some(tg), Some(live)) = (
        estate.group(&back.group),
        estate.target_group(&back.target_group),
        estate.group(&leaving.group),
    ) else {
        return false;
    };
    group.size.desired >= live.size.desired
        && fleet::healthy_capacity(group, tg) >= context.policy.health.want.of(live.size.desired)
}

pub(super) fn mark(
    generation: Generation,
    target_group: &crate::model::ids::TargetGroupName,
    state: State,
) -> Step {
    Step::Mark {
        generation,
        target_group: target_group.clone(),
        state,
        previous: None,
    }
}
