//! The lock: a listener rule at a reserved priority that only one operation can create.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::estate::Estate;
use super::ids::Arn;
use super::routing::Priority;
use super::rule_tag::RuleTag;
use super::tags::{self, Tags};

/// Where the lock rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockPlace {
    pub port: u16,
    pub priority: u32,
}

impl fmt::Display for LockPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{} rule {}", self.port, self.priority)
    }
}

/// Who holds the lock, as its tags say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub owner: String,
    pub host: String,
    /// Boot, process namespace, pid and its start: enough to know on the same host that it is dead.
    pub process: String,
    pub command: String,
    pub run: String,
    /// The pipeline's page, when there is one.
    pub url: Option<String>,
    pub since: Timestamp,
    pub beat: Timestamp,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub lease: Duration,
}

impl Holder {
    pub fn to_tags(&self, app: &str) -> Tags {
        let mut all = RuleTag::Lock.tags(app);
        all.extend([
            (tags::LOCK_OWNER.to_owned(), tags::value(&self.owner)),
            (tags::LOCK_HOST.to_owned(), tags::value(&self.host)),
            (tags::LOCK_PROCESS.to_owned(), tags::value(&self.process)),
            (tags::LOCK_COMMAND.to_owned(), tags::value(&self.command)),
            (tags::LOCK_RUN.to_owned(), tags::value(&self.run)),
            (tags::LOCK_SINCE.to_owned(), self.since.to_string()),
            (tags::LOCK_BEAT.to_owned(), self.beat.to_string()),
            (tags::LOCK_LEASE.to_owned(), self.lease.as_secs().to_string()),
        ]);
        if let Some(url) = &self.url {
            all.insert(tags::LOCK_URL.to_owned(), tags::value(url));
        }
        all
    }

    fn from_tags(all: &Tags) -> Option<Self> {
        let text = |key: &str| all.get(key).cloned();
        Some(Self {
            owner: text(tags::LOCK_OWNER)?,
            host: text(tags::LOCK_HOST)?,
            process: text(tags::LOCK_PROCESS)?,
            command: text(tags::LOCK_COMMAND)?,
            run: text(tags::LOCK_RUN)?,
            url: text(tags::LOCK_URL),
            since: text(tags::LOCK_SINCE)?.parse().ok()?,
            beat: text(tags::LOCK_BEAT)?.parse().ok()?,
            lease: Duration::from_secs(text(tags::LOCK_LEASE)?.parse().ok()?),
        })
    }

    /// How long ago the holder last said that it is alive.
    pub fn silent_for(&self, now: Timestamp) -> Duration {
        Duration::try_from(now.duration_since(self.beat)).unwrap_or_default()
    }

    pub fn expired(&self, now: Timestamp) -> bool {
        self.silent_for(now) > self.lease
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} on {} (`{}`, since {})",
            self.owner, self.host, self.command, self.since
        )?;
        match &self.url {
            Some(url) => write!(f, ", {url}"),
            None => Ok(()),
        }
    }
}

/// What stands at the lock's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockState {
    Free,
    Held {
        rule: Arn,
        holder: Holder,
    },
    /// A rule that is not ours occupies the reserved priority.
    Foreign {
        rule: Arn,
        what: String,
    },
    /// The listener does not exist.
    NoListener,
}

/// Reads the lock from an observed estate.
pub fn state(estate: &Estate, place: LockPlace) -> LockState {
    let Some(listener) = estate.listener(place.port) else {
        return LockState::NoListener;
    };
    let at = Priority::Numbered(place.priority);
    let Some(rule) = listener.rules.iter().find(|rule| rule.priority == at) else {
        return LockState::Free;
    };
    let ours = RuleTag::by(&estate.app, rule) == Some(RuleTag::Lock);
    match Holder::from_tags(&rule.tags) {
        Some(holder) if ours => LockState::Held {
            rule: rule.arn.clone(),
            holder,
        },
        _ => LockState::Foreign {
            rule: rule.arn.clone(),
            what: rule
                .conditions
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" and "),
        },
    }
}
