//! Where the app stands in its life, in a word and in a sentence.

use serde::Serialize;

use super::variants;
use crate::model::estate::Estate;
use crate::model::ids::Generation;
use crate::model::obligation;
use crate::model::policy::Policy;
use crate::model::roles::Roles;
use crate::model::rollout::Rollout;
use crate::model::standing::{Standing, State};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseView {
    pub name: Phase,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// One generation is live and nothing stands beside it.
    Steady,
    /// A candidate is being built.
    Building,
    /// A candidate can be promoted.
    Ready,
    /// Production is being swung to a candidate.
    Promoting,
    /// Two generations share production, in a stage of a promotion or by hand.
    Sharing,
    /// Live's instances are being replaced in place, forward or back.
    RollingOut,
    /// Live is stopped, and nobody answers.
    Down,
    /// Variants take part in a test.
    Testing,
    /// The previous generation is kept.
    StandingBy,
    /// Production is being swung back.
    RollingBack,
    /// A generation was rolled back and is still there.
    RolledBack,
    /// Who is live cannot be told.
    Unclear,
}

pub(super) fn of(estate: &Estate, policy: &Policy, roles: Option<&Roles>) -> PhaseView {
    let Some(roles) = roles else {
        return view(
            Phase::Unclear,
            "which generation is live cannot be told".to_owned(),
        );
    };
    let live = named(&roles.live);
    if let Some(failing) = all(roles).find(|standing| standing.state == State::RollingBack) {
        let to = if failing.generation == roles.live.generation {
            roles.previous.as_ref().map(named)
        } else {
            Some(live)
        };
        return view(
            Phase::RollingBack,
            swing("swung back", &named(failing), to.as_deref()),
        );
    }
    let group = roles.live.group.as_ref().and_then(|name| estate.group(name));
    if let Some((group, rollout)) = group.and_then(|group| Some((group, Rollout::of(&group.tags)?))) {
        return view(Phase::RollingOut, rollout.told(group));
    }
    if let Some(group) = group.filter(|group| obligation::is_stopped(group)) {
        let text = format!(
            "nobody answers: {} is stopped, which belongs to {live}",
            group.name
        );
        return view(Phase::Down, text);
    }
    if let Some(view) = variants::phase(policy, roles) {
        return view;
    }
    if roles.live.state == State::Promoting {
        let from = roles
            .previous
            .as_ref()
            .map_or_else(|| "its predecessor".to_owned(), named);
        return view(Phase::Promoting, swing("swung", &from, Some(&live)));
    }
    if let Some((candidate, reached)) = roles.shared() {
        return view(
            Phase::Sharing,
            format!(
                "{} % of production goes to {}, the rest to {live}; {}",
                reached.weight,
                named(candidate),
                reached.told(policy.shift.as_ref())
            ),
        );
    }
    if let Some(candidate) = &roles.candidate {
        let candidate_named = named(candidate);
        return match candidate.state {
            State::Promoting => view(Phase::Promoting, swing("swung", &live, Some(&candidate_named))),
            State::Ready => view(
                Phase::Ready,
                format!("{live} is live; {candidate_named} is ready to be promoted"),
            ),
            _ => view(
                Phase::Building,
                format!("{live} is live; {candidate_named} is being built"),
            ),
        };
    }
    if roles.live.state == State::Restored
        && let Some(left) = roles.rolled_back()
    {
        return view(
            Phase::RolledBack,
            format!("{live} is live; {} was rolled back", named(left)),
        );
    }
    match &roles.previous {
        Some(previous) => view(
            Phase::StandingBy,
            format!("{live} is live; {} stands by", named(previous)),
        ),
        None => view(Phase::Steady, format!("{live} is live; nothing stands beside it")),
    }
}

fn view(name: Phase, text: String) -> PhaseView {
    PhaseView { name, text }
}

fn swing(how: &str, from: &str, to: Option<&str>) -> String {
    match to {
        Some(to) => format!("production is being {how} from {from} to {to}"),
        None => format!("production is being {how} from {from}"),
    }
}

/// `generation 2 (42)`.
pub(super) fn named(standing: &Standing) -> String {
    name(standing.generation, standing.release.as_deref())
}

pub(super) fn name(generation: Generation, release: Option<&str>) -> String {
    match release {
        Some(release) => format!("generation {generation} ({release})"),
        None => format!("generation {generation}"),
    }
}

fn all<'a>(roles: &'a Roles) -> impl Iterator<Item = &'a Standing> {
    roles.all()
}
