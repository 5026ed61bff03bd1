//! Our own share of an account's API allowance: calls wait here rather than be throttled there.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What one service lets an account call, as far as its documentation says.
#[derive(Debug)]
pub(super) struct Budget {
    every_call: Bucket,
    writes: Option<Bucket>,
}

impl Budget {
    /// AWS documents these three sizes per account and region; others share them with us, so a
    /// burst that fits can still be throttled, and is then retried by the SDK.
    pub(super) fn load_balancing() -> Self {
        Self {
            every_call: Bucket::new(40, 10),
            writes: Some(Bucket::new(20, 3)),
        }
    }

    /// Auto Scaling has one bucket for all actions and does not say how large it is.
    pub(super) fn auto_scaling() -> Self {
        Self {
            every_call: Bucket::new(40, 10),
            writes: None,
        }
    }

    pub(super) async fn spend(&self, writes: bool) {
        self.every_call.take().await;
        if let (true, Some(bucket)) = (writes, &self.writes) {
            bucket.take().await;
        }
    }
}

/// A token bucket on tokio's clock, which tests can stop: that is why it is not a crate's.
#[derive(Debug)]
struct Bucket {
    burst: f64,
    per_second: f64,
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    /// Below zero when calls already wait for tokens to come.
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn new(burst: u32, per_second: u32) -> Self {
        Self {
            burst: burst.into(),
            per_second: per_second.into(),
            level: Mutex::new(Level {
                tokens: burst.into(),
                at: Instant::now(),
            }),
        }
    }

    async fn take(&self) {
        let wait = self.reserve(Instant::now());
        if !wait.is_zero() {
            // Several pipelines that wait for the same account must not all wake at once.
            tokio::time::sleep(wait.mul_f64(1.0 + 0.2 * fastrand::f64())).await;
        }
    }

    /// Takes a token, if need be one that is still to come, and says how long that is.
    fn reserve(&self, now: Instant) -> Duration {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.saturating_duration_since(level.at).as_secs_f64();
        level.tokens = (level.tokens + since * self.per_second).min(self.burst) - 1.0;
        level.at = now;
        Duration::from_secs_f64((-level.tokens).max(0.0) / self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    async fn time(budget: &Budget, calls: usize, writes: bool) -> Duration {
        let start = Instant::now();
        join_all((0..calls).map(|_| budget.spend(writes))).await;
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_forty_reads_does_not_wait() {
        assert_eq!(time(&Budget::load_balancing(), 40, false).await, Duration::ZERO);
        assert_eq!(time(&Budget::auto_scaling(), 40, true).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn reads_beyond_the_burst_come_at_ten_a_second() {
        let took = time(&Budget::load_balancing(), 140, false).await;
        assert!(
            (Duration::from_secs(10)..Duration::from_secs(13)).contains(&took),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn writes_beyond_their_burst_come_at_three_a_second() {
        let budget = Budget::load_balancing();
        assert_eq!(time(&budget, 20, true).await, Duration::ZERO);
        let took = time(&budget, 9, true).await;
        assert!(
            (Duration::from_secs(3)..Duration::from_secs(4)).contains(&took),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_spent_comes_back_with_time_but_never_beyond_the_burst() {
        let budget = Budget::load_balancing();
        time(&budget, 40, false).await;
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(time(&budget, 40, false).await, Duration::ZERO);
        assert!(time(&budget, 1, false).await > Duration::ZERO);
    }
}
