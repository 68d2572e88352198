//! Turns at reading: whoever reads the log or lists the directory takes one before a connection is asked for.
//!
//! `rota.rs` says whose turn it is; here it is waited for. There are as many turns as connections that read, so that nobody
//! waits in a pool, where nobody is told apart. Ingest, authentication, heads and readiness take none: they have
//! connections of their own. A turn is for one bounded read; what takes longer takes turn after turn.

mod rota;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use self::rota::{Asked, Rota};
pub use self::rota::{Purpose, Reader};
use super::{ActivityLog, Answer, At, Directory, Head, Kept, Keyring, NamedKind, Store, StoreError, Thing, View};
use crate::auth::{Actor, WorkspaceId};
use crate::domain::{Events, Key, Mark, Seq};
use crate::filter::FilterSet;
use crate::telemetry::{READS_REFUSED, READS_WAITING};

/// Turns there are: reads at one time.
pub const TURNS: usize = 4;
/// How long a request waits for its turn.
const WAIT: Duration = Duration::from_secs(2);
/// Requests of one key that wait.
const WAITING_OF_KEY_MAX: usize = 64;
/// Requests that wait in all.
const WAITING_MAX: usize = 1_024;

/// Bounds of turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnLimits {
    /// Turns at one time; at least 1.
    pub at_once: usize,
    /// How long a request waits.
    pub wait: Duration,
    /// Requests of one key that wait.
    pub waiting_of_key_max: usize,
    /// Requests that wait in all.
    pub waiting_max: usize,
}

impl Default for TurnLimits {
    fn default() -> Self {
        Self { at_once: TURNS, wait: WAIT, waiting_of_key_max: WAITING_OF_KEY_MAX, waiting_max: WAITING_MAX }
    }
}

impl TurnLimits {
    /// Turns of one workspace at one time: one is left, so that the first of another begins at once.
    pub(super) fn of_workspace_max(&self) -> usize {
        self.at_once.saturating_sub(1).max(1)
    }
}

/// The store for whoever reads: by turns. Clones share them.
#[derive(Clone)]
pub struct Reads {
    /// Workspaces and credentials, which wait for no turn.
    pub keyring: Arc<dyn Keyring>,
    store: Store,
    limits: TurnLimits,
    rota: Arc<Mutex<Rota<oneshot::Sender<()>>>>,
}

/// A turn at reading. Dropping it gives it to the next.
pub struct Turn {
    reads: Reads,
    reader: Reader,
}

/// One that waits; dropping it leaves the queue, or gives back the turn that came at that moment.
struct Waiting {
    reads: Reads,
    reader: Reader,
    /// `None` once the turn was taken over.
    number: Option<u64>,
}

impl Reads {
    /// The reads of a store.
    pub fn new(store: Store, limits: TurnLimits) -> Self {
        let rota = Arc::new(Mutex::new(Rota::new(limits)));
        Self { keyring: store.keyring.clone(), store, limits, rota }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when too many wait, or a request has waited for too long.
    pub async fn turn(&self, reader: Reader) -> Result<Turn, StoreError> {
        let (wake, woken) = oneshot::channel();
        let asked = self.rota().ask(reader, wake);
        let Asked::Waits(number) = asked else { return Err(self.refused("full", "too many reads wait for their turn")) };
        let mut waiting = Waiting { reads: self.clone(), reader, number: Some(number) };
        self.give();
        let came = match reader.purpose {
            Purpose::Request => timeout(self.limits.wait, woken).await.is_ok_and(|woken| woken.is_ok()),
            Purpose::Stream => woken.await.is_ok(),
        };
        if !came {
            return Err(self.refused("waited", "the read has waited for its turn for too long"));
        }
        waiting.number = None;
        Ok(Turn { reads: self.clone(), reader })
    }

    /// The head of a log: one row, which waits for no turn.
    pub fn head(&self, workspace: WorkspaceId) -> Answer<'_, Head> {
        self.store.log.head(workspace)
    }

    /// The mark of an entry: one row, which waits for no turn.
    pub fn mark(&self, workspace: WorkspaceId, seq: Seq) -> Answer<'_, Option<Mark>> {
        self.store.log.mark(workspace, seq)
    }

    /// What is kept of a log: a row and a look-up, which wait for no turn.
    pub fn kept(&self, workspace: WorkspaceId) -> Answer<'_, Kept> {
        self.store.keeping.kept(workspace)
    }

    /// Those who wait, and those who read, as they are now.
    fn rota(&self) -> MutexGuard<'_, Rota<oneshot::Sender<()>>> {
        // Nothing in there can panic half-way.
        self.rota.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives every free turn to whoever is next.
    fn give(&self) {
        let mut rota = self.rota();
        while let Some((_, wake)) = rota.give() {
            // One that has just gone away finds its turn and gives it back.
            let _ = wake.send(());
        }
        metrics::gauge!(READS_WAITING).set(rota.waiting() as f64);
    }

    fn refused(&self, reason: &'static str, text: &str) -> StoreError {
        metrics::counter!(READS_REFUSED, "reason" => reason).increment(1);
        StoreError::Busy(text.to_owned())
    }
}

impl Turn {
    /// The log, for one read.
    pub fn log(&self) -> &dyn ActivityLog {
        &*self.reads.store.log
    }

    /// The directory, for one read.
    pub fn directory(&self) -> &dyn Directory {
        &*self.reads.store.directory
    }

    /// What is in a view, within its event; none where there is no such view for this actor, who may be bound to events.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn view(&self, key: Key, actor: Actor, events: &Events) -> Result<Option<FilterSet>, StoreError> {
        Ok(self.seen_view(key, actor, events).await?.map(|(_, view)| view.wanted()))
    }

    /// A view with its name; none where there is no such view for this actor, who may be bound to events.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn seen_view(&self, key: Key, actor: Actor, events: &Events) -> Result<Option<(String, View)>, StoreError> {
        let found = self.directory().one(NamedKind::View, At::top(self.reader.workspace, key)).await?;
        Ok(match found.map(|record| record.thing) {
            Some(Thing::View { name, view }) if view.is_seen_by(actor, events) => Some((name, *view)),
            _ => None,
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.reads.rota().done(self.reader);
        self.reads.give();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let left = self.reads.rota().leave(self.reader, number);
        if !left {
            // The turn came just when it went away.
            self.reads.rota().done(self.reader);
        }
        self.reads.give();
    }
}
