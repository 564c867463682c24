//! One connection, whatever is spoken on it.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, client_async};
use turnkey::live::wire::Limits;

use crate::echo::{self, WIDE};

const SOON: Duration = Duration::from_secs(10);

async fn connect(limits: Limits) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(echo::start(limits)).await.unwrap();
    client_async("ws://localhost/", stream).await.unwrap().0
}

/// A socket that has hardly any room for what it does not read.
async fn connect_narrow(address: SocketAddr) -> WebSocketStream<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(address).await.unwrap();
    client_async("ws://localhost/", stream).await.unwrap().0
}

/// Reads to the close frame and on to the connection's end.
async fn close_code(socket: &mut WebSocketStream<TcpStream>) -> Option<u16> {
    let mut code = None;
    loop {
        match timeout(SOON, socket.next()).await.expect("it must end") {
            Some(Ok(Message::Close(frame))) => code = frame.map(|frame| frame.code.into()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return code,
        }
    }
}

#[tokio::test]
async fn what_is_said_comes_back_and_a_close_is_answered_with_its_own_code() {
    let mut socket = connect(WIDE).await;
    for message in [
        Message::text("x".repeat(200_000)),
        Message::binary(vec![7; 70_000]),
    ] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    let frame = CloseFrame {
        code: 3001.into(),
        reason: "done".into(),
    };
    socket.close(Some(frame)).await.unwrap();
    assert_eq!(close_code(&mut socket).await, Some(3001));
}

#[tokio::test]
async fn a_huge_frame_is_refused_by_its_header() {
    let mut socket = connect(Limits {
        message_bytes: 4096,
        ..WIDE
    })
    .await;
    let header = [0x82, 0x80 | 127, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5];
    socket.get_mut().write_all(&header).await.unwrap();
    assert_eq!(close_code(&mut socket).await, Some(1008));
}

#[tokio::test]
async fn a_flood_is_refused_and_its_sender_learns_why() {
    let mut socket = connect(Limits {
        generous_frames_in_five_seconds: 200,
        ..WIDE
    })
    .await;
    // A server that has refused may have stopped reading.
    for _ in 0..10_000 {
        if socket.feed(Message::Ping("ping".into())).await.is_err() {
            break;
        }
    }
    socket.flush().await.ok();
    assert_eq!(close_code(&mut socket).await, Some(1008));
}

/// Each fragment is within every limit but the one on them all.
#[tokio::test]
async fn fragments_without_end_are_refused() {
    let limits = Limits {
        message_bytes: 4096,
        ..WIDE
    };
    let few = Limits {
        frames_in_five_seconds: 100,
        ..WIDE
    };
    for (limits, length) in [(limits, 100), (few, 0)] {
        let mut socket = connect(limits).await;
        let stream = socket.get_mut();
        let mut fragment = vec![0x01, 0x80 | length, 0, 0, 0, 0];
        fragment.resize(6 + usize::from(length), b'x');
        for _ in 0..10_000 {
            // A server that has refused may have stopped reading.
            if stream.write_all(&fragment).await.is_err() {
                break;
            }
            fragment[0] = 0;
        }
        assert_eq!(close_code(&mut socket).await, Some(1008));
    }
}

/// Messages are counted as they are read, each with its fragments.
#[tokio::test]
async fn a_flood_of_messages_is_refused() {
    for fragments in [1, 3] {
        let mut socket = connect(Limits {
            frames_in_five_seconds: 100,
            ..WIDE
        })
        .await;
        let stream = socket.get_mut();
        let mut message = vec![0x01, 0x80, 0, 0, 0, 0];
        for _ in 1..fragments {
            message.extend([0x00, 0x80, 0, 0, 0, 0]);
        }
        let last = message.len() - 6;
        message[last] |= 0x80;
        let allowed = 100 / fragments;
        stream.write_all(&message.repeat(allowed)).await.unwrap();
        for _ in 0..allowed {
            let echoed = timeout(SOON, socket.next()).await.unwrap();
            assert_eq!(echoed.unwrap().unwrap(), Message::text(""));
        }
        let stream = socket.get_mut();
        stream.write_all(&message).await.unwrap();
        assert_eq!(close_code(&mut socket).await, Some(1008), "{fragments}");
    }
}

#[tokio::test]
async fn a_frame_that_comes_by_the_byte_is_heard() {
    let mut socket = connect(WIDE).await;
    let frame = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
    for byte in frame {
        socket.get_mut().write_all(&[byte]).await.unwrap();
        socket.get_mut().flush().await.unwrap();
    }
    let answer = timeout(SOON, socket.next()).await.unwrap();
    assert_eq!(answer.unwrap().unwrap(), Message::text("hi"));
}

/// What is handed to connections and not taken is counted over all of them.
#[tokio::test]
async fn when_too_much_waits_for_all_together_a_socket_is_closed_with_1013() {
    // Nobody is given up for being slow in this time.
    let patient = Limits {
        write: 10 * SOON,
        ..WIDE
    };
    let address = echo::start_with_room(patient, 64 * 1024);
    let mut stuck = Vec::new();
    for _ in 0..2 {
        let (mut sink, stream) = connect_narrow(address).await.split();
        // Until neither side takes anything; then half of the room is taken, and not given back.
        let sending = async move {
            let message = Message::binary(vec![1; 15 * 1024]);
            while sink.send(message.clone()).await.is_ok() {}
        };
        stuck.push((tokio::spawn(sending), stream));
    }
    let is_full = async || {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut socket = client_async("ws://localhost/", stream).await.unwrap().0;
        let message = Message::binary(vec![2; 8 * 1024]);
        socket.send(message.clone()).await.unwrap();
        match timeout(SOON, socket.next()).await.unwrap() {
            Some(Ok(Message::Close(frame))) => {
                assert_eq!(u16::from(frame.unwrap().code), 1013);
                true
            }
            echoed => {
                assert_eq!(echoed.unwrap().unwrap(), message);
                false
            }
        }
    };
    let end = Instant::now() + 4 * SOON;
    while !is_full().await {
        assert!(Instant::now() < end, "it must become full");
    }
    for (sending, stream) in stuck {
        sending.abort();
        sending.await.ok();
        drop(stream);
    }
    while is_full().await {
        assert!(Instant::now() < end, "it must have room again");
    }
}

#[tokio::test]
async fn what_breaks_the_protocol_and_what_is_no_text() {
    let reserved = [0xC1, 0x81, 0, 0, 0, 0, b'x'];
    let unmasked = [0x81, 0x01, b'x'];
    let not_utf8 = [0x81, 0x82, 0, 0, 0, 0, 0xC3, 0x28];
    let fragmented_ping = [0x09, 0x81, 0, 0, 0, 0, b'x'];
    let cases: [(&[u8], u16); 4] = [
        (&reserved, 1002),
        (&unmasked, 1002),
        (&fragmented_ping, 1002),
        (&not_utf8, 1007),
    ];
    for (bytes, code) in cases {
        let mut socket = connect(WIDE).await;
        socket.get_mut().write_all(bytes).await.unwrap();
        assert_eq!(close_code(&mut socket).await, Some(code), "{bytes:?}");
    }
}

#[tokio::test]
async fn who_is_silent_is_pinged_and_then_dropped() {
    let limits = Limits {
        heartbeat: Duration::from_millis(100),
        silence: Duration::from_millis(400),
        ..WIDE
    };
    let mut socket = connect(limits).await;
    // The client's answers to pings keep it for longer than the silence it may keep.
    let mut pings = 0;
    while pings < 8 {
        let message = timeout(SOON, socket.next()).await.unwrap();
        pings += u32::from(matches!(message, Some(Ok(Message::Ping(_)))));
    }
    // From here on nobody answers.
    let mut stream = socket.into_inner();
    let mut rest = Vec::new();
    timeout(SOON, stream.read_to_end(&mut rest))
        .await
        .expect("it must end")
        .ok();
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off() {
    let limits = Limits {
        write: Duration::from_millis(300),
        ..WIDE
    };
    let socket = connect(limits).await;
    let (mut sink, mut stream) = socket.split();
    // Echoes pile up until neither side takes anything.
    let send = async {
        while sink
            .send(Message::binary(vec![1; 1024 * 1024]))
            .await
            .is_ok()
        {}
    };
    timeout(SOON, send).await.expect("the connection must end");
    let read = async { while let Some(Ok(_)) = stream.next().await {} };
    timeout(SOON, read).await.expect("nothing more comes");
}
