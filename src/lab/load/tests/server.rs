//! Servers that behave, or misbehave in one known way.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite::Message;

/// A server on a port of its own, gone when dropped.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) connections: Arc<AtomicUsize>,
    accepting: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    pub(super) fn url(&self) -> Uri {
        format!("http://127.0.0.1:{}/", self.port).parse().expect("a URL")
    }

    /// Gives every connection to `serve`.
    pub(super) async fn of<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream));
            }
        });
        Self {
            port,
            connections,
            accepting: accepting.abort_handle(),
        }
    }

    /// Answers over HTTP/1.1 whatever `answer` says.
    pub(super) async fn answering<F: Future<Output = Response<Full<Bytes>>> + Send + 'static>(
        answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    ) -> Self {
        Self::of(move |stream| http1_on(stream, answer.clone())).await
    }

    /// The same over HTTP/2 with prior knowledge.
    pub(super) async fn answering_http2(version: &'static str) -> Self {
        Self::of(move |stream| async move {
            let service = service_fn(move |_| async move { Ok::<_, Infallible>(page(version)) });
            drop(
                http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        })
        .await
    }

    /// Answers a request with exactly these bytes, then ends the connection.
    pub(super) async fn saying(bytes: &'static str) -> Self {
        Self::of(move |mut stream| async move {
            read_head(&mut stream).await;
            drop(stream.write_all(bytes.as_bytes()).await);
        })
        .await
    }

    /// WebSockets: a version, then every message as `reply` gives it back; none at all ends the connection.
    pub(super) async fn conversing(reply: fn(&str) -> Option<String>) -> Self {
        Self::of(move |stream| async move {
            let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
                return;
            };
            drop(socket.send(Message::text("2.0")).await);
            while let Some(Ok(message)) = socket.next().await {
                let Message::Text(text) = message else { continue };
                let Some(reply) = reply(text.as_str()) else { return };
                drop(socket.send(Message::text(reply)).await);
            }
        })
        .await
    }
}

pub(super) async fn http1_on<F: Future<Output = Response<Full<Bytes>>> + Send + 'static>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    answer: impl Fn(Request<Incoming>) -> F,
) {
    let service = service_fn(move |request| {
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    drop(
        http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await,
    );
}

pub(super) async fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => head.extend_from_slice(&piece[..read]),
            _ => return false,
        }
    }
    true
}

pub(super) fn page(version: &str) -> Response<Full<Bytes>> {
    Response::builder()
        .header("x-version", version)
        .body(Full::from("here I am"))
        .expect("a response")
}

pub(super) async fn page_after(millis: u64, version: &str) -> Response<Full<Bytes>> {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    page(version)
}
