//! Stands between the binary and LocalStack, sees each call, and does to it what a test wants done.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::answers;

/// One AWS call as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) service: String,
    pub(crate) operation: String,
    /// The form's fields; none for services that speak CBOR.
    pub(crate) fields: BTreeMap<String, String>,
    /// Counted from 1 over all calls that change something; 0 for a read.
    pub(crate) change: usize,
}

impl Call {
    pub(crate) fn changes(&self) -> bool {
        self.change > 0
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

/// What happens to a call instead of being answered.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It is refused with this code and HTTP status, and never gets there.
    Refuse(&'static str, u16),
    /// It is carried out, and the answer is lost with the connection.
    Lose,
    /// It gets there, and is answered, only when the test lets it go on.
    Hold,
    /// The caller is killed before it gets there.
    KillBefore,
    /// It is carried out, and the caller is killed before the answer.
    KillAfter,
    /// It is answered, with every healthy target in this state for this reason instead.
    Health(&'static str, &'static str),
}

type Rule = Box<dyn Fn(&Call) -> Option<Fault> + Send>;

/// An address to be used in LocalStack's place. It is gone when this is dropped.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    upstream: String,
    rule: Mutex<Rule>,
    seen: Mutex<Vec<Call>>,
    death: Notify,
    /// How many changes have been carried out since the last rule was set.
    carried_out: watch::Sender<usize>,
    /// A call is held; it may go on.
    held: Notify,
    go_on: Notify,
    /// Since death was asked for: nothing of the dying caller gets there any more.
    dying: AtomicBool,
}

impl Proxy {
    /// A proxy that only watches.
    pub(crate) async fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let shared = Arc::new(Shared {
            upstream: upstream.trim_start_matches("http://").to_owned(),
            rule: Mutex::new(Box::new(|_| None)),
            seen: Mutex::default(),
            death: Notify::new(),
            carried_out: watch::Sender::new(0),
            held: Notify::new(),
            go_on: Notify::new(),
            dying: AtomicBool::new(false),
        });
        let server = tokio::spawn(serve(listener, shared.clone()));
        Self {
            endpoint,
            shared,
            server,
        }
    }

    /// From now on the rule decides about each call. Calls that change something are counted anew.
    pub(crate) fn inject(&self, rule: impl Fn(&Call) -> Option<Fault> + Send + 'static) {
        *self.shared.rule.lock().expect("not poisoned") = Box::new(rule);
        self.shared.seen.lock().expect("not poisoned").clear();
        self.shared.carried_out.send_replace(0);
        self.shared.dying.store(false, Ordering::SeqCst);
    }

    /// From now on everything passes.
    pub(crate) fn heal(&self) {
        self.inject(|_| None);
    }

    /// All calls since the last rule was set.
    pub(crate) fn seen(&self) -> Vec<Call> {
        self.shared.seen.lock().expect("not poisoned").clone()
    }

    /// Those that change something.
    pub(crate) fn changes(&self) -> Vec<Call> {
        let mut seen = self.seen();
        seen.retain(Call::changes);
        seen
    }

    /// Until this change, counted from 1, has been carried out; its caller may not know yet.
    pub(crate) async fn carried_out(&self, change: usize) {
        let mut carried_out = self.shared.carried_out.subscribe();
        // The sender lives as long as this proxy.
        drop(carried_out.wait_for(|last| *last >= change).await);
    }

    /// Until a call is held.
    pub(crate) async fn holds_a_call(&self) {
        self.shared.held.notified().await;
    }

    /// Lets the call that is held go on.
    pub(crate) fn let_go(&self) {
        self.shared.go_on.notify_one();
    }

    /// Until a rule wants the caller killed.
    pub(crate) async fn wants_death(&self) {
        self.shared.death.notified().await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request| {
                let shared = shared.clone();
                async move { shared.answer(request).await }
            });
            // An error is a caller that has gone, or an answer that was lost on purpose.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

/// The error that closes a connection without an answer.
#[derive(Debug)]
struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lost")
    }
}

impl std::error::Error for Lost {}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Lost> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Lost)?.to_bytes();
        let request = Request::from_parts(parts, body);
        let call = self.note(&request);
        let fault = if self.dying.load(Ordering::SeqCst) {
            Some(Fault::KillBefore)
        } else {
            (self.rule.lock().expect("not poisoned"))(&call)
        };
        match fault {
            None => {
                let answer = self.forward(request).await;
                self.carried_out.send_if_modified(|last| {
                    let is_later = call.change > *last;
                    *last = call.change.max(*last);
                    is_later
                });
                answer
            }
            Some(Fault::Refuse(code, status)) => Ok(answers::error(&call, code, status)),
            Some(Fault::Health(state, reason)) => {
                let (mut parts, body) = self.forward(request).await?.into_parts();
                let body = body.collect().await.map_err(|_| Lost)?.to_bytes();
                parts.headers.remove("content-length");
                Ok(Response::from_parts(
                    parts,
                    Full::new(answers::with_health(&body, state, reason)),
                ))
            }
            Some(Fault::Lose) => {
                self.forward(request).await?;
                Err(Lost)
            }
            Some(Fault::Hold) => {
                self.held.notify_one();
                self.go_on.notified().await;
                self.forward(request).await
            }
            Some(Fault::KillBefore) => match self.die().await {},
            Some(Fault::KillAfter) => {
                self.dying.store(true, Ordering::SeqCst);
                self.forward(request).await?;
                match self.die().await {}
            }
        }
    }

    /// Has the caller killed; it never sees an answer.
    async fn die(&self) -> Infallible {
        self.dying.store(true, Ordering::SeqCst);
        self.death.notify_one();
        std::future::pending().await
    }

    fn note(&self, request: &Request<Bytes>) -> Call {
        let mut call = answers::call(request);
        let mut seen = self.seen.lock().expect("not poisoned");
        if call.change > 0 {
            call.change = seen.iter().filter(|call| call.changes()).count() + 1;
        }
        seen.push(call.clone());
        call
    }

    async fn forward(&self, request: Request<Bytes>) -> Result<Response<Full<Bytes>>, Lost> {
        let stream = TcpStream::connect(&self.upstream).await.map_err(|_| Lost)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Lost)?;
        let driver = tokio::spawn(connection);
        let response = sender
            .send_request(request.map(Full::new))
            .await
            .map_err(|_| Lost)?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|_| Lost)?.to_bytes();
        driver.abort();
        Ok(Response::from_parts(parts, Full::new(body)))
    }
}
