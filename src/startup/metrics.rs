//! What this instance counts, in the text form of Prometheus.

use std::fmt::{self, Write};
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::watch;

use crate::gate::Gate;
use crate::live::Hub;
use crate::live::stats::{DELIVERY_BOUNDS_MS, Delivery, Stats};
use crate::store::append::Appender;
use crate::store::tail::TailStatus;

/// What the metrics are read from.
#[derive(Clone)]
pub struct Sources {
    pub hub: Hub,
    pub gate: Gate,
    pub appender: Appender,
    pub tail: watch::Receiver<TailStatus>,
}

impl Sources {
    /// Everything as it is now.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let appended = self.appender.stats();
        counter(
            out,
            "append_batches_total",
            "Batches committed",
            appended.batches.load(Relaxed),
        )?;
        counter(
            out,
            "append_events_total",
            "Events recorded",
            appended.events.load(Relaxed),
        )?;
        counter(
            out,
            "append_blockers_terminated_total",
            "Frozen sessions ended because they held the append lock",
            appended.terminated_blockers.load(Relaxed),
        )?;
        gauge(
            out,
            "append_waiting",
            "Commands waiting for the writer",
            self.appender.waiting(),
        )?;
        let tail = *self.tail.borrow();
        gauge(
            out,
            "tail_position",
            "Position read up to",
            tail.read.position,
        )?;
        let lag = tail.log_end - tail.read.position;
        gauge(
            out,
            "tail_lag_positions",
            "Positions between it and the log's end",
            lag,
        )?;
        let age = tail.answered.elapsed().as_secs_f64();
        gauge(
            out,
            "tail_answered_seconds",
            "Time since the database last answered",
            age,
        )?;
        counter(
            out,
            "gate_hashes_total",
            "Key values hashed",
            self.gate.hashed(),
        )?;
        gauge(
            out,
            "live_waiting_bytes",
            "Bytes that wait for sockets' peers",
            self.hub.ledger().waiting_bytes(),
        )?;
        live(out, self.hub.stats())
    }
}

fn live(out: &mut String, stats: &Stats) -> fmt::Result {
    gauge(
        out,
        "live_sockets",
        "Open sockets",
        stats.sockets.load(Relaxed),
    )?;
    gauge(
        out,
        "live_subscriptions",
        "Subscriptions",
        stats.subscriptions.load(Relaxed),
    )?;
    counter(
        out,
        "live_frames_total",
        "Frames that sockets took",
        stats.frames.load(Relaxed),
    )?;
    counter(
        out,
        "live_bytes_total",
        "Bytes of the frames that sockets took",
        stats.bytes.load(Relaxed),
    )?;
    counter(
        out,
        "live_resumes_total",
        "Subscriptions resumed",
        stats.resumes.load(Relaxed),
    )?;
    counter(
        out,
        "live_snapshots_total",
        "Snapshots sent",
        stats.snapshots.load(Relaxed),
    )?;
    let drops = &stats.drops;
    head(
        out,
        "live_drops_total",
        "Sockets closed by the server",
        "counter",
    )?;
    for (reason, drops) in [
        ("restart", &drops.restart),
        ("too_slow", &drops.too_slow),
        ("full", &drops.full),
        ("limit", &drops.limit),
        ("player_token_revoked", &drops.player_token_revoked),
        ("key_revoked", &drops.key_revoked),
        ("protocol", &drops.protocol),
        ("lost", &drops.lost),
    ] {
        let drops = drops.load(Relaxed);
        writeln!(
            out,
            "turnkey_live_drops_total{{reason=\"{reason}\"}} {drops}"
        )?;
    }
    delivery(out, &stats.delivery)
}

fn delivery(out: &mut String, delivery: &Delivery) -> fmt::Result {
    let name = "turnkey_live_delivery_seconds";
    head(
        out,
        "live_delivery_seconds",
        "From an event's time, just before its commit, until a socket took its update",
        "histogram",
    )?;
    let bounds = DELIVERY_BOUNDS_MS
        .iter()
        .map(|bound| format!("{}", *bound as f64 / 1000.0));
    let mut sum = 0;
    for (bound, bucket) in bounds.chain(["+Inf".to_owned()]).zip(&delivery.buckets) {
        sum += bucket.load(Relaxed);
        writeln!(out, "{name}_bucket{{le=\"{bound}\"}} {sum}")?;
    }
    let seconds = delivery.total_micros.load(Relaxed) as f64 / 1e6;
    writeln!(out, "{name}_sum {seconds}")?;
    writeln!(out, "{name}_count {sum}")
}

fn counter(out: &mut String, name: &str, help: &str, value: u64) -> fmt::Result {
    head(out, name, help, "counter")?;
    writeln!(out, "turnkey_{name} {value}")
}

fn gauge(out: &mut String, name: &str, help: &str, value: impl fmt::Display) -> fmt::Result {
    head(out, name, help, "gauge")?;
    writeln!(out, "turnkey_{name} {value}")
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) -> fmt::Result {
    writeln!(out, "# HELP turnkey_{name} {help}.")?;
    writeln!(out, "# TYPE turnkey_{name} {kind}")
}
