//! The faults of one draft, bounded, with names that help.

use super::given::{DraftField, Given};
use crate::domain::Invalid;

/// Bytes of a sender's own word that a fault repeats.
const QUOTED_BYTES_MAX: usize = 64;

/// The fault of text that is sound JSON and holds half of a surrogate pair, which is no character.
const HALF_SURROGATE: &str = "half_surrogate";

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
pub(super) struct Faults(Invalid);

impl Faults {
    /// Adds a fault.
    pub(super) fn push(&mut self, path: impl Into<String>, code: &'static str, message: impl Into<String>) {
        self.0.push(path, code, message);
    }

    /// Keeps a parsed value, or its faults under `path`.
    pub(super) fn take<T>(&mut self, path: &str, parsed: Result<T, Invalid>) -> Option<T> {
        self.0.take(path, parsed)
    }

    /// A field that there is not.
    pub(super) fn unknown_field(&mut self, name: &str) {
        let message = match nearest_field(name) {
            _ if name == "specversion" => "is of a CloudEvent; send it as application/cloudevents+json".to_owned(),
            Some(field) => format!("is not a field of a draft; did you mean {:?}?", field.name()),
            None => "is not a field of a draft; put what is your own under \"properties\"".to_owned(),
        };
        self.push(quoted(name), "unknown_field", message);
    }

    /// A value of another kind than the field takes, or one that no text or number of ours is equal to.
    pub(super) fn wrong_kind(&mut self, path: impl Into<String>, given: &Given<'_>, give: &str) {
        match given {
            Given::HalfText => self.push(
                path,
                HALF_SURROGATE,
                "holds half of a surrogate pair, as when text is cut within an emoji; cut it between characters",
            ),
            other => self.push(path, "wrong_type", format!("is {}; {give}", other.kind())),
        }
    }

    /// A name that holds half of a surrogate pair.
    pub(super) fn half_name(&mut self, path: &str) {
        self.push(quoted(path), HALF_SURROGATE, "has a name that holds half of a surrogate pair; cut names between characters");
    }

    /// A name that stands twice in one object.
    pub(super) fn twice(&mut self, path: &str) {
        self.push(quoted(path), "duplicate_field", "is given twice; give it once");
    }

    /// Renames every place, as when the draft stands inside something else.
    pub(super) fn rename(&mut self, rename: impl Fn(&str) -> String) {
        for fault in &mut self.0.faults {
            fault.path = rename(&fault.path);
        }
    }

    /// Takes over the faults of a part.
    pub(super) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// `None` while nothing is wrong.
    pub(super) fn into_invalid(self) -> Option<Invalid> {
        self.0.into_result().err()
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
    let close = DraftField::ALL.iter().map(|field| (strsim::levenshtein(&wanted, &plain(field.name())), *field));
    let most = if wanted.chars().count() < 5 { 1 } else { 2 };
    close.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, field)| field)
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
        assert_eq!(told.len(), crate::domain::limits::FAULTS_MAX);
        assert_eq!(told.last().expect("last").code, crate::domain::MORE_FAULTS);
        assert!(told.iter().all(|fault| fault.path.len() < 80));
        assert_eq!(quoted("short"), "short");
    }
}
