//! `[doors]` as it is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::Period;

/// Header rules that lead to one generation whatever production does.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Doors {
    /// What the two doors lead to.
    pub(in crate::config) scheme: Scheme,
    /// The request header that names a door.
    #[serde(default = "header")]
    #[schemars(length(min = 1, max = 40))]
    pub(in crate::config) header: String,
    /// The first colour: the header's value that leads to live, with `alternate` to every second generation.
    #[serde(default = "blue")]
    #[schemars(length(min = 1, max = 128))]
    pub(in crate::config) blue: String,
    /// The second colour: the header's value that leads to the candidate, or to the generations between.
    #[serde(default = "green")]
    #[schemars(length(min = 1, max = 128))]
    pub(in crate::config) green: String,
    /// The ports of the listeners that have doors. Without it: the lock's listener.
    #[schemars(length(min = 1), inner(range(min = 1)))]
    pub(in crate::config) listeners: Option<Vec<u16>>,
    /// The priority at which a blue door is created where there is none yet.
    #[serde(default = "blue_priority")]
    #[schemars(range(min = 1, max = 50000))]
    pub(in crate::config) blue_priority: u32,
    /// The priority at which a green door is created where there is none yet.
    #[serde(default = "green_priority")]
    #[schemars(range(min = 1, max = 50000))]
    pub(in crate::config) green_priority: u32,
    /// What a closed door answers. Without it: 404 with a short text; with scheme `alternate` 456, which tells clients to
    /// try the other colour.
    pub(in crate::config) closed: Option<Closed>,
    /// With scheme `alternate`: how long the colour of the generation that production has left stays open, so that work
    /// that was begun there finishes there. Without it: `10m`.
    pub(in crate::config) grace: Option<Period>,
    /// With scheme `alternate`: a path at which the load balancer itself tells clients which colour is live, for instance
    /// `{ path = "/.well-known/swingbridge", priority = 12 }`.
    pub(in crate::config) beacon: Option<Beacon>,
    /// Doors for some of the users, to the candidate while there is one, or to a variant; with any scheme, for instance
    /// `[{ name = "beta", priority = 13, header = "x-beta", values = ["yes"] }]`.
    #[serde(default)]
    pub(in crate::config) users: Vec<UserDoor>,
}

/// Where clients ask which colour is live.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Beacon {
    /// The path, for instance `/.well-known/swingbridge`.
    #[schemars(length(min = 1, max = 128))]
    pub(in crate::config) path: String,
    /// The priority of its rule, before every route.
    #[schemars(range(min = 1, max = 50000))]
    pub(in crate::config) priority: u32,
}

/// Some of the users, by a header or by where they come from.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct UserDoor {
    /// What they are called, for people.
    #[schemars(length(min = 1, max = 64))]
    pub(in crate::config) name: String,
    /// The priority of its rule, before every route.
    #[schemars(range(min = 1, max = 50000))]
    pub(in crate::config) priority: u32,
    /// A request header, with `values`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40))]
    pub(in crate::config) header: Option<String>,
    /// One of these, at most three, must be the header's value; `*` and `?` stand for any characters and for one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(min = 1, max = 128)))]
    pub(in crate::config) values: Vec<String>,
    /// At most three ranges of addresses that requests come from, for instance `["203.0.113.0/24"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(min = 1, max = 64)))]
    pub(in crate::config) source: Vec<String>,
    /// With strategy `ab`: the variant that they meet for as long as the test runs. With another strategy such a door stays
    /// closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32))]
    pub(in crate::config) variant: Option<String>,
}

fn header() -> String {
    "x-client-mode".into()
}

fn blue() -> String {
    "blue".into()
}

fn green() -> String {
    "green".into()
}

fn blue_priority() -> u32 {
    10
}

fn green_priority() -> u32 {
    11
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum Scheme {
    /// Blue leads to live, green to the candidate; green is closed while there is none.
    Role,
    /// Generations have the two colours by turns, for clients that pin the colour they talk to; see
    /// [clients.md](clients.md).
    Alternate,
    /// No doors.
    None,
}

/// What a closed door answers.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Closed {
    /// Any 2xx, 4xx or 5xx.
    #[schemars(range(min = 200, max = 599))]
    pub(in crate::config) status: u16,
    /// The media type of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::config) content_type: Option<ContentType>,
    /// The text that is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub(in crate::config) body: Option<String>,
}

impl Default for Closed {
    fn default() -> Self {
        Self {
            status: 404,
            content_type: Some(ContentType::Plain),
            body: Some("no candidate is deployed".into()),
        }
    }
}

impl Closed {
    pub(in crate::config) fn by_turns() -> Self {
        Self {
            status: 456,
            content_type: Some(ContentType::Plain),
            body: Some("this colour is closed: try the other one".into()),
        }
    }
}

/// The five that a load balancer can send.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub(in crate::config) enum ContentType {
    #[serde(rename = "text/plain")]
    Plain,
    #[serde(rename = "text/css")]
    Css,
    #[serde(rename = "text/html")]
    Html,
    #[serde(rename = "application/javascript")]
    Javascript,
    #[serde(rename = "application/json")]
    Json,
}

impl ContentType {
    pub(in crate::config) fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Css => "text/css",
            Self::Html => "text/html",
            Self::Javascript => "application/javascript",
            Self::Json => "application/json",
        }
    }
}
