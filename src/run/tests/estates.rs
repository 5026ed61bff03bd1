//! Estates, policies and commands to try everything on: small, odd, and every one possible on AWS.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::quick;
use super::sides::{Side, sides};
use crate::model::doors::{Beacon, Scheme, UserDoor};
use crate::model::estate::{Attachment, AttachmentKind, Estate, Launch};
use crate::model::fixtures::{self, asg, tg};
use crate::model::ids::{Arn, Size};
use crate::model::obligation::HELD_PROCESS;
use crate::model::policy::{AfterRollback, Capacity, Policy, Strategy as Kind, Treatment, Want};
use crate::model::shift::{Shift, Stage, Wait};
use crate::run::world::World;

/// A whole estate with the policy it is worked on by.
#[derive(Clone, Debug)]
pub(super) struct Case {
    sides: BTreeMap<u16, Side>,
    doors: bool,
    turns: Option<Duration>,
    users: bool,
    first: u32,
    size: Size,
    version: &'static str,
    suspended: Vec<&'static str>,
    attachments: Vec<AttachmentKind>,
    kind: Kind,
    pair: bool,
    previous: Treatment,
    failed: AfterRollback,
    capacity: Capacity,
    want: Want,
    hold: Duration,
}

fn size() -> impl Strategy<Value = Size> {
    (0_u32..3, 1_u32..4, 0_u32..3).prop_map(|(min, desired, room)| Size {
        min: min.min(desired),
        desired,
        max: desired + room,
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
        (
            any::<bool>(),
            select(vec![None, Some(Duration::ZERO), Some(Duration::from_secs(300))]),
            any::<bool>(),
        ),
        select(vec![1_u32, 4]),
        size(),
        select(vec!["7", "$Latest", "$Default"]),
        subsequence(vec![HELD_PROCESS, "AZRebalance"], 0..=2),
        subsequence(kinds, 0..=4),
    );
    let policy = (
        select(vec![Kind::Preview, Kind::Direct, Kind::Canary]),
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
        |((sides, (doors, turns, users), first, size, version, suspended, attachments), policy)| {
            let (kind, pair, previous, failed, capacity, want, hold) = policy;
            Case {
                sides,
                doors,
                turns,
                users,
                first,
                size,
                version,
                suspended,
                attachments,
                kind,
                pair,
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
        policy.strategy = self.kind;
        policy.shift = (self.kind == Kind::Canary).then(|| Shift {
            stages: [5, 50]
                .map(|weight| Stage {
                    weight,
                    wait: Wait::Bake(Duration::from_secs(60)),
                })
                .into(),
            sticky: None,
            reduce_every: Duration::from_secs(60),
        });
        if self.pair {
            policy = fixtures::by_turns(policy);
        }
        let ports: Vec<u16> = self
            .sides
            .iter()
            .filter(|(_, side)| side.wants_doors())
            .map(|(port, _)| *port)
            .collect();
        match &mut policy.doors {
            Some(doors) if self.doors && !ports.is_empty() => doors.ports = ports,
            doors => *doors = None,
        }
        if let (Some(doors), Some(grace)) = (&mut policy.doors, self.turns) {
            doors.scheme = Scheme::Alternate { grace };
            doors.beacon = Some(Beacon {
                path: "/which".into(),
                priority: 19,
            });
        }
        if self.users {
            policy.user_doors = vec![UserDoor {
                name: "beta".into(),
                priority: 18,
                condition: fixtures::header("x-beta", "yes"),
                ports: self.sides.keys().copied().collect(),
                variant: None,
            }];
        }
        policy.health.want = self.want;
        policy.health.soak = Duration::from_secs(5);
        policy.capacity = self.capacity;
        policy.after_promotion.previous = self.previous;
        policy.after_rollback = self.failed;
        policy.swing.hold = self.hold;
        policy
    }

    /// A world with this estate, in which rules may only be pointed where enough is healthy.
    pub(super) fn world(&self) -> World {
        let world = World::new(self.estate());
        *world.want.lock().expect("not poisoned") = self.want;
        world
    }

    pub(super) fn estate(&self) -> Estate {
        let mut estate = fixtures::initial();
        estate.listeners = self
            .sides
            .iter()
            .map(|(port, side)| fixtures::listener(*port, side.rules(*port, self.first, self.doors)))
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
        // Two groups that take turns need their names.
        let first = if self.pair { n.max(2) - 1 } else { 1 };
        estate.taken.groups = (first..=n).map(asg).collect();
        estate.taken.target_groups = (1..=n).map(tg).collect();
    }

    /// Whether schedules were off before anything was done.
    pub(super) fn schedules_were_off(&self) -> bool {
        self.suspended.contains(&HELD_PROCESS)
    }
}
