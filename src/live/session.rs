//! One socket from its first frame to its last. The client's frames are queued for the socket's
//! writer. Before the connection closes, a goodbye says why, if the server ends it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::frames::{ClientFrame, ErrorCode, GoodbyeReason, Malformed, ServerFrame};
use super::hub::Hub;
use super::inbox::Command;
use super::mailbox::Farewell;
use super::registry::Socket;
use super::stats::count;
use super::wire::{self, Bound, Ending, Heard, Intake, Limits, Outlet};
use super::writer::Writer;
use crate::store::KeyId;

/// How often the server pings, in seconds. `hello` carries this number.
pub const HEARTBEAT_SECONDS: u64 = 25;

/// The limits of one socket.
pub const LIMITS: Limits = Limits {
    message_bytes: 16 * 1024,
    frames_in_five_seconds: 100,
    // A client that comes back subscribes to all its games at once.
    generous_frames_in_five_seconds: 200,
    heartbeat: Duration::from_secs(HEARTBEAT_SECONDS),
    silence: Duration::from_secs(60),
    write: Duration::from_secs(5),
};

/// A socket is closed at this many frames that are not JSON.
const MAX_NOT_JSON: u32 = 3;
/// How long a goodbye may wait to be taken.
const GOODBYE: Duration = Duration::from_secs(1);

/// Serves one socket to its end.
pub(super) async fn serve(hub: Hub, socket: Arc<Socket>, intake: Intake, outlet: Outlet) {
    let opened = Instant::now();
    let entry = hub.enter(socket.clone());
    let mut not_json = 0;
    let hear = async |heard: Heard| {
        let Read {
            command,
            bound,
            size_bytes,
        } = read(heard, &mut not_json)?;
        socket.mailbox.command(command, size_bytes).await;
        Ok(bound)
    };
    let write = async {
        tokio::select! {
            farewell = socket.mailbox.farewell() => Ending::Ours(farewell.reason.close_code().into()),
            ending = Writer::new(&hub, &socket, &outlet).run() => ending,
        }
    };
    let ending = wire::converse(intake, &outlet, hear, write).await;
    drop(entry);
    part(&hub, &socket, outlet, ending, opened).await;
}

/// A message of the client, after it was parsed.
struct Read {
    command: Command,
    bound: Bound,
    size_bytes: usize,
}

/// Parses a message into a command.
fn read(heard: Heard, not_json: &mut u32) -> Result<Read, Ending> {
    let text = match heard {
        Heard::Text(text) => text,
        Heard::Binary(_) | Heard::Ping(_) | Heard::Pong => return Err(Ending::Limit),
    };
    let (command, bound) = match ClientFrame::parse(&text) {
        Ok(frame) => {
            let bound = bound(&frame);
            (Command::Follow(frame), bound)
        }
        Err(error) => {
            if matches!(error, Malformed::NotJson(_)) {
                *not_json += 1;
            }
            if *not_json >= MAX_NOT_JSON {
                return Err(Ending::Limit);
            }
            let answer = ServerFrame::error(ErrorCode::Malformed, &error.to_string());
            (Command::Answer(answer), Bound::Ordinary)
        }
    };
    Ok(Read {
        command,
        bound,
        size_bytes: text.len(),
    })
}

/// The limit that a frame counts towards. Subscribing has the generous one, because a client may
/// have to subscribe to each of its games.
fn bound(frame: &ClientFrame) -> Bound {
    match frame {
        ClientFrame::Subscribe { .. }
        | ClientFrame::SubscribeGames { .. }
        | ClientFrame::SubscribeMine { .. } => Bound::Generous,
        ClientFrame::Unsubscribe(_) | ClientFrame::Ping { .. } => Bound::Ordinary,
    }
}

/// Says goodbye if the server ends the socket, logs the socket's line, and closes.
async fn part(hub: &Hub, socket: &Socket, outlet: Outlet, ending: Ending, opened: Instant) {
    let drops = &hub.stats().drops;
    let farewell = match &ending {
        Ending::Ours(_) => Some(socket.mailbox.farewell().await),
        Ending::Limit => Some(Farewell::new(GoodbyeReason::Limit)),
        Ending::Stuck => Some(Farewell::new(GoodbyeReason::TooSlow)),
        Ending::Full => Some(Farewell::new(GoodbyeReason::Full)),
        Ending::Protocol | Ending::NotText | Ending::Lost | Ending::Peer(_) => None,
    };
    let reason = match (farewell, &ending) {
        (Some(farewell), _) => {
            count(drops.of(farewell.reason));
            say_goodbye(hub, socket, &outlet, farewell).await;
            farewell.reason.as_str()
        }
        (None, Ending::Lost) => {
            count(&drops.lost);
            "lost"
        }
        (None, Ending::Protocol | Ending::NotText) => {
            count(&drops.protocol);
            "protocol"
        }
        (None, _) => "client",
    };
    tracing::info!(
        request_id = %socket.request_id,
        connection_id = %socket.id,
        stage = socket.stage.as_str(),
        key_id = socket.key.as_ref().map(KeyId::as_str),
        close_code = ending.close_code(),
        reason,
        duration_ms = opened.elapsed().as_micros() as f64 / 1000.0,
        frames = socket.frames.load(Ordering::Relaxed),
        bytes = socket.bytes.load(Ordering::Relaxed),
        "socket closed"
    );
    outlet.close(&ending).await;
}

/// Sends a goodbye. A client that takes no more frames misses it.
async fn say_goodbye(hub: &Hub, socket: &Socket, outlet: &Outlet, farewell: Farewell) {
    let within = farewell.retry_within.max(hub.spread(socket, 1));
    let within = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    let goodbye = ServerFrame::Goodbye {
        reason: farewell.reason,
        retry_after_ms: rand::random_range(0..=within),
    };
    let text = goodbye.to_text();
    let size_bytes = text.len();
    if let Ok(Ok(())) = timeout(GOODBYE, outlet.text(text)).await {
        hub.stats().count_frame(size_bytes);
        socket.count_frame(size_bytes);
    }
}
