//! What the configuration says about how to plan: everything a planner may read besides the estate.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ab::Test;
use super::doors::{Doors, Scheme, UserDoor};
use super::hook::Hook;
use super::ids::Size;
use super::judging::Judging;
use super::lock::LockPlace;
use super::rollout::Rolling;
use super::routing::Priority;
use super::scope::Names;
use super::shift::Shift;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    pub strategy: Strategy,
    /// With strategies that promote share by share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<Shift>,
    /// With `ab`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ab: Option<Test>,
    /// `None`: nobody judges, and a bake only waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<Judging>,
    /// With `Strategy::Rolling`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolling: Option<Rolling>,
    pub names: Names,
    pub lock: LockPlace,
    /// The priority, on the lock's listener, of the rule that keeps a generation health-checked
    /// while no route and no door names it.
    pub entrance: u32,
    pub routes: RouteSelection,
    /// `None`: scheme `none`.
    pub doors: Option<Doors>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_doors: Vec<UserDoor>,
    pub health: HealthGate,
    pub capacity: Capacity,
    pub after_promotion: AfterPromotion,
    pub after_rollback: AfterRollback,
    pub swing: Swing,
    /// In the order in which they are written, which is that in which those of one place are called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<Hook>,
}

impl Policy {
    /// Whether a door keeps the candidate health-checked while it waits.
    pub fn shows_candidate(&self) -> bool {
        self.doors
            .as_ref()
            .is_some_and(|doors| doors.scheme == Scheme::Role)
    }

    /// How long the door of what production has left stays open.
    pub fn grace(&self) -> Option<Duration> {
        self.doors.as_ref().and_then(Doors::grace)
    }

    /// What is configured otherwise than it was then, in sentences.
    pub fn differences_from(&self, then: &Self) -> Vec<String> {
        let (mut was, mut is) = (BTreeMap::new(), BTreeMap::new());
        leaves(
            String::new(),
            &serde_json::to_value(then).unwrap_or_default(),
            &mut was,
        );
        leaves(
            String::new(),
            &serde_json::to_value(self).unwrap_or_default(),
            &mut is,
        );
        let nothing = || "nothing".to_owned();
        let settings: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        settings
            .into_iter()
            .filter(|setting| was.get(*setting) != is.get(*setting))
            .map(|setting| {
                format!(
                    "the setting {setting} was {}, now it is {}",
                    was.get(setting).cloned().unwrap_or_else(nothing),
                    is.get(setting).cloned().unwrap_or_else(nothing)
                )
            })
            .collect()
    }
}

/// Every single setting by its place.
fn leaves(place: String, value: &Value, all: &mut BTreeMap<String, String>) {
    let below = |name: &str| match place.as_str() {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    };
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                leaves(below(name), value, all);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                leaves(below(&index.to_string()), value, all);
            }
        }
        Value::Null => {}
        value => {
            all.insert(place, value.to_string());
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Deploy opens the green door; `promote` swings production.
    Preview,
    /// Deploy goes on to promote when the fleet is ready.
    Direct,
    /// As `Preview`; `promote` swings production in the stages given.
    Canary,
    /// As `Canary`, in even stages.
    Linear,
    /// Deploy replaces live's instances in place, batch by batch.
    Rolling,
    /// Deploy stops live, then starts the candidate in its place.
    Recreate,
    /// Variants share production for a while; one of them wins.
    Ab,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preview => "preview",
            Self::Direct => "direct",
            Self::Canary => "canary",
            Self::Linear => "linear",
            Self::Rolling => "rolling",
            Self::Recreate => "recreate",
            Self::Ab => "ab",
        })
    }
}

/// Which rules carry this app's production traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteSelection {
    /// Every rule and default rule, on every listener, that forwards to live.
    All,
    Listed(Vec<(u16, Priority)>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthGate {
    pub want: Want,
    /// How long the targets must stay healthy without a break.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub soak: Duration,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub timeout: Duration,
}

/// How much healthy capacity is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Want {
    Count(u32),
    /// Of the capacity wanted, rounded up.
    Percent(u32),
}

impl Want {
    pub fn of(self, capacity: u32) -> u32 {
        match self {
            Self::Count(count) => count.max(1),
            Self::Percent(percent) => {
                let units = (u64::from(capacity) * u64::from(percent)).div_ceil(100).max(1);
                u32::try_from(units).unwrap_or(u32::MAX)
            }
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent} %"),
        }
    }
}

/// How large the candidate is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capacity {
    SameAsLive,
    Fixed(Size),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterPromotion {
    pub previous: Treatment,
    /// How long the previous generation stays at full capacity before it is treated.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub after: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// Stays at full capacity, held from scaling in: rollback swings at once.
    Keep,
    /// Scaled to this many instances: rollback boots the rest first.
    Scale(u32),
    /// Removed: there is nothing to roll back to.
    Retire,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterRollback {
    Keep,
    Remove,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swing {
    /// How many times in a row all rules must read back as written.
    pub confirmations: u32,
    /// How long the load balancer is given to obey its rules before anything shrinks.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub propagation: Duration,
    /// How long what was swung to stays held from scaling in: its alarms still speak of the time
    /// when it was idle.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub hold: Duration,
    pub on_failure: OnFailure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// Swing the routes already moved back to where they were.
    PutBack,
    /// Leave them and stop for a human.
    Stop,
}
