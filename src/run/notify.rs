//! Delivers one letter, if it can be done in time. Nothing depends on whether it arrives.

use bytes::Bytes;
use thiserror::Error;

use super::post::post;
use crate::model::notify::{Address, Letter};

#[derive(Debug, Error)]
pub enum Undelivered {
    #[error("the variable {0} is not set")]
    NoAddress(String),
    #[error("{0}")]
    Post(String),
    #[error("HTTP status {0}")]
    Refused(u16),
}

/// Sends it once.
pub async fn deliver(letter: Letter, env: fn(&str) -> Option<String>) -> Result<(), Undelivered> {
    let url = match &letter.to {
        Address::Url(url) => url.clone(),
        Address::Variable(name) => env(name)
            .filter(|url| !url.is_empty())
            .ok_or_else(|| Undelivered::NoAddress(name.clone()))?,
    };
    let body = Bytes::from(letter.body);
    let answered = post(&url, letter.kind, &[], body, letter.timeout)
        .await
        .map_err(|error| Undelivered::Post(error.to_string()))?;
    if answered.status.is_success() {
        Ok(())
    } else {
        Err(Undelivered::Refused(answered.status.as_u16()))
    }
}
