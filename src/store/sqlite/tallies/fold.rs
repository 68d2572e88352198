//! Folding: one step reads some rows behind the head, in one snapshot, and adds them to the tallies.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::super::SqliteStore;
use super::super::place::seq_of;
use super::super::records::{Columns, Records};
use super::super::scan::{Access, Range, Scan, head};
use super::saved::{off_thread, read_saved};
use super::{corrections_in, gone_in, is_same};
use crate::auth::WorkspaceId;
use crate::domain::Seq;
use crate::filter::FilterSet;
use crate::store::StoreError;
use crate::tallies::{Corrected, Cube, Folded as _, Folding, Gone, LogTallies, Minutes, NUMBERS, Origin, Record, TEXTS};

/// Rows to be folded.
#[derive(Debug)]
pub(super) struct Step {
    window: Range,
    records: String,
    occurred: Option<(i64, i64)>,
    /// What was corrected up to `corrected`, since what is held longest was; the rows hold all of it.
    corrections: Vec<Corrected>,
    corrected: Seq,
    /// What was pruned of what is held, since what is held longest was.
    gone: Vec<Gone>,
}

/// Corrections of one step at most; few in tests, so that they take several.
const STEP_CORRECTIONS_MAX: usize = if cfg!(test) { 7 } else { 16_384 };

/// What one step is to do.
enum Next {
    /// The tallies are as near to the head as they should be.
    Nothing,
    /// Begin what is not held; all anew when what was folded is of another log, was pruned, or was changed since.
    Begin { origin: Origin, anew: bool },
    /// Add these.
    Add(Step),
}

/// Which parts had room for a step, and could take its corrections; nothing is said of one that is not held.
struct Fits {
    cube: bool,
    minutes: bool,
    cube_is_true: bool,
    minutes_are_true: bool,
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
        let head = log.head.load(Ordering::Relaxed);
        if !log.cube.is_due(head) && !log.minutes.is_due(head) {
            return Ok(false);
        }
        if !folding.loaded {
            self.load(workspace, &log, &mut folding).await?;
        }
        let more = match self.next(workspace, &log).await? {
            Next::Nothing => false,
            Next::Begin { origin, anew } => {
                log.begin(origin, anew).await;
                if anew {
                    // What was saved is of no use any more.
                    folding.saved = 0;
                }
                true
            }
            Next::Add(step) => {
                let seq = step.window.high;
                let fits = self.add(&log, step).await;
                if fits.is_err() {
                    // Perhaps half added: what was saved is taken up again.
                    log.cube.put(None).await;
                    log.minutes.put(None).await;
                    folding.loaded = false;
                }
                let fits = fits?;
                let head = log.head.load(Ordering::Relaxed).max(seq);
                if !fits.cube {
                    log.cube.give_up(head).await;
                }
                if !fits.minutes {
                    log.minutes.give_up(head).await;
                }
                // What was counted was not what the log said: it is folded from the start.
                if !fits.cube_is_true {
                    tracing::warn!(workspace = workspace.number(), "tallies do not agree with a correction and are folded anew");
                    log.cube.put(None).await;
                }
                if !fits.minutes_are_true {
                    tracing::warn!(workspace = workspace.number(), "counts by minute do not agree with a correction and are folded anew");
                    log.minutes.put(None).await;
                }
                true
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
        match saved? {
            None => {}
            Some(None) => tracing::warn!(workspace = workspace.number(), "saved tallies cannot be read and are folded anew"),
            Some(Some(saved)) => {
                folding.saved = saved.seq();
                log.cube.given_up.store(saved.cube_given_up, Ordering::Relaxed);
                log.minutes.given_up.store(saved.minutes_given_up, Ordering::Relaxed);
                log.cube.put(saved.cube).await;
                log.minutes.put(saved.minutes).await;
            }
        }
        folding.loaded = true;
        Ok(())
    }

    async fn next(&self, workspace: WorkspaceId, log: &LogTallies) -> Result<Next, StoreError> {
        let mut transaction = self.inner.readers.begin().await?;
        let next = self.next_within(&mut transaction, workspace, log).await;
        transaction.rollback().await?;
        next
    }

    async fn next_within(&self, connection: &mut SqliteConnection, workspace: WorkspaceId, log: &LogTallies) -> Result<Next, StoreError> {
        let limits = self.inner.tallies.limits;
        let (cube, minutes) = (log.cube.take().await, log.minutes.take().await);
        let head = head(connection, workspace).await?;
        let origin = Origin { epoch: head.epoch, pruned: head.pruned, corrected: head.seq };
        let missing = (cube.is_none() && log.cube.is_due(head.seq)) || (minutes.is_none() && log.minutes.is_due(head.seq));
        let held = [cube.map(|cube| (cube.origin, cube.seq)), minutes.map(|minutes| (minutes.origin, minutes.seq))];
        let held = || held.iter().flatten().copied();
        for (origin_held, seq) in held() {
            if !is_same(origin_held, seq, head) {
                return Ok(Next::Begin { origin, anew: true });
            }
        }
        let corrected = held().map(|(origin, _)| origin.corrected).min().unwrap_or(head.seq);
        let range = Range { low: corrected, high: head.seq };
        let mut corrections = corrections_in(connection, workspace, range, STEP_CORRECTIONS_MAX).await?;
        if corrections.len() > STEP_CORRECTIONS_MAX {
            // These first, and no rows: rows hold all that was corrected up to now.
            let up_to = corrections.last().map_or(corrected, |beyond| beyond.at - 1);
            corrections.retain(|correction| correction.at <= up_to);
            return Ok(Next::Add(Step::of_corrections(corrections, up_to)));
        }
        let pruned = held().map(|(origin, _)| origin.pruned).min().unwrap_or(head.pruned);
        let Some(gone) = gone_in(connection, workspace, Range { low: pruned, high: head.pruned }).await? else {
            return Ok(Next::Begin { origin, anew: true });
        };
        if !gone.is_empty() {
            // Before any row is added: what is added stands behind it.
            return Ok(Next::Add(Step { gone, ..Step::of_corrections(corrections, head.seq) }));
        }
        let end = head.seq.saturating_sub(limits.lag);
        let Some(low) = held().map(|(_, seq)| seq).chain(missing.then_some(head.pruned)).min() else { return Ok(Next::Nothing) };
        if end <= low {
            return Ok(match corrections.is_empty() {
                true => Next::Nothing,
                false => Next::Add(Step::of_corrections(corrections, head.seq)),
            });
        }
        if missing {
            return Ok(Next::Begin { origin, anew: false });
        }
        // A part that is behind catches up with the other one first; then they go on together.
        let other = held().map(|(_, seq)| seq).filter(|seq| *seq > low).min().unwrap_or(Seq::MAX);
        let high = end.min(low.saturating_add(limits.step.max(1))).min(other);
        let step = read_step(connection, workspace, Range { low, high }).await?;
        Ok(Next::Add(Step { corrections, corrected: head.seq, ..step }))
    }

    /// Adds a step to what readers take.
    async fn add(&self, log: &LogTallies, step: Step) -> Result<Fits, StoreError> {
        let limits = self.inner.tallies.limits;
        // Readers that came before keep what they have: then this is done to a copy.
        let mut cube = log.cube.held.clone().lock_owned().await;
        let mut minutes = log.minutes.held.clone().lock_owned().await;
        let added = off_thread(move || {
            let records = step.read()?;
            let (low, high) = (step.window.low, step.window.high);
            let mut fits = Fits { cube: true, minutes: true, cube_is_true: true, minutes_are_true: true };
            let mut ends = (None, None);
            let folds = |seq: Seq| !step.window.is_empty() && seq == low;
            if let Some(cube) = cube.as_mut().filter(|cube| folds(cube.seq) || step.corrects()) {
                let cube = Arc::make_mut(cube);
                fits.cube_is_true = cube.correct(&step.corrections, step.corrected) && cube.prune(&step.gone);
                if folds(cube.seq) {
                    fits.cube = cube.fold_all(&records, high, step.occurred, limits.combinations_max);
                    ends.0 = Some(high);
                }
            }
            if let Some(minutes) = minutes.as_mut().filter(|minutes| folds(minutes.seq) || step.corrects()) {
                let minutes = Arc::make_mut(minutes);
                fits.minutes_are_true = minutes.correct(&step.corrections, step.corrected) && minutes.prune(&step.gone);
                if folds(minutes.seq) {
                    fits.minutes = minutes.add(&records, high, limits.cells_max);
                    ends.1 = Some(high);
                }
            }
            Ok::<_, StoreError>((fits, ends))
        });
        let (fits, ends) = added.await??;
        ends.0.into_iter().for_each(|seq| log.cube.at(seq));
        ends.1.into_iter().for_each(|seq| log.minutes.at(seq));
        Ok(fits)
    }
}

impl Step {
    /// A step without rows.
    fn of_corrections(corrections: Vec<Corrected>, corrected: Seq) -> Self {
        Self { window: Range { low: 0, high: 0 }, records: String::new(), occurred: None, corrections, corrected, gone: Vec::new() }
    }

    /// True when it changes what is counted, beside what it adds.
    fn corrects(&self) -> bool {
        !self.corrections.is_empty() || !self.gone.is_empty()
    }

    pub(super) fn read(&self) -> Result<Vec<Record<'_>>, StoreError> {
        let columns = columns();
        let mut records = Records(&self.records);
        let mut read = Vec::new();
        while !records.0.is_empty() {
            let unreadable = || StoreError::Corrupt("a row cannot be folded".to_owned());
            let mut record = records.next(&columns, 0).ok_or_else(unreadable)?;
            // What is counted is not told where rows stand, only where in the log.
            if let Some(place) = record.numbers.get_mut(NUMBERS.len()) {
                *place = seq_of(*place).cast_signed();
            }
            read.push(record);
        }
        Ok(read)
    }
}

/// The columns of a record, in the order of a combination.
fn columns() -> Columns {
    Columns { numbers: NUMBERS.into_iter().chain(["place", "occurred_at"]).collect(), texts: TEXTS.to_vec() }
}

/// Reads the rows of one window.
pub(super) async fn read_step(connection: &mut SqliteConnection, workspace: WorkspaceId, window: Range) -> Result<Step, StoreError> {
    let everything = FilterSet::default();
    let scan = Scan { workspace, filter: &everything, since: None, until: None, access: Access::Log };
    let mut sql = QueryBuilder::new("select min(occurred_at), max(occurred_at), ");
    columns().push(&mut sql, &[]);
    scan.push_from(&mut sql, window);
    let (first, last, records): (Option<i64>, Option<i64>, Option<String>) = sql.build_query_as().fetch_one(connection).await?;
    Ok(Step {
        window,
        records: records.unwrap_or_default(),
        occurred: first.zip(last),
        corrections: Vec::new(),
        corrected: 0,
        gone: Vec::new(),
    })
}

/// Folds from nothing, in the snapshot of the connection, what given parts must be.
pub(super) async fn fold_from_nothing(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    like: (Option<&Cube>, Option<&Minutes>),
    step: Seq,
) -> Result<(Option<Cube>, Option<Minutes>), StoreError> {
    let (mut cube, mut minutes) = (like.0.map(Cube::new_like), like.1.map(Minutes::new_like));
    let ends = [like.0.map(|cube| cube.seq), like.1.map(|minutes| minutes.seq)];
    let mut low = cube.as_ref().map(|cube| cube.seq).or(minutes.as_ref().map(|minutes| minutes.seq)).unwrap_or_default();
    while let Some(end) = ends.iter().flatten().filter(|end| **end > low).min() {
        let high = low.saturating_add(step.max(1)).min(*end);
        let read = read_step(connection, workspace, Range { low, high }).await?;
        let records = read.read()?;
        if let Some(cube) = cube.as_mut().filter(|_| ends[0].is_some_and(|end| end > low)) {
            cube.fold_all(&records, high, read.occurred, usize::MAX);
        }
        if let Some(minutes) = minutes.as_mut().filter(|_| ends[1].is_some_and(|end| end > low)) {
            minutes.add(&records, high, usize::MAX);
        }
        low = high;
    }
    Ok((cube, minutes))
}
