//! The numbers of a ledger, for people (text, one HTML page) and for programs (JSON).

mod chart;
mod figures;
mod notes;
mod page;
mod tally;
#[cfg(test)]
mod tests;
mod text;

use jiff::Timestamp;
use serde::Serialize;

use super::ledger::{Failure, Ledger};

/// Everything that a report says. All times are seconds after the load's begin, unless they say otherwise.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub target: String,
    pub began: Timestamp,
    pub seconds: f64,
    pub requests: u64,
    pub failed: u64,
    /// Sent again on a new connection, since the old one was closed before anything was sent.
    pub retried: u64,
    /// Not begun, since as many as allowed were in flight already: part of the failed ones.
    pub not_begun: u64,
    /// How late 99 of 100 requests were begun at most: what the generator itself adds to the latencies.
    pub late_p99_ms: f64,
    pub failures: Vec<FailureGroup>,
    pub kinds: Vec<KindRow>,
    /// In the order of their first answers.
    pub versions: Vec<VersionRow>,
    /// Of plain requests and doors, measured from when each was due.
    pub latency: Latency,
    pub phases: Vec<Phase>,
    /// Requests that an older version answered after a newer one had been the only one. A rollback explains them.
    pub went_back: u64,
    pub timeline: Vec<Second>,
}

/// Failures of one sort, with the first few of them.
#[derive(Clone, Debug, Serialize)]
pub struct FailureGroup {
    pub failure: Failure,
    pub count: u64,
    pub examples: Vec<Example>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Example {
    pub at: f64,
    pub kind: String,
    pub version: Option<String>,
    pub status: Option<u16>,
    pub took_ms: f64,
}

/// Requests of one sort.
#[derive(Clone, Debug, Serialize)]
pub struct KindRow {
    pub name: String,
    pub requests: u64,
    pub failed: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct VersionRow {
    pub name: String,
    pub requests: u64,
    /// Of all requests that a version answered.
    pub share: f64,
    /// Those of its requests that came through a door, such as a preview header.
    pub through_doors: u64,
    pub first: f64,
    pub last: f64,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Latency {
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// From one mark to the next.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    pub name: String,
    pub from: f64,
    pub to: f64,
    pub requests: u64,
    pub failed: u64,
    pub latency: Latency,
    /// Who answered, without what came through doors.
    pub versions: Vec<PhaseShare>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PhaseShare {
    pub name: String,
    pub share: f64,
}

/// One second of the timeline, by when requests were due.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Second {
    /// Answers by version, in the order of [`Report::versions`], without what came through doors.
    pub versions: Vec<u64>,
    pub requests: u64,
    pub failed: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Report {
    pub fn of(ledger: &Ledger) -> Self {
        tally::tally(ledger)
    }

    /// For a terminal of 100 columns.
    pub fn text(&self, colour: bool) -> String {
        text::write(self, colour)
    }

    /// One page that needs nothing else.
    pub fn page(&self) -> String {
        page::write(self)
    }

    /// Pretty JSON.
    ///
    /// # Errors
    /// Never in practice: every part of a report has a form in JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}
