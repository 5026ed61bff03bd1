//! Hooks: what somebody wants to be done or asked at a place of a plan, as data.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address;
use super::step::span;

/// One configured hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    pub at: Place,
    pub call: Call,
    /// How long one attempt may take.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub timeout: Duration,
    /// How often it is tried again after it has failed.
    pub retries: u32,
    pub gate: Option<Gate>,
    /// At `after-promote`: its failure is the run's failure.
    pub required: bool,
}

/// Asked again and again, until it passes or expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub every: Duration,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub expires: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Call {
    /// A program and its arguments, as they are.
    Command {
        argv: Vec<String>,
        /// Variables that it gets besides the documented ones.
        env: Vec<String>,
    },
    /// A text for `sh -c`.
    Shell { script: String, env: Vec<String> },
    /// A JSON document, sent to an address.
    Webhook {
        url: String,
        /// The variable that holds the secret it is signed with.
        secret_env: Option<String>,
    },
}

/// Where in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    BeforeDeploy,
    Expand,
    BeforeTraffic,
    AfterPreview,
    BeforePromote,
    EachStep,
    AfterPromote,
    OnRollback,
    BeforeRetire,
    Contract,
    OnFailure,
}

impl Place {
    const NAMES: [(Self, &str); 11] = [
        (Self::BeforeDeploy, "before-deploy"),
        (Self::Expand, "expand"),
        (Self::BeforeTraffic, "before-traffic"),
        (Self::AfterPreview, "after-preview"),
        (Self::BeforePromote, "before-promote"),
        (Self::EachStep, "each-step"),
        (Self::AfterPromote, "after-promote"),
        (Self::OnRollback, "on-rollback"),
        (Self::BeforeRetire, "before-retire"),
        (Self::Contract, "contract"),
        (Self::OnFailure, "on-failure"),
    ];

    pub fn word(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(place, _)| *place == self)
            .map_or("", |(_, name)| name)
    }

    /// What is done there is only told: production has been decided on already.
    pub fn only_tells(self) -> bool {
        matches!(self, Self::OnRollback | Self::OnFailure)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Hook {
    /// Whether its failure stops the plan.
    pub fn stops(&self) -> bool {
        match self.at {
            Place::AfterPromote => self.required,
            at => !at.only_tells(),
        }
    }

    /// What is called, for people.
    pub fn subject(&self) -> String {
        match &self.call {
            Call::Command { argv, .. } => argv.join(" "),
            Call::Shell { script, .. } => script.trim().to_owned(),
            Call::Webhook { url, .. } => address::shown(url),
        }
    }

    /// What it does, for a person.
    pub fn title(&self) -> String {
        let subject = self.subject();
        let at = self.at;
        match (&self.gate, &self.call) {
            (Some(gate), _) => {
                format!(
                    "wait at {at} until {subject} passes, at most {}",
                    span(gate.expires)
                )
            }
            (None, Call::Webhook { .. }) => format!("call the {at} hook {subject}"),
            (None, _) => format!("run the {at} hook {subject}"),
        }
    }

    /// The variables of the environment that it needs.
    pub fn variables(&self) -> &[String] {
        match &self.call {
            Call::Command { env, .. } | Call::Shell { env, .. } => env,
            Call::Webhook { secret_env, .. } => secret_env.as_slice(),
        }
    }

    /// The same without what an address may let one in with.
    pub fn without_secrets(&self) -> Self {
        let mut hook = self.clone();
        if let Call::Webhook { url, .. } = &mut hook.call {
            *url = address::shown(url);
        }
        hook
    }
}
