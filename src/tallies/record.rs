//! What activities are counted by: where a field is found in a row, and counts of one field.

use std::collections::{BTreeMap, HashMap};

use crate::domain::Seq;
use crate::filter::Field;

/// Counts of one field by what is stored: a number (of a row, of a word) or a text. For `message` and `tag` they are
/// counts by partner.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub numbers: HashMap<i64, u64>,
    /// Count, and the seq of one activity that has the text.
    pub texts: HashMap<String, (u64, Seq)>,
    /// Counts of chosen URL prefixes.
    pub prefixes: BTreeMap<String, u64>,
}

impl Tally {
    /// Adds what was counted elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        other.numbers.into_iter().for_each(|(number, count)| *self.numbers.entry(number).or_default() += count);
        other.texts.into_iter().for_each(|(text, (count, seq))| self.texts.entry(text).or_insert((0, seq)).0 += count);
        other.prefixes.into_iter().for_each(|(prefix, count)| *self.prefixes.entry(prefix).or_default() += count);
    }
}

/// Where a field is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// A number; 0 is none, as rows are numbered from 1.
    Row(&'static str),
    /// Four bits of the traits, from this one on.
    Traits(u32),
    /// A text; an empty one is none.
    Text(&'static str),
}

/// Where a field is found; `None` for `id`, which nobody counts by.
pub(crate) fn column_of(field: Field) -> Option<Column> {
    Some(match field {
        Field::Event => Column::Row("event_id"),
        Field::Partner | Field::Message | Field::Tag => Column::Row("partner_id"),
        Field::About => Column::Row("message_id"),
        Field::Campaign => Column::Row("campaign_id"),
        Field::Actor => Column::Traits(0),
        Field::Device => Column::Traits(4),
        Field::Grade => Column::Traits(8),
        Field::Flavor => Column::Text("flavor"),
        Field::Platform => Column::Text("platform"),
        Field::Browser => Column::Text("browser"),
        Field::Source => Column::Text("source_host"),
        Field::Referrer => Column::Text("referrer_host"),
        Field::Id => return None,
    })
}

/// What one activity counts for.
pub(crate) struct Record<'a> {
    pub numbers: Vec<i64>,
    pub prefixes: Vec<bool>,
    pub texts: Vec<&'a str>,
}
