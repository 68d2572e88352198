//! The words that concern a subscription: checked here, answered by the seam.

use std::sync::Arc;

use super::frames::{self, UnsubscribedFrame};
use super::machine::{Action, Session};
use super::protocol::code;
use super::seals::{OTHER_HISTORY, Seal};
use super::subscription::Subscription;
use super::viewing::Wants;
use crate::domain::limits::SUBSCRIPTIONS_MAX;
use crate::domain::{Cursor, Key};
use crate::filter::FilterSet;
use crate::hub::shard::Command;
use crate::screens::Report;

/// Words of one subscription that may wait for their answers.
pub(super) const WAITING_MAX: usize = 64;

/// A code of the protocol and what is wrong.
type Fault = (&'static str, String);

impl Session {
    pub(super) fn subscribe(
        &mut self,
        sub: String,
        (filter, view, pulse): (Option<serde_json::Value>, Option<String>, bool),
        after: Option<String>,
        backfill: usize,
        reference: Option<String>,
    ) {
        let fault = if self.subs.iter().any(|s| *s.name == *sub) {
            Some((code::SUB_EXISTS, format!("sub: {sub:?} is in use on this connection; refilter it, or use another name")))
        } else if self.subs.len() >= SUBSCRIPTIONS_MAX {
            Some((code::SUB_LIMIT, format!("sub: a connection has at most {SUBSCRIPTIONS_MAX} subscriptions")))
        } else {
            None
        };
        let checked = match fault {
            Some(fault) => Err(fault),
            None => self.read_wants(filter.as_ref(), view, pulse).and_then(|wants| Ok((wants, read_cursor("after", after)?))),
        };
        match checked {
            Ok((wants, after)) => self.subscribe_to(sub, wants, after, backfill, reference),
            Err((code, message)) => self.error(Some(&sub), reference.as_deref(), code, &message, false),
        }
    }

    pub(super) fn refilter(&mut self, name: &str, filter: &serde_json::Value, backfill: Option<usize>, reference: Option<String>) {
        let checked = self.find(name).and_then(|at| {
            if self.subs[at].refilters.len() >= WAITING_MAX {
                return Err((code::TOO_MANY_WAITING, format!("sub: {WAITING_MAX} changes of filter wait for their answers already")));
            }
            Ok((at, self.read_filter(filter)?))
        });
        match checked {
            Err((code, message)) => self.error(Some(name), reference.as_deref(), code, &message, false),
            Ok((at, filter)) => {
                let backfill = backfill.unwrap_or(self.subs[at].backfill);
                self.subs[at].backfill = backfill;
                if let Some(viewing) = &mut self.subs[at].viewing {
                    viewing.own = filter.clone();
                }
                let filter = self.wanted(at, filter);
                self.ask_refilter(at, Arc::new(filter), backfill, reference);
            }
        }
    }

    pub(super) fn unsubscribe(&mut self, name: &str, reference: Option<String>) {
        match self.find(name) {
            Err((code, message)) => self.error(Some(name), reference.as_deref(), code, &message, false),
            Ok(at) => {
                let sub = self.drop_subscription(at);
                self.tell_unsubscribed(&sub, reference.as_deref());
            }
        }
    }

    pub(super) fn seal(&mut self, name: &str, from: Option<String>, reference: Option<String>) {
        let checked = self.find(name).and_then(|at| {
            if self.subs[at].seals.waiting.len() >= WAITING_MAX {
                return Err((code::TOO_MANY_WAITING, format!("sub: {WAITING_MAX} seals wait for their answers already")));
            }
            let from = read_cursor("from", from)?;
            if from.is_some_and(|c| c.epoch != self.room.epoch()) {
                return Err((code::CURSOR_INVALID, "from: is a cursor of another log; subscribe afresh".to_owned()));
            }
            let mark = from.and_then(|c| c.mark);
            let from = from.map_or(0, |c| c.seq);
            // What is not at hand is asked of the store, once it is this seal's turn.
            match (mark, self.room.mark(from)) {
                (Some(mark), Some(there)) if mark != there => Err((code::CURSOR_INVALID, OTHER_HISTORY.to_owned())),
                (mark, there) => Ok((at, from, mark.filter(|_| there.is_none()))),
            }
        });
        match checked {
            Err((code, message)) => self.error(Some(name), reference.as_deref(), code, &message, false),
            Ok((at, from, mark)) => self.subs[at].seals.waiting.push_back(Seal { reference, from, mark, tries: 0, at_least: 0 }),
        }
    }

    pub(super) fn seen(&mut self, name: &str, position: Option<String>, report: Report, reference: Option<&str>) {
        // A wall that reads no activities has no subscription to speak of, and misses none.
        let reads_none = self.is_screen && self.only_views.as_ref().is_some_and(Vec::is_empty);
        if reads_none {
            return self.out.push_back(Action::Seen(Report { position: Some(self.room.head()), ..report }));
        }
        let checked = self.find(name).and_then(|_| read_cursor("position", position)).and_then(|position| match self.is_screen {
            true => Ok(position.filter(|at| at.epoch == self.room.epoch()).map(|at| at.seq)),
            false => Err((code::BAD_FRAME, "type: only a screen of a wall says what it has seen".to_owned())),
        });
        match checked {
            Err((code, message)) => self.error(Some(name), reference, code, &message, false),
            Ok(position) => self.out.push_back(Action::Seen(Report { position, ..report })),
        }
    }

    /// Takes it off this connection and off the shard.
    pub(super) fn drop_subscription(&mut self, at: usize) -> Subscription {
        let mut sub = self.subs.remove(at);
        self.outbox.release(sub.forget_queue());
        self.tell(Command::Remove { session: self.number(), sub: sub.no });
        sub
    }

    pub(super) fn tell_unsubscribed(&mut self, sub: &Subscription, reference: Option<&str>) {
        let position = sub.cursor(&self.room, sub.position);
        let frame = UnsubscribedFrame { r#type: UnsubscribedFrame::WORD, sub: &sub.name, r#ref: reference, position };
        self.send(frames::write(&frame, Some(position)));
    }

    fn find(&self, name: &str) -> Result<usize, Fault> {
        let found = self.subs.iter().position(|s| *s.name == *name);
        found.ok_or_else(|| (code::SUB_UNKNOWN, format!("sub: this connection has no subscription {name:?}; subscribe first")))
    }

    fn read_wants(&self, filter: Option<&serde_json::Value>, view: Option<String>, pulse: bool) -> Result<Wants, Fault> {
        let own = filter.map(|filter| self.read_filter(filter)).transpose()?.unwrap_or_default();
        let view = view.map(|view| Key::naming(&view).map_err(|fault| (code::BAD_FRAME, fault.under("view").to_string()))).transpose()?;
        match self.only_views.as_deref() {
            Some(only) if view.as_ref().map_or(only.is_empty(), |named| !only.contains(named)) => {
                Err((code::VIEW_FORBIDDEN, crate::session::viewing::only(only)))
            }
            _ => Ok(Wants { own, view, pulse }),
        }
    }

    /// The reader's own filter set: it names nothing that does not exist for the reader.
    fn read_filter(&self, filter: &serde_json::Value) -> Result<FilterSet, Fault> {
        let filter = FilterSet::from_json(filter).map_err(|invalid| (code::FILTER_INVALID, invalid.under("filter").to_string()))?;
        if let Some(told) = self.mask.and_then(|mask| filter.tells_under(mask)) {
            return Err((code::FIELD_MASKED, format!("filter.{told}: what it asks for is left out here; ask without it")));
        }
        if filter.names_other_event(&self.events) {
            return Err((code::EVENT_FORBIDDEN, format!("filter.event: you are bound to {}; leave other events out", self.events)));
        }
        Ok(filter)
    }
}

fn read_cursor(path: &str, text: Option<String>) -> Result<Option<Cursor>, Fault> {
    text.map(|text| Cursor::parse(&text).map_err(|error| (code::CURSOR_INVALID, format!("{path}: {error}")))).transpose()
}
