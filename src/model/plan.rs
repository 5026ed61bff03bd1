//! A plan: the ordered steps from an estate to an intent, with what it was decided on.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::clone::Carried;
use super::ids::{Arn, Generation};
use super::policy::{AfterRollback, Policy};
use super::release::{Release, Source};
use super::step::Step;
use super::tags::{self, Tags};

/// The version of the saved form.
pub const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub format: u32,
    /// A digest of everything below: the same decision has the same id.
    pub id: String,
    pub app: String,
    pub load_balancer: Arn,
    pub intent: Intent,
    pub policy: Policy,
    pub basis: Fingerprint,
    /// What it comes to, in a line.
    pub summary: String,
    pub steps: Vec<Step>,
    pub notes: Vec<Note>,
    /// What the clone takes over, changes and leaves.
    pub carried: Vec<Carried>,
}

/// Why a text is not a saved plan.
#[derive(Debug, Error)]
pub enum NotAPlan {
    #[error("it has no format")]
    NoFormat,
    #[error("its format is {found}, this version reads {FORMAT}")]
    OtherFormat { found: u64 },
    #[error("{0}")]
    Unreadable(#[from] serde_json::Error),
}

impl Plan {
    /// Reads the saved form.
    pub fn read(text: &str) -> Result<Self, NotAPlan> {
        let format = serde_json::from_str::<serde_json::Value>(text)
            .ok()
            .and_then(|value| value.get("format")?.as_u64());
        match format {
            Some(found) if found == u64::from(FORMAT) => Ok(serde_json::from_str(text)?),
            Some(found) => Err(NotAPlan::OtherFormat { found }),
            None => Err(NotAPlan::NoFormat),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The same without user data and without what others wrote into their tags, for logs and screens: both
    /// may hold passwords. Only a saved plan carries them, because `apply` compares them.
    pub fn without_secrets(&self) -> Self {
        let mut plan = self.clone();
        let wanted = match &mut plan.intent {
            Intent::Deploy { release } => Some(release),
            _ => None,
        };
        let built = plan.steps.iter_mut().filter_map(|step| match step {
            Step::BuildTemplateVersion { release, .. } => Some(release),
            _ => None,
        });
        for release in wanted.into_iter().chain(built) {
            if let Source::Build {
                user_data: Some(text),
                ..
            } = &mut release.source
            {
                *text = format!("(hidden: {} bytes)", text.len());
            }
        }
        let own = match &plan.intent {
            Intent::Deploy { release } => release.tags.clone(),
            _ => Tags::new(),
        };
        for hook in &mut plan.policy.hooks {
            *hook = hook.without_secrets();
        }
        for step in &mut plan.steps {
            if let Step::Hook { hook } = step {
                *hook = hook.without_secrets();
            }
            if let Step::CreateTargetGroup { tags: carried, .. } = step {
                for (_, value) in carried
                    .iter_mut()
                    .filter(|(key, _)| !key.starts_with(tags::PREFIX) && !own.contains_key(*key))
                {
                    *value = "(hidden)".into();
                }
            }
        }
        plan
    }

    pub fn moves_production(&self) -> bool {
        self.steps.iter().any(Step::moves_production)
    }
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "want", rename_all = "kebab-case")]
pub enum Intent {
    Deploy {
        release: Release,
    },
    Promote,
    Rollback {
        /// Another than the previous generation.
        to: Option<Generation>,
        /// What happens to the generation that is left; `None`: as configured.
        failed: Option<AfterRollback>,
    },
    /// Promote at once, whatever stages are left.
    PromoteFully,
    /// Give the candidate this share of production, in per cent, and leave it there.
    Shift {
        percent: u32,
    },
    /// Leave production as it is shared now until a person goes on.
    Pause,
    /// Go on with a promotion that is under way.
    Resume,
    /// Take the weight back step by step, then roll back.
    Retreat,
    /// End a test: production goes to this variant, and the others go.
    Winner {
        name: String,
    },
    /// Remove the candidate.
    Abort,
    /// Remove the previous generation, or the one named.
    Retire {
        generation: Option<Generation>,
    },
    /// Pay what is owed.
    Repair,
}

impl Intent {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Deploy { .. } => "deploy",
            Self::Promote => "promote",
            Self::PromoteFully => "promote --full",
            Self::Shift { .. } => "shift",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Retreat => "rollback --gradually",
            Self::Winner { .. } => "winner",
            Self::Rollback { .. } => "rollback",
            Self::Abort => "abort",
            Self::Retire { .. } => "retire",
            Self::Repair => "repair",
        }
    }

    /// The command that wants it, as it is typed. What a release is made of, a deploy alone knows.
    pub fn command(&self) -> String {
        let mut command = format!("swingbridge {}", self.word());
        match self {
            Self::Deploy { release } => command.push_str(&format!(" --release {}", release.name)),
            Self::Shift { percent } => command.push_str(&format!(" {percent}")),
            Self::Winner { name } => command.push_str(&format!(" {name}")),
            Self::Rollback { to, failed } => {
                if let Some(to) = to {
                    command.push_str(&format!(" --to {to}"));
                }
                match failed {
                    Some(AfterRollback::Keep) => command.push_str(" --keep"),
                    Some(AfterRollback::Remove) => command.push_str(" --remove"),
                    None => {}
                }
            }
            Self::Retire {
                generation: Some(generation),
            } => command.push_str(&format!(" --generation {generation}")),
            Self::Promote
            | Self::PromoteFully
            | Self::Pause
            | Self::Resume
            | Self::Retreat
            | Self::Abort
            | Self::Retire { generation: None }
            | Self::Repair => {}
        }
        command
    }

    /// The command that plans it anew; for what has no plan of its own to be looked at, the command itself.
    pub fn plan_command(&self) -> String {
        match self {
            Self::Pause | Self::Resume => self.command(),
            Self::Deploy { .. } => format!("{} …", self.planned()),
            _ => self.planned(),
        }
    }

    fn planned(&self) -> String {
        self.command().replacen("swingbridge", "swingbridge plan", 1)
    }
}

/// What a plan was decided on. Never a timestamp, never one health flap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub BTreeMap<String, String>);

/// The fact that all others hang on.
pub const LIVE: &str = "live";

impl Fingerprint {
    /// The places of the rules it was decided on, from keys like `the blue door at :80 rule 10`.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.0
            .keys()
            .filter_map(|key| Some(key.split_once(" at ")?.1))
            .filter(|place| place.starts_with(':'))
    }

    /// The facts that are no longer as they were, or were not there.
    pub fn differing<'a>(&'a self, now: &'a Self) -> impl Iterator<Item = &'a str> {
        let changed = self.0.iter().filter(|(what, was)| now.0.get(*what) != Some(*was));
        let added = now.0.iter().filter(|(what, _)| !self.0.contains_key(*what));
        changed.chain(added).map(|(what, _)| what.as_str())
    }

    /// What has changed since, in sentences.
    pub fn changes_to(&self, now: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        if let (Some(was), Some(is)) = (self.0.get(LIVE), now.0.get(LIVE))
            && was != is
        {
            // Everything else was said of another generation.
            return vec![format!("live was {was}, now it is {is}")];
        }
        for (what, was) in &self.0 {
            match now.0.get(what) {
                None => changes.push(format!("{what} was {was}, now it is gone")),
                Some(is) if is != was => changes.push(format!("{what} was {was}, now it is {is}")),
                Some(_) => {}
            }
        }
        for (what, is) in &now.0 {
            if !self.0.contains_key(what) {
                changes.push(format!("{what} is there now: {is}"));
            }
        }
        changes
    }
}

/// Something a reviewer should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub severity: Severity,
    pub text: String,
}

impl Note {
    pub fn info(text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Info,
            text: text.into(),
        }
    }

    pub fn risk(text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Risk,
            text: text.into(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Risk,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "note",
            Self::Risk => "risk",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;

    #[test]
    fn user_data_is_in_no_part_of_a_plan_without_secrets() {
        let mut release = fixtures::release("42");
        release.source = Source::Build {
            image: None,
            user_data: Some("password=hunter2".into()),
        };
        let intent = Intent::Deploy { release };
        let plan = crate::plan::plan(&fixtures::initial(), &intent, &fixtures::policy()).expect("a plan");
        let text = |plan: &Plan| serde_json::to_string(plan).expect("a plan is JSON");
        assert!(text(&plan).contains("hunter2"), "apply needs it");
        assert!(!text(&plan.without_secrets()).contains("hunter2"));
    }

    #[test]
    fn when_another_generation_is_live_nothing_else_is_told() {
        let of = |facts: &[(&str, &str)]| {
            Fingerprint(
                facts
                    .iter()
                    .map(|(key, value)| ((*key).into(), (*value).into()))
                    .collect(),
            )
        };
        let was = of(&[("live", "generation 1"), ("Port of tg-1", "80")]);
        let is = of(&[("live", "generation 2"), ("Port of tg-2", "80")]);
        assert_eq!(
            was.changes_to(&is),
            ["live was generation 1, now it is generation 2"]
        );
        let is = of(&[("live", "generation 1"), ("Port of tg-1", "81")]);
        assert_eq!(was.changes_to(&is), ["Port of tg-1 was 80, now it is 81"]);
    }
}
