//! Writes the chosen ports to a file, for scripts and tests.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use super::atomic_file::{self, Readers};

/// Writes `{"public":"127.0.0.1:8080","control":"127.0.0.1:8081"}` atomically, so that a reader never
/// finds half a file. Call it when both listeners are ready.
///
/// # Errors
/// Fails with the action that the operating system refused.
pub fn write(path: &Path, public: SocketAddr, control: SocketAddr) -> io::Result<()> {
    let json = serde_json::json!({"public": public.to_string(), "control": control.to_string()});
    atomic_file::write(path, &format!("{json}\n"), Readers::Anyone)
}
