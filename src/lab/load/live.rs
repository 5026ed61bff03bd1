//! What a load shows while it runs: totals, and the last second.

use std::collections::VecDeque;
use std::time::Duration;

use super::histogram::Histogram;
use super::ledger::{Entry, Failure, Ledger};

/// How often a new snapshot is made.
pub(super) const BEAT: Duration = Duration::from_millis(250);
/// The beats that make up "the last second".
const BEATS: usize = 4;

/// A load at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// After the load's begin.
    pub at: Duration,
    /// Requests that have ended.
    pub requests: u64,
    pub failed: u64,
    pub in_flight: usize,
    /// Requests that ended in the last second.
    pub rate: f64,
    /// Who answered in the last second, in the order of first answers; those who did not are left out.
    pub versions: Vec<(String, u64)>,
    /// Of the requests that ended in the last second, WebSockets and slow ones apart.
    pub p50: Duration,
    pub p99: Duration,
}

#[derive(Debug, Default)]
struct Beat {
    requests: u64,
    versions: Vec<u64>,
    took: Histogram,
}

/// The beats of the last second, and what came before them as sums.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    requests: u64,
    failed: u64,
    beats: VecDeque<Beat>,
    current: Beat,
}

impl Pulse {
    pub(super) fn note(&mut self, entry: &Entry) {
        self.requests += 1;
        self.failed += u64::from(entry.failure.is_some());
        if entry.failure == Some(Failure::NotBegun) {
            return;
        }
        self.current.requests += 1;
        if entry.tells_latency() {
            self.current.took.note(entry.took);
        }
        if let Some(number) = entry.version.map(usize::from) {
            if number >= self.current.versions.len() {
                self.current.versions.resize(number + 1, 0);
            }
            self.current.versions[number] += 1;
        }
    }

    /// Ends the current beat and tells what the last second was like.
    pub(super) fn beat(&mut self, at: Duration, in_flight: usize, ledger: &Ledger) -> Snapshot {
        self.beats.push_back(std::mem::take(&mut self.current));
        if self.beats.len() > BEATS {
            self.beats.pop_front();
        }
        let mut took = Histogram::default();
        let mut versions = vec![0; ledger.versions().len()];
        for beat in &self.beats {
            took.add(&beat.took);
            for (sum, count) in versions.iter_mut().zip(&beat.versions) {
                *sum += count;
            }
        }
        let ended: u64 = self.beats.iter().map(|beat| beat.requests).sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "requests of one second, and a handful of beats"
        )]
        let rate = ended as f64 / (BEAT.as_secs_f64() * self.beats.len() as f64);
        Snapshot {
            at,
            requests: self.requests,
            failed: self.failed,
            in_flight,
            rate,
            versions: ledger
                .versions()
                .iter()
                .cloned()
                .zip(versions)
                .filter(|(_, count)| *count > 0)
                .collect(),
            p50: took.percentile(50.0),
            p99: took.percentile(99.0),
        }
    }
}
