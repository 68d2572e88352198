//! Puts the parts together, and takes them apart in order.
//!
//! Composition only. Every task belongs to a stage; stages end one after the other, each waited for, so that whatever was
//! accepted is durable, handed on and told before the store is closed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::authenticate::{self, Authenticator};
use crate::api::serve::{Ends, Served, serve};
use crate::api::{Api, ApiConfig, Rates, routes};
use crate::auth::{Operator, Scopes, SecretKey};
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::domain::{Key, UnixMs};
use crate::hub::Hub;
use crate::ingest::{Ingest, IngestConfig, Publisher};
use crate::ops::metrics::Recorder;
use crate::ops::ready::{OPS_WORKSPACE, Ready};
use crate::ops::{self, Ops};
use crate::session::Readers;
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{CredentialKind, NewCredential, Store, StoreError};

/// How long a stage may take to end when it is told to; then it is told as left over.
const STAGE_TIMEOUT: Duration = Duration::from_secs(10);

/// The workspace of a demo: the one that every database begins with.
const DEMO_WORKSPACE: &str = "default";

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {fault}")]
    Listen {
        /// Which.
        address: String,
        /// Why.
        fault: io::Error,
    },
    /// The recorder of metrics cannot be installed.
    #[error("cannot record metrics: {0}")]
    Metrics(String),
    /// The machine has no randomness to give.
    #[error("cannot make a secret: {0}")]
    Random(getrandom::Error),
}

/// Some tasks that end together, on one token.
#[derive(Debug, Clone, Default)]
struct Stage {
    tasks: TaskTracker,
    end: CancellationToken,
}

impl Stage {
    /// Tells the tasks to end and waits for them. How many are left after a while, which is none.
    async fn finish(&self, name: &'static str) -> usize {
        self.end.cancel();
        self.tasks.close();
        if timeout(STAGE_TIMEOUT, self.tasks.wait()).await.is_err() {
            tracing::error!(stage = name, tasks = self.tasks.len(), "tasks did not end in time");
        }
        self.tasks.len()
    }
}

/// The stages, in the order in which they end.
#[derive(Debug, Clone, Default)]
struct Stages {
    keepers: Stage,
    writer: Stage,
    publisher: Stage,
    sessions: Stage,
    hub: Stage,
}

/// A server that runs.
pub struct Running {
    /// Where the API and the page are.
    pub api_addr: SocketAddr,
    /// Where metrics and health are, unless they are off.
    pub ops_addr: Option<SocketAddr>,
    /// The store, for reading.
    pub store: Store,
    /// The one way to change anything.
    pub ingest: Ingest,
    /// The live side.
    pub readers: Readers,
    clock: Clock,
    sqlite: SqliteStore,
    listeners: Vec<Served>,
    connections: TaskTracker,
    ends: Ends,
    stages: Stages,
    drain_timeout: Duration,
}

/// What was left when a server had finished: nothing, or it is a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leftovers {
    /// Tasks that did not end.
    pub tasks: usize,
    /// Sessions that are open.
    pub sessions: usize,
    /// Bytes that wait for the writer.
    pub queued_bytes: usize,
}

/// Starts a server: opens the store, starts the stages, and serves once this returns. In a demo whoever comes may sign in.
///
/// # Errors
/// [`AppError`]; nothing is left running then.
pub async fn start(config: &Config, clock: Clock, demo: bool) -> Result<Running, AppError> {
    let recorder = Recorder::install().map_err(|fault| AppError::Metrics(fault.to_string()))?;
    // Addresses before the store: what is refused most often is refused before anything is made.
    let api_listener = bind(&config.listen).await?;
    let ops_listener = if config.ops_listen == "off" { None } else { Some(bind(&config.ops_listen).await?) };
    let sqlite = SqliteStore::open(&config.database_file()?, clock.clone(), SqliteOptions::default()).await?;
    let store = sqlite.store();
    let stages = Stages::default();

    let Stage { tasks, end } = &stages.hub;
    let (hub, opens) = Hub::start(config.hub.clone(), tasks, end);
    let Stage { tasks, end } = &stages.publisher;
    let publisher = Publisher::start(store.log.clone(), hub.clone(), opens, tasks, end.clone());
    let Stage { tasks, end } = &stages.writer;
    let intake = IngestConfig { appender_queue_bytes_max: config.ingest.queue_bytes_max, clock: clock.clone() };
    let ingest = Ingest::start(store.log.clone(), publisher, intake, tasks, end.clone());
    let Stage { tasks, end } = &stages.sessions;
    let readers = Readers::new(hub.clone(), store.log.clone(), clock.clone(), config.session.clone(), tasks, end.clone());

    let Stage { tasks, end } = &stages.keepers;
    let authenticator = Arc::new(Authenticator::new(store.keyring.clone(), Operator::assume(), clock.clone()));
    tasks.spawn(authenticate::watch(authenticator.clone(), readers.clone(), end.clone()));
    let rates = Arc::new(Rates::new(&config.rate));
    tasks.spawn({
        let (rates, end) = (rates.clone(), end.clone());
        async move { rates.sweep(end).await }
    });
    tasks.spawn(recorder.clone().upkeep(end.clone()));
    tasks.spawn(sqlite.clone().keep_tallies(Operator::assume(), end.clone()));

    let demo = match demo {
        true => store.keyring.workspace_by_key(Operator::assume(), Key::trusted(DEMO_WORKSPACE)).await?.map(|w| w.id),
        false => None,
    };
    let api_config = ApiConfig { origins: config.origins.clone(), demo };
    let api = Api::new(store.clone(), ingest.clone(), readers.clone(), clock.clone(), api_config, authenticator, rates);
    let (connections, ends) = (TaskTracker::new(), Ends::default());
    let api_addr = address_of(&api_listener, &config.listen)?;
    let mut listeners = vec![serve(api_listener, routes::router(Arc::new(api)), &config.http, &connections, &ends)];
    let mut ops_addr = None;
    if let Some(listener) = ops_listener {
        ops_addr = Some(address_of(&listener, &config.ops_listen)?);
        let ready = Arc::new(Ready::new(ingest.clone(), hub, ops_workspace(&store).await?));
        listeners.push(serve(listener, ops::router(Ops { recorder, ready }), &config.http, &connections, &ends));
    }
    let drain_timeout = Duration::from_secs(config.http.drain_timeout_s);
    Ok(Running { api_addr, ops_addr, store, ingest, readers, clock, sqlite, listeners, connections, ends, stages, drain_timeout })
}

async fn bind(address: &str) -> Result<TcpListener, AppError> {
    TcpListener::bind(address).await.map_err(|fault| AppError::Listen { address: address.to_owned(), fault })
}

fn address_of(listener: &TcpListener, told: &str) -> Result<SocketAddr, AppError> {
    listener.local_addr().map_err(|fault| AppError::Listen { address: told.to_owned(), fault })
}

/// The workspace of the readiness check.
async fn ops_workspace(store: &Store) -> Result<crate::auth::WorkspaceId, StoreError> {
    let (operator, key) = (Operator::assume(), Key::trusted(OPS_WORKSPACE));
    if let Some(found) = store.keyring.workspace_by_key(operator, key.clone()).await? {
        return Ok(found.id);
    }
    Ok(store.keyring.create_workspace(operator, key, "Operations".to_owned()).await?.id)
}

impl Running {
    /// Makes a one-time link, as a path of the page, that signs in to a workspace with these scopes.
    ///
    /// # Errors
    /// When the workspace is not there, or the store cannot keep it.
    pub async fn sign_in_link(&self, workspace: &Key, scopes: Scopes, lasts: Duration) -> Result<String, AppError> {
        let found = self.store.keyring.workspace_by_key(Operator::assume(), workspace.clone()).await?;
        let found = found.ok_or_else(|| StoreError::Refused(format!("there is no workspace {workspace}")))?;
        let secret = SecretKey::generate(CredentialKind::Link.as_str()).map_err(AppError::Random)?;
        let now = self.clock.now();
        let lasts_ms = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
        let new = NewCredential {
            kind: CredentialKind::Link,
            hash: secret.hash(),
            name: String::new(),
            scopes,
            event: None,
            parent: None,
            created_at: now,
            expires_at: Some(UnixMs(now.0.saturating_add(lasts_ms))),
        };
        self.store.keyring.create_credential(found.id, new).await?;
        Ok(format!("/signin?link={}", secret.expose()))
    }

    /// Drains and ends: stops accepting, finishes requests, makes durable what waits, hands it on, says goodbye to every
    /// session, and closes the store. What is left after that is nothing.
    pub async fn finish(self) -> Leftovers {
        self.ends.stop.cancel();
        for listener in &self.listeners {
            listener.finish_requests(self.drain_timeout).await;
        }
        let mut tasks = self.stages.keepers.finish("keepers").await;
        tasks += self.stages.writer.finish("writer").await;
        tasks += self.stages.publisher.finish("publisher").await;
        tasks += self.stages.sessions.finish("sessions").await;
        tasks += self.stages.hub.finish("hub").await;
        self.connections.close();
        if timeout(self.drain_timeout, self.connections.wait()).await.is_err() {
            tracing::warn!(connections = self.connections.len(), "connections did not end in time and are closed");
        }
        self.ends.end.cancel();
        self.connections.wait().await;
        tasks += self.connections.len();
        if let Err(fault) = self.sqlite.close().await {
            tracing::warn!(%fault, "the store was closed without its last checkpoint; nothing is lost by that");
        }
        Leftovers { tasks, sessions: self.readers.open(), queued_bytes: self.ingest.queued_bytes() }
    }
}
