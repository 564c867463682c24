//! (skeleton)

pub mod key;
pub mod table;

use std::process::ExitCode;

pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
