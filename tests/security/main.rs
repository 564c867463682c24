//! What docs/SECURITY.md says of strangers' inputs and of dependencies.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps fails where it should"
)]

mod dependencies;
mod fuzz;
