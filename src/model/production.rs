//! Where production goes: its rules, and the generation that they lead to.

use std::collections::BTreeMap;

use super::estate::Estate;
use super::ids::{Generation, TargetGroupName};
use super::policy::{Policy, RouteSelection};
use super::refusal::Reason;
use super::routing::{Priority, Rule};
use super::standing::{Standing, State};
use super::variants;

/// In the order in which they are swung.
pub(super) fn routes<'a>(
    estate: &'a Estate,
    policy: &Policy,
    special: &[&Rule],
) -> Result<Vec<&'a Rule>, Vec<Reason>> {
    let is_generation = |name: &TargetGroupName| {
        estate
            .target_group(name)
            .is_some_and(|tg| tg.generation.is_some())
    };
    let mut routes = match &policy.routes {
        RouteSelection::All => estate
            .rules()
            .filter(|rule| !special.iter().any(|other| other.arn == rule.arn))
            .filter(|rule| {
                rule.action
                    .shares()
                    .iter()
                    .any(|share| share.weight > 0 && is_generation(&share.target_group))
            })
            .collect(),
        RouteSelection::Listed(places) => {
            let mut found = Vec::new();
            let mut missing = Vec::new();
            for (port, priority) in places {
                match estate
                    .rules()
                    .find(|rule| rule.port == *port && rule.priority == *priority)
                {
                    Some(rule) => found.push(rule),
                    None => missing.push(Reason::NoSuchRoute {
                        place: match priority {
                            Priority::Numbered(number) => format!(":{port} rule {number}"),
                            Priority::Default => format!(":{port} default rule"),
                        },
                    }),
                }
            }
            if !missing.is_empty() {
                return Err(missing);
            }
            found
        }
    };
    routes.sort_by_key(|rule| (rule.port, rule.priority));
    let mixed: Vec<Reason> = routes
        .iter()
        .filter_map(|rule| {
            let others: Vec<String> = rule
                .action
                .shares()
                .iter()
                .filter(|share| share.weight > 0 && !is_generation(&share.target_group))
                .map(|share| share.target_group.to_string())
                .collect();
            (!others.is_empty() || rule.action.shares().is_empty()).then(|| Reason::MixedRoute {
                rule: rule.at().to_string(),
                others: if others.is_empty() {
                    rule.action.to_string()
                } else {
                    others.join(", ")
                },
            })
        })
        .collect();
    if mixed.is_empty() { Ok(routes) } else { Err(mixed) }
}

/// The generation production goes to, and whether an operation stopped half way.
pub(super) fn live_of(
    estate: &Estate,
    policy: &Policy,
    routes: &[&Rule],
    standings: &BTreeMap<Generation, Standing>,
) -> Result<(Generation, bool), Vec<Reason>> {
    let mut carrying: Vec<Generation> = routes
        .iter()
        .flat_map(|rule| rule.action.shares())
        .filter(|share| share.weight > 0)
        .filter_map(|share| estate.target_group(&share.target_group)?.generation)
        .collect();
    carrying.sort();
    carrying.dedup();
    match carrying.as_slice() {
        [] => Err(vec![Reason::NoLive {
            patterns: String::from(policy.names.target_group.clone()),
        }]),
        [only] => {
            // Its doors and marks are still to follow: until then it is the same rollback.
            let unfinished = standings
                .values()
                .find(|standing| standing.state == State::RollingBack && standing.previous == Some(*only));
            Ok(unfinished.map_or((*only, false), |failing| (failing.generation, true)))
        }
        several => {
            let partner = |standing: &Standing| standing.previous.filter(|other| several.contains(other));
            let moving = |state| {
                standings
                    .values()
                    .find(|standing| standing.state == state && several.contains(&standing.generation))
            };
            if let Some(live) = variants::tested(several, standings) {
                return Ok((live, true));
            }
            if several.len() == 2 {
                // While it swings, live is still the one that production comes from.
                if let Some(live) = moving(State::Promoting).and_then(partner) {
                    return Ok((live, true));
                }
                if let Some(failing) = moving(State::RollingBack) {
                    return Ok((failing.generation, true));
                }
            }
            Err(vec![Reason::SplitRoutes {
                generations: several
                    .iter()
                    .map(|generation| format!("generation {generation}"))
                    .collect(),
                rules: routes
                    .iter()
                    .map(|rule| format!("{} → {}", rule.at(), rule.action))
                    .collect(),
            }])
        }
    }
}
