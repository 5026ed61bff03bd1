//! Where a redirect leads, with the request's own parts in its place.

use super::picture::{Picture, Seen};
use super::rules::Asked;
use super::visit::Visit;
use crate::lab::world::routing::Action;

/// Where a redirect leads. A port on which this load balancer listens is given as the one that it has on this machine.
pub(super) fn location(
    action: &Action,
    asked: &Asked<'_>,
    visit: &Visit,
    picture: &Picture,
    seen: &Seen,
) -> String {
    let Action::Redirect {
        protocol,
        port,
        host,
        path,
        query,
        ..
    } = action
    else {
        return String::new();
    };
    let listener = &seen.listener;
    let place = Place {
        protocol: if listener.tls { "https" } else { "http" },
        host: asked.host,
        port: &listener.port.to_string(),
        path: asked.path,
        query: asked.query,
    };
    let mut port = filled(port, &place);
    let same = picture.listeners.values().map(|seen| &seen.listener);
    let mut same = same.filter(|other| other.balancer.arn == listener.balancer.arn);
    if let Some(there) = same.find(|other| other.port.to_string() == port)
        && let Some(address) = visit.plane.addresses.borrow().get(&there.arn)
    {
        port = address.port().to_string();
    }
    let query = filled(query, &place);
    let query = if query.is_empty() {
        query
    } else {
        format!("?{query}")
    };
    let protocol = filled(protocol, &place).to_ascii_lowercase();
    format!(
        "{protocol}://{}:{port}{}{query}",
        filled(host, &place),
        filled(path, &place)
    )
}

/// Where a request came to, for a redirect's placeholders.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    protocol: &'a str,
    host: &'a str,
    port: &'a str,
    path: &'a str,
    query: &'a str,
}

/// Puts the request's own parts where a redirect names them.
fn filled(template: &str, place: &Place<'_>) -> String {
    template
        .replace("#{protocol}", place.protocol)
        .replace("#{host}", place.host)
        .replace("#{port}", place.port)
        .replace("#{path}", place.path.trim_start_matches('/'))
        .replace("#{query}", place.query)
}
