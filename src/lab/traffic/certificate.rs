//! TLS towards clients: a certificate made on the spot for whatever name they ask for.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

/// For clients that name nobody, or go by address.
const NAMES: [&str; 4] = ["localhost", "*.localhost", "127.0.0.1", "::1"];
/// More names than this are not remembered, and get the usual certificate.
const REMEMBERED: usize = 256;

/// Making a certificate or setting TLS up did not work.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up: {0}")]
pub struct TlsError(Box<dyn std::error::Error + Send + Sync>);

impl From<rcgen::Error> for TlsError {
    fn from(error: rcgen::Error) -> Self {
        Self(error.into())
    }
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self(error.into())
    }
}

/// What clients are to trust, and how they are spoken to.
pub(super) struct Identity {
    /// The authority's certificate.
    pub(super) authority: String,
    /// With HTTP/2 on offer, and without.
    pub(super) acceptors: [TlsAcceptor; 2],
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    pub(super) fn make() -> Result<Self, TlsError> {
        let mut authority = CertificateParams::default();
        authority
            .distinguished_name
            .push(DnType::CommonName, "Swingbridge lab");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let root = authority.self_signed(&key)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let notary = Notary {
            issuer: Issuer::new(authority, key),
            key: KeyPair::generate()?,
            provider: Arc::clone(&provider),
        };
        let usual = Arc::new(notary.vouch(NAMES.map(str::to_owned).to_vec())?);
        let names = Arc::new(Names {
            notary,
            usual,
            known: Mutex::default(),
        });
        let acceptor = |protocols: &[&[u8]]| -> Result<TlsAcceptor, TlsError> {
            let config = ServerConfig::builder_with_provider(Arc::clone(&provider));
            let config = config
                .with_safe_default_protocol_versions()?
                .with_no_client_auth();
            let mut config = config.with_cert_resolver(Arc::clone(&names) as Arc<dyn ResolvesServerCert>);
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            Ok(TlsAcceptor::from(Arc::new(config)))
        };
        Ok(Self {
            acceptors: [acceptor(&[b"h2", b"http/1.1"])?, acceptor(&[b"http/1.1"])?],
            authority: root.pem(),
        })
    }
}

/// The authority at work.
struct Notary {
    issuer: Issuer<'static, KeyPair>,
    key: KeyPair,
    provider: Arc<CryptoProvider>,
}

impl Notary {
    fn vouch(&self, names: Vec<String>) -> Result<CertifiedKey, TlsError> {
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
        let chain: Vec<CertificateDer<'static>> =
            vec![leaf.signed_by(&self.key, &self.issuer)?.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        Ok(CertifiedKey::from_der(chain, key, &self.provider)?)
    }
}

/// A certificate for every name: clients do not agree on what `*.localhost` covers.
struct Names {
    notary: Notary,
    usual: Arc<CertifiedKey>,
    known: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl fmt::Debug for Names {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Names").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let Some(name) = hello.server_name().filter(|name| *name != "localhost") else {
            return Some(Arc::clone(&self.usual));
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(certificate) = known.get(name) {
            return Some(Arc::clone(certificate));
        }
        let fresh = (known.len() < REMEMBERED)
            .then(|| self.notary.vouch(vec![name.to_owned()]).ok())
            .flatten();
        let certificate = fresh.map_or_else(|| Arc::clone(&self.usual), Arc::new);
        if known.len() < REMEMBERED {
            known.insert(name.to_owned(), Arc::clone(&certificate));
        }
        Some(certificate)
    }
}
