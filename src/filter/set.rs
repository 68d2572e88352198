//! A filter set in its canonical form.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::field::Field;
use crate::domain::{Events, Key, Mask, MembershipSet};

/// One clause: an activity passes when the field has any of the values, or, negated, none of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Clause {
    /// What is asked.
    pub field: Field,
    /// True under `not`.
    pub negated: bool,
    /// Canonical values: folded, aliases resolved, sorted, each once. Empty only where [`FilterSet::and`] left nothing.
    pub values: Vec<Arc<str>>,
}

/// What one subscription wants: a conjunction of clauses and words. Always in canonical form, so equal
/// filter sets are equal values and hash alike. The default is everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FilterSet {
    clauses: Vec<Clause>,
    words: Vec<Arc<str>>,
}

/// How a canonical value is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueForm<'a> {
    /// The field equals it.
    Exact(&'a str),
    /// A flavor that begins with this, the dot included (`message.` of `message.*`).
    Family(&'a str),
    /// A key in one event.
    InEvent {
        /// Key of the event.
        event: &'a str,
        /// Key in it.
        key: &'a str,
    },
    /// A URL whose normal form begins with this, the normal form of a prefix.
    UrlPrefix(&'a str),
}

impl Clause {
    /// True when asking by it tells something of what a mask leaves out, by whether anything answers.
    fn tells_under(&self, mask: Mask) -> bool {
        let prefixes = || self.values.iter().any(|value| matches!(self.form(value), ValueForm::UrlPrefix(_)));
        match self.field {
            Field::Id => true,
            Field::Source | Field::Referrer => prefixes(),
            Field::Partner => mask >= Mask::Names,
            _ => false,
        }
    }

    /// How one of its values is to be read.
    pub fn form<'a>(&self, value: &'a str) -> ValueForm<'a> {
        form_of(self.field, value)
    }

    /// `partner` or `not.partner`.
    pub fn name(&self) -> String {
        match self.negated {
            true => format!("not.{}", self.field.as_str()),
            false => self.field.as_str().to_owned(),
        }
    }
}

/// How a canonical value of `field` is to be read.
pub(super) fn form_of(field: Field, value: &str) -> ValueForm<'_> {
    if field == Field::Flavor {
        if let Some(family) = value.strip_suffix('*') {
            return ValueForm::Family(family);
        }
    } else if field.is_event_key() {
        if let Some((event, key)) = value.split_once('/') {
            return ValueForm::InEvent { event, key };
        }
    } else if matches!(field, Field::Source | Field::Referrer) && value.contains("://") {
        return ValueForm::UrlPrefix(value);
    }
    ValueForm::Exact(value)
}

impl FilterSet {
    /// Brings clauses and words, whose values are canonical one by one, into canonical order.
    pub(super) fn canonical(mut clauses: Vec<Clause>, mut words: Vec<Arc<str>>) -> Self {
        for clause in &mut clauses {
            clause.values.sort_unstable();
            clause.values.dedup();
        }
        clauses.sort_unstable();
        clauses.dedup();
        words.sort_unstable();
        words.dedup();
        Self { clauses, words }
    }

    /// One clause of one value, which is canonical.
    pub fn one(field: Field, value: &str) -> Self {
        Self::canonical(vec![Clause { field, negated: false, values: vec![value.into()] }], Vec::new())
    }

    /// What exists for whoever is bound to an event, and perhaps to one partner of it.
    pub fn granted(events: &Events, partner: Option<&Key>) -> Self {
        let Some(keys) = events.keys() else { return Self::default() };
        let of = Self::of_events(keys);
        match (partner, events.one()) {
            (Some(partner), Some(event)) => {
                let clause = Clause {
                    field: Field::Partner,
                    negated: false,
                    values: vec![format!("{}/{}", event.folded(), partner.folded()).into()],
                };
                of.and(&Self::canonical(vec![clause], Vec::new()))
            }
            _ => of,
        }
    }

    /// The first part of it, by its name, that tells something of what a mask leaves out.
    pub fn tells_under(&self, mask: Mask) -> Option<String> {
        let clause = self.clauses.iter().find(|clause| clause.tells_under(mask)).map(Clause::name);
        clause.or_else(|| (!self.words.is_empty()).then(|| "text".to_owned()))
    }

    /// The clauses by field, positive ones before the negated one. At most one of each, but for what [`FilterSet::and`] put
    /// together: several positive ones of a field must all be passed.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// The folded words of the text search.
    pub fn words(&self) -> &[Arc<str>] {
        &self.words
    }

    /// True when it asks for nothing, so everything matches.
    pub fn is_everything(&self) -> bool {
        self.clauses.is_empty() && self.words.is_empty()
    }

    /// The same without the clauses of one field (as facets count it).
    pub fn without(&self, field: Field) -> Self {
        Self { clauses: self.clauses.iter().filter(|c| c.field != field).cloned().collect(), words: self.words.clone() }
    }

    /// True when an activity of this event may match.
    pub fn admits_event(&self, event: &Arc<str>) -> bool {
        self.clauses.iter().filter(|c| c.field == Field::Event).all(|c| c.values.contains(event) != c.negated)
    }

    /// The event, when it asks for exactly one.
    pub fn only_event(&self) -> Option<&Arc<str>> {
        let clause = self.clauses.iter().find(|c| c.field == Field::Event && !c.negated)?;
        if let [one] = clause.values.as_slice() { Some(one) } else { None }
    }

    /// True when it asks for an event, or a key in an event, that is none of these.
    pub fn names_other_event(&self, events: &Events) -> bool {
        self.clauses.iter().any(|clause| {
            clause.values.iter().any(|value| match clause.form(value) {
                ValueForm::InEvent { event: named, .. } => !events.has_folded(named),
                _ => clause.field == Field::Event && !events.has_folded(value),
            })
        })
    }

    /// True when a change of who belongs to `value` (of `event`) can change what matches.
    pub fn depends_on(&self, set: MembershipSet, event: &str, value: &str) -> bool {
        self.clauses.iter().filter(|c| c.field.membership() == Some(set)).any(|c| {
            c.values.iter().any(|wanted| match c.form(wanted) {
                ValueForm::InEvent { event: e, key } => e == event && key == value,
                ValueForm::Exact(key) => key == value,
                _ => false,
            })
        })
    }

    /// True when it asks for recipients or tags at all.
    pub fn asks_membership(&self) -> bool {
        self.clauses.iter().any(|c| c.field.membership().is_some())
    }

    /// Canonical query form, `partner=acme&not.browser=chrome&text=pricing`, percent-encoded.
    pub fn to_query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for clause in &self.clauses {
            let name = clause.name();
            for value in &clause.values {
                query.append_pair(&name, value);
            }
        }
        if !self.words.is_empty() {
            query.append_pair("text", &self.words.join(" "));
        }
        query.finish()
    }
}

impl fmt::Display for FilterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_query())
    }
}

/// The JSON form of protocol, canonical.
impl Serialize for FilterSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Clauses<'a>(&'a [Clause]);
        impl Serialize for Clauses<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().filter(|c| c.negated).map(|c| (c.field.as_str(), &c.values)))
            }
        }
        let mut map = serializer.serialize_map(None)?;
        for clause in self.clauses.iter().filter(|c| !c.negated) {
            map.serialize_entry(clause.field.as_str(), &clause.values)?;
        }
        if self.clauses.iter().any(|c| c.negated) {
            map.serialize_entry("not", &Clauses(&self.clauses))?;
        }
        if !self.words.is_empty() {
            map.serialize_entry("text", &self.words.join(" "))?;
        }
        map.end()
    }
}
