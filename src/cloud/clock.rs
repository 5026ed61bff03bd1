//! What time it is: by this machine's clock, or by tokio's, which tests can stop.

use jiff::Timestamp;
use tokio::time::Instant;

/// The clock that marks, heartbeats and leases are written and read by.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// Goes on while a process, or a whole machine, sleeps.
    #[default]
    Wall,
    /// Shows `began` at `since`.
    Tokio { began: Timestamp, since: Instant },
}

impl Clock {
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Wall => Timestamp::now(),
            Self::Tokio { began, since } => began.saturating_add(since.elapsed()).unwrap_or(Timestamp::MAX),
        }
    }
}
