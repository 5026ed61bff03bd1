//! Things that go wrong now and then, all through a command, make it slower and nothing else; and a release that never
//! becomes healthy stays outside.

use swingbridge::model::plan::Intent;
use swingbridge::model::policy::Strategy;

use crate::cell::{Attempt, Book, Held};
use crate::life::{Life, rollback};
use crate::prefix::Prefix;
use crate::shape::shape;

const NOW_AND_THEN: &[(&str, &str)] = &[
    ("throttled", "throttle *:* probability=0.3"),
    (
        "server-errors",
        "error *:* code=InternalFailure status=500 probability=0.1",
    ),
    ("lost-answers", "lost-response *:* probability=0.1"),
    ("lost-requests", "lost-request *:* probability=0.1"),
    ("late-answers", "late *:* by=3 probability=0.3"),
    ("stale-reads", "stale *:* by=3 probability=0.2"),
    ("slow-propagation", "slow-propagation by=5.5"),
    ("failed-launches", "launch-failure count=2"),
];

pub(crate) fn run(book: &Book, life: &Life, at: usize) {
    let command = life.command_name(at);
    let prefix = &life.prefixes()[at];
    for (name, fault) in NOW_AND_THEN {
        book.cell(
            &format!("chance/{command}/{name}"),
            3,
            bears(life, at, prefix, fault),
        );
    }
    if matches!(life.commands[at], Intent::Deploy { .. }) {
        book.cell(
            &format!("chance/{command}/never-healthy"),
            1,
            stays_outside(life, at, prefix),
        );
    }
}

async fn bears(life: &Life, at: usize, prefix: &Prefix, fault: &str) -> Held {
    let attempt = Attempt::at(life, prefix.before.open(), &prefix.law);
    attempt.breaks(fault);
    let ended = attempt.somebody().does(&life.commands[at]).await;
    if ended.code() != Some(life.well(at)) {
        return attempt.wrong(&format!("ended {ended}"));
    }
    attempt.scene.keeper.with(|world| world.mend(None));
    attempt.looks_like(&prefix.left).await
}

async fn stays_outside(life: &Life, at: usize, prefix: &Prefix) -> Held {
    let mut law = prefix.law.clone();
    if life.config.policy.strategy == Strategy::Direct {
        // It was to go to production, and must not.
        law.live
            .retain(|name| *name == format!("tg-{}", prefix.live_before));
    }
    let attempt = Attempt::at(life, prefix.before.open(), &law);
    attempt.breaks("unhealthy-boot count=1000");
    let ended = attempt.somebody().does(&life.commands[at]).await;
    let strategy = life.config.policy.strategy;
    let rolls = strategy == Strategy::Rolling;
    let code = match strategy {
        Strategy::Rolling => 5,
        // What ran before does not boot either.
        Strategy::Recreate => 6,
        _ => 4,
    };
    if ended.code() != Some(code) {
        return attempt.wrong(&format!("ended {ended}"));
    }
    if strategy == Strategy::Recreate {
        attempt.scene.keeper.with(|world| world.mend(None));
        let back = attempt.somebody().does(&rollback()).await;
        if back.code() != Some(0) {
            return attempt.wrong(&format!("rollback: {back}"));
        }
    }
    attempt.is_live(prefix.live_before).await?;
    if rolls {
        // It was rolled back by itself, and nothing stands beside live.
        return Ok(());
    }
    let aborted = attempt.somebody().does(&Intent::Abort).await;
    if aborted.code() != Some(0) {
        return attempt.wrong(&format!("abort: {aborted}"));
    }
    let seen = attempt
        .somebody()
        .sees()
        .await
        .map_err(|error| error.to_string())?;
    let left = seen
        .groups
        .iter()
        .filter(|group| group.generation.is_some() && prefix.found.group(&group.name).is_none());
    match left.map(|group| group.name.to_string()).next() {
        None => attempt.is_live(prefix.live_before).await,
        Some(left) => attempt.wrong(&format!("{left} is left: {:#?}", shape(&seen))),
    }
}
