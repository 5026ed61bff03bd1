//! What each path is answered.

use std::convert::Infallible;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRAILER, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use serde_json::json;
use tokio::time::sleep;

use super::body::{self, Body};
use super::{Identity, Service, grpc, websocket};

/// Answers one request, late or wrong if the knobs say so, and signs the answer.
pub(super) async fn answer(
    service: Service,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let identity = service.identity.clone();
    let mut response = if grpc::is_grpc(&request) {
        grpc::answer(&service, request).await
    } else if service
        .knobs
        .checks(request.uri().path(), is_by_balancer(&request))
    {
        let status = service.knobs.health(service.began.elapsed());
        text(
            status,
            format!("{}\n", if status < 400 { "healthy" } else { "unhealthy" }),
        )
    } else {
        match trouble(&service).await {
            Some(status) => text(status, format!("{} fails as told\n", identity.version)),
            None => plain(service, request),
        }
    };
    sign(&mut response, &identity);
    Ok(response)
}

/// Waits as long as the knobs say; the status to fail with, if this request is to fail.
pub(super) async fn trouble(service: &Service) -> Option<u16> {
    let knobs = &service.knobs;
    // Before anybody waits, so that requests draw in the order in which they come.
    let draw = service.chance.draw();
    let delay = knobs.latency + knobs.jitter.mul_f64(draw.jitter);
    if !delay.is_zero() {
        sleep(delay).await;
    }
    (draw.error < knobs.error_rate).then_some(knobs.error_status)
}

fn plain(service: Service, request: Request<Incoming>) -> Response<Body> {
    let identity = &service.identity;
    match request.uri().path() {
        "/" => text(200, introduction(identity)),
        "/version" => typed(
            "application/json",
            body::full(
                json!({
                    "version": identity.version,
                    "instance": identity.instance,
                    "generation": identity.generation,
                    "pid": std::process::id(),
                })
                .to_string(),
            ),
        ),
        "/slow" => match number(&request, "ms") {
            Ok(ms) => typed(
                "text/plain",
                body::slow(Duration::from_millis(ms), identity.version.clone()),
            ),
            Err(said) => text(400, said),
        },
        "/bytes" => match number(&request, "n") {
            Ok(count) => {
                let mut response = typed("application/octet-stream", body::much(count));
                response.headers_mut().insert(CONTENT_LENGTH, count.into());
                response
            }
            Err(said) => text(400, said),
        },
        "/echo" => echo(request),
        "/ws" => websocket::answer(&service, request),
        path => text(404, format!("there is nothing at {path}\n")),
    }
}

fn is_by_balancer(request: &Request<Incoming>) -> bool {
    let agent = request
        .headers()
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    agent.is_some_and(|agent| agent.starts_with("ELB-HealthChecker/"))
}

fn introduction(identity: &Identity) -> String {
    let generation = identity.generation.as_deref().unwrap_or("none");
    format!(
        "version {} on {} (generation {generation})\n",
        identity.version, identity.instance
    )
}

/// The request's body as it comes, with its type and its trailers.
fn echo(request: Request<Incoming>) -> Response<Body> {
    let (parts, incoming) = request.into_parts();
    let mut response = Response::new(incoming.boxed_unsync());
    for name in [CONTENT_TYPE, TRAILER] {
        if let Some(value) = parts.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn number(request: &Request<Incoming>, key: &str) -> Result<u64, String> {
    let query = request.uri().query().unwrap_or_default();
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| format!("{} needs ?{key}= and a number\n", request.uri().path()))
}

pub(super) fn text(status: u16, text: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = typed("text/plain; charset=utf-8", body::full(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

fn typed(content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A version may be any text; what cannot stand in a header is written as `?`.
fn sign(response: &mut Response<Body>, identity: &Identity) {
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-version", &identity.version),
        ("x-instance", &identity.instance),
    ] {
        let visible: String = value
            .chars()
            .map(|c| if (' '..='~').contains(&c) { c } else { '?' })
            .collect();
        if let Ok(value) = HeaderValue::try_from(visible) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}
