//! From drafts to durable activities. Stands in until the real one lands.

pub mod publisher;

pub use publisher::Publisher;

use bytes::Bytes;

use crate::auth::WorkspaceId;
use crate::domain::{ActivityId, Invalid, Key, NewActivity, Seq, UnixMs};
use crate::store::{Change, Outcome};

/// Stand-in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BodyError(&'static str);

impl BodyError {
    /// The stable word for it.
    pub const fn code(&self) -> &'static str {
        self.0
    }
}

/// Stand-in.
pub struct Drafts {
    /// More than one.
    pub many: bool,
    /// Parsed or not.
    pub items: Vec<Result<NewActivity, Invalid>>,
}

/// Stand-in.
pub enum Receipt {
    /// Durable.
    Stored {
        /// Id.
        id: ActivityId,
        /// Place.
        seq: Seq,
        /// When.
        recorded_at: UnixMs,
        /// Again.
        duplicate: bool,
    },
    /// Not.
    Rejected(Invalid),
}

/// Stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Full.
    Busy,
    /// Store.
    Unavailable,
    /// Going down.
    Draining,
}

/// Stand-in.
#[derive(Clone)]
pub struct Ingest {}

impl Ingest {
    /// Stand-in.
    pub async fn read(
        &self,
        _content_type: Option<&str>,
        _content_encoding: Option<&str>,
        _body: Bytes,
        _bound_event: Option<&Key>,
    ) -> Result<Drafts, BodyError> {
        Err(BodyError("body_empty"))
    }

    /// Stand-in.
    pub async fn submit(
        &self,
        _workspace: WorkspaceId,
        _items: Vec<Result<NewActivity, Invalid>>,
        _create_unknown: bool,
    ) -> Result<Vec<Receipt>, Refused> {
        Err(Refused::Busy)
    }

    /// Stand-in.
    pub async fn change(&self, _change: Change) -> Result<Outcome, Refused> {
        Err(Refused::Busy)
    }
}
