//! The words of the product as types that parse at the edge.
//!
//! Nothing here does IO, reads a clock or draws a random number: whoever calls brings the time and the ids.
//! A value of one of these types is already valid, so nothing past the edge checks it again.

mod activity;
mod control;
mod correction;
mod cursor;
mod entry;
mod events;
mod flavor;
mod fold;
mod invalid;
mod key;
pub mod limits;
mod mask;
mod origin;
mod range;
mod search;
mod time;
mod vocabulary;
mod weburl;

pub use activity::{ActivityId, Client, NewActivity, Properties, Property};
pub use control::{has_control, is_unseen, turns_direction};
pub use correction::{AmendedEntry, Amendment, Erasure, GRADE_REASON_BYTES_MAX, GRADE_REASONS_MAX, Graded, parse_reason};
pub use cursor::{Cursor, CursorError, Epoch, MARK_BYTES, Mark, Seq};
pub use entry::{ActivityEntry, Entry, EntryKind, Facts, MembershipChange, MembershipSet, Memberships};
pub use events::Events;
pub use flavor::{Flavor, STANDARD_FLAVORS, StandardFlavor};
pub use fold::fold;
pub use invalid::{Fault, Invalid, MORE_FAULTS};
pub use key::Key;
pub use mask::Mask;
pub use origin::Origin;
pub use range::Range;
pub use search::SearchText;
pub use time::UnixMs;
pub use vocabulary::{Actor, Device, Grade, browser_alias, platform_alias};
pub use weburl::WebUrl;
