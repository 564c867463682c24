//! The two listening sockets of a server.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use nix::sys::socket::{Backlog, listen};
use rustls::ServerConfig;
use tokio::task::JoinHandle;

use super::StartError;
use crate::http::front::Socket;

/// The number of connections that may wait to be accepted: as many as the kernel allows.
#[cfg(target_os = "linux")]
const BACKLOG: Backlog = Backlog::MAXALLOWABLE;
#[cfg(not(target_os = "linux"))]
const BACKLOG: Backlog = Backlog::MAXCONN;

/// A bound socket that is not served yet.
#[derive(Debug)]
pub struct Bound {
    variable: &'static str,
    /// The address that it listens on.
    pub address: SocketAddr,
    listener: TcpListener,
}

/// A socket that is being served.
pub struct Listening {
    name: &'static str,
    handle: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Bound {
    /// Binds the address that `variable` gives; port 0 picks one.
    pub fn bind(variable: &'static str, address: SocketAddr) -> Result<Bound, StartError> {
        let refused = |error| StartError::Listen {
            variable,
            address,
            error,
        };
        let listener = TcpListener::bind(address).map_err(refused)?;
        // The standard library asks for 128. If more clients connect at once, as after a restart, some would
        // wait seconds until they retry. The kernel applies its own limit.
        listen(&listener, BACKLOG)
            .map_err(std::io::Error::from)
            .map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Bound {
            variable,
            address,
            listener,
        })
    }

    /// Serves the socket with the server that `server` makes; `None` is plain HTTP.
    pub fn serve(
        self,
        tls: Option<ServerConfig>,
        server: impl FnOnce(Socket) -> std::io::Result<Server>,
    ) -> Result<Listening, StartError> {
        let Bound {
            variable,
            address,
            listener,
        } = self;
        let server = server(Socket { listener, tls }).map_err(|error| StartError::Listen {
            variable,
            address,
            error,
        })?;
        let handle = server.handle();
        Ok(Listening {
            name: variable,
            handle,
            serving: tokio::spawn(server),
        })
    }
}

impl Listening {
    /// Accepts no more connections, and returns when the requests under way have been answered.
    pub async fn stop(self, patience: Duration) {
        let stopped = async {
            self.handle.stop(true).await;
            self.serving.await
        };
        match tokio::time::timeout(patience, stopped).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(listener = self.name, %error, "ended badly"),
            Ok(Err(error)) => tracing::error!(listener = self.name, %error, "failed"),
            Err(_) => tracing::warn!(listener = self.name, "did not end in time"),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_crowd_that_comes_at_once_waits_to_be_accepted() {
        let any = "127.0.0.1:0".parse().expect("an address");
        let bound = Bound::bind("TURNKEY_LISTEN", any).expect("a free port");
        let at_once = Duration::from_secs(30);
        let crowd: Vec<TcpStream> = (0..400)
            .map_while(|_| TcpStream::connect_timeout(&bound.address, at_once).ok())
            .collect();
        assert_eq!(crowd.len(), 400);
    }
}
