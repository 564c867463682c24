//! The files of the certificate and the key of both listeners.

use std::path::PathBuf;

use super::{ServeOptions, SettingError};

/// The setting that names the certificate file.
pub const CERTIFICATE_VARIABLE: &str = "TURNKEY_TLS_CERT_FILE";
/// The setting that names the key file.
pub const KEY_VARIABLE: &str = "TURNKEY_TLS_KEY_FILE";

/// A certificate with its key, both as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The file with the server's own certificate first, then the intermediate certificates.
    pub certificate: PathBuf,
    /// The file of the private key, as PEM.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Returns the files; `None` if neither is set, so that the listeners speak plain HTTP.
    ///
    /// # Errors
    /// Fails if only one of them is set.
    pub(super) fn from_options(options: &ServeOptions) -> Result<Option<TlsFiles>, SettingError> {
        let filled = |path: &Option<PathBuf>| {
            let path = path.clone();
            path.filter(|path| !path.as_os_str().is_empty())
        };
        match (
            filled(&options.tls_cert_file),
            filled(&options.tls_key_file),
        ) {
            (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(missing(KEY_VARIABLE, CERTIFICATE_VARIABLE)),
            (None, Some(_)) => Err(missing(CERTIFICATE_VARIABLE, KEY_VARIABLE)),
        }
    }
}

fn missing(variable: &str, other: &str) -> SettingError {
    let reason = format!("is missing: {other} is set, and TLS needs a certificate and its key");
    SettingError::new(variable, reason)
}
