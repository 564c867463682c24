//! The two sockets that a server is reached on.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use tokio::task::JoinHandle;

use super::StartError;

/// A socket that is bound, and not yet served.
#[derive(Debug)]
pub struct Bound {
    variable: &'static str,
    pub address: SocketAddr,
    listener: TcpListener,
}

/// A socket that is served.
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
        let address = listener.local_addr().map_err(refused)?;
        Ok(Bound {
            variable,
            address,
            listener,
        })
    }

    /// Serves it with what `server` makes of the socket.
    pub fn serve(
        self,
        server: impl FnOnce(TcpListener) -> std::io::Result<Server>,
    ) -> Result<Listening, StartError> {
        let Bound {
            variable,
            address,
            listener,
        } = self;
        let server = server(listener).map_err(|error| StartError::Listen {
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
    /// Takes no more connections, and returns when the requests under way have been answered.
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
