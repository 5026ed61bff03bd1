//! Steps that open and close doors, and that tell clients which colour is live.

use serde_json::json;

use super::later::{self, Due};
use super::preflight::Place;
use super::{Context, leads, swing};
use crate::model::colours::{self, Rival};
use crate::model::doors::{Colour, Doors, Scheme, UserDoor};
use crate::model::ids::TargetGroupName;
use crate::model::plan::Note;
use crate::model::policy::Strategy;
use crate::model::refusal::Reason;
use crate::model::routing::{Action, Asks, Condition, FixedResponse, Priority, Rule};
use crate::model::standing::{Standing, State};
use crate::model::step::{Purpose, Step};
use crate::model::tags;

/// Doors that were there before us become ours. Never part of a way back: that must not wait for tags.
pub(super) fn adopt(context: &Context<'_>) -> Vec<Step> {
    let roles = &context.roles;
    roles
        .blue_doors
        .iter()
        .chain(&roles.green_doors)
        .filter(|rule| !tags::owned_by(&rule.tags, &context.estate.app))
        .map(|rule| Step::AdoptRule { rule: rule.at() })
        .collect()
}

/// Beside live stands a candidate that is ready. By turns its colour stays closed until production goes to it: clients
/// that try both would find it too soon.
pub(super) fn beside(
    context: &Context<'_>,
    live: &TargetGroupName,
    candidate: &TargetGroupName,
) -> Vec<Step> {
    let mut steps = match &context.policy.doors {
        None => Vec::new(),
        Some(doors) => match doors.scheme {
            Scheme::Role => [
                turned(context, doors, Colour::Blue, &Action::to(live)),
                turned(context, doors, Colour::Green, &Action::to(candidate)),
            ]
            .concat(),
            Scheme::Alternate { .. } => standing(context, doors, live),
        },
    };
    steps.extend(users(context, candidate));
    steps
}

/// By turns: clients must find the colour that production is about to go to. `closes`: what is left is to go at once.
pub(super) fn before_swing(
    context: &Context<'_>,
    from: &TargetGroupName,
    next: &TargetGroupName,
    closes: bool,
) -> Vec<Step> {
    let Some(doors) = by_turns(context) else {
        return Vec::new();
    };
    let roles = &context.roles;
    let mut steps = if closes || doors.grace().is_none() {
        missing(context, doors, roles.colour_of(from), &closed(doors))
    } else {
        turned(context, doors, roles.colour_of(from), &Action::to(from))
    };
    steps.extend(turned(context, doors, roles.colour_of(next), &Action::to(next)));
    steps
}

/// Production goes to `live` now, whose colour is open. `closes`: what was left is to go, whatever was begun there.
pub(super) fn swung(context: &Context<'_>, live: &TargetGroupName, closes: bool) -> Vec<Step> {
    let mut steps = match &context.policy.doors {
        None => Vec::new(),
        Some(doors) => match doors.scheme {
            Scheme::Role => {
                let mut steps = turned(context, doors, Colour::Blue, &Action::to(live));
                steps.extend(shut(context, doors, Colour::Green));
                steps
            }
            Scheme::Alternate { .. } if closes || doors.grace().is_none() => alone(context, doors, live),
            Scheme::Alternate { .. } => said(context, doors, live),
        },
    };
    steps.extend(without_users(context));
    steps
}

/// Production stays with live, or is back there without having left it.
pub(super) fn stayed(context: &Context<'_>, live: &TargetGroupName, closes: bool) -> Vec<Step> {
    let mut steps: Vec<Step> = by_turns(context)
        .map(|doors| turned(context, doors, context.roles.colour_of(live), &Action::to(live)))
        .unwrap_or_default();
    steps.extend(swung(context, live, closes));
    steps
}

/// Nobody waits for production any more but `leaving`, which is to go. Live's own doors are left as they are.
pub(super) fn without_candidate(
    context: &Context<'_>,
    leaving: &[&Standing],
) -> Result<Vec<Step>, Vec<Reason>> {
    let mut steps = match &context.policy.doors {
        None => Vec::new(),
        Some(doors) => match doors.scheme {
            Scheme::Role => shut(context, doors, Colour::Green),
            Scheme::Alternate { .. } => left_by(context, leaving)?,
        },
    };
    steps.extend(without_users(context));
    Ok(steps)
}

/// By turns: the doors of generations that are to go, which must have been closed long enough ago, or never used.
pub(super) fn left_by(context: &Context<'_>, leaving: &[&Standing]) -> Result<Vec<Step>, Vec<Reason>> {
    let Some(open) = open(context) else {
        return Ok(Vec::new());
    };
    let goes = leaving.iter().any(|one| one.generation == open.owner.generation);
    match open.due {
        _ if !goes => Ok(Vec::new()),
        Due::At(until) => Err(vec![Reason::InGrace {
            generation: open.owner.generation,
            until,
        }]),
        Due::Now | Due::NotYet => Ok(open.closing),
    }
}

/// By turns: the door that the candidate is to have must not be the way of work that was begun elsewhere.
pub(super) fn free(context: &Context<'_>) -> Result<(), Vec<Reason>> {
    match open(context) {
        Some(Open {
            owner,
            due: Due::At(until),
            ..
        }) => Err(vec![Reason::InGrace {
            generation: owner.generation,
            until,
        }]),
        _ => Ok(()),
    }
}

/// A door that still leads to a generation that production has left.
pub(super) struct Open<'a> {
    pub(super) owner: &'a Standing,
    /// When it is to close.
    pub(super) due: Due,
    pub(super) closing: Vec<Step>,
}

pub(super) fn open<'a>(context: &'a Context<'_>) -> Option<Open<'a>> {
    let doors = by_turns(context)?;
    let roles = &context.roles;
    let live = roles.live.target_group.as_ref()?;
    let others = || roles.previous.iter().chain(&roles.candidate).chain(&roles.others);
    let owner = roles
        .doors(roles.colour_of(live).other())
        .iter()
        .filter_map(|door| door.action.only_target())
        .find_map(|target_group| others().find(|one| one.target_group.as_ref() == Some(target_group)))?;
    let due = match (owner.state, doors.grace()) {
        // Production may be on its way to it.
        _ if roles.halfway => Due::NotYet,
        (State::Previous | State::RolledBack | State::Removing, Some(grace)) => {
            later::after(context, owner.since, grace)
        }
        (State::Previous | State::RolledBack | State::Removing, None) => Due::Now,
        // It is not written down yet that production has left it.
        _ => Due::NotYet,
    };
    let mut closing = turned(context, doors, roles.colour_of(live), &Action::to(live));
    closing.extend(alone(context, doors, live));
    Some(Open { owner, due, closing })
}

fn by_turns<'a>(context: &'a Context<'_>) -> Option<&'a Doors> {
    let doors = context.policy.doors.as_ref()?;
    matches!(doors.scheme, Scheme::Alternate { .. }).then_some(doors)
}

/// Live's colour leads to live; the other's door exists, and what it does it goes on doing.
fn standing(context: &Context<'_>, doors: &Doors, live: &TargetGroupName) -> Vec<Step> {
    let colour = context.roles.colour_of(live);
    let mut steps = turned(context, doors, colour, &Action::to(live));
    steps.extend(missing(context, doors, colour.other(), &closed(doors)));
    steps.extend(said(context, doors, live));
    steps
}

fn said(context: &Context<'_>, doors: &Doors, live: &TargetGroupName) -> Vec<Step> {
    let colour = context.roles.colour_of(live);
    // What production goes away from keeps its colour, even if that is only made now.
    let leaves = context.roles.live.target_group.as_ref() != Some(live);
    let mut other = context.roles.doors(colour.other()).iter();
    // What is closed now, at the end of its grace, is not called open again.
    let closing = open(context).is_some_and(|open| open.due == Due::Now);
    let leads = leaves || (!closing && other.any(|door| door.action.only_target().is_some()));
    beacon(context, doors, colour, leads)
}

/// No colour but live's is open.
fn alone(context: &Context<'_>, doors: &Doors, live: &TargetGroupName) -> Vec<Step> {
    let colour = context.roles.colour_of(live);
    // What the beacon calls open is open to the last.
    let mut steps = beacon(context, doors, colour, false);
    steps.extend(shut(context, doors, colour.other()));
    steps
}

fn shut(context: &Context<'_>, doors: &Doors, colour: Colour) -> Vec<Step> {
    turned(context, doors, colour, &closed(doors))
}

fn closed(doors: &Doors) -> Action {
    Action::Fixed(doors.closed.clone())
}

/// Every door of one colour does this.
fn turned(context: &Context<'_>, doors: &Doors, colour: Colour, action: &Action) -> Vec<Step> {
    let mut steps: Vec<Step> = context
        .roles
        .doors(colour)
        .iter()
        .map(|rule| swing::point(rule, colour.into(), action.clone()))
        .collect();
    steps.extend(missing(context, doors, colour, action));
    steps
}

/// Where another rule stands there is none to be had: a deploy is refused for it, and a swing goes on without.
fn missing(context: &Context<'_>, doors: &Doors, colour: Colour, action: &Action) -> Vec<Step> {
    wanted(context, doors, colour)
        .filter(|port| taken(context, doors, colour, **port).is_none())
        .map(|port| Step::CreateRule {
            port: *port,
            priority: doors.priority(colour),
            purpose: colour.into(),
            asks: Asks::This(Condition::Header {
                name: doors.header.clone(),
                values: vec![doors.value(colour).clone()],
            }),
            action: action.clone(),
        })
        .collect()
}

/// The listeners that have no door of this colour yet.
fn wanted<'a>(context: &'a Context<'_>, doors: &'a Doors, colour: Colour) -> impl Iterator<Item = &'a u16> {
    let there = context.roles.doors(colour);
    let ports = doors.ports.iter();
    ports.filter(move |port| !there.iter().any(|rule| rule.port == **port))
}

/// The rule that stands where a door is to be made; also one of ours, which asks for something else.
fn taken<'a>(context: &'a Context<'_>, doors: &Doors, colour: Colour, port: u16) -> Option<&'a Rule> {
    let mut rules = context.estate.listener(port)?.rules.iter();
    let priority = Priority::Numbered(doors.priority(colour));
    rules.find(|rule| rule.priority == priority)
}

/// Says which colour is live and which are open, on every listener that has doors.
fn beacon(context: &Context<'_>, doors: &Doors, live: Colour, other_is_open: bool) -> Vec<Step> {
    let Some(beacon) = &doors.beacon else {
        return Vec::new();
    };
    let action = word(context, doors, live, other_is_open);
    let asked = Condition::Path {
        values: vec![beacon.path.clone()],
    };
    doors
        .ports
        .iter()
        .map(|port| {
            let mut standing = context.roles.beacons.iter();
            match standing.find(|rule| rule.port == *port && rule.conditions.contains(&asked)) {
                Some(rule) => swing::point(rule, Purpose::Beacon, action.clone()),
                None => Step::CreateRule {
                    port: *port,
                    priority: beacon.priority,
                    purpose: Purpose::Beacon,
                    asks: Asks::This(asked.clone()),
                    action: action.clone(),
                },
            }
        })
        .collect()
}

/// What the beacon answers.
fn word(context: &Context<'_>, doors: &Doors, live: Colour, other_is_open: bool) -> Action {
    let open: Vec<&String> = std::iter::once(live)
        .chain(other_is_open.then_some(live.other()))
        .map(|colour| doors.value(colour))
        .collect();
    let said = json!({
        "app": context.estate.app,
        "header": doors.header,
        "live": doors.value(live),
        "open": open,
    });
    Action::Fixed(FixedResponse {
        status: 200,
        content_type: Some("application/json".into()),
        body: Some(said.to_string()),
    })
}

/// Those that name a variant are for tests alone.
fn to_candidates<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a UserDoor> {
    let doors = context.policy.user_doors.iter();
    doors.filter(|door| door.variant.is_none())
}

/// What a direct deploy opens on its way, its own plan cannot know by name.
pub(super) fn note(context: &Context<'_>) -> Option<Note> {
    let direct = context.policy.strategy == Strategy::Direct;
    let names: Vec<&str> = to_candidates(context).map(|door| door.name.as_str()).collect();
    (direct && !names.is_empty()).then(|| {
        Note::info(format!(
            "{} meet the release before all others, until production goes there; the doors that are made for that are removed right after it",
            names.join(" and ")
        ))
    })
}

/// What a deploy must know before anything is built: rules of others that ask for our colours, places of doors and of a
/// test's header that are taken, or that a route comes before.
pub(super) fn misplaced(context: &Context<'_>) -> Vec<Reason> {
    let rivals = colours::rivals(context.estate, context.policy).into_iter();
    let mut reasons: Vec<Reason> = rivals
        .map(|Rival { rule, whose }| Reason::DoorTaken {
            rule: rule.at().to_string(),
            asks: rule
                .conditions
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" and "),
            whose,
        })
        .collect();
    if let Some(doors) = &context.policy.doors {
        for (colour, setting) in [
            (Colour::Blue, "[doors] blue_priority"),
            (Colour::Green, "[doors] green_priority"),
        ] {
            let all = wanted(context, doors, colour);
            reasons.extend(all.filter_map(|port| {
                Some(Reason::PriorityTaken {
                    port: *port,
                    priority: doors.priority(colour),
                    what: taken(context, doors, colour, *port)?.action.to_string(),
                    setting: setting.into(),
                })
            }));
        }
    }
    if let (Strategy::Ab, Some(test)) = (context.policy.strategy, &context.policy.ab) {
        // Those that another strategy has left go before any of the test's is made.
        reasons.extend(leads::misplaced(context, test, &context.roles.user_doors));
        return reasons;
    }
    for door in to_candidates(context) {
        for port in &door.ports {
            reasons.extend(Place::of(door, *port).problems(context, &context.roles.user_doors));
        }
    }
    reasons
}

/// The doors that lead some of the users to the candidate, as configured; others that we once made go.
pub(super) fn users(context: &Context<'_>, candidate: &TargetGroupName) -> Vec<Step> {
    let configured =
        || to_candidates(context).flat_map(|door| door.ports.iter().map(move |port| (door, *port)));
    let stands = |rule: &Rule, (door, port): (&UserDoor, u16)| {
        let place = (rule.port, rule.priority) == (port, Priority::Numbered(door.priority));
        place && rule.conditions == [door.condition.clone()]
    };
    let standing = &context.roles.user_doors;
    let action = Action::to(candidate);
    let mut steps: Vec<Step> = standing
        .iter()
        .map(|rule| {
            if configured().any(|wanted| stands(rule, wanted)) {
                swing::point(rule, Purpose::UserDoor, action.clone())
            } else {
                Step::DeleteRule {
                    rule: rule.at(),
                    purpose: Purpose::UserDoor,
                }
            }
        })
        .collect();
    steps.extend(
        configured()
            .filter(|wanted| !standing.iter().any(|rule| stands(rule, *wanted)))
            .map(|(door, port)| Step::CreateRule {
                port,
                priority: door.priority,
                purpose: Purpose::UserDoor,
                asks: Asks::This(door.condition.clone()),
                action: action.clone(),
            }),
    );
    steps
}

pub(super) fn without_users(context: &Context<'_>) -> Vec<Step> {
    let doors = context.roles.user_doors.iter();
    doors
        .map(|rule| Step::DeleteRule {
            rule: rule.at(),
            purpose: Purpose::UserDoor,
        })
        .collect()
}
