//! The built-in service that instances run when their user data brings none: it says who answered, and misbehaves as told.

mod answer;
mod body;
mod chance;
mod grpc;
pub mod knobs;
mod serve;
#[cfg(test)]
mod tests;
mod websocket;

pub use serve::{Outcome, serve};

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use chance::Chance;
use knobs::Knobs;

/// Who answers, as every answer says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    pub version: String,
    pub instance: String,
    /// The deployment's generation, or the Auto Scaling group when nothing is known of generations.
    pub generation: Option<String>,
}

/// What every connection of one running service shares.
#[derive(Clone, Debug)]
struct Service {
    knobs: Arc<Knobs>,
    chance: Arc<Chance>,
    identity: Arc<Identity>,
    began: Instant,
    /// Becomes true when the service is to end. Whoever holds a receiver is waited for.
    stopping: watch::Receiver<bool>,
}

/// Resolves when the service is to end, or is gone already.
async fn ending(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
