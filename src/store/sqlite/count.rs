//! The stored side of a completeness seal: an exact count, as far as one read comes; whoever asks goes on from there.

use sqlx::{Connection as _, QueryBuilder};

use super::SqliteStore;
use super::error::unsigned;
use super::place::{place, seq_of};
use super::scan::{Pace, Range, Scan, head, recorded_at};
use super::tallies::ask::tests_of;
use super::tallies::for_read;
use super::tallies::saved::off_thread;
use crate::auth::WorkspaceId;
use crate::domain::Seq;
use crate::filter::FilterSet;
use crate::store::{Count, StoreError};
use crate::tallies::Question;

impl SqliteStore {
    pub(super) async fn read_count(&self, workspace: WorkspaceId, filter: FilterSet, from: Seq, to: Seq) -> Result<Count, StoreError> {
        // Each window is a transaction of its own: what changes of (from, to] meanwhile, or who is a member, is told by the
        // barrier, which is read last.
        let cube = self.inner.tallies.take(workspace).await;
        let mut connection = self.inner.readers.acquire().await?;
        let whole = Range { low: from, high: to };
        let since = recorded_at(&mut connection, workspace, Range { low: from, high: Seq::MAX }).await?.map(|(_, at)| at);
        let scan = Scan::plan(&mut connection, workspace, &filter, None, None).await?;
        let mut pace = Pace::new(self.inner.scan);
        let (mut left, mut stored) = (whole, 0);
        // From the start of the log tallies tell, unless they have passed `to`.
        let cube = cube.filter(|cube| from < cube.seq && cube.seq <= to);
        if cube.is_some() {
            let mut transaction = connection.begin().await?;
            let head = head(&mut transaction, workspace).await?;
            let cube = for_read(cube, &mut transaction, workspace, head).await?;
            transaction.rollback().await?;
            if let Some(cube) = cube.filter(|cube| from <= cube.origin.pruned)
                && let Some(tests) = tests_of(&mut connection, workspace, &filter, &cube).await?
            {
                left.low = cube.seq;
                stored = off_thread(move || cube.count(&Question { tests, fields: Vec::new() }).0).await?;
            }
        }
        while !left.is_empty() {
            let window = pace.oldest(left);
            let mut sql = QueryBuilder::new("select count(*)");
            scan.push_from(&mut sql, window);
            let in_window: i64 = sql.build_query_scalar().fetch_one(&mut *connection).await?;
            stored += unsigned(in_window)?;
            left.low = window.high;
            if pace.step() {
                break;
            }
        }
        // Relies on `entries_barrier`.
        let barrier: Option<i64> =
            sqlx::query_scalar("select max(place) from entries indexed by entries_barrier where kind <> 0 and place > ? and place <= ?")
                .bind(place(workspace, 0))
                .bind(place(workspace, Seq::MAX))
                .fetch_one(&mut *connection)
                .await?;
        let pruned = head(&mut connection, workspace).await?.pruned;
        Ok(Count { stored, reached: left.low.max(from), since, barrier: barrier.map_or(0, seq_of), pruned })
    }
}
