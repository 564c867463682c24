//! Closes connections on which no whole request arrives.
//!
//! Heads and bodies have their own deadlines (see [`super::connection`]). Answers have none: a client
//! that reads nothing of its answer would keep its connection for ever. So each connection has a
//! watch. It closes the connection when no request has been under way for too long, whether or not
//! the client sends bytes or leaves some unread.

use std::cell::Cell;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use nix::sys::socket::{Shutdown, shutdown};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// The watch of one connection. It lives as long as the connection's dispatcher.
struct Watch {
    /// The time since which no request has been under way; `None` while one is.
    resting_since: Rc<Cell<Option<Instant>>>,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    /// The connection is gone, and another one may soon have its descriptor.
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Watches a new connection. It must be called on the thread that serves the connection.
pub(super) fn watch(stream: &TcpStream, limit: Duration, extensions: &mut Extensions) {
    let resting_since = Rc::new(Cell::new(Some(Instant::now())));
    let descriptor = stream.as_raw_fd();
    let seen = resting_since.clone();
    let task = actix_web::rt::spawn(async move {
        loop {
            let now = Instant::now();
            let end = seen.get().unwrap_or(now) + limit;
            if end <= now {
                break;
            }
            sleep_until(end).await;
        }
        // The dispatcher then reads the end of the stream. An error means that the peer is gone already.
        shutdown(descriptor, Shutdown::Both).ok();
    });
    extensions.insert(Watch {
        resting_since,
        task,
    });
}

/// Marks a request as under way until it is dropped.
pub(super) struct Busy(Option<Rc<Cell<Option<Instant>>>>);

impl Busy {
    pub(super) fn begin(request: &HttpRequest) -> Busy {
        let watch = request.conn_data::<Watch>();
        let resting_since = watch.map(|watch| watch.resting_since.clone());
        if let Some(cell) = &resting_since {
            cell.set(None);
        }
        Busy(resting_since)
    }

    /// Leaves the connection marked as busy for good, because it has become a WebSocket.
    pub(super) fn stay(mut self) {
        self.0 = None;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(cell) = &self.0 {
            cell.set(Some(Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::any::Any;
    use std::net::TcpListener;

    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpServer, web};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream as Client;
    use tokio::time::timeout;

    use super::*;
    use crate::live::tcp_stream;

    const LIMIT: Duration = Duration::from_millis(300);
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Starts a server with [`LIMIT`] whose `/slow` takes three times as long; returns its address.
    fn serve() -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let slow = || async {
            tokio::time::sleep(LIMIT * 3).await;
            "done"
        };
        let app = move || {
            App::new()
                .wrap(from_fn(super::super::run))
                .route("/slow", web::get().to(slow))
        };
        let server = HttpServer::new(app)
            .on_connect(|connection: &dyn Any, extensions| {
                let stream = tcp_stream(connection).expect("a TCP connection");
                watch(stream, LIMIT, extensions);
            })
            .workers(1)
            .disable_signals()
            .listen(listener)
            .expect("it can be listened on");
        tokio::spawn(server.run());
        address
    }

    async fn write(client: &mut Client, text: &str) {
        client
            .write_all(text.as_bytes())
            .await
            .expect("it is taken");
    }

    /// Reads everything until the server ends the connection.
    async fn rest(client: &mut Client) -> String {
        let mut rest = String::new();
        let read = timeout(PATIENCE, client.read_to_string(&mut rest)).await;
        read.expect("the server ends the connection").ok();
        rest
    }

    #[tokio::test]
    async fn half_a_second_head_does_not_keep_a_connection() {
        let mut client = Client::connect(serve()).await.expect("it listens");
        write(&mut client, "GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HT").await;
        let answers = rest(&mut client).await;
        assert!(answers.starts_with("HTTP/1.1 404"), "{answers}");
        assert_eq!(answers.matches("HTTP/1.1").count(), 1, "{answers}");
    }

    #[tokio::test]
    async fn a_request_under_way_does() {
        let mut client = Client::connect(serve()).await.expect("it listens");
        write(&mut client, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let answers = rest(&mut client).await;
        assert!(answers.starts_with("HTTP/1.1 200"), "{answers}");
        assert!(answers.ends_with("done"), "{answers}");
    }
}
