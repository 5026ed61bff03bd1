//! One target as the data plane keeps it from picture to picture: its connections, its requests in flight, its end.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use hyper::client::conn::http2;
use tokio::sync::Notify;

use super::line::Line;
use super::sending::RequestBody;

/// More connections than this are not kept for later.
const IDLE_LINES: usize = 512;
/// A connection unused for longer is closed: it must not outlive what a usual server keeps.
const IDLE_TIME: Duration = Duration::from_secs(60);

/// The state of a target in a target group.
#[derive(Debug)]
pub(super) struct Backend {
    /// Instance and port, as the stickiness cookie remembers it.
    pub(super) name: String,
    pub(super) address: SocketAddr,
    in_flight: AtomicUsize,
    lines: Mutex<Vec<(Line, Instant)>>,
    /// The one HTTP/2 connection; held while it is being made, so that only one is.
    pub(super) streams: tokio::sync::Mutex<Option<http2::SendRequest<RequestBody>>>,
    /// No new requests: connections are not kept.
    leaving: AtomicBool,
    cut: AtomicBool,
    cutting: Notify,
}

impl Backend {
    pub(super) fn new(name: String, address: SocketAddr) -> Self {
        Self {
            name,
            address,
            in_flight: AtomicUsize::new(0),
            lines: Mutex::default(),
            streams: tokio::sync::Mutex::default(),
            leaving: AtomicBool::new(false),
            cut: AtomicBool::new(false),
            cutting: Notify::new(),
        }
    }

    pub(super) fn outstanding(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// A kept connection that is still good as far as anybody can know.
    pub(super) fn take_line(&self) -> Option<Line> {
        loop {
            let (mut line, _) = self.lines().pop()?;
            if line.is_usable(&mut Context::from_waker(Waker::noop())) {
                return Some(line);
            }
        }
    }

    /// Keeps a connection for the next request.
    pub(super) fn keep_line(&self, line: Line) {
        let mut lines = self.lines();
        if lines.len() < IDLE_LINES && !self.leaving.load(Ordering::Relaxed) {
            lines.push((line, Instant::now()));
        }
    }

    /// Closes the connections nobody used for a while.
    pub(super) fn sweep(&self) {
        let stale: Vec<_> = {
            let mut lines = self.lines();
            // The most recently used are last.
            let fresh = lines.partition_point(|(_, since)| since.elapsed() > IDLE_TIME);
            lines.drain(..fresh).collect()
        };
        drop(stale);
    }

    /// Takes part again, or for the first time.
    pub(super) fn stay(&self) {
        self.leaving.store(false, Ordering::Relaxed);
        self.cut.store(false, Ordering::Relaxed);
    }

    /// Gets no new requests; those in flight may finish.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
        let idle = std::mem::take(&mut *self.lines());
        drop(idle);
        // Whoever is just opening it has a request for it.
        if let Ok(mut streams) = self.streams.try_lock() {
            *streams = None;
        }
    }

    /// Ends the requests still in flight, unless the target was taken in again.
    pub(super) fn end(&self) {
        if self.leaving.load(Ordering::Relaxed) {
            self.cut.store(true, Ordering::Release);
            self.cutting.notify_waiters();
        }
    }

    /// Ends when requests in flight must.
    pub(super) async fn cut(&self) {
        let notified = self.cutting.notified();
        if !self.cut.load(Ordering::Acquire) {
            notified.await;
        }
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<(Line, Instant)>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight at a target, for as long as it lives.
#[derive(Debug)]
pub(super) struct InFlight(pub(super) Arc<Backend>);

impl InFlight {
    pub(super) fn at(backend: &Arc<Backend>) -> Self {
        backend.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(backend))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
