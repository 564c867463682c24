//! The metrics of this instance: requests, gate, append, tail, projector, database, live channel,
//! process.
//!
//! The modules count with plain atomics and do not know this module. All other figures are read when the
//! metrics are requested. Labels are few and known in advance: never an id, a path as it was sent, or
//! anything else that grows with use. `docs/OPERATIONS.md` explains each metric.

mod text;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::vitals::Vitals;
use crate::gate::Gate;
use crate::http::Readiness;
use crate::http::requests::Requests;
use crate::live::Hub;
use crate::live::stats::Stats;
use crate::projection::Leading;
use crate::store::Store;
use crate::store::append::Appender;
use crate::store::tail::TailStatus;
use text::{Kind, Text};

/// Histograms of durations hold microseconds.
const MICROS: f64 = 1e6;

/// The sources of the metrics.
#[derive(Clone)]
pub struct Sources {
    /// The live channel.
    pub hub: Hub,
    /// The gate.
    pub gate: Gate,
    /// The writer of the log.
    pub appender: Appender,
    /// The database.
    pub store: Store,
    /// The state of the log's follower.
    pub tail: watch::Receiver<TailStatus>,
    /// Whether this instance writes the projections.
    pub leading: Arc<Leading>,
    /// The last figures from the database.
    pub vitals: watch::Receiver<Vitals>,
    /// The state that `/readyz` reports.
    pub readiness: watch::Receiver<Readiness>,
    /// The requests of the public listener and of the control plane.
    pub requests: [Arc<Requests>; 2],
    /// When the process started.
    pub started: SystemTime,
}

impl Sources {
    /// All metrics as they are now, as text.
    pub fn text(&self) -> String {
        let mut out = Text::default();
        self.process(&mut out);
        self.http(&mut out);
        self.gate(&mut out);
        self.append(&mut out);
        self.tail(&mut out);
        self.projector(&mut out);
        self.database(&mut out);
        out.gauge(
            "live_waiting_bytes",
            "Bytes that wait for sockets' peers.",
            self.hub.ledger().waiting_bytes(),
        );
        live(&mut out, self.hub.stats());
        out.finish()
    }

    fn process(&self, out: &mut Text) {
        let mut info = out.family(Kind::Gauge, "build_info", "Always 1; the release.");
        info.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        out.gauge(
            "start_time_seconds",
            "When this process started, in Unix time.",
            started.as_secs_f64(),
        );
        let is_ready = *self.readiness.borrow() == Readiness::Ready;
        out.gauge("ready", "1 while /readyz answers 200.", u8::from(is_ready));
        let is_draining = *self.readiness.borrow() == Readiness::Stopping;
        out.gauge(
            "draining",
            "1 once the server was told to stop.",
            u8::from(is_draining),
        );
    }

    fn http(&self, out: &mut Text) {
        let help = "Requests by route and class of answer; aborted: the client left before it.";
        let mut answered = out.family(Kind::Counter, "http_requests_total", help);
        self.for_each_route(|labels, answers| {
            for (class, count) in answers.by_class() {
                let labels: Vec<_> = labels.iter().copied().chain([("status", class)]).collect();
                answered.sample(&labels, count);
            }
        });
        let help = "Time from a request's head to its answer's.";
        let mut took = out.family(Kind::Histogram, "http_request_duration_seconds", help);
        self.for_each_route(|labels, answers| took.histogram(labels, &answers.duration, MICROS));
    }

    fn for_each_route(
        &self,
        mut tell: impl FnMut(text::Labels<'_>, &crate::http::requests::Answers),
    ) {
        for requests in &self.requests {
            let listener = requests.listener().name();
            for answers in requests.by_route() {
                let method = answers.route.method.unwrap_or("any");
                let labels = [
                    ("listener", listener),
                    ("method", method),
                    ("route", answers.route.path),
                ];
                tell(&labels, answers);
            }
        }
    }

    fn gate(&self, out: &mut Text) {
        let help = "Requests by their outcome at the gate.";
        let mut decided = out.family(Kind::Counter, "gate_decisions_total", help);
        for (outcome, count) in self.gate.stats().counts() {
            decided.sample(&[("outcome", outcome)], count);
        }
        let gate = self.gate.vitals();
        out.counter("gate_hashes_total", "Key values hashed.", gate.hashed);
        out.gauge(
            "gate_hash_queue",
            "Key values that wait to be hashed.",
            gate.hash_queue,
        );
        out.gauge(
            "gate_quota_queue",
            "Calls that wait for quota to be taken.",
            gate.quota_queue,
        );
        out.gauge(
            "gate_quota_leased_calls",
            "Calls of quota that were taken ahead and not spent yet.",
            gate.quota_leased,
        );
        out.gauge(
            "gate_snapshot_generation",
            "How often the gate's tables were read since the start.",
            gate.generation,
        );
        out.gauge(
            "gate_snapshot_age_seconds",
            "Time since the gate's tables were known to be current.",
            gate.snapshot_age.as_secs_f64(),
        );
        out.gauge(
            "gate_instances",
            "Instances that share the throttles, as this one knows them.",
            gate.instances,
        );
    }

    fn append(&self, out: &mut Text) {
        let stats = self.appender.stats();
        let help = "Commands by the outcome of their event.";
        let mut ended = out.family(Kind::Counter, "append_commands_total", help);
        for (outcome, count) in stats.outcomes.counts() {
            ended.sample(&[("outcome", outcome)], count);
        }
        let (batches, events) = (stats.batches.load(Relaxed), stats.events.load(Relaxed));
        out.counter("append_batches_total", "Batches sent.", batches);
        out.counter("append_events_total", "Events recorded.", events);
        out.histogram(
            "append_batch_events",
            "Events in one batch.",
            &stats.batch_events,
            1.0,
        );
        out.histogram(
            "append_batch_duration_seconds",
            "Time from sending a batch to its last answer.",
            &stats.batch_duration,
            MICROS,
        );
        out.histogram(
            "append_duration_seconds",
            "Time from a command's event to its commit, waiting included.",
            &stats.duration,
            MICROS,
        );
        let waiting = self.appender.waiting();
        out.gauge(
            "append_waiting",
            "Commands that wait for the writer.",
            waiting,
        );
        out.counter(
            "append_blockers_terminated_total",
            "Frozen sessions ended because they held the append lock.",
            stats.terminated_blockers.load(Relaxed),
        );
    }

    fn tail(&self, out: &mut Text) {
        let tail = *self.tail.borrow();
        out.gauge("tail_position", "Position read up to.", tail.read.position);
        out.gauge(
            "tail_lag_positions",
            "Positions between it and the log's end.",
            tail.log_end - tail.read.position,
        );
        out.gauge(
            "tail_lag_seconds",
            "Time since this instance had read all of the log; up to 0.5 in health.",
            tail.complete.elapsed().as_secs_f64(),
        );
    }

    fn projector(&self, out: &mut Text) {
        let leads = u8::from(self.leading.is_leading());
        out.gauge(
            "projector_leader",
            "1 on the instance that projects.",
            leads,
        );
        let vitals = self.vitals.borrow();
        out.gauge(
            "projector_lag_events",
            "Events that are not projected yet.",
            vitals.projection.lag_events,
        );
        out.gauge(
            "projector_lag_seconds",
            "Age of the oldest event that is not projected yet.",
            vitals.projection.lag_seconds,
        );
        out.gauge(
            "projector_quarantined_games",
            "Games that cannot be projected.",
            vitals.projection.quarantined,
        );
    }

    fn database(&self, out: &mut Text) {
        let silence = self.tail.borrow().answered.elapsed();
        out.gauge(
            "database_silence_seconds",
            "Time since the database last answered; up to 0.5 in health.",
            silence.as_secs_f64(),
        );
        let pool = self.store.pool_use();
        let mut connections = out.family(Kind::Gauge, "pool_connections", "Pooled connections.");
        connections.sample(&[("state", "in_use")], pool.in_use);
        connections.sample(&[("state", "idle")], pool.idle);
        out.gauge(
            "pool_max_connections",
            "The most connections in the pool.",
            pool.most,
        );
        out.gauge(
            "pool_waiting",
            "Statements that wait for a connection.",
            pool.waiting,
        );
    }
}

fn live(out: &mut Text, stats: &Stats) {
    let (sockets, subscriptions) = (&stats.sockets, &stats.subscriptions);
    out.gauge("live_sockets", "Open sockets.", sockets.load(Relaxed));
    out.gauge(
        "live_subscriptions",
        "Games that sockets follow.",
        subscriptions.load(Relaxed),
    );
    out.counter(
        "live_frames_total",
        "Frames that sockets took.",
        stats.frames.load(Relaxed),
    );
    out.counter(
        "live_bytes_total",
        "Bytes of the frames that sockets took.",
        stats.bytes.load(Relaxed),
    );
    out.counter(
        "live_resumes_total",
        "Subscriptions that went on from a version.",
        stats.resumes.load(Relaxed),
    );
    out.counter(
        "live_snapshots_total",
        "Snapshots sent.",
        stats.snapshots.load(Relaxed),
    );
    let drops = &stats.drops;
    let help = "Sockets that the server closed.";
    let mut dropped = out.family(Kind::Counter, "live_drops_total", help);
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
        dropped.sample(&[("reason", reason)], drops.load(Relaxed));
    }
    out.histogram(
        "live_delivery_seconds",
        "From an event's time, just before its commit, until a socket took its update.",
        &stats.delivery,
        MICROS,
    );
}
