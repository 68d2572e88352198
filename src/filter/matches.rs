//! The definition of what a filter set means.

use super::field::Field;
use super::set::{Clause, FilterSet, ValueForm};
use crate::domain::{Facts, Memberships};

impl FilterSet {
    /// True when the activity, done by a partner with these memberships, is wanted.
    ///
    /// This is the definition: linear, one clause after another, nothing precomputed.
    pub fn matches(&self, facts: &Facts, memberships: &Memberships) -> bool {
        self.clauses().iter().all(|c| c.passes(facts, memberships)) && self.words().iter().all(|w| facts.search.has_word(w))
    }
}

impl Clause {
    /// True when the activity passes this clause.
    pub fn passes(&self, facts: &Facts, memberships: &Memberships) -> bool {
        self.values.iter().any(|value| self.has(value, facts, memberships)) != self.negated
    }

    fn has(&self, value: &str, facts: &Facts, memberships: &Memberships) -> bool {
        let form = self.form(value);
        let keyed = |actual: Option<&str>| match form {
            ValueForm::InEvent { event, key } => *facts.event == *event && actual == Some(key),
            _ => actual == Some(value),
        };
        match self.field {
            Field::Event => *facts.event == *value,
            Field::Partner => keyed(Some(&facts.partner)),
            Field::About => keyed(facts.message.as_deref()),
            Field::Campaign => keyed(facts.campaign.as_deref()),
            Field::Message => memberships.messages.iter().any(|m| keyed(Some(m))),
            Field::Tag => memberships.tags.iter().any(|t| **t == *value),
            Field::Flavor => match form {
                ValueForm::Family(family) => facts.flavor.starts_with(family),
                _ => *facts.flavor == *value,
            },
            Field::Actor => facts.actor.as_str() == value,
            Field::Device => facts.device.as_str() == value,
            Field::Grade => facts.grade.as_str() == value,
            Field::Platform => facts.platform.as_deref() == Some(value),
            Field::Browser => facts.browser.as_deref() == Some(value),
            Field::Source => match form {
                ValueForm::UrlPrefix(prefix) => facts.search.source_begins(prefix),
                _ => facts.source_host.as_deref() == Some(value),
            },
            Field::Referrer => match form {
                ValueForm::UrlPrefix(prefix) => facts.search.referrer_begins(prefix),
                _ => facts.referrer_host.as_deref() == Some(value),
            },
            Field::Id => facts.id.to_string() == value,
        }
    }
}
