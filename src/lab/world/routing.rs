//! What the data plane was last told: listeners, rules, target groups and targets, as one immutable picture.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::time::Moment;

/// The whole data plane's knowledge. A change makes a new one; the old one is dropped when nobody reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routing {
    /// Grows with every picture.
    pub version: u64,
    pub listeners: Vec<Arc<Listener>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Listener {
    pub arn: String,
    pub port: u16,
    pub tls: bool,
    pub balancer: Arc<Balancer>,
    /// In the order they are tried; the default rule is last and has no conditions.
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Balancer {
    pub name: String,
    pub arn: String,
    /// `app/<name>/<id>`, the metrics' dimension.
    pub dimension: String,
    pub idle_timeout: Duration,
    pub client_keep_alive: Duration,
    pub http2: bool,
    /// `append`, `preserve` or `remove`.
    pub forwarded_for: String,
    pub preserve_host: bool,
    pub drop_invalid_headers: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub arn: String,
    pub conditions: Vec<Condition>,
    pub action: Action,
}

/// Any of a condition's values makes it true; all of a rule's conditions must be. `*` and `?` are wildcards where AWS has them.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Host(Vec<String>),
    Path(Vec<String>),
    Header {
        name: String,
        values: Vec<String>,
    },
    Method(Vec<String>),
    /// Key (any, when there is none) and value.
    Query(Vec<(Option<String>, String)>),
    /// CIDR blocks.
    Source(Vec<String>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Forward {
        /// With their weights; a single target group has weight 1.
        pools: Vec<(Arc<Pool>, u32)>,
        /// Group stickiness, when it is on.
        stickiness: Option<Duration>,
    },
    Redirect {
        status: u16,
        protocol: String,
        port: String,
        host: String,
        path: String,
        query: String,
    },
    Fixed {
        status: u16,
        content_type: String,
        body: String,
    },
}

/// A target group as the data plane sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    pub arn: String,
    pub name: String,
    /// `targetgroup/<name>/<id>`, the metrics' dimension.
    pub dimension: String,
    pub tls: bool,
    pub protocol: Protocol,
    pub algorithm: Algorithm,
    pub slow_start: Option<Duration>,
    pub stickiness: Option<TargetStickiness>,
    /// Targets that may be given requests now: the healthy ones, or, when there are none, all of them (fail-open). Draining ones are never in it.
    pub targets: Vec<Arc<Target>>,
    /// The picture is of a pool that failed open.
    pub failed_open: bool,
    /// Targets that are no longer to be given new requests, whose requests in flight may finish until the moment.
    pub draining: Vec<(Arc<Target>, Moment)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
    Grpc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    RoundRobin,
    LeastOutstanding,
    WeightedRandom,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TargetStickiness {
    BalancerCookie { duration: Duration },
    AppCookie { name: String, duration: Duration },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub instance: String,
    pub port: u16,
    /// Nothing while the machine has no address yet, or has none any more.
    pub address: Option<SocketAddr>,
    pub zone: String,
    /// When it last became healthy; the beginning of its slow start, if it has one.
    pub healthy_since: Option<Moment>,
    pub slow_starts: bool,
}
