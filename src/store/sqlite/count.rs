//! The stored side of a completeness seal: an exact count, in as many short reads as it takes.

use sqlx::QueryBuilder;

use super::SqliteStore;
use super::error::unsigned;
use super::place::{place, seq_of};
use super::scan::{Pace, Range, Scan, head, recorded_at};
use super::tallies::ask::tests_of;
use super::tallies::cube::Question;
use super::tallies::saved::off_thread;
use crate::auth::WorkspaceId;
use crate::domain::Seq;
use crate::filter::FilterSet;
use crate::store::{Count, StoreError};

impl SqliteStore {
    pub(super) async fn read_count(&self, workspace: WorkspaceId, filter: FilterSet, from: Seq, to: Seq) -> Result<Count, StoreError> {
        // Each window is a transaction of its own: what lies in (from, to] does not change, and a membership that does
        // is told by the barrier, which is read last.
        let cube = self.inner.tallies.take(workspace).await;
        let mut connection = self.inner.readers.acquire().await?;
        let whole = Range { low: from, high: to };
        let since = recorded_at(&mut connection, workspace, Range { low: from, high: Seq::MAX }).await?.map(|(_, at)| at);
        let scan = Scan::plan(&mut connection, workspace, &filter, None, None).await?;
        let mut pace = Pace::new(self.inner.scan);
        let (mut left, mut stored) = (whole, 0);
        // From the start of the log tallies tell, unless they have passed `to`.
        if let Some(cube) = cube.filter(|cube| from <= cube.origin.pruned && from < cube.seq && cube.seq <= to) {
            let head = head(&mut connection, workspace).await?;
            if cube.is_of(&mut connection, workspace, head).await?
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
            pace.step();
        }
        // Relies on `entries_barrier`.
        let barrier: Option<i64> =
            sqlx::query_scalar("select max(place) from entries indexed by entries_barrier where kind <> 0 and place > ? and place <= ?")
                .bind(place(workspace, 0))
                .bind(place(workspace, Seq::MAX))
                .fetch_one(&mut *connection)
                .await?;
        Ok(Count { stored, since, barrier: barrier.map_or(0, seq_of) })
    }
}
