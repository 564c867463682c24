//! HTTP/1.1 on a kept-alive connection, with requests that were written out before: what the
//! client does for a call is one write, one read, and a search for two places in the answer's head.
//! It runs on the processors that it measures, so it has to cost little, whatever else a head says.

use std::io::{ErrorKind, Result};
use std::net::SocketAddr;
use std::ops::Range;
use std::str::FromStr;

use memchr::memmem;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// As actix-http writes it.
const LENGTH: &[u8] = b"\r\ncontent-length: ";

/// One connection, one call at a time.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

/// An answer, until the connection's next call.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            buffer: vec![0; 4096],
            filled: 0,
        })
    }

    /// Sends a whole request and reads its answer.
    pub async fn call(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.filled = 0;
        let head = self.read_head().await?;
        let (status, length) = read_status_and_length(&self.buffer[..head])?;
        let body = head..head + length;
        self.read_to(&body).await?;
        Ok(Answer {
            status,
            body: &self.buffer[body],
        })
    }

    /// As [`call`](Self::call), for an answer in JSON with the status `expected`.
    pub async fn call_json(&mut self, request: &[u8], expected: u16) -> Value {
        let answer = self.call(request).await.unwrap();
        let text = String::from_utf8_lossy(answer.body);
        assert_eq!(answer.status, expected, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn read_head(&mut self) -> Result<usize> {
        loop {
            if let Some(end) = memmem::find(&self.buffer[..self.filled], b"\r\n\r\n") {
                return Ok(end + 4);
            }
            self.read_more().await?;
        }
    }

    async fn read_to(&mut self, body: &Range<usize>) -> Result<()> {
        while self.filled < body.end {
            self.read_more().await?;
        }
        Ok(())
    }

    async fn read_more(&mut self) -> Result<()> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let read = self.stream.read(&mut self.buffer[self.filled..]).await?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.filled += read;
        Ok(())
    }
}

/// Writes out a request; each header line is `name: value`.
pub fn request(method: &str, path: &str, headers: &[&str], body: Option<&Value>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    if let Some(body) = body {
        let body = body.to_string();
        let length = body.len();
        text.push_str(&format!(
            "content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ));
    } else {
        text.push_str("\r\n");
    }
    text.into_bytes()
}

fn read_status_and_length(head: &[u8]) -> Result<(u16, usize)> {
    let status = head.get(9..12).and_then(number::<u16>);
    let length = memmem::find(head, LENGTH).map_or(Some(0), |at| {
        let digits = &head[at + LENGTH.len()..];
        number(&digits[..memchr::memchr(b'\r', digits)?])
    });
    let both = status.zip(length);
    both.ok_or_else(|| ErrorKind::InvalidData.into())
}

fn number<N: FromStr>(digits: &[u8]) -> Option<N> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
