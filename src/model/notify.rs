//! Who wants to hear how an operation went, and what is sent to them, as data.

use std::fmt;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    pub on: Vec<Occasion>,
    pub to: Address,
    pub template: Template,
    /// How long it may take.
    pub timeout: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Url(String),
    /// The variable of the environment that holds it.
    Variable(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    Plain,
    /// Everything that there is to say, by name.
    Json,
    /// As Slack's incoming webhooks take it.
    Slack,
    /// A text with places.
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    Deployed,
    Promoted,
    RolledBack,
    Failed,
    Paused,
    Judged,
}

impl fmt::Display for Occasion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deployed => "deployed",
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled-back",
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::Judged => "judged",
        })
    }
}

/// What is sent, ready to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub to: Address,
    /// The media type of the body.
    pub kind: &'static str,
    pub body: String,
    pub timeout: Duration,
}
