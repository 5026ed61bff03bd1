//! Calls of the AWS APIs, from the connection to the wire and back.

use std::sync::Arc;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::http::request::Parts;

use super::Lost;
use super::reply::{Problem, Reply};
use crate::lab::house::House;

pub(super) async fn answer(house: &Arc<House>, head: &Parts, body: Bytes) -> Result<Reply, Lost> {
    let _ = (house, head, body);
    Ok(Problem::new(StatusCode::NOT_IMPLEMENTED, "not yet").reply())
}
