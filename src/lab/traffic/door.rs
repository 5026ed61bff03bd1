//! A listener's socket, and the clients who come through it.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::HeaderValue;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::counting::Counting;
use super::line::Open;
use super::picture::Seen;
use super::plane::Plane;
use super::proxy;
use super::tally::Measure;
use super::visit::Visit;

/// How many requests an HTTP/2 client may have at once.
const STREAMS: u32 = 128;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// An open listener, as the one who opened it holds it.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) port: u16,
    pub(super) tls: bool,
    stop: watch::Sender<()>,
    closed: oneshot::Receiver<()>,
}

impl Door {
    /// Opens a listener at the first of the ports that is free.
    pub(super) async fn open(
        ports: &[u16],
        seen: &Seen,
        acceptor: Option<TlsAcceptor>,
        plane: &Arc<Plane>,
        tasks: &mut JoinSet<()>,
    ) -> io::Result<Self> {
        let socket = bind(ports).await?;
        let address = socket.local_addr()?;
        let (stop, stopped) = watch::channel(());
        let (tell, closed) = oneshot::channel();
        let entrance = Entrance {
            seen: seen.clone(),
            acceptor,
            plane: Arc::clone(plane),
            stopped,
        };
        tasks.spawn(entrance.welcome(socket, tell));
        let listener = &seen.listener;
        Ok(Self {
            address,
            port: listener.port,
            tls: listener.tls,
            stop,
            closed,
        })
    }

    /// Lets nobody in any more; whoever is inside may finish what was begun.
    pub(super) async fn close(self) {
        drop(self.stop);
        // Gone already is closed, too.
        let _ = self.closed.await;
    }
}

async fn bind(ports: &[u16]) -> io::Result<TcpListener> {
    for port in ports {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).await {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                ) => {}
            bound => return bound,
        }
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

#[derive(Clone)]
struct Entrance {
    seen: Seen,
    acceptor: Option<TlsAcceptor>,
    plane: Arc<Plane>,
    stopped: watch::Receiver<()>,
}

impl Entrance {
    async fn welcome(mut self, socket: TcpListener, tell: oneshot::Sender<()>) {
        let mut clients = JoinSet::new();
        loop {
            tokio::select! {
                accepted = socket.accept() => match accepted {
                    Ok((stream, client)) => drop(clients.spawn(self.clone().admit(stream, client))),
                    Err(_) => {
                        self.seen.tally.add(Measure::RejectedConnections);
                        // Out of file descriptors, as a rule: somebody has to leave first.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(_) = clients.join_next() => {}
                _ = self.stopped.changed() => break,
            }
        }
        drop(socket);
        // Nobody may be waiting for it.
        let _ = tell.send(());
        while clients.join_next().await.is_some() {}
    }

    async fn admit(self, stream: TcpStream, client: SocketAddr) {
        let _open = Open::count(&self.seen.tally);
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let tally = Arc::clone(&self.seen.tally);
        let stream = Counting::new(stream, move |read, written| tally.add_bytes(read + written));
        match self.acceptor.clone() {
            None => self.serve(stream, client, None).await,
            Some(acceptor) => {
                let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await
                else {
                    return;
                };
                let session = stream.get_ref().1;
                let cipher = session
                    .negotiated_cipher_suite()
                    .map(|suite| format!("{:?}", suite.suite()));
                let version = session.protocol_version().map(|version| format!("{version:?}"));
                self.serve(stream, client, cipher.zip(version)).await;
            }
        }
    }

    async fn serve<S>(self, stream: S, client: SocketAddr, tls: Option<(String, String)>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Ok(client_header) = HeaderValue::try_from(client.ip().to_string()) else {
            return;
        };
        let visit = Arc::new(Visit {
            plane: self.plane,
            listener: self.seen.listener.arn.as_str().into(),
            client,
            client_header,
            tls,
            requests: 0.into(),
            served: 0.into(),
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .adaptive_window(true);
        let balancer = &self.seen.listener.balancer;
        if !balancer.http2 {
            builder = builder.http1_only();
        }
        let service = service_fn(|request| {
            let visit = Arc::clone(&visit);
            async move { Ok::<_, Infallible>(proxy::answer(visit, request).await) }
        });
        let mut connection =
            std::pin::pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let served = tokio::select! {
            biased;
            served = connection.as_mut() => Some(served),
            () = until_it_should_leave(&visit, balancer.idle_timeout, balancer.client_keep_alive, self.stopped) => None,
        };
        let served = match served {
            Some(served) => served,
            None => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        let error = served
            .err()
            .and_then(|error| error.downcast::<hyper::Error>().ok());
        if error.is_some_and(|error| error.is_parse()) {
            self.seen.tally.answered_itself(400);
        }
    }
}

/// Ends when a client should go: it has nothing to ask, it has been here too long, or the listener is closed.
async fn until_it_should_leave(
    visit: &Visit,
    idle: Duration,
    keep_alive: Duration,
    mut stopped: watch::Receiver<()>,
) {
    let idling = async {
        let mut before = 0;
        loop {
            tokio::time::sleep(idle).await;
            let served = visit.served.load(Ordering::Relaxed);
            if served == before && visit.requests.load(Ordering::Relaxed) == 0 {
                return;
            }
            before = served;
        }
    };
    tokio::select! {
        _ = stopped.changed() => {}
        () = tokio::time::sleep(keep_alive) => {}
        () = idling => {}
    }
}
