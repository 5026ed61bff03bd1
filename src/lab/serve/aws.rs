//! Calls of the AWS APIs, from the connection to the wire and back.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::http::request::Parts;

use super::Lost;
use super::reply::Reply;
use crate::lab::house::House;
use crate::lab::wire::{self, Outcome};

pub(super) async fn answer(house: &Arc<House>, head: Parts, body: Bytes) -> Result<Reply, Lost> {
    let request = Request::from_parts(head, body);
    let keeper = Arc::clone(house.life().await.keeper());
    let response = match keeper.with(|world| wire::answer(world, &request)) {
        Outcome::Respond(response) => response,
        Outcome::Late(wait, response) => {
            tokio::time::sleep(wait).await;
            response
        }
        Outcome::Lost => return Err(Lost),
    };
    Ok(response.map(Full::new))
}
