//! What all of the data plane shares.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::access_log::AccessLog;
use super::chance::Chance;
use super::picture::Gallery;
use crate::lab::world::time::Moment;

pub(super) struct Plane {
    pub(super) gallery: Gallery,
    pub(super) chance: Chance,
    pub(super) log: AccessLog,
    /// Where listeners are, by ARN.
    pub(super) addresses: watch::Sender<BTreeMap<String, SocketAddr>>,
    /// For targets that speak TLS: HTTP/1.1, and HTTP/2.
    pub(super) connectors: [TlsConnector; 2],
    pub(super) began: Instant,
    /// Whether everything has ended.
    pub(super) ended: watch::Sender<bool>,
}

impl std::fmt::Debug for Plane {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Plane")
            .field("addresses", &*self.addresses.borrow())
            .finish_non_exhaustive()
    }
}

impl Plane {
    /// The world's moment it is now.
    pub(super) fn now(&self) -> Moment {
        Moment::after_start(self.began.elapsed())
    }
}
