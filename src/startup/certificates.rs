//! The certificate of both listeners, and its replacement while connections are open.
//!
//! The server checks the files every two seconds, because a rotation has no single signal: it may be a
//! rename, a changed symbolic link, or a file written in place. If the new pair cannot be used, the
//! previous one stays. So a certificate that arrives before its key breaks nothing. Open connections
//! keep their certificate; new ones get the newest.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError as Flaw, Error, RootCertStore, ServerConfig};
use time::OffsetDateTime;

use crate::config::{CERTIFICATE_VARIABLE, KEY_VARIABLE, TlsFiles};

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The last time that a certificate can contain: 9999-12-31T23:59:59Z.
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_799);

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{variable} {}: {reason}", path.display())]
pub struct CertificateError {
    variable: &'static str,
    path: PathBuf,
    reason: String,
}

/// The newest usable pair of the two files.
#[derive(Debug)]
pub struct Certificates {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<CertifiedKey>,
    /// The state of the files when the server started.
    first: Stamps,
}

/// The properties of a file that change when it is written or replaced: inode, length, time of change.
type Stamp = Option<(u64, u64, i64, i64)>;
type Stamps = [Stamp; 2];

impl Certificates {
    /// # Errors
    /// Fails if a file is missing or malformed, if the certificate is not valid now, or if the key belongs
    /// to another certificate. The error names the variable.
    pub fn load(files: &TlsFiles) -> Result<Certificates, CertificateError> {
        let provider = Arc::new(ring::default_provider());
        let first = stamps(files);
        let current = ArcSwap::from_pointee(read(files, &provider)?);
        Ok(Certificates {
            files: files.clone(),
            provider,
            current,
            first,
        })
    }

    /// TLS 1.2 and 1.3, with the certificate that is the newest at each handshake.
    pub fn server_config(self: &Arc<Certificates>) -> ServerConfig {
        ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            // This fails only for a provider without cipher suites for these versions.
            .expect("ring has suites for TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(self.clone())
    }

    /// Follows changes of the files. It never ends by itself.
    pub async fn follow(self: Arc<Certificates>) {
        let mut known = self.first;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let certificates = self.clone();
            // Runs on another thread, because a file system may be slow.
            let looked = tokio::task::spawn_blocking(move || certificates.look(known)).await;
            known = looked.unwrap_or(known);
        }
    }

    /// Reads the files if they differ from `known`. Returns their present state.
    fn look(&self, known: Stamps) -> Stamps {
        // Taken before reading, so that a change during the reading is found the next time.
        let found = stamps(&self.files);
        if found != known {
            match read(&self.files, &self.provider) {
                Ok(pair) => self.current.store(Arc::new(pair)),
                Err(error) => {
                    tracing::warn!(%error, "the new certificate cannot be used; the previous one stays");
                }
            }
        }
        found
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _greeting: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn stamps(files: &TlsFiles) -> Stamps {
    [&files.certificate, &files.key].map(|path| {
        let file = fs::metadata(path).ok()?;
        Some((file.ino(), file.len(), file.ctime(), file.ctime_nsec()))
    })
}

fn read(
    files: &TlsFiles,
    provider: &Arc<CryptoProvider>,
) -> Result<CertifiedKey, CertificateError> {
    let TlsFiles { certificate, key } = files;
    let of_certificate = |reason: String| CertificateError {
        variable: CERTIFICATE_VARIABLE,
        path: certificate.clone(),
        reason,
    };
    let of_key = |reason: String| CertificateError {
        variable: KEY_VARIABLE,
        path: key.clone(),
        reason,
    };
    let chain = read_chain(certificate).map_err(of_certificate)?;
    let valid_until = valid_until(&chain, provider).map_err(of_certificate)?;
    let private = PrivateKeyDer::from_pem_slice(&contents(key).map_err(of_key)?)
        .map_err(|error| of_key(format!("holds no private key in PEM: {error}")))?;
    let pair = CertifiedKey::from_der(chain, private, provider).map_err(|error| {
        of_key(match error {
            Error::InconsistentKeys(_) => {
                format!("is not the key of the certificate in {CERTIFICATE_VARIABLE}")
            }
            error => format!("cannot be used: {error}"),
        })
    })?;
    let valid_until = valid_until.map_or("for ever".to_owned(), |end| end.to_string());
    tracing::info!(%valid_until, "TLS certificate read");
    Ok(pair)
}

fn contents(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot be read: {error}"))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&contents(path)?).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err("holds no certificate in PEM".into()),
        Ok(chain) => Ok(chain),
        Err(error) => Err(format!("holds no certificate in PEM: {error}")),
    }
}

/// The end of the certificate's validity; `None` if it never ends.
///
/// rustls does not expose the dates, but its verifier checks them before anything else. At the present
/// time it reports whether the certificate is valid; at the end of time its error contains the end date.
fn valid_until(
    chain: &[CertificateDer<'_>],
    provider: &Arc<CryptoProvider>,
) -> Result<Option<OffsetDateTime>, String> {
    let own = &chain[0];
    let mut roots = RootCertStore::empty();
    let unreadable = |error: &dyn std::fmt::Display| format!("cannot be used: {error}");
    // Clients decide whether they trust the issuer.
    roots
        .add(own.clone().into_owned())
        .map_err(|error| unreadable(&error))?;
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    let verifier = verifier.map_err(|error| unreadable(&error))?;
    let anybody = ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into());
    let flaw_at = |time| match verifier.verify_server_cert(own, &[], &anybody, &[], time) {
        Err(Error::InvalidCertificate(flaw)) => Some(flaw),
        Ok(_) | Err(_) => None,
    };
    match flaw_at(UnixTime::now()) {
        Some(flaw @ (Flaw::ExpiredContext { .. } | Flaw::NotValidYetContext { .. })) => {
            return Err(unreadable(&flaw));
        }
        Some(Flaw::BadEncoding) => return Err(unreadable(&Flaw::BadEncoding)),
        Some(_) | None => {}
    }
    Ok(match flaw_at(UnixTime::since_unix_epoch(END_OF_TIME)) {
        Some(Flaw::ExpiredContext { not_after, .. }) => i64::try_from(not_after.as_secs())
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
        Some(_) | None => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        let fresh = path.with_extension("new");
        fs::write(&fresh, text).expect("the directory is ours");
        fs::rename(fresh, path).expect("the directory is ours");
    }

    #[test]
    fn what_cannot_be_used_leaves_the_one_before() {
        let name = format!("turnkey-certificates-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).expect("the directory is ours");
        let files = TlsFiles {
            certificate: directory.join("certificate.pem"),
            key: directory.join("key.pem"),
        };
        let make = || rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let (first, second) = (make().expect("a pair"), make().expect("a pair"));
        write(&files.certificate, &first.cert.pem());
        write(&files.key, &first.signing_key.serialize_pem());
        let certificates = Certificates::load(&files).expect("a good pair");
        let shown = || certificates.current.load().cert[0].clone();

        // First a half-finished rotation, then the complete one, then rubbish, then missing files.
        write(&files.certificate, &second.cert.pem());
        let known = certificates.look(certificates.first);
        assert_ne!(known, certificates.first);
        assert_eq!(&shown(), first.cert.der());
        write(&files.key, &second.signing_key.serialize_pem());
        let known = certificates.look(known);
        assert_eq!(&shown(), second.cert.der());
        write(&files.certificate, "rubbish");
        let known = certificates.look(known);
        assert_eq!(&shown(), second.cert.der());
        fs::remove_dir_all(&directory).expect("the directory is ours");
        certificates.look(known);
        assert_eq!(&shown(), second.cert.der());
    }
}
