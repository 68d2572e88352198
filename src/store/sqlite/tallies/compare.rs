//! Holding what was saved to the log, for `tidings check`.

use std::sync::Arc;

use sqlx::sqlite::SqliteConnection;

use super::super::SqliteStore;
use super::super::scan::head;
use super::fold::fold_from_nothing;
use super::saved::{off_thread, read_saved};
use super::{as_of, is_same};
use crate::auth::{Operator, WorkspaceId};
use crate::store::StoreError;
use crate::tallies::limits::STEP_SEQS;
use crate::tallies::{cube_differences, minutes_differences};

/// What to do about it.
const CURE: &str = "stop the server and run `tidings check --forget-tallies`; it counts anew when it starts";

impl SqliteStore {
    /// Throws away the saved tallies of every log. A server that starts on the file folds them anew.
    pub(in super::super) async fn forget_all_saved(&self, operator: Operator) -> Result<(), StoreError> {
        let logs: Vec<i64> = sqlx::query_scalar("select workspace_id from tallies").fetch_all(&self.inner.apart).await?;
        for number in logs {
            self.forget_saved(operator.workspace(number)).await?;
        }
        Ok(())
    }
}

/// What is wrong with the saved tallies of a log.
pub(in super::super) async fn faults(connection: &mut SqliteConnection, workspace: WorkspaceId) -> Result<Vec<String>, StoreError> {
    let Some(saved) = read_saved(connection, workspace).await? else { return Ok(Vec::new()) };
    let Some(saved) = saved else {
        return Ok(vec![format!("the saved tallies cannot be read; {CURE}")]);
    };
    let head = head(connection, workspace).await?;
    let (mut cube, mut minutes) = (saved.cube.map(Arc::new), saved.minutes.map(Arc::new));
    let same = |origin, seq| is_same(origin, seq, head);
    if !cube.iter().all(|cube| same(cube.origin, cube.seq)) || !minutes.iter().all(|minutes| same(minutes.origin, minutes.seq)) {
        // A server sees that, too, and folds anew.
        return Ok(Vec::new());
    }
    let untrue = || Ok(vec![format!("what was corrected cannot be taken from the saved tallies; {CURE}")]);
    if let Some(saved) = cube {
        let Some(corrected) = as_of(saved, connection, workspace, head, usize::MAX).await? else { return untrue() };
        cube = Some(corrected);
    }
    if let Some(saved) = minutes {
        let Some(corrected) = as_of(saved, connection, workspace, head, usize::MAX).await? else { return untrue() };
        minutes = Some(corrected);
    }
    let plain = fold_from_nothing(connection, workspace, (cube.as_deref(), minutes.as_deref()), STEP_SEQS).await?;
    off_thread(move || {
        let mut faults = Vec::new();
        if let Some((cube, plain)) = cube.as_ref().zip(plain.0.as_ref()) {
            faults.push((cube.seq, cube_differences(cube, plain), "combinations"));
        }
        if let Some((minutes, plain)) = minutes.as_ref().zip(plain.1.as_ref()) {
            faults.push((minutes.seq, minutes_differences(minutes, plain), "minutes"));
        }
        let told = faults.into_iter().filter(|(_, differing, _)| *differing > 0);
        told.map(|(seq, differing, what)| {
            format!("the saved tallies up to entry {seq} count {differing} {what} otherwise than the log; {CURE}")
        })
        .collect()
    })
    .await
}
