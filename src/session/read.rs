//! Questions to the store: asked for one subscription at a time, answered from the recent entries where they hold enough.

use std::sync::Arc;

use super::found::{Ask, Found};
use super::machine::{Action, Session};
use super::protocol::code;
use super::refilter::Refilter;
use super::seals::{Counted, Seal};
use super::stage::{Stage, Start};
use super::subscription::Subscription;
use crate::domain::{Key, Mark, Seq};
use crate::filter::FilterSet;
use crate::store::{Count, Head, StoreError};

/// A question to the store.
#[derive(Debug, Clone)]
pub enum Question {
    /// A page of history.
    History(Ask),
    /// The head of the log.
    Head,
    /// The mark of a place.
    Mark(Seq),
    /// The filter set of the view with this key.
    View(Key),
    /// How many match in (`from`, `to`].
    Count {
        /// Which activities.
        filter: Arc<FilterSet>,
        /// Above this.
        from: Seq,
        /// Up to this.
        to: Seq,
    },
}

/// Its answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A page of history.
    History(Found),
    /// The head of the log.
    Head(Head),
    /// The mark of a place; none where there is no entry, or no longer.
    Mark(Option<Mark>),
    /// The filter set of a view, within its event; none where there is no such view for this reader.
    View(Option<FilterSet>),
    /// A count.
    Count(Count),
}

/// A question to the store and what becomes of its answer, as one value.
#[derive(Debug, Clone)]
pub struct Read {
    question: Question,
    /// What becomes of the answer.
    pub then: Then,
    /// How often it has failed.
    failed: u32,
}

/// What becomes of an answer.
#[derive(Debug, Clone)]
pub enum Then {
    /// A new subscription asks for its first installation.
    Naming {
        /// What the client asked.
        start: Start,
    },
    /// A view that has changed is put in force.
    Viewing {
        /// True when it is not in the index, and goes on catching up after it.
        behind: bool,
    },
    /// The client's cursor is of this history of the log, or of another.
    StartKnown {
        /// What the client asked.
        start: Start,
        /// The mark that the cursor has.
        mark: Mark,
        /// Where it joined.
        at: Seq,
    },
    /// `subscribed` afresh, with the newest up to where it joined.
    StartFresh {
        /// What the client asked.
        start: Start,
        /// Where it joined.
        at: Seq,
    },
    /// `subscribed` resumed, with what lies after the client's cursor.
    StartResumed {
        /// What the client asked.
        start: Start,
        /// The client's cursor.
        after: Seq,
        /// Where it joined.
        at: Seq,
    },
    /// The client's cursor, which the shard has not reached, is ahead of the store too, or not.
    StartAhead {
        /// What the client asked.
        start: Start,
        /// The client's cursor.
        after: Seq,
        /// Where it joined.
        at: Seq,
    },
    /// `refiltered`, with the newest of the new filter up to where it switches.
    Refiltering {
        /// What was asked.
        refilter: Refilter,
        /// Where it switches.
        at: Seq,
        /// True when it is not in the index, and goes on catching up after it.
        behind: bool,
    },
    /// The next page of the log.
    CatchingUp,
    /// The rest of the log up to where it joined again.
    Rejoining {
        /// Where it joined again.
        at: Seq,
    },
    /// A seal begins in this history of the log, or in another.
    SealKnown {
        /// What was asked.
        seal: Seal,
        /// The mark that its cursor has.
        mark: Mark,
    },
    /// A seal begins within the log, which the shard has not reached there, or not.
    SealAhead {
        /// What was asked.
        seal: Seal,
    },
    /// The count of a seal.
    Sealing {
        /// What was asked.
        seal: Seal,
        /// Where the count ends.
        at: Seq,
        /// What was counted before, if it is where this one begins.
        before: Option<Counted>,
    },
}

/// Tries of a read that the client cannot ask for again, before its subscription ends.
const READ_TRIES: u32 = 5;
/// The rest before the second try, in milliseconds; each further one is twice as long.
const REST_FIRST_MS: u64 = 500;

impl Read {
    fn new(question: Question, then: Then) -> Self {
        Self { question, then, failed: 0 }
    }

    /// The view of a new subscription.
    pub fn naming(view: Key, start: Start) -> Self {
        Self::new(Question::View(view), Then::Naming { start })
    }

    /// A view that has changed.
    pub fn viewing(view: Key, behind: bool) -> Self {
        Self::new(Question::View(view), Then::Viewing { behind })
    }

    /// The newest up to where it joined.
    pub fn fresh(sub: &Subscription, start: Start, at: Seq) -> Self {
        let ask = Ask::backfill(&sub.filter, at, sub.backfill);
        Self::new(Question::History(ask), Then::StartFresh { start, at })
    }

    /// Whether the client's cursor is of this history.
    pub fn start_known(start: Start, after: Seq, mark: Mark, at: Seq) -> Self {
        Self::new(Question::Mark(after), Then::StartKnown { start, mark, at })
    }

    /// Whether a seal begins in this history.
    pub fn seal_known(seal: Seal, mark: Mark) -> Self {
        Self::new(Question::Mark(seal.from), Then::SealKnown { seal, mark })
    }

    /// What lies after the client's cursor, up to where it joined.
    pub fn resumed(sub: &Subscription, start: Start, after: Seq, at: Seq) -> Self {
        let ask = Ask::onward(&sub.filter, after, Some(at));
        Self::new(Question::History(ask), Then::StartResumed { start, after, at })
    }

    /// Whether the client's cursor is ahead of the store too.
    pub fn start_ahead(start: Start, after: Seq, at: Seq) -> Self {
        Self::new(Question::Head, Then::StartAhead { start, after, at })
    }

    /// The newest of a new filter up to where it switches.
    pub fn refilter(refilter: Refilter, at: Seq, behind: bool) -> Self {
        let ask = Ask::newest(&refilter.filter, at, refilter.backfill);
        Self::new(Question::History(ask), Then::Refiltering { refilter, at, behind })
    }

    /// The next page of the log.
    pub fn onward(sub: &Subscription) -> Self {
        Self::new(Question::History(Ask::onward(&sub.filter, sub.position, None)), Then::CatchingUp)
    }

    /// The rest of the log up to where it joined again.
    pub fn rejoin(sub: &Subscription, at: Seq) -> Self {
        Self::new(Question::History(Ask::onward(&sub.filter, sub.position, Some(at))), Then::Rejoining { at })
    }

    /// Whether a seal begins within the log.
    pub fn seal_ahead(seal: Seal) -> Self {
        Self::new(Question::Head, Then::SealAhead { seal })
    }

    /// The count of a seal, of what was not counted before.
    pub fn seal(filter: &Arc<FilterSet>, seal: Seal, at: Seq, before: Option<Counted>) -> Self {
        let from = before.map_or(seal.from, |counted| counted.to);
        let question = Question::Count { filter: filter.clone(), from, to: at };
        Self::new(question, Then::Sealing { seal, at, before })
    }

    /// True when it is asked by who is not in the index.
    pub fn is_out_of_index(&self) -> bool {
        matches!(self.then, Then::CatchingUp | Then::Refiltering { behind: true, .. } | Then::Viewing { behind: true })
    }

    /// True when it is of the view of a new subscription.
    pub fn is_naming(&self) -> bool {
        matches!(self.then, Then::Naming { .. })
    }

    /// True when it is the last one before who asks is live again.
    pub fn is_rejoining(&self) -> bool {
        matches!(self.then, Then::Rejoining { .. })
    }
}

impl Session {
    /// The store has answered.
    pub fn answered(&mut self, number: u64, answer: Result<Answer, StoreError>) {
        if self.reading == Some(number) {
            self.reading = None;
        }
        let asked = |sub: &Subscription| matches!(sub.stage, Stage::Waiting { number: waited, .. } if waited == number);
        let Some(at) = self.subs.iter().position(asked) else { return };
        let Stage::Waiting { read, .. } = std::mem::replace(&mut self.subs[at].stage, Stage::Live) else { return };
        match answer {
            Ok(answer) => self.resolve(at, read.then, answer),
            Err(error) => {
                tracing::warn!(%error, "a subscription could not be served from the store");
                self.failed(at, read);
            }
        }
    }

    /// A read has failed. What the client asked for is told, to be asked again; what it cannot ask for is tried again.
    fn failed(&mut self, at: usize, mut read: Read) {
        const AGAIN: &str = "the store could not be read; ask again in a moment";
        let sub = &mut self.subs[at];
        let name = sub.name.clone();
        match read.then {
            Then::StartKnown { start, .. }
            | Then::StartFresh { start, .. }
            | Then::StartResumed { start, .. }
            | Then::StartAhead { start, .. } => {
                self.drop_subscription(at);
                self.error(Some(&name), start.reference.as_deref(), code::UNAVAILABLE, AGAIN, true);
            }
            Then::Naming { start } => {
                self.subs.remove(at);
                self.error(Some(&name), start.reference.as_deref(), code::UNAVAILABLE, AGAIN, true);
                self.release_held();
            }
            Then::Sealing { seal, .. } | Then::SealKnown { seal, .. } | Then::SealAhead { seal } => {
                sub.stage = Stage::Live;
                self.error(Some(&name), seal.reference.as_deref(), code::UNAVAILABLE, AGAIN, true);
            }
            Then::Refiltering { .. } | Then::Viewing { .. } | Then::CatchingUp | Then::Rejoining { .. } => {
                read.failed += 1;
                if read.failed < READ_TRIES {
                    let until_ms = self.now_ms + (REST_FIRST_MS << (read.failed - 1));
                    sub.stage = Stage::Resting { until_ms, read };
                    return;
                }
                let reference = match read.then {
                    Then::Refiltering { refilter, .. } => refilter.reference,
                    _ => None,
                };
                let ended = self.drop_subscription(at);
                let message = "the store could not be read, so the subscription ends; subscribe again after its position";
                self.error(Some(&name), reference.as_deref(), code::UNAVAILABLE, message, true);
                self.tell_unsubscribed(&ended, None);
            }
        }
    }

    /// Goes on with a read that has failed, once it has rested.
    pub(super) fn wake(&mut self, at: usize) -> bool {
        let now_ms = self.now_ms;
        let sub = &mut self.subs[at];
        match std::mem::replace(&mut sub.stage, Stage::Live) {
            Stage::Resting { until_ms, read } if until_ms <= now_ms => {
                sub.stage = Stage::Reading(read);
                true
            }
            stage => {
                sub.stage = stage;
                false
            }
        }
    }

    /// Starts the read that a subscription wants, answering from the recent entries where they hold enough.
    pub(super) fn ask(&mut self, at: usize) -> bool {
        let Stage::Reading(read) = &self.subs[at].stage else { return false };
        let recent = match &read.question {
            Question::History(ask) => ask.recent(&self.room),
            Question::Head | Question::Mark(_) | Question::View(_) | Question::Count { .. } => None,
        };
        if recent.is_none() && self.reading.is_some() {
            return false;
        }
        let Stage::Reading(read) = std::mem::replace(&mut self.subs[at].stage, Stage::Live) else { return false };
        if let Some(found) = recent {
            self.resolve(at, read.then, Answer::History(found));
            return true;
        }
        let number = self.next_read;
        self.next_read += 1;
        self.reading = Some(number);
        self.out.push_back(Action::Read(number, read.question.clone()));
        self.subs[at].stage = Stage::Waiting { number, read };
        true
    }

    /// Goes on with the answer to a read.
    fn resolve(&mut self, at: usize, then: Then, answer: Answer) {
        match (then, answer) {
            (Then::Naming { start }, Answer::View(view)) => self.named(at, start, view),
            (Then::Viewing { behind }, Answer::View(view)) => self.viewed(at, view, behind),
            (Then::StartKnown { start, mark, at: joined }, Answer::Mark(there)) => self.start_known(at, start, (mark, there), joined),
            (Then::SealKnown { seal, mark }, Answer::Mark(there)) => self.seal_known(at, seal, mark, there),
            (Then::StartFresh { start, at: joined }, Answer::History(found)) => self.started(at, start, joined, found, false),
            (Then::StartResumed { start, after, at: joined }, Answer::History(found)) => {
                if after < found.pruned {
                    return self.reset(at, start, joined, "pruned", found.pruned);
                }
                self.started(at, start, joined, found, true);
            }
            (Then::StartAhead { start, after, at: joined }, Answer::Head(head)) => {
                if after > head.seq {
                    return self.reset(at, start, joined, "epoch", head.pruned);
                }
                // The log may have grown up to there since it was asked which history it has there.
                if let Some(mark) = start.after.and_then(|cursor| cursor.mark).filter(|mark| self.subs[at].known != Some((after, *mark)))
                    && !self.is_unchecked()
                {
                    return self.sub(at).stage = Stage::Reading(Read::start_known(start, after, mark, joined));
                }
                self.started(at, start, joined, Found::nothing(after), true);
            }
            (Then::Refiltering { refilter, at: switched, behind }, Answer::History(found)) => {
                self.refiltered(at, refilter, switched, &found);
                self.sub(at).stage = if behind { Stage::Behind } else { Stage::Live };
            }
            (Then::CatchingUp, Answer::History(found)) => self.caught_up_page(at, &found),
            (Then::Rejoining { at: joined }, Answer::History(found)) => self.rejoined(at, joined, &found),
            (Then::SealAhead { seal }, Answer::Head(head)) => self.seal_ahead(at, seal, head.seq),
            (Then::Sealing { seal, at: to, before }, Answer::Count(count)) => self.counted(at, seal, to, before, &count),
            (then, _) => unreachable!("a read gets the answer to its own question: {then:?}"),
        }
    }
}
