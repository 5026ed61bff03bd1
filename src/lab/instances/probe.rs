//! One health check as a load balancer makes it, over a connection of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, TE, USER_AGENT};
use hyper::{Method, Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::trust;
use crate::lab::world::orders::{Answer, Probe};

const AGENT: &str = "ELB-HealthChecker/2.0";

/// Why a check has no answer; which of the reasons it was makes no difference to a balancer.
type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn probe(probe: &Probe) -> Answer {
    let Some(address) = probe.address else {
        return Answer::Refused;
    };
    match timeout(probe.timeout, ask(probe, address)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Answer::Refused,
        Err(_) => Answer::TimedOut,
    }
}

async fn ask(probe: &Probe, address: SocketAddr) -> Result<Answer, Failure> {
    let socket = TcpStream::connect(address).await?;
    if probe.tls {
        let two = probe.grpc || probe.http2;
        let connector = TlsConnector::from(Arc::new(trust::anybody(if two {
            &[b"h2"]
        } else {
            &[b"http/1.1"]
        })?));
        talk(
            probe,
            address,
            connector.connect(ServerName::from(address.ip()), socket).await?,
        )
        .await
    } else {
        talk(probe, address, socket).await
    }
}

async fn talk<S>(probe: &Probe, address: SocketAddr, socket: S) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let io = TokioIo::new(socket);
    // What drives the connection ends with this check, however that ends.
    let mut driver = JoinSet::new();
    if !(probe.grpc || probe.http2) {
        let (mut sender, connection) = http1::handshake(io).await?;
        driver.spawn(connection);
        let request = Request::get(&probe.path)
            .header(HOST, address.to_string())
            .header(USER_AGENT, AGENT)
            .header(CONNECTION, "close")
            .body(Empty::<Bytes>::new())?;
        return Ok(Answer::Status(
            sender.send_request(request).await?.status().as_u16(),
        ));
    }
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
    driver.spawn(connection);
    let scheme = if probe.tls { "https" } else { "http" };
    let request = Request::builder()
        .uri(format!("{scheme}://{address}{}", probe.path))
        .version(Version::HTTP_2)
        .header(USER_AGENT, AGENT);
    if probe.grpc {
        // An empty message: not compressed, no bytes.
        let request = request
            .method(Method::POST)
            .header(CONTENT_TYPE, "application/grpc")
            .header(TE, "trailers")
            .body(Full::new(Bytes::from_static(&[0; 5])))?;
        called(sender.send_request(request).await?).await
    } else {
        let request = request.body(Full::default())?;
        Ok(Answer::Status(
            sender.send_request(request).await?.status().as_u16(),
        ))
    }
}

/// A call's status is in its head when there is no message, else at its end; what is not a call has only HTTP's.
async fn called(response: Response<Incoming>) -> Result<Answer, Failure> {
    if let Some(status) = grpc_status(response.headers()) {
        return Ok(Answer::Grpc(status));
    }
    let http = response.status().as_u16();
    let end = response.into_body().collect().await?;
    Ok(end
        .trailers()
        .and_then(grpc_status)
        .map_or(Answer::Status(http), Answer::Grpc))
}

fn grpc_status(headers: &HeaderMap) -> Option<u32> {
    headers.get("grpc-status")?.to_str().ok()?.trim().parse().ok()
}
