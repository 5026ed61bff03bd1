//! `[rolling]`: one group whose instances are replaced in place, as it is written and as it is meant.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{File, Strategy};
use super::hooks::Place;
use super::values::Period;
use crate::model::rollout::{Kept, Rolling as Meant};

/// Auto Scaling waits no longer at a checkpoint or at the end.
const LONGEST: Duration = Duration::from_secs(172_800);

/// With `strategy = "rolling"`: how the instances of the one group are replaced.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rolling {
    /// How much of the group's capacity always serves, in per cent; the rest may be missing at a time.
    #[schemars(range(max = 100))]
    pub(super) min_healthy: u32,
    /// How much there may be at a time, in per cent, leaving instances included. Above 100, new instances come first.
    #[schemars(range(min = 100, max = 200))]
    pub(super) max_healthy: u32,
    /// Where it pauses, in rising per cent of the instances. It goes on by itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(range(min = 1, max = 100)), length(max = 100))]
    pub(super) checkpoints: Vec<u32>,
    /// How long it pauses at each.
    pub(super) checkpoint_delay: Period,
    /// How long a new instance is given before it counts. Without it: as the group says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) warmup: Option<Period>,
    /// How long the alarms are watched once all instances are replaced.
    pub(super) bake: Period,
    /// CloudWatch alarms, by name, any of which takes it back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(min = 1, max = 255)), length(max = 10))]
    pub(super) alarms: Vec<String>,
    /// Instances that are of the release already stay.
    pub(super) skip_matching: bool,
    /// Instances that are protected from scale-in: `wait` an hour for somebody to release them, `ignore` them, or
    /// `replace` them.
    pub(super) protected: Aside,
    /// Instances in standby: the same.
    pub(super) standby: Aside,
}

impl Default for Rolling {
    fn default() -> Self {
        Self {
            min_healthy: 90,
            max_healthy: 110,
            checkpoints: Vec::new(),
            checkpoint_delay: Period::seconds(600),
            warmup: None,
            bake: Period::seconds(0),
            alarms: Vec::new(),
            skip_matching: true,
            protected: Aside::Wait,
            standby: Aside::Wait,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Aside {
    Wait,
    Ignore,
    Replace,
}

/// What is wrong with it: the key, why, and the way out.
pub(super) fn problems(file: &File) -> Vec<(String, String, &'static str)> {
    let rolling = &file.rolling;
    let mut all = Vec::new();
    let mut say = |key: &str, why: String, help| all.push((key.to_owned(), why, help));
    if (rolling.min_healthy, rolling.max_healthy) == (100, 100) {
        say(
            "rolling.max_healthy",
            "`min_healthy` and `max_healthy` are both 100, so no instance could ever be replaced".into(),
            "raise `max_healthy`: new instances then come before others go",
        );
    }
    if rolling.max_healthy.saturating_sub(rolling.min_healthy) > 100 {
        say(
            "rolling.max_healthy",
            format!(
                "`max_healthy` is {} and `min_healthy` {}: Auto Scaling allows 100 between them",
                rolling.max_healthy, rolling.min_healthy
            ),
            "bring them closer together",
        );
    }
    if !rolling.checkpoints.is_sorted_by(|one, next| one < next) {
        say(
            "rolling.checkpoints",
            "`checkpoints` do not rise".into(),
            "write each once, the smallest first",
        );
    }
    for (key, period) in [
        ("rolling.checkpoint_delay", rolling.checkpoint_delay),
        ("rolling.bake", rolling.bake),
    ] {
        if period.0 > LONGEST {
            say(
                key,
                "is longer than Auto Scaling waits".into(),
                "\"48h\" is the longest",
            );
        }
    }
    if file.strategy != Strategy::Rolling {
        return all;
    }
    for (index, hook) in file.hooks.iter().enumerate() {
        let never = matches!(
            hook.at,
            Place::BeforeTraffic | Place::AfterPreview | Place::EachStep | Place::Contract
        );
        if never {
            say(
                &format!("hooks.{index}"),
                "it would never be called: with strategy \"rolling\" new instances meet production as soon as they are there, and no generation takes the place of another".into(),
                "use before-deploy, before-promote, expand, after-promote, on-rollback, before-retire or on-failure",
            );
        }
    }
    all
}

/// How instances are replaced, with the strategy that does it.
pub(super) fn rolling(file: &File) -> Option<Meant> {
    let rolling = &file.rolling;
    (file.strategy == Strategy::Rolling).then(|| Meant {
        min_healthy: rolling.min_healthy,
        max_healthy: rolling.max_healthy,
        checkpoints: rolling.checkpoints.clone(),
        checkpoint_delay: rolling.checkpoint_delay.0,
        warmup: rolling.warmup.map(|period| period.0.as_secs()),
        bake: rolling.bake.0,
        alarms: rolling.alarms.clone(),
        skip_matching: rolling.skip_matching,
        rolls_back: true,
        protected: rolling.protected.into(),
        standby: rolling.standby.into(),
    })
}

impl From<Aside> for Kept {
    fn from(aside: Aside) -> Self {
        match aside {
            Aside::Wait => Self::Wait,
            Aside::Ignore => Self::Ignore,
            Aside::Replace => Self::Replace,
        }
    }
}
