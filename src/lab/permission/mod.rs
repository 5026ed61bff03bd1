//! What a policy lets somebody do: an identity policy as IAM reads it, asked one question at a time.
//!
//! - [`document`]: a policy's JSON, read whole or refused; nothing in it is passed over.
//! - [`condition`]: the condition operators and keys that there are.
//! - [`pattern`]: `*` and `?`.

mod condition;
mod document;
mod pattern;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use document::{Policy, Unread};

/// The key that `lab up` prints. It is held to no policy: whoever brings a lab up can also put things right in it.
pub const FREE_KEY: &str = "lab";

/// Whether one action may be done to one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub action: String,
    /// An ARN, or `*` for an action that is done to nothing in particular.
    pub resource: String,
    /// What conditions can ask about, by key in small letters.
    keys: BTreeMap<String, Vec<String>>,
}

impl Question {
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            keys: BTreeMap::new(),
        }
    }

    /// Adds a value of a condition key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.keys
            .entry(key.to_ascii_lowercase())
            .or_default()
            .push(value.into());
        self
    }

    fn values(&self, key: &str) -> Option<&[String]> {
        self.keys.get(key).map(Vec::as_slice)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it, whatever others allow.
    Denied,
}
