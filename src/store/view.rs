//! A view: a filter set with a name, and how it is shown.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::auth::Actor;
use crate::domain::{Events, Key};
use crate::filter::FilterSet;

/// Views that are there from the start: key, name, and the flavors that they take; all flavors where none is named.
pub const STANDARD_VIEWS: [(&str, &str, &[&str]); 4] = [
    ("all-activities", "All activities", &[]),
    ("all-opens", "All opens", &["invite.email_opened", "message.opened"]),
    ("all-registrations", "All registrations", &["registration.completed"]),
    ("all-shares", "All shares", &["content.shared"]),
];

/// All of a view but its key and name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The one event that it is of.
    pub event: Option<Key>,
    /// Which activities are in it, in canonical form.
    pub filter: FilterSet,
    /// What a list shows of each, in this order; the usual where none is named.
    pub columns: Vec<String>,
    /// Width of the chart's buckets; no chart without it.
    pub chart: Option<String>,
    /// IANA time zone; that of the event without it.
    pub zone: Option<String>,
    /// Whose it is, as `member:7`; the team's without it.
    pub owner: Option<String>,
    /// Whether it is shown first for its event: one at most of each event and owner.
    pub default: bool,
}

/// A view as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    event: Option<String>,
    filter: Value,
    columns: Vec<String>,
    chart: Option<String>,
    zone: Option<String>,
    owner: Option<String>,
    default: bool,
}

impl View {
    /// One of the standard set.
    pub fn of_flavors(flavors: &[&str]) -> Self {
        let pairs = flavors.iter().map(|flavor| ("flavor", *flavor));
        // A test holds the standard set to being filter sets.
        Self { filter: FilterSet::from_pairs(pairs).unwrap_or_default(), ..Self::default() }
    }

    /// Which activities are in it: its filter set, within its event.
    pub fn wanted(&self) -> FilterSet {
        self.event.as_ref().map(FilterSet::of_event).unwrap_or_default().and(&self.filter)
    }

    /// Whose a private view of somebody is.
    pub fn owner_of(actor: Actor) -> String {
        actor.number().map_or_else(|| actor.kind().to_owned(), |number| format!("{}:{number}", actor.kind()))
    }

    /// Whether it exists for somebody: a private one for its maker; one that is of another event, or names one, not for who
    /// is bound to others.
    pub fn is_seen_by(&self, actor: Actor, events: &Events) -> bool {
        let mine = self.owner.as_ref().is_none_or(|owner| *owner == Self::owner_of(actor));
        mine && self.is_within(events, true)
    }

    /// Whether it is of one of these events and names no other; with `or_all` one of all events too.
    pub fn is_within(&self, events: &Events, or_all: bool) -> bool {
        events.is_all() || self.event.as_ref().map_or(or_all, |of| events.has(of)) && !self.filter.names_other_event(events)
    }

    /// As it is kept: the same view is always the same text.
    pub fn to_json(&self) -> String {
        let Self { event, filter, columns, chart, zone, owner, default } = self.clone();
        let filter = serde_json::to_value(&filter).unwrap_or_default();
        let event = event.map(|event| event.to_string());
        serde_json::to_string(&Kept { event, filter, columns, chart, zone, owner, default }).unwrap_or_default()
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let Kept { event, filter, columns, chart, zone, owner, default } = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let filter = FilterSet::from_json(&filter).map_err(|e| e.to_string())?;
        Ok(Self { event: event.as_deref().map(Key::trusted), filter, columns, chart, zone, owner, default })
    }

    /// Whether its filter set asks for a thing of an event by its key: one of these fields has it among its values, wanted or not.
    pub fn names(&self, fields: &[crate::filter::Field], event: &str, key: &str) -> bool {
        use crate::filter::ValueForm;
        let in_event = self.event.as_ref().is_none_or(|of| **of.folded() == *event);
        self.filter.clauses().iter().filter(|clause| fields.contains(&clause.field)).any(|clause| {
            clause.values.iter().any(|value| match clause.form(value) {
                ValueForm::InEvent { event: of, key: named } => of == event && named == key,
                _ => in_event && **value == *key,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{STANDARD_VIEWS, View};
    use crate::domain::Key;
    use crate::filter::{Field, FilterSet};

    #[test]
    fn what_is_kept_reads_back() {
        let filter = FilterSet::from_pairs([("partner", "Acme"), ("not.browser", "IE"), ("text", "deck")]).expect("a filter set");
        let view =
            View { event: Some(Key::trusted("Expo")), filter, columns: vec!["partner".to_owned()], default: true, ..View::default() };
        assert_eq!(View::from_json(&view.to_json()), Ok(view));
        for (_, _, flavors) in STANDARD_VIEWS {
            let view = View::of_flavors(flavors);
            assert_eq!(view.filter.is_everything(), flavors.is_empty(), "{flavors:?}");
            assert_eq!(View::from_json(&view.to_json()), Ok(view));
        }
    }

    #[test]
    fn what_a_view_names() {
        let of = |pairs: &[(&str, &str)], event: Option<&str>| View {
            filter: FilterSet::from_pairs(pairs.iter().copied()).expect("a filter set"),
            event: event.map(Key::trusted),
            ..View::default()
        };
        for (pairs, event, named) in [
            (&[("message", "Welcome")][..], None, true),
            (&[("not.about", "welcome")], Some("EXPO"), true),
            (&[("message", "welcome")], Some("fair"), false),
            (&[("message", "expo/welcome")], None, true),
            (&[("message", "fair/welcome")], None, false),
            (&[("campaign", "welcome")], None, false),
            (&[], None, false),
        ] {
            assert_eq!(of(pairs, event).names(&[Field::Message, Field::About], "expo", "welcome"), named, "{pairs:?} {event:?}");
        }
    }
}
