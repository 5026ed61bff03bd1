//! Variants that stand beside live: who may be deployed as one, who is there already, and how they stay health-checked.

use super::{Context, swing};
use crate::model::ab_reason::AbReason;
use crate::model::ids::{Generation, TargetGroupName};
use crate::model::policy::Strategy;
use crate::model::refusal::Reason;
use crate::model::release::Release;
use crate::model::standing::{Standing, State};

/// Whether a release may be deployed as what it says that it is.
pub(super) fn may_stand(context: &Context<'_>, release: &Release) -> Result<(), Vec<Reason>> {
    let test = context.policy.ab.as_ref();
    let known = |name: &str| test.is_some_and(|test| test.deployed().any(|variant| variant.name == name));
    match (&release.variant, context.policy.strategy) {
        (None, Strategy::Ab) => Err(AbReason::NotAVariant {
            known: known_names(context),
        }
        .into()),
        (Some(name), Strategy::Ab) if !known(name) => Err(no_such(context, name)),
        (Some(name), strategy) if strategy != Strategy::Ab => Err(no_such(context, name)),
        // Somebody else's promotion comes first.
        _ => match &context.roles.candidate {
            Some(candidate) if release.variant.is_some() => Err(vec![exists(candidate)]),
            _ => Ok(()),
        },
    }
}

fn no_such(context: &Context<'_>, variant: &str) -> Vec<Reason> {
    AbReason::NoSuchVariant {
        variant: variant.to_owned(),
        known: known_names(context),
    }
    .into()
}

fn known_names(context: &Context<'_>) -> String {
    let test = context.policy.ab.iter();
    let names: Vec<&str> = test
        .flat_map(|test| test.deployed())
        .map(|one| one.name.as_str())
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// Whoever stands where a release is to stand.
pub(super) fn beside<'a>(context: &'a Context<'_>, release: &Release) -> Option<&'a Standing> {
    match &release.variant {
        Some(name) => context.roles.variant(name),
        None => context.roles.candidate.as_ref(),
    }
}

pub(super) fn exists(standing: &Standing) -> Reason {
    let release = standing.release.clone().unwrap_or_else(|| "unnamed".into());
    let generation = standing.generation;
    match &standing.variant {
        Some(variant) => AbReason::VariantExists {
            variant: variant.clone(),
            generation,
            release,
        }
        .into(),
        None => Reason::CandidateExists { generation, release },
    }
}

/// Whether a generation is a variant that has a share of the test, or is about to get one.
pub(super) fn takes_part(context: &Context<'_>, generation: Generation) -> bool {
    let mut variants = context.roles.variants.iter();
    variants.any(|one| one.generation == generation && one.state == State::Promoting)
}

/// For a sentence.
pub(super) fn named(standing: &Standing) -> String {
    let name = standing.variant.as_deref().unwrap_or("without a name");
    format!("{name}, generation {}", standing.generation)
}

/// Whom nothing but the entrance keeps health-checked for the sake of a test, once these are gone.
pub(super) fn waiting(context: &Context<'_>, gone: &[Generation]) -> Vec<TargetGroupName> {
    let roles = &context.roles;
    let leads = |name: &TargetGroupName| {
        let mut rules = roles.routes.iter().chain(&roles.variant_rules);
        rules.any(|rule| rule.weight_of(name).is_some())
    };
    let variants = roles.variants.iter().filter(|one| one.state != State::Staged);
    let home = roles.home().filter(|_| roles.tests());
    variants
        .chain(home)
        .filter(|one| !gone.contains(&one.generation))
        .filter_map(|one| one.target_group.clone())
        .filter(|name| !leads(name))
        .collect()
}

/// The same with one that joins them, and with whoever can be rolled back to.
pub(super) fn waiting_with(context: &Context<'_>, joins: &TargetGroupName) -> Vec<TargetGroupName> {
    let mut waiting = waiting(context, &[]);
    if !waiting.contains(joins) {
        waiting.push(joins.clone());
    }
    let previous = context.roles.previous.as_ref();
    waiting.extend(
        previous.and_then(|previous| swing::waits_for_return(context, previous.target_group.as_ref())),
    );
    waiting
}
