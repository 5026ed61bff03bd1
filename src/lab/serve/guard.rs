//! Who may ask: programs on this machine. Not a web page from elsewhere, whatever name it resolved to this address.

use std::net::IpAddr;

use hyper::header::{HOST, HeaderMap, ORIGIN};
use hyper::{Method, StatusCode};

use super::reply::Problem;

/// The header that a control write must carry: a web page cannot send it without asking first, which is refused.
pub(super) const CONTROL_HEADER: &str = "x-lab";

/// How a browser says who made it ask.
const FETCH_SITE: &str = "sec-fetch-site";

/// Refuses requests that a browser may have been tricked into.
pub(super) fn admit(headers: &HeaderMap, from_uri: Option<&str>) -> Result<(), Problem> {
    let host = match (headers.get(HOST), from_uri) {
        (Some(host), _) => host.to_str().unwrap_or_default(),
        (None, Some(authority)) => authority,
        (None, None) => {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "the request has no Host header",
            ));
        }
    };
    if !is_local(host) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            format!("the host {host} is not this machine: ask for 127.0.0.1 or localhost"),
        ));
    }
    // A picture or a link asks without an origin, and a signed address is enough for a call.
    if headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site") {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "a page from elsewhere may not talk to the lab: type its address",
        ));
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    let from = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    if from.is_some_and(is_local) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        format!("a page from {origin} may not talk to the lab"),
    ))
}

/// Refuses a control write that a web page could have sent.
pub(super) fn admit_write(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if method == Method::GET || headers.get(CONTROL_HEADER).is_some_and(|value| value == "1") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        format!("a {method} here needs the header {CONTROL_HEADER}: 1"),
    ))
}

fn is_local(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (
            host,
            rest.strip_prefix(':').or_else(|| rest.is_empty().then_some("0")),
        ),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("0")),
        },
    };
    port.is_some_and(|port| port.parse::<u16>().is_ok())
        && (host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()))
}
