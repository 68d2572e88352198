//! Where a subscription stands: each stage holds what it needs and nothing else.

use super::read::Read;
use crate::domain::Cursor;

/// Where a subscription stands.
#[derive(Debug)]
pub enum Stage {
    /// Its first installation is on its way.
    Starting(Start),
    /// In the index: what matches comes by itself.
    Live,
    /// A read is wanted; what comes meanwhile waits in the queue.
    Reading(Read),
    /// The read is under way.
    Waiting {
        /// Its number; an answer to another is of no use.
        number: u64,
        /// The read.
        read: Read,
    },
    /// The read has failed, and is tried again after a rest.
    Resting {
        /// When, in the session's milliseconds.
        until_ms: u64,
        /// The read.
        read: Read,
    },
    /// Out of the index: it reads the log from its position.
    Behind,
    /// Caught up so far that its installation was asked for again.
    Rejoining,
}

/// What the client asked at subscribing.
#[derive(Debug, Clone)]
pub struct Start {
    /// Carried back.
    pub reference: Option<String>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

impl Stage {
    /// The read that it is about.
    fn read(&self) -> Option<&Read> {
        match self {
            Self::Reading(read) | Self::Waiting { read, .. } | Self::Resting { read, .. } => Some(read),
            Self::Starting(_) | Self::Live | Self::Behind | Self::Rejoining => None,
        }
    }

    /// When time alone moves it on, in the session's milliseconds; a stage that waits for somebody else is due never.
    pub fn due_ms(&self) -> Option<u64> {
        match self {
            Self::Resting { until_ms, .. } => Some(*until_ms),
            Self::Starting(_) | Self::Live | Self::Reading(_) | Self::Waiting { .. } | Self::Behind | Self::Rejoining => None,
        }
    }

    /// True while it is not in the index, and nothing of it is at the shard.
    pub fn is_out_of_index(&self) -> bool {
        matches!(self, Self::Behind) || self.read().is_some_and(Read::is_out_of_index)
    }

    /// True while its view is read for the first time, and nothing of it is anywhere else.
    pub fn is_naming(&self) -> bool {
        self.read().is_some_and(Read::is_naming)
    }

    /// True while it is served from the log.
    pub fn is_lagging(&self) -> bool {
        matches!(self, Self::Rejoining) || self.is_out_of_index() || self.read().is_some_and(Read::is_rejoining)
    }
}
