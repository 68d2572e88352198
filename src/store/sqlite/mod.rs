//! The store in one SQLite file: one writer connection, a few readers, write-ahead log, every commit synced.
//!
//! `open.rs` opens and migrates, `writer.rs` holds the one transaction of a commit, `append.rs` (after
//! `lookups.rs`) plans what activities become; `put.rs`, `put_many.rs`, `remove.rs` and `recipients.rs` do the other changes, of the kinds in
//! `things.rs`. `filter_sql.rs` is the meaning of a filter set as SQL, and `page.rs`, `count.rs`, `facets.rs`, `histogram.rs` read by
//! it in windows (`scan.rs`). `tallies/` folds counts behind the writer, so that counts of a long log need not read all of it.
//! `files.rs` and `wal.rs` are about a database that is a file; all else has the names that another database of SQL would have
//! files by.
//! No read transaction stays open while anything but the database is awaited, and no text of a caller ever
//! becomes part of a statement: everything is bound.

mod alerting;
mod alerts;
mod amend;
mod append;
mod audit;
mod chain;
mod check;
mod check_chain;
mod consumers;
mod copies;
mod corrections;
mod count;
mod directory_reads;
mod erase;
mod error;
mod facet_candidates;
mod facet_names;
mod facet_values;
mod facets;
pub(super) mod files;
mod filter_sql;
mod histogram;
mod imports;
mod keyring;
mod log_reads;
mod lookups;
mod members;
mod names;
mod open;
mod page;
mod place;
mod put;
mod put_many;
mod recipients;
mod records;
mod remove;
mod retention;
mod rows;
mod scan;
mod statements;
mod tallies;
mod things;
mod views;
mod wal;
mod walls;
mod watch;
mod webhooks;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures::future::BoxFuture;
use sqlx::sqlite::SqlitePool;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::auth::{Operator, WorkspaceId};
use crate::clock::Clock;
use crate::domain::{ActivityId, EntryKind, Mark, Seq};
use crate::filter::FilterSet;
use crate::store::{
    ActivityLog, Answer, Change, Committed, Count, FacetQuery, Facets, Finding, Head, Histogram, HistogramQuery, LogBatch,
    MembershipSnapshot, Page, PageQuery, Store, StoreError, UnderId, Upkeep,
};
use crate::tallies::Tallies;

pub use copies::{Copied, CopyOptions, CopyStage, backup, restore};
pub use open::SqliteOptions;
pub use scan::{SCAN_BUDGET, SCAN_WINDOW_SEQS, ScanLimits};
pub use wal::{WAL_BYTES_MAX, WalLimits};

/// A store in one SQLite file. Clones are handles to the same one.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Mutex<writer::Writer>,
    /// For reads of a log and lists of the directory: one connection a turn, and some for what reads behind the writer.
    readers: wal::ReadPool,
    /// For what never waits for readers, and is short: heads, credentials, workspaces, and what the publisher reads.
    apart: SqlitePool,
    clock: Clock,
    scan: ScanLimits,
    tallies: Tallies,
    /// Held while the store is open, when it was opened exclusively.
    lock: std::sync::Mutex<Option<files::Lock>>,
}

impl SqliteStore {
    /// The traits behind one handle.
    pub fn store(&self) -> Store {
        let own = Arc::new(self.clone());
        Store {
            log: own.clone(),
            directory: own.clone(),
            keyring: own.clone(),
            cursors: own.clone(),
            keeping: own.clone(),
            webhooks: own.clone(),
            alerting: own.clone(),
            members: own.clone(),
            imports: own.clone(),
            audit: own.clone(),
            upkeep: own,
        }
    }

    /// Waits for reads and the write under way, then closes the file and gives its lock up. Later calls fail.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the last checkpoint could not be written; nothing is lost by that.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.readers.close().await;
        self.inner.apart.close().await;
        let closed = self.inner.writer.lock().await.close().await;
        if let Ok(mut lock) = self.inner.lock.lock() {
            lock.take();
        }
        closed
    }
}

impl Upkeep for SqliteStore {
    fn keepers(&self, operator: Operator, end: CancellationToken) -> Vec<BoxFuture<'static, ()>> {
        vec![
            Box::pin(self.clone().keep_tallies(operator, end.clone())),
            Box::pin(self.clone().keep_wal(end.clone())),
            Box::pin(self.clone().watch_clock(operator, end)),
        ]
    }

    fn check(&self, _operator: Operator) -> Answer<'_, Vec<Finding>> {
        Box::pin(self.read_whole())
    }

    fn forget_tallies(&self, operator: Operator) -> Answer<'_, ()> {
        Box::pin(self.forget_all_saved(operator))
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(self.close())
    }
}

impl ActivityLog for SqliteStore {
    fn commit(&self, changes: Vec<Change>) -> Answer<'_, Committed> {
        Box::pin(async move {
            let committed = self.inner.writer.lock().await.commit(changes, self.inner.clock.now()).await?;
            for batch in &committed.batches {
                if let Some(last) = batch.entries.last() {
                    self.inner.tallies.reaches(batch.workspace, last.seq);
                }
                if batch.entries.iter().any(|entry| matches!(entry.kind, EntryKind::Amendment(_) | EntryKind::Erasure(_))) {
                    self.inner.tallies.corrected(batch.workspace);
                }
            }
            for (workspace, _) in &committed.pruned {
                self.inner.tallies.corrected(*workspace);
            }
            Ok(committed)
        })
    }

    fn head(&self, workspace: WorkspaceId) -> Answer<'_, Head> {
        Box::pin(self.read_head(workspace))
    }

    fn mark(&self, workspace: WorkspaceId, seq: Seq) -> Answer<'_, Option<Mark>> {
        Box::pin(self.read_mark(workspace, seq))
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

    fn activity(&self, workspace: WorkspaceId, id: ActivityId) -> Answer<'_, UnderId> {
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
