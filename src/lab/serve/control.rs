//! The lab's own API under `/_lab/`: look at it, break it, reset it, end it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::reply::{Problem, Reply, bare, json, page, see};
use crate::lab::dashboard;
use crate::lab::house::House;

/// How long a question for news may stay open, and how often it is looked whether there are any.
const NEWS_AT_MOST: Duration = Duration::from_secs(25);
const NEWS_EVERY: Duration = Duration::from_millis(200);

const PATHS: &str =
    "/_lab/, /_lab/state, /_lab/events, /_lab/faults, /_lab/reset, /_lab/down, /_lab/certificate";

pub(super) async fn control(
    house: &Arc<House>,
    method: &Method,
    path: &str,
    query: Option<&str>,
    body: Bytes,
) -> Result<Reply, Problem> {
    match (method.as_str(), path) {
        ("GET", "/_lab") => Ok(see("/_lab/")),
        ("GET", "/_lab/") => Ok(page(dashboard::PAGE)),
        ("GET", "/_lab/state") => Ok(json(StatusCode::OK, &house.picture().await)),
        ("GET", "/_lab/events") => news(house, query.unwrap_or_default()).await,
        ("GET", "/_lab/certificate") => Ok(bare(
            StatusCode::OK,
            "application/x-pem-file",
            house.life().await.certificate(),
        )),
        ("POST", "/_lab/faults") => {
            let fault = std::str::from_utf8(&body).map_err(|_| bad("a fault is a line of text"))?;
            house.life().await.fault(fault.trim()).map_err(bad)?;
            Ok(json(StatusCode::OK, &json!({})))
        }
        ("DELETE", "/_lab/faults") => {
            house.life().await.heal();
            Ok(json(StatusCode::OK, &json!({})))
        }
        ("POST", "/_lab/reset") => {
            let failed = |reason: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, reason);
            house.reset().await.map_err(|error| failed(error.to_string()))?;
            Ok(json(StatusCode::OK, &json!({})))
        }
        ("POST", "/_lab/down") => {
            house.ask_down();
            Ok(json(StatusCode::OK, &json!({})))
        }
        (
            _,
            "/_lab/" | "/_lab/state" | "/_lab/events" | "/_lab/faults" | "/_lab/reset" | "/_lab/down"
            | "/_lab/certificate",
        ) => Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{path} does not take {method}"),
        )),
        _ => Err(Problem::new(
            StatusCode::NOT_FOUND,
            format!("there is no {path} here, only {PATHS}"),
        )),
    }
}

fn bad(reason: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, reason)
}

/// What happened after `since` in `life`; waits up to `wait` seconds for something to happen.
async fn news(house: &Arc<House>, query: &str) -> Result<Reply, Problem> {
    let number = |name: &str| match query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
    {
        Some((_, value)) => value
            .parse::<u64>()
            .map_err(|_| bad(format!("{name} is not a number: {value}"))),
        None => Ok(0),
    };
    let (life, since) = (number("life")?, number("since")?);
    let until = Instant::now() + Duration::from_secs(number("wait")?).min(NEWS_AT_MOST);
    loop {
        let news = house.news(life, since).await;
        if !news.events.is_empty() || Instant::now() >= until {
            return Ok(json(StatusCode::OK, &news));
        }
        sleep(NEWS_EVERY).await;
    }
}
