//! What a process has used, as Linux tells it. Elsewhere nothing is told, and nothing reported.

use nix::unistd::Pid;

/// The kernel counts in hundredths of a second on every platform that has this file.
const TICK_MICROS: f64 = 10_000.0;

/// Processor time so far, of all its threads, in microseconds.
pub fn processor_micros(process: Pid) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the name, in brackets, with anything in it.
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) * TICK_MICROS)
}

/// Resident memory now, in bytes.
pub fn resident_bytes(process: Pid) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024.0)
}
