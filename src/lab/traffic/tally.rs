//! What is counted on the way, under the names CloudWatch knows it by; one atomic addition each.

use std::array;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// A measure of one load balancer or one of its target groups, since the last time it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// The metric's name in `AWS/ApplicationELB`.
    pub name: &'static str,
    /// `app/<name>/<id>`.
    pub balancer: String,
    /// `targetgroup/<name>/<id>`; nothing for the load balancer's own.
    pub target_group: Option<String>,
    pub value: f64,
    /// How many times the value was measured.
    pub times: f64,
}

/// What is simply counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Requests,
    Target2xx,
    Target3xx,
    Target4xx,
    Target5xx,
    TargetConnectionErrors,
    UnhealthyRouting,
    Elb3xx,
    Elb4xx,
    Elb5xx,
    Elb500,
    Elb502,
    Elb503,
    Elb504,
    NewConnections,
    RejectedConnections,
    FixedResponses,
    Redirects,
}

const NAMES: [&str; 18] = [
    "RequestCount",
    "HTTPCode_Target_2XX_Count",
    "HTTPCode_Target_3XX_Count",
    "HTTPCode_Target_4XX_Count",
    "HTTPCode_Target_5XX_Count",
    "TargetConnectionErrorCount",
    "UnhealthyRoutingRequestCount",
    "HTTPCode_ELB_3XX_Count",
    "HTTPCode_ELB_4XX_Count",
    "HTTPCode_ELB_5XX_Count",
    "HTTPCode_ELB_500_Count",
    "HTTPCode_ELB_502_Count",
    "HTTPCode_ELB_503_Count",
    "HTTPCode_ELB_504_Count",
    "NewConnectionCount",
    "RejectedConnectionCount",
    "HTTP_Fixed_Response_Count",
    "HTTP_Redirect_Count",
];

/// The counters of a load balancer or of a target group.
#[derive(Debug)]
pub(super) struct Tally {
    counters: [AtomicU64; NAMES.len()],
    bytes: AtomicU64,
    connections: AtomicU64,
    times: Times,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            counters: array::from_fn(|_| AtomicU64::new(0)),
            bytes: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            times: Times::default(),
        }
    }
}

impl Tally {
    pub(super) fn add(&self, measure: Measure) {
        self.counters[measure as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A connection was opened.
    pub(super) fn open(&self) {
        self.add(Measure::NewConnections);
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// A connection is gone.
    pub(super) fn close(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// A target began to answer.
    pub(super) fn answered(&self, status: u16, took: Duration) {
        match status {
            200..300 => self.add(Measure::Target2xx),
            300..400 => self.add(Measure::Target3xx),
            400..500 => self.add(Measure::Target4xx),
            500..600 => self.add(Measure::Target5xx),
            _ => {}
        }
        self.times.add(took);
    }

    /// The load balancer answered by itself.
    pub(super) fn answered_itself(&self, status: u16) {
        match status {
            300..400 => self.add(Measure::Elb3xx),
            400..500 => self.add(Measure::Elb4xx),
            500..600 => self.add(Measure::Elb5xx),
            _ => {}
        }
        match status {
            500 => self.add(Measure::Elb500),
            502 => self.add(Measure::Elb502),
            503 => self.add(Measure::Elb503),
            504 => self.add(Measure::Elb504),
            _ => {}
        }
    }

    /// Gives what was counted since the last time to `note`: name, value, how many times. Says how many requests there were.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of a second stay far below 2^53"
    )]
    pub(super) fn take(&self, mut note: impl FnMut(&'static str, f64, f64)) -> u64 {
        let mut requests = 0;
        for (place, (counter, name)) in self.counters.iter().zip(NAMES).enumerate() {
            let count = counter.swap(0, Ordering::Relaxed);
            if count > 0 {
                note(name, 1.0, count as f64);
            }
            if place == Measure::Requests as usize {
                requests = count;
            }
        }
        let bytes = self.bytes.swap(0, Ordering::Relaxed);
        if bytes > 0 {
            note("ProcessedBytes", bytes as f64, 1.0);
        }
        let connections = self.connections.load(Ordering::Relaxed);
        if connections > 0 {
            note("ActiveConnectionCount", connections as f64, 1.0);
        }
        self.times
            .take(|seconds, times| note("TargetResponseTime", seconds, times));
        requests
    }
}

/// Every power of two of microseconds is cut into this many steps: a time is known to about 3 %.
const STEPS_BITS: u32 = 4;
const STEPS: usize = 1 << STEPS_BITS;
/// Enough for more than an hour.
const BUCKETS: usize = STEPS * 30;

/// How long targets took, as a histogram.
#[derive(Debug)]
struct Times([AtomicU32; BUCKETS]);

impl Default for Times {
    fn default() -> Self {
        Self(array::from_fn(|_| AtomicU32::new(0)))
    }
}

impl Times {
    fn add(&self, took: Duration) {
        let microseconds = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        self.0[bucket(microseconds)].fetch_add(1, Ordering::Relaxed);
    }

    fn take(&self, mut note: impl FnMut(f64, f64)) {
        for (place, bucket) in self.0.iter().enumerate() {
            // Most are empty: reading is cheaper than writing.
            if bucket.load(Ordering::Relaxed) > 0 {
                note(middle(place), f64::from(bucket.swap(0, Ordering::Relaxed)));
            }
        }
    }
}

/// Where a time belongs: below 16 µs exactly, then by its four highest bits after the first.
fn bucket(microseconds: u32) -> usize {
    let Some(power) = microseconds.checked_ilog2().filter(|power| *power >= STEPS_BITS) else {
        return microseconds as usize;
    };
    let step = (microseconds >> (power - STEPS_BITS)) as usize - STEPS;
    ((power - STEPS_BITS + 1) as usize) * STEPS + step
}

/// The middle of a bucket, in seconds.
fn middle(bucket: usize) -> f64 {
    let (power, step) = (bucket / STEPS, bucket % STEPS);
    #[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
    let microseconds = match power {
        0 => step as f64,
        _ => ((STEPS + step) as f64 + 0.5) * (1_u64 << (power - 1)) as f64,
    };
    microseconds / 1e6
}

#[cfg(test)]
mod tests;
