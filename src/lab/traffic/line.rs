//! A connection to a target: how it is made, and HTTP/1.1 on it, driven by whoever has a request on it.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::exchange::Failed;
use super::sending::RequestBody;
use super::tally::Tally;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Hyper's connection, whose own type cannot be named.
type Wire = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// One HTTP/1.1 connection. Nobody drives it in the background: that saves every request two changes of task.
pub(super) struct Line {
    sender: http1::SendRequest<RequestBody>,
    wire: Option<Wire>,
    _open: Open,
}

impl fmt::Debug for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Line")
            .field("open", &self.wire.is_some())
            .finish_non_exhaustive()
    }
}

impl Line {
    pub(super) async fn open(
        to: SocketAddr,
        tls: Option<&TlsConnector>,
        tally: &Arc<Tally>,
    ) -> Result<Self, Failed> {
        let stream = dial(to, tls).await?;
        let open = Open::count(tally);
        let (sender, wire) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Failed::Broken)?;
        Ok(Self {
            sender,
            wire: Some(Box::pin(wire.with_upgrades())),
            _open: open,
        })
    }

    /// Moves what can be moved, and says whether another request may go out.
    pub(super) fn is_usable(&mut self, context: &mut Context<'_>) -> bool {
        self.drive(context);
        self.wire.is_some() && self.sender.is_ready()
    }

    /// Moves what can be moved.
    pub(super) fn drive(&mut self, context: &mut Context<'_>) {
        if let Some(wire) = &mut self.wire
            && wire.as_mut().poll(context).is_ready()
        {
            self.wire = None;
        }
    }

    /// Sends a request and waits for the head of its response. A request the target cannot have seen comes back with the error.
    pub(super) async fn send(&mut self, request: Request<RequestBody>) -> Result<Response<Incoming>, Unsent> {
        let response = self.sender.try_send_request(request);
        let mut response = std::pin::pin!(response);
        std::future::poll_fn(|context| {
            let open = self.wire.is_some();
            self.drive(context);
            match response.as_mut().poll(context) {
                Poll::Ready(answer) => Poll::Ready(answer.map_err(Unsent::from)),
                Poll::Pending if !open => Poll::Ready(Err(Unsent(None))),
                Poll::Pending if self.wire.is_none() => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Lets the connection finish on its own, as an upgrade needs.
    pub(super) async fn run(mut self) {
        if let Some(wire) = self.wire.take() {
            // How it ends is seen by the upgraded stream.
            let _ = wire.await;
        }
    }
}

/// A request that failed without an answer, if it is known not to have been sent.
#[derive(Debug)]
pub(super) struct Unsent(pub(super) Option<Box<Request<RequestBody>>>);

impl From<TrySendError<Request<RequestBody>>> for Unsent {
    fn from(mut error: TrySendError<Request<RequestBody>>) -> Self {
        Self(error.take_message().map(Box::new))
    }
}

/// Opens an HTTP/2 connection (by prior knowledge, or over TLS) for any number of requests.
pub(super) async fn open_streams(
    to: SocketAddr,
    tls: Option<&TlsConnector>,
    tally: &Arc<Tally>,
) -> Result<http2::SendRequest<RequestBody>, Failed> {
    let stream = dial(to, tls).await?;
    let open = Open::count(tally);
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .adaptive_window(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Failed::Broken)?;
    tokio::spawn(async move {
        // How it ends is seen by the requests on it.
        let _ = connection.await;
        drop(open);
    });
    Ok(sender)
}

async fn dial(to: SocketAddr, tls: Option<&TlsConnector>) -> Result<Box<dyn Stream>, Failed> {
    let dialling = async {
        let stream = TcpStream::connect(to).await.map_err(|_| Failed::Unreachable)?;
        stream.set_nodelay(true).map_err(|_| Failed::Unreachable)?;
        let Some(tls) = tls else {
            return Ok(Box::new(stream) as Box<dyn Stream>);
        };
        let stream = tls
            .connect(ServerName::IpAddress(to.ip().into()), stream)
            .await
            .map_err(|_| Failed::Unreachable)?;
        Ok(Box::new(stream) as Box<dyn Stream>)
    };
    tokio::time::timeout(CONNECT_TIMEOUT, dialling)
        .await
        .unwrap_or(Err(Failed::ConnectTimeout))
}

/// Counts a connection for as long as it lives.
#[derive(Debug)]
pub(super) struct Open(Arc<Tally>);

impl Open {
    pub(super) fn count(tally: &Arc<Tally>) -> Self {
        tally.open();
        Self(Arc::clone(tally))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}
