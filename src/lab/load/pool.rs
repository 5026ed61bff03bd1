//! Plain HTTP requests, on connections that are kept for the next one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::ledger::Failure;
use super::origin::Origin;
use super::recorder::Seen;

type Asked = Request<Empty<Bytes>>;
type Sender1 = http1::SendRequest<Empty<Bytes>>;
type Sender2 = http2::SendRequest<Empty<Bytes>>;

/// A connection that rested longer is not used again: it is what every good client does, well before the 60
/// seconds after which a load balancer closes it, perhaps just as the next request is on its way.
const LONGEST_REST: Duration = Duration::from_secs(20);
/// Streams on one HTTP/2 connection; a load balancer allows 128.
const STREAMS: usize = 100;
const VERSION: &str = "x-version";

/// Connections to one origin.
pub(super) struct Pool {
    origin: Arc<Origin>,
    rested: Mutex<Vec<(Sender1, Instant)>>,
    /// HTTP/2 connections, taken in turn; empty for HTTP/1.1.
    shared: Vec<tokio::sync::Mutex<Option<Sender2>>>,
    turn: AtomicUsize,
}

impl Pool {
    pub(super) fn to(origin: Arc<Origin>, http2: bool, most_in_flight: usize) -> Self {
        let shared = if http2 {
            most_in_flight.div_ceil(STREAMS)
        } else {
            0
        };
        Self {
            origin,
            rested: Mutex::default(),
            shared: std::iter::repeat_with(Default::default).take(shared).collect(),
            turn: AtomicUsize::new(0),
        }
    }

    /// Sends the request and reads the whole answer.
    pub(super) async fn ask(&self, request: Asked, keep_alive: bool, seen: &mut Seen) -> Result<(), Failure> {
        if self.shared.is_empty() {
            self.ask_http1(request, keep_alive, seen).await
        } else {
            self.ask_http2(request, seen).await
        }
    }

    async fn ask_http1(&self, mut request: Asked, keep: bool, seen: &mut Seen) -> Result<(), Failure> {
        if !keep {
            request
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let (mut sender, answer) = match keep.then(|| self.take()).flatten() {
            None => self.ask_anew(request).await?,
            Some(mut sender) => match send(&mut sender, request).await {
                Ok(answer) => (sender, answer),
                // Not a byte of it was sent, so sending it again cannot do anything twice.
                Err(Some(unsent)) => {
                    seen.retried = true;
                    self.ask_anew(unsent).await?
                }
                Err(None) => return Err(Failure::Reset),
            },
        };
        read(answer, seen).await?;
        if keep && sender.ready().await.is_ok() {
            self.rested().push((sender, Instant::now()));
        }
        Ok(())
    }

    async fn ask_anew(&self, request: Asked) -> Result<(Sender1, Response<Incoming>), Failure> {
        let stream = self.origin.connect(false).await.map_err(|_| Failure::Connect)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Failure::Connect)?;
        // How a connection ended is told by the request that was on it.
        tokio::spawn(async { drop(connection.await) });
        let answer = send(&mut sender, request).await.map_err(|_| Failure::Reset)?;
        Ok((sender, answer))
    }

    fn rested(&self) -> std::sync::MutexGuard<'_, Vec<(Sender1, Instant)>> {
        self.rested.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that rested least: the others may then grow old and be closed.
    fn take(&self) -> Option<Sender1> {
        let mut rested = self.rested();
        let (sender, since) = rested.pop()?;
        if since.elapsed() > LONGEST_REST {
            // All below it rested even longer.
            rested.clear();
            return None;
        }
        Some(sender)
    }

    async fn ask_http2(&self, request: Asked, seen: &mut Seen) -> Result<(), Failure> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.shared.len();
        let (mut sender, kept) = self.stream(turn).await?;
        let answer = match sender.try_send_request(request).await {
            Ok(answer) => answer,
            Err(mut error) => {
                let Some(unsent) = error.take_message().filter(|_| kept) else {
                    return Err(Failure::Reset);
                };
                seen.retried = true;
                let (mut sender, _) = self.stream(turn).await?;
                sender.send_request(unsent).await.map_err(|_| Failure::Reset)?
            }
        };
        read(answer, seen).await
    }

    /// A handle on the HTTP/2 connection of this turn, and whether it was there before.
    async fn stream(&self, turn: usize) -> Result<(Sender2, bool), Failure> {
        let mut shared = self.shared[turn].lock().await;
        if let Some(sender) = shared.as_ref().filter(|sender| !sender.is_closed()) {
            return Ok((sender.clone(), true));
        }
        let stream = self.origin.connect(true).await.map_err(|_| Failure::Connect)?;
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .map_err(|_| Failure::Connect)?;
        tokio::spawn(async { drop(connection.await) });
        *shared = Some(sender.clone());
        Ok((sender, false))
    }
}

/// The answer's head; or the request itself, if nothing of it was sent.
async fn send(sender: &mut Sender1, request: Asked) -> Result<Response<Incoming>, Option<Asked>> {
    if sender.ready().await.is_err() {
        return Err(Some(request));
    }
    sender
        .try_send_request(request)
        .await
        .map_err(|mut error: TrySendError<Asked>| error.take_message())
}

async fn read(answer: Response<Incoming>, seen: &mut Seen) -> Result<(), Failure> {
    let (head, mut body) = answer.into_parts();
    seen.status = Some(head.status.as_u16());
    seen.version = head.headers.get(VERSION).cloned();
    while let Some(frame) = body.frame().await {
        frame.map_err(|_| Failure::Truncated)?;
    }
    Ok(())
}
