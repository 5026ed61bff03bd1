//! What happened in the lab, asked from it bit by bit.

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Happening {
    number: u64,
    pub(super) at: Timestamp,
    kind: String,
    pub(super) text: String,
}

impl std::fmt::Display for Happening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:8} {}", self.at, self.kind, self.text)
    }
}

#[derive(Deserialize)]
struct News {
    life: u64,
    events: Vec<Happening>,
}

#[derive(Debug)]
pub(super) struct Timeline {
    address: String,
    life: u64,
    last: u64,
}

impl Timeline {
    pub(super) fn of(endpoint: &str) -> Self {
        Self {
            address: endpoint.trim_start_matches("http://").to_owned(),
            life: 0,
            last: 0,
        }
    }

    /// What has happened since the last time, from the beginning the first time.
    pub(super) async fn news(&mut self) -> Result<Vec<Happening>> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let Self { address, life, last } = self;
        let request = format!(
            "GET /_lab/events?life={life}&since={last} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, body) = answer
            .split_once("\r\n\r\n")
            .context("an answer without a body")?;
        let news: News = serde_json::from_str(body).with_context(|| answer.clone())?;
        self.life = news.life;
        self.last = news.events.last().map_or(self.last, |one| one.number);
        Ok(news.events)
    }
}
