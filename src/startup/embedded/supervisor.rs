//! The one thread that starts Postgres, watches it, restarts it when it dies, and stops it.
//!
//! On Linux, Postgres gets a signal to shut down when its parent dies. The parent in this sense is the
//! *thread* that spawned it. So this thread lives as long as Postgres, and it is not a worker of a
//! runtime. It alone waits for its child and signals it, so a signal never reaches another process with
//! the same number.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::binaries::{Binaries, find};
use super::directory::{Layout, PORT};
use super::error::io_at;
use super::identity::{self, Identity};
use super::{EmbeddedError, Options, cluster, log_file, process, recovery};

/// Long enough to replay a long log after a crash.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// How long the shared memory of a killed Postgres may stay in use: its backends notice its end within
/// 3 s.
const SHARED_MEMORY_WITHIN: Duration = Duration::from_secs(10);
const SHARED_MEMORY_IN_USE: &str = "pre-existing shared memory block";
/// The signals that stop Postgres, each with its time: fast shutdown, immediate shutdown, kill.
const STOP: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(10)),
    (Signal::SIGQUIT, Duration::from_secs(4)),
    (Signal::SIGKILL, Duration::from_secs(2)),
];
const POLL: Duration = Duration::from_millis(5);
const WATCH: Duration = Duration::from_millis(50);
const BOUND_LOG_EVERY: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Whether the directory already held a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This start made it.
    Created,
    /// The database already existed.
    Found,
}

/// A running Postgres and the thread that keeps it running.
#[derive(Debug)]
pub struct Supervisor {
    /// Dropping it orders the thread to stop.
    alive: Option<Sender<Never>>,
    thread: Option<JoinHandle<()>>,
}

/// No value is ever sent. The end of the channel is the order to stop.
#[derive(Debug)]
enum Never {}

/// Starts Postgres and returns once it accepts connections.
pub fn start(layout: Layout, options: Options) -> Result<(Supervisor, Origin), EmbeddedError> {
    let (alive, orders) = channel();
    let (report, started) = sync_channel(1);
    let root = layout.root.clone();
    let thread = thread::Builder::new()
        .name("postgres".into())
        .spawn(move || run(layout, options, &orders, &report))
        .map_err(io_at("cannot start a thread for", &root))?;
    let supervisor = Supervisor {
        alive: Some(alive),
        thread: Some(thread),
    };
    match started.recv() {
        Ok(Ok(origin)) => Ok((supervisor, origin)),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(EmbeddedError::Create {
            detail: "the launcher's thread ended".into(),
        }),
    }
}

impl Supervisor {
    /// Stops Postgres and waits for its end, at most 16 s.
    pub fn stop(&mut self) {
        self.alive = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the launcher's thread panicked");
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Everything that `run` needs to start Postgres repeatedly.
struct Setup {
    layout: Layout,
    options: Options,
    binaries: Binaries,
    identity: Identity,
}

type Report = SyncSender<Result<Origin, EmbeddedError>>;

fn run(layout: Layout, options: Options, orders: &Receiver<Never>, report: &Report) {
    let first = prepare(layout, options)
        .and_then(|(setup, origin)| Ok((launch(&setup, orders)?, setup, origin)));
    let (mut child, setup) = match first {
        Ok((Some(child), setup, origin)) => {
            let _ = report.send(Ok(origin));
            (child, setup)
        }
        // Ordered to stop. The report has no reader any more.
        Ok((None, _, _)) => return,
        Err(error) => {
            let _ = report.send(Err(error));
            return;
        }
    };
    while let Some(status) = watch(&mut child, &setup, orders) {
        tracing::error!(%status, "Postgres ended; starting it again");
        match relaunch(&setup, orders) {
            Some(next) => child = next,
            None => return,
        }
    }
}

fn prepare(layout: Layout, options: Options) -> Result<(Setup, Origin), EmbeddedError> {
    let made_by = layout.made_by();
    let binaries = find(made_by, &layout.cluster)?;
    let identity = identity::choose(&layout, &binaries, options.root_descent)?;
    let origin = match made_by {
        Some(_) => Origin::Found,
        None => {
            cluster::create(&layout, &binaries, identity, options.durability)?;
            Origin::Created
        }
    };
    let setup = Setup {
        layout,
        options,
        binaries,
        identity,
    };
    Ok((setup, origin))
}

/// Starts Postgres and waits until it is ready; `None` if it was ordered to stop in the meantime.
fn launch(setup: &Setup, orders: &Receiver<Never>) -> Result<Option<Child>, EmbeddedError> {
    let layout = &setup.layout;
    let began = Instant::now();
    loop {
        recovery::recover(layout)?;
        identity::hand_over(&layout.cluster, setup.identity)?;
        layout.prepare_sockets(setup.identity.file_owner())?;
        let log = log_file::open(&layout.log)?;
        let said_before = log_file::size(&layout.log);
        let program = setup.binaries.postgres();
        let mut child = server_command(setup)
            .stderr(log)
            .spawn()
            .map_err(io_at("cannot run", &program))?;
        match wait_until_ready(&mut child, setup, orders)? {
            Readiness::Ready => return Ok(Some(child)),
            Readiness::ToldToStop => {
                stop(&mut child);
                return Ok(None);
            }
            Readiness::Ended => {}
        }
        let said = log_file::since(&layout.log, said_before);
        let in_use = said.contains(SHARED_MEMORY_IN_USE);
        if !in_use || began.elapsed() > SHARED_MEMORY_WITHIN {
            return Err(EmbeddedError::Start {
                detail: log_file::reason(&said),
                log: layout.log.clone(),
            });
        }
        if told_to_stop(orders, Duration::from_millis(100)) {
            return Ok(None);
        }
    }
}

enum Readiness {
    Ready,
    Ended,
    ToldToStop,
}

fn wait_until_ready(
    child: &mut Child,
    setup: &Setup,
    orders: &Receiver<Never>,
) -> Result<Readiness, EmbeddedError> {
    let deadline = Instant::now() + READY_WITHIN;
    let pid_file = setup.layout.pid_file();
    loop {
        let ended = child.try_wait().map_err(io_at("cannot watch", &pid_file))?;
        if ended.is_some() {
            return Ok(Readiness::Ended);
        }
        let ours = recovery::recorded_pid(&pid_file) == Some(pid_of(child));
        if ours && super::says_ready(&pid_file) {
            return Ok(Readiness::Ready);
        }
        if Instant::now() > deadline {
            stop(child);
            return Err(EmbeddedError::NotReady {
                seconds: READY_WITHIN.as_secs(),
                log: setup.layout.log.clone(),
            });
        }
        if told_to_stop(orders, POLL) {
            return Ok(Readiness::ToldToStop);
        }
    }
}

/// All important settings are on the command line, where no configuration file overrides them.
fn server_command(setup: &Setup) -> Command {
    let layout = &setup.layout;
    let mut command = cluster::command(&setup.binaries.postgres(), setup.identity);
    // The setting is a list, so the path is quoted: a comma or a blank then belongs to the path.
    let sockets = layout.sockets.to_string_lossy().replace('"', "\"\"");
    let settings = [
        "listen_addresses=".to_owned(),
        format!("port={PORT}"),
        format!("unix_socket_directories=\"{sockets}\""),
        "unix_socket_permissions=0700".to_owned(),
        format!("max_connections={}", setup.options.max_connections),
        setup.options.durability.fsync_setting().to_owned(),
        "full_page_writes=on".to_owned(),
        "logging_collector=off".to_owned(),
        "log_destination=stderr".to_owned(),
        "cluster_name=turnkey".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
    ];
    command.arg("-D").arg(&layout.cluster);
    for setting in settings {
        command.arg("-c").arg(setting);
    }
    // After a crash Postgres first syncs every file. Linux can do that in a single call.
    if cfg!(target_os = "linux") {
        command.args(["-c", "recovery_init_sync_method=syncfs"]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Watches until Postgres ends by itself; `None` if it was ordered to stop and has stopped.
fn watch(child: &mut Child, setup: &Setup, orders: &Receiver<Never>) -> Option<ExitStatus> {
    let mut log_bounded = Instant::now();
    loop {
        if told_to_stop(orders, WATCH) {
            stop(child);
            return None;
        }
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "cannot watch Postgres"),
        }
        if log_bounded.elapsed() > BOUND_LOG_EVERY {
            log_file::bound(&setup.layout.log);
            log_bounded = Instant::now();
        }
    }
}

/// Starts Postgres again, however long that takes; `None` if it was ordered to stop.
fn relaunch(setup: &Setup, orders: &Receiver<Never>) -> Option<Child> {
    let mut pause = Duration::from_millis(100);
    loop {
        match launch(setup, orders) {
            Ok(next) => return next,
            Err(error) => tracing::error!(%error, "Postgres did not come back; trying again"),
        }
        if told_to_stop(orders, pause) {
            return None;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn stop(child: &mut Child) {
    for (how, patience) in STOP {
        process::signal(pid_of(child), how);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            match child.try_wait() {
                Ok(Some(_)) => return,
                Ok(None) => thread::sleep(POLL),
                Err(error) => {
                    tracing::error!(%error, "cannot watch Postgres");
                    return;
                }
            }
        }
    }
    tracing::error!("Postgres does not stop");
}

fn told_to_stop(orders: &Receiver<Never>, within: Duration) -> bool {
    match orders.recv_timeout(within) {
        Ok(never) => match never {},
        Err(RecvTimeoutError::Timeout) => false,
        Err(RecvTimeoutError::Disconnected) => true,
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}
