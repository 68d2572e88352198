//! The index against the definition, under churn.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::{EntryId, FilterIndex, Seat};
use crate::domain::{Facts, MembershipSet, Memberships};
use crate::filter::{FilterSet, generators};

/// One thing that happens to an index.
#[derive(Debug, Clone)]
enum Step {
    Insert(Arc<FilterSet>),
    /// Removes the member at this place, counted around.
    Remove(usize),
    Match(Box<Facts>, Memberships),
    Dependents(MembershipSet, Arc<str>, Arc<str>),
}

/// An index beside the plain list that it must agree with.
#[derive(Default)]
struct Pair {
    index: FilterIndex<u32>,
    seats: Vec<(Seat, Arc<FilterSet>, u32)>,
    next: u32,
    out: Vec<EntryId>,
}

impl Pair {
    fn insert(&mut self, filter: Arc<FilterSet>) {
        self.next += 1;
        let seat = self.index.insert(filter.clone(), self.next);
        self.seats.push((seat, filter, self.next));
    }

    fn remove(&mut self, at: usize) {
        if self.seats.is_empty() {
            return;
        }
        let at = at % self.seats.len();
        let (seat, _, member) = self.seats.swap_remove(at);
        assert_eq!(self.index.remove(seat), member);
    }

    fn check_matching(&mut self, facts: &Facts, memberships: &Memberships) {
        let mut out = std::mem::take(&mut self.out);
        self.index.matching(facts, memberships, &mut out);
        self.check_members(&out, |f| f.matches(facts, memberships));
        self.out = out;
    }

    /// The entries are distinct and have exactly the members whose filter set is wanted.
    fn check_members(&self, entries: &[EntryId], wanted: impl Fn(&FilterSet) -> bool) {
        let mut found: Vec<u32> = entries.iter().flat_map(|e| self.index.members(*e)).copied().collect();
        found.sort_unstable();
        let mut want: Vec<u32> = self.seats.iter().filter(|(_, f, _)| wanted(f)).map(|(_, _, m)| *m).collect();
        want.sort_unstable();
        let show = |members: &[u32]| -> Vec<String> {
            self.seats.iter().filter(|(_, _, m)| members.contains(m)).map(|(_, f, _)| f.to_string()).collect()
        };
        assert_eq!(found, want, "the index found {:?}, the definition {:?}", show(&found), show(&want));
    }

    fn check_whole(&self) {
        let distinct: HashSet<&FilterSet> = self.seats.iter().map(|(_, f, _)| &**f).collect();
        assert_eq!(self.index.len(), distinct.len());
        assert_eq!(self.index.members_len(), self.seats.len());
        for (seat, filter, member) in &self.seats {
            let entry = self.index.entry(seat);
            assert_eq!(self.index.filter(entry), filter);
            assert!(self.index.members(entry).contains(member));
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Insert(filter) => self.insert(filter),
            Step::Remove(at) => self.remove(at),
            Step::Match(facts, memberships) => self.check_matching(&facts, &memberships),
            Step::Dependents(set, event, value) => {
                let entries = self.index.dependents(set, &event, &value);
                self.check_members(&entries, |f| f.depends_on(set, &event, &value));
            }
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let set = prop_oneof![Just(MembershipSet::Message), Just(MembershipSet::Tag)];
    prop_oneof![
        4 => generators::conjunction().prop_map(|f| Step::Insert(Arc::new(f))),
        2 => any::<usize>().prop_map(Step::Remove),
        4 => (generators::facts(), generators::memberships()).prop_map(|(f, m)| Step::Match(Box::new(f), m)),
        1 => (set, generators::event(), generators::member_of()).prop_map(|(s, e, v)| Step::Dependents(s, e, v)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_definition_under_churn(steps in vec(step(), 1..120)) {
        let mut pair = Pair::default();
        for step in steps {
            pair.take(step);
        }
        pair.check_whole();
        while !pair.seats.is_empty() {
            pair.remove(0);
        }
        prop_assert!(pair.index.is_empty());
        prop_assert!(pair.index.is_clean(), "something of a filter set stayed behind");
    }

}

proptest! {
    // Each case is hundreds of filter sets against dozens of activities.
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn agrees_when_there_are_many(
        filters in vec(prop_oneof![1 => generators::conjunction(), 2 => generators::broad_filter()], 700..900),
        seen in vec((generators::facts(), generators::memberships()), 40),
    ) {
        let mut pair = Pair::default();
        filters.into_iter().for_each(|f| pair.insert(Arc::new(f)));
        for (facts, memberships) in &seen {
            pair.check_matching(facts, memberships);
        }
        // Half of them go, so that slots move and bitmaps turn into lists again.
        for at in 0..pair.seats.len() / 2 {
            pair.remove(at * 7);
        }
        for (facts, memberships) in &seen {
            pair.check_matching(facts, memberships);
        }
        pair.check_whole();
    }
}

#[test]
fn equal_filter_sets_share_an_entry() {
    let filter = |json| Arc::new(FilterSet::from_json(&json).expect("valid"));
    let mut index = FilterIndex::new();
    let first = index.insert(filter(json!({"partner":["ACME","globex"]})), 'a');
    let second = index.insert(filter(json!({"partner":["Globex","acme","acme"]})), 'b');
    let third = index.insert(filter(json!({"partner":["acme"]})), 'c');
    assert_eq!((index.len(), index.members_len()), (2, 3));
    assert_eq!(index.entry(&first), index.entry(&second));
    assert_eq!(index.members(index.entry(&second)), ['a', 'b']);
    assert_eq!(index.remove(first), 'a');
    assert_eq!(index.members(index.entry(&second)), ['b']);
    assert_eq!((index.remove(second), index.remove(third)), ('b', 'c'));
    assert!(index.is_clean());
}

#[test]
fn numbers_are_used_again() {
    let mut index = FilterIndex::new();
    for round in 0..1_000 {
        let json = json!({"partner":[format!("p{round}")],"device":["tv"],"text":format!("w{round}")});
        let seat = index.insert(Arc::new(FilterSet::from_json(&json).expect("valid")), round);
        assert_eq!(index.entry(&seat).index(), 0);
        index.remove(seat);
    }
    assert!(index.is_clean());
}
