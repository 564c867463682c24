//! One server: it starts the tasks and listeners from the settings, and stops them in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::certificates::{CertificateError, Certificates};
use super::credentials::{self, CredentialsError, Ensured};
use super::embedded::Embedded;
use super::listeners::{Bound, Listening};
use super::metrics::Sources;
use super::place::{self, Opened, PlaceError};
use super::tasks::Tasks;
use super::vitals::{self, Vitals};
use super::{open_files, ports_file, readiness, spans};
use crate::config::{Config, ControlCredentials, DatabasePlace, Secret, StageName};
use crate::control;
use crate::gate::issue::{self, FirstLimits, IssueError};
use crate::gate::{self, Gate};
use crate::http::front::{self, Share};
use crate::http::{self, requests::Requests};
use crate::live::{self, Hub};
use crate::play::{Play, Tokens};
use crate::projection::{self, Leading};
use crate::rules::Rulebook;
use crate::seals::Seals;
use crate::store::migrate::{self, MigrateError};
use crate::store::{Store, StoreError, append, tail};

/// How long a stopping server still accepts connections. In this time load balancers, which poll
/// `/healthz`, notice the stop and send new connections elsewhere.
const BALANCERS_NOTICE_WITHIN: Duration = Duration::from_secs(5);
/// The time over which the sockets are then closed.
const SOCKETS_LEAVE_WITHIN: Duration = Duration::from_secs(7);
/// The time that requests under way have to end, after the sockets are closed.
const REQUESTS_END_WITHIN: Duration = Duration::from_secs(6);
/// The additional time that a listener may need to notice that they have ended.
const LISTENERS_NOTICE_WITHIN: Duration = Duration::from_secs(2);
/// The time that the writer has for its remaining work, and the gate for giving back quota.
const TASKS_END_WITHIN: Duration = Duration::from_secs(4);
/// Orchestrators kill a process 30 s after they asked it to stop.
const _: () = assert!(
    BALANCERS_NOTICE_WITHIN.as_secs()
        + SOCKETS_LEAVE_WITHIN.as_secs()
        + live::LAST_SOCKETS_PART_WITHIN.as_secs()
        + REQUESTS_END_WITHIN.as_secs()
        + LISTENERS_NOTICE_WITHIN.as_secs()
        + TASKS_END_WITHIN.as_secs()
        + spans::FLUSHED_WITHIN.as_secs()
        < 30
);

/// A running server.
pub struct Server {
    /// The address of the game API.
    pub public_address: SocketAddr,
    /// The address of the control plane.
    pub control_address: SocketAddr,
    /// Whether both listeners speak TLS. Otherwise both speak plain HTTP.
    pub tls: bool,
    /// The outcome for the credentials file; `None` if there is none.
    pub ensured: Option<Ensured>,
    hub: Hub,
    public: Listening,
    control: Listening,
    stopping: watch::Sender<bool>,
    /// True when no request is served any more.
    served: watch::Sender<bool>,
    failed: watch::Sender<Option<&'static str>>,
    /// The tasks that end when their input ends.
    fed: Tasks,
    /// The tasks that can be aborted at any time.
    endless: Tasks,
    embedded: Option<Embedded>,
}

/// The audience that learns of a stop before the server takes no more connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Load balancers, which can use other servers.
    Balancers,
    /// No one: the server runs alone, or a person waits for its end, or it has failed.
    Nobody,
}

/// The reason why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no database.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The database of `DATABASE_URL` does not answer.
    #[error("DATABASE_URL names a database that does not answer: {0}")]
    DatabaseUrl(StoreError),
    /// The schema could not be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The credentials could not be read or made.
    #[error(transparent)]
    Credentials(#[from] CredentialsError<IssueError>),
    /// `TURNKEY_SECRET` is missing.
    #[error("TURNKEY_SECRET is required with DATABASE_URL")]
    NoSecret,
    /// The certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The server cannot listen on an address.
    #[error("{variable} {address} cannot be listened on: {error}")]
    Listen {
        /// The setting.
        variable: &'static str,
        /// The address.
        address: SocketAddr,
        /// The cause.
        error: std::io::Error,
    },
    /// The ports file cannot be written.
    #[error("--ports-file {path} cannot be written: {error}")]
    PortsFile { path: String, error: std::io::Error },
}

/// The secrets that the operator set, or that the first embedded start made.
struct Secrets {
    signing: Secret,
    control: ControlCredentials,
}

impl Server {
    /// Starts everything and returns when requests are served. It must be called in a tokio runtime.
    ///
    /// # Errors
    /// See [`StartError`]. Everything that was started is stopped again.
    pub async fn start(config: Config) -> Result<Server, StartError> {
        let started = SystemTime::now();
        let certificates = config.tls.as_ref().map(Certificates::load).transpose()?;
        let certificates = certificates.map(Arc::new);
        let public = Bound::bind("TURNKEY_LISTEN", config.listen)?;
        let control = Bound::bind("TURNKEY_CONTROL_LISTEN", config.control_listen)?;
        let Opened { database, embedded } = open(&config.database).await?;
        migrate::migrate(&database)
            .await
            .map_err(|error| match (error, &config.database) {
                (
                    MigrateError::Store(error @ StoreError::Unreachable(_)),
                    DatabasePlace::External { .. },
                ) => StartError::DatabaseUrl(error),
                (error, _) => error.into(),
            })?;
        let store = Store::new(database.clone(), config.pool_size);
        store.synchronise_clock().await?;
        let (secrets, ensured) = secrets(&config, &store, embedded.as_ref()).await?;

        let gate = Gate::open(&store).await?;
        let (stopping, _) = watch::channel(false);
        let (served, all_served) = watch::channel(false);
        let (failed, _) = watch::channel(None);
        let mut fed = Tasks::new(failed.clone());
        let mut endless = Tasks::new(failed.clone());
        // The gate judges requests up to the last one, and then gives back its unspent quota.
        fed.spawn(
            "gate",
            gate::run_reload(gate.clone(), store.clone(), told(all_served)),
        );

        let (committed, batches) = watch::channel(0);
        let (appender, writer) = append::writer(&database, committed);
        fed.spawn("writer", writer.run());
        fed.spawn(
            "announcer",
            tail::announce(database.clone(), batches.clone()),
        );
        let (follower, items, status) = tail::follow(&store, batches).await?;
        endless.spawn("tail", follower.run());
        let (seen, vitals) = watch::channel(Vitals::read(&store).await?);
        endless.spawn("vitals", vitals::watch(store.clone(), seen));

        let play = play(&config, &secrets, &store, appender.clone(), gate.clone()).await?;
        let leading = Arc::new(Leading::default());
        endless.spawn(
            "projector",
            projection::run(database, status.clone(), leading.clone(), play.clone()),
        );
        endless.spawn("sweeper", play.clone().sweep_hourly());
        let room = open_files::make_room(config.max_sockets, config.pool_size);
        let settings = live::Settings {
            play: play.clone(),
            gate: gate.clone(),
            store: store.clone(),
            max_sockets: room.sockets,
        };
        let hub = Hub::new(settings, status.borrow().read.epoch);
        endless.spawn("feed", live::run_feed(items, hub.clone()));
        endless.spawn("rights", live::watch_rights(hub.clone()));
        let judged = readiness::judge(&status.borrow(), &vitals.borrow());
        let (ready, readiness) = watch::channel(judged);
        endless.spawn(
            "readiness",
            readiness::watch(status.clone(), vitals.clone(), stopping.subscribe(), ready),
        );

        let requests = Arc::new(Requests::public());
        let control_requests = Arc::new(control::requests());
        let tls = certificates.as_ref().map(Certificates::server_config);
        if let Some(certificates) = certificates {
            endless.spawn("certificates", certificates.follow());
        }

        let sources = Sources {
            hub: hub.clone(),
            gate: gate.clone(),
            appender,
            store: store.clone(),
            tail: status,
            leading,
            vitals,
            readiness: readiness.clone(),
            requests: [requests.clone(), control_requests.clone()],
            started,
        };
        let control_state = control::State::new(
            store,
            gate.clone(),
            control::Settings {
                credentials: secrets.control,
                hosts: config.control_hosts.clone(),
                trusted_proxies: config.trusted_proxies.clone(),
                max_connections: room.control_connections,
            },
            control_requests,
            Arc::new(move || sources.text()),
        );
        let state = http::State {
            gate,
            play,
            hub: hub.clone(),
            readiness,
            requests,
            settings: http::Settings {
                default_stage: config.default_stage.clone(),
                cors_origins: config.cors_origins.clone(),
                trusted_proxies: config.trusted_proxies.clone(),
            },
        };
        let public_share = Share {
            workers: front::all_workers(),
            connections: room.connections,
            drain: REQUESTS_END_WITHIN,
        };
        let server = Server {
            public_address: public.address,
            control_address: control.address,
            tls: tls.is_some(),
            ensured,
            hub,
            public: public.serve(tls.clone(), |socket| {
                http::server(socket, state, public_share)
            })?,
            control: control.serve(tls, |socket| {
                control::server(socket, control_state, REQUESTS_END_WITHIN)
            })?,
            stopping,
            served,
            failed,
            fed,
            endless,
            embedded,
        };
        if let Some(path) = &config.ports_file {
            ports_file::write(path, server.public_address, server.control_address).map_err(
                |error| StartError::PortsFile {
                    path: path.display().to_string(),
                    error,
                },
            )?;
        }
        Ok(server)
    }

    /// Waits until a necessary task has failed, and returns its name.
    pub async fn failed(&self) -> &'static str {
        let mut failed = self.failed.subscribe();
        match failed.wait_for(Option::is_some).await.map(|name| *name) {
            Ok(Some(name)) => name,
            // Unreachable: the sender belongs to this server, and `wait_for` returns only `Some`.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// Announces the stop and closes the sockets, spread over time. Then it ends the requests, the tasks and
    /// the embedded Postgres in this order, so that each still finds the parts that it needs.
    pub async fn stop(self, notice: Notice) {
        self.stopping.send_replace(true);
        match notice {
            Notice::Balancers => tokio::time::sleep(BALANCERS_NOTICE_WITHIN).await,
            Notice::Nobody => {}
        }
        self.hub.drain(SOCKETS_LEAVE_WITHIN).await;
        let patience = REQUESTS_END_WITHIN + LISTENERS_NOTICE_WITHIN;
        tokio::join!(self.public.stop(patience), self.control.stop(patience));
        self.served.send_replace(true);
        drop(self.hub);
        self.endless.abort();
        self.fed.join(TASKS_END_WITHIN).await;
        if let Some(embedded) = self.embedded {
            // `stop` blocks until a process has ended.
            let _ = tokio::task::spawn_blocking(move || embedded.stop()).await;
        }
    }
}

async fn open(place: &DatabasePlace) -> Result<Opened, StartError> {
    let place = place.clone();
    let opened = tokio::task::spawn_blocking(move || place::open_for_server(&place)).await;
    // The closure does not panic, and no code aborts it.
    Ok(opened.expect("opening the database must not panic")?)
}

async fn secrets(
    config: &Config,
    store: &Store,
    embedded: Option<&Embedded>,
) -> Result<(Secrets, Option<Ensured>), StartError> {
    let Some(embedded) = embedded else {
        let signing = config.secret.clone().ok_or(StartError::NoSecret)?;
        return Ok((
            Secrets {
                signing,
                control: config.control.clone(),
            },
            None,
        ));
    };
    let make_key = async || {
        let value = issue::make_first_key(store, FirstLimits::DEVELOPMENT).await?;
        Ok(Secret::new(value.expose().to_owned()))
    };
    let (made, ensured) =
        credentials::ensure(embedded.data_dir(), embedded.origin(), make_key).await?;
    let set = &config.control;
    let control = ControlCredentials {
        admin_token: set.admin_token.clone().or(Some(made.admin_token)),
        access_key_id: set.access_key_id.clone().or(Some(made.access_key_id)),
        secret_access_key: set
            .secret_access_key
            .clone()
            .or(Some(made.secret_access_key)),
    };
    let signing = config.secret.clone().unwrap_or(made.secret);
    Ok((Secrets { signing, control }, Some(ensured)))
}

async fn play(
    config: &Config,
    secrets: &Secrets,
    store: &Store,
    appender: append::Appender,
    gate: Gate,
) -> Result<Play, StartError> {
    let previous = config
        .secret_previous
        .as_ref()
        .map(|secret| secret.expose().as_bytes());
    let signing = secrets.signing.expose().as_bytes();
    let tokens = Tokens::new(signing, previous, store.clock().clone());
    let seals = Seals::open(store, signing, previous).await?;
    let deployed = move |stage: &StageName, variant: &str| gate.rules_version(stage, variant);
    let book = Rulebook::built_in();
    let (store, deployed) = (store.clone(), Arc::new(deployed));
    Ok(Play::new(store, appender, tokens, seals, book, deployed))
}

/// Ends when the value becomes true, or when its sender is gone.
async fn told(mut said: watch::Receiver<bool>) {
    let _ = said.wait_for(|said| *said).await;
}
