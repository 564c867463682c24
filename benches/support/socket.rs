//! A WebSocket client that reads frames and counts: a few hundred bytes a socket, so that thousands
//! fit beside the server.

use std::io::{ErrorKind, Result};
use std::net::SocketAddr;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const TEXT: u8 = 1;

/// One open WebSocket.
pub struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Socket {
    /// Shakes hands at `path`; each header line is `name: value`.
    pub async fn open(address: SocketAddr, path: &str, headers: &[&str]) -> Result<Socket> {
        Socket::over(TcpStream::connect(address).await?, path, headers).await
    }

    /// As [`open`](Self::open), with so little room for what arrives that a socket that is not read
    /// is soon full.
    pub async fn open_narrow(address: SocketAddr, path: &str, headers: &[&str]) -> Result<Socket> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(4096)?;
        Socket::over(socket.connect(address).await?, path, headers).await
    }

    async fn over(stream: TcpStream, path: &str, headers: &[&str]) -> Result<Socket> {
        stream.set_nodelay(true)?;
        let mut socket = Socket {
            stream,
            buffer: Vec::new(),
        };
        let mut lines = vec![
            "connection: Upgrade",
            "upgrade: websocket",
            "sec-websocket-version: 13",
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        ];
        lines.extend(headers);
        let request = super::client::request("GET", path, &lines, None);
        socket.stream.write_all(&request).await?;
        loop {
            if let Some(end) = memmem::find(&socket.buffer, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&socket.buffer[..end]).into_owned();
                assert!(head.starts_with("HTTP/1.1 101"), "{head}");
                socket.buffer.drain(..end + 4);
                return Ok(socket);
            }
            socket.read_more().await?;
        }
    }

    /// The next text frame's payload; others are passed over.
    pub async fn next_text(&mut self) -> Result<Vec<u8>> {
        loop {
            while let Some((opcode, payload)) = self.take_frame() {
                if opcode == TEXT {
                    return Ok(payload);
                }
            }
            self.read_more().await?;
        }
    }

    /// Reads on to the text frame that begins with `{"type":"<kind>"`.
    pub async fn until(&mut self, kind: &str) -> Result<Vec<u8>> {
        loop {
            let text = self.next_text().await?;
            if is_of(kind, &text) {
                return Ok(text);
            }
        }
    }

    /// Sends a text of less than 126 bytes.
    pub async fn send_text(&mut self, text: &str) -> Result<()> {
        let length = u8::try_from(text.len()).ok().filter(|length| *length < 126);
        // Masked with zeros, as a client may.
        let mut frame = vec![0x80 | TEXT, 0x80 | length.unwrap(), 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).await
    }

    fn take_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let (first, second) = (*self.buffer.first()?, *self.buffer.get(1)?);
        let (start, length) = match second & 0x7f {
            126 => {
                let bytes: [u8; 2] = self.buffer.get(2..4)?.try_into().ok()?;
                (4, usize::from(u16::from_be_bytes(bytes)))
            }
            127 => {
                let bytes: [u8; 8] = self.buffer.get(2..10)?.try_into().ok()?;
                (10, usize::try_from(u64::from_be_bytes(bytes)).ok()?)
            }
            length => (2, usize::from(length)),
        };
        let payload = self.buffer.get(start..start + length)?.to_vec();
        self.buffer.drain(..start + length);
        Some((first & 0x0f, payload))
    }

    async fn read_more(&mut self) -> Result<()> {
        self.buffer.reserve(1024);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Whether a frame is of that type, without parsing it.
pub fn is_of(kind: &str, text: &[u8]) -> bool {
    text.strip_prefix(b"{\"type\":\"")
        .and_then(|rest| rest.strip_prefix(kind.as_bytes()))
        .is_some_and(|rest| rest.first() == Some(&b'"'))
}
