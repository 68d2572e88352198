//! Subscriptions by a view: its filter set stands beside the reader's own, and is read again when the view changes.
//!
//! Names of what changed come by [`Names`](crate::hub::names::Names), after the change is durable; a view is read after they
//! were looked at, so none is missed. What is read puts a filter in force like any refilter, at one exact place.

use std::collections::VecDeque;
use std::sync::Arc;

use super::accord::Accord;
use super::machine::Session;
use super::protocol::{Word, code};
use super::read::Read;
use super::stage::{Stage, Start};
use super::subscription::Subscription;
use super::words::WAITING_MAX;
use crate::domain::{Cursor, Key};
use crate::filter::{Conjunction, FilterSet};
use crate::hub::shard::Command;
use crate::store::NamedKind;

/// What a reader asks for: a filter set, a view, or both.
#[derive(Debug, Clone, Default)]
pub struct Wants {
    /// The reader's own filter set.
    pub own: FilterSet,
    /// Key of the view.
    pub view: Option<Key>,
    /// True to be told every two seconds that the path works.
    pub pulse: bool,
}

/// Why another view than these is not read.
pub fn only(views: &[Key]) -> String {
    match views {
        [] => "view: this reads no activities".to_owned(),
        [one] => format!("view: only the view {one} may be read with this; leave view out"),
        many => {
            let names: Vec<_> = many.iter().map(Key::as_str).collect();
            format!("view: only the views {} may be read with this; name one of them", names.join(", "))
        }
    }
}

/// The view that a subscription is by.
#[derive(Debug)]
pub struct Viewing {
    /// Its key.
    pub key: Key,
    /// The reader's own filter set, as last asked for.
    pub own: FilterSet,
    /// The view's, as last read.
    view: FilterSet,
    /// Changes of names that were looked at before it was last read.
    seen: u64,
    /// True when it may have changed since.
    stale: bool,
}

/// Words that wait until a view is read: what comes after a `subscribe` may be about it.
#[derive(Debug, Default)]
pub struct Held(VecDeque<(Word, Option<String>)>);

impl Subscription {
    /// When it reads its view again, in the session's milliseconds; `None` when it need not, or a refilter is on its way.
    pub fn view_ms(&self) -> Option<u64> {
        let stale = self.viewing.as_ref().is_some_and(|viewing| viewing.stale);
        (stale && self.refilters.is_empty()).then(|| self.accord.next_ms())
    }

    /// True when it has not to refilter of the server's own accord.
    #[cfg(test)]
    pub fn is_settled(&self) -> bool {
        !self.accord.wanted && self.viewing.as_ref().is_none_or(|viewing| !viewing.stale)
    }

    /// The filter set that was asked for last, which may not be in force yet.
    fn asked(&self) -> &Arc<FilterSet> {
        self.refilters.back().map_or(&self.filter, |refilter| &refilter.filter)
    }
}

impl Session {
    /// Begins a subscription, once its view is read where it has one.
    pub fn subscribe_to(&mut self, sub: String, wants: Wants, after: Option<Cursor>, backfill: usize, reference: Option<String>) {
        let start = Start { reference, after };
        let Wants { own, view, pulse } = wants;
        let Some(key) = view.or_else(|| self.only_views.as_ref()?.first().cloned()) else {
            let filter = Arc::new(self.granted().and(&own));
            return self.install_first(sub, filter, pulse, backfill, start);
        };
        let mut seen = 0;
        self.room.names().has_changed(NamedKind::View, &key, &mut seen);
        let no = self.next_sub();
        let mut sub = Subscription::new(no, sub, Arc::default(), backfill, start.clone(), self.now_ms).with_pulse(pulse);
        sub.stage = Stage::Reading(Read::naming(key.clone(), start));
        sub.viewing = Some(Box::new(Viewing { key, own, view: FilterSet::default(), seen, stale: false }));
        self.subs.push(sub);
    }

    /// Everything that exists for this reader.
    pub(super) fn granted(&self) -> FilterSet {
        FilterSet::granted(&self.events, self.only_partner.as_ref())
    }

    /// What a subscription wants by a filter set of the reader's own: within its view, if it has one.
    pub(super) fn wanted(&self, at: usize, own: FilterSet) -> FilterSet {
        let view = self.subs[at].viewing.as_ref().map(|viewing| viewing.view.clone()).unwrap_or_default();
        Conjunction { grant: self.granted(), view, own }.whole()
    }

    /// Names have changed: marks the subscriptions whose views may be among them.
    pub(super) fn look_for_views(&mut self) {
        #[cfg(test)]
        if self.planted == Some(super::planted::Planted::ViewNotFollowed) {
            return;
        }
        for viewing in self.subs.iter_mut().filter_map(|sub| sub.viewing.as_mut()) {
            viewing.stale |= self.room.names().has_changed(NamedKind::View, &viewing.key, &mut viewing.seen);
        }
    }

    /// Reads the view of a subscription again; false when that is not due.
    pub(super) fn read_view(&mut self, at: usize, behind: bool) -> bool {
        let now_ms = self.now_ms;
        let sub = &mut self.subs[at];
        if sub.view_ms().is_none_or(|due| due > now_ms && !behind) {
            return false;
        }
        let Some(viewing) = &mut sub.viewing else { return false };
        viewing.stale = false;
        sub.stage = Stage::Reading(Read::viewing(viewing.key.clone(), behind));
        true
    }

    /// What was read is of no use any more: the view is read again.
    pub(super) fn view_is_stale(&mut self, at: usize) {
        if let Some(viewing) = &mut self.subs[at].viewing {
            viewing.stale = true;
        }
    }

    /// The view of a new subscription was read.
    pub(super) fn named(&mut self, at: usize, start: Start, view: Option<FilterSet>) {
        match (view, &mut self.subs[at].viewing) {
            (Some(view), Some(viewing)) => {
                viewing.view = view;
                let own = viewing.own.clone();
                let filter = Arc::new(self.wanted(at, own));
                let sub = &mut self.subs[at];
                sub.filter = filter.clone();
                sub.stage = Stage::Starting(start);
                // What the outbox was emptied of meanwhile made the first number stale.
                sub.generation = sub.generation.max(sub.valid_from);
                let (no, generation) = (sub.no, sub.generation);
                self.tell(Command::Install { session: self.number(), sub: no, generation, filter });
            }
            _ => {
                let gone = self.subs.remove(at);
                self.view_unknown(&gone, start.reference.as_deref());
            }
        }
        self.release_held();
    }

    /// The view of a subscription was read again.
    pub(super) fn viewed(&mut self, at: usize, view: Option<FilterSet>, behind: bool) {
        let now_ms = self.now_ms;
        let Some(view) = view else {
            let ended = self.drop_subscription(at);
            self.view_unknown(&ended, None);
            return self.tell_unsubscribed(&ended, None);
        };
        let sub = &mut self.subs[at];
        sub.stage = if behind { Stage::Behind } else { Stage::Live };
        let Some(viewing) = &mut sub.viewing else { return };
        viewing.view = view;
        let (own, backfill) = (viewing.own.clone(), sub.backfill);
        let filter = self.wanted(at, own);
        // A new name or other columns change nothing of what is in it.
        if filter != **self.subs[at].asked() {
            self.subs[at].accord = Accord::asked(now_ms);
            self.ask_refilter(at, Arc::new(filter), backfill, None);
        }
    }

    /// Keeps a word until the view is read that a subscription waits for; gives it back when none waits.
    pub(super) fn hold_word(&mut self, word: Word, reference: Option<String>) -> Option<(Word, Option<String>)> {
        if matches!(word, Word::Ping { .. }) || !self.subs.iter().any(|sub| sub.stage.is_naming()) {
            return Some((word, reference));
        }
        if self.held.0.len() >= WAITING_MAX {
            let message = format!("{WAITING_MAX} words wait already for a view to be read; wait for the answers");
            self.error(None, reference.as_deref(), code::TOO_MANY_WAITING, &message, true);
            return None;
        }
        self.held.0.push_back((word, reference));
        None
    }

    /// Takes up words that waited, up to the next that asks for a view.
    pub(super) fn release_held(&mut self) {
        while !self.subs.iter().any(|sub| sub.stage.is_naming()) {
            let Some((word, reference)) = self.held.0.pop_front() else {
                self.held = Held::default();
                return;
            };
            self.word(word, reference);
        }
    }

    fn view_unknown(&mut self, sub: &Subscription, reference: Option<&str>) {
        let key = sub.viewing.as_ref().map_or("", |viewing| viewing.key.as_str());
        let message = format!("view: there is no view {key:?} here, or no longer; GET /v1/views lists those there are");
        self.error(Some(&sub.name), reference, code::VIEW_UNKNOWN, &message, false);
    }
}
