//! `turnkey health`: asks a server whether it is healthy. It is for containers, which have no shell
//! and no curl.

use std::io::{Read, Write, stdout};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::CommandError;
use crate::config::{encrypt_only, path};

const DEADLINE: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct HealthOptions {
    /// Address of the game API
    #[arg(long, env = "TURNKEY_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Set it if the server has it set: the check then uses TLS and accepts any name in the certificate
    #[arg(long, env = "TURNKEY_TLS_CERT_FILE", value_parser = path(), value_name = "FILE")]
    tls_cert_file: Option<PathBuf>,
}

/// Succeeds if `/healthz` answers 200 within a few seconds.
pub fn run(options: &HealthOptions) -> Result<(), CommandError> {
    let address = reachable(options.listen);
    let tls_set = options.tls_cert_file.as_ref();
    let status = if tls_set.is_some_and(|path| !path.as_os_str().is_empty()) {
        ask_by_tls(address)
    } else {
        connect(address).and_then(|stream| ask(address, stream))
    };
    let status =
        status.map_err(|error| CommandError::new(format!("no answer from {address}: {error}")))?;
    match status.split_whitespace().nth(1) {
        Some("200") => Ok(writeln!(stdout(), "healthy")?),
        _ => Err(CommandError::new(format!("{address} answers: {status}"))),
    }
}

fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    Ok(stream)
}

fn ask_by_tls(address: SocketAddr) -> std::io::Result<String> {
    let name = ServerName::IpAddress(address.ip().into());
    let connection =
        ClientConnection::new(Arc::new(encrypt_only()), name).map_err(std::io::Error::other)?;
    ask(address, StreamOwned::new(connection, connect(address)?))
}

/// Requests `/healthz` and returns the status line.
fn ask(address: SocketAddr, mut stream: impl Read + Write) -> std::io::Result<String> {
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

/// The address at which a server is reached from the same machine: localhost if it listens on every
/// address.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let address = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    SocketAddr::new(address, listen.port())
}
