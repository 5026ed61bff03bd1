//! Headers between client and target: what is dropped, what is told about the client, and the trace.

use http::header::{
    CONNECTION, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use super::chance::Chance;
use super::visit::Visit;
use crate::lab::world::routing::Listener;

pub(super) const TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Drops what is between two neighbours only. Says what protocol they wanted to change to.
pub(super) fn drop_hop_by_hop(headers: &mut HeaderMap) -> Option<HeaderValue> {
    let upgrade = headers.remove(UPGRADE);
    let mut upgrades = false;
    let lines: Vec<HeaderValue> = headers.get_all(CONNECTION).iter().cloned().collect();
    headers.remove(CONNECTION);
    let named = lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    for name in named.map(str::trim) {
        if name.eq_ignore_ascii_case("upgrade") {
            upgrades = true;
        } else if !name.eq_ignore_ascii_case("keep-alive") && !name.eq_ignore_ascii_case("te") {
            headers.remove(name);
        }
    }
    for name in [
        KEEP_ALIVE,
        PROXY_CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TRANSFER_ENCODING,
    ] {
        headers.remove(name);
    }
    // That trailers are understood is true all along the way.
    if headers.get(TE).is_some_and(|wanted| wanted != "trailers") {
        let trailers = headers
            .get(TE)
            .and_then(|wanted| wanted.to_str().ok())
            .is_some_and(|wanted| wanted.contains("trailers"));
        headers.remove(TE);
        if trailers {
            headers.insert(TE, HeaderValue::from_static("trailers"));
        }
    }
    upgrade.filter(|_| upgrades)
}

/// Makes the headers of a client's request those of the request to a target.
pub(super) fn prepare(
    headers: &mut HeaderMap,
    visit: &Visit,
    listener: &Listener,
    host: Option<HeaderValue>,
    chance: &Chance,
) {
    // The load balancer has asked for the body itself.
    headers.remove(EXPECT);
    if listener.balancer.drop_invalid_headers {
        drop_invalid(headers);
    }
    if let Some(host) = host {
        headers.insert(HOST, host);
    }
    match listener.balancer.forwarded_for.as_str() {
        "remove" => {
            headers.remove(FOR);
        }
        "preserve" => {}
        _ => append_client(headers, visit),
    }
    headers.insert(
        PROTO,
        HeaderValue::from_static(if listener.tls { "https" } else { "http" }),
    );
    headers.insert(PORT, HeaderValue::from(listener.port));
    trace(headers, chance);
}

fn append_client(headers: &mut HeaderMap, visit: &Visit) {
    if !headers.contains_key(FOR) {
        headers.insert(FOR, visit.client_header.clone());
        return;
    }
    let before: Vec<_> = headers
        .get_all(FOR)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    let line = format!("{}, {}", before.join(", "), visit.client.ip());
    if let Ok(line) = HeaderValue::try_from(line) {
        headers.insert(FOR, line);
    }
}

/// Begins a trace, or says that the one that came in went through here.
fn trace(headers: &mut HeaderMap, chance: &Chance) {
    let now = Timestamp::now().as_second();
    let (high, low) = (chance.bits() >> 32, chance.bits());
    let own = format!("1-{now:08x}-{high:08x}{low:016x}");
    let known = headers.get(TRACE).and_then(|line| line.to_str().ok());
    let line = match known {
        Some(known) if known.contains("Root=") => {
            let kept: Vec<_> = known
                .split(';')
                .filter(|part| !part.trim_start().starts_with("Self="))
                .collect();
            format!("Self={own};{}", kept.join(";"))
        }
        Some(known) if !known.is_empty() => format!("Root={own};{known}"),
        _ => format!("Root={own}"),
    };
    if let Ok(line) = HeaderValue::try_from(line) {
        headers.insert(TRACE, line);
    }
}

/// Names of anything but letters, digits and hyphens are not to reach a target.
fn drop_invalid(headers: &mut HeaderMap) {
    let is_valid = |name: &HeaderName| {
        name.as_str()
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let invalid: Vec<_> = headers.keys().filter(|name| !is_valid(name)).cloned().collect();
    for name in invalid {
        headers.remove(name);
    }
}
