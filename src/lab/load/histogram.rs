//! A histogram of durations in logarithmic buckets: every percentile to within 0.8 %, in a few kilobytes.
//!
//! The `hdrhistogram` crate does the same with an encoding, an iterator zoo and a dependency on parsers;
//! what is needed here is one index function.

use std::time::Duration;

/// Each doubling of the value is cut into this many buckets, so a bucket is at most 1/128 wide.
const PER_DOUBLING: u64 = 128;
const PER_DOUBLING_BITS: u32 = PER_DOUBLING.trailing_zeros();

/// Counts of durations, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    longest: u64,
}

impl Histogram {
    pub fn note(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = bucket_of(micros);
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.count += 1;
        self.longest = self.longest.max(micros);
    }

    pub fn add(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.count += other.count;
        self.longest = self.longest.max(other.longest);
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn longest(&self) -> Duration {
        Duration::from_micros(self.longest)
    }

    /// The duration that this many of a hundred did not exceed, rounded up to the end of its bucket; zero when empty.
    pub fn percentile(&self, of_hundred: f64) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        let wanted = self.count as f64 * of_hundred.clamp(0.0, 100.0) / 100.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the count"
        )]
        let rank = (wanted.ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_micros(last_of(bucket).min(self.longest));
            }
        }
        self.longest()
    }
}

fn bucket_of(micros: u64) -> usize {
    let doublings = (u64::BITS - micros.leading_zeros()).saturating_sub(PER_DOUBLING_BITS + 1);
    let bucket = u64::from(doublings) * PER_DOUBLING + (micros >> doublings);
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

fn last_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let doublings = (bucket / PER_DOUBLING).saturating_sub(1);
    let within = u128::from(bucket - doublings * PER_DOUBLING);
    u64::try_from(((within + 1) << doublings) - 1).unwrap_or(u64::MAX)
}
