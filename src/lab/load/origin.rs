//! Where a load goes: opens connections to one host, in clear text or over TLS.

use std::sync::Arc;

use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Load, LoadError};

/// A connection, whatever protects it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(super) struct Origin {
    host: String,
    port: u16,
    tls: Option<Tls>,
    target: Uri,
}

struct Tls {
    name: ServerName<'static>,
    http1: TlsConnector,
    http2: TlsConnector,
}

impl Origin {
    pub(super) fn of(load: &Load) -> Result<Self, LoadError> {
        let target = load.target.clone();
        let secure = match target.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(LoadError::Target(target)),
        };
        let Some(host) = target.host() else {
            return Err(LoadError::Target(target));
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        let port = target.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let tls = if secure {
            Some(Tls::towards(&host, load)?)
        } else {
            None
        };
        Ok(Self {
            host,
            port,
            tls,
            target,
        })
    }

    /// The whole URL of another path of this host.
    pub(super) fn at(&self, path: &str) -> Uri {
        let mut parts = self.target.clone().into_parts();
        parts.path_and_query = path.parse::<PathAndQuery>().ok();
        Uri::from_parts(parts).unwrap_or_else(|_| self.target.clone())
    }

    pub(super) fn target(&self) -> &Uri {
        &self.target
    }

    pub(super) async fn connect(&self, http2: bool) -> std::io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let connector = if http2 { &tls.http2 } else { &tls.http1 };
                Box::new(connector.connect(tls.name.clone(), stream).await?)
            }
        })
    }
}

impl Tls {
    fn towards(host: &str, load: &Load) -> Result<Self, LoadError> {
        let pem = load.authorities.as_deref().ok_or(LoadError::NoAuthority)?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| LoadError::Authority(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| LoadError::Authority(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(LoadError::Authority("there is none in the PEM".to_owned()));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut http1 = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| LoadError::Authority(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        http1.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut http2 = http1.clone();
        http2.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            name: ServerName::try_from(host.to_owned())
                .map_err(|_| LoadError::Target(load.target.clone()))?,
            http1: TlsConnector::from(Arc::new(http1)),
            http2: TlsConnector::from(Arc::new(http2)),
        })
    }
}
