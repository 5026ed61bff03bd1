//! Recreate: what serves production is stopped before its successor starts. Between the two steps nobody answers.

use std::time::Duration;

use super::promote::Side;
use super::{Context, removal, swing};
use crate::model::estate::Group;
use crate::model::fleet;
use crate::model::obligation;
use crate::model::plan::Note;
use crate::model::policy::Strategy;
use crate::model::refusal::Reason;
use crate::model::standing::State;
use crate::model::step::{self, Step};

pub(super) fn is_meant(context: &Context<'_>) -> bool {
    context.policy.strategy == Strategy::Recreate
}

/// From a candidate that is built and empty to one that is healthy. The mark comes first: whoever finds production
/// stopped must know whose turn it is.
pub(super) fn forward(context: &Context<'_>, next: &Side, from: &Side) -> Vec<Step> {
    let mut steps = vec![Step::Mark {
        generation: next.generation,
        target_group: next.target_group.clone(),
        state: State::Promoting,
        previous: Some(from.generation),
    }];
    steps.extend(instead(context, from, next));
    steps
}

/// One generation goes, and the other comes once nobody of it is left.
pub(super) fn instead(context: &Context<'_>, leaving: &Side, coming: &Side) -> Vec<Step> {
    vec![
        Step::Stop {
            group: leaving.group.clone(),
            target_group: leaving.target_group.clone(),
            next: coming.group.clone(),
        },
        Step::AwaitEmpty {
            group: leaving.group.clone(),
            timeout: drains(context, leaving).saturating_add(removal::SHUTDOWN),
        },
        Step::Start {
            group: coming.group.clone(),
            after: leaving.group.clone(),
        },
        Step::OpenStaging {
            target_group: coming.target_group.clone(),
        },
        Step::AwaitHealthy {
            group: coming.group.clone(),
            target_group: coming.target_group.clone(),
            want: context.policy.health.want,
            like: coming.group.clone(),
            // Nobody answers meanwhile.
            soak: Duration::ZERO,
            timeout: context.policy.health.timeout,
        },
    ]
}

/// Whoever keeps instances from ending must say first that they may.
pub(super) fn cannot_be_stopped(live: &Group) -> Option<Reason> {
    let kept = live.suspended.contains_key("Terminate") && !obligation::is_stopped(live);
    kept.then(|| Reason::Suspended {
        group: live.name.clone(),
        process: "Terminate".into(),
    })
}

/// Whether live was stopped, or is on its way back from it. What is only written down has not happened yet.
pub(super) fn live_was_stopped(context: &Context<'_>) -> bool {
    let live = &context.roles.live;
    let group = live.group.as_ref().and_then(|name| context.estate.group(name));
    let Some((group, was)) = group.and_then(|group| Some((group, obligation::size_before(&group.tags)?)))
    else {
        return false;
    };
    let target_group = live
        .target_group
        .as_ref()
        .and_then(|name| context.estate.target_group(name));
    let nobody_answers = target_group.is_none_or(|tg| fleet::healthy_capacity(group, tg) == 0);
    nobody_answers || fleet::in_service(group) < group.size.desired.min(was.desired)
}

/// When nobody answers, and for how long.
pub(super) fn notes(context: &Context<'_>, leaving: &Side, coming: &Side) -> Vec<Note> {
    let routes = swing::routes(context, &coming.target_group).len();
    vec![Note::risk(format!(
        "downtime: nobody answers from when {} is stopped until {} is healthy and {} to it: {} s for requests under way and the shutdown, then as long as instances boot and pass their health checks, {} at most; if they do not, {} is started again",
        leaving.group,
        coming.group,
        if routes == 1 {
            "the route leads".to_owned()
        } else {
            format!("{routes} routes lead")
        },
        drains(context, leaving).as_secs(),
        step::span(context.policy.health.timeout),
        leaving.group
    ))]
}

fn drains(context: &Context<'_>, side: &Side) -> Duration {
    let target_group = context.estate.target_group(&side.target_group);
    Duration::from_secs(target_group.map_or(300, |tg| tg.deregistration_delay()))
}
