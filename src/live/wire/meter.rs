//! Applies the limits on incoming frames to their headers, before anything is buffered.
//!
//! actix-ws looks at a frame's length only once the whole frame has arrived, so a peer that
//! announces a gigabyte would have it buffered. The meter reads the headers as the bytes pass and
//! stops the stream at the first frame that breaks a limit.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::Stream;
use futures_util::future::FutureExt;
use tokio::time::Instant;

use super::pace::{Bound, Pace};
use super::{Limits, Line};

const MAX_CONTROL_BYTES: u64 = 125;
/// The opcodes of control frames.
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// A breach that shows in a frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// The frame breaks RFC 6455.
    Protocol,
    /// The message is too long, or there are too many frames.
    Limit,
}

/// The payload of `request`, metered.
pub(super) fn metered(
    request: &HttpRequest,
    payload: web::Payload,
    line: Rc<Line>,
) -> web::Payload {
    let metered = Metered {
        payload: payload.into_inner(),
        meter: Meter::new(line.limits),
        line,
    };
    let mut wrapped: Payload = Payload::Stream {
        payload: Box::pin(metered),
    };
    web::Payload::from_request(request, &mut wrapped)
        .now_or_never()
        .and_then(Result::ok)
        // This only moves the value into a newtype that has no other constructor.
        .expect("taking a payload neither waits nor fails")
}

struct Metered {
    payload: Payload,
    meter: Meter,
    line: Rc<Line>,
}

impl Stream for Metered {
    type Item = Result<Bytes, PayloadError>;

    /// Pending for ever after a violation. The reader asks the line for a violation after each
    /// poll.
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.line.violation.get().is_some() {
            return Poll::Pending;
        }
        let polled = Pin::new(&mut this.payload).poll_next(context);
        let Poll::Ready(Some(Ok(mut bytes))) = polled else {
            return polled;
        };
        let now = Instant::now();
        this.line.heard.set(now);
        let passed = this
            .meter
            .pass(&bytes, &mut this.line.pace.borrow_mut(), now);
        if let Err((good, violation)) = passed {
            this.line.violation.set(Some(violation));
            bytes.truncate(good);
        }
        Poll::Ready(Some(Ok(bytes)))
    }
}

/// Follows the frames in a stream of bytes.
struct Meter {
    limits: Limits,
    header: Vec<u8>,
    payload_left: u64,
    /// Bytes so far of the message whose fragments are arriving.
    message_bytes: u64,
    /// Frames so far of that message.
    message_frames: u32,
}

impl Meter {
    fn new(limits: Limits) -> Meter {
        Meter {
            limits,
            header: Vec::new(),
            payload_left: 0,
            message_bytes: 0,
            message_frames: 0,
        }
    }

    /// Follows `bytes`, and counts their frames in `pace`.
    ///
    /// # Errors
    /// How many of the bytes come before the frame that breaks a limit, and which limit it breaks.
    fn pass(
        &mut self,
        bytes: &[u8],
        pace: &mut Pace,
        now: Instant,
    ) -> Result<(), (usize, Violation)> {
        let mut at = 0;
        let mut frame_start = 0;
        while at < bytes.len() {
            if self.payload_left > 0 {
                let rest = bytes.len() - at;
                let step = usize::try_from(self.payload_left).map_or(rest, |left| left.min(rest));
                at += step;
                self.payload_left -= step as u64;
                continue;
            }
            if self.header.is_empty() {
                frame_start = at;
            }
            self.header.push(bytes[at]);
            at += 1;
            if let Some(length) = payload_length(&self.header) {
                let judged = self.judge(length, pace, now);
                self.header.clear();
                self.payload_left = length;
                judged.map_err(|violation| (frame_start, violation))?;
            }
        }
        Ok(())
    }

    fn judge(&mut self, length: u64, pace: &mut Pace, now: Instant) -> Result<(), Violation> {
        let (first, second) = (self.header[0], self.header[1]);
        let reserved_bits = first & 0b0111_0000;
        let masked = second & 0b1000_0000 != 0;
        if reserved_bits != 0 || !masked {
            return Err(Violation::Protocol);
        }
        let is_control = first & 0b0000_1000 != 0;
        let is_last = first & 0b1000_0000 != 0;
        if is_control {
            if length > MAX_CONTROL_BYTES {
                return Err(Violation::Protocol);
            }
            return match first & 0b0000_1111 {
                // A peer may always close.
                CLOSE => Ok(()),
                PING => pace.count(Bound::Generous, 1, now),
                _ => pace.count(Bound::Ordinary, 1, now),
            };
        }
        self.message_bytes = self.message_bytes.saturating_add(length);
        self.message_frames = self.message_frames.saturating_add(1);
        // Fragments are kept until the last one has come, and each takes more memory than its
        // bytes.
        if self.message_bytes > self.limits.message_bytes
            || self.message_frames > self.limits.frames_in_five_seconds
        {
            return Err(Violation::Limit);
        }
        pace.frame_arrived(now)?;
        if is_last {
            pace.message_arrived(self.message_frames);
            self.message_bytes = 0;
            self.message_frames = 0;
        }
        Ok(())
    }
}

/// The length of the payload that follows `header`; `None` until the header is whole.
fn payload_length(header: &[u8]) -> Option<u64> {
    let mask_bytes = if header.get(1)? & 0b1000_0000 != 0 {
        4
    } else {
        0
    };
    let (length_bytes, length) = match header[1] & 0b0111_1111 {
        126 => (2, big_endian(header.get(2..4)?)),
        127 => (8, big_endian(header.get(2..10)?)),
        short => (0, u64::from(short)),
    };
    (header.len() == 2 + length_bytes + mask_bytes).then_some(length)
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: Limits = Limits {
        message_bytes: 300,
        frames_in_five_seconds: 4,
        generous_frames_in_five_seconds: 6,
        heartbeat: Duration::from_secs(25),
        silence: Duration::from_secs(60),
        write: Duration::from_secs(5),
    };

    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![first];
        match length {
            0..126 => bytes.push(0x80 | u8::try_from(length).expect("short")),
            _ => {
                bytes.push(0x80 | 126);
                bytes.extend(u16::try_from(length).expect("medium").to_be_bytes());
            }
        }
        bytes.extend([0; 4]);
        bytes.extend(vec![b'x'; length]);
        bytes
    }

    /// A meter with its pace.
    struct Metering(Meter, Pace);

    impl Metering {
        fn new(now: Instant) -> Metering {
            Metering(Meter::new(LIMITS), Pace::new(&LIMITS, now))
        }

        fn pass(&mut self, bytes: &[u8], now: Instant) -> Result<(), (usize, Violation)> {
            self.0.pass(bytes, &mut self.1, now)
        }

        /// As when the last message was read.
        fn read(&mut self, bound: Bound, now: Instant) -> Result<(), Violation> {
            self.1.message_read(bound, now)
        }
    }

    #[test]
    fn frames_within_the_limits_pass_in_any_pieces() {
        let now = Instant::now();
        let mut bytes = frame(0x81, 300);
        bytes.extend(frame(0x89, 125));
        bytes.extend(frame(0x81, 0));
        for piece in [1, 2, 7, bytes.len()] {
            let mut meter = Metering::new(now);
            for chunk in bytes.chunks(piece) {
                assert_eq!(meter.pass(chunk, now), Ok(()), "pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_message_is_measured_over_its_fragments_and_by_its_header_alone() {
        let now = Instant::now();
        let mut bytes = frame(0x01, 200);
        let good = bytes.len();
        bytes.extend(&frame(0x00, 101)[..8]);
        let mut meter = Metering::new(now);
        assert_eq!(meter.pass(&bytes, now), Err((good, Violation::Limit)));
        let huge = [0x82, 0x80 | 127, 0, 0, 1, 0, 0, 0, 0, 0, 9, 9, 9, 9];
        let mut meter = Metering::new(now);
        assert_eq!(meter.pass(&huge, now), Err((0, Violation::Limit)));
    }

    #[test]
    fn a_message_comes_in_so_many_fragments_however_slowly() {
        let started = Instant::now();
        let mut meter = Metering::new(started);
        let fragment = |number: u64| match number {
            1 => frame(0x01, 1),
            _ => frame(0x00, 0),
        };
        for number in 1..=4 {
            let at = started + Duration::from_secs(number * 10);
            assert_eq!(meter.pass(&fragment(number), at), Ok(()));
        }
        let at = started + Duration::from_secs(50);
        let fifth = meter.pass(&fragment(5), at);
        assert_eq!(fifth, Err((0, Violation::Limit)));
    }

    #[test]
    fn what_rfc_6455_forbids() {
        let now = Instant::now();
        for bytes in [frame(0xC1, 1), frame(0x89, 126), vec![0x81, 0x01, b'x']] {
            let mut meter = Metering::new(now);
            assert_eq!(meter.pass(&bytes, now), Err((0, Violation::Protocol)));
        }
    }

    #[test]
    fn a_message_counts_its_fragments_once_it_was_read() {
        let now = Instant::now();
        let mut three = frame(0x01, 1);
        three.extend(frame(0x00, 1));
        three.extend(frame(0x80, 1));
        let mut meter = Metering::new(now);
        assert_eq!(meter.pass(&three, now), Ok(()));
        assert_eq!(meter.read(Bound::Ordinary, now), Ok(()));
        assert_eq!(meter.pass(&three, now), Ok(()));
        let second = meter.read(Bound::Ordinary, now);
        assert_eq!(second, Err(Violation::Limit), "six are more than four");
    }

    #[test]
    fn control_frames_are_counted_by_their_kind() {
        let now = Instant::now();
        let (ping, pong, close) = (frame(0x89, 1), frame(0x8A, 1), frame(0x88, 2));
        for (kind, room) in [(&ping, 6), (&pong, 4)] {
            let mut meter = Metering::new(now);
            assert_eq!(meter.pass(&kind.repeat(room), now), Ok(()));
            assert_eq!(meter.pass(&close, now), Ok(()), "leaving is no flood");
            assert_eq!(meter.pass(kind, now), Err((0, Violation::Limit)));
        }
    }
}
