//! One document, sent to one address.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::model::step::span;

/// How much of an answer is read.
const ANSWER: usize = 32 * 1024;

#[derive(Debug, Error)]
pub(super) enum PostError {
    #[error("the address cannot be used: {0}")]
    Address(String),
    #[error("{host} could not be reached: {error}")]
    Unreachable { host: String, error: std::io::Error },
    #[error("no certificate of this machine's trusted authorities could be read; set SSL_CERT_FILE")]
    NobodyTrusted,
    #[error("the request failed: {0}")]
    Failed(String),
    #[error("no answer came within {}", span(*.0))]
    TooLong(Duration),
}

/// What came back.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Sends it once; no redirect is followed.
pub(super) async fn post(
    url: &str,
    kind: &str,
    headers: &[(&'static str, String)],
    body: Bytes,
    limit: Duration,
) -> Result<Answered, PostError> {
    let authorities = || rustls_native_certs::load_native_certs().certs;
    timeout(limit, sent(url, kind, headers, body, authorities))
        .await
        .unwrap_or(Err(PostError::TooLong(limit)))
}

async fn sent(
    url: &str,
    kind: &str,
    headers: &[(&'static str, String)],
    body: Bytes,
    authorities: impl Fn() -> Vec<CertificateDer<'static>>,
) -> Result<Answered, PostError> {
    let address = |why: &str| PostError::Address(why.to_owned());
    let uri: Uri = url.parse().map_err(|_| address("it is not a URL"))?;
    let host = uri.host().ok_or_else(|| address("it names no host"))?;
    let secure = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(address("it begins neither with http:// nor with https://")),
    };
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = match uri.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let mut request = Request::post(path)
        .header(HOST, authority)
        .header(USER_AGENT, concat!("swingbridge/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, kind);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request
        .body(Full::new(body))
        .map_err(|error| PostError::Failed(error.to_string()))?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((bare, port))
        .await
        .map_err(|error| PostError::Unreachable {
            host: host.to_owned(),
            error,
        })?;
    if !secure {
        return exchanged(stream, request).await;
    }
    let name = ServerName::try_from(bare.to_owned()).map_err(|_| address("its host is no name"))?;
    let stream = trusting(authorities())?
        .connect(name, stream)
        .await
        .map_err(|error| PostError::Unreachable {
            host: host.to_owned(),
            error,
        })?;
    exchanged(stream, request).await
}

/// Whoever shows a certificate of one of these.
fn trusting(authorities: Vec<CertificateDer<'static>>) -> Result<TlsConnector, PostError> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(authorities);
    if added == 0 {
        return Err(PostError::NobodyTrusted);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| PostError::Failed(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn exchanged<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answered, PostError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| PostError::Failed(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    tokio::pin!(connection);
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(failed)?;
        let status = answer.status();
        // The status has been said; a body that is too long or breaks off changes nothing about it.
        let body = Limited::new(answer.into_body(), ANSWER).collect().await;
        Ok(Answered {
            status,
            body: body.map(|body| body.to_bytes()).unwrap_or_default(),
        })
    };
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        answered = &mut exchange => answered,
        // What it read before it ended, in whatever way, is still to be taken.
        ended = &mut connection => match (exchange.await, ended) {
            (Err(_), Err(error)) => Err(failed(error)),
            (exchanged, _) => exchanged,
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    #[tokio::test]
    async fn what_is_sent_encrypted_goes_only_to_whom_an_authority_vouches_for() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let own = made.cert.der().clone();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![own.clone()], key)
            .expect("a configuration");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever does not trust us hangs up.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let _ = stream.read(&mut [0; 4096]).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                stream.write_all(answer).await.expect("it listens");
            }
        });
        let url = format!("https://localhost:{port}/");
        let send = async |authorities: Vec<CertificateDer<'static>>| {
            sent(&url, "text/plain", &[], Bytes::from("hello"), || {
                authorities.clone()
            })
            .await
        };
        let answered = send(vec![own]).await.expect("an answer");
        assert_eq!((answered.status.as_u16(), &answered.body[..]), (200, &b"ok"[..]));
        let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let refused = send(vec![other.cert.der().clone()]).await;
        assert!(matches!(refused, Err(PostError::Unreachable { .. })));
        assert!(matches!(send(Vec::new()).await, Err(PostError::NobodyTrusted)));
    }
}
