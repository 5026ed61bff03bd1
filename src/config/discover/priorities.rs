//! Chooses free priorities for Swingbridge's own rules, before any rule of the app.

use std::collections::BTreeSet;

use super::doors::Search;
use super::{DiscoverError, is_kept, region, serves};
use crate::model::estate::Estate;
use crate::model::ids::TargetGroupName;
use crate::model::routing::{Listener, Priority, Rule};

/// The highest priority that a rule can have.
const LAST: u32 = 50000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) lock: u32,
    pub(super) entrance: u32,
    /// For blue and green doors that have to be created.
    pub(super) doors: [u32; 2],
    /// For doors that somebody may want later.
    pub(super) spare: [u32; 2],
}

pub(super) fn choose(
    estate: &Estate,
    listener: &Listener,
    live: &TargetGroupName,
    doors: &Search,
    app: &str,
) -> Result<Kept, DiscoverError> {
    let taken: BTreeSet<u32> = others(listener, app).map(|(priority, _)| priority).collect();
    let found = doors.found.as_ref();
    let first_route = others(listener, app)
        .filter(|(_, rule)| serves(rule, live))
        .map(|(priority, _)| priority)
        .chain(
            found
                .into_iter()
                .flat_map(|found| found.priorities_on(listener.port)),
        )
        .min();
    let before = first_route.unwrap_or(LAST + 1);
    let mut free = (1..before).filter(|priority| !taken.contains(priority));
    let (Some(lock), Some(entrance)) = (free.next(), free.next()) else {
        return Err(DiscoverError::NoFreePriority {
            port: listener.port,
            first: before,
            command: command(estate, listener, app),
        });
    };
    let spare = spare(&taken, before, [lock, entrance]);
    let usable = |[blue, green]: &[u32; 2]| {
        let reserved = [lock, entrance];
        blue != green && !reserved.contains(blue) && !reserved.contains(green)
    };
    Ok(Kept {
        lock,
        entrance,
        doors: found
            .and_then(|found| found.pair(listener.port))
            .filter(usable)
            .unwrap_or(spare),
        spare,
    })
}

/// Every numbered rule on a listener but our own, in order.
fn others<'a>(listener: &'a Listener, app: &str) -> impl Iterator<Item = (u32, &'a Rule)> {
    listener.rules.iter().filter_map(|rule| match rule.priority {
        Priority::Numbered(number) if !is_kept(rule, app) => Some((number, rule)),
        _ => None,
    })
}

/// Two more that are free: from 10 on when that is before the first route, else wherever there are some.
fn spare(taken: &BTreeSet<u32>, before: u32, reserved: [u32; 2]) -> [u32; 2] {
    let free = |priority: &u32| !taken.contains(priority) && !reserved.contains(priority);
    let mut wanted = (10..before)
        .chain(1..before.min(10))
        .chain(before..=LAST)
        .filter(free);
    match (wanted.next(), wanted.next()) {
        (Some(blue), Some(green)) => [blue, green],
        // A listener has a hundred rules, or a few more by quota: there are always two.
        _ => [LAST - 1, LAST],
    }
}

/// The command that frees 1 and 2 and keeps the order of all rules.
fn command(estate: &Estate, listener: &Listener, app: &str) -> String {
    let mut rules: Vec<(u32, &Rule)> = others(listener, app).collect();
    rules.sort_by_key(|(priority, _)| *priority);
    let moves: Vec<String> = (3..)
        .zip(rules)
        .take_while(|(free, (priority, _))| priority < free)
        .map(|(free, (_, rule))| format!("RuleArn={},Priority={free}", rule.arn))
        .collect();
    let region = region(estate)
        .map(|region| format!("--region {region} "))
        .unwrap_or_default();
    format!(
        "aws elbv2 set-rule-priorities {region}--rule-priorities {}",
        moves.join(" ")
    )
}
