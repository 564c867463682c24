//! Reads the peer's messages.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use actix_web::web::Bytes;
use actix_ws::{AggregatedMessage, AggregatedMessageStream, MessageStream, ProtocolError};
use bytestring::ByteString;
use futures_util::Stream;

use super::{Ending, Line, Violation};

/// A whole message of the peer, its fragments put together.
#[derive(Debug)]
pub enum Heard {
    /// A text message.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
    /// A ping with its payload, at most 125 bytes.
    Ping(Bytes),
    /// A pong.
    Pong,
}

/// The reading half of a connection.
pub struct Intake {
    messages: AggregatedMessageStream,
    line: Rc<Line>,
}

impl Intake {
    pub(super) fn new(messages: MessageStream, line: Rc<Line>) -> Intake {
        // The meter enforces the limit on messages. The limit here must only not be lower.
        let limit = usize::try_from(line.limits.message_bytes).unwrap_or(usize::MAX);
        let messages = messages
            .max_frame_size(limit.max(125))
            .aggregate_continuations()
            .max_continuation_size(limit);
        Intake { messages, line }
    }

    /// The next message.
    ///
    /// # Errors
    /// The ending that the peer has caused: any but [`Ending::Stuck`], [`Ending::Full`] and
    /// [`Ending::Ours`].
    pub(super) async fn next(&mut self) -> Result<Heard, Ending> {
        let polled = poll_fn(|context| {
            let polled = Pin::new(&mut self.messages).poll_next(context);
            match (polled, self.line.violation.get()) {
                (Poll::Pending, Some(violation)) => Poll::Ready(Err(violation)),
                (Poll::Pending, None) => Poll::Pending,
                (Poll::Ready(message), _) => Poll::Ready(Ok(message)),
            }
        });
        match polled.await {
            Err(Violation::Protocol) => Err(Ending::Protocol),
            Err(Violation::Limit) => Err(Ending::Limit),
            Ok(None) => Err(Ending::Lost),
            Ok(Some(Err(error))) => Err(ending(&error)),
            Ok(Some(Ok(AggregatedMessage::Text(text)))) => Ok(Heard::Text(text)),
            Ok(Some(Ok(AggregatedMessage::Binary(bytes)))) => Ok(Heard::Binary(bytes)),
            Ok(Some(Ok(AggregatedMessage::Ping(bytes)))) => Ok(Heard::Ping(bytes)),
            Ok(Some(Ok(AggregatedMessage::Pong(_)))) => Ok(Heard::Pong),
            Ok(Some(Ok(AggregatedMessage::Close(reason)))) => Err(Ending::Peer(reason)),
        }
    }
}

/// actix-ws reports text that is not UTF-8 as an I/O error of this kind. It would report reserved
/// bits in the same way, but the meter has refused them before.
fn ending(error: &ProtocolError) -> Ending {
    match error {
        ProtocolError::Io(error) if error.kind() == io::ErrorKind::InvalidData => Ending::NotText,
        ProtocolError::Io(_) => Ending::Lost,
        ProtocolError::UnmaskedFrame
        | ProtocolError::MaskedFrame
        | ProtocolError::InvalidOpcode(_)
        | ProtocolError::InvalidLength(_)
        | ProtocolError::BadOpCode
        | ProtocolError::Overflow
        | ProtocolError::ContinuationNotStarted
        | ProtocolError::ContinuationStarted
        | ProtocolError::ContinuationFragment(_) => Ending::Protocol,
    }
}
