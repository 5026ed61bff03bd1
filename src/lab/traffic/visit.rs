//! One client's connection to a listener, as its requests need to know it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use http::HeaderValue;

use super::plane::Plane;

#[derive(Debug)]
pub(super) struct Visit {
    pub(super) plane: Arc<Plane>,
    /// The listener's ARN.
    pub(super) listener: Arc<str>,
    pub(super) client: SocketAddr,
    /// The client's address as a header says it, made once.
    pub(super) client_header: HeaderValue,
    /// Cipher and protocol version.
    pub(super) tls: Option<(String, String)>,
    /// In progress.
    pub(super) requests: AtomicUsize,
    /// Finished.
    pub(super) served: AtomicU64,
}
