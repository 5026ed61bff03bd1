//! Which colours are open and which one is live, for clients that pin one.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::doors::{self, Colour};
use crate::model::ids::Generation;
use crate::model::policy::Policy;
use crate::model::roles::Roles;
use crate::model::standing::{Standing, State};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoorsView {
    pub scheme: Scheme,
    pub header: String,
    /// The header's value that leads to live.
    pub live: String,
    /// Every value, and where it leads.
    pub colours: Vec<ColourView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    Role,
    Alternate,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColourView {
    pub value: String,
    /// `None`: closed.
    pub generation: Option<Generation>,
    /// When it closes, where production has left that generation.
    pub until: Option<Timestamp>,
    /// What it answers while it is closed.
    pub closed: u16,
}

pub(super) fn of(policy: &Policy, roles: &Roles) -> Option<DoorsView> {
    let doors = policy.doors.as_ref()?;
    let word = |colour| match colour {
        Colour::Blue => doors.blue.clone(),
        Colour::Green => doors.green.clone(),
    };
    let leads_to = |colour| {
        let mut leads = roles
            .doors(colour)
            .iter()
            .filter_map(|door| door.action.only_target());
        let target_group = leads.next()?;
        let all = [&roles.live]
            .into_iter()
            .chain(&roles.candidate)
            .chain(&roles.previous);
        all.chain(&roles.others)
            .find(|standing| standing.target_group.as_ref() == Some(target_group))
    };
    let until = |standing: &Standing| match standing.state {
        State::Previous | State::RolledBack | State::Removing => {
            standing.since?.checked_add(doors.grace()?).ok()
        }
        _ => None,
    };
    let live = roles.live.target_group.as_ref()?;
    Some(DoorsView {
        scheme: match doors.scheme {
            doors::Scheme::Role => Scheme::Role,
            doors::Scheme::Alternate { .. } => Scheme::Alternate,
        },
        header: doors.header.clone(),
        live: word(roles.colour_of(live)),
        colours: [Colour::Blue, Colour::Green]
            .into_iter()
            .map(|colour| ColourView {
                value: word(colour),
                generation: leads_to(colour).map(|standing| standing.generation),
                until: leads_to(colour).and_then(until),
                closed: doors.closed.status,
            })
            .collect(),
    })
}
