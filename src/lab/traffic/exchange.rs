//! What moves within one request and its response, and whether it still moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::backend::Backend;

/// Bytes of one exchange, counted where they pass.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    received: AtomicU64,
    sent: AtomicU64,
}

impl Exchange {
    /// Bytes came from the client.
    pub(super) fn receive(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes went to the client.
    pub(super) fn send(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
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
    let standstill = async {
        let mut before = 0;
        loop {
            tokio::time::sleep(idle).await;
            let moved = exchange.received() + exchange.sent();
            if moved == before {
                return;
            }
            before = moved;
        }
    };
    tokio::select! {
        biased;
        () = backend.cut() => Failed::Cut,
        () = standstill => Failed::Idle,
    }
}
