//! The address of the database, and TLS according to `sslmode`.
//!
//! `sslmode` has the same meaning as in libpq: `require` encrypts and accepts any certificate.
//! `verify-full` also checks the certificate and the name, against `sslrootcert` or, without it,
//! against the system's certificates.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::StoreError;
use crate::config::encrypt_only;

type TlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// The name that distinguishes our own sessions from those of other programs.
pub(crate) const APPLICATION_NAME: &str = "turnkey";

/// An unusable address of a database.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DatabaseUrlError(String);

/// The address of the database and the way to connect. Its `Debug` hides the password.
#[derive(Clone)]
pub struct Database {
    config: Config,
    tls: MakeRustlsConnect,
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Database")
            .field("name", &self.name())
            .finish()
    }
}

impl Database {
    /// Parses a connection string: `postgresql://…` or `host=… dbname=…`.
    ///
    /// # Errors
    /// Describes the mistake, but never contains the string, because it may hold a password.
    pub fn parse(url: &str) -> Result<Database, DatabaseUrlError> {
        let (plain, tls) = split_tls(url)?;
        let mut config: Config = plain
            .parse()
            .map_err(|error| DatabaseUrlError(format!("{error}")))?;
        config
            .application_name(APPLICATION_NAME)
            .connect_timeout(CONNECT_DEADLINE)
            .tcp_user_timeout(Duration::from_secs(5))
            .keepalives_idle(Duration::from_secs(5))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3)
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(Database {
            config,
            tls: MakeRustlsConnect::new(tls.client_config()?),
        })
    }

    /// Another database on the same server.
    #[must_use]
    pub fn named(&self, name: &str) -> Database {
        let mut config = self.config.clone();
        config.dbname(name);
        Database {
            config,
            tls: self.tls.clone(),
        }
    }

    /// The same database, with these server settings for the session: `-c name=value …`.
    #[must_use]
    pub(crate) fn with_options(&self, options: &str) -> Database {
        let mut config = self.config.clone();
        let given = config.get_options().unwrap_or_default();
        let options = format!("{given} {options}");
        config.options(options.trim());
        Database {
            config,
            tls: self.tls.clone(),
        }
    }

    /// The name of the database on its server.
    pub fn name(&self) -> Option<&str> {
        self.config.get_dbname()
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn tls(&self) -> &MakeRustlsConnect {
        &self.tls
    }

    /// A separate connection that the caller drives.
    pub(crate) async fn connect(
        &self,
    ) -> Result<(Client, Connection<Socket, TlsStream>), StoreError> {
        match timeout(CONNECT_DEADLINE, self.config.connect(self.tls.clone())).await {
            Ok(connected) => connected.map_err(StoreError::unreachable),
            Err(_) => Err(StoreError::Unreachable("connecting took too long".into())),
        }
    }

    /// A separate connection that a background task drives until it ends.
    pub(crate) async fn client(&self) -> Result<Client, StoreError> {
        let (client, connection) = self.connect().await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a database connection ended");
            }
        });
        Ok(client)
    }
}

/// The meaning of `sslmode` and `sslrootcert`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tls {
    verify: bool,
    root_certificate: Option<String>,
}

/// Removes the settings that tokio-postgres does not know from `url`: `verify-full` and `sslrootcert`.
fn split_tls(url: &str) -> Result<(String, Tls), DatabaseUrlError> {
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let (head, parameters, joint) = if is_url {
        let (head, query) = url.split_once('?').unwrap_or((url, ""));
        (head, query.split('&').collect(), "&")
    } else {
        ("", words(url), " ")
    };
    let mut tls = Tls::default();
    let mut kept = Vec::new();
    for parameter in parameters
        .into_iter()
        .filter(|parameter| !parameter.is_empty())
    {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = match is_url {
            true => percent_decoded(value),
            false => unquoted(value),
        };
        match (name, value.as_str()) {
            ("sslmode", "verify-full") => {
                tls.verify = true;
                kept.push("sslmode=require");
            }
            ("sslmode", "verify-ca") => {
                return Err(DatabaseUrlError(
                    "sslmode=verify-ca is not supported: use verify-full".into(),
                ));
            }
            ("sslrootcert", _) => tls.root_certificate = Some(value),
            _ => kept.push(parameter),
        }
    }
    if tls.root_certificate.is_some() && !tls.verify {
        // An operator who names a certificate wants the server's certificate to be verified.
        return Err(DatabaseUrlError(
            "sslrootcert is only used with sslmode=verify-full".into(),
        ));
    }
    let kept = kept.join(joint);
    let plain = if is_url && !kept.is_empty() {
        format!("{head}?{kept}")
    } else {
        head.to_owned() + &kept
    };
    Ok((plain, tls))
}

/// Splits `host=… password='with a blank'` into its settings, as they are written.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, character) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == '\'' {
            quoted = !quoted;
        } else if character.is_whitespace() && !quoted {
            words.push(&text[start..at]);
            start = at + character.len_utf8();
        }
    }
    words.push(&text[start..]);
    words
}

/// The value of a setting without its quotes and escapes.
fn unquoted(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {}
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain
}

/// Decodes the value of a URL's parameter. Text that is not an escape stays as it is.
fn percent_decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|digits| str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            Some(_) | None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Tls {
    fn client_config(&self) -> Result<ClientConfig, DatabaseUrlError> {
        if !self.verify {
            return Ok(encrypt_only());
        }
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| DatabaseUrlError(error.to_string()))?;
        Ok(builder
            .with_root_certificates(self.roots()?)
            .with_no_client_auth())
    }

    fn roots(&self) -> Result<RootCertStore, DatabaseUrlError> {
        let mut roots = RootCertStore::empty();
        match &self.root_certificate {
            Some(path) => {
                let unreadable =
                    |error| DatabaseUrlError(format!("sslrootcert {path} cannot be read: {error}"));
                for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
                    roots
                        .add(certificate.map_err(unreadable)?)
                        .map_err(|error| {
                            DatabaseUrlError(format!("sslrootcert {path}: {error}"))
                        })?;
                }
            }
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        Ok(roots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_settings_are_taken_out_of_either_form() {
        let tls = Tls {
            verify: true,
            root_certificate: Some("/ca.pem".into()),
        };
        let url = "postgresql://u@h/d?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fca.pem";
        let plain = "postgresql://u@h/d?sslmode=require&connect_timeout=3".to_owned();
        assert_eq!(split_tls(url), Ok((plain, tls)));
        let words = split_tls("host=h dbname=d sslmode=require");
        assert_eq!(
            words,
            Ok(("host=h dbname=d sslmode=require".into(), Tls::default()))
        );
    }

    #[test]
    fn values_are_read_as_they_are_written() {
        let tls = |certificate: &str| Tls {
            verify: true,
            root_certificate: Some(certificate.into()),
        };
        let quoted =
            r"password='a  sslmode=require\' b' sslmode='verify-full' sslrootcert='/my ca'";
        let plain = r"password='a  sslmode=require\' b' sslmode=require".to_owned();
        assert_eq!(split_tls(quoted), Ok((plain, tls("/my ca"))));
        let escaped = "postgres://u:p%3F@h/d?sslmode=verify%2Dfull&sslrootcert=%2Fmy%20ca%25%";
        let plain = "postgres://u:p%3F@h/d?sslmode=require".to_owned();
        assert_eq!(split_tls(escaped), Ok((plain, tls("/my ca%%"))));
    }

    #[test]
    fn what_would_not_be_checked_is_refused() {
        for url in [
            "postgres://u@h/d?sslmode=verify-ca",
            "host=h sslmode='verify-ca'",
            "postgres://u@h/d?sslmode=require&sslrootcert=%2Fca.pem",
            "host=h sslrootcert=/ca.pem",
            "host=h sslmode=verify-fully",
        ] {
            assert!(Database::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn errors_show_no_password() {
        for url in [
            "postgres://u:hidden@h:port/d",
            "postgres://u:hidden@h/d?sslmode=no",
            "host=h password=hidden port=x",
            "password='hidden",
        ] {
            let error = Database::parse(url).expect_err("not an address");
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let database = Database::parse("postgresql://u:hidden@h/d").expect("a valid address");
        assert!(!format!("{database:?}").contains("hidden"));
    }
}
