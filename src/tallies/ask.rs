//! A filter set as tests on the columns of a cube, or as kinds of counts by minute.
//!
//! What only the directory tells (which rows are of a key, which partners are members) is found by whoever asks, once for
//! each clause that wants it.

use std::collections::HashSet;

use super::cube::{Cube, NUMBERS, Test, place_of};
use super::minutes::Minutes;
use super::record::{Column, column_of};
use super::told::Kinds;
use crate::domain::{Actor, Device, Grade};
use crate::filter::{Clause, Field, FilterSet, ValueForm};

/// Numbers of the rows that a clause names, for clauses that [`wants_rows`]; empty for all others.
pub(crate) type Rows = HashSet<i64>;

/// True when the rows that a clause names must be found.
pub(crate) fn wants_rows(clause: &Clause) -> bool {
    matches!(column_of(clause.field), Some(Column::Row(_)))
}

impl Cube {
    /// True when combinations can tell what matches: no words, ids or URL prefixes, and no column that was left out.
    pub(crate) fn can_tell(&self, filter: &FilterSet) -> bool {
        let answers = |clause: &Clause| {
            self.keeps(clause.field) && !clause.values.iter().any(|value| matches!(clause.form(value), ValueForm::UrlPrefix(_)))
        };
        filter.words().is_empty() && filter.clauses().iter().all(answers)
    }

    /// The tests that a combination passes when its activities match; `rows` are those of each clause, in order.
    pub(crate) fn tests(&self, filter: &FilterSet, rows: &[Rows]) -> Vec<Test> {
        let clauses = filter.clauses().iter().zip(rows);
        let tests = clauses.filter_map(|(clause, rows)| {
            let column = place_of(clause.field)?;
            let mut passes = match column.checked_sub(NUMBERS.len()) {
                None => of_numbers(clause, &self.numbers[column].values, rows),
                Some(at) => self.texts[at].values.iter().map(|text| has_text(clause, text)).collect(),
            };
            if clause.negated {
                passes.iter_mut().for_each(|pass| *pass = !*pass);
            }
            Some(Test { column, passes })
        });
        let mut tests: Vec<Test> = tests.collect();
        // The one that leaves the fewest values comes first, so that the others have less to look at.
        tests.sort_by_key(|test| test.passes.iter().filter(|pass| **pass).count());
        tests
    }
}

impl Minutes {
    /// True when a clause tells kinds apart.
    pub(crate) fn can_tell(clause: &Clause) -> bool {
        matches!(clause.field, Field::Event | Field::Flavor | Field::Grade)
    }

    /// The kinds of counts by minute that match; `rows` are those of each clause, in order.
    pub(crate) fn kinds_of(&self, filter: &FilterSet, rows: &[Rows]) -> Kinds {
        let mut kinds = Kinds { passes: vec![true; self.kinds.values.len()], exact: filter.words().is_empty() };
        for (clause, rows) in filter.clauses().iter().zip(rows) {
            let numbered = self.kinds.values.iter();
            let passes: Vec<bool> = match clause.field {
                Field::Event => {
                    let events = of_numbers(clause, &self.events.values, rows);
                    numbered.map(|kind| events[kind.event as usize]).collect()
                }
                Field::Flavor => {
                    let flavors: Vec<bool> = self.flavors.values.iter().map(|flavor| has_text(clause, flavor)).collect();
                    numbered.map(|kind| flavors[kind.flavor as usize]).collect()
                }
                Field::Grade => numbered.map(|kind| has_word(clause, i64::from(kind.grade))).collect(),
                _ => {
                    kinds.exact = false;
                    continue;
                }
            };
            kinds.passes.iter_mut().zip(passes).for_each(|(pass, is)| *pass &= is != clause.negated);
        }
        kinds
    }
}

fn of_numbers(clause: &Clause, values: &[i64], rows: &Rows) -> Vec<bool> {
    match column_of(clause.field) {
        Some(Column::Traits(shift)) => values.iter().map(|traits| has_word(clause, traits >> shift & 15)).collect(),
        _ => values.iter().map(|id| rows.contains(id)).collect(),
    }
}

fn has_word(clause: &Clause, number: i64) -> bool {
    let word = u8::try_from(number).ok().and_then(|number| match clause.field {
        Field::Actor => Actor::from_number(number).map(Actor::as_str),
        Field::Device => Device::from_number(number).map(Device::as_str),
        _ => Grade::from_number(number).map(Grade::as_str),
    });
    word.is_some_and(|word| clause.values.iter().any(|value| **value == *word))
}

fn has_text(clause: &Clause, text: &str) -> bool {
    clause.values.iter().any(|value| match clause.form(value) {
        ValueForm::Family(family) => text.starts_with(family),
        _ => **value == *text,
    })
}
