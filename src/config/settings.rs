//! The checked settings of one server.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

use super::secret;
use super::{DatabaseOptions, Origins, Secret, ServeOptions, StageName, TlsFiles, TrustedProxies};

/// The shortest secret that may sign player tokens: the length of an HS256 digest.
const SHORTEST_SECRET_BYTES: usize = 32;

/// A setting that is wrong or missing. It never contains the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {reason}")]
pub struct SettingError {
    variable: String,
    reason: String,
}

impl SettingError {
    pub(super) fn new(variable: &str, reason: String) -> SettingError {
        SettingError {
            variable: variable.to_owned(),
            reason,
        }
    }
}

/// The place of the database.
#[derive(Clone, Debug)]
pub enum DatabasePlace {
    /// Turnkey's own Postgres, in this directory.
    Embedded { data_dir: PathBuf },
    /// A Postgres that Turnkey does not run. The URL may hold a password.
    External { url: Secret },
}

impl DatabasePlace {
    /// Checks the options that every command takes. `variable` looks a variable up, as
    /// [`super::process_variable`] does.
    ///
    /// # Errors
    /// Names the variable that is wrong.
    pub fn from_options(
        options: &DatabaseOptions,
        variable: &impl Fn(&str) -> Option<OsString>,
    ) -> Result<DatabasePlace, SettingError> {
        let url = match &options.database_url {
            Some(url) if holds_password(url) => {
                let reason = "holds a password: other users see arguments, so pass it in the \
                              environment or in DATABASE_URL_FILE";
                return Err(SettingError::new("DATABASE_URL", reason.into()));
            }
            Some(url) => Some(Secret::new(url.clone())),
            None => secret::read("DATABASE_URL", variable)?,
        };
        Ok(match url {
            Some(url) => DatabasePlace::External { url },
            None => DatabasePlace::Embedded {
                data_dir: options
                    .data_dir
                    .clone()
                    .filter(|path| !path.as_os_str().is_empty())
                    .unwrap_or_else(|| PathBuf::from("./.turnkey")),
            },
        })
    }
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The credentials of the control plane. Without any, it stays closed.
#[derive(Clone, Debug, Default)]
pub struct ControlCredentials {
    /// The bearer token, if one is set.
    pub admin_token: Option<Secret>,
    /// The id of the access key. It is set if and only if its secret is set.
    pub access_key_id: Option<Secret>,
    /// The secret half of the access key, if one is set.
    pub secret_access_key: Option<Secret>,
}

/// All settings of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The place of the database.
    pub database: DatabasePlace,
    /// Address of the game API.
    pub listen: SocketAddr,
    /// Address of the control plane.
    pub control_listen: SocketAddr,
    /// The certificate of both listeners; `None` for plain HTTP.
    pub tls: Option<TlsFiles>,
    /// The file to write the bound addresses to.
    pub ports_file: Option<PathBuf>,
    /// The stage that is served without a prefix, if there is one.
    pub default_stage: Option<StageName>,
    /// The secret that signs player tokens. It is `None` only when embedded: then a generated one is used.
    pub secret: Option<Secret>,
    /// The previous secret, which still verifies tokens.
    pub secret_previous: Option<Secret>,
    /// The credentials that open the control plane.
    pub control: ControlCredentials,
    /// The host names of the control plane, in lower case and without port.
    pub control_hosts: Vec<String>,
    /// The origins whose pages may call the game API.
    pub cors_origins: Origins,
    /// The proxies whose forwarding headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// The most database connections.
    pub pool_size: usize,
    /// The most open WebSockets.
    pub max_sockets: usize,
    /// The log filter, in the form of `tracing_subscriber::EnvFilter`.
    pub log_filter: String,
    /// The form of log lines.
    pub log_format: LogFormat,
}

impl Config {
    /// Checks a server's options. `variable` looks a variable up, as [`super::process_variable`] does.
    ///
    /// # Errors
    /// Names the first variable that is wrong or missing.
    pub fn from_options(
        options: &ServeOptions,
        variable: &impl Fn(&str) -> Option<OsString>,
    ) -> Result<Config, SettingError> {
        let database = DatabasePlace::from_options(&options.database, variable)?;
        let (preset_stage, secret_required) = match &database {
            DatabasePlace::Embedded { .. } => (Some("dev"), false),
            DatabasePlace::External { .. } => (None, true),
        };
        let secret = signing_secret("TURNKEY_SECRET", variable)?;
        if secret.is_none() && secret_required {
            let reason = format!(
                "is required with DATABASE_URL: set it, or TURNKEY_SECRET_FILE, to at least \
                 {SHORTEST_SECRET_BYTES} random bytes"
            );
            return Err(SettingError::new("TURNKEY_SECRET", reason));
        }
        let default_stage = filled(options.default_stage.as_deref()).or(preset_stage);
        Ok(Config {
            listen: address("TURNKEY_LISTEN", &options.listen, "127.0.0.1:8080")?,
            control_listen: address(
                "TURNKEY_CONTROL_LISTEN",
                &options.control_listen,
                "127.0.0.1:8081",
            )?,
            tls: TlsFiles::from_options(options)?,
            ports_file: options.ports_file.clone(),
            default_stage: default_stage
                .map(|name| parsed("TURNKEY_DEFAULT_STAGE", name))
                .transpose()?,
            secret,
            secret_previous: signing_secret("TURNKEY_SECRET_PREVIOUS", variable)?,
            control: control_credentials(variable)?,
            control_hosts: control_hosts(options.control_hosts.as_deref().unwrap_or_default())?,
            cors_origins: parsed(
                "TURNKEY_CORS_ORIGINS",
                options.cors_origins.as_deref().unwrap_or_default(),
            )?,
            trusted_proxies: parsed(
                "TURNKEY_TRUSTED_PROXIES",
                options.trusted_proxies.as_deref().unwrap_or_default(),
            )?,
            pool_size: number("TURNKEY_POOL_SIZE", &options.pool_size, 16, 1..=1_000)?,
            max_sockets: number(
                "TURNKEY_MAX_SOCKETS",
                &options.max_sockets,
                50_000,
                0..=10_000_000,
            )?,
            log_filter: log_filter(filled(options.log.as_deref()).unwrap_or("info"))?,
            log_format: log_format(filled(options.log_format.as_deref()))?,
            database,
        })
    }
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn parsed<T: FromStr<Err: Display>>(variable: &str, text: &str) -> Result<T, SettingError> {
    text.parse()
        .map_err(|error: T::Err| SettingError::new(variable, format!("is wrong: {error}")))
}

fn address(
    variable: &str,
    text: &Option<String>,
    preset: &str,
) -> Result<SocketAddr, SettingError> {
    let text = filled(text.as_deref()).unwrap_or(preset);
    let address = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    address.parse().map_err(|_| {
        let reason = format!("is wrong: {text:?} is no address with a port such as {preset}");
        SettingError::new(variable, reason)
    })
}

fn number(
    variable: &str,
    text: &Option<String>,
    preset: usize,
    allowed: std::ops::RangeInclusive<usize>,
) -> Result<usize, SettingError> {
    let Some(text) = filled(text.as_deref()) else {
        return Ok(preset);
    };
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| {
        let (least, most) = allowed.into_inner();
        let reason = format!("is wrong: {text:?} is no number from {least} to {most}");
        SettingError::new(variable, reason)
    })
}

fn signing_secret(
    name: &'static str,
    variable: &impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Secret>, SettingError> {
    let secret = secret::read(name, variable)?;
    if let Some(secret) = &secret
        && secret.expose().len() < SHORTEST_SECRET_BYTES
    {
        let reason = format!(
            "is too short: {} bytes, at least {SHORTEST_SECRET_BYTES} are needed",
            secret.expose().len()
        );
        return Err(SettingError::new(name, reason));
    }
    Ok(secret)
}

fn control_credentials(
    variable: &impl Fn(&str) -> Option<OsString>,
) -> Result<ControlCredentials, SettingError> {
    let credentials = ControlCredentials {
        admin_token: sent_in_a_header("TURNKEY_ADMIN_TOKEN", variable)?,
        access_key_id: sent_in_a_header("TURNKEY_ACCESS_KEY_ID", variable)?,
        secret_access_key: secret::read("TURNKEY_SECRET_ACCESS_KEY", variable)?,
    };
    let missing = match (&credentials.access_key_id, &credentials.secret_access_key) {
        (Some(_), None) => "TURNKEY_SECRET_ACCESS_KEY",
        (None, Some(_)) => "TURNKEY_ACCESS_KEY_ID",
        (Some(_), Some(_)) | (None, None) => return Ok(credentials),
    };
    let reason = "is missing: an access key has an id and a secret".to_owned();
    Err(SettingError::new(missing, reason))
}

/// Checks a credential that callers send in a header, which allows only certain characters.
fn sent_in_a_header(
    name: &'static str,
    variable: &impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Secret>, SettingError> {
    let secret = secret::read(name, variable)?;
    if let Some(secret) = &secret
        && !secret.expose().bytes().all(|byte| byte.is_ascii_graphic())
    {
        let reason = "is wrong: it is sent in a header, so it holds visible ASCII characters only, \
                      and no space";
        return Err(SettingError::new(name, reason.to_owned()));
    }
    Ok(secret)
}

fn control_hosts(list: &str) -> Result<Vec<String>, SettingError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    list.split(',')
        .map(str::trim)
        .filter(|host| !host.is_empty())
        .map(|host| {
            if host.bytes().all(plain) {
                Ok(host.to_ascii_lowercase())
            } else {
                let reason = format!("is wrong: {host:?} is no host name without a port");
                Err(SettingError::new("TURNKEY_CONTROL_HOSTS", reason))
            }
        })
        .collect()
}

fn log_filter(text: &str) -> Result<String, SettingError> {
    match text.parse::<EnvFilter>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(SettingError::new(
            "TURNKEY_LOG",
            format!("is wrong: {text:?} is neither a level such as info nor a list of levels"),
        )),
    }
}

fn log_format(text: Option<&str>) -> Result<LogFormat, SettingError> {
    match text {
        Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        None if std::io::stderr().is_terminal() => Ok(LogFormat::Text),
        None => Ok(LogFormat::Json),
        Some(other) => Err(SettingError::new(
            "TURNKEY_LOG_FORMAT",
            format!("is wrong: {other:?} is neither text nor json"),
        )),
    }
}

/// Whether a connection string, in either of its forms, contains a password.
fn holds_password(url: &str) -> bool {
    let in_authority = url
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?']).next())
        .and_then(|authority| authority.rsplit_once('@'))
        .is_some_and(|(user, _)| user.contains(':'));
    in_authority || url.contains("password")
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
