//! HTTP/1.1 on a kept-alive connection, with requests that were written out before: what the
//! client does for a call is one write, one read, and a look at two lines of the answer's head.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::ops::Range;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
            if let Some(end) = find(&self.buffer[..self.filled], b"\r\n\r\n") {
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
    let malformed = || Error::from(ErrorKind::InvalidData);
    let text = std::str::from_utf8(head).map_err(|_| malformed())?;
    let status = text.get(9..12).and_then(|digits| digits.parse().ok());
    let length = text
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse().ok())?
        })
        .unwrap_or(0);
    Ok((status.ok_or_else(malformed)?, length))
}

pub fn find(text: &[u8], pattern: &[u8]) -> Option<usize> {
    text.windows(pattern.len())
        .position(|window| window == pattern)
}
