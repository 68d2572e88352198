//! Which events exist for somebody.

use std::fmt;
use std::sync::Arc;

use super::key::Key;

/// The events that exist for somebody, or that something is confined to: all of them, or these.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Events(Option<Arc<[Key]>>);

impl Events {
    /// All events, those included that will be made.
    pub const ALL: Self = Self(None);

    /// This event and no other.
    pub fn only(event: Key) -> Self {
        Self::these(vec![event])
    }

    /// These events and no others; none of them is no event at all.
    pub fn these(mut events: Vec<Key>) -> Self {
        events.sort_by(|one, other| one.folded().cmp(other.folded()));
        events.dedup();
        Self(Some(events.into()))
    }

    /// True where no event is left out.
    pub const fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// The events by the order of their folded keys; `None` is all.
    pub fn keys(&self) -> Option<&[Key]> {
        self.0.as_deref()
    }

    /// The event, where there is just one.
    pub fn one(&self) -> Option<&Key> {
        match self.keys() {
            Some([one]) => Some(one),
            _ => None,
        }
    }

    /// True when the event is among them.
    pub fn has(&self, event: &Key) -> bool {
        self.has_folded(event.folded())
    }

    /// True when the event of a folded key is among them.
    pub fn has_folded(&self, event: &str) -> bool {
        self.keys().is_none_or(|keys| keys.iter().any(|key| **key.folded() == *event))
    }

    /// True when each of the other is among them.
    pub fn cover(&self, other: &Self) -> bool {
        match (self.keys(), other.keys()) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(theirs)) => theirs.iter().all(|key| self.has(key)),
        }
    }

    /// As it is kept: the keys as they are spelled, a line each; `None` is all.
    pub fn to_text(&self) -> Option<String> {
        let keys = self.keys()?;
        Some(keys.iter().map(|key| key.to_string()).collect::<Vec<_>>().join("\n"))
    }

    /// Reads what was kept.
    pub fn from_text(text: Option<&str>) -> Self {
        text.map_or(Self::ALL, |text| Self::these(text.lines().map(Key::trusted).collect()))
    }
}

impl From<Option<Key>> for Events {
    /// All events, or the one.
    fn from(event: Option<Key>) -> Self {
        event.map_or(Self::ALL, Self::only)
    }
}

impl fmt::Display for Events {
    /// As in *bound to the event expo*.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.keys() {
            None => f.write_str("all events"),
            Some([]) => f.write_str("no event"),
            Some([one]) => write!(f, "the event {one}"),
            Some(several) => {
                let words: Vec<_> = several.iter().map(Key::as_str).collect();
                write!(f, "the events {}", words.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Events;
    use crate::domain::Key;

    fn these(keys: &[&str]) -> Events {
        Events::these(keys.iter().map(|key| Key::trusted(key)).collect())
    }

    #[test]
    fn a_set_covers_what_reaches_no_further() {
        let (none, expo, both) = (these(&[]), these(&["Expo"]), these(&["fair", "expo", "EXPO"]));
        for (one, other, covers) in [
            (&Events::ALL, &both, true),
            (&both, &Events::ALL, false),
            (&both, &expo, true),
            (&expo, &both, false),
            (&expo, &these(&["EXPO"]), true),
            (&expo, &none, true),
            (&none, &expo, false),
        ] {
            assert_eq!(one.cover(other), covers, "{one} {other}");
        }
        assert!(both.has(&Key::trusted("FAIR")) && !both.has(&Key::trusted("other")) && Events::ALL.has_folded("other"));
        assert_eq!((expo.one().map(Key::as_str), both.one(), Events::ALL.one()), (Some("Expo"), None, None));
    }

    #[test]
    fn what_is_kept_reads_back() {
        for events in [Events::ALL, these(&["Expo"]), these(&["fair", "Expo"])] {
            assert_eq!(Events::from_text(events.to_text().as_deref()), events, "{events}");
        }
        assert_eq!(these(&["fair", "expo"]).to_string(), "the events expo, fair");
    }
}
