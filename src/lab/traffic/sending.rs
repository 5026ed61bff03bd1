//! A request on its way to a target: which connection it takes, and what happens when that one was stale.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use tokio_rustls::TlsConnector;

use super::backend::Backend;
use super::exchange::{Exchange, Failed};
use super::line::{Line, open_streams};
use super::tally::Tally;

/// What the client sends, counted as it passes; empty for a request sent anew.
#[derive(Debug)]
pub(super) struct RequestBody {
    incoming: Option<Incoming>,
    exchange: Arc<Exchange>,
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, exchange: Arc<Exchange>) -> Self {
        Self {
            incoming: Some(incoming).filter(|incoming| !incoming.is_end_stream()),
            exchange,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(incoming).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.exchange.receive(frame.data_ref().map_or(0, Bytes::len));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

/// How to reach the targets of a target group.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) tls: Option<&'a TlsConnector>,
    pub(super) http2: bool,
    pub(super) tally: &'a Arc<Tally>,
}

/// Sends a request to a target. `doom` is what ends the wait for the head of the response.
pub(super) async fn send(
    request: Request<RequestBody>,
    backend: &Backend,
    way: Way<'_>,
    doom: Pin<&mut (dyn Future<Output = Failed> + Send)>,
) -> Result<(Response<Incoming>, Option<Line>), Failed> {
    // What is rarely needed is boxed: the future of every request is moved about, and should be small.
    let sending = async {
        if way.http2 {
            Box::pin(on_streams(request, backend, way))
                .await
                .map(|response| (response, None))
        } else {
            on_a_line(request, backend, way)
                .await
                .map(|(response, line)| (response, Some(line)))
        }
    };
    tokio::select! {
        biased;
        sent = sending => sent,
        failed = doom => Err(failed),
    }
}

async fn on_a_line(
    request: Request<RequestBody>,
    backend: &Backend,
    way: Way<'_>,
) -> Result<(Response<Incoming>, Line), Failed> {
    let mut request = request;
    while let Some(mut line) = backend.take_line() {
        // A connection may close just as it is used again. The target has not answered, and doing this request twice does no harm.
        let again = repeatable(&request).then(|| copy(&request));
        match line.send(request).await {
            Ok(response) => return Ok((response, line)),
            Err(unsent) => request = unsent.0.map(|unsent| *unsent).or(again).ok_or(Failed::Broken)?,
        }
    }
    let mut line = Box::pin(Line::open(backend.address, way.tls, way.tally)).await?;
    let response = line.send(request).await.map_err(|_| Failed::Broken)?;
    Ok((response, line))
}

fn repeatable(request: &Request<RequestBody>) -> bool {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    );
    safe && request.body().is_end_stream()
}

fn copy(request: &Request<RequestBody>) -> Request<RequestBody> {
    let mut copy = Request::new(RequestBody {
        incoming: None,
        exchange: Arc::clone(&request.body().exchange),
    });
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    copy
}

async fn on_streams(
    request: Request<RequestBody>,
    backend: &Backend,
    way: Way<'_>,
) -> Result<Response<Incoming>, Failed> {
    let mut request = request;
    let mut fresh = false;
    while !fresh {
        let mut sender = {
            let mut streams = backend.streams.lock().await;
            match streams.as_ref().filter(|sender| !sender.is_closed()) {
                Some(sender) => sender.clone(),
                None => {
                    fresh = true;
                    streams
                        .insert(open_streams(backend.address, way.tls, way.tally).await?)
                        .clone()
                }
            }
        };
        if sender.ready().await.is_err() {
            continue;
        }
        match sender.try_send_request(request).await {
            Ok(response) => return Ok(response),
            Err(mut error) => request = error.take_message().ok_or(Failed::Broken)?,
        }
    }
    Err(Failed::Broken)
}
