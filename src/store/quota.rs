//! How many things appends may make on first sight: a workspace in all, and each sender in its time.
//!
//! A draft makes all that it names or nothing. What was taken of a sender's allowance for something that did not become
//! durable must never stay taken.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What one sender may still make. The writer alone takes from it, and only where something is new.
pub trait Allowance: Debug + Send + Sync + 'static {
    /// Takes so many things, or none.
    ///
    /// # Errors
    /// [`Spent`] when there are not so many.
    fn take(&self, things: u32) -> Result<Taken, Spent>;
    /// Takes back what was taken for something that was not stored.
    fn give_back(&self, taken: Taken);
}

/// What was taken of an allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// How many things.
    pub things: u32,
    /// When the span of time that they count for is over.
    pub until: Instant,
}

/// Why nothing could be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Things that may be made in each span of time.
    pub most: u32,
    /// How long it is until as many may be made again.
    pub wait: Duration,
}

/// How many things an append may make; as many as it likes unless it is told.
#[derive(Debug, Clone, Default)]
pub struct Quota {
    /// Things of its workspace that were made on first sight, at most.
    pub workspace_max: Option<u64>,
    /// What its sender may make.
    pub sender: Option<Arc<dyn Allowance>>,
}

/// The first thing that an activity would have made and may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverQuota {
    /// The field that names it.
    pub field: &'static str,
    /// Its key as given.
    pub key: String,
    /// What stands against it.
    pub reached: Reached,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// That of the workspace: so many things in all.
    Workspace(u64),
    /// That of the sender.
    Sender(Spent),
}

/// What a transaction took of senders' allowances: given back when it is dropped, unless it was kept.
#[derive(Debug, Default)]
pub(super) struct Held(Vec<(Arc<dyn Allowance>, Taken)>);

impl Held {
    /// Takes so many things from an allowance.
    pub(super) fn take(&mut self, from: &Arc<dyn Allowance>, things: u32) -> Result<(), Spent> {
        self.0.push((from.clone(), from.take(things)?));
        Ok(())
    }

    /// What was made with it is durable.
    pub(super) fn keep(&mut self) {
        self.0.clear();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for (from, taken) in self.0.drain(..) {
            from.give_back(taken);
        }
    }
}
