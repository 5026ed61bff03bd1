//! Recognises doors: one header with two values, one of which leads to live.

use std::collections::BTreeMap;

use super::is_kept;
use super::priorities::Kept;
use crate::config::file::Closed;
use crate::config::naming;
use crate::config::starter::FillingDoors;
use crate::model::estate::Estate;
use crate::model::ids::TargetGroupName;
use crate::model::routing::{Action, Condition, FixedResponse, Priority, Rule, RulePlace};

#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    pub(super) found: Option<Found>,
    pub(super) warnings: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Found {
    header: String,
    blue: String,
    green: String,
    closed: FixedResponse,
    pub(super) listeners: Vec<u16>,
    /// Where the doors stand: the value, the port and the priority.
    places: Vec<(String, u16, u32)>,
    pub(super) rules: Vec<RulePlace>,
    /// What green does now, for people.
    green_does: String,
}

impl Search {
    pub(super) fn is_door(&self, rule: &Rule) -> bool {
        let found = self.found.as_ref();
        found.is_some_and(|found| found.rules.iter().any(|door| door.arn == rule.arn))
    }

    pub(super) fn finding(&self) -> String {
        match &self.found {
            Some(found) => {
                let ports: Vec<String> = found.listeners.iter().map(|port| format!(":{port}")).collect();
                format!(
                    "doors on {}: {}={} leads to live, {}={} is {}",
                    ports.join(" and "),
                    found.header,
                    found.blue,
                    found.header,
                    found.green,
                    found.green_does
                )
            }
            None => "no doors: no header rule with two values, one of which leads to live".to_owned(),
        }
    }
}

impl Found {
    /// The priorities of doors that stand on a port.
    pub(super) fn priorities_on(&self, port: u16) -> impl Iterator<Item = u32> {
        self.places
            .iter()
            .filter(move |(_, at, _)| *at == port)
            .map(|(_, _, priority)| *priority)
    }

    /// Where both doors stand on one listener, preferably this one: a place for those that are missing.
    pub(super) fn pair(&self, preferred: u16) -> Option<[u32; 2]> {
        let at = |value: &String, port: u16| {
            let mut places = self.places.iter();
            places
                .find(|(other, place, _)| other == value && *place == port)
                .map(|(_, _, priority)| *priority)
        };
        let ports = std::iter::once(preferred).chain(self.listeners.iter().copied());
        ports
            .filter_map(|port| Some([at(&self.blue, port)?, at(&self.green, port)?]))
            .next()
    }

    pub(super) fn filling(&self, kept: &Kept) -> FillingDoors {
        FillingDoors {
            header: self.header.clone(),
            blue: self.blue.clone(),
            green: self.green.clone(),
            listeners: self.listeners.clone(),
            blue_priority: kept.doors[0],
            green_priority: kept.doors[1],
            closed: self.closed.clone(),
        }
    }
}

/// A rule that asks for exactly one value of a header.
struct Door<'a> {
    rule: &'a Rule,
    header: &'a str,
    value: &'a str,
}

pub(super) fn find(estate: &Estate, live: &TargetGroupName, app: &str) -> Search {
    // Header names and values are the same in upper and lower case.
    let mut headers: BTreeMap<String, BTreeMap<String, Vec<Door<'_>>>> = BTreeMap::new();
    for door in estate.rules().filter(|rule| !is_kept(rule, app)).filter_map(door) {
        headers
            .entry(door.header.to_ascii_lowercase())
            .or_default()
            .entry(door.value.to_ascii_lowercase())
            .or_default()
            .push(door);
    }
    let mut fitting: Vec<[Vec<Door<'_>>; 2]> = headers
        .into_values()
        .filter_map(|values| {
            let [one, two]: [Vec<Door<'_>>; 2] = values.into_values().collect::<Vec<_>>().try_into().ok()?;
            let leads = |doors: &[Door<'_>]| {
                doors
                    .iter()
                    .all(|door| door.rule.action.only_target() == Some(live))
            };
            let elsewhere = |doors: &[Door<'_>]| {
                doors.iter().all(|door| match &door.rule.action {
                    Action::Fixed(_) => true,
                    action => action.only_target().is_some_and(|target| target != live),
                })
            };
            if leads(&one) && elsewhere(&two) {
                Some([one, two])
            } else if leads(&two) && elsewhere(&one) {
                Some([two, one])
            } else {
                None
            }
        })
        .collect();
    match fitting.len() {
        1 => fitting.pop().map(found).unwrap_or_default(),
        0 => Search::default(),
        _ => {
            let names: Vec<&str> = fitting
                .iter()
                .filter_map(|[blue, _]| Some(blue.first()?.header))
                .collect();
            Search {
                found: None,
                warnings: vec![format!(
                    "several headers look like doors ({}): none was chosen, fill in [doors] yourself",
                    names.join(", ")
                )],
            }
        }
    }
}

fn door(rule: &Rule) -> Option<Door<'_>> {
    let mut headers = rule.conditions.iter().filter_map(|condition| match condition {
        Condition::Header { name, values } => Some((name, values)),
        _ => None,
    });
    let (name, values) = headers.next()?;
    let [value] = values.as_slice() else { return None };
    let plain = !value.is_empty() && value.chars().all(naming::in_header_value);
    (headers.next().is_none() && plain).then_some(Door {
        rule,
        header: name,
        value,
    })
}

fn found([blue, green]: [Vec<Door<'_>>; 2]) -> Search {
    let mut warnings = Vec::new();
    let (Some(first), Some(second)) = (blue.first(), green.first()) else {
        return Search::default();
    };
    let (header, blue_value, green_value) = (first.header, first.value, second.value);
    let mut answers: Vec<&FixedResponse> = green
        .iter()
        .filter_map(|door| match &door.rule.action {
            Action::Fixed(answer) => Some(answer),
            _ => None,
        })
        .collect();
    answers.dedup();
    if answers.len() > 1 {
        warnings.push(format!(
            "the closed doors answer differently; from the next change on all of them answer {}",
            answers[0].status
        ));
    }
    if let Some(open) = green.iter().find(|door| door.rule.action.only_target().is_some()) {
        warnings.push(format!(
            "{header}={green_value} leads to {} ({}): if that is a deployment under way, finish it first, because \
             only live is adopted",
            open.rule.action,
            open.rule.at()
        ));
    }
    let all = || blue.iter().chain(&green);
    let mut listeners: Vec<u16> = all().map(|door| door.rule.port).collect();
    listeners.sort_unstable();
    listeners.dedup();
    for port in &listeners {
        for (doors, value) in [(&blue, blue_value), (&green, green_value)] {
            if !doors.iter().any(|door| door.rule.port == *port) {
                warnings.push(format!(
                    ":{port} has no rule for {header}={value}; the next deploy makes it"
                ));
            }
        }
    }
    let place = |value: &str, door: &Door<'_>| match door.rule.priority {
        Priority::Numbered(number) => Some((value.to_owned(), door.rule.port, number)),
        Priority::Default => None,
    };
    Search {
        warnings,
        found: Some(Found {
            header: header.to_owned(),
            blue: blue_value.to_owned(),
            green: green_value.to_owned(),
            closed: answers.first().map_or_else(
                || FixedResponse::from(Closed::default()),
                |answer| (*answer).clone(),
            ),
            green_does: second.rule.action.to_string(),
            places: blue
                .iter()
                .filter_map(|door| place(blue_value, door))
                .chain(green.iter().filter_map(|door| place(green_value, door)))
                .collect(),
            rules: all().map(|door| door.rule.at()).collect(),
            listeners,
        }),
    }
}
