//! What moves within one request and its response, and whether it still moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::backend::Backend;

/// Bytes of one exchange, counted where they pass.
#[derive(Debug)]
pub(super) struct Exchange {
    began: Instant,
    received: AtomicU64,
    sent: AtomicU64,
    /// When something moved last, in milliseconds since it began.
    moved: AtomicU64,
}

impl Exchange {
    pub(super) fn begin() -> Self {
        Self {
            began: Instant::now(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            moved: AtomicU64::new(0),
        }
    }

    /// Bytes came from the client.
    pub(super) fn receive(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
        self.note_movement();
    }

    /// Bytes went to the client.
    pub(super) fn send(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        self.note_movement();
    }

    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn note_movement(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(now, Ordering::Relaxed);
    }

    /// Ends when nothing has moved for so long.
    async fn standstill(&self, idle: Duration) {
        let mut moved = 0;
        loop {
            tokio::time::sleep_until(self.began + Duration::from_millis(moved) + idle).await;
            let latest = self.moved.load(Ordering::Relaxed);
            if latest == moved {
                return;
            }
            moved = latest;
        }
    }
}

/// Why an exchange with a target failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failed {
    #[error("the target did not accept the connection")]
    Unreachable,
    #[error("the target did not accept the connection in time")]
    ConnectTimeout,
    #[error("the target closed the connection or did not speak HTTP")]
    Broken,
    #[error("nothing was sent or received for the idle timeout")]
    Idle,
    #[error("the target's deregistration delay is over")]
    Cut,
}

impl Failed {
    /// What the client is told, if it was told nothing yet.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Unreachable | Self::Broken | Self::Cut => 502,
            Self::ConnectTimeout | Self::Idle => 504,
        }
    }
}

/// Ends when the exchange must: it stood still for too long, or its target's time is over.
pub(super) async fn fate(exchange: Arc<Exchange>, backend: Arc<Backend>, idle: Duration) -> Failed {
    tokio::select! {
        biased;
        () = backend.cut() => Failed::Cut,
        () = exchange.standstill(idle) => Failed::Idle,
    }
}
