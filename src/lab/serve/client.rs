//! Talks to a running lab: what the `lab` commands do after `lab up`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

use super::guard::CONTROL_HEADER;
use crate::lab::dashboard::Picture;

/// A reset ends every instance first, which takes some seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a running lab did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    #[error("no lab answers on port {0}: start one with `lab up`")]
    Nobody(u16),
    #[error("what listens on port {0} is not a lab")]
    Stranger(u16),
    #[error("the lab on port {0} did not answer in time")]
    Late(u16),
    #[error("the lab refuses: {0}")]
    Refused(String),
}

/// One running lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    port: u16,
}

impl Client {
    pub fn new(port: u16) -> Self {
        Self { port }
    }

    pub async fn state(&self) -> Result<Picture, Unanswered> {
        let answer = self.ask(Method::GET, "/_lab/state", "").await?;
        serde_json::from_slice(&answer).map_err(|_| Unanswered::Stranger(self.port))
    }

    /// Back to the seed. The ports stay as they are.
    pub async fn reset(&self) -> Result<(), Unanswered> {
        self.ask(Method::POST, "/_lab/reset", "").await.map(drop)
    }

    pub async fn fault(&self, fault: &str) -> Result<(), Unanswered> {
        self.ask(Method::POST, "/_lab/faults", fault).await.map(drop)
    }

    pub async fn heal(&self) -> Result<(), Unanswered> {
        self.ask(Method::DELETE, "/_lab/faults", "").await.map(drop)
    }

    pub async fn down(&self) -> Result<(), Unanswered> {
        self.ask(Method::POST, "/_lab/down", "").await.map(drop)
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> Result<Bytes, Unanswered> {
        let asked = tokio::time::timeout(PATIENCE, self.exchange(method, path, body.to_owned()));
        let (status, answer) = asked.await.map_err(|_| Unanswered::Late(self.port))??;
        if status.is_success() {
            return Ok(answer);
        }
        let problem: Problem =
            serde_json::from_slice(&answer).map_err(|_| Unanswered::Stranger(self.port))?;
        Err(Unanswered::Refused(problem.error))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<(StatusCode, Bytes), Unanswered> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let stream = TcpStream::connect(address)
            .await
            .map_err(|_| Unanswered::Nobody(self.port))?;
        let stranger = |_| Unanswered::Stranger(self.port);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(stranger)?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, address.to_string())
            .header(CONTROL_HEADER, "1")
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Unanswered::Stranger(self.port))?;
        let response = sender.send_request(request).await.map_err(stranger)?;
        let status = response.status();
        let answer = response.into_body().collect().await.map_err(stranger)?.to_bytes();
        connection.abort();
        Ok((status, answer))
    }
}

#[derive(Deserialize)]
struct Problem {
    error: String,
}
