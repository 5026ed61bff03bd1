//! An open-loop load generator with a ledger of every request: what "zero downtime" is measured by.
//!
//! - `schedule`: when each request is due and what it is, from the seed alone.
//! - `running`: begins what is due, never waiting for an answer, and hands out the ledger at the end.
//! - `origin`, `pool`, `conversation`: connections, HTTP requests on them, and WebSockets.
//! - `ledger`, `histogram`, `live`: what is kept of a request, and what is shown while it runs.
//! - `report`: the numbers of a ledger, as text, JSON or one HTML page.

mod conversation;
mod histogram;
mod ledger;
mod live;
mod origin;
mod pool;
mod recorder;
mod report;
mod running;
mod schedule;
#[cfg(test)]
mod tests;

use std::time::Duration;

use http::{HeaderMap, StatusCode, Uri};

pub use histogram::Histogram;
pub use ledger::{Entry, Failure, Kind, Ledger, Mark};
pub use live::Snapshot;
pub use report::{Example, FailureGroup, KindRow, Latency, Phase, PhaseShare, Report, Second, VersionRow};
pub use running::{Marker, Running, run, start};

/// What is to be asked of whom, how often, and for how long.
#[derive(Clone, Debug)]
pub struct Load {
    /// The URL of the plain requests; slow ones and WebSockets go to `/slow` and `/ws` of the same origin.
    pub target: Uri,
    /// Requests begun each second, of all kinds together.
    pub rate: f64,
    pub spacing: Spacing,
    /// How long requests are begun; `None` is until stopped.
    pub duration: Option<Duration>,
    /// The most requests in flight at once. One that is due beyond it is not begun, and is a failure.
    pub connections: usize,
    /// Sent with every request.
    pub headers: HeaderMap,
    /// The share (0 to 1) of plain, slow and door requests that may use a connection again.
    pub keep_alive: f64,
    pub slow: Slow,
    pub sockets: Sockets,
    pub doors: Vec<Door>,
    /// How long a request may take to be answered (a slow one: beyond its own time).
    pub patience: Duration,
    /// Certificates (PEM) that an `https` target may be signed by.
    pub authorities: Option<Vec<u8>>,
    /// HTTP/2 for everything but WebSockets: by ALPN over TLS, with prior knowledge in clear text.
    pub http2: bool,
    pub seed: u64,
}

impl Load {
    /// A hundred plain requests a second until stopped.
    pub fn on(target: Uri) -> Self {
        Self {
            target,
            rate: 100.0,
            spacing: Spacing::Poisson,
            duration: None,
            connections: 500,
            headers: HeaderMap::new(),
            keep_alive: 1.0,
            slow: Slow {
                share: 0.0,
                takes: Duration::from_secs(2),
            },
            sockets: Sockets {
                share: 0.0,
                held: Duration::from_secs(5),
                every: Duration::from_millis(500),
            },
            doors: Vec::new(),
            patience: Duration::from_secs(30),
            authorities: None,
            http2: false,
            seed: 1,
        }
    }
}

/// How the begins of requests lie in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// As independent users come: at random, with the rate as the mean.
    Poisson,
    Even,
}

/// Requests for `/slow?ms=…`, which are what a drain has to wait for.
#[derive(Clone, Copy, Debug)]
pub struct Slow {
    pub share: f64,
    pub takes: Duration,
}

/// WebSockets at `/ws`: the server's first message names its version, everything sent comes back as it was.
#[derive(Clone, Copy, Debug)]
pub struct Sockets {
    pub share: f64,
    pub held: Duration,
    /// The pause between two messages.
    pub every: Duration,
}

/// Plain requests with headers of their own, such as the header that opens a preview.
#[derive(Clone, Debug)]
pub struct Door {
    pub name: String,
    pub headers: HeaderMap,
    pub share: f64,
    /// Statuses from 400 up that are no failure here, such as the 404 of a door that is still closed.
    pub expects: Vec<StatusCode>,
}

/// Why a load could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("`{0}` is not a URL that load can be put on: it needs http:// or https://, and a host")]
    Target(Uri),
    #[error("the rate must be a number of requests a second above 0, not {0}")]
    Rate(f64),
    #[error("at least one connection is needed")]
    Connections,
    #[error("{of} has the share {share}: a share lies between 0 and 1, and all together must not exceed 1")]
    Share { of: String, share: f64 },
    #[error("at most {} doors fit a ledger", ledger::MOST_DOORS)]
    Doors,
    #[error("an https target needs the certificate (PEM) of the authority that signed it")]
    NoAuthority,
    #[error("the authority's certificate cannot be used: {0}")]
    Authority(String),
}

impl Load {
    fn check(&self) -> Result<(), LoadError> {
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return Err(LoadError::Rate(self.rate));
        }
        if self.connections == 0 {
            return Err(LoadError::Connections);
        }
        if self.doors.len() > ledger::MOST_DOORS {
            return Err(LoadError::Doors);
        }
        let of_kinds = [
            ("the slow part", self.slow.share),
            ("the WebSocket part", self.sockets.share),
        ];
        let of_doors = self.doors.iter().map(|door| (door.name.as_str(), door.share));
        let mut together = 0.0;
        for (of, share) in of_kinds.into_iter().chain(of_doors) {
            together += share;
            // Shares written as decimals add up to a little more than one.
            if !(0.0..=1.0).contains(&share) || together > 1.000_001 {
                return Err(LoadError::Share {
                    of: of.to_owned(),
                    share,
                });
            }
        }
        if !(0.0..=1.0).contains(&self.keep_alive) {
            return Err(LoadError::Share {
                of: "keep-alive".to_owned(),
                share: self.keep_alive,
            });
        }
        Ok(())
    }
}
