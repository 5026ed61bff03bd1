//! Can production be swung back now, and how fast.

use serde::Serialize;

use crate::model::estate::{Estate, Group};

use crate::model::ids::Generation;
use crate::model::policy::{Policy, Strategy};
use crate::model::refusal::Reason;
use crate::model::roles::Roles;
use crate::model::rollout::{Before, Rollout};
use crate::model::schema::{self, Change};
use crate::model::standing::{Standing, State};

use super::super::words::count;
use super::generations::healthy;
use super::phase::named;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RollbackView {
    pub speed: Speed,
    pub to: Option<Generation>,
    /// Capacity units that must start first.
    pub boots: u32,
    /// In a sentence.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speed {
    AtOnce,
    /// When instances have started and are healthy.
    AfterBoot,
    Impossible,
    /// Not enough can be seen to tell.
    Unknown,
}

pub(super) fn of(estate: &Estate, policy: &Policy, roles: Option<&Roles>) -> RollbackView {
    let Some(roles) = roles else {
        return no(Speed::Unknown, None, "it cannot be told which generation is live");
    };
    if let Some(candidate) = &roles.candidate {
        // Half way into a promotion, live is still the one that production comes from.
        if roles.halfway {
            return back_to(estate, policy, &roles.live, &roles.live);
        }
        return RollbackView {
            speed: Speed::AtOnce,
            to: Some(roles.live.generation),
            boots: 0,
            text: format!(
                "yes, at once: production is on {} and stays there, {} is closed",
                named(&roles.live),
                named(candidate)
            ),
        };
    }
    if let Some(in_place) = in_place(estate, policy, roles) {
        return in_place;
    }
    if let Some(home) = roles.home().filter(|_| roles.tests()) {
        return back_to(estate, policy, home, home);
    }
    if !roles.variants.is_empty() {
        return RollbackView {
            speed: Speed::AtOnce,
            to: Some(roles.live.generation),
            boots: 0,
            text: format!(
                "yes, at once: production is on {} and stays there, the variants are closed",
                named(&roles.live)
            ),
        };
    }
    if is_done(roles) {
        let further = roles.previous.as_ref().map_or_else(String::new, |previous| {
            format!("; `{}` goes further back", command_to(previous))
        });
        return no(
            Speed::Impossible,
            None,
            &format!("rolled back already, to {}{further}", named(&roles.live)),
        );
    }
    match &roles.previous {
        Some(previous) => back_to(estate, policy, &roles.live, previous),
        None => {
            let reason = schema::no_way_back(estate, &roles.live);
            no(
                Speed::Impossible,
                None,
                &format!("{reason}; {}", reason.way_out()),
            )
        }
    }
}

/// With one group there is nothing to swing to: its instances are replaced once more.
fn in_place(estate: &Estate, policy: &Policy, roles: &Roles) -> Option<RollbackView> {
    if policy.strategy != Strategy::Rolling || is_done(roles) {
        return None;
    }
    let group = estate.group(roles.live.group.as_ref()?)?;
    let to = match (Rollout::of(&group.tags), Before::of(&group.tags)) {
        (Some(rollout), _) => format!("launch template version {}", rollout.from),
        (None, Some(before)) => format!("{}, launch template version {}", before.released, before.version),
        (None, None) => return None,
    };
    Some(RollbackView {
        speed: Speed::AfterBoot,
        to: Some(roles.live.generation),
        boots: group.size.desired,
        text: format!(
            "yes, in place: the instances of {} are replaced once more, to {to}",
            group.name
        ),
    })
}

/// A rollback has ended: another one is only made when a generation is named.
pub(super) fn is_done(roles: &Roles) -> bool {
    let left = roles
        .rolled_back()
        .is_some_and(|other| other.generation > roles.live.generation);
    roles.live.state == State::Restored || (left && roles.live.state != State::RollingBack)
}

pub(super) fn command_to(standing: &Standing) -> String {
    format!("swingbridge rollback --to {}", standing.generation)
}

fn back_to(estate: &Estate, policy: &Policy, live: &Standing, to: &Standing) -> RollbackView {
    let name = named(to);
    if let Some(contracted) = Change::Contracted.up_to(estate)
        && to.generation < contracted
    {
        let reason = Reason::Contracted {
            to: to.generation,
            contracted,
        };
        return no(
            Speed::Impossible,
            Some(to.generation),
            &format!("{reason}; {}", reason.way_out()),
        );
    }
    let number = Some(to.generation);
    let found = |standing: &Standing| estate.group(standing.group.as_ref()?);
    let Some(group) = found(to) else {
        return no(
            Speed::Impossible,
            number,
            &format!("{name} has no Auto Scaling group"),
        );
    };
    let Some(tg) = to.target_group.as_ref().and_then(|tg| estate.target_group(tg)) else {
        return no(Speed::Impossible, number, &format!("{name} has no target group"));
    };
    if group.deleting {
        return no(Speed::Impossible, number, &format!("{name} is being deleted"));
    }
    let Some(have) = healthy(estate, Some(group), tg) else {
        return no(
            Speed::Unknown,
            number,
            &format!("the health of {} could not be seen", tg.name),
        );
    };
    let capacity = found(live).map_or(group.size.desired, |live| live.size.desired);
    let need = policy.health.want.of(capacity);
    let boots = need.saturating_sub(have);
    let standing = format!("{have} of {need} wanted are healthy in {}", tg.name);
    let (speed, text) = if boots == 0 {
        (Speed::AtOnce, format!("yes, to {name}, at once: {standing}"))
    } else {
        let boots = units(group, boots);
        (
            Speed::AfterBoot,
            format!("yes, to {name}, after starting {boots}: {standing}"),
        )
    };
    RollbackView {
        speed,
        to: number,
        boots,
        text,
    }
}

fn units(group: &Group, number: u32) -> String {
    let weighted = group.instances.iter().any(|instance| instance.weight != 1);
    count(
        number as usize,
        if weighted { "capacity unit" } else { "instance" },
    )
}

fn no(speed: Speed, to: Option<Generation>, why: &str) -> RollbackView {
    let word = match speed {
        Speed::Unknown => "not to be told",
        _ => "no",
    };
    RollbackView {
        speed,
        to,
        boots: 0,
        text: format!("{word}: {why}"),
    }
}
