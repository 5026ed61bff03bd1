//! The end of a test whose winner a measure picks: when it has come, and what is left of it when it was cut off.

use super::{Context, Draft, ab, leads, winner};
use crate::model::ab::{By, Test};
use crate::model::policy::Strategy;

/// The end of a test whose winner a measure is to pick.
pub(super) fn over(context: &Context<'_>) -> Option<Draft> {
    let test = context.policy.ab.as_ref()?;
    let picks = is_picked(context) && winner::named(context).is_none();
    let over = test.ends(context.roles.began()?) <= context.estate.observed_at;
    (picks && over && !goes_home(context, test)).then(|| Draft {
        summary: format!("the test of {} is over", test.names()),
        steps: vec![ab::wait(test)],
        ..Draft::default()
    })
}

/// What a measure has picked, until it has all of production. What a person named while the test lasted, a person
/// finishes.
pub(super) fn picked(context: &Context<'_>) -> Option<String> {
    let test = context.policy.ab.as_ref().filter(|_| is_picked(context))?;
    let winner = context.roles.winner()?;
    let over = test.ends(winner.test.as_ref()?.since) <= context.estate.observed_at;
    // Production is there already, and only what follows is left.
    let has_all = context.roles.live.generation == winner.generation;
    (over && (has_all || !goes_home(context, test))).then(|| winner.variant.clone())?
}

/// Whether somebody has begun to lead production back to where it came from.
fn goes_home(context: &Context<'_>, test: &Test) -> bool {
    let roles = &context.roles;
    let home = roles.home().and_then(|home| home.target_group.as_ref());
    match test.by {
        By::Weight { .. } => {
            let mut routes = roles.routes.iter();
            routes.any(|route| route.action.only_target().is_some_and(|only| Some(only) == home))
        }
        By::Header { .. } => !leads::header_leads(context, test),
    }
}

/// Whether it is a measure that ends tests.
pub(super) fn is_picked(context: &Context<'_>) -> bool {
    let test = context.policy.ab.as_ref();
    context.policy.strategy == Strategy::Ab && test.is_some_and(|test| test.pick.is_some())
}
