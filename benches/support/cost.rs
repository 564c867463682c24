//! What a process has used, as Linux tells it. Elsewhere nothing is told, and nothing reported.

use nix::unistd::Pid;

/// Processor time so far, of all its threads, in microseconds.
#[cfg(target_os = "linux")]
pub fn processor_micros(process: Pid) -> Option<f64> {
    let used = nix::time::clock_getcpuclockid(process).ok()?.now().ok()?;
    Some(used.tv_sec() as f64 * 1e6 + used.tv_nsec() as f64 / 1e3)
}

#[cfg(not(target_os = "linux"))]
pub fn processor_micros(_process: Pid) -> Option<f64> {
    None
}

/// Resident memory now, in bytes.
pub fn resident_bytes(process: Pid) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024.0)
}
