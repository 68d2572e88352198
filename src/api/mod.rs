//! The HTTP edge: decode, authorise, call one function, encode.
//!
//! [`routes`] is the one table of what there is; [`error`] alone knows status codes of failures; [`serve`] owns the
//! sockets. Nothing here decides what is stored or who gets it.

mod activities;
mod alerts;
mod answers;
mod audit;
pub mod authenticate;
pub mod authorise;
mod body;
mod buckets;
pub mod client;
mod conditions;
pub mod connection;
mod corrections;
mod cors;
mod credentials;
mod docs;
mod edge;
pub mod error;
mod export;
mod extract;
mod facets;
mod head;
mod history;
mod idempotency;
mod imports;
mod leftover;
mod lists;
mod making;
mod notice;
mod nouns;
mod openapi;
mod operation;
mod origin;
pub mod pairing;
pub mod people;
pub mod places;
mod query;
pub mod rate;
mod read;
pub mod requests;
mod retention;
mod retract;
pub mod routes;
pub mod screens;
mod sent;
pub mod serve;
mod session;
mod shares;
mod signin;
mod streams;
mod system;
mod tight;
mod wanted;
pub mod watch;
mod webhooks;
mod welcome;
mod workspace;

use std::sync::Arc;

pub use authenticate::{Authenticator, Caller};
pub use rate::{RateConfig, Rates};
pub use read::rule::{email, plain_text};

use self::people::People;
use crate::auth::WorkspaceId;
use crate::clock::Clock;
use crate::consumers::alerts::Alerts;
use crate::consumers::{Consumers, WebhookMeans};
use crate::ingest::Ingest;
use crate::session::Readers;
use crate::store::Reads;
use crate::system::System;

/// What the API is told by composition.
#[derive(Debug, Clone, Default)]
pub struct ApiConfig {
    /// Origins of other sites whose pages may ask, open a WebSocket and use a signed-in session, as in `https://desk.example`.
    pub origins: Vec<String>,
    /// On a demo server the workspace that whoever comes may sign in to.
    pub demo: Option<WorkspaceId>,
}

/// Everything that the handlers work with.
pub struct Api {
    /// The store, for reading.
    pub store: Reads,
    /// The one way to change anything.
    pub ingest: Ingest,
    /// The live side.
    pub readers: Readers,
    /// Readers of the log that live here.
    pub consumers: Consumers,
    /// What webhooks work with.
    pub webhooks: WebhookMeans,
    /// How alerts stand.
    pub alerts: Alerts,
    /// The time of day.
    pub clock: Clock,
    /// What it was told.
    pub config: ApiConfig,
    /// Who asks.
    pub authenticator: Arc<Authenticator>,
    /// How much each key may send.
    pub rates: Arc<Rates>,
    /// How it all is.
    pub system: Arc<System>,
    /// People who sign in by themselves.
    pub people: People,
    /// From receipt to durable: looking it up by name costs more than recording.
    receipt_to_commit: metrics::Histogram,
    /// Answers under way.
    answers: answers::Answers,
}

impl Api {
    /// Puts the parts together.
    #[expect(clippy::too_many_arguments, reason = "composition names each part once")]
    pub fn new(
        store: Reads,
        ingest: Ingest,
        readers: Readers,
        consumers: Consumers,
        webhooks: WebhookMeans,
        alerts: Alerts,
        clock: Clock,
        config: ApiConfig,
        authenticator: Arc<Authenticator>,
        rates: Arc<Rates>,
        system: Arc<System>,
        people: People,
    ) -> Self {
        Self {
            store,
            ingest,
            readers,
            consumers,
            webhooks,
            alerts,
            clock,
            config,
            authenticator,
            rates,
            system,
            people,
            receipt_to_commit: metrics::histogram!(crate::telemetry::RECEIPT_TO_COMMIT_SECONDS),
            answers: answers::Answers::default(),
        }
    }
}
