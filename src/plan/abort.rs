//! Abort: remove the candidate, and whatever was rolled back and kept. Production is not touched.

use super::later::{self, Due};
use super::{Context, Draft, Drafted, doors, recreate, removal, swing};
use crate::model::refusal::Reason;
use crate::model::roles::{Standing, State};
use crate::model::step::Step;

pub(super) fn draft(context: &Context<'_>) -> Drafted {
    let roles = &context.roles;
    if roles.halfway || (recreate::is_meant(context) && recreate::live_was_stopped(context)) {
        let generation = roles.candidate.as_ref().unwrap_or(&roles.live).generation;
        return Err(vec![Reason::PromotionHalfWay { generation }]);
    }
    let leaving: Vec<&Standing> = roles
        .candidate
        .iter()
        .chain(
            roles
                .others
                .iter()
                .filter(|other| other.state.was_left() && other.generation > roles.live.generation),
        )
        .collect();
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
    steps.extend(swing::entrance(
        context,
        swing::waits_for_return(
            context,
            roles
                .previous
                .as_ref()
                .and_then(|previous| previous.target_group.as_ref()),
        )
        .as_slice(),
    ));
    if let Some(confirm) = swing::confirmed(context, &steps) {
        steps.push(confirm);
    }
    // A promotion that was given up had held live.
    if let Some(group) = &roles.live.group
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
