//! A filter set's clauses over numbered values, in one flat run of memory, and the check of one by one.

use super::vocabulary::{Hits, ValueId, Vocabulary};
use crate::filter::FilterSet;

/// Values up to which a look through a clause is not a binary search.
const SCAN_MAX: usize = 16;

/// The clauses of one filter set: for each a head (field, negation, how many) and its sorted values.
#[derive(Debug, Default)]
pub(super) struct Program(Box<[u32]>);

/// One clause of a program.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberedClause<'a> {
    /// Index of the field.
    pub(super) field: usize,
    /// True under `not`.
    pub(super) negated: bool,
    /// Sorted numbers.
    pub(super) values: &'a [ValueId],
}

impl Program {
    /// Numbers the clauses of a filter set, each value mentioned once more.
    pub(super) fn of(filter: &FilterSet, vocabulary: &mut Vocabulary) -> Self {
        let mut code = Vec::new();
        for clause in filter.clauses() {
            // Three times 200 values a clause at most, so the count fits above the field and the sign.
            code.push(clause.field.index() as u32 | u32::from(clause.negated) << 8 | (clause.values.len() as u32) << 9);
            let start = code.len();
            code.extend(clause.values.iter().map(|value| vocabulary.intern(clause, value)));
            code[start..].sort_unstable();
        }
        Self(code.into())
    }

    /// The clauses.
    pub(super) fn clauses(&self) -> Clauses<'_> {
        Clauses(&self.0)
    }

    /// Those of which each field has one positive and one negated at most, which is nearly always all of them.
    pub(super) fn first_clauses(&self) -> impl Iterator<Item = NumberedClause<'_>> {
        let mut wanted = None;
        self.clauses().filter(move |clause| clause.negated || wanted.replace(clause.field) != Some(clause.field))
    }

    /// True when a field has several positive clauses: then passing the first ones is not enough.
    pub(super) fn asks_again(&self) -> bool {
        self.first_clauses().count() < self.clauses().count()
    }

    /// Puts the clause at `index` in front.
    pub(super) fn put_first(&mut self, index: usize) {
        let before: usize = self.clauses().take(index).map(|c| c.values.len() + 1).sum();
        let length = self.clauses().nth(index).map_or(0, |c| c.values.len() + 1);
        self.0[..before + length].rotate_right(length);
    }

    /// True when the activity passes every clause after the first `skip`.
    pub(super) fn passes(&self, skip: usize, hits: &Hits) -> bool {
        self.clauses().skip(skip).all(|clause| clause.passes(hits))
    }
}

impl NumberedClause<'_> {
    fn passes(&self, hits: &Hits) -> bool {
        let has = |hit: &ValueId| match self.values.len() <= SCAN_MAX {
            true => self.values.contains(hit),
            false => self.values.binary_search(hit).is_ok(),
        };
        hits.of(self.field).iter().any(has) != self.negated
    }
}

/// Walks the clauses of a program.
#[derive(Debug, Clone)]
pub(super) struct Clauses<'a>(&'a [u32]);

impl<'a> Iterator for Clauses<'a> {
    type Item = NumberedClause<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&head, rest) = self.0.split_first()?;
        let (values, rest) = rest.split_at((head >> 9) as usize);
        self.0 = rest;
        Some(NumberedClause { field: (head & 0xff) as usize, negated: head & 0x100 != 0, values })
    }
}
