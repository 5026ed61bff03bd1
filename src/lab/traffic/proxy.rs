//! One request from its arrival to the head of its response: rule, target group, target, and what comes of it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::header::{CONNECTION, COOKIE, HOST, UPGRADE};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use jiff::Timestamp;

use super::answers;
use super::backend::{Backend, InFlight};
use super::exchange::{Failed, fate};
use super::group::{Group, by_weight};
use super::picture::{Picture, Seen};
use super::receiving::{ResponseBody, Stream};
use super::record::Record;
use super::rules::{self, Asked};
use super::sending::{RequestBody, Way, send};
use super::tally::Measure;
use super::visit::Visit;
use super::{cookies, forwarded, redirect, tunnel};
use crate::lab::world::routing::{Action, Pool, Protocol, TargetStickiness};

/// Answers one request; never fails, for a failure is an answer, too.
pub(super) async fn answer(visit: Arc<Visit>, mut request: Request<Incoming>) -> Response<ResponseBody> {
    let picture = visit.plane.gallery.current();
    let upgrade = request
        .headers()
        .contains_key(UPGRADE)
        .then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let Some(seen) = picture.listeners.get(&*visit.listener) else {
        // The listener was deleted while this connection was open.
        let record = Record::begin(&visit, &Arc::default(), "-", &parts);
        return answers::error(503, record);
    };
    let listener = &seen.listener;
    let mut record = Record::begin(&visit, &seen.tally, &listener.balancer.dimension, &parts);
    let Some(host) = host(&parts) else {
        return answers::error(400, record);
    };
    if parts.method == Method::CONNECT {
        return answers::error(400, record);
    }
    let asked = Asked {
        host: without_port(&host),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or(""),
        method: parts.method.as_str(),
        headers: &parts.headers,
        source: visit.client.ip(),
    };
    let Some((place, rule)) = rules::first(&listener.rules, &asked) else {
        return answers::error(503, record);
    };
    let is_default = place + 1 == listener.rules.len();
    match &rule.action {
        Action::Fixed {
            status,
            content_type,
            body,
        } => {
            record.rule(place, is_default, "fixed-response");
            record.tally.add(Measure::FixedResponses);
            answers::fixed(*status, content_type, body, record)
        }
        Action::Redirect { status, .. } => {
            record.rule(place, is_default, "redirect");
            record.tally.add(Measure::Redirects);
            let location = redirect::location(&rule.action, &asked, &visit, &picture, seen);
            answers::redirect(*status, &location, record)
        }
        Action::Forward { pools, stickiness } => {
            record.rule(place, is_default, "forward");
            let Some(target) = choose(&picture, pools, *stickiness, &parts.headers, &visit) else {
                return answers::error(503, record);
            };
            let task = Task {
                visit: &visit,
                seen,
                target,
                upgrade,
                record,
            };
            task.forward(parts, body, host).await
        }
    }
}

/// Whom a request goes to, and what the client is to remember of it.
struct Chosen<'a> {
    group: &'a Group,
    backend: &'a Arc<Backend>,
    /// How long the client is to come back to the target group.
    group_memory: Option<Duration>,
}

fn choose<'a>(
    picture: &'a Picture,
    pools: &[(Arc<Pool>, u32)],
    stickiness: Option<Duration>,
    headers: &HeaderMap,
    visit: &Visit,
) -> Option<Chosen<'a>> {
    let plane = &visit.plane;
    let remembered = |names: &[&str]| {
        headers
            .contains_key(COOKIE)
            .then(|| cookies::remembered(headers, names, Timestamp::now()))
            .flatten()
    };
    // Weights are for clients who come without the cookie.
    let known = stickiness.and_then(|_| remembered(&cookies::GROUP));
    let known = known.and_then(|known| {
        pools
            .iter()
            .map(|(pool, _)| pool)
            .find(|pool| pool.dimension == known)
    });
    let pool = known.or_else(|| by_weight(pools, &plane.chance))?;
    let group = picture.groups.get(&pool.arn)?;
    let name = match &group.pool.stickiness {
        Some(TargetStickiness::BalancerCookie { .. }) => remembered(&cookies::TARGET),
        Some(TargetStickiness::AppCookie { .. }) => remembered(&[cookies::APPLICATION]),
        None => None,
    };
    let backend = name
        .and_then(|name| group.named(&name))
        .or_else(|| group.choose(&plane.chance, plane.now()))?;
    Some(Chosen {
        group,
        backend,
        group_memory: stickiness,
    })
}

/// A request that has its target.
struct Task<'a> {
    visit: &'a Arc<Visit>,
    seen: &'a Seen,
    target: Chosen<'a>,
    upgrade: Option<OnUpgrade>,
    record: Record,
}

impl Task<'_> {
    async fn forward(mut self, parts: Parts, body: Incoming, host: HeaderValue) -> Response<ResponseBody> {
        let Chosen { group, backend, .. } = self.target;
        let in_flight = InFlight::at(backend);
        for tally in [&self.seen.tally, &group.tally] {
            tally.add(Measure::Requests);
            if group.pool.failed_open {
                tally.add(Measure::UnhealthyRouting);
            }
        }
        let http2 = group.pool.protocol != Protocol::Http1;
        let (parts, upgrades) = self.prepared(parts, host, http2);
        self.record
            .target(&group.pool.arn, backend.address, &parts.headers);

        let exchange = Arc::clone(&self.record.exchange);
        let request = Request::from_parts(parts, RequestBody::new(body, Arc::clone(&exchange)));
        let connectors = &self.visit.plane.connectors;
        let tls = group.pool.tls.then_some(&connectors[usize::from(http2)]);
        let way = Way {
            tls,
            http2,
            tally: &self.seen.tally,
        };
        let idle = self.seen.listener.balancer.idle_timeout;
        let mut doom: Pin<Box<dyn Future<Output = Failed> + Send>> =
            Box::pin(fate(exchange, Arc::clone(backend), idle));
        let (response, line) = match send(request, backend, way, doom.as_mut()).await {
            Ok(sent) => sent,
            Err(failed) => return self.failed(failed),
        };

        let (mut head, incoming) = response.into_parts();
        let status = head.status.as_u16();
        let took = self.record.since_target();
        for tally in [&self.seen.tally, &group.tally] {
            tally.answered(status, took);
        }
        self.record.answer(status);
        let back = head.extensions.remove::<OnUpgrade>();
        let protocol = forwarded::drop_hop_by_hop(&mut head.headers);
        self.remember(&mut head.headers);
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            let (Some(client), Some(target), Some(line), true) = (self.upgrade.take(), back, line, upgrades)
            else {
                return self.failed(Failed::Broken);
            };
            head.headers
                .insert(CONNECTION, HeaderValue::from_static("upgrade"));
            if let Some(protocol) = protocol {
                head.headers.insert(UPGRADE, protocol);
            }
            tunnel::dig(
                tunnel::Ends { client, target, line },
                doom,
                in_flight,
                self.record,
                &self.visit.plane,
            );
            return Response::from_parts(head, ResponseBody::Empty);
        }
        let mut stream = Box::new(Stream {
            incoming,
            line,
            doom,
            in_flight,
            record: self.record,
        });
        poll_fn(|context| {
            stream.keep_line_at_end(context);
            Poll::Ready(())
        })
        .await;
        Response::from_parts(head, ResponseBody::Target(stream))
    }

    /// The head of the request as the target gets it, and whether it asks for another protocol.
    fn prepared(&self, mut parts: Parts, host: HeaderValue, http2: bool) -> (Parts, bool) {
        let protocol =
            forwarded::drop_hop_by_hop(&mut parts.headers).filter(|_| self.upgrade.is_some() && !http2);
        if parts.version == Version::HTTP_2 {
            join_cookies(&mut parts.headers);
        }
        let missing_host = (!http2 && !parts.headers.contains_key(HOST)).then(|| host.clone());
        forwarded::prepare(
            &mut parts.headers,
            self.visit,
            &self.seen.listener,
            missing_host,
            &self.visit.plane.chance,
        );
        let upgrades = protocol.is_some();
        if let Some(protocol) = protocol {
            parts
                .headers
                .insert(CONNECTION, HeaderValue::from_static("upgrade"));
            parts.headers.insert(UPGRADE, protocol);
        }
        if http2 {
            parts.headers.remove(HOST);
            parts.version = Version::HTTP_2;
            parts.uri = absolute(parts.uri, &host);
        } else {
            parts.version = Version::HTTP_11;
            if parts.uri.authority().is_some() {
                parts.uri = parts
                    .uri
                    .path_and_query()
                    .cloned()
                    .map_or_else(Uri::default, Uri::from);
            }
        }
        parts.extensions.clear();
        (parts, upgrades)
    }

    fn failed(self, failed: Failed) -> Response<ResponseBody> {
        if matches!(failed, Failed::Unreachable | Failed::ConnectTimeout) {
            for tally in [&self.seen.tally, &self.target.group.tally] {
                tally.add(Measure::TargetConnectionErrors);
            }
        }
        answers::error(failed.status(), self.record)
    }

    /// Lets the client remember where it was.
    fn remember(&self, headers: &mut HeaderMap) {
        let Chosen {
            group,
            backend,
            group_memory,
        } = &self.target;
        if let Some(duration) = group_memory {
            cookies::remember(
                headers,
                &cookies::GROUP,
                &group.pool.dimension,
                *duration,
                Timestamp::now(),
            );
        }
        match &group.pool.stickiness {
            Some(TargetStickiness::BalancerCookie { duration }) => {
                cookies::remember(
                    headers,
                    &cookies::TARGET,
                    &backend.name,
                    *duration,
                    Timestamp::now(),
                );
            }
            Some(TargetStickiness::AppCookie { name, duration }) if cookies::sets(headers, name) => {
                cookies::remember(
                    headers,
                    &[cookies::APPLICATION],
                    &backend.name,
                    *duration,
                    Timestamp::now(),
                );
            }
            _ => {}
        }
    }
}

/// What host is asked for; HTTP/1.1 must say it, HTTP/1.0 need not.
fn host(parts: &Parts) -> Option<HeaderValue> {
    if let Some(authority) = parts.uri.authority() {
        return HeaderValue::from_str(authority.as_str()).ok();
    }
    match parts.headers.get(HOST) {
        Some(host) => host.to_str().is_ok().then(|| host.clone()),
        None => (parts.version == Version::HTTP_10).then(|| HeaderValue::from_static("")),
    }
}

fn without_port(host: &HeaderValue) -> &str {
    let host = host.to_str().unwrap_or("");
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// HTTP/2 may send cookies one by one; HTTP/1.1 has one line.
fn join_cookies(headers: &mut HeaderMap) {
    let lines: Vec<_> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if lines.len() > 1
        && let Ok(line) = HeaderValue::from_bytes(&lines.join(&b"; "[..]))
    {
        headers.insert(COOKIE, line);
    }
}

fn absolute(uri: Uri, host: &HeaderValue) -> Uri {
    let mut parts = uri.into_parts();
    parts.scheme = Some(Scheme::HTTP);
    let authority = Authority::try_from(host.as_bytes());
    parts.authority = Some(authority.unwrap_or_else(|_| Authority::from_static("localhost")));
    parts
        .path_and_query
        .get_or_insert_with(|| PathAndQuery::from_static("/"));
    Uri::from_parts(parts).unwrap_or_default()
}
