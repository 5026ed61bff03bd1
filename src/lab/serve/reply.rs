//! Answers of the control API: JSON, the page, and problems that say what is wrong.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use serde::Serialize;

pub(super) type Reply = Response<Full<Bytes>>;

/// Nothing from elsewhere, and no frame around it.
const ONLY_ITSELF: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                           connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A request that is not carried out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    #[serde(skip)]
    status: StatusCode,
    error: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            status,
            error: error.into(),
        }
    }

    pub(super) fn reply(&self) -> Reply {
        json(self.status, self)
    }
}

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    let body = serde_json::to_vec(value).unwrap_or_default();
    bare(status, "application/json", body)
}

pub(super) fn page(html: &'static str) -> Reply {
    let mut reply = bare(StatusCode::OK, "text/html; charset=utf-8", html.as_bytes());
    reply
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(ONLY_ITSELF));
    reply.headers_mut().insert(
        HeaderName::from_static("referrer-policy"),
        HeaderValue::from_static("no-referrer"),
    );
    reply
}

pub(super) fn see(path: &'static str) -> Reply {
    let mut reply = bare(StatusCode::SEE_OTHER, "text/plain", Bytes::new());
    reply
        .headers_mut()
        .insert(LOCATION, HeaderValue::from_static(path));
    reply
}

pub(super) fn bare(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}
