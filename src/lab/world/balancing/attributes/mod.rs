//! Attributes: settings by name, each with a default and the values it may have.

pub(super) mod of_balancer;
pub(super) mod of_group;
pub(super) mod of_listener;

use std::collections::BTreeMap;
use std::time::Duration;

use super::refusals::bad_configuration;
use crate::lab::refusal::Refused;

/// An attribute that there is.
#[derive(Debug)]
pub(super) struct Known {
    key: &'static str,
    default: &'static str,
    allowed: Allowed,
}

#[derive(Debug)]
enum Allowed {
    Flag,
    OneOf(&'static [&'static str]),
    Whole(u64, u64),
    /// 0 turns it off.
    ZeroOr(u64, u64),
    OffOr(u64, u64),
    Text,
}

const fn known(key: &'static str, default: &'static str, allowed: Allowed) -> Known {
    Known {
        key,
        default,
        allowed,
    }
}

impl Known {
    fn allows(&self, value: &str) -> bool {
        let within = |low: u64, high: u64| value.parse().is_ok_and(|number| (low..=high).contains(&number));
        match self.allowed {
            Allowed::Flag => matches!(value, "true" | "false"),
            Allowed::OneOf(values) => values.contains(&value),
            Allowed::Whole(low, high) => within(low, high),
            Allowed::ZeroOr(low, high) => value == "0" || within(low, high),
            Allowed::OffOr(low, high) => value == "off" || within(low, high),
            Allowed::Text => value.chars().count() <= 1024,
        }
    }
}

/// The attributes of one resource.
#[derive(Clone, Debug)]
pub struct Attributes {
    known: &'static [Known],
    /// Those that were ever written.
    written: BTreeMap<&'static str, String>,
}

impl Attributes {
    fn new(known: &'static [Known]) -> Self {
        Self {
            known,
            written: BTreeMap::new(),
        }
    }

    /// Every attribute with its value.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.known.iter().map(|known| (known.key, self.value_of(known)))
    }

    pub(super) fn value(&self, key: &str) -> &str {
        self.known
            .iter()
            .find(|known| known.key == key)
            .map_or("", |known| self.value_of(known))
    }

    pub(super) fn is_on(&self, key: &str) -> bool {
        matches!(self.value(key), "true" | "on")
    }

    pub(super) fn seconds(&self, key: &str) -> Duration {
        Duration::from_secs(self.number(key).unwrap_or(0))
    }

    /// Nothing when it is off.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.value(key).parse().ok()
    }

    /// These attributes with some of them written anew.
    fn with(&self, changes: &[(String, String)]) -> Result<Self, Refused> {
        let mut changed = self.clone();
        for (key, value) in changes {
            let known =
                self.known.iter().find(|known| known.key == key).ok_or_else(|| {
                    Refused::invalid(format!("The attribute key '{key}' is not recognized"))
                })?;
            if !known.allows(value) {
                return Err(bad_configuration(format!(
                    "'{value}' is not a valid value for the attribute '{key}'"
                )));
            }
            changed.written.insert(known.key, value.clone());
        }
        Ok(changed)
    }

    fn value_of<'a>(&'a self, known: &'a Known) -> &'a str {
        self.written.get(known.key).map_or(known.default, String::as_str)
    }
}
