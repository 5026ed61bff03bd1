//! `[doors]`: what contradicts itself in it, and what it means.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use super::file::{Closed, Doors, File, Scheme, Strategy, UserDoor};
use super::naming;
use super::validate::Judge;
use crate::model::doors::{self, Beacon};
use crate::model::routing::{Condition, FixedResponse};

/// For queries that take minutes.
const GRACE: Duration = Duration::from_secs(600);
/// AWS's bound for the values of one condition.
const VALUES: usize = 3;

impl Judge<'_> {
    /// What only one scheme can have.
    pub(super) fn turns(&mut self, doors: &Doors) {
        if doors.scheme == Scheme::Alternate {
            if let Some(beacon) = &doors.beacon
                && !is_path(&beacon.path)
            {
                self.say(
                    &["doors.beacon.path"],
                    format!("\"{}\" is not a path", beacon.path),
                    "write it like \"/.well-known/swingbridge\", without `*` and `?`",
                );
            }
            return;
        }
        let scheme = if doors.scheme == Scheme::Role {
            "role"
        } else {
            "none"
        };
        for (path, key, there) in [
            ("doors.grace", "grace", doors.grace.is_some()),
            ("doors.beacon", "beacon", doors.beacon.is_some()),
        ] {
            if there {
                self.say(
                    &[path],
                    format!("`{key}` means nothing with scheme \"{scheme}\""),
                    "leave it out, or set `scheme = \"alternate\"`",
                );
            }
        }
    }

    pub(super) fn users(&mut self, file: &File) {
        let Some(doors) = &file.doors else { return };
        if let (false, Some(strategy)) = (doors.users.is_empty(), of_one_fleet(file.strategy)) {
            self.say(
                &["doors.users"],
                format!("`users` lead to one of two generations, and with strategy \"{strategy}\" there is one fleet"),
                "leave them out, or use another strategy",
            );
        }
        for (index, door) in doors.users.iter().enumerate() {
            let path = |key: &str| format!("doors.users.{index}{key}");
            if let Some((key, why, help)) = users_problem(door) {
                self.say(&[&path(key), &path("")], why, help);
            }
            if let Some((key, why, help)) = overlap(file, doors, index) {
                self.say(&[&path(key), &path("")], why, help);
            }
            if let Some((why, help)) = variant_problem(file, door) {
                self.say(&[&path(".variant"), &path("")], why, &help);
            }
            if let Some(other) = taken(file, doors, index) {
                self.say(
                    &[&path(".priority")],
                    format!("`{}` and {other} both have priority {}", door.name, door.priority),
                    "give each rule a priority of its own",
                );
            }
        }
        if let Some(beacon) = &doors.beacon
            && let Some(other) = taken_beside(file, doors, beacon.priority)
        {
            self.say(
                &["doors.beacon.priority"],
                format!("the beacon and {other} both have priority {}", beacon.priority),
                "give each rule a priority of its own",
            );
        }
    }
}

/// Of a strategy under which nobody ever stands beside live: its name.
fn of_one_fleet(strategy: Strategy) -> Option<&'static str> {
    match strategy {
        Strategy::Preview | Strategy::Direct | Strategy::Canary | Strategy::Linear | Strategy::Ab => None,
        Strategy::Rolling => Some("rolling"),
        Strategy::Recreate => Some("recreate"),
    }
}

/// With a test of variants a door must say to which of them it leads. With another strategy it is left closed then.
fn variant_problem(file: &File, door: &UserDoor) -> Option<(String, String)> {
    let Some(ab) = &file.ab else {
        let name = door.variant.as_ref()?;
        return Some((
            format!(
                "`{}` leads to variant \"{name}\", and there is no [ab]",
                door.name
            ),
            "leave it out: without it the door leads to the candidate".into(),
        ));
    };
    let known: Vec<&str> = ab.variants.iter().map(|variant| variant.name.as_str()).collect();
    match &door.variant {
        Some(name) if known.contains(&name.as_str()) => None,
        Some(name) => Some((
            format!("`{}` leads to variant \"{name}\", which there is not", door.name),
            format!("name one of these: {}", known.join(", ")),
        )),
        None if file.strategy == Strategy::Ab => Some((
            format!("`{}` does not say to which variant it leads", door.name),
            format!("give it a `variant`: one of {}", known.join(", ")),
        )),
        None => None,
    }
}

/// What a door takes away from others, which come first or would never be asked.
fn overlap(file: &File, doors: &Doors, index: usize) -> Option<(&'static str, String, &'static str)> {
    let door = &doors.users[index];
    let header = door.header.as_deref().unwrap_or_default();
    let test = file.ab.as_ref().filter(|_| file.strategy == Strategy::Ab);
    let test = test.and_then(|ab| ab.header.as_deref());
    if test.is_some_and(|test| header.eq_ignore_ascii_case(test)) {
        return Some((
            ".header",
            format!("`{}` asks for \"{header}\", which names the variants", door.name),
            "leave it out: whoever sends it meets the variant that it names",
        ));
    }
    if doors.scheme != Scheme::None && header.eq_ignore_ascii_case(&doors.header) {
        return Some((
            ".header",
            format!("`{}` asks for \"{header}\", which names the colours", door.name),
            "use a header of its own, for instance \"x-beta\"",
        ));
    }
    let beacon = doors.beacon.as_ref().map_or(0, |beacon| beacon.priority);
    let colours = doors.blue_priority.max(doors.green_priority);
    if doors.scheme == Scheme::Alternate && door.priority < colours.max(beacon) {
        return Some((
            ".priority",
            format!(
                "`{}` comes before the colours or the beacon, and would take those with it who pin one",
                door.name
            ),
            "give it a priority after `blue_priority`, `green_priority` and the beacon's",
        ));
    }
    let same = |other: &&UserDoor| {
        let headers = (other.header.as_deref(), door.header.as_deref());
        let header = match headers {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            headers => headers == (None, None),
        };
        let set = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
        header && set(&other.values) == set(&door.values) && set(&other.source) == set(&door.source)
    };
    let other = doors.users[..index].iter().find(same)?;
    Some((
        "",
        format!("`{}` is for the same requests as `{}`", door.name, other.name),
        "leave one of them out: only the one with the lower priority would ever be met",
    ))
}

fn users_problem(door: &UserDoor) -> Option<(&'static str, String, &'static str)> {
    let name = &door.name;
    let count = door.values.len() + door.source.len();
    match &door.header {
        None if door.source.is_empty() => Some((
            "",
            format!("`{name}` does not say whom it is for"),
            "give it `header` and `values`, or `source`",
        )),
        None if !door.values.is_empty() => Some((
            ".values",
            format!("`{name}` has values and no `header` that has them"),
            "give it a `header`",
        )),
        Some(_) if !door.source.is_empty() => Some((
            ".source",
            format!("`{name}` is for a header and for addresses"),
            "make two doors of it",
        )),
        Some(_) if door.values.is_empty() => Some((
            ".header",
            format!("`{name}` has a header and no `values`"),
            "say which values, for instance `values = [\"yes\"]`",
        )),
        _ if count > VALUES => Some((
            "",
            format!("`{name}` has {count} values, and a condition can have {VALUES}"),
            "make several doors of it",
        )),
        Some(header)
            if header.eq_ignore_ascii_case("host") || !header.chars().all(naming::in_header_name) =>
        {
            Some((
                ".header",
                format!("`header` cannot be \"{header}\""),
                "use letters, digits and `-`, for instance \"x-beta\"",
            ))
        }
        _ => door.source.iter().find(|range| !is_range(range)).map(|range| {
            (
                ".source",
                format!("\"{range}\" is not a range of addresses"),
                "write it like \"203.0.113.0/24\" or \"2001:db8::/32\"",
            )
        }),
    }
}

/// What else has the priority of the user door at `index`.
fn taken(file: &File, doors: &Doors, index: usize) -> Option<String> {
    let priority = doors.users[index].priority;
    if let Some(other) = doors.users[..index]
        .iter()
        .find(|other| other.priority == priority)
    {
        return Some(format!("`{}`", other.name));
    }
    if doors
        .beacon
        .as_ref()
        .is_some_and(|beacon| beacon.priority == priority)
    {
        return Some("the beacon".into());
    }
    let test = file.ab.iter().filter(|_| file.strategy == Strategy::Ab);
    if let Some(variant) = test
        .flat_map(|ab| &ab.variants)
        .find(|variant| variant.priority == Some(priority))
    {
        return Some(format!("variant {}", variant.name));
    }
    taken_beside(file, doors, priority)
}

fn taken_beside(file: &File, doors: &Doors, priority: u32) -> Option<String> {
    let at_lock = ports(doors, file.lock.listener).contains(&file.lock.listener);
    let has_doors = doors.scheme != Scheme::None;
    [
        (at_lock, file.lock.priority, "the lock"),
        (at_lock, file.lock.entrance_priority, "the entrance"),
        (has_doors, doors.blue_priority, "the blue door"),
        (has_doors, doors.green_priority, "the green door"),
    ]
    .into_iter()
    .find(|(counts, other, _)| *counts && *other == priority)
    .map(|(_, _, what)| what.to_owned())
}

fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.$/~\"'@:+&".contains(c))
}

fn is_range(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let widest = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= widest)
}

fn ports(doors: &Doors, lock_listener: u16) -> Vec<u16> {
    doors.listeners.clone().unwrap_or(vec![lock_listener])
}

/// `None`: scheme `none`.
pub(super) fn doors(doors: &Doors, lock_listener: u16) -> Option<doors::Doors> {
    let scheme = match doors.scheme {
        Scheme::None => return None,
        Scheme::Role => doors::Scheme::Role,
        Scheme::Alternate => doors::Scheme::Alternate {
            grace: doors.grace.as_ref().map_or(GRACE, |grace| grace.0),
        },
    };
    let unsaid = || match doors.scheme {
        Scheme::Alternate => Closed::by_turns(),
        Scheme::Role | Scheme::None => Closed::default(),
    };
    Some(doors::Doors {
        scheme,
        header: doors.header.clone(),
        blue: doors.blue.clone(),
        green: doors.green.clone(),
        closed: FixedResponse::from(doors.closed.clone().unwrap_or_else(unsaid)),
        blue_priority: doors.blue_priority,
        green_priority: doors.green_priority,
        ports: ports(doors, lock_listener),
        beacon: doors.beacon.as_ref().map(|beacon| Beacon {
            path: beacon.path.clone(),
            priority: beacon.priority,
        }),
    })
}

pub(super) fn user_doors(doors: &Doors, lock_listener: u16) -> Vec<doors::UserDoor> {
    let users = doors.users.iter();
    users
        .map(|door| doors::UserDoor {
            name: door.name.clone(),
            priority: door.priority,
            condition: match &door.header {
                Some(name) => Condition::Header {
                    name: name.clone(),
                    values: door.values.clone(),
                },
                None => Condition::Source {
                    values: door.source.clone(),
                },
            },
            ports: ports(doors, lock_listener),
            variant: door.variant.clone(),
        })
        .collect()
}

impl From<Closed> for FixedResponse {
    fn from(closed: Closed) -> Self {
        Self {
            status: closed.status,
            content_type: closed.content_type.map(|kind| kind.as_str().to_owned()),
            body: closed.body,
        }
    }
}
