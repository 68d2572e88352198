//! The laws that every view is held to, after each frame and at rest.
//!
//! Who has been told everything up to a place holds, of each activity, what the log said at that place or became since: a
//! page may hold what is newer, never what is older. So at the head of the log it holds the store's own answer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::client::View;
use super::world::World;
use crate::domain::{ActivityEntry, Cursor, EntryKind, Memberships, Seq};
use crate::filter::FilterSet;

/// What a frame tells of corrections.
#[derive(Default)]
pub struct Told {
    /// By place of the amendment: the whole of it.
    pub amended: BTreeMap<Seq, Value>,
    /// By place of the erasure: place of what was erased.
    pub erased: BTreeMap<Seq, Seq>,
}

impl Told {
    pub fn of(frame: &Value) -> Self {
        let number = |value: &Value, name: &str| value[name].as_u64().expect("a place");
        let list = |name: &str| frame[name].as_array().cloned().unwrap_or_default();
        let told = Self {
            amended: list("amended").into_iter().map(|told| (number(&told, "at"), told)).collect(),
            erased: list("erased").into_iter().map(|told| (number(&told, "at"), number(&told, "seq"))).collect(),
        };
        for name in ["amended", "erased"] {
            assert!(list(name).iter().map(|told| number(told, "at")).is_sorted_by(|a, b| a < b), "{name} by place: {frame}");
            assert!(frame[name].as_array().is_none_or(|list| !list.is_empty()), "{name} is there for a reason: {frame}");
        }
        told
    }

    /// Applies it in the order of places, as a client does.
    pub fn apply(&self, view: &mut View) {
        let mut places: BTreeSet<Seq> = self.amended.keys().copied().collect();
        places.extend(self.erased.keys());
        for at in places {
            if let Some(seq) = self.erased.get(&at) {
                view.rows.remove(seq);
            } else if let Some(told) = self.amended.get(&at) {
                let seq = told["seq"].as_u64().expect("seq");
                let grade = told["grade"].as_str().expect("a grade").to_owned();
                if told["left"] == true {
                    view.rows.remove(&seq);
                } else if told.get("item").is_some() {
                    if seq > view.base {
                        view.rows.insert(seq, grade);
                    }
                } else if let Some(row) = view.rows.get_mut(&seq) {
                    *row = grade;
                }
            }
        }
    }
}

impl World {
    /// Takes a frame that claims (`from`, `to`], and holds the view to the log. What is gone from the store may be missing
    /// only where a view begins: anywhere else it would be a gap that nobody was told of.
    pub fn hold(&mut self, view: &mut View, (from, to): (Seq, Seq), items: &[(Seq, String)], told: &Told, word: &str) {
        let begins = items.first().is_none_or(|(first, _)| *first > from) && (view.rows.is_empty() && from == view.base);
        if begins {
            view.base = view.base.max(self.pruned.min(to));
        }
        assert!(items.iter().all(|(seq, _)| *seq > from && *seq <= to), "{word}: {items:?} in ({from}, {to}]");
        view.rows.extend(items.iter().cloned());
        self.hold_told(view, (from, to), told, begins, word);
        told.apply(view);
        view.position = Some(to);
        if view.exact {
            let filter = FilterSet::from_json(&view.filter).expect("valid");
            // What is not touched by a correction cannot change once it was right.
            let new = self.past.range(from.min(to) + 1..).map(|(seq, _)| *seq).take_while(|seq| *seq <= to);
            let seqs: BTreeSet<Seq> = new.chain(self.touched.iter().copied().filter(|seq| *seq <= to)).collect();
            for seq in seqs.into_iter().filter(|seq| *seq > view.base) {
                self.hold_row(view, &filter, seq, to, word);
            }
        }
    }

    /// One activity of a view that was told everything up to `to`.
    fn hold_row(&self, view: &View, filter: &FilterSet, seq: Seq, to: Seq, word: &str) {
        let nothing = Memberships::default();
        let seen = |row: Option<&std::sync::Arc<ActivityEntry>>| {
            row.filter(|row| filter.matches(&row.facts, &nothing)).map(|row| row.facts.grade.as_str().to_owned())
        };
        let held = view.rows.get(&seq).cloned();
        let may = self.from(seq, to).any(|row| seen(row) == held);
        // Nobody is told of amendments of what is erased: until that is told, it may be held as it was.
        let as_it_was = self.is_erased(seq) && self.at(seq, to).is_some();
        let was = as_it_was && self.from(seq, seq).any(|row| row.is_some() && seen(row) == held);
        assert!(may || was, "{word}: at {to} {held:?} is held of {seq} under {}, which was {:?}", view.filter, self.past[&seq]);
    }

    /// Every correction in (`from`, `to`] that concerns the view is told, in the form that fits it, and nothing else is.
    fn hold_told(&mut self, view: &View, (from, to): (Seq, Seq), told: &Told, begins: bool, word: &str) {
        let filter = FilterSet::from_json(&view.filter).expect("valid");
        let nothing = Memberships::default();
        let (mut amended, mut erased) = (told.amended.clone(), told.erased.clone());
        let fresh = begins || !matches!(word, "subscribed" | "activities" | "refiltered" | "position" | "caught_up" | "lagging" | "sealed");
        let entries: Vec<_> = self.log.iter().filter(|e| e.seq > from && e.seq <= to).cloned().collect();
        for entry in entries {
            match &entry.kind {
                // What the view admits at the moment is known to the server alone.
                EntryKind::Erasure(_) if view.by_view => drop(erased.remove(&entry.seq)),
                EntryKind::Erasure(erasure) if filter.admits_event(&erasure.event) => {
                    self.verdicts.erased += 1;
                    let is = erased.remove(&entry.seq);
                    assert!(is == Some(erasure.target) || fresh, "{word}: erasure {} in ({from}, {to}] of {}", entry.seq, view.filter);
                }
                EntryKind::Amendment(entry_amended) if view.exact => {
                    let facts = (entry_amended.facts_before().expect("written"), entry_amended.facts_after().expect("written"));
                    let wanted = (filter.matches(&facts.0, &nothing), filter.matches(facts.1, &nothing));
                    let target = entry_amended.amendment.target;
                    let Some(is) = amended.remove(&entry.seq) else {
                        let passed_over = wanted == (false, false) || self.is_erased(target) || fresh;
                        assert!(passed_over, "{word}: amendment {} in ({from}, {to}] of {}", entry.seq, view.filter);
                        continue;
                    };
                    assert_eq!(is["seq"], target, "{is}");
                    assert_eq!(is["grade"], facts.1.grade.as_str(), "{is}");
                    assert_eq!(is["left"] == true, wanted == (true, false), "{is} under {}", view.filter);
                    assert_eq!(is.get("item").is_some(), wanted == (false, true), "{is} under {}", view.filter);
                    assert!(is.get("item").is_none_or(|item| item["grade"] == is["grade"] && item["seq"] == is["seq"]), "{is}");
                    self.verdicts.amended += usize::from(wanted == (true, true));
                    self.verdicts.entered += usize::from(wanted == (false, true));
                    self.verdicts.left += usize::from(wanted == (true, false));
                }
                EntryKind::Amendment(_) => drop(amended.remove(&entry.seq)),
                _ => {}
            }
        }
        assert!(amended.is_empty() && erased.is_empty(), "{word}: told of ({from}, {to}]: {amended:?} {erased:?}");
    }

    /// The rows of a view are those of the store at its head.
    pub fn hold_rows(&self, view: &View) {
        let own = FilterSet::from_json(&view.filter).expect("valid");
        let filter = if view.by_view { self.view.as_ref().expect("there").and(&own) } else { own };
        let base = view.base.max(self.pruned);
        let rows: Vec<(Seq, String)> = view.rows.range(base + 1..).map(|(seq, grade)| (*seq, grade.clone())).collect();
        let truth = self.truth(&filter, base, self.committed as Seq);
        let truth: Vec<(Seq, String)> = truth.into_iter().map(|(seq, row)| (seq, row.facts.grade.as_str().to_owned())).collect();
        assert_eq!(rows, truth, "rows of {filter}");
    }

    /// Holds a view to the store whenever its subscription stands at the head: it has been told everything up to there,
    /// nothing is on its way or waits, and it has not to refilter.
    pub fn hold_at_head(&mut self, client: usize) {
        let Some(connection) = &self.clients[client].connection else { return };
        let view = &self.clients[client].view;
        if view.by_view {
            // It may have changed, with nobody told yet.
            return;
        }
        let quiet = connection.in_flight.is_empty() && connection.blocked.is_none() && connection.outbox.charged() == 0;
        if view.position == Some(self.committed as Seq) && view.pending == 0 && quiet && connection.session.stands_still() {
            self.hold_rows(view);
            self.verdicts.at_head += 1;
        }
    }
}

/// The seq in a cursor of a frame.
pub fn seq_of(cursor: &Value) -> Option<Seq> {
    cursor.as_str().map(|text| Cursor::parse(text).expect("a cursor").seq)
}
