//! Retire: remove generations that production has left.

use super::{Context, Draft, Drafted, doors, removal, swing, variant};
use crate::model::ab_reason::AbReason;
use crate::model::ids::Generation;
use crate::model::plan::Note;
use crate::model::refusal::Reason;
use crate::model::standing::{Standing, State};

pub(super) fn draft(context: &Context<'_>, generation: Option<Generation>) -> Drafted {
    let roles = &context.roles;
    let leaving: Vec<&Standing> =
        match generation {
            Some(generation) if generation == roles.live.generation => {
                return Err(vec![Reason::IsLive { generation }]);
            }
            Some(generation)
                if roles
                    .candidate
                    .as_ref()
                    .is_some_and(|one| one.generation == generation) =>
            {
                return Err(vec![Reason::IsCandidate { generation }]);
            }
            Some(generation) if variant::takes_part(context, generation) => {
                return Err(AbReason::TestRuns {
                    live: roles.live.generation,
                }
                .into());
            }
            Some(generation) => vec![
                roles
                    .generation(generation)
                    .ok_or_else(|| vec![Reason::NoSuchGeneration { generation }])?,
            ],
            None => {
                roles
                    .previous
                    .iter()
                    .chain(roles.others.iter().filter(|other| other.ours).filter(|other| {
                        other.generation < roles.live.generation || other.state == State::Lost
                    }))
                    .collect()
            }
        };
    // The last rule may have been swung and the doors not: they still lead to what would be removed.
    if (roles.halfway && !roles.tests()) || roles.live.state == State::Promoting {
        return Err(vec![Reason::PromotionHalfWay {
            generation: roles.candidate.as_ref().unwrap_or(&roles.live).generation,
        }]);
    }
    if leaving.is_empty() {
        return Ok(Draft::nothing("there is no previous generation to remove"));
    }
    let stays = |standing: &&Standing| !leaving.iter().any(|one| one.generation == standing.generation);
    let gone: Vec<Generation> = leaving.iter().map(|one| one.generation).collect();
    let waiting = waiting(context, roles.previous.as_ref().filter(stays), &gone);
    let mut steps = doors::left_by(context, &leaving)?;
    steps.extend(swing::confirmed(context, &steps));
    steps.extend(swing::entrance(context, &waiting));
    let mut reasons = Vec::new();
    for standing in &leaving {
        match removal::steps(context, standing, &steps) {
            Ok(more) => steps.extend(more),
            Err(reason) => reasons.push(reason),
        }
    }
    if !reasons.is_empty() {
        return Err(reasons);
    }
    let mut notes = Vec::new();
    if roles.previous.as_ref().is_some_and(|previous| !stays(&previous)) {
        notes.push(Note::risk(
            "after this there is no previous generation to roll back to",
        ));
    }
    let names: Vec<String> = leaving
        .iter()
        .map(|standing| standing.generation.to_string())
        .collect();
    Ok(Draft {
        summary: format!(
            "remove generation {}; production stays on generation {}",
            names.join(" and "),
            roles.live.generation
        ),
        steps,
        notes,
        ..Draft::default()
    })
}

/// The target groups that no route or door names and that must stay health-checked.
fn waiting(
    context: &Context<'_>,
    previous: Option<&Standing>,
    gone: &[Generation],
) -> Vec<crate::model::ids::TargetGroupName> {
    let candidate = context
        .roles
        .candidate
        .as_ref()
        .filter(|_| !context.policy.shows_candidate())
        .and_then(|candidate| candidate.target_group.clone());
    candidate
        .into_iter()
        .chain(variant::waiting(context, gone))
        .chain(previous.and_then(|previous| previous.target_group.clone()))
        .collect()
}
