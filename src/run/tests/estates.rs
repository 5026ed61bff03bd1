//! Estates, policies and commands to try everything on: small, odd, and every one possible on AWS.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::quick;
use crate::model::estate::{Attachment, AttachmentKind, Estate, Launch};
use crate::model::fixtures::{self, asg, closed, path, rule, tg, to};
use crate::model::ids::{Arn, Size};
use crate::model::obligation::HELD_PROCESS;
use crate::model::policy::{AfterRollback, Capacity, Policy, Strategy as Kind, Treatment, Want};
use crate::model::routing::{Action, Priority, Rule, Share};

/// One listener: what its rules do.
#[derive(Clone, Debug)]
struct Side {
    /// The weight by which the default rule forwards to live; `None`: it does something else.
    default: Option<u32>,
    /// Rules by path that forward to live.
    paths: Vec<u32>,
    /// Rules of somebody else.
    foreign: Vec<Action>,
    /// What doors there are: none, or a blue and a green one as they were found.
    doors: Option<(Action, Action)>,
    /// Whether the configuration wants doors here.
    wants_doors: bool,
}

/// A whole estate with the policy it is worked on by.
#[derive(Clone, Debug)]
pub(super) struct Case {
    sides: BTreeMap<u16, Side>,
    doors: bool,
    first: u32,
    size: Size,
    version: &'static str,
    suspended: Vec<&'static str>,
    attachments: Vec<AttachmentKind>,
    direct: bool,
    previous: Treatment,
    failed: AfterRollback,
    capacity: Capacity,
    want: Want,
    hold: Duration,
}

fn elsewhere() -> impl Strategy<Value = Action> {
    select(vec![
        closed(503),
        Action::to(&"other-app".into()),
        Action::Other {
            text: "redirect to https".into(),
        },
    ])
}

fn side() -> impl Strategy<Value = Side> {
    let door = select(vec![to(0), closed(404), closed(456)]);
    (
        option::weighted(0.8, select(vec![1_u32, 100])),
        vec(select(vec![1_u32, 100]), 0..3),
        vec(elsewhere(), 0..3),
        option::of((door.clone(), door)),
        any::<bool>(),
    )
        .prop_map(|(default, paths, foreign, doors, wants_doors)| Side {
            default,
            paths,
            foreign,
            // Doors where none are configured would be routes of a strange kind.
            doors: doors.filter(|_| wants_doors),
            wants_doors,
        })
}

fn size() -> impl Strategy<Value = Size> {
    (0_u32..3, 1_u32..4, 0_u32..3).prop_map(|(min, desired, room)| Size {
        min: min.min(desired),
        desired,
        max: desired + room,
    })
}

fn sides() -> impl Strategy<Value = BTreeMap<u16, Side>> {
    (1_usize..4, vec(side(), 3)).prop_map(|(count, sides)| {
        let mut sides: BTreeMap<u16, Side> = [80, 443, 8443].into_iter().zip(sides).take(count).collect();
        let served = |side: &Side| side.default.is_some() || !side.paths.is_empty();
        if !sides.values().any(served) {
            sides.get_mut(&80).expect("there is always one").default = Some(1);
        }
        sides
    })
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    let kinds = vec![
        AttachmentKind::Hook,
        AttachmentKind::Policy,
        AttachmentKind::Alarm,
        AttachmentKind::Schedule,
    ];
    let estate = (
        sides(),
        any::<bool>(),
        select(vec![1_u32, 4]),
        size(),
        select(vec!["7", "$Latest", "$Default"]),
        subsequence(vec![HELD_PROCESS, "AZRebalance"], 0..=2),
        subsequence(kinds, 0..=4),
    );
    let policy = (
        any::<bool>(),
        select(vec![
            Treatment::Keep,
            Treatment::Scale(0),
            Treatment::Scale(1),
            Treatment::Retire,
        ]),
        select(vec![AfterRollback::Keep, AfterRollback::Remove]),
        prop_oneof![3 => Just(Capacity::SameAsLive), 1 => size().prop_map(Capacity::Fixed)],
        select(vec![Want::Percent(100), Want::Percent(50), Want::Count(1)]),
        select(vec![Duration::ZERO, Duration::from_secs(600)]),
    );
    (estate, policy).prop_map(
        |((sides, doors, first, size, version, suspended, attachments), policy)| {
            let (direct, previous, failed, capacity, want, hold) = policy;
            Case {
                sides,
                doors,
                first,
                size,
                version,
                suspended,
                attachments,
                direct,
                previous,
                failed,
                capacity,
                want,
                hold,
            }
        },
    )
}

impl Case {
    pub(super) fn policy(&self) -> Policy {
        let mut policy = quick();
        if self.direct {
            policy.strategy = Kind::Direct;
        }
        let ports: Vec<u16> = self
            .sides
            .iter()
            .filter(|(_, side)| side.wants_doors)
            .map(|(port, _)| *port)
            .collect();
        match &mut policy.doors {
            Some(doors) if self.doors && !ports.is_empty() => doors.ports = ports,
            doors => *doors = None,
        }
        policy.health.want = self.want;
        policy.health.soak = Duration::from_secs(5);
        policy.capacity = self.capacity;
        policy.after_promotion.previous = self.previous;
        policy.after_rollback = self.failed;
        policy.swing.hold = self.hold;
        policy
    }

    pub(super) fn estate(&self) -> Estate {
        let mut estate = fixtures::initial();
        estate.listeners = self
            .sides
            .iter()
            .map(|(port, side)| fixtures::listener(*port, self.rules(*port, side)))
            .collect();
        self.people(&mut estate);
        let mut other = fixtures::target_group(99, &[]);
        other.name = "other-app".into();
        other.arn = Arn::new("arn-other-app");
        other.generation = None;
        estate.target_groups.push(other);
        estate
    }

    /// Live as described, and an older generation that somebody has left behind.
    fn people(&self, estate: &mut Estate) {
        let n = self.first;
        let mut group = fixtures::group(n, self.size.desired);
        group.size = self.size;
        if let Launch::Template { uses, .. } = &mut group.launch {
            uses[0].version = self.version.into();
        }
        for process in &self.suspended {
            group.suspended.insert((*process).into(), "User suspended".into());
        }
        for kind in &self.attachments {
            group.attachments.push(Attachment {
                kind: *kind,
                name: format!("{}-{kind:?}", asg(n)),
                detail: "as it is".into(),
                stays: None,
            });
        }
        estate.groups = vec![group];
        estate.target_groups = vec![fixtures::target_group(n, &[])];
        if n > 1 {
            let mut left = fixtures::group(n - 1, 1);
            left.suspended
                .insert(HELD_PROCESS.into(), "User suspended".into());
            estate.groups.push(left);
            estate.target_groups.push(fixtures::target_group(n - 1, &[]));
        }
        estate.taken.groups = (1..=n).map(asg).collect();
        estate.taken.target_groups = (1..=n).map(tg).collect();
    }

    fn rules(&self, port: u16, side: &Side) -> Vec<Rule> {
        let live = |weight: u32| Action::Forward {
            shares: vec![Share {
                target_group: tg(self.first),
                weight,
            }],
        };
        let mut all = fixtures::listener(port, Vec::new());
        let mut put = |rule: Rule| all.rules.push(rule);
        if let (Some((blue, green)), true) = (&side.doors, self.doors) {
            // `to(0)` stands for a door that was left open to live.
            let action = |found: &Action| if *found == to(0) { live(1) } else { found.clone() };
            put(fixtures::door(port, fixtures::BLUE, "blue", action(blue)));
            put(fixtures::door(port, fixtures::GREEN, "green", action(green)));
        }
        for (number, weight) in (20..).zip(&side.paths) {
            put(rule(
                port,
                Priority::Numbered(number),
                &[path("/api/*")],
                live(*weight),
            ));
        }
        for (number, action) in (40..).zip(&side.foreign) {
            put(rule(
                port,
                Priority::Numbered(number),
                &[path("/other")],
                action.clone(),
            ));
        }
        put(fixtures::default_rule(
            port,
            side.default.map_or_else(|| closed(503), live),
        ));
        all.rules.sort_by_key(|rule| rule.priority);
        all.rules
    }

    /// Whether schedules were off before anything was done.
    pub(super) fn schedules_were_off(&self) -> bool {
        self.suspended.contains(&HELD_PROCESS)
    }
}
