//! The options of the command line, each also an environment variable. The texts are not checked yet.
//!
//! [`super::Config`] checks them, so that a wrong variable and a wrong option are refused in the same
//! way: with one line that has the variable's name.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

/// A path that may be empty, which counts as unset. clap's own path parser refuses an empty one.
pub fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// The options for finding the database. Every command but `health` takes them.
#[derive(Args, Clone, Debug, Default)]
pub struct DatabaseOptions {
    /// Postgres 14 or newer to use instead of the embedded one. A password may be only in the environment
    /// or a file, never here [env: DATABASE_URL or DATABASE_URL_FILE]
    // clap does not read the variable, because it prints values, and this one may be secret.
    #[arg(long, value_name = "URL", global = true)]
    pub database_url: Option<String>,

    /// Directory of the embedded database and the generated secrets [default: ./.turnkey]
    #[arg(
        long,
        env = "TURNKEY_DATA_DIR",
        value_parser = path(),
        value_name = "DIRECTORY",
        global = true
    )]
    pub data_dir: Option<PathBuf>,
}

/// The options of `turnkey serve`. Secrets come from the environment or from files only.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeOptions {
    #[command(flatten)]
    pub database: DatabaseOptions,

    /// Address of the game API; port 0 picks one [default: 127.0.0.1:8080]
    #[arg(long, env = "TURNKEY_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,

    /// Address of the control plane; port 0 picks one [default: 127.0.0.1:8081]
    #[arg(long, env = "TURNKEY_CONTROL_LISTEN", value_name = "ADDRESS")]
    pub control_listen: Option<String>,

    /// Stage served without a prefix [default: dev when embedded, else none]
    #[arg(long, env = "TURNKEY_DEFAULT_STAGE", value_name = "STAGE")]
    pub default_stage: Option<String>,

    /// Host names of the control plane besides localhost and IP addresses, separated by commas
    #[arg(long, env = "TURNKEY_CONTROL_HOSTS", value_name = "HOSTS")]
    pub control_hosts: Option<String>,

    /// Origins whose pages may call the game API and open WebSockets, separated by commas; * for all
    #[arg(long, env = "TURNKEY_CORS_ORIGINS", value_name = "ORIGINS")]
    pub cors_origins: Option<String>,

    /// Addresses or networks of trusted proxies, separated by commas: their X-Forwarded-For, -Proto,
    /// -Host, -Port and traceparent headers are believed
    #[arg(long, env = "TURNKEY_TRUSTED_PROXIES", value_name = "NETWORKS")]
    pub trusted_proxies: Option<String>,

    /// Most database connections of this instance [default: 16]
    #[arg(long, env = "TURNKEY_POOL_SIZE", value_name = "NUMBER")]
    pub pool_size: Option<String>,

    /// Most WebSockets of this instance [default: 50000]
    #[arg(long, env = "TURNKEY_MAX_SOCKETS", value_name = "NUMBER")]
    pub max_sockets: Option<String>,

    /// Certificate chain of both listeners, as PEM; without it they speak plain HTTP
    #[arg(long, env = "TURNKEY_TLS_CERT_FILE", value_parser = path(), value_name = "FILE")]
    pub tls_cert_file: Option<PathBuf>,

    /// The certificate's private key, as PEM
    #[arg(long, env = "TURNKEY_TLS_KEY_FILE", value_parser = path(), value_name = "FILE")]
    pub tls_key_file: Option<PathBuf>,

    /// Log level, or levels by module [default: info]
    #[arg(long, env = "TURNKEY_LOG", value_name = "FILTER")]
    pub log: Option<String>,

    /// Log format: text or json [default: text on a terminal, else json]
    #[arg(long, env = "TURNKEY_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<String>,

    /// File to write the bound addresses to once the server is ready, as JSON
    #[arg(long, value_name = "FILE")]
    pub ports_file: Option<PathBuf>,
}
