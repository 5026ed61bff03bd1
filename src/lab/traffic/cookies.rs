//! Stickiness: the cookies by which a client comes back to its target group and its target.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

/// Remembers the target group. The second one is for requests from other origins.
pub(super) const GROUP: [&str; 2] = ["AWSALBTG", "AWSALBTGCORS"];
/// Remembers the target for a fixed time.
pub(super) const TARGET: [&str; 2] = ["AWSALB", "AWSALBCORS"];
/// Remembers the target for as long as the application's own cookie lives.
pub(super) const APPLICATION: &str = "AWSALBAPP-0";

/// The value of a cookie the client sent.
pub(super) fn sent<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .find_map(|line| {
            line.split(';')
                .filter_map(|pair| pair.trim().split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        })
}

/// Whom one of these cookies remembers, unless it is too old or not ours.
pub(super) fn remembered(headers: &HeaderMap, names: &[&str], now: Timestamp) -> Option<String> {
    names.iter().find_map(|name| {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(sent(headers, name)?).ok()?).ok()?;
        let (until, whom) = plain.split_once(' ')?;
        (until.parse::<i64>().ok()? > now.as_second()).then(|| whom.to_owned())
    })
}

/// Adds the cookies that remember `whom`, the second one in the form browsers want for other origins.
pub(super) fn remember(
    headers: &mut HeaderMap,
    names: &[&str],
    whom: &str,
    duration: Duration,
    now: Timestamp,
) {
    let until = now.saturating_add(duration).unwrap_or(Timestamp::MAX);
    let value = URL_SAFE_NO_PAD.encode(format!("{} {whom}", until.as_second()));
    let expires = until.strftime("%a, %d %b %Y %H:%M:%S GMT");
    for name in names {
        let foreign = if name.ends_with("CORS") {
            "; SameSite=None; Secure"
        } else {
            ""
        };
        if let Ok(line) = HeaderValue::try_from(format!("{name}={value}; Expires={expires}; Path=/{foreign}"))
        {
            headers.append(SET_COOKIE, line);
        }
    }
}

/// Whether a response sets a cookie of this name.
pub(super) fn sets(headers: &HeaderMap, name: &str) -> bool {
    headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .any(|line| line.split_once('=').is_some_and(|(key, _)| key.trim() == name))
}
