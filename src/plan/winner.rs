//! The end of a test: one variant gets all of production, the others go, and whoever was live is treated as previous.

use std::time::Duration;

use super::promote::{self, Side};
use super::{Context, Draft, Drafted, ab, doors, later, leads, removal, rollback, swing};
use crate::model::ab::Variant;
use crate::model::ab_reason::AbReason;
use crate::model::policy::AfterRollback;
use crate::model::refusal::Reason;
use crate::model::standing::{Standing, State};
use crate::model::step::Step;

/// The variant that production is being swung to.
pub(super) fn named(context: &Context<'_>) -> Option<String> {
    context.roles.winner()?.variant.clone()
}

pub(super) fn draft(context: &Context<'_>, name: &str) -> Drafted {
    let test = ab::configured(context)?;
    let roles = &context.roles;
    let Some(variant) = test.get(name) else {
        return Err(AbReason::NoSuchVariant {
            variant: name.to_owned(),
            known: test.names(),
        }
        .into());
    };
    if let Some(other) = named(context).filter(|other| other != name) {
        return Err(AbReason::WonAlready { variant: other }.into());
    }
    if variant.live {
        return of_live(context, variant);
    }
    if !roles.tests() {
        return if roles.live.variant.as_deref() == Some(name) && roles.live.state == State::Live {
            finish(context)
        } else {
            Err(AbReason::NoTest.into())
        };
    }
    let live = Some(&roles.live).filter(|live| live.variant.as_deref() == Some(name));
    let Some(standing) = roles.variant(name).or(live) else {
        let names = name.to_owned();
        return Err(AbReason::VariantsMissing { names }.into());
    };
    let next = Side::require(standing)?;
    doors::free(context)?;
    let home = roles.home().ok_or_else(|| vec![Reason::NoPrevious])?;
    let from = Side::require(home)?;
    let others: Vec<&Standing> = roles
        .variants
        .iter()
        .filter(|one| one.generation != next.generation)
        .collect();
    Ok(Draft {
        summary: format!(
            "{name} wins: swing production to generation {}{}",
            next.generation,
            match others.len() {
                0 => String::new(),
                1 => ", and remove the other variant".into(),
                count => format!(", and remove the {count} other variants"),
            }
        ),
        steps: steps(context, variant, &next, &from, &others)?,
        notes: promote::notes(context),
        ..Draft::default()
    })
}

fn steps(
    context: &Context<'_>,
    variant: &Variant,
    next: &Side,
    from: &Side,
    others: &[&Standing],
) -> Result<Vec<Step>, Vec<Reason>> {
    let mut steps = vec![Step::Hold {
        group: next.group.clone(),
    }];
    steps.extend(as_large_as_any(context, next, from, others));
    steps.push(Step::MarkTest {
        target_group: next.target_group.clone(),
        variant: variant.name.clone(),
        weight: variant.weight,
        won: true,
    });
    // Before it leaves the routes, so that its health is never out of sight.
    let waiting = swing::waits_for_return(context, Some(&from.target_group));
    steps.extend(swing::entrance(context, waiting.as_slice()));
    let shown = doors::before_swing(context, &from.target_group, &next.target_group, false);
    if !shown.is_empty() {
        let confirm = swing::confirm(context, &shown);
        steps.extend(shown);
        steps.push(confirm);
    }
    steps.extend(swing::routes(context, &next.target_group));
    steps.extend(doors::swung(context, &next.target_group, false));
    steps.extend(leads::close(context));
    steps.push(swing::confirm(context, &steps));
    // Before there is a new live: while it is none, whoever is still marked as a variant takes part.
    for one in others {
        if let Some(target_group) = &one.target_group {
            steps.push(rollback::mark(one.generation, target_group, State::Lost));
        }
    }
    steps.push(Step::Mark {
        generation: next.generation,
        target_group: next.target_group.clone(),
        state: State::Live,
        previous: Some(from.generation),
    });
    steps.push(rollback::mark(
        from.generation,
        &from.target_group,
        State::Previous,
    ));
    if context.policy.swing.hold.is_zero() {
        steps.push(Step::PayObligations {
            group: next.group.clone(),
        });
    }
    if context.policy.after_promotion.after.is_zero()
        && context.policy.grace().is_none()
        && let Some(home) = context.roles.generation(from.generation)
    {
        let treated = later::treat(context, home, swing::entrance(context, &[]), &steps)?;
        steps.extend(treated);
    }
    let all: Vec<&Standing> = others.iter().copied().chain(lost(context)).collect();
    remove(context, &all, &mut steps)?;
    Ok(steps)
}

/// Those who have lost go, once production is where it was to be.
pub(super) fn clear(context: &Context<'_>, steps: &mut Vec<Step>) -> Result<(), Vec<Reason>> {
    let lost: Vec<&Standing> = lost(context).collect();
    remove(context, &lost, steps)
}

fn lost<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Standing> {
    context.roles.others.iter().filter(|one| one.state == State::Lost)
}

/// One fleet takes what several have had.
fn as_large_as_any(context: &Context<'_>, next: &Side, from: &Side, others: &[&Standing]) -> Vec<Step> {
    let groups = others.iter().filter_map(|one| one.group.clone());
    let mut steps: Vec<Step> = std::iter::once(from.group.clone())
        .chain(groups)
        .map(|like| Step::MatchCapacity {
            group: next.group.clone(),
            like,
        })
        .collect();
    let grows = steps.iter().any(|step| !super::reached(step, context.estate));
    let soak = if grows {
        context.policy.health.soak
    } else {
        Duration::ZERO
    };
    steps.push(promote::await_healthy(context, next, soak));
    steps
}

fn remove(context: &Context<'_>, gone: &[&Standing], steps: &mut Vec<Step>) -> Result<(), Vec<Reason>> {
    let mut reasons = Vec::new();
    for one in gone {
        match removal::steps(context, one, steps) {
            Ok(more) => steps.extend(more),
            Err(reason) => reasons.push(reason),
        }
    }
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

/// Production goes back to whoever was live all the time, and the variants go.
fn of_live(context: &Context<'_>, variant: &Variant) -> Drafted {
    let roles = &context.roles;
    if !roles.tests() && roles.live.state != State::Restored {
        return Err(AbReason::NoTest.into());
    }
    let mut draft = rollback::draft(context, None, Some(AfterRollback::Remove))?;
    draft.summary = if roles.tests() {
        format!("{} wins: {}", variant.name, draft.summary)
    } else {
        format!(
            "{} has won already: production is on generation {}",
            variant.name, roles.live.generation
        )
    };
    Ok(draft)
}

/// What an interrupted end of a test left to do, once production is where it belongs.
pub(super) fn finish(context: &Context<'_>) -> Drafted {
    let mut draft = promote::finish(context)?;
    clear(context, &mut draft.steps)?;
    if let Some(name) = &context.roles.live.variant {
        draft.summary = format!(
            "{name} has won already: generation {} is live",
            context.roles.live.generation
        );
    }
    Ok(draft)
}
