//! `turnkey health`: for container health checks, where there is no shell and no curl.

use std::io::{Read, Write, stdout};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;

use super::CommandError;

const DEADLINE: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct HealthOptions {
    /// Address of the game API
    #[arg(long, env = "TURNKEY_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

/// Succeeds where `/healthz` answers 200.
pub fn run(options: &HealthOptions) -> Result<(), CommandError> {
    let address = reachable(options.listen);
    let status = ask(address)
        .map_err(|error| CommandError::new(format!("no answer from {address}: {error}")))?;
    match status.split_whitespace().nth(1) {
        Some("200") => Ok(writeln!(stdout(), "healthy")?),
        _ => Err(CommandError::new(format!("{address} answers: {status}"))),
    }
}

/// The status line of `/healthz`.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

/// Where a server that listens on every address is reached from the same machine.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let address = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    SocketAddr::new(address, listen.port())
}
