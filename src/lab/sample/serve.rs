//! Boots, listens, and ends as a well-behaved service does: nothing new is accepted, what was begun is finished.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::chance::Chance;
use super::knobs::Knobs;
use super::{Identity, Service, answer, ending};

/// How long to wait when the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Asked to, and everything begun was finished.
    Finished,
    /// Asked to, and some requests took longer than they may.
    Cut,
    /// As its knobs had it.
    Died,
}

/// Serves on `address` from when it has booted until `stop` resolves.
pub async fn serve(
    address: SocketAddr,
    knobs: Knobs,
    identity: Identity,
    stop: impl Future<Output = ()>,
) -> io::Result<Outcome> {
    tokio::pin!(stop);
    // Touched, so that it is really held.
    let held = vec![1u8; knobs.memory as usize * 1024 * 1024];
    tokio::select! {
        () = sleep(knobs.boot) => {}
        () = &mut stop => return Ok(Outcome::Finished),
    }
    let listener = TcpListener::bind(address).await?;
    let (stopping, watched) = watch::channel(false);
    let patience = knobs.slow_shutdown;
    let dies_after = knobs.dies_after;
    let service = Service {
        chance: Arc::new(Chance::of(knobs.chance, &identity.instance)),
        knobs: Arc::new(knobs),
        identity: Arc::new(identity),
        began: Instant::now(),
        stopping: watched,
    };
    let outcome = tokio::select! {
        () = accept(&listener, &service) => Outcome::Died,
        () = death(dies_after) => Outcome::Died,
        () = &mut stop => {
            drop(listener);
            drop(service);
            stopping.send_replace(true);
            match timeout(patience, stopping.closed()).await {
                Ok(()) => Outcome::Finished,
                Err(_) => Outcome::Cut,
            }
        }
    };
    drop(held);
    Ok(outcome)
}

async fn death(after: Option<Duration>) {
    match after {
        Some(after) => sleep(after).await,
        None => std::future::pending().await,
    }
}

async fn accept(listener: &TcpListener, service: &Service) {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                tokio::spawn(converse(socket, service.clone()));
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// One connection, HTTP/1.1 or HTTP/2 as the client begins it.
async fn converse(socket: TcpStream, service: Service) {
    // Small answers must not wait for each other; a socket that refuses is merely slower.
    let _ = socket.set_nodelay(true);
    let mut stopping = service.stopping.clone();
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    let each = service_fn(move |request| answer::answer(service.clone(), request));
    let connection = builder
        .serve_connection_with_upgrades(TokioIo::new(socket), each)
        .into_owned();
    tokio::pin!(connection);
    // A client that breaks off is its own affair.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = ending(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
