//! From drafts to durable activities.
//!
//! [`Ingest`] is the one door: [`Ingest::read`] turns a body into drafts, [`Ingest::submit`] makes them durable. Behind
//! it `body` and `draft` parse, with all faults at once; `enrich` adds what can be derived and never rejects; `appender`
//! is the one thread that makes changes durable, in transactions of what waits, workspace by workspace, and leaves what is
//! durable to [`crate::publish`]. Nothing is answered before it is durable, and nothing is read before
//! there is a place for it ([`Ingest::reserve`]).

mod address;
mod appender;
mod body;
mod cloudevents;
mod content;
mod display_names;
mod draft;
mod enrich;
mod faults;
mod form;
mod given;
mod hints;
mod number;
mod pace;
mod place;
mod properties;
mod receipt;
mod shares;
mod turns;
mod user_agent;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::auth::WorkspaceId;
use crate::clock::Clock;
use crate::domain::{ActivityId, Events, Invalid, NewActivity, UnixMs};
use crate::publish::Publisher;
use crate::store::{ActivityLog, Allowance, Change, Outcome, Quota};

pub use address::mask;
pub use appender::{Appender, Refused};
pub use body::{BodyError, inflate};
pub use cloudevents::{EVENT_ATTRIBUTES, EVENT_HEADER_PREFIX, EventHeader, event_id};
pub use draft::{DraftContext, Drafts, EVENT_FORBIDDEN, parse};
pub use enrich::{DECLARED_BOT, NOT_GRADED};
pub use form::BodyForm;
pub use hints::{Hint, address_hint, agent_hint, url_hint};
pub use place::Place;
pub use receipt::{ID_CONFLICT, QUOTA_EXCEEDED, Receipt, Submitted};
pub use shares::Owner;
pub use turns::{COMMIT_BYTES_MAX, COMMIT_ROWS_MAX, COMMIT_UNITS_MAX};
pub use user_agent::{Agent, UserAgents};

/// Compressed bytes that are inflated on the caller's own thread; more goes to a blocking one.
const INFLATE_HERE_BYTES_MAX: usize = 16 * 1024;

/// Things that the activities of a workspace make on first sight, at most, unless the server is told otherwise.
pub const THINGS_MAX: u64 = 1_000_000;

/// How drafts are taken in.
#[derive(Debug, Clone)]
pub struct IngestConfig {
    /// Bytes of requests that may be under way, from the first of a body to the commit; a workspace that sends alone may
    /// have half of it. What does not fit is refused at once.
    pub appender_queue_bytes_max: usize,
    /// Things that the activities of a workspace make on first sight, at most.
    pub things_max: u64,
    /// The time of day.
    pub clock: Clock,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self { appender_queue_bytes_max: 64 * 1024 * 1024, things_max: THINGS_MAX, clock: Clock::System }
    }
}

/// What a request says of its drafts beside its body.
#[derive(Debug, Clone, Default)]
pub struct Head<'a> {
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Content-Encoding`.
    pub content_encoding: Option<&'a str>,
    /// The attributes of a CloudEvent that stand in headers.
    pub event_headers: Vec<EventHeader<'a>>,
    /// The id of the one draft, made of what its sender holds to be the same.
    pub made_id: Option<ActivityId>,
}

/// The way in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ingest {
    appender: Appender,
    agents: UserAgents,
    things_max: u64,
    clock: Clock,
    tasks: TaskTracker,
}

impl Ingest {
    /// Starts the writer and begins to build the user agent rules. On `shutdown` nothing new is taken, what waits is made
    /// durable, and the writer ends; `tasks` knows of it.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(
        log: Arc<dyn ActivityLog>,
        publisher: Publisher,
        config: IngestConfig,
        tasks: &TaskTracker,
        shutdown: CancellationToken,
    ) -> io::Result<Self> {
        let appender = Appender::start(log, publisher, config.appender_queue_bytes_max, tasks, shutdown)?;
        let IngestConfig { things_max, clock, .. } = config;
        Ok(Self { appender, agents: UserAgents::start(tasks), things_max, clock, tasks: tasks.clone() })
    }

    /// A place for a request of so many bytes, to be asked for before its body is read: what must be refused should cost
    /// nothing.
    ///
    /// # Errors
    /// [`Refused`] while there is no room for it, or the server goes down.
    pub fn reserve(&self, owner: Owner, bytes: usize) -> Result<Place, Refused> {
        self.appender.reserve(owner, bytes)
    }

    /// What looks user agents up.
    pub const fn agents(&self) -> &UserAgents {
        &self.agents
    }

    /// Reads a request: inflates it, parses every draft, and looks its user agents up.
    ///
    /// # Errors
    /// [`BodyError`] when the whole is to be refused.
    pub async fn read(&self, head: &Head<'_>, body: Bytes, bound: &Events) -> Result<Drafts, BodyError> {
        let Head { content_type, content_encoding, event_headers, made_id } = head;
        let body = if content_encoding.is_some() && body.len() > INFLATE_HERE_BYTES_MAX {
            let encoding = content_encoding.map(str::to_owned);
            let inflated = self.tasks.spawn_blocking(move || inflate(encoding.as_deref(), body)).await;
            inflated.unwrap_or_else(|lost| Err(BodyError::BadEncoding(lost.to_string())))?
        } else {
            inflate(*content_encoding, body)?
        };
        let (now, made_id) = (self.clock.now(), *made_id);
        let context = DraftContext { now, bound, event_headers, made_id, new_id: &new_id, agents: &self.agents };
        parse(*content_type, &body, &context).await
    }

    /// Makes the good drafts durable as one unit and answers every draft, in order. `create_unknown` creates events,
    /// partners, messages and campaigns that are named and not there, as many as the workspace and `sender` may make.
    ///
    /// # Errors
    /// [`Refused`], with nothing stored.
    pub async fn submit(
        &self,
        place: Place,
        workspace: WorkspaceId,
        drafts: Vec<Result<NewActivity, Invalid>>,
        create_unknown: bool,
        sender: Option<Arc<dyn Allowance>>,
    ) -> Result<Submitted, Refused> {
        let (activities, pending) = receipt::part(drafts);
        // Also where nothing is left to append: the writer alone knows where the log ends without asking the readers'
        // connections, which may be busy.
        let quota = Quota { workspace_max: Some(self.things_max), sender };
        let append = Change::Append { workspace, activities, create_unknown, quota };
        let (cursor, results) = match self.appender.change(place, append).await? {
            Outcome::Appended { cursor, results } => (cursor, results),
            other => {
                tracing::error!(?other, "the store answered an append with something else");
                return Err(Refused::Unavailable);
            }
        };
        let receipts = receipt::join(pending, results).ok_or(Refused::Unavailable)?;
        receipt::count(&receipts);
        Ok(Submitted { receipts, cursor })
    }

    /// Makes another change durable: of the directory, or of recipients.
    ///
    /// # Errors
    /// [`Refused`], with nothing stored.
    pub async fn change(&self, change: Change) -> Result<Outcome, Refused> {
        self.appender.change_now(change).await
    }

    /// Bytes of requests that are under way.
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
