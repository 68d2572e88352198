//! The store in one SQLite file: one writer connection, a few readers, write-ahead log, every commit synced.
//!
//! `open.rs` opens and migrates, `writer.rs` holds the one transaction of a commit, `append.rs` (after
//! `lookups.rs`) plans what activities become, `directory_writes.rs` does the other changes; `filter_sql.rs` is the meaning of a filter set
//! as SQL, and `page.rs`, `count.rs`, `facets.rs`, `histogram.rs` read by it in windows (`scan.rs`). `tallies/` counts behind
//! the writer, so that counts of a long log need not read all of it.
//! No read transaction stays open while anything but the database is awaited, and no text of a caller ever
//! becomes part of a statement: everything is bound.

mod append;
mod check;
mod count;
mod directory_reads;
mod directory_writes;
mod error;
mod facet_values;
mod facets;
mod filter_sql;
mod histogram;
mod keyring;
mod log_reads;
mod lookups;
mod names;
mod open;
mod page;
mod place;
mod records;
mod rows;
mod scan;
mod statements;
mod tallies;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sqlx::sqlite::SqlitePool;
use tokio::sync::Mutex;

use crate::auth::WorkspaceId;
use crate::clock::Clock;
use crate::domain::{ActivityId, Seq};
use crate::filter::FilterSet;
use crate::store::{
    ActivityLog, Answer, Change, Committed, Count, FacetQuery, Facets, Head, Histogram, HistogramQuery, LogBatch, MembershipSnapshot, Page,
    PageQuery, Store, StoreError, StoredActivity,
};

pub use check::Finding;
pub use open::SqliteOptions;
pub use scan::{SCAN_BUDGET, SCAN_WINDOW_SEQS, ScanLimits};
pub use tallies::{TallyLimits, limits as tally_limits};

/// A store in one SQLite file. Clones are handles to the same one.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Mutex<writer::Writer>,
    readers: SqlitePool,
    clock: Clock,
    scan: ScanLimits,
    tallies: tallies::Tallies,
    /// Held while the store is open, when it was opened exclusively.
    lock: std::sync::Mutex<Option<std::fs::File>>,
}

impl SqliteStore {
    /// The three traits behind one handle.
    pub fn store(&self) -> Store {
        Store { log: Arc::new(self.clone()), directory: Arc::new(self.clone()), keyring: Arc::new(self.clone()) }
    }

    /// Waits for reads and the write under way, then closes the file and gives its lock up. Later calls fail.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the last checkpoint could not be written; nothing is lost by that.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.readers.close().await;
        let closed = self.inner.writer.lock().await.close().await;
        if let Ok(mut lock) = self.inner.lock.lock() {
            lock.take();
        }
        closed
    }
}

impl ActivityLog for SqliteStore {
    fn commit(&self, changes: Vec<Change>) -> Answer<'_, Committed> {
        Box::pin(async move {
            let committed = self.inner.writer.lock().await.commit(changes, self.inner.clock.now()).await?;
            self.inner.tallies.appended(&committed);
            Ok(committed)
        })
    }

    fn head(&self, workspace: WorkspaceId) -> Answer<'_, Head> {
        Box::pin(self.read_head(workspace))
    }

    fn memberships(&self, workspace: WorkspaceId) -> Answer<'_, MembershipSnapshot> {
        Box::pin(self.read_memberships(workspace))
    }

    fn entries(&self, workspace: WorkspaceId, after: Seq, limit: usize) -> Answer<'_, LogBatch> {
        Box::pin(self.read_entries(workspace, after, limit))
    }

    fn page(&self, workspace: WorkspaceId, query: PageQuery) -> Answer<'_, Page> {
        Box::pin(self.read_page(workspace, query))
    }

    fn activity(&self, workspace: WorkspaceId, id: ActivityId) -> Answer<'_, Option<StoredActivity>> {
        Box::pin(self.read_activity(workspace, id))
    }

    fn count(&self, workspace: WorkspaceId, filter: FilterSet, from: Seq, to: Seq) -> Answer<'_, Count> {
        Box::pin(self.read_count(workspace, filter, from, to))
    }

    fn facets(&self, workspace: WorkspaceId, query: FacetQuery) -> Answer<'_, Facets> {
        Box::pin(self.read_facets(workspace, query))
    }

    fn histogram(&self, workspace: WorkspaceId, query: HistogramQuery) -> Answer<'_, Histogram> {
        Box::pin(self.read_histogram(workspace, query))
    }
}
