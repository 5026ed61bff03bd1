//! A test of variants: who takes part with which share, and until when it runs.

use jiff::Timestamp;
use serde::Serialize;

use super::phase::{Phase, PhaseView, named};
use super::view::Advice;
use crate::model::ids::Generation;
use crate::model::policy::Policy;
use crate::model::readings::weight_of;
use crate::model::roles::Roles;
use crate::model::standing::{Standing, State};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestView {
    /// Live's own first, if it takes part.
    pub variants: Vec<VariantView>,
    /// `None` while it has not begun.
    pub began: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Whom production is being swung to.
    pub winner: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VariantView {
    pub name: String,
    /// `None`: it is not deployed.
    pub generation: Option<Generation>,
    /// Of production's requests, in per cent; `None` while routes disagree.
    pub share: Option<u32>,
    pub ready: bool,
}

pub(super) fn of(policy: &Policy, roles: &Roles) -> Option<TestView> {
    if roles.variants.is_empty() && !roles.tests() {
        return None;
    }
    let mut variants: Vec<VariantView> = Vec::new();
    let view = |name: &str, standing: Option<&Standing>| VariantView {
        name: name.to_owned(),
        generation: standing.map(|one| one.generation),
        share: standing.and_then(|one| weight_of(roles, one)),
        ready: standing.is_some_and(|one| one.state != State::Staged),
    };
    for variant in policy.ab.iter().flat_map(|test| &test.variants) {
        let standing = if variant.live {
            roles.home()
        } else {
            roles.variant(&variant.name)
        };
        variants.push(view(&variant.name, standing));
    }
    // Those that no configuration knows, or no longer.
    for standing in &roles.variants {
        let name = standing.variant.as_deref().unwrap_or_default();
        if !variants.iter().any(|one| one.name == name) {
            variants.push(view(name, Some(standing)));
        }
    }
    let began = roles.began();
    Some(TestView {
        variants,
        began,
        until: began.and_then(|began| Some(policy.ab.as_ref()?.ends(began))),
        winner: roles.winner().and_then(|one| one.variant.clone()),
    })
}

impl TestView {
    /// Everybody with their share, in a line.
    pub(super) fn told(&self) -> String {
        let parts: Vec<String> = self
            .variants
            .iter()
            .map(|one| match (one.generation, one.share) {
                (None, _) => format!("{} is not deployed", one.name),
                (Some(generation), Some(share)) => {
                    format!("{} {share} % (generation {generation})", one.name)
                }
                (Some(generation), None) => format!("{} (generation {generation})", one.name),
            })
            .collect();
        parts.join(", ")
    }

    pub(super) fn times(&self) -> String {
        match (self.began, self.until) {
            (Some(_), Some(until)) => format!("runs until {until:.0}"),
            (Some(_), None) => "runs".to_owned(),
            (None, _) => "has not begun".to_owned(),
        }
    }
}

/// Where a test stands; `None` without one.
pub(super) fn phase(policy: &Policy, roles: &Roles) -> Option<PhaseView> {
    let test = of(policy, roles)?;
    let live = named(roles.home().unwrap_or(&roles.live));
    let (name, text) = match &test.winner {
        Some(winner) => (
            Phase::Promoting,
            format!("{winner} has won, and production is being swung to it"),
        ),
        None if roles.runs() => (
            Phase::Testing,
            format!("a test {}: {}", test.times(), test.told()),
        ),
        None if roles.tests() => (
            Phase::Promoting,
            format!("a test is being begun: {}", test.told()),
        ),
        None if test.variants.iter().all(|one| one.ready) => (
            Phase::Ready,
            format!("{live} is live; every variant is ready to be tested"),
        ),
        None => (
            Phase::Building,
            format!("{live} is live; {} for a test", test.told()),
        ),
    };
    Some(PhaseView { name, text })
}

/// What can be done about a test.
pub(super) fn advice(roles: &Roles, phase: Phase) -> Option<Vec<Advice>> {
    let winner = roles.winner().and_then(|one| one.variant.as_deref());
    let say = |command: &str, why: &str| Advice {
        command: command.to_owned(),
        why: why.to_owned(),
    };
    if roles.variants.is_empty() && !roles.tests() {
        return None;
    }
    Some(match (phase, winner) {
        (_, Some(winner)) => vec![
            say(&format!("swingbridge winner {winner}"), "finish the swing"),
            say("swingbridge rollback", "put production back"),
        ],
        (Phase::Testing, None) => vec![
            say("swingbridge metrics", "compare the variants"),
            say(
                "swingbridge winner NAME",
                "swing production to one of them, and remove the others",
            ),
            say("swingbridge rollback", "put production back, without a winner"),
        ],
        (Phase::Promoting, None) => vec![
            say("swingbridge promote", "finish what begins the test"),
            say("swingbridge rollback", "put production back"),
        ],
        (Phase::Ready, None) => vec![
            say("swingbridge promote", "begin the test"),
            say("swingbridge abort", "remove the variants"),
        ],
        _ => vec![
            say(
                "swingbridge deploy --variant NAME …",
                "bring up the variants that are missing",
            ),
            say("swingbridge abort", "remove those that stand"),
        ],
    })
}
