//! Activities and corrections on their way to subscribers: encoded once, shared by all who get them.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::domain::{Entry, Mark, Seq};
use crate::store::{Correction, Item};

/// One entry as it concerns a standing filter.
#[derive(Debug, Clone)]
pub enum Hit {
    /// An activity that matches.
    Activity(Arc<Entry>),
    /// Corrections that its subscribers are told of, by place; never empty; with the mark of the last. Many filters share one.
    Corrections(Told, Option<Mark>),
}

/// Corrections that are told together.
pub type Told = Arc<[Correction]>;

impl Hit {
    fn first(&self) -> Seq {
        match self {
            Self::Activity(entry) => entry.seq,
            Self::Corrections(told, _) => told.first().map_or(0, |c| c.at),
        }
    }

    fn last(&self) -> Seq {
        match self {
            Self::Activity(entry) => entry.seq,
            Self::Corrections(told, _) => told.last().map_or(0, |c| c.at),
        }
    }

    fn mark(&self) -> Option<Mark> {
        match self {
            Self::Activity(entry) => entry.mark,
            Self::Corrections(_, mark) => *mark,
        }
    }

    /// Bytes of its JSON.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Activity(entry) => entry.activity().map_or(0, |a| a.body.len()),
            Self::Corrections(told, _) => bytes_of(told),
        }
    }
}

/// What of one publication concerns one standing filter, in seq order; never empty. It goes into one frame as a whole.
#[derive(Debug)]
pub struct Run {
    items: Box<[Item]>,
    joined: Bytes,
    corrections: Box<[Told]>,
    first: Seq,
    last: Seq,
    mark: Option<Mark>,
    bytes: usize,
    committed_at: Instant,
}

impl Run {
    /// The run of these, which ascend.
    pub fn of(hits: &[Hit], committed_at: Instant) -> Self {
        let items = hits.iter().filter_map(|hit| match hit {
            Hit::Activity(entry) => entry.activity().map(|a| Item { seq: entry.seq, mark: entry.mark, body: a.body.clone() }),
            Hit::Corrections(..) => None,
        });
        let items: Box<[Item]> = items.collect();
        let corrections = hits.iter().filter_map(|hit| match hit {
            Hit::Activity(_) => None,
            Hit::Corrections(told, _) => Some(told.clone()),
        });
        let corrections: Box<[Told]> = corrections.collect();
        let joined = join(&items);
        let bytes = joined.len() + corrections.iter().map(|told| bytes_of(told)).sum::<usize>();
        let (first, last) = (hits.first().map_or(0, Hit::first), hits.last().map_or(0, Hit::last));
        let mark = hits.last().and_then(Hit::mark);
        Self { items, joined, corrections, first, last, mark, bytes, committed_at }
    }

    /// Its activities.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The JSON of its activities, separated by commas: what goes into a frame as it is.
    pub fn joined(&self) -> &Bytes {
        &self.joined
    }

    /// Its corrections.
    pub fn corrections(&self) -> impl Iterator<Item = &Correction> {
        self.corrections.iter().flat_map(|told| told.iter())
    }

    /// The first place of it.
    pub fn first(&self) -> Seq {
        self.first
    }

    /// The last place of it.
    pub fn last(&self) -> Seq {
        self.last
    }

    /// The mark of its last place. It is taken before the room keeps that at hand: the shard goes on while sessions are told.
    pub fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// Bytes of its JSON.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// When it became durable.
    pub fn committed_at(&self) -> Instant {
        self.committed_at
    }
}

fn bytes_of(told: &[Correction]) -> usize {
    told.iter().map(|correction| correction.json.len()).sum()
}

fn join(items: &[Item]) -> Bytes {
    if let [only] = items {
        return only.body.clone();
    }
    let mut joined = BytesMut::with_capacity(items.iter().map(|i| i.body.len() + 1).sum());
    for item in items {
        if !joined.is_empty() {
            joined.extend_from_slice(b",");
        }
        joined.extend_from_slice(&item.body);
    }
    joined.freeze()
}
