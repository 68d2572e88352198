//! The words that concern a subscription: checked here, answered by the seam.

use std::sync::Arc;

use super::frames::{self, UnsubscribedFrame};
use super::machine::Session;
use super::protocol::code;
use super::subscription::Seal;
use crate::domain::Cursor;
use crate::domain::limits::SUBSCRIPTIONS_MAX;
use crate::filter::FilterSet;
use crate::hub::shard::Command;

/// Words of one subscription that may wait for their answers.
const WAITING_MAX: usize = 64;

/// A code of the protocol and what is wrong.
type Fault = (&'static str, String);

impl Session {
    pub(super) fn subscribe(
        &mut self,
        sub: String,
        filter: &serde_json::Value,
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
            None => self.read_filter(filter).and_then(|filter| Ok((filter, read_cursor("after", after)?))),
        };
        match checked {
            Ok((filter, after)) => self.subscribe_to(sub, filter, after, backfill, reference),
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
                self.ask_refilter(at, Arc::new(filter), backfill, reference);
            }
        }
    }

    pub(super) fn unsubscribe(&mut self, name: &str, reference: Option<String>) {
        match self.find(name) {
            Err((code, message)) => self.error(Some(name), reference.as_deref(), code, &message, false),
            Ok(at) => {
                let mut sub = self.subs.remove(at);
                self.outbox.release(sub.forget_queue());
                self.tell(Command::Remove { session: self.number(), sub: sub.no });
                let position = self.room.cursor(sub.position);
                let frame = UnsubscribedFrame { r#type: UnsubscribedFrame::WORD, sub: name, r#ref: reference.as_deref(), position };
                self.send(frames::write(&frame, Some(position)));
            }
        }
    }

    pub(super) fn seal(&mut self, name: &str, from: Option<String>, reference: Option<String>) {
        let checked = self.find(name).and_then(|at| {
            if self.subs[at].seals.len() >= WAITING_MAX {
                return Err((code::TOO_MANY_WAITING, format!("sub: {WAITING_MAX} seals wait for their answers already")));
            }
            let from = read_cursor("from", from)?;
            if from.is_some_and(|c| c.epoch != self.room.epoch()) {
                return Err((code::CURSOR_INVALID, "from: is a cursor of another log; subscribe afresh".to_owned()));
            }
            Ok((at, from.map_or(0, |c| c.seq)))
        });
        match checked {
            Err((code, message)) => self.error(Some(name), reference.as_deref(), code, &message, false),
            Ok((at, from)) => self.subs[at].seals.push_back(Seal { reference, from, tries: 0, at_least: 0 }),
        }
    }

    fn find(&self, name: &str) -> Result<usize, Fault> {
        let found = self.subs.iter().position(|s| *s.name == *name);
        found.ok_or_else(|| (code::SUB_UNKNOWN, format!("sub: this connection has no subscription {name:?}; subscribe first")))
    }

    fn read_filter(&self, filter: &serde_json::Value) -> Result<FilterSet, Fault> {
        let filter = FilterSet::from_json(filter).map_err(|invalid| (code::FILTER_INVALID, invalid.under("filter").to_string()))?;
        match &self.event {
            None => Ok(filter),
            Some(event) if filter.names_other_event(event.folded()) => {
                Err((code::EVENT_FORBIDDEN, format!("filter.event: this key is bound to the event {event}; leave other events out")))
            }
            Some(event) => Ok(filter.within_event(event.folded())),
        }
    }
}

fn read_cursor(path: &str, text: Option<String>) -> Result<Option<Cursor>, Fault> {
    text.map(|text| Cursor::parse(&text).map_err(|error| (code::CURSOR_INVALID, format!("{path}: {error}")))).transpose()
}
