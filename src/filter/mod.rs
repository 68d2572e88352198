//! Filter sets: one meaning, three executions.
//!
//! [`FilterSet::matches`] is the definition, and a [`Conjunction`] of filter sets is one that all of them want. The hub's standing-filter [`index`] and the SQL of the store
//! must agree with it on every filter set and activity, and a property test holds them to it.
//! Nothing here does IO or reads a clock.

mod conjunction;
mod field;
#[cfg(test)]
mod generators;
pub mod index;
mod matches;
mod parse;
mod set;
mod why;

pub use conjunction::Conjunction;
pub use field::Field;
pub use index::{EntryId, FilterIndex, Seat};
pub use set::{Clause, FilterSet, ValueForm};
pub use why::Exclusion;
