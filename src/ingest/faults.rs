//! The faults of one draft, bounded, with names that help.

use super::given::DraftField;
use crate::domain::Invalid;

/// Faults of one draft that are told; the rest is counted. So a hostile body cannot make an answer much larger than itself.
pub const DRAFT_FAULTS_MAX: usize = 16;
/// Bytes of a sender's own word that a fault repeats.
const QUOTED_BYTES_MAX: usize = 64;

/// What senders write who know another product, and our word for it.
#[rustfmt::skip]
const OTHER_WORDS: &[(&str, DraftField)] = &[
    ("type", DraftField::Flavor), ("action", DraftField::Flavor), ("name", DraftField::Flavor),
    ("time", DraftField::OccurredAt), ("timestamp", DraftField::OccurredAt), ("ts", DraftField::OccurredAt), ("date", DraftField::OccurredAt),
    ("url", DraftField::SourceUrl), ("page", DraftField::SourceUrl), ("source", DraftField::SourceUrl),
    ("referrer", DraftField::ReferrerUrl), ("referer", DraftField::ReferrerUrl),
    ("ua", DraftField::UserAgent), ("agent", DraftField::UserAgent), ("useragent", DraftField::UserAgent),
    ("os", DraftField::Platform), ("ip_address", DraftField::Ip), ("address", DraftField::Ip),
    ("data", DraftField::Properties), ("metadata", DraftField::Properties), ("props", DraftField::Properties),
    ("event_id", DraftField::Event), ("partner_id", DraftField::Partner), ("message_id", DraftField::Message),
    ("campaign_id", DraftField::Campaign), ("uuid", DraftField::Id),
];

/// Collects faults.
#[derive(Debug, Default)]
pub(super) struct Faults {
    told: Invalid,
    untold: usize,
}

impl Faults {
    /// Adds a fault.
    pub(super) fn push(&mut self, path: impl Into<String>, code: &'static str, message: impl Into<String>) {
        if self.told.faults.len() == DRAFT_FAULTS_MAX {
            self.untold += 1;
        } else {
            self.told.push(path, code, message);
        }
    }

    /// Keeps a parsed value, or its faults under `path`.
    pub(super) fn take<T>(&mut self, path: &str, parsed: Result<T, Invalid>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(invalid) => {
                for fault in invalid.under(path).faults {
                    self.push(fault.path, fault.code, fault.message);
                }
                None
            }
        }
    }

    /// A field that there is not.
    pub(super) fn unknown_field(&mut self, name: &str) {
        let message = match nearest_field(name) {
            Some(field) => format!("is not a field of a draft; did you mean {:?}?", field.name()),
            None => "is not a field of a draft; put what is your own under \"properties\"".to_owned(),
        };
        self.push(quoted(name), "unknown_field", message);
    }

    /// A name that stands twice in one object.
    pub(super) fn twice(&mut self, path: &str) {
        self.push(quoted(path), "duplicate_field", "is given twice; give it once");
    }

    /// Renames every place, as when the draft stands inside something else.
    pub(super) fn rename(&mut self, rename: impl Fn(&str) -> String) {
        for fault in &mut self.told.faults {
            fault.path = rename(&fault.path);
        }
    }

    /// Takes over the faults of a part.
    pub(super) fn append(&mut self, other: Self) {
        self.untold += other.untold;
        for fault in other.told.faults {
            self.push(fault.path, fault.code, fault.message);
        }
    }

    /// `None` while nothing is wrong.
    pub(super) fn into_invalid(self) -> Option<Invalid> {
        let mut told = self.told;
        if self.untold > 0 {
            told.push("", "more_faults", format!("{} more faults are not listed; mend these first", self.untold));
        }
        (!told.is_empty()).then_some(told)
    }
}

/// A sender's own word, short enough to repeat.
pub(super) fn quoted(text: &str) -> String {
    let end = text.floor_char_boundary(QUOTED_BYTES_MAX);
    if end < text.len() { format!("{}...", &text[..end]) } else { text.to_owned() }
}

/// The field that was probably meant: another usual word for it, another case, or at most two letters away.
fn nearest_field(name: &str) -> Option<DraftField> {
    if name.len() > QUOTED_BYTES_MAX {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['-', ' ', '_'], "");
    let wanted = plain(name);
    if let Some(same) = DraftField::ALL.iter().find(|field| plain(field.name()) == wanted) {
        return Some(*same);
    }
    if let Some((_, field)) = OTHER_WORDS.iter().find(|(word, _)| plain(word) == wanted) {
        return Some(*field);
    }
    let close = DraftField::ALL.iter().map(|field| (distance(&wanted, &plain(field.name())), *field));
    let most = if wanted.chars().count() < 5 { 1 } else { 2 };
    close.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, field)| field)
}

/// Insertions, deletions and changes of letters that make one word the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Faults, nearest_field, quoted};

    #[test]
    fn hints_at_what_was_meant() {
        for (given, want) in [
            ("occured_at", Some("occurred_at")),
            ("occurredAt", Some("occurred_at")),
            ("Partner", Some("partner")),
            ("partners", Some("partner")),
            ("referer", Some("referrer_url")),
            ("userAgent", Some("user_agent")),
            ("timestamp", Some("occurred_at")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest_field(given).map(|field| field.name()), want, "{given}");
        }
    }

    #[test]
    fn are_bounded_in_number_and_length() {
        let mut faults = Faults::default();
        for number in 0..100 {
            faults.unknown_field(&format!("{number}{}", "ä".repeat(1_000)));
        }
        let told = faults.into_invalid().expect("faults").faults;
        assert_eq!(told.len(), super::DRAFT_FAULTS_MAX + 1);
        assert_eq!(told.last().expect("last").code, "more_faults");
        assert!(told.iter().all(|fault| fault.path.len() < 80));
        assert_eq!(quoted("short"), "short");
    }
}
