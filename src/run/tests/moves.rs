//! What can happen next to an estate: any command, and what the world does of its own.

use proptest::prelude::*;

use super::{deploy, rollback, rollback_and_remove};
use crate::model::plan::Intent;
use crate::model::policy::Policy;
use crate::model::release::Source;
use crate::model::roles::Roles;
use crate::run::world::World;

/// What can happen next: a command, or something of the world's own.
#[derive(Clone, Debug)]
pub(super) enum Move {
    Run(Intent),
    /// A generation that production does not go to falls ill, or what was ill recovers.
    Sicken,
    Cure,
    /// Live scales out, as far as it may.
    Grow,
}

pub(super) fn release(name: &str) -> Intent {
    let mut intent = deploy(name);
    if let (Intent::Deploy { release }, "b") = (&mut intent, name) {
        release.source = Source::Build {
            image: None,
            user_data: Some("#!/bin/sh".into()),
        };
    }
    intent
}

pub(super) fn intents() -> impl Strategy<Value = Intent> {
    prop_oneof![
        2 => Just(release("a")),
        2 => Just(release("b")),
        4 => Just(Intent::Promote),
        2 => Just(rollback()),
        1 => Just(rollback_and_remove()),
        2 => Just(Intent::Abort),
        1 => Just(Intent::Retire { generation: None }),
        1 => Just(Intent::Repair),
    ]
}

pub(super) fn commands() -> impl Strategy<Value = Move> {
    prop_oneof![
        9 => intents().prop_map(Move::Run),
        1 => Just(Move::Sicken),
        1 => Just(Move::Cure),
        1 => Just(Move::Grow),
    ]
}

impl Move {
    pub(super) fn happens(&self, world: &World, policy: &Policy) {
        let estate = world.now();
        let Ok(roles) = Roles::of(&estate, policy) else {
            return;
        };
        let mut sick = world.sick.lock().expect("not poisoned");
        match self {
            Self::Run(_) => {}
            Self::Cure => sick.clear(),
            Self::Sicken => sick.extend(
                roles
                    .candidate
                    .iter()
                    .chain(&roles.previous)
                    .filter_map(|standing| standing.target_group.clone()),
            ),
            Self::Grow => {
                let live = roles.live.group.clone();
                drop(sick);
                world.vary(|estate| {
                    for group in estate
                        .groups
                        .iter_mut()
                        .filter(|group| Some(&group.name) == live.as_ref())
                    {
                        group.size.desired = (group.size.desired + 1).min(group.size.max);
                    }
                });
            }
        }
    }
}
