//! The index of standing filters: which of very many filter sets want this activity.
//!
//! One index serves one workspace on one shard, on one thread. Connections with equal filter sets are
//! members of one entry, and entries are what is matched. An entry is found in one of two ways: through a
//! short list under each value of its rarest clause (`listed`) or, when it names nothing rare, through
//! bitmaps (`broad`). Both agree with [`FilterSet::matches`] on everything, and a property test holds them
//! to it. Matching allocates nothing once its buffers have grown; adding and removing cost as much as the
//! filter set has values. Nothing here does IO, and nothing here knows what a member is.

mod broad;
mod listed;
mod postings;
mod program;
#[cfg(test)]
mod tests;
mod vocabulary;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use self::broad::Broad;
use self::listed::{Access, Listing, Lists, access};
use self::postings::Postings;
use self::program::Program;
use self::vocabulary::{Hits, ValueId, Vocabulary};
use self::words::{WordId, Words};
use super::{Field, FilterSet};
use crate::domain::{Facts, MembershipSet, Memberships};

/// Entries in one list; what finds no room goes to the bitmaps. To check an entry is to fetch it from memory, which costs
/// as much as a bitmap pass over thousands once an index outgrows the cache: lists that grow with the index (1 in 256)
/// took four times as long as these on 100,000 broad filters.
const LIST_MAX: usize = 16;
/// Entries in one list of a field that an activity can have many values of.
const LIST_OF_MANY_MAX: usize = 4;

/// Number of an entry, good until its last member leaves; then it may be given to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(u32);

impl EntryId {
    /// A small number, dense over the entries, to index a table of the caller's with.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A member's place in the index. It cannot be copied and [`FilterIndex::remove`] takes it, so nobody is
/// removed twice. It holds good whatever others come and go.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a member can only be removed by its seat"]
pub struct Seat(u32);

/// Standing filter sets and their members.
#[derive(Debug)]
pub struct FilterIndex<M> {
    shared: HashMap<Arc<FilterSet>, u32, RandomState>,
    entries: Vec<Entry<M>>,
    free: Vec<u32>,
    seats: Vec<SeatPlace>,
    free_seats: Vec<u32>,
    vocabulary: Vocabulary,
    words: Words,
    lists: Lists,
    broad: Broad,
    /// Entries that mention a message or a tag, by value.
    dependents: HashMap<ValueId, Postings, RandomState>,
    hits: Hits,
    /// Counts activities.
    round: u64,
}

#[derive(Debug)]
struct Entry<M> {
    filter: Arc<FilterSet>,
    members: Vec<M>,
    /// The seat of each member.
    seats: Vec<u32>,
    program: Program,
    words: Box<[WordId]>,
    place: Place,
    /// The activity it was last looked at for.
    looked: u64,
}

impl<M> Entry<M> {
    /// True when bitmaps do not tell whether it matches.
    fn is_unsettled(&self) -> bool {
        !self.words.is_empty() || self.program.asks_again()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Listed under the values of the program's first clause.
    Listed,
    /// In this slot of the bitmaps.
    Broad(u32),
}

#[derive(Debug, Clone, Copy)]
struct SeatPlace {
    entry: u32,
    /// Place among the entry's members.
    position: u32,
}

impl<M> Default for FilterIndex<M> {
    fn default() -> Self {
        Self {
            shared: HashMap::default(),
            entries: Vec::new(),
            free: Vec::new(),
            seats: Vec::new(),
            free_seats: Vec::new(),
            vocabulary: Vocabulary::default(),
            words: Words::default(),
            lists: Lists::default(),
            broad: Broad::default(),
            dependents: HashMap::default(),
            hits: Hits::default(),
            round: 0,
        }
    }
}

impl<M> FilterIndex<M> {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many distinct filter sets it holds.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.shared.is_empty()
    }

    /// How many members it holds.
    pub fn members_len(&self) -> usize {
        self.seats.len() - self.free_seats.len()
    }

    /// Makes `member` a member of the entry of this filter set.
    pub fn insert(&mut self, filter: Arc<FilterSet>, member: M) -> Seat {
        let entry = match self.shared.get(&filter) {
            Some(&entry) => entry,
            None => self.create(filter),
        };
        let held = &mut self.entries[entry as usize];
        let place = SeatPlace { entry, position: held.members.len() as u32 };
        let seat = match self.free_seats.pop() {
            Some(seat) => {
                self.seats[seat as usize] = place;
                seat
            }
            None => {
                self.seats.push(place);
                (self.seats.len() - 1) as u32
            }
        };
        held.members.push(member);
        held.seats.push(seat);
        Seat(seat)
    }

    /// Takes a member out, and its entry with the last one. Costs the same however many share the entry.
    pub fn remove(&mut self, seat: Seat) -> M {
        let SeatPlace { entry, position } = self.seats[seat.0 as usize];
        self.free_seats.push(seat.0);
        let held = &mut self.entries[entry as usize];
        let member = held.members.swap_remove(position as usize);
        held.seats.swap_remove(position as usize);
        if let Some(&moved) = held.seats.get(position as usize) {
            self.seats[moved as usize].position = position;
        }
        if held.members.is_empty() {
            self.dissolve(entry);
        }
        member
    }

    /// The entry that a seat is in.
    pub fn entry(&self, seat: &Seat) -> EntryId {
        EntryId(self.seats[seat.0 as usize].entry)
    }

    /// The members of an entry, in no order.
    pub fn members(&self, entry: EntryId) -> &[M] {
        &self.entries[entry.index()].members
    }

    /// Every entry with its filter set, in no order.
    pub fn filters(&self) -> impl Iterator<Item = (EntryId, &Arc<FilterSet>)> {
        self.shared.iter().map(|(filter, entry)| (EntryId(*entry), filter))
    }

    /// The filter set of an entry.
    pub fn filter(&self, entry: EntryId) -> &Arc<FilterSet> {
        &self.entries[entry.index()].filter
    }

    /// Puts into `out`, which is emptied first, the entries that want the activity, each once, in no order.
    pub fn matching(&mut self, facts: &Facts, memberships: &Memberships, out: &mut Vec<EntryId>) {
        out.clear();
        self.round += 1;
        self.vocabulary.resolve(facts, memberships, &mut self.hits);
        self.words.next_activity();
        for field in Field::ALL {
            if access(field) != Access::Never {
                self.matching_listed(field, facts, out);
            }
        }
        let (entries, words, hits) = (&self.entries, &mut self.words, &self.hits);
        self.broad.matching(hits, |number, unsettled| {
            let entry = &entries[number as usize];
            if !unsettled || (words.hold(&entry.words, &facts.search) && entry.program.passes(0, hits)) {
                out.push(EntryId(number));
            }
        });
    }

    fn matching_listed(&mut self, field: Field, facts: &Facts, out: &mut Vec<EntryId>) {
        let hits = self.hits.of(field.index());
        for &hit in hits {
            for listing in self.lists.of(hit) {
                if listing.whole && hits.len() == 1 {
                    out.push(EntryId(listing.entry));
                    continue;
                }
                let entry = &mut self.entries[listing.entry as usize];
                // With several values an activity can come to the same entry on several ways.
                if entry.looked == self.round {
                    continue;
                }
                entry.looked = self.round;
                if entry.program.passes(1, &self.hits) && self.words.hold(&entry.words, &facts.search) {
                    out.push(EntryId(listing.entry));
                }
            }
        }
    }

    /// The entries whose filter set [depends on](FilterSet::depends_on) who belongs to `value` of `event`.
    pub fn dependents(&self, set: MembershipSet, event: &str, value: &str) -> Vec<EntryId> {
        let mut out = Vec::new();
        if self.dependents.is_empty() {
            return out;
        }
        let mut take = |field: Field, text: &str| {
            if let Some(entries) = self.vocabulary.find(field, text).and_then(|id| self.dependents.get(&id)) {
                entries.for_each(|entry| out.push(EntryId(entry)));
            }
        };
        match set {
            MembershipSet::Tag => take(Field::Tag, value),
            MembershipSet::Message => {
                take(Field::Message, value);
                take(Field::Message, &format!("{event}/{value}"));
                out.sort_unstable();
                out.dedup();
            }
        }
        out
    }

    /// True when nothing is left of filter sets that are gone.
    #[cfg(test)]
    fn is_clean(&self) -> bool {
        let unused = self.lists.is_clean() && self.broad.is_clean() && self.dependents.is_empty();
        self.is_empty() && unused && self.vocabulary.is_clean() && self.words.is_clean()
    }

    fn create(&mut self, filter: Arc<FilterSet>) -> u32 {
        let program = Program::of(&filter, &mut self.vocabulary);
        let words = filter.words().iter().map(|w| self.words.intern(w)).collect();
        let created =
            Entry { filter: filter.clone(), members: Vec::new(), seats: Vec::new(), program, words, place: Place::Listed, looked: 0 };
        let number = match self.free.pop() {
            Some(number) => {
                self.entries[number as usize] = created;
                number
            }
            None => {
                self.entries.push(created);
                (self.entries.len() - 1) as u32
            }
        };
        self.shared.insert(filter, number);
        self.place(number);
        number
    }

    fn place(&mut self, number: u32) {
        let chosen = self.shortest_list(&self.entries[number as usize].program);
        let bound = self.vocabulary.bound();
        let universe = self.entries.len();
        let entry = &mut self.entries[number as usize];
        match chosen {
            Some(clause) => {
                entry.program.put_first(clause);
                let whole = entry.program.clauses().nth(1).is_none() && entry.words.is_empty();
                if let Some(first) = entry.program.clauses().next() {
                    self.lists.insert(first.values, Listing { entry: number, whole }, bound);
                }
            }
            None => entry.place = Place::Broad(self.broad.insert(number, &entry.program, entry.is_unsettled(), bound)),
        }
        for value in membership_values(&entry.program) {
            self.dependents.entry(value).or_default().insert(number, universe);
        }
    }

    /// The clause under whose values the entry is best listed, if the lists have room.
    fn shortest_list(&self, program: &Program) -> Option<usize> {
        let clauses = program.clauses().enumerate().filter(|(_, clause)| !clause.negated);
        let costs = clauses.filter_map(|(index, clause)| {
            let room = match access(Field::ALL[clause.field]) {
                Access::One => LIST_MAX,
                Access::Many => LIST_OF_MANY_MAX,
                Access::Never => return None,
            };
            let mut cost = 0;
            for &value in clause.values {
                let length = self.lists.of(value).len();
                if length >= room {
                    return None;
                }
                cost += length + 1;
            }
            Some((cost, index))
        });
        costs.min().map(|(_, index)| index)
    }

    fn dissolve(&mut self, number: u32) {
        let universe = self.entries.len();
        let entry = &mut self.entries[number as usize];
        let unsettled = entry.is_unsettled();
        let (program, words) = (std::mem::take(&mut entry.program), std::mem::take(&mut entry.words));
        let filter = std::mem::take(&mut entry.filter);
        // An entry that comes next in this number has its own members: what these held goes back.
        (entry.members, entry.seats) = (Vec::new(), Vec::new());
        self.shared.remove(&filter);
        match entry.place {
            Place::Listed => {
                if let Some(first) = program.clauses().next() {
                    self.lists.remove(first.values, number);
                }
            }
            Place::Broad(slot) => {
                let mover = self.broad.mover(slot);
                let moved = mover.map(|m| &self.entries[m as usize]).map(|e| (&e.program, e.is_unsettled()));
                self.broad.remove(slot, &program, unsettled, moved);
                if let Some(mover) = mover {
                    self.entries[mover as usize].place = Place::Broad(slot);
                }
            }
        }
        for value in membership_values(&program) {
            if let Some(entries) = self.dependents.get_mut(&value) {
                entries.remove(number, universe);
                if entries.is_empty() {
                    self.dependents.remove(&value);
                }
            }
        }
        program.clauses().flat_map(|c| c.values).for_each(|&value| self.vocabulary.release(value));
        words.iter().for_each(|&word| self.words.release(word));
        self.free.push(number);
    }
}

fn membership_values(program: &Program) -> impl Iterator<Item = ValueId> + '_ {
    program.clauses().filter(|c| Field::ALL[c.field].membership().is_some()).flat_map(|c| c.values).copied()
}
