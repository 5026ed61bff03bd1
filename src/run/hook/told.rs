//! What a hook is told, from what is seen at that moment.

use super::super::Job;
use crate::model::estate::Estate;
use crate::model::hook::Place;
use crate::model::plan::{Intent, Plan};
use crate::model::roles::Roles;
use crate::model::standing::{Standing, State};
use crate::model::step::Step;
use crate::model::told::{Side, Told};

pub(super) fn told<C>(job: &Job<'_, C>, plan: &Plan, estate: &Estate, place: Place) -> Told {
    let roles = Roles::of(estate, &plan.policy).ok();
    let live = roles.as_ref().map(|roles| side(&roles.live));
    let previous = roles.as_ref().and_then(|roles| roles.previous.as_ref().map(side));
    let candidate = match roles.as_ref().and_then(|roles| beside(plan, roles)) {
        Some(candidate) => Some(side(candidate)),
        // It is still to be made.
        None => planned(plan)
            .filter(|planned| Some(planned.generation) != live.as_ref().map(|live| live.generation)),
    };
    let release = match &plan.intent {
        Intent::Deploy { release } => Some(release.name.clone()),
        _ => [&candidate, &live]
            .into_iter()
            .find_map(|side| side.as_ref()?.release.clone()),
    };
    Told {
        place,
        app: plan.app.clone(),
        load_balancer: estate.load_balancer.name.clone(),
        command: job.command.clone(),
        run: job.run.clone(),
        plan: plan.id.clone(),
        release,
        live,
        candidate,
        previous,
        weight: roles
            .filter(|_| place == Place::EachStep)
            .and_then(|roles| weight(plan, &roles)),
        entrance: None,
        failure: None,
        exit_code: None,
    }
}

/// Whom the command is about.
fn beside<'a>(plan: &Plan, roles: &'a Roles<'_>) -> Option<&'a Standing> {
    let variant = match &plan.intent {
        Intent::Deploy { release } => release.variant.as_ref(),
        Intent::Winner { name } => Some(name),
        _ => None,
    };
    variant.map_or(roles.candidate.as_ref(), |name| roles.variant(name))
}

fn side(standing: &Standing) -> Side {
    Side {
        generation: standing.generation,
        group: standing.group.clone(),
        target_group: standing.target_group.clone(),
        release: standing.release.clone(),
    }
}

/// The generation that the plan makes.
fn planned(plan: &Plan) -> Option<Side> {
    plan.steps.iter().find_map(|step| match step {
        Step::CreateGroup(new) | Step::ReuseGroup(new) => Some(Side {
            generation: new.generation,
            group: Some(new.group.clone()),
            target_group: Some(new.target_group.clone()),
            release: Some(new.release.clone()),
        }),
        _ => None,
    })
}

/// What the first route gives the generation that is promoted, in percent.
fn weight(plan: &Plan, roles: &Roles<'_>) -> Option<u32> {
    let marked = plan.steps.iter().find_map(|step| match step {
        Step::Mark {
            target_group,
            state: State::Live,
            ..
        } => Some(target_group),
        _ => None,
    });
    // A share that is asked for by hand ends before anybody is marked.
    let promoted = marked.or_else(|| roles.candidate.as_ref()?.target_group.as_ref())?;
    let shares = roles.routes.first()?.action.shares();
    let all: u64 = shares.iter().map(|share| u64::from(share.weight)).sum();
    let own = shares
        .iter()
        .find(|share| share.target_group == *promoted)?
        .weight;
    u32::try_from((u64::from(own) * 100).checked_div(all)?).ok()
}
