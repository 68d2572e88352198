//! Folding: one step reads some rows behind the head, in one snapshot, and adds them to the tallies.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::super::SqliteStore;
use super::super::records::{Columns, Records};
use super::super::scan::{Access, Range, Scan, head};
use super::cube::{Cube, NUMBERS, Origin, TEXTS};
use super::saved::{off_thread, read_saved};
use super::{Folding, LogTallies};
use crate::auth::WorkspaceId;
use crate::domain::Seq;
use crate::filter::FilterSet;
use crate::store::StoreError;

/// Rows to be folded.
#[derive(Debug)]
pub(super) struct Step {
    window: Range,
    records: String,
    occurred: Option<(i64, i64)>,
}

/// What one step is to do.
enum Next {
    /// The tallies are as near to the head as they should be.
    Nothing,
    /// Begin anew: what was folded is of another log, was pruned, or was changed since.
    Anew(Origin),
    /// Add these.
    Add(Step),
}

impl SqliteStore {
    /// Folds one step of a log. True when there may be more to fold. [`keep_tallies`](Self::keep_tallies) does that for all
    /// logs; it is for tests and measurements else.
    ///
    /// # Errors
    /// [`StoreError`] when the rows cannot be read; nothing of the step was added then.
    pub async fn fold(&self, workspace: WorkspaceId) -> Result<bool, StoreError> {
        let log = self.inner.tallies.of(workspace);
        let mut folding = log.folding.lock().await;
        if log.head.load(Ordering::Relaxed) < log.given_up.load(Ordering::Relaxed) {
            return Ok(false);
        }
        if !folding.loaded {
            self.load(workspace, &log, &mut folding).await?;
        }
        let more = match self.next(workspace, &log).await? {
            Next::Nothing => false,
            Next::Anew(origin) => {
                *log.cube.lock().await = Some(Arc::new(Cube::new(origin)));
                log.folded.store(origin.pruned, Ordering::Relaxed);
                // What was saved is of no use any more.
                folding.saved = 0;
                true
            }
            Next::Add(step) => {
                let fits = self.add(&log, step).await;
                if !matches!(fits, Ok(true)) {
                    // Too many combinations, or perhaps half added: what was saved is taken up again some time.
                    *log.cube.lock().await = None;
                    folding.loaded = false;
                }
                fits?
            }
        };
        drop(folding);
        Ok(more)
    }

    /// Takes up what was saved.
    async fn load(&self, workspace: WorkspaceId, log: &LogTallies, folding: &mut Folding) -> Result<(), StoreError> {
        let mut transaction = self.inner.readers.begin().await?;
        let saved = read_saved(&mut transaction, workspace).await;
        transaction.rollback().await?;
        if let Some(saved) = saved? {
            folding.saved = saved.cube.as_ref().map_or(0, |cube| cube.seq);
            if saved.cube.is_none() {
                tracing::warn!(workspace = workspace.number(), "saved tallies cannot be read and are folded anew");
            }
            log.folded.store(folding.saved, Ordering::Relaxed);
            *log.cube.lock().await = saved.cube.map(Arc::new);
        }
        folding.loaded = true;
        Ok(())
    }

    async fn next(&self, workspace: WorkspaceId, log: &LogTallies) -> Result<Next, StoreError> {
        let held = log.cube.lock().await.clone();
        let mut transaction = self.inner.readers.begin().await?;
        let next = self.next_within(&mut transaction, workspace, held.as_deref()).await;
        transaction.rollback().await?;
        next
    }

    async fn next_within(
        &self,
        connection: &mut SqliteConnection,
        workspace: WorkspaceId,
        held: Option<&Cube>,
    ) -> Result<Next, StoreError> {
        let limits = self.inner.tallies.limits;
        let head = head(connection, workspace).await?;
        let origin = Origin { epoch: head.epoch, pruned: head.pruned, began: head.seq };
        let low = held.map_or(head.pruned, |cube| cube.seq);
        let high = head.seq.saturating_sub(limits.lag).min(low.saturating_add(limits.step.max(1)));
        match held {
            Some(cube) if !cube.is_of(connection, workspace, head).await? => return Ok(Next::Anew(origin)),
            _ if high <= low => return Ok(Next::Nothing),
            None => return Ok(Next::Anew(origin)),
            Some(_) => {}
        }
        Ok(Next::Add(read_step(connection, workspace, Range { low, high }).await?))
    }

    /// Adds a step to what readers take. False when there are too many combinations.
    async fn add(&self, log: &LogTallies, step: Step) -> Result<bool, StoreError> {
        let combinations_max = self.inner.tallies.limits.combinations_max;
        // Readers that came before keep what they have: then this is done to a copy.
        let mut cube = log.cube.clone().lock_owned().await;
        let folded = off_thread(move || match cube.as_mut() {
            Some(cube) => Arc::make_mut(cube).add_step(&step, combinations_max).map(|fits| (cube.seq, fits)),
            None => Ok((0, true)),
        });
        let (seq, fits) = folded.await??;
        log.folded.store(if fits { seq } else { 0 }, Ordering::Relaxed);
        let head = log.head.load(Ordering::Relaxed).max(seq);
        log.given_up.store(if fits { 0 } else { head.saturating_mul(2) }, Ordering::Relaxed);
        Ok(fits)
    }
}

impl Cube {
    /// Adds a step, which must go on where this ends. False when there are too many combinations, whatever is left out.
    pub(super) fn add_step(&mut self, step: &Step, combinations_max: usize) -> Result<bool, StoreError> {
        if step.window.low != self.seq {
            return Ok(true);
        }
        let columns = columns();
        let mut records = Records(&step.records);
        let mut read = Vec::new();
        while !records.0.is_empty() {
            let unreadable = || StoreError::Corrupt("a row cannot be folded".to_owned());
            read.push(records.next(&columns, 0).ok_or_else(unreadable)?);
        }
        read.iter().for_each(|record| self.fold(record));
        self.occurred = match (self.occurred, step.occurred) {
            (Some((low, high)), Some((first, last))) => Some((low.min(first), high.max(last))),
            (one, other) => one.or(other),
        };
        self.seq = step.window.high;
        while self.combinations() > combinations_max && self.leave_out() {}
        Ok(self.combinations() <= combinations_max)
    }
}

/// The columns of a record, in the order of a combination.
fn columns() -> Columns {
    Columns { numbers: NUMBERS.into_iter().chain(["place"]).collect(), texts: TEXTS.to_vec() }
}

/// Reads the rows of one window.
pub(super) async fn read_step(connection: &mut SqliteConnection, workspace: WorkspaceId, window: Range) -> Result<Step, StoreError> {
    let everything = FilterSet::default();
    let scan = Scan { workspace, filter: &everything, since: None, until: None, access: Access::Log };
    let mut sql = QueryBuilder::new("select min(occurred_at), max(occurred_at), ");
    columns().push(&mut sql, &[]);
    scan.push_from(&mut sql, window);
    let (first, last, records): (Option<i64>, Option<i64>, Option<String>) = sql.build_query_as().fetch_one(connection).await?;
    Ok(Step { window, records: records.unwrap_or_default(), occurred: first.zip(last) })
}

/// Folds (`pruned`, `up_to`] from nothing, in the snapshot of the connection: what tallies up to there must be.
pub(super) async fn fold_from_nothing(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    like: &Cube,
    step: Seq,
) -> Result<Cube, StoreError> {
    let mut cube = Cube::new(like.origin);
    cube.kept = like.kept;
    while cube.seq < like.seq {
        let high = like.seq.min(cube.seq.saturating_add(step.max(1)));
        let read = read_step(connection, workspace, Range { low: cube.seq, high }).await?;
        cube.add_step(&read, usize::MAX)?;
    }
    Ok(cube)
}
