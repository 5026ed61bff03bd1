//! Metrics and alarms in a world whose time is told.

mod alarms;
mod composites;
mod metrics;
mod verdicts;

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::lab::world::Settings;

/// 2026-01-01T00:00:00Z, the begin of a minute, an hour and a day.
const BEGAN: i64 = 1_767_225_600;

fn world(speed: f64) -> World {
    let began = Timestamp::from_second(BEGAN).expect("a time of this era");
    World::new(Settings {
        began,
        speed,
        ..Settings::default()
    })
}

/// Goes on to so many seconds after the world began.
fn until(world: &mut World, seconds: f64) {
    world.advance(crate::lab::world::time::Moment::after_start(
        Duration::from_secs_f64(seconds),
    ));
}

fn requests() -> Metric {
    Metric::new(
        "AWS/ApplicationELB",
        "RequestCount",
        [("TargetGroup", "targetgroup/a/1"), ("LoadBalancer", "app/x/2")],
    )
}

/// A tree as a query string brings it: all text.
fn tree(members: &[(&str, &str)]) -> Tree {
    members.iter().fold(Tree::map(), |tree, (name, value)| {
        tree.with(name, Tree::from(*value))
    })
}

fn state(world: &World, alarm: &str) -> State {
    world
        .watch
        .alarm(alarm)
        .expect("the alarm is there")
        .standing
        .state
}

/// Kinds and summaries of what happened to an alarm, the oldest first.
fn happened(world: &World, alarm: &str, kind: ItemKind) -> Vec<String> {
    let items = world
        .watch
        .history()
        .filter(|item| item.alarm == alarm && item.kind == kind);
    items.map(|item| item.summary.clone()).collect()
}
