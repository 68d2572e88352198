//! Tallies: how many activities of a log have each combination of the columns that filters and facets use (`cube.rs`), and
//! how many occurred in each minute, by event, flavor and grade (`minutes.rs`).
//!
//! Arithmetic only: nothing here does IO. A store folds what was appended behind its writer, saves the bytes (`codec.rs`) now and
//! then, and answers from what is held (`held.rs`) up to its seq, scanning rows from there to the head. Tallies never decide
//! what an answer is, only how soon it comes: where they cannot tell, or cannot be trusted, rows are scanned.

mod ask;
mod bytes;
mod codec;
mod correct;
mod cube;
mod day;
mod dictionary;
mod differences;
mod gone;
mod held;
pub mod limits;
mod minutes;
mod minutes_codec;
mod part;
mod parts;
mod record;
mod told;

pub(crate) use ask::{Rows, wants_rows};
#[cfg(test)]
pub(crate) use bytes::Reader;
pub(crate) use codec::{decode, encode};
pub(crate) use correct::{Corrected, Share};
pub(crate) use cube::{Counted, Cube, NUMBERS, Origin, Question, TEXTS, Test};
pub(crate) use differences::{cube_differences, minutes_differences};
pub(crate) use gone::Gone;
pub(crate) use held::{Folding, LogTallies, Tallies};
pub use limits::TallyLimits;
pub(crate) use minutes::Minutes;
pub(crate) use part::Folded;
pub(crate) use parts::Parts;
pub(crate) use record::{Column, Record, Tally, column_of};
pub use told::Stretch;
pub(crate) use told::{Kinds, Told};
