//! The lab's one HTTP server, on loopback only: the AWS APIs at its root, the lab's own API under `/_lab/`.

mod aws;
pub mod client;
mod control;
mod guard;
mod reply;
pub mod whereabouts;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use self::reply::{Problem, Reply, see};
use super::house::House;

/// No call of a deployment comes near it.
const LARGEST_BODY: usize = 4 << 20;
/// How long the answers under way may still take when the lab goes down.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Takes no answer at all: the connection is closed, as a lost response closes it.
#[derive(Debug, thiserror::Error)]
#[error("the response is lost")]
pub(super) struct Lost;

/// Serves until the house is asked down.
pub(super) async fn serve(listener: TcpListener, house: Arc<House>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(converse(stream, Arc::clone(&house)))),
                // Out of descriptors: the next one may do better.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
            () = house.asked_down() => break,
        }
    }
    let finished = async { while connections.join_next().await.is_some() {} };
    // What is still open then is a question for news, or a client that keeps its connection.
    let _ = tokio::time::timeout(LAST_WORDS, finished).await;
}

async fn converse(stream: TcpStream, house: Arc<House>) {
    let _ = stream.set_nodelay(true);
    let asked_down = Arc::clone(&house);
    let service = service_fn(move |request| {
        let house = Arc::clone(&house);
        async move { answer(&house, request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // An error is a client that went away or a response lost on purpose: nobody is left to tell.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = asked_down.asked_down() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn answer(house: &Arc<House>, request: Request<Incoming>) -> Result<Reply, Lost> {
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().to_owned());
    if let Err(problem) = guard::admit(request.headers(), authority.as_deref()) {
        return Ok(problem.reply());
    }
    let (head, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(problem) => return Ok(problem.reply()),
    };
    let path = head.uri.path();
    if path == "/_lab" || path.starts_with("/_lab/") {
        let admitted = guard::admit_write(&head.method, &head.headers);
        let answered = match admitted {
            Ok(()) => control::control(house, &head.method, path, head.uri.query(), body).await,
            Err(problem) => Err(problem),
        };
        return Ok(answered.unwrap_or_else(|problem| problem.reply()));
    }
    // A person who opens the endpoint in a browser wants the page; a client signs and asks for XML or CBOR.
    let wants_page = head
        .headers
        .get(ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    if head.method == Method::GET && path == "/" && wants_page && !head.headers.contains_key(AUTHORIZATION) {
        return Ok(see("/_lab/"));
    }
    aws::answer(house, head, body).await
}

async fn read(body: Incoming) -> Result<Bytes, Problem> {
    match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(_) => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is larger than {LARGEST_BODY} bytes or broke off"),
        )),
    }
}

/// Why nothing can be served on a port.
pub(super) async fn bind(port: u16) -> Result<TcpListener, Taken> {
    let error = match TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => return Ok(listener),
        Err(error) => error,
    };
    if error.kind() != io::ErrorKind::AddrInUse {
        return Err(Taken::Bind { port, error });
    }
    match client::Client::new(port).state().await {
        Ok(picture) => Err(Taken::Lab {
            port,
            pid: picture.pid,
            started: picture.started,
        }),
        Err(_) => Err(Taken::Stranger(port)),
    }
}

/// Why the lab's port cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Taken {
    #[error(
        "a lab is already up on port {port} (process {pid}, since {started}): end it with `lab down`, or choose another --port"
    )]
    Lab {
        port: u16,
        pid: u32,
        started: jiff::Timestamp,
    },
    #[error("port {0} is taken by a program that is not a lab: choose another --port")]
    Stranger(u16),
    #[error("cannot listen on 127.0.0.1:{port}: {error}")]
    Bind { port: u16, error: io::Error },
}
