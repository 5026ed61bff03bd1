//! Abort: remove the candidate, and whatever was rolled back and kept. Production is not touched.

use super::later::{self, Due};
use super::{Context, Draft, Drafted, doors, recreate, removal, swing, variant};
use crate::model::ab_reason::AbReason;
use crate::model::ids::{Generation, TargetGroupName};
use crate::model::refusal::Reason;
use crate::model::standing::{Standing, State};
use crate::model::step::Step;

pub(super) fn draft(context: &Context<'_>) -> Drafted {
    let roles = &context.roles;
    let stopped = recreate::is_meant(context) && recreate::live_was_stopped(context);
    if stopped || (roles.halfway && !roles.tests()) {
        let generation = roles.candidate.as_ref().unwrap_or(&roles.live).generation;
        return Err(vec![Reason::PromotionHalfWay { generation }]);
    }
    let leaving: Vec<&Standing> = roles
        .candidate
        .iter()
        .chain(roles.variants.iter().filter(|one| one.state != State::Promoting))
        .chain(roles.others.iter().filter(|other| {
            (other.state.was_left() && other.generation > roles.live.generation) || other.state == State::Lost
        }))
        .collect();
    if leaving.is_empty() && roles.tests() {
        return Err(AbReason::TestRuns {
            live: roles.home().unwrap_or(&roles.live).generation,
        }
        .into());
    }
    if leaving.is_empty() {
        return Ok(Draft::nothing("there is no candidate to remove"));
    }
    let mut steps = Vec::new();
    for standing in &leaving {
        // First of all: from here on, a deploy of the same release starts afresh.
        if let Some(target_group) = &standing.target_group {
            steps.push(Step::Mark {
                generation: standing.generation,
                target_group: target_group.clone(),
                state: State::Removing,
                previous: None,
            });
        }
    }
    steps.extend(doors::without_candidate(context, &leaving)?);
    let gone: Vec<Generation> = leaving.iter().map(|one| one.generation).collect();
    let previous = roles.previous.as_ref();
    let waiting: Vec<TargetGroupName> = variant::waiting(context, &gone)
        .into_iter()
        .chain(swing::waits_for_return(
            context,
            previous.and_then(|previous| previous.target_group.as_ref()),
        ))
        .collect();
    steps.extend(swing::entrance(context, &waiting));
    if let Some(confirm) = swing::confirmed(context, &steps) {
        steps.push(confirm);
    }
    // A promotion that was given up had held live.
    if let Some(group) = &roles.live.group
        && !roles.tests()
        && later::due(context, context.policy.swing.hold) == Due::Now
    {
        steps.push(Step::PayObligations { group: group.clone() });
    }
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
    let names: Vec<String> = leaving
        .iter()
        .map(|standing| match standing.state {
            state if state.was_left() => format!("generation {}, which was rolled back", standing.generation),
            State::Lost => format!("generation {}, which did not win", standing.generation),
            _ if standing.variant.is_some() => format!("variant {}", variant::named(standing)),
            _ => format!("the candidate, generation {}", standing.generation),
        })
        .collect();
    Ok(Draft {
        summary: format!(
            "remove {}; production stays on generation {}",
            names.join(", and "),
            roles.live.generation
        ),
        steps,
        ..Draft::default()
    })
}
