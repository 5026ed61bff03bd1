//! What the world asks of the outside, and what the outside is asked it with.

use std::net::SocketAddr;
use std::time::Duration;

use super::balancing::ProbeId;

/// Something only the outside can do. Its outcome comes back through a method of the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Start an instance. Answered by `World::instance_started` with the address it will listen on.
    Start(Start),
    /// End an instance: SIGTERM, and SIGKILL after `grace`. Answered by `World::instance_ended`.
    Stop { instance: String, grace: Duration },
    /// End an instance at once, as a failing host does. Answered by `World::instance_ended`.
    Kill { instance: String },
    /// Check a target's health once. Answered by `World::probed`.
    Probe(Probe),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    pub instance: String,
    pub image: String,
    pub instance_type: String,
    /// Decoded from the launch template's base64.
    pub user_data: String,
    /// The first port that the instance is expected to listen on (its target groups' port).
    pub port: u16,
    pub tags: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    pub id: ProbeId,
    pub instance: String,
    pub address: Option<SocketAddr>,
    pub tls: bool,
    pub path: String,
    pub grpc: bool,
    pub http2: bool,
    pub timeout: Duration,
}

/// What a target answered to a health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Status(u16),
    Grpc(u32),
    TimedOut,
    Refused,
}
