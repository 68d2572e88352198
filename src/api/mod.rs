//! The HTTP edge: decode, authorise, call one function, encode.
//!
//! [`routes`] is the one table of what there is; [`error`] alone knows status codes of failures; [`serve`] owns the
//! sockets. Nothing here decides what is stored or who gets it.

mod activities;
pub mod authenticate;
pub mod authorise;
mod body;
mod buckets;
pub mod connection;
mod credentials;
mod directory;
mod docs;
mod edge;
pub mod error;
mod facets;
mod fields;
mod flavors;
mod history;
mod leftover;
mod lists;
mod messages;
mod openapi;
mod origin;
mod paths;
mod query;
pub mod rate;
mod recipients;
pub mod routes;
pub mod serve;
mod session;
mod streams;
mod workspace;

use std::sync::Arc;

use dashmap::DashMap;

pub use authenticate::{Authenticator, Caller};
pub use fields::plain_text;
pub use rate::{RateConfig, Rates};

use crate::auth::WorkspaceId;
use crate::clock::Clock;
use crate::domain::{Cursor, Epoch, Seq};
use crate::ingest::Ingest;
use crate::session::Readers;
use crate::store::{Store, StoreError};

/// What the API is told by composition.
#[derive(Debug, Clone, Default)]
pub struct ApiConfig {
    /// Origins of other sites whose pages may open a WebSocket and use a signed-in session, as in `https://desk.example`.
    pub origins: Vec<String>,
    /// On a demo server the workspace that whoever comes may sign in to.
    pub demo: Option<WorkspaceId>,
}

/// Everything that the handlers work with.
pub struct Api {
    /// The store, for reading.
    pub store: Store,
    /// The one way to change anything.
    pub ingest: Ingest,
    /// The live side.
    pub readers: Readers,
    /// The time of day.
    pub clock: Clock,
    /// What it was told.
    pub config: ApiConfig,
    /// Who asks.
    pub authenticator: Arc<Authenticator>,
    /// How much each key may send.
    pub rates: Arc<Rates>,
    /// Identity of each workspace's log. It is new only after a restore, which takes a restart.
    epochs: DashMap<WorkspaceId, Epoch>,
}

impl Api {
    /// Puts the parts together.
    pub fn new(
        store: Store,
        ingest: Ingest,
        readers: Readers,
        clock: Clock,
        config: ApiConfig,
        authenticator: Arc<Authenticator>,
        rates: Arc<Rates>,
    ) -> Self {
        Self { store, ingest, readers, clock, config, authenticator, rates, epochs: DashMap::new() }
    }

    /// The cursor after `seq` in the log of a workspace; without a seq, after its head.
    async fn cursor(&self, workspace: WorkspaceId, seq: Option<Seq>) -> Result<Cursor, StoreError> {
        let known = self.epochs.get(&workspace).map(|e| *e);
        if let (Some(epoch), Some(seq)) = (known, seq) {
            return Ok(Cursor { epoch, seq });
        }
        let head = self.store.log.head(workspace).await?;
        self.epochs.insert(workspace, head.epoch);
        Ok(Cursor { epoch: head.epoch, seq: seq.unwrap_or(head.seq) })
    }
}
