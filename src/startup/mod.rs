//! Starting and stopping. Every task is started here under a name, and waited for at the end.

mod atomic_file;
mod certificates;
pub mod credentials;
pub mod embedded;
mod listeners;
pub mod logging;
mod metrics;
mod open_files;
pub mod place;
pub mod ports_file;
mod readiness;
mod server;
pub mod spans;
mod tasks;
mod vitals;

pub use server::{Notice, Server, StartError};
