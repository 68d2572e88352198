//! Puts the parts together, and takes them apart in order.
//!
//! Composition only. Every task belongs to a stage; stages end one after the other, each waited for, so that whatever was
//! accepted is durable, handed on and told before the store is closed.

mod consuming;
pub mod live;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::live::Live;
use crate::api::authenticate::Authenticator;
use crate::api::people::People;
use crate::api::people::invitations::INVITATION_MS;
use crate::api::serve::{Ends, HttpConfig, Served, serve};
use crate::api::watch::Watch;
use crate::api::{Api, ApiConfig, Rates, routes};
use crate::auth::{Operator, Revocations, Scopes, SecretKey};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, IntakeConfig};
use crate::consumers::alerts::{AlertMeans, Alerts};
use crate::consumers::{Consumers, WebhookMeans};
use crate::domain::{Key, UnixMs};
use crate::hub::Hub;
use crate::ingest::{Ingest, IngestConfig};
use crate::ops::metrics::Recorder;
use crate::ops::ready::{OPS_WORKSPACE, Ready};
use crate::ops::{self, Ops};
use crate::outbound::{Mail, Outbound, SystemResolver};
use crate::publish::Publisher;
use crate::session::{Grants, Readers};
use crate::store::{ChangedName, CredentialKind, NamedKind, NewCredential, OpenFor, Reads, Store, StoreError, TurnLimits};
use crate::system::{Rhythm, System};

/// How long a stage may take to end when it is told to; then it is told as left over.
const STAGE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server may take to end, at most, until the store is closed: whoever ends it should wait longer than that.
pub fn drain_max(config: &HttpConfig) -> Duration {
    // Requests of each listener, then the connections; and each stage between.
    Duration::from_secs(config.drain_timeout_s) * 3 + STAGE_TIMEOUT * Stages::COUNT as u32
}

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
    /// The system has no thread to give.
    #[error("cannot start a thread: {0}")]
    Threads(io::Error),
    /// TLS cannot be spoken.
    #[error("cannot speak TLS: {0}")]
    Tls(rustls::Error),
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
    consumers: Stage,
    writer: Stage,
    publisher: Stage,
    sessions: Stage,
    hub: Stage,
}

impl Stages {
    const COUNT: usize = 6;

    fn in_order(&self) -> [(&'static str, &Stage); Self::COUNT] {
        // Consumers write, so they end before the writer does.
        [
            ("keepers", &self.keepers),
            ("consumers", &self.consumers),
            ("writer", &self.writer),
            ("publisher", &self.publisher),
            ("sessions", &self.sessions),
            ("hub", &self.hub),
        ]
    }
}

/// A server that runs.
pub struct Running {
    /// Where the API and the page are.
    pub api_addr: SocketAddr,
    /// Where metrics and health are, unless they are off.
    pub ops_addr: Option<SocketAddr>,
    /// The store, for reading.
    pub store: Store,
    /// The same by turns, as requests and streams read it.
    pub reads: Reads,
    /// The one way to change anything.
    pub ingest: Ingest,
    /// The live side.
    pub readers: Readers,
    /// Readers of the log that live here.
    pub consumers: Consumers,
    /// The threads that it runs on.
    pub live: Live,
    /// Whether the whole path works.
    pub ready: Arc<Ready>,
    clock: Clock,
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
    let ops_listener = bind_ops(&config.ops_listen).await?;
    let store = Store::open(&config.database_url()?, clock.clone(), OpenFor::Oneself).await?;
    let stages = Stages::default();

    let turns = TurnLimits { wait: Duration::from_millis(config.reads.wait_ms), ..TurnLimits::default() };
    let reads = Reads::new(store.clone(), turns);
    let live = Live::start().map_err(AppError::Threads)?;
    let grants = Grants { keyring: store.keyring.clone(), revocations: Revocations::default() };
    let heard = grants.revocations.clone();
    let (hub, publisher, readers) = live.within(|| {
        let Stage { tasks, end } = &stages.hub;
        let (hub, opens) = Hub::start(config.hub.clone(), tasks, end);
        let Stage { tasks, end } = &stages.publisher;
        let publisher = Publisher::start(store.log.clone(), hub.clone(), opens, tasks, end.clone());
        let Stage { tasks, end } = &stages.sessions;
        let session = config.session.clone();
        let readers = Readers::new(hub.clone(), reads.clone(), grants, Arc::default(), clock.clone(), session, tasks, end.clone());
        (hub, publisher, readers)
    });
    let Stage { tasks, end } = &stages.writer;
    let IntakeConfig { queue_bytes_max, things_max } = config.ingest;
    let intake = IngestConfig { appender_queue_bytes_max: queue_bytes_max, things_max, clock: clock.clone() };
    let heads = publisher.heads();
    let ingest = Ingest::start(store.log.clone(), publisher, intake, tasks, end.clone()).map_err(AppError::Threads)?;

    let Stage { tasks, end } = &stages.consumers;
    let means = consuming::means(&store, &reads, &ingest, heads, &clock);
    let outbound = Outbound::new(Arc::new(SystemResolver), config.webhooks.allow_loopback).map_err(AppError::Tls)?;
    let webhooks = WebhookMeans { store: store.clone(), reads: reads.clone(), outbound: Arc::new(outbound), clock: clock.clone() };
    let system = {
        let recorder = recorder.clone();
        let database = config.database_url()?.file().to_owned();
        Arc::new(System::new(move || recorder.render(), database, clock.clone(), hub.pulse().clone()))
    };
    let api_addr = address_of(&api_listener, &config.listen)?;
    let mail = Arc::new(Mail::new(&config.mail).map_err(ConfigError::Value)?);
    let alerts = Alerts::new(AlertMeans {
        store: store.clone(),
        reads: reads.clone(),
        heads: means.heads.clone(),
        outbound: webhooks.outbound.clone(),
        mail: mail.clone(),
        pulse: hub.pulse().clone(),
        sources: {
            let system = system.clone();
            Arc::new(move |workspace, now| {
                let sources = system.sources.of(workspace, now).into_iter();
                sources.map(|source| (source.key, source.at, source.rhythm == Rhythm::Silent)).collect()
            })
        },
        announce: {
            let readers = readers.clone();
            Arc::new(move |workspace, key: Key| {
                let readers = readers.clone();
                let name = ChangedName { workspace, kind: NamedKind::Alert, event: "".into(), key: key.as_str().into() };
                Box::pin(async move { readers.changed(workspace, [Arc::new(name)].into()).await })
            })
        },
        url: if config.public_url.is_empty() { format!("http://{api_addr}") } else { config.public_url.clone() },
        clock: clock.clone(),
    });
    let consumers = consuming::start(means, &webhooks, &alerts, tasks, end).await?;

    let Stage { tasks, end } = &stages.keepers;
    let authenticator = Arc::new(Authenticator::new(store.keyring.clone(), heard, clock.clone()));
    tasks.spawn(Watch::begin(store.clone(), readers.clone(), Operator::assume(), clock.clone()).await?.run(end.clone()));
    tasks.spawn(readers.clone().keep_expiry(end.clone()));
    let rates = Arc::new(Rates::new(&config.rate));
    tasks.spawn({
        let (rates, end) = (rates.clone(), end.clone());
        async move { rates.sweep(end).await }
    });
    tasks.spawn(recorder.clone().upkeep(end.clone()));
    for keeper in store.upkeep.keepers(Operator::assume(), end.clone()) {
        tasks.spawn(keeper);
    }

    let demo = match demo {
        true => store.keyring.workspace_by_key(Operator::assume(), Key::trusted(DEMO_WORKSPACE)).await?.map(|w| w.id),
        false => None,
    };
    tasks.spawn(system.clone().keep(end.clone()));
    let api_config = ApiConfig { origins: config.origins.clone(), demo };
    let people = People::new(&store, mail, config.public_url.clone(), config.signin.idle_ms());
    let api = Api::new(
        reads.clone(),
        ingest.clone(),
        readers.clone(),
        consumers.clone(),
        webhooks,
        alerts,
        clock.clone(),
        api_config,
        authenticator,
        rates,
        system.clone(),
        people,
    );
    let (connections, ends) = (TaskTracker::new(), Ends::default());
    let mut listeners = vec![serve(api_listener, routes::router(Arc::new(api)), &config.http, &connections, &ends)];
    let ready = Arc::new(Ready::new(ingest.clone(), hub, readers.clone(), clock.clone()));
    stages.keepers.tasks.spawn(ready.clone().beat(stages.keepers.end.clone()));
    let mut ops_addr = None;
    if let Some(listener) = ops_listener {
        ops_addr = Some(address_of(&listener, &config.ops_listen)?);
        listeners.push(serve(listener, ops::router(Ops { recorder, ready: ready.clone() }), &config.http, &connections, &ends));
    }
    let drain_timeout = Duration::from_secs(config.http.drain_timeout_s);
    Ok(Running {
        api_addr,
        ops_addr,
        store,
        reads,
        ingest,
        readers,
        consumers,
        live,
        ready,
        clock,
        listeners,
        connections,
        ends,
        stages,
        drain_timeout,
    })
}

async fn bind(address: &str) -> Result<TcpListener, AppError> {
    TcpListener::bind(address).await.map_err(|fault| AppError::Listen { address: address.to_owned(), fault })
}

/// The listener of metrics and health. A taken address is told and is not the end: what people rely on is served all the same.
async fn bind_ops(address: &str) -> Result<Option<TcpListener>, AppError> {
    if address == "off" {
        return Ok(None);
    }
    match bind(address).await {
        Err(AppError::Listen { address, fault }) if fault.kind() == io::ErrorKind::AddrInUse => {
            tracing::warn!(address, %fault, "/metrics, /live and /ready are not served; --ops-listen takes another address, or off");
            Ok(None)
        }
        bound => bound.map(Some),
    }
}

fn address_of(listener: &TcpListener, told: &str) -> Result<SocketAddr, AppError> {
    listener.local_addr().map_err(|fault| AppError::Listen { address: told.to_owned(), fault })
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
            scopes,
            expires_at: Some(UnixMs(now.0.saturating_add(lasts_ms))),
            ..NewCredential::new(CredentialKind::Link, secret.hash(), now)
        };
        self.store.keyring.create_credential(found.id, new).await?;
        Ok(format!("/signin?link={}", secret.expose()))
    }

    /// Where nobody can come in yet: a one-time link, as a path of the page, that makes the owner of the first workspace.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn first_owner_link(&self) -> Result<Option<String>, AppError> {
        let all = self.store.keyring.workspaces(Operator::assume()).await?;
        let mut open = all.into_iter().filter(|found| found.key.as_str() != OPS_WORKSPACE);
        let (Some(only), None) = (open.next(), open.next()) else { return Ok(None) };
        let has_keys = !self.store.keyring.keys(only.id).await?.is_empty();
        if has_keys || !self.store.members.members(only.id).await?.is_empty() {
            return Ok(None);
        }
        let secret = SecretKey::generate(CredentialKind::Invitation.as_str()).map_err(AppError::Random)?;
        let now = self.clock.now();
        let expires_at = Some(UnixMs(now.0.saturating_add(INVITATION_MS)));
        let new = NewCredential { expires_at, ..NewCredential::new(CredentialKind::Invitation, secret.hash(), now) };
        self.store.keyring.create_credential(only.id, new).await?;
        Ok(Some(format!("/signin?link={}", secret.expose())))
    }

    /// Drains and ends: stops accepting, finishes requests, makes durable what waits, hands it on, says goodbye to every
    /// session, and closes the store. What is left after that is nothing.
    pub async fn finish(self) -> Leftovers {
        self.ends.stop.cancel();
        for listener in &self.listeners {
            listener.finish_requests(self.drain_timeout).await;
        }
        let mut tasks = 0;
        for (name, stage) in self.stages.in_order() {
            tasks += stage.finish(name).await;
        }
        self.connections.close();
        if timeout(self.drain_timeout, self.connections.wait()).await.is_err() {
            tracing::warn!(connections = self.connections.len(), "connections did not end in time and are closed");
        }
        self.ends.end.cancel();
        self.connections.wait().await;
        tasks += self.connections.len();
        if let Err(fault) = self.store.close().await {
            tracing::warn!(%fault, "the store was closed without being tidied; nothing is lost by that");
        }
        Leftovers { tasks, sessions: self.readers.open(), queued_bytes: self.ingest.queued_bytes() }
    }
}
