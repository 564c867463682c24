//! Turnkey: a self-hosted backend for turn-based games.
//!
//! `docs/ARCHITECTURE.md` has the map. The documentation of each module explains its purpose.

pub mod cli;
pub mod config;
pub mod control;
pub mod game;
pub mod gate;
pub mod http;
pub mod live;
pub mod measure;
pub mod play;
pub mod projection;
pub mod record;
pub mod rules;
pub mod seals;
pub mod stages;
pub mod startup;
pub mod store;
pub mod trace;
pub mod upkeep;
