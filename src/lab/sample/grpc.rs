//! Just enough gRPC: the standard health service, an echo, and the health check an ALB makes by default.

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::{Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Request, Response};

use super::body::Body;
use super::{Service, answer};

const OK: u8 = 0;
const UNIMPLEMENTED: u8 = 12;
const UNAVAILABLE: u8 = 14;

/// A message's frame (not compressed, two bytes long) around field 1 = 1: `HealthCheckResponse { status: SERVING }`.
const SERVING: [u8; 7] = [0, 0, 0, 0, 2, 0x08, 1];

pub(super) fn is_grpc(request: &Request<Incoming>) -> bool {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| content_type.starts_with("application/grpc"))
}

/// Answers a call. A balancer looks only at the call's status, so that is what being unhealthy changes.
pub(super) async fn answer(service: &Service, request: Request<Incoming>) -> Response<Body> {
    let healthy = service.knobs.health(service.began.elapsed()) < 400;
    match request.uri().path() {
        "/grpc.health.v1.Health/Check" if healthy => {
            let message = Full::new(Bytes::from_static(&SERVING)).map_err(|never| match never {});
            stream(
                message
                    .with_trailers(std::future::ready(Some(Ok(status(OK)))))
                    .boxed_unsync(),
            )
        }
        "/grpc.health.v1.Health/Check" | "/AWS.ALB/healthcheck" if !healthy => failed(UNAVAILABLE),
        "/lab.Echo/Say" => match answer::trouble(service).await {
            Some(_) => failed(UNAVAILABLE),
            None => stream(said(request.into_body())),
        },
        _ => failed(UNIMPLEMENTED),
    }
}

/// The caller's messages as they come, then success. The caller's own trailers are not for the callee to send.
fn said(incoming: Incoming) -> Body {
    let messages = futures_util::stream::unfold(Some(incoming), |incoming| async move {
        let mut incoming = incoming?;
        loop {
            match incoming.frame().await {
                Some(Ok(frame)) if frame.is_data() => return Some((Ok(frame), Some(incoming))),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Some((Err(error), None)),
                None => return Some((Ok(Frame::trailers(status(OK))), None)),
            }
        }
    });
    StreamBody::new(messages).boxed_unsync()
}

fn stream(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// The status in the head itself, as calls without a message end.
fn failed(code: u8) -> Response<Body> {
    let mut response = stream(super::body::full(Bytes::new()));
    response.headers_mut().extend(status(code));
    response
}

fn status(code: u8) -> HeaderMap {
    HeaderMap::from_iter([(
        hyper::header::HeaderName::from_static("grpc-status"),
        u16::from(code).into(),
    )])
}
