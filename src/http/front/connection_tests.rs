//! Requests that a client sends ahead, as the HTTP library receives them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

const HEAD: &str = "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n";
const POST: &str = "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n";

/// Counts its calls.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection that has received `sent`, and its client's end.
async fn connection(sent: &str) -> (Connection<DuplexStream>, DuplexStream) {
    let (mut client, server) = duplex(1024 * 1024);
    client.write_all(sent.as_bytes()).await.unwrap();
    let live: Arc<IsSocket> = Arc::new(|path: &str| path == "/live");
    (Connection::new(server, live), client)
}

/// The text that can be read now; `None` if the reader has to wait.
fn read(connection: &mut Connection<DuplexStream>, waker: &Waker) -> Option<String> {
    let mut space = [0; 2 * READ_BYTES];
    let mut buffer = ReadBuf::new(&mut space);
    let mut cx = Context::from_waker(waker);
    match Pin::new(connection).poll_read(&mut cx, &mut buffer) {
        Poll::Ready(read) => {
            read.unwrap();
            Some(String::from_utf8(buffer.filled().to_vec()).unwrap())
        }
        Poll::Pending => None,
    }
}

#[tokio::test]
async fn a_head_waits_for_the_answer_before_it() {
    let sent = [HEAD, POST, "body", HEAD, "GET /c HT"].concat();
    let (mut connection, mut client) = connection(&sent).await;
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let turn = connection.turn();
    let with_body = [POST, "body"].concat();
    for (count, next) in [HEAD, &with_body, HEAD].into_iter().enumerate() {
        assert_eq!(read(&mut connection, &waker).as_deref(), Some(next));
        assert_eq!(read(&mut connection, &waker), None, "{next}");
        assert!(connection.deadline.is_none(), "the client does not delay");
        turn.end();
        assert_eq!(bell.0.load(Ordering::Relaxed), count + 1, "{next}");
    }
    assert_eq!(read(&mut connection, &waker), None);
    assert!(connection.deadline.is_some(), "now it does");
    client
        .write_all(b"TP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let last = read(&mut connection, &waker).unwrap();
    assert!(last.starts_with("GET /c HTTP/1.1\r\n"), "{last}");
}

#[tokio::test]
async fn no_more_is_read_ahead_than_fits() {
    let (mut connection, _client) = connection(&HEAD.repeat(1000)).await;
    let waker = Waker::noop();
    assert_eq!(read(&mut connection, waker).as_deref(), Some(HEAD));
    for _ in 0..10 {
        assert_eq!(read(&mut connection, waker), None);
    }
    assert!(connection.read.len() <= READ_BYTES);
}

#[tokio::test]
async fn what_is_no_request_waits_too() {
    let (mut connection, _client) = connection(&[HEAD, "nonsense\r\n\r\n"].concat()).await;
    let waker = Waker::noop();
    assert_eq!(read(&mut connection, waker).as_deref(), Some(HEAD));
    assert_eq!(read(&mut connection, waker), None);
    assert_eq!(connection.fault.0.get(), None);
    connection.turn.end();
    let stand_in = read(&mut connection, waker).map(String::into_bytes);
    assert_eq!(stand_in.as_deref(), Some(STAND_IN));
    assert!(connection.fault.0.get().is_some());
}

#[tokio::test]
async fn a_client_that_takes_no_answers_gets_no_more_of_them() {
    let (mut client, server) = duplex(1024);
    client.write_all(HEAD.repeat(2).as_bytes()).await.unwrap();
    let mut connection = Connection::new(server, Arc::new(|_: &str| false));
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut cx = Context::from_waker(&waker);
    let answer = [b'x'; 1024];
    assert_eq!(read(&mut connection, &waker).as_deref(), Some(HEAD));
    for is_pending in [false, true] {
        let polled = Pin::new(&mut connection).poll_write(&mut cx, &answer);
        assert_eq!(polled.is_pending(), is_pending);
    }
    assert_eq!(read(&mut connection, &waker), None);
    connection.turn.end();
    assert_eq!(read(&mut connection, &waker), None);
    client.read_exact(&mut [0; 1024]).await.unwrap();
    let before = bell.0.load(Ordering::Relaxed);
    let polled = Pin::new(&mut connection).poll_write(&mut cx, &answer);
    assert!(polled.is_ready());
    assert_eq!(bell.0.load(Ordering::Relaxed), before + 1);
    assert_eq!(read(&mut connection, &waker).as_deref(), Some(HEAD));
}

#[tokio::test]
async fn a_body_and_a_socket_wait_for_nobody() {
    let handshake = "GET /live HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\
                     Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let (mut connection, mut client) = connection(POST).await;
    let waker = Waker::noop();
    assert_eq!(read(&mut connection, waker).as_deref(), Some(POST));
    for part in ["bo", "dy"] {
        client.write_all(part.as_bytes()).await.unwrap();
        assert_eq!(read(&mut connection, waker).as_deref(), Some(part));
    }
    client.write_all(handshake.as_bytes()).await.unwrap();
    assert_eq!(read(&mut connection, waker), None);
    connection.turn.end();
    assert_eq!(read(&mut connection, waker).as_deref(), Some(handshake));
    client.write_all(b"frame").await.unwrap();
    assert_eq!(read(&mut connection, waker).as_deref(), Some("frame"));
}

#[tokio::test]
async fn a_client_that_says_no_more_gets_every_answer() {
    let (mut connection, client) = connection(&[HEAD, HEAD].concat()).await;
    drop(client);
    let waker = Waker::noop();
    for _ in 0..2 {
        assert_eq!(read(&mut connection, waker).as_deref(), Some(HEAD));
        connection.turn.end();
    }
    assert_eq!(read(&mut connection, waker).as_deref(), Some(""));
}
