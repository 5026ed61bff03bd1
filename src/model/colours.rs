//! Which rules are the doors of the two colours: those that ask for the header, and are not somebody else's.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::doors::{Colour, Doors};
use super::estate::Estate;
use super::ids::TargetGroupName;
use super::policy::Policy;
use super::routing::{Condition, Priority, Rule};
use super::tags;

/// The doors of one colour, wherever they stand.
pub(super) fn of<'a>(estate: &'a Estate, policy: &Policy, colour: Colour) -> Vec<&'a Rule> {
    let Some(doors) = &policy.doors else {
        return Vec::new();
    };
    asking(estate, doors, colour)
        .filter(|rule| whose(estate, rule).is_none())
        .collect()
}

/// A rule of somebody else that takes requests from a door of ours, or loses them to it.
#[derive(Debug)]
pub struct Rival<'a> {
    pub rule: &'a Rule,
    pub whose: Whose,
}

/// Whose a rule is that is not ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    App(String),
    /// Nobody has put their name on it, and it leads there.
    LeadsTo(TargetGroupName),
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(app) => write!(f, "is a rule of app {app}"),
            Self::LeadsTo(target_group) => {
                write!(f, "leads to {target_group}, which is no generation of this app")
            }
        }
    }
}

/// Every such rule on the listeners that are to have doors.
pub fn rivals<'a>(estate: &'a Estate, policy: &Policy) -> Vec<Rival<'a>> {
    let Some(doors) = &policy.doors else {
        return Vec::new();
    };
    let mut rivals = Vec::new();
    for colour in [Colour::Blue, Colour::Green] {
        let ours = of(estate, policy, colour);
        for rule in asking(estate, doors, colour).filter(|rule| doors.ports.contains(&rule.port)) {
            let Some(whose) = whose(estate, rule) else {
                continue;
            };
            let door = ours.iter().find(|door| door.port == rule.port);
            let (place, narrowed) = match door {
                Some(door) => (door.priority, is_narrowed(door)),
                None => (Priority::Numbered(doors.priority(colour)), false),
            };
            // Whichever comes first has every request that it asks for.
            let first_takes_all = if rule.priority < place {
                !is_narrowed(rule)
            } else {
                !narrowed
            };
            if first_takes_all {
                rivals.push(Rival { rule, whose });
            }
        }
    }
    rivals
}

fn asking<'a>(estate: &'a Estate, doors: &Doors, colour: Colour) -> impl Iterator<Item = &'a Rule> {
    let (header, value) = (doors.header.clone(), doors.value(colour).to_owned());
    estate.rules().filter(move |rule| {
        rule.conditions.iter().any(|condition| {
            matches!(condition, Condition::Header { name, values }
                if name.eq_ignore_ascii_case(&header)
                    && matches!(values.as_slice(), [only] if only.eq_ignore_ascii_case(&value)))
        })
    })
}

/// Whether it asks for more than the header.
fn is_narrowed(rule: &Rule) -> bool {
    rule.conditions.len() > 1
}

/// Whose a rule is when it is not ours. What leads to a generation of ours is ours; so is what leads nowhere, unless
/// another app has put its name on it.
fn whose(estate: &Estate, rule: &Rule) -> Option<Whose> {
    let shares = || rule.action.shares().iter().filter(|share| share.weight > 0);
    let leads_to_us = shares().any(|share| {
        let target_group = estate.target_group(&share.target_group);
        target_group.is_some_and(|one| one.generation.is_some())
    });
    match rule.tags.get(tags::APP) {
        Some(app) if *app == estate.app => None,
        _ if leads_to_us => None,
        Some(app) => Some(Whose::App(app.clone())),
        None => shares()
            .next()
            .map(|share| Whose::LeadsTo(share.target_group.clone())),
    }
}
