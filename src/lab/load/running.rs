//! A load that runs: begins what is due at its time, whatever has become of the requests before.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, Uri, Version, header};
use http_body_util::Empty;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::conversation::Conversation;
use super::ledger::{Failure, Kind, Ledger};
use super::live::{BEAT, Snapshot};
use super::origin::Origin;
use super::pool::Pool;
use super::recorder::{Recorder, Seen};
use super::schedule::{Due, Schedule};
use super::{Load, LoadError};

/// The shortest pause between two looks at the schedule: what becomes due meanwhile is begun together.
const SHORTEST_PAUSE: Duration = Duration::from_micros(200);
/// The longest, so that an end is noticed soon.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// A load under way. Dropping it ends it.
#[derive(Debug)]
pub struct Running {
    work: Arc<Work>,
    schedule: JoinHandle<Duration>,
    live: watch::Receiver<Snapshot>,
    heart: JoinHandle<()>,
}

/// Sets marks in the ledger of a running load.
#[derive(Clone, Debug)]
pub struct Marker(Arc<Work>);

struct Work {
    load: Load,
    origin: Arc<Origin>,
    pool: Pool,
    recorder: Recorder,
    free: Arc<Semaphore>,
    over: watch::Sender<bool>,
    plain: Uri,
    slow: Uri,
    socket: Uri,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Work")
            .field("load", &self.load)
            .finish_non_exhaustive()
    }
}

/// Puts the load on its target until it is over or `stop` is, and waits for the last answer.
///
/// # Errors
/// When the load contradicts itself, or its target cannot be one.
pub async fn run(load: Load, stop: impl Future<Output = ()>) -> Result<Ledger, LoadError> {
    let running = start(load)?;
    tokio::select! {
        () = stop => running.stop(),
        () = running.ended() => {}
    }
    Ok(running.finish().await)
}

/// Begins to put the load on its target, in the tokio runtime that this is called in.
///
/// # Errors
/// When the load contradicts itself, or its target cannot be one.
pub fn start(load: Load) -> Result<Running, LoadError> {
    load.check()?;
    let origin = Arc::new(Origin::of(&load)?);
    let doors = load.doors.iter().map(|door| door.name.clone()).collect();
    let ledger = Ledger::new(load.target.to_string(), Timestamp::now(), doors);
    let work = Arc::new(Work {
        pool: Pool::to(origin.clone(), load.http2, load.connections),
        recorder: Recorder::new(Instant::now(), ledger),
        free: Arc::new(Semaphore::new(load.connections)),
        over: watch::Sender::new(false),
        plain: origin.target().clone(),
        slow: origin.at(&format!("/slow?ms={}", load.slow.takes.as_millis())),
        socket: as_socket(origin.at("/ws")),
        origin,
        load,
    });
    // Tokio's timer counts whole milliseconds, which is as long as an answer takes here; a thread can wait shorter.
    let schedule = tokio::task::spawn_blocking({
        let (work, runtime) = (work.clone(), Handle::current());
        move || begin_all(&work, &runtime)
    });
    let (beat, live) = watch::channel(Snapshot::default());
    let heart = tokio::spawn({
        let work = work.clone();
        async move {
            let mut beats = tokio::time::interval(BEAT);
            beats.tick().await;
            loop {
                beats.tick().await;
                beat.send_replace(work.beat());
            }
        }
    });
    Ok(Running {
        work,
        schedule,
        live,
        heart,
    })
}

impl Running {
    /// What it is like now, four times a second.
    pub fn live(&self) -> watch::Receiver<Snapshot> {
        self.live.clone()
    }

    pub fn mark(&self, text: &str) {
        self.work.recorder.mark(text);
    }

    /// For marks from elsewhere.
    pub fn marker(&self) -> Marker {
        Marker(self.work.clone())
    }

    /// No further request is begun.
    pub fn stop(&self) {
        self.work.over.send_replace(true);
    }

    /// Until the load's duration is over, or it was stopped.
    pub async fn ended(&self) {
        let mut over = self.work.over.subscribe();
        // The sender lives in `work`, so there is always an end to come.
        drop(over.wait_for(|over| *over).await);
    }

    /// Waits until every request has ended, and hands out what became of them.
    ///
    /// # Panics
    /// When the schedule did.
    pub async fn finish(mut self) -> Ledger {
        self.ended().await;
        let lasted = match (&mut self.schedule).await {
            Ok(lasted) => lasted,
            Err(died) if died.is_panic() => std::panic::resume_unwind(died.into_panic()),
            Err(_) => self.work.recorder.now(),
        };
        let all = u32::try_from(self.work.load.connections).unwrap_or(u32::MAX);
        // Each request holds one until it is in the ledger.
        drop(self.work.free.acquire_many(all).await);
        self.work.recorder.close(lasted)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        self.heart.abort();
    }
}

impl Marker {
    pub fn mark(&self, text: &str) {
        self.0.recorder.mark(text);
    }
}

/// Begins every request when it is due. Gives back how long that went on.
fn begin_all(work: &Arc<Work>, runtime: &Handle) -> Duration {
    for due in Schedule::of(&work.load) {
        if !work.wait_until(due.at) {
            return work.recorder.now();
        }
        let begun = Instant::now();
        match work.free.clone().try_acquire_owned() {
            Ok(place) => {
                let work = work.clone();
                runtime.spawn(async move {
                    work.ask(due, begun).await;
                    drop(place);
                });
            }
            Err(_) => work
                .recorder
                .note(due, begun, &Seen::default(), Some(Failure::NotBegun)),
        }
    }
    let end = work.load.duration.unwrap_or_default();
    let whole = work.wait_until(end);
    work.over.send_replace(true);
    if whole { end } else { work.recorder.now() }
}

impl Work {
    /// Blocks until this long after the begin; false when the load is over before that.
    fn wait_until(&self, at: Duration) -> bool {
        loop {
            if *self.over.borrow() {
                return false;
            }
            match at.checked_sub(self.recorder.now()) {
                Some(wait) if !wait.is_zero() => sleep(wait.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)),
                _ => return true,
            }
        }
    }

    async fn ask(&self, due: Due, begun: Instant) {
        let mut seen = Seen::default();
        let answered = match due.kind {
            Kind::Socket => self.converse(&mut seen).await,
            Kind::Slow => self.fetch(due, &self.slow, None, &mut seen).await,
            Kind::Plain => self.fetch(due, &self.plain, None, &mut seen).await,
            Kind::Door(number) => {
                let door = self.load.doors.get(usize::from(number)).map(|door| &door.headers);
                self.fetch(due, &self.plain, door, &mut seen).await
            }
        };
        let failure = answered.err().or_else(|| self.refused(due.kind, seen.status));
        self.recorder.note(due, begun, &seen, failure);
    }

    async fn fetch(
        &self,
        due: Due,
        at: &Uri,
        door: Option<&HeaderMap>,
        seen: &mut Seen,
    ) -> Result<(), Failure> {
        let request = self.request(at, door);
        let own_time = if due.kind == Kind::Slow {
            self.load.slow.takes
        } else {
            Duration::ZERO
        };
        timeout(
            self.load.patience + own_time,
            self.pool.ask(request, due.keep_alive, seen),
        )
        .await
        .unwrap_or(Err(Failure::Timeout))
    }

    async fn converse(&self, seen: &mut Seen) -> Result<(), Failure> {
        let conversation = Conversation {
            origin: &self.origin,
            at: &self.socket,
            headers: &self.load.headers,
            sockets: self.load.sockets,
            patience: self.load.patience,
            over: self.over.subscribe(),
        };
        conversation.hold(seen).await
    }

    fn request(&self, at: &Uri, door: Option<&HeaderMap>) -> Request<Empty<Bytes>> {
        let mut request = Request::new(Empty::new());
        *request.headers_mut() = self.load.headers.clone();
        if let Some(door) = door {
            request.headers_mut().extend(door.clone());
        }
        if self.load.http2 {
            *request.version_mut() = Version::HTTP_2;
            *request.uri_mut() = at.clone();
            return request;
        }
        if let Some(path) = at.path_and_query() {
            *request.uri_mut() = Uri::from(path.clone());
        }
        if let Some(host) = at
            .authority()
            .and_then(|authority| authority.as_str().parse().ok())
        {
            request.headers_mut().entry(header::HOST).or_insert(host);
        }
        request
    }

    /// A complete answer that is a failure all the same.
    fn refused(&self, kind: Kind, status: Option<u16>) -> Option<Failure> {
        let expected = match kind {
            Kind::Door(number) => self
                .load
                .doors
                .get(usize::from(number))
                .map_or(&[][..], |door| door.expects.as_slice()),
            _ => &[],
        };
        let status = status?;
        let bad = status >= 400 && !expected.iter().any(|expected| expected.as_u16() == status);
        bad.then_some(Failure::Status)
    }

    fn beat(&self) -> Snapshot {
        self.recorder
            .beat(self.load.connections - self.free.available_permits())
    }
}

fn as_socket(at: Uri) -> Uri {
    let mut parts = at.into_parts();
    let scheme = if parts
        .scheme
        .as_ref()
        .is_some_and(|scheme| scheme.as_str() == "https")
    {
        "wss"
    } else {
        "ws"
    };
    let plain = (parts.authority.take(), parts.path_and_query.take());
    match plain {
        (Some(authority), Some(path)) => format!("{scheme}://{authority}{path}")
            .parse()
            .unwrap_or_default(),
        _ => Uri::default(),
    }
}
