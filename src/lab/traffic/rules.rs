//! Which rule of a listener a request meets: decided anew for every request, from the rules alone.

use std::net::IpAddr;

use http::HeaderMap;

use super::wildcard::{Case, fits};
use crate::lab::world::routing::{Condition, Rule};

/// What a rule can see of a request.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Without a port.
    pub host: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub method: &'a str,
    pub headers: &'a HeaderMap,
    pub source: IpAddr,
}

/// The first rule whose conditions all hold, and its place.
pub fn first<'a>(rules: &'a [Rule], asked: &Asked<'_>) -> Option<(usize, &'a Rule)> {
    rules
        .iter()
        .enumerate()
        .find(|(_, rule)| rule.conditions.iter().all(|condition| holds(condition, asked)))
}

fn holds(condition: &Condition, asked: &Asked<'_>) -> bool {
    match condition {
        Condition::Host(hosts) => hosts.iter().any(|host| fits(host, asked.host, Case::Ignored)),
        Condition::Path(paths) => paths.iter().any(|path| fits(path, asked.path, Case::Matters)),
        Condition::Header { name, values } => asked
            .headers
            .get_all(name.as_str())
            .iter()
            .filter_map(|given| std::str::from_utf8(given.as_bytes()).ok())
            .any(|given| values.iter().any(|value| fits(value, given, Case::Ignored))),
        Condition::Method(methods) => methods.iter().any(|method| method == asked.method),
        Condition::Query(wanted) => wanted
            .iter()
            .any(|(key, value)| asks(asked.query, key.as_deref(), value)),
        Condition::Source(blocks) => blocks.iter().any(|block| within(block, asked.source)),
    }
}

fn asks(query: &str, key: Option<&str>, value: &str) -> bool {
    query.split('&').filter(|pair| !pair.is_empty()).any(|pair| {
        let (given_key, given_value) = pair.split_once('=').unwrap_or((pair, ""));
        key.is_none_or(|key| fits(key, given_key, Case::Ignored)) && fits(value, given_value, Case::Ignored)
    })
}

/// Whether an address is in a CIDR block; never, when the block is not one.
fn within(block: &str, address: IpAddr) -> bool {
    let (network, length) = block.split_once('/').unwrap_or((block, ""));
    let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u32>()) else {
        return false;
    };
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let shift = 32_u32.saturating_sub(length);
            (network.to_bits() ^ address.to_bits())
                .checked_shr(shift)
                .unwrap_or(0)
                == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let shift = 128_u32.saturating_sub(length);
            (network.to_bits() ^ address.to_bits())
                .checked_shr(shift)
                .unwrap_or(0)
                == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
