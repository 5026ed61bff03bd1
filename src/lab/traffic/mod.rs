//! The load balancer's data plane on real sockets: told by routings what to do, giving back what it measured.

mod access_log;
mod answers;
mod backend;
mod certificate;
mod chance;
mod cookies;
mod counting;
mod door;
mod exchange;
mod following;
mod forwarded;
mod group;
mod line;
mod picture;
mod plane;
mod proxy;
mod receiving;
mod record;
mod redirect;
pub mod rules;
mod sending;
mod tally;
mod trusting;
mod tunnel;
mod visit;
mod wildcard;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use self::access_log::AccessLog;
use self::certificate::Identity;
pub use self::certificate::TlsError;
use self::chance::Chance;
use self::following::Follower;
use self::picture::Gallery;
use self::plane::Plane;
pub use self::tally::Count;
use super::world::routing::Routing;

/// What a data plane is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// When the world began: moments in routings count from here.
    pub began: Instant,
    /// Ports on this machine by listener port, for listeners that are not to have the usual one.
    pub ports: BTreeMap<u16, u16>,
    /// Where the access log goes, if anywhere.
    pub access_log: Option<PathBuf>,
    pub seed: u64,
}

/// A running data plane. Dropping it ends it.
#[derive(Debug)]
pub struct Traffic {
    plane: Arc<Plane>,
    identity: Arc<Identity>,
    follower: JoinHandle<()>,
}

impl Traffic {
    /// Starts listening as the routing says, on loopback only. When this returns, the listeners named so far are open.
    pub async fn start(
        mut routing: watch::Receiver<Arc<Routing>>,
        settings: Settings,
    ) -> Result<Self, TlsError> {
        let identity = Arc::new(Identity::make()?);
        let plane = Arc::new(Plane {
            gallery: Gallery::new(routing.clone()),
            chance: Chance::seeded(settings.seed),
            log: AccessLog::to(settings.access_log),
            addresses: watch::Sender::default(),
            connectors: trusting::connectors()?,
            began: settings.began,
            ended: watch::Sender::new(false),
        });
        routing.mark_unchanged();
        let mut follower = Follower {
            plane: Arc::clone(&plane),
            identity: Arc::clone(&identity),
            ports: settings.ports,
            doors: HashMap::new(),
            ends: Vec::new(),
            tasks: JoinSet::new(),
        };
        follower.see().await;
        let follower = tokio::spawn(follower.follow(routing));
        Ok(Self {
            plane,
            identity,
            follower,
        })
    }

    /// Where listeners are on this machine, by ARN, and every change of it.
    pub fn addresses(&self) -> watch::Receiver<BTreeMap<String, SocketAddr>> {
        self.plane.addresses.subscribe()
    }

    /// The certificate (PEM) that clients of TLS listeners must trust.
    pub fn authority(&self) -> &str {
        &self.identity.authority
    }

    /// What was measured since the last call.
    pub fn take_counts(&self) -> Vec<Count> {
        self.plane.gallery.take_counts()
    }

    /// How many lines the access log missed because they came too fast.
    pub fn log_lines_dropped(&self) -> u64 {
        self.plane.log.dropped()
    }

    /// Closes every listener and connection.
    pub async fn shut_down(mut self) {
        self.plane.ended.send_replace(true);
        self.follower.abort();
        // Being aborted is how it is to end.
        let _ = (&mut self.follower).await;
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.plane.ended.send_replace(true);
        self.follower.abort();
    }
}

#[cfg(test)]
mod tests;
