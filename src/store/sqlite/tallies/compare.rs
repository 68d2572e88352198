//! Holding what was saved to the log, for `tidings check`.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::sqlite::SqliteConnection;

use super::super::SqliteStore;
use super::super::scan::head;
use super::cube::{COLUMNS, Cube, NUMBERS};
use super::fold::fold_from_nothing;
use super::limits::STEP_SEQS;
use super::saved::{off_thread, read_saved};
use crate::auth::{Operator, WorkspaceId};
use crate::store::StoreError;

/// What to do about it.
const CURE: &str = "stop the server and run `tidings check --forget-tallies`; it counts anew when it starts";

/// One column of a combination, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    Text(Arc<str>),
}

impl SqliteStore {
    /// Throws away the saved tallies of every log. A server that starts on the file folds them anew.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file cannot be written.
    pub async fn forget_tallies(&self, operator: Operator) -> Result<(), StoreError> {
        let logs: Vec<i64> = sqlx::query_scalar("select workspace_id from tallies").fetch_all(&self.inner.readers).await?;
        for number in logs {
            self.forget_saved(operator.workspace(number)).await?;
        }
        Ok(())
    }
}

/// What is wrong with the saved tallies of a log.
pub(in super::super) async fn faults(connection: &mut SqliteConnection, workspace: WorkspaceId) -> Result<Vec<String>, StoreError> {
    let Some(saved) = read_saved(connection, workspace).await? else { return Ok(Vec::new()) };
    let Some(cube) = saved.cube else {
        return Ok(vec![format!("the saved tallies cannot be read; {CURE}")]);
    };
    let head = head(connection, workspace).await?;
    if !cube.is_of(connection, workspace, head).await? {
        // A server sees that, too, and folds anew.
        return Ok(Vec::new());
    }
    let plain = fold_from_nothing(connection, workspace, &cube, STEP_SEQS).await?;
    let seq = cube.seq;
    let differing = off_thread(move || differences(&cube, &plain)).await?;
    Ok(match differing {
        0 => Vec::new(),
        _ => vec![format!("the saved tallies up to entry {seq} count {differing} combinations otherwise than the log; {CURE}")],
    })
}

/// How many combinations have another count in one than in the other.
pub(super) fn differences(one: &Cube, other: &Cube) -> usize {
    let mut counts = BTreeMap::new();
    for (cube, sign) in [(one, 1i128), (other, -1)] {
        for row in 0..cube.combinations() {
            *counts.entry(values(cube, row)).or_default() += sign * i128::from(cube.counts[row]);
        }
    }
    let differing = counts.values().filter(|count: &&i128| **count != 0).count();
    differing + usize::from(one.occurred != other.occurred)
}

fn values(cube: &Cube, row: usize) -> [Value; COLUMNS] {
    std::array::from_fn(|column| {
        let code = cube.codes[column][row] as usize;
        match column.checked_sub(NUMBERS.len()) {
            None => Value::Number(cube.numbers[column].values[code]),
            Some(at) => Value::Text(cube.texts[at].values[code].clone()),
        }
    })
}
