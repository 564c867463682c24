//! Certificates of a test's own, and clients that trust one.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use time::{Duration, OffsetDateTime};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::process::Scratch;

/// A pair of files, rewritten at will.
pub struct Pair {
    directory: Scratch,
}

impl Pair {
    /// With a certificate for `localhost` and `127.0.0.1`.
    pub fn new() -> Pair {
        let pair = Pair {
            directory: Scratch::new(),
        };
        pair.renew();
        pair
    }

    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join("certificate.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.directory.path().join("key.pem")
    }

    /// Another certificate with another key, each put in its place whole.
    pub fn renew(&self) {
        self.write(Duration::days(-1), Duration::days(30));
    }

    /// One that ended yesterday.
    pub fn expire(&self) {
        self.write(Duration::days(-2), Duration::days(-1));
    }

    fn write(&self, from_now: Duration, until: Duration) {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        let now = OffsetDateTime::now_utc();
        (params.not_before, params.not_after) = (now + from_now, now + until);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        for (path, text) in [
            (self.certificate(), certificate.pem()),
            (self.key(), key.serialize_pem()),
        ] {
            let fresh = path.with_extension("new");
            std::fs::write(&fresh, text).unwrap();
            std::fs::rename(&fresh, path).unwrap();
        }
    }

    /// A connector that believes the certificate now in the file, offering `protocols`.
    pub fn connector(&self, protocols: &[&str]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.certificate()).unwrap())
            .unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let bytes = |name: &&str| name.as_bytes().to_vec();
        config.alpn_protocols = protocols.iter().map(bytes).collect();
        TlsConnector::from(Arc::new(config))
    }

    /// A connection to `address` that believes the certificate now in the file.
    pub async fn connect(&self, address: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TcpStream::connect(address).await?;
        self.connector(&[]).connect(name, stream).await
    }
}
