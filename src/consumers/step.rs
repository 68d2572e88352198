//! One step of one lane: read the next page, work on it, move the cursor.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use tokio::time::timeout;

use super::lanes::Lane;
use super::{Calls, Consumer, Fault, Means, Next, Work};
use crate::domain::{Entry, Seq};
use crate::store::{Change, Consumed, DeadLetter, Outcome, Purpose, Reader};
use crate::telemetry::{CONSUMER_ATTEMPTS, CONSUMER_DEAD_LETTERS, CONSUMER_FAILURES};

/// Root of a consumer's turns at reading: no credential has this number.
const READER_ROOT: i64 = -1;

/// What a lane remembers between its steps. All of it but the cursor can be lost: then work is done again.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Where its cursor stands, once that is known.
    pub cursor: Option<Seq>,
    /// Work that is done, with its cursor still to be moved.
    owed: Option<Consumed>,
    /// Pages hold one entry up to here: one of these let a page fail as a whole.
    narrow: Seq,
    /// The entry that could not be worked on, and how often it was tried.
    trouble: Option<(Seq, u32)>,
    /// True when it was called for the time.
    pub timed: bool,
    /// Failures in a row.
    pub failures: u32,
}

impl Memory {
    /// What is left of one whose step panicked.
    pub(super) fn lost(failures: u32) -> Self {
        Self { failures, ..Self::default() }
    }
}

/// What became of a step.
#[derive(Debug)]
pub(super) enum Stepped {
    Done(Next),
    Failed,
}

/// One step.
pub(super) struct Step<'a> {
    pub means: &'a Means,
    pub lane: &'a Lane,
    pub consumer: &'a dyn Consumer,
    pub memory: &'a mut Memory,
}

/// How the work on a page ended.
enum Worked {
    Well(Next),
    Fault(Fault),
    /// It panicked or took too long: which entry did it is not known.
    Lost(&'static str),
}

impl Step<'_> {
    pub(super) async fn take(mut self) -> Stepped {
        if matches!(self.consumer.calls(), Calls::Time | Calls::Growth) {
            return match self.work(Vec::new()).await {
                Worked::Well(next) => Stepped::Done(next),
                Worked::Fault(fault) => self.failed("unavailable", &fault.to_string()),
                Worked::Lost(how) => self.failed(how, "its work was given up"),
            };
        }
        match self.page().await {
            Ok(stepped) => stepped,
            Err(why) => self.failed("store", &why),
        }
    }

    /// One page of the log.
    async fn page(&mut self) -> Result<Stepped, String> {
        if let Some(owed) = self.memory.owed.take() {
            self.advance(owed.to, owed.letter).await?;
        }
        let cursor = match self.memory.cursor {
            Some(cursor) => cursor,
            None => self.begin().await?,
        };
        let limit = if cursor < self.memory.narrow { 1 } else { self.means.limits.page_entries.max(1) };
        let entries = self.read(cursor, limit).await?;
        let Some((first, last)) = entries.first().zip(entries.last()).map(|(first, last)| (first.seq, last.seq)) else {
            return self.at_the_end(cursor).await;
        };
        if first > cursor + 1 {
            return self.pass_pruned(cursor, first - 1).await;
        }
        self.memory.timed = false;
        let full = entries.len() >= limit;
        match self.work(entries).await {
            Worked::Well(next) => {
                self.advance(last, None).await?;
                if !full {
                    return Ok(Stepped::Done(next));
                }
                // Perhaps nothing follows: then it is called for the time that it asks for now, and asks again.
                self.memory.timed = matches!(next, Next::After(_));
                Ok(Stepped::Done(Next::Again))
            }
            Worked::Fault(Fault::Unavailable(why)) => Ok(self.failed("unavailable", &why)),
            Worked::Fault(Fault::Entry { seq, reason }) => self.in_trouble(cursor, seq.clamp(first, last), reason).await,
            Worked::Lost(how) if first == last => self.in_trouble(cursor, first, format!("its work was given up: {how}")).await,
            Worked::Lost(how) => {
                self.memory.narrow = last;
                Ok(self.failed(how, "a page is tried again entry by entry"))
            }
        }
    }

    /// Nothing to read: all of it was worked on, or what was left is gone.
    async fn at_the_end(&mut self, cursor: Seq) -> Result<Stepped, String> {
        let head = self.means.store.log.head(self.lane.workspace).await.map_err(|fault| fault.to_string())?;
        if head.pruned > cursor {
            return self.pass_pruned(cursor, head.pruned).await;
        }
        if !std::mem::take(&mut self.memory.timed) {
            return Ok(Stepped::Done(Next::Wait));
        }
        Ok(match self.work(Vec::new()).await {
            Worked::Well(next) => Stepped::Done(next),
            Worked::Fault(fault) => {
                self.memory.timed = true;
                self.failed("unavailable", &fault.to_string())
            }
            Worked::Lost(how) => {
                self.memory.timed = true;
                self.failed(how, "its work was given up")
            }
        })
    }

    /// Where the cursor stands; made where there is none.
    async fn begin(&mut self) -> Result<Seq, String> {
        let Lane { workspace, consumer } = self.lane;
        let store = &self.means.store;
        let stands = store.cursors.cursor(*workspace, consumer.clone()).await.map_err(|fault| fault.to_string())?;
        if let Some(stands) = stands {
            self.memory.cursor = Some(stands.seq);
            return Ok(stands.seq);
        }
        let head = store.log.head(*workspace).await.map_err(|fault| fault.to_string())?;
        let to = if self.consumer.calls() == Calls::EntriesFromHead { head.seq } else { head.pruned };
        self.advance(to, None).await?;
        Ok(to)
    }

    async fn read(&self, after: Seq, limit: usize) -> Result<Vec<Arc<Entry>>, String> {
        let reader = Reader { workspace: self.lane.workspace, root: READER_ROOT, purpose: Purpose::Stream };
        let turn = self.means.reads.turn(reader).await.map_err(|fault| fault.to_string())?;
        let batch = turn.log().entries(self.lane.workspace, after, limit).await;
        Ok(batch.map_err(|fault| fault.to_string())?.entries)
    }

    async fn work(&self, entries: Vec<Arc<Entry>>) -> Worked {
        metrics::counter!(CONSUMER_ATTEMPTS, "consumer" => self.kind()).increment(1);
        let work = Work { workspace: self.lane.workspace, entries };
        let worked = AssertUnwindSafe(async { self.consumer.work(work).await }).catch_unwind();
        match timeout(self.means.limits.work_time_max, worked).await {
            Ok(Ok(Ok(next))) => Worked::Well(next),
            Ok(Ok(Err(fault))) => Worked::Fault(fault),
            Ok(Err(_)) => Worked::Lost("it panicked"),
            Err(_) => Worked::Lost("it took too long"),
        }
    }

    /// An entry cannot be worked on; all before it were.
    async fn in_trouble(&mut self, cursor: Seq, seq: Seq, reason: String) -> Result<Stepped, String> {
        if seq - 1 > cursor {
            self.advance(seq - 1, None).await?;
        }
        let tried = match self.memory.trouble {
            Some((same, tried)) if same == seq => tried + 1,
            _ => 1,
        };
        self.memory.trouble = Some((seq, tried));
        if tried < self.means.limits.attempts_max {
            return Ok(self.failed("entry", &reason));
        }
        tracing::error!(
            workspace = self.lane.workspace.number(),
            consumer = &*self.lane.consumer,
            seq,
            tried,
            reason,
            "a consumer cannot work on an entry; it is kept as a dead letter and passed over"
        );
        let letter = DeadLetter { first: seq, last: seq, reason, at: self.means.clock.now() };
        self.advance(seq, Some(letter)).await?;
        Ok(Stepped::Done(Next::Again))
    }

    /// What was to come next was pruned.
    async fn pass_pruned(&mut self, cursor: Seq, last: Seq) -> Result<Stepped, String> {
        let reason = "pruned before it was worked on".to_owned();
        let letter = DeadLetter { first: cursor + 1, last, reason, at: self.means.clock.now() };
        self.advance(last, Some(letter)).await?;
        Ok(Stepped::Done(Next::Again))
    }

    /// Moves the cursor. What fails is owed: the next step begins with it, and the work is not done again for it.
    async fn advance(&mut self, to: Seq, letter: Option<DeadLetter>) -> Result<(), String> {
        let Lane { workspace, consumer } = self.lane.clone();
        let is_letter = letter.is_some();
        let consumed = Consumed { workspace, consumer, from: self.memory.cursor, to, letter };
        match self.means.writes.write(Change::Consumed(consumed.clone())).await {
            Ok(Outcome::Consumed) => {}
            // An answer that was lost, perhaps.
            Ok(Outcome::CursorElsewhere { at }) if at == Some(to) => {}
            Ok(Outcome::CursorElsewhere { at }) => {
                self.memory.cursor = None;
                return Err(format!("its cursor was moved by somebody else, to {at:?}"));
            }
            Ok(other) => return Err(format!("the store answered with {other:?}")),
            Err(why) => {
                self.memory.owed = Some(consumed);
                return Err(why);
            }
        }
        if is_letter {
            metrics::counter!(CONSUMER_DEAD_LETTERS, "consumer" => self.kind()).increment(1);
        }
        self.memory.cursor = Some(to);
        if self.memory.trouble.is_some_and(|(seq, _)| seq <= to) {
            self.memory.trouble = None;
        }
        self.memory.failures = 0;
        Ok(())
    }

    fn failed(&mut self, how: &'static str, why: &str) -> Stepped {
        self.memory.failures += 1;
        metrics::counter!(CONSUMER_FAILURES, "consumer" => self.kind(), "reason" => reason_word(how)).increment(1);
        tracing::warn!(
            workspace = self.lane.workspace.number(),
            consumer = &*self.lane.consumer,
            failures = self.memory.failures,
            why,
            "a consumer could not go on; it is tried again"
        );
        Stepped::Failed
    }

    fn kind(&self) -> String {
        kind_of(&self.lane.consumer).to_owned()
    }
}

/// What metrics tell of a name.
pub(super) fn kind_of(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

fn reason_word(how: &str) -> &'static str {
    match how {
        "it panicked" => "panic",
        "it took too long" => "time",
        "store" => "store",
        "entry" => "entry",
        _ => "unavailable",
    }
}
