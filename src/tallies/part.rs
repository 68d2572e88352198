//! One kind of tallies of one log: what readers take of it, and whether it is worth folding.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use super::correct::Corrected;
use super::cube::{Cube, Origin};
use super::gone::Gone;
use super::minutes::Minutes;
use crate::domain::Seq;

/// What is folded of a log.
pub(crate) trait Folded {
    /// Nothing yet.
    fn begun(origin: Origin) -> Self;
    fn origin(&self) -> Origin;
    fn seq(&self) -> Seq;
    /// Takes corrections of what is counted: all of the log, in order, up to a seq. False when they cannot be taken.
    fn correct(&mut self, corrections: &[Corrected], up_to: Seq) -> bool;
    /// Takes away what was pruned of what is counted: all of the log, in order. False when it cannot be taken.
    fn prune(&mut self, gone: &[Gone]) -> bool;
    /// What its limits count.
    fn size(&self) -> usize;
}

impl Folded for Cube {
    fn origin(&self) -> Origin {
        self.origin
    }
    fn correct(&mut self, corrections: &[Corrected], up_to: Seq) -> bool {
        self.take_corrections(corrections, up_to)
    }
    fn prune(&mut self, gone: &[Gone]) -> bool {
        self.take_gone(gone)
    }
    fn begun(origin: Origin) -> Self {
        Self::new(origin)
    }
    fn seq(&self) -> Seq {
        self.seq
    }
    fn size(&self) -> usize {
        self.combinations()
    }
}

impl Folded for Minutes {
    fn origin(&self) -> Origin {
        self.origin
    }
    fn correct(&mut self, corrections: &[Corrected], up_to: Seq) -> bool {
        self.take_corrections(corrections, up_to)
    }
    fn prune(&mut self, gone: &[Gone]) -> bool {
        self.take_gone(gone)
    }
    fn begun(origin: Origin) -> Self {
        Self::new(origin)
    }
    fn seq(&self) -> Seq {
        self.seq
    }
    fn size(&self) -> usize {
        self.cells()
    }
}

/// One kind of tallies of one log.
#[derive(Debug)]
pub(crate) struct Part<T> {
    /// What readers take. Locked for as long as it takes to take it, or to add one step.
    pub held: Arc<Mutex<Option<Arc<T>>>>,
    /// Its seq; 0 while nothing is held.
    folded: AtomicU64,
    /// It is not folded before the log has come to here: there is too much of it. 0 while there is not.
    pub given_up: AtomicU64,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { held: Arc::default(), folded: AtomicU64::new(0), given_up: AtomicU64::new(0) }
    }
}

impl<T: Folded> Part<T> {
    pub(crate) async fn take(&self) -> Option<Arc<T>> {
        self.held.lock().await.clone()
    }

    pub(crate) async fn put(&self, part: Option<T>) {
        self.at(part.as_ref().map_or(0, T::seq));
        *self.held.lock().await = part.map(Arc::new);
    }

    /// Takes note of how far it is folded.
    pub(crate) fn at(&self, seq: Seq) {
        self.folded.store(seq, Ordering::Relaxed);
    }

    /// Lets go of it until the log is twice as long.
    pub(crate) async fn give_up(&self, head: Seq) {
        self.given_up.store(head.saturating_mul(2), Ordering::Relaxed);
        self.put(None).await;
    }

    /// True when it is to be folded.
    pub(crate) fn is_due(&self, head: Seq) -> bool {
        head >= self.given_up.load(Ordering::Relaxed)
    }

    /// How far it is folded, if it is to be.
    pub(crate) fn due_at(&self, head: Seq) -> Option<Seq> {
        self.is_due(head).then(|| self.folded.load(Ordering::Relaxed))
    }
}
