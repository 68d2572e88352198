//! Why an activity is not in a view.

use std::sync::Arc;

use serde::Serialize;

use super::field::Field;
use super::set::FilterSet;
use crate::domain::{Facts, Memberships};

/// One clause that keeps an activity out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exclusion {
    /// The clause, as in `partner`, `not.browser` or `text`.
    pub clause: String,
    /// What the clause asks for, or, under `not`, refuses.
    pub wanted: Vec<Arc<str>>,
    /// What the activity has there: text, a list for memberships, or nothing.
    pub actual: Actual,
}

/// What an activity has in a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Actual {
    /// One value, or none.
    One(Option<Arc<str>>),
    /// Every message or tag of the partner.
    Many(Vec<Arc<str>>),
}

impl FilterSet {
    /// The clauses that keep the activity out, in canonical order; empty exactly when it matches.
    pub fn excluded_by(&self, facts: &Facts, memberships: &Memberships) -> Vec<Exclusion> {
        let failed = self.clauses().iter().filter(|c| !c.passes(facts, memberships));
        let mut out: Vec<_> =
            failed.map(|c| Exclusion { clause: c.name(), wanted: c.values.clone(), actual: actual(c.field, facts, memberships) }).collect();
        let missing: Vec<_> = self.words().iter().filter(|w| !facts.search.has_word(w)).cloned().collect();
        if !missing.is_empty() {
            out.push(Exclusion { clause: "text".to_owned(), wanted: missing, actual: Actual::One(None) });
        }
        out
    }
}

fn actual(field: Field, facts: &Facts, memberships: &Memberships) -> Actual {
    Actual::One(match field {
        Field::Message => return Actual::Many(memberships.messages.clone()),
        Field::Tag => return Actual::Many(memberships.tags.clone()),
        Field::Event => Some(facts.event.clone()),
        Field::Partner => Some(facts.partner.clone()),
        Field::Flavor => Some(facts.flavor.clone()),
        Field::About => facts.message.clone(),
        Field::Campaign => facts.campaign.clone(),
        Field::Actor => Some(facts.actor.as_str().into()),
        Field::Device => Some(facts.device.as_str().into()),
        Field::Grade => Some(facts.grade.as_str().into()),
        Field::Platform => facts.platform.clone(),
        Field::Browser => facts.browser.clone(),
        Field::Source => facts.source_host.clone(),
        Field::Referrer => facts.referrer_host.clone(),
        Field::Id => Some(facts.id.to_string().into()),
    })
}
