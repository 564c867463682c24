//! The live channel: a WebSocket on which each recorded event of a game arrives once, in order.

pub mod handshake;
