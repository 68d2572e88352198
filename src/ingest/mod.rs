//! From drafts to durable activities.
//!
//! [`Ingest`] is the one door: [`Ingest::read`] turns a body into drafts, [`Ingest::submit`] makes them durable. Behind
//! it `body` and `draft` parse, with all faults at once; `enrich` adds what can be derived and never rejects; `appender`
//! is the one task that makes changes durable, as many as wait in one transaction; [`publisher`] hands what is durable to
//! the hub, strictly in seq order. Nothing is answered before it is durable.

mod address;
mod appender;
mod body;
mod cloudevents;
mod content;
mod display_names;
mod draft;
mod enrich;
mod faults;
mod given;
mod properties;
pub mod publisher;
mod receipt;
mod user_agent;
mod weight;

use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::auth::WorkspaceId;
use crate::clock::Clock;
use crate::domain::{ActivityId, Invalid, Key, NewActivity, UnixMs};
use crate::store::{ActivityLog, Change, Outcome};

pub use address::mask;
pub use appender::{Appender, COMMIT_BYTES_MAX, COMMIT_ROWS_MAX, COMMIT_UNITS_MAX, Refused};
pub use body::{BodyError, BodyForm, inflate};
pub use cloudevents::event_id;
pub use draft::{DraftContext, Drafts, EVENT_FORBIDDEN, parse};
pub use enrich::NOT_GRADED;
pub use faults::DRAFT_FAULTS_MAX;
pub use publisher::Publisher;
pub use receipt::{ID_CONFLICT, Receipt};
pub use user_agent::{Agent, UserAgents};

/// Compressed bytes that are inflated on the caller's own thread; more goes to a blocking one.
const INFLATE_HERE_BYTES_MAX: usize = 16 * 1024;

/// How drafts are taken in.
#[derive(Debug, Clone)]
pub struct IngestConfig {
    /// Bytes that may wait for the writer; what does not fit is refused at once.
    pub appender_queue_bytes_max: usize,
    /// The time of day.
    pub clock: Clock,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self { appender_queue_bytes_max: 32 * 1024 * 1024, clock: Clock::System }
    }
}

/// The way in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ingest {
    appender: Appender,
    agents: UserAgents,
    clock: Clock,
    tasks: TaskTracker,
}

impl Ingest {
    /// Starts the writer and begins to build the user agent rules. On `shutdown` nothing new is taken, what waits is made
    /// durable, and the task ends; `tasks` knows of it.
    pub fn start(
        log: Arc<dyn ActivityLog>,
        publisher: Publisher,
        config: IngestConfig,
        tasks: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let (appender, writer) = Appender::new(log, publisher, config.appender_queue_bytes_max, shutdown);
        tasks.spawn(writer);
        Self { appender, agents: UserAgents::start(tasks), clock: config.clock, tasks: tasks.clone() }
    }

    /// Whether anything would be taken now, to be asked before a body is read: what must be refused should cost nothing.
    ///
    /// # Errors
    /// [`Refused`] while the queue is full or the server goes down.
    pub fn admit(&self) -> Result<(), Refused> {
        self.appender.admit()
    }

    /// Reads a request: inflates it, parses every draft, and looks its user agents up.
    ///
    /// # Errors
    /// [`BodyError`] when the whole is to be refused.
    pub async fn read(
        &self,
        content_type: Option<&str>,
        content_encoding: Option<&str>,
        body: Bytes,
        bound_event: Option<&Key>,
    ) -> Result<Drafts, BodyError> {
        let body = if content_encoding.is_some() && body.len() > INFLATE_HERE_BYTES_MAX {
            let encoding = content_encoding.map(str::to_owned);
            let inflated = self.tasks.spawn_blocking(move || inflate(encoding.as_deref(), body)).await;
            inflated.unwrap_or_else(|lost| Err(BodyError::BadEncoding(lost.to_string())))?
        } else {
            inflate(content_encoding, body)?
        };
        let context = DraftContext { now: self.clock.now(), bound_event, new_id: &new_id, agents: &self.agents };
        parse(content_type, &body, &context).await
    }

    /// Makes the good drafts durable as one unit and answers every draft, in order. `create_unknown` creates events,
    /// partners, messages and campaigns that are named and not there.
    ///
    /// # Errors
    /// [`Refused`], with nothing stored.
    pub async fn submit(
        &self,
        workspace: WorkspaceId,
        drafts: Vec<Result<NewActivity, Invalid>>,
        create_unknown: bool,
    ) -> Result<Vec<Receipt>, Refused> {
        let (activities, pending) = receipt::part(drafts);
        let results = if activities.is_empty() {
            Vec::new()
        } else {
            match self.appender.change(Change::Append { workspace, activities, create_unknown }).await? {
                Outcome::Appended(results) => results,
                other => {
                    tracing::error!(?other, "the store answered an append with something else");
                    return Err(Refused::Unavailable);
                }
            }
        };
        let receipts = receipt::join(pending, results).ok_or(Refused::Unavailable)?;
        receipt::count(&receipts);
        Ok(receipts)
    }

    /// Makes another change durable: of the directory, or of recipients.
    ///
    /// # Errors
    /// [`Refused`], with nothing stored.
    pub async fn change(&self, change: Change) -> Result<Outcome, Refused> {
        self.appender.change(change).await
    }

    /// Bytes that wait for the writer.
    pub fn queued_bytes(&self) -> usize {
        self.appender.queued_bytes()
    }
}

/// An id for an activity that came without one: a UUIDv7 of our time of day.
fn new_id(now: UnixMs) -> ActivityId {
    let ms = u64::try_from(now.0).unwrap_or(0);
    let nanos = u32::try_from(ms % 1_000).unwrap_or(0) * 1_000_000;
    ActivityId(Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, ms / 1_000, nanos)))
}

#[cfg(test)]
mod tests;
