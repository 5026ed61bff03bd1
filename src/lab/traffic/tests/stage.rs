//! A listener with its rules, backends behind it, and clients in front of it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::lab::traffic::{Settings, Traffic};
use crate::lab::world::routing::{
    Action, Algorithm, Balancer, Condition, Listener, Pool, Protocol, Routing, Rule, Target,
};

pub(super) const LISTENER: &str = "listener/app/shop/1/1";
pub(super) const BALANCER: &str = "app/shop/1";

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

pub(super) struct Stage {
    pub(super) routing: watch::Sender<Arc<Routing>>,
    pub(super) traffic: Traffic,
    pub(super) address: SocketAddr,
    began: Instant,
    balancer: Balancer,
    tls: bool,
}

pub(super) fn balancer() -> Balancer {
    Balancer {
        name: "shop".to_owned(),
        arn: "arn:shop".to_owned(),
        dimension: BALANCER.to_owned(),
        idle_timeout: Duration::from_secs(60),
        client_keep_alive: Duration::from_secs(3_600),
        http2: true,
        forwarded_for: "append".to_owned(),
        preserve_host: false,
        drop_invalid_headers: false,
    }
}

impl Stage {
    pub(super) async fn set(rules: Vec<Rule>) -> Self {
        Self::with(rules, balancer(), false, None).await
    }

    pub(super) async fn with(
        rules: Vec<Rule>,
        balancer: Balancer,
        tls: bool,
        access_log: Option<PathBuf>,
    ) -> Self {
        let began = Instant::now();
        let routing = watch::Sender::new(Arc::new(picture(1, rules, &balancer, tls)));
        let ports = BTreeMap::from([(80, 0), (443, 0)]);
        let settings = Settings {
            began,
            ports,
            access_log,
            seed: 1,
        };
        let traffic = Traffic::start(routing.subscribe(), settings)
            .await
            .expect("it starts");
        let address = traffic.addresses().borrow()[LISTENER];
        Self {
            routing,
            traffic,
            address,
            began,
            balancer,
            tls,
        }
    }

    pub(super) fn change(&self, rules: Vec<Rule>) {
        let version = self.routing.borrow().version + 1;
        self.routing
            .send_replace(Arc::new(picture(version, rules, &self.balancer, self.tls)));
    }

    pub(super) fn moment(&self) -> crate::lab::world::time::Moment {
        crate::lab::world::time::Moment::after_start(self.began.elapsed())
    }

    pub(super) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Got {
        let mut client = Client::to(self.address).await;
        client.get(path, headers).await
    }

    /// Sums of what was counted, by name; a target group's under `name@group`.
    pub(super) fn sums(&self) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for count in self.traffic.take_counts() {
            assert_eq!(count.balancer, BALANCER);
            let group = count
                .target_group
                .map(|group| format!("@{group}"))
                .unwrap_or_default();
            *sums.entry(format!("{}{group}", count.name)).or_default() += count.value * count.times;
        }
        sums
    }
}

fn picture(version: u64, rules: Vec<Rule>, balancer: &Balancer, tls: bool) -> Routing {
    let port = if tls { 443 } else { 80 };
    let listener = Listener {
        arn: LISTENER.to_owned(),
        port,
        tls,
        balancer: Arc::new(balancer.clone()),
        rules,
    };
    Routing {
        version,
        listeners: vec![Arc::new(listener)],
    }
}

pub(super) fn rule(conditions: Vec<Condition>, action: Action) -> Rule {
    Rule {
        arn: "rule".to_owned(),
        conditions,
        action,
    }
}

pub(super) fn header(name: &str, value: &str) -> Condition {
    Condition::Header {
        name: name.to_owned(),
        values: vec![value.to_owned()],
    }
}

pub(super) fn forward(pools: &[(Pool, u32)]) -> Action {
    let pools = pools
        .iter()
        .map(|(pool, weight)| (Arc::new(pool.clone()), *weight))
        .collect();
    Action::Forward {
        pools,
        stickiness: None,
    }
}

/// The one rule that sends everything to one target group.
pub(super) fn all_to(pool: &Pool) -> Vec<Rule> {
    vec![rule(vec![], forward(&[(pool.clone(), 1)]))]
}

pub(super) fn pool(name: &str, addresses: &[SocketAddr]) -> Pool {
    Pool {
        arn: format!("arn:{name}"),
        name: name.to_owned(),
        dimension: format!("targetgroup/{name}/1"),
        tls: false,
        protocol: Protocol::Http1,
        algorithm: Algorithm::RoundRobin,
        slow_start: None,
        stickiness: None,
        targets: addresses.iter().map(|address| target(*address)).collect(),
        failed_open: false,
        draining: Vec::new(),
    }
}

pub(super) fn target(address: SocketAddr) -> Arc<Target> {
    Arc::new(Target {
        instance: format!("i-{}", address.port()),
        port: 80,
        address: Some(address),
        zone: "us-east-1a".to_owned(),
        healthy_since: None,
        slow_starts: false,
    })
}

/// A server that speaks HTTP/1.1 and HTTP/2.
pub(super) async fn backend<F, R>(answer: F) -> SocketAddr
where
    F: Fn(Request<Incoming>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response<Body>> + Send + 'static,
{
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let answered = answer(request);
                    async move { Ok::<_, Infallible>(answered.await) }
                });
                let builder = auto::Builder::new(TokioExecutor::new());
                let _ = builder
                    .serve_connection_with_upgrades(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

/// A server that says its name.
pub(super) async fn named(name: &'static str) -> SocketAddr {
    backend(move |_| async move { Response::new(text(name)) }).await
}

/// A server that says what headers it got.
pub(super) async fn mirror() -> SocketAddr {
    backend(|request| async move {
        let line = format!("{} {}\n", request.method(), request.uri());
        let lines = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap_or("?")));
        Response::new(text(line + &lines.collect::<String>()))
    })
    .await
}

pub(super) fn text(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).boxed_unsync()
}

#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Got {
    pub(super) async fn of(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            text,
        }
    }

    /// `name=value` of the cookies that were set.
    pub(super) fn cookies(&self) -> String {
        let lines = self
            .headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|line| line.to_str().ok());
        lines
            .filter_map(|line| line.split(';').next())
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// One HTTP/1.1 connection.
pub(super) struct Client(http1::SendRequest<Body>);

impl Client {
    pub(super) async fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
        tokio::spawn(async move { drop(connection.with_upgrades().await) });
        Self(sender)
    }

    pub(super) async fn send(&mut self, request: Request<Body>) -> Response<Incoming> {
        self.0.ready().await.expect("an open connection");
        self.0.send_request(request).await.expect("a response")
    }

    pub(super) async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Got {
        Got::of(self.send(request("GET", path, headers, text(""))).await).await
    }
}

pub(super) fn request(method: &str, uri: &str, headers: &[(&str, &str)], body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(uri);
    if uri.starts_with('/') && !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "shop.test");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).expect("a request")
}

/// One HTTP/2 connection by prior knowledge.
pub(super) async fn http2_client(address: SocketAddr) -> http2::SendRequest<Body> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .expect("a handshake");
    tokio::spawn(async move { drop(connection.await) });
    sender
}
