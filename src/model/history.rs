//! What has happened to an app, for people: never read to decide anything.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::Generation;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub at: Timestamp,
    pub generation: Option<Generation>,
    pub release: Option<String>,
    /// For instance `deploy` or `became live`.
    pub what: String,
    pub by: Option<String>,
    pub run: Option<String>,
    /// How the run ended, when it is known.
    pub ended: Option<String>,
}
