//! The live channel: a WebSocket on which each recorded event of a game arrives once, in order.
//!
//! [`run_feed`] makes of each event that the log's follower reads one shared frame for all who see
//! the same, and puts it into the mailboxes of the sockets that listen. It never waits for a
//! socket. Each socket has one writer, which sends a game's updates in order of their versions and
//! reads from the log the updates for which its mailbox had no room. So a frame may be lost on the
//! way, but no event is.

#![warn(missing_docs)]

mod catch_up;
mod drain;
mod feed;
pub mod frames;
pub mod handshake;
mod hub;
mod inbox;
mod mailbox;
mod open;
mod push;
pub mod query;
mod registry;
mod rights;
mod session;
pub mod stats;
mod subscription;
pub mod wire;
mod writer;

pub use drain::LAST_SOCKETS_PART_WITHIN;
pub use feed::run_feed;
pub use handshake::WEBSOCKET_VERSION;
pub use hub::{Hub, MAX_MINE, Settings};
pub use open::{Handshake, OpenError, Visitor, open_live, read_handshake};
pub use rights::watch_rights;
pub use session::{HEARTBEAT_SECONDS, LIMITS};
pub use wire::{note_connection, tcp_stream};
pub use writer::{MAX_NAMED, RESUME_LIMIT};
