//! Why an activity is not in a view.

use std::sync::Arc;

use serde::Serialize;

use super::field::Field;
use super::set::{Clause, FilterSet, ValueForm};
use crate::domain::{Facts, Memberships};

/// One clause that keeps an activity out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exclusion {
    /// `view` when it is a clause of the view; nothing when it is one of the caller's own.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub part: Option<&'static str>,
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
        let exclusion =
            |c: &Clause| Exclusion { part: None, clause: c.name(), wanted: c.values.clone(), actual: actual(c, facts, memberships) };
        let mut out: Vec<_> = failed.map(exclusion).collect();
        let missing: Vec<_> = self.words().iter().filter(|w| !facts.search.has_word(w)).cloned().collect();
        if !missing.is_empty() {
            out.push(Exclusion { part: None, clause: "text".to_owned(), wanted: missing, actual: Actual::One(None) });
        }
        out
    }
}

fn actual(clause: &Clause, facts: &Facts, memberships: &Memberships) -> Actual {
    Actual::One(match clause.field {
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
        Field::Source => place(clause, facts.source_host.as_ref(), facts.search.from_source()),
        Field::Referrer => place(clause, facts.referrer_host.as_ref(), facts.search.from_referrer()),
        Field::Id => Some(facts.id.to_string().into()),
    })
}

/// The host, or, where the clause asks for a prefix, the whole URL in normal form: the host alone would not tell why.
fn place(clause: &Clause, host: Option<&Arc<str>>, from_url: Option<&str>) -> Option<Arc<str>> {
    let prefixed = clause.values.iter().any(|value| matches!(clause.form(value), ValueForm::UrlPrefix(_)));
    let url = from_url.and_then(|text| text.split(char::is_control).next());
    if prefixed { url.map(Into::into) } else { host.cloned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{FilterSet, generators};

    proptest! {
        #[test]
        fn says_nothing_exactly_when_it_matches(
            filter in generators::filter(),
            facts in generators::facts(),
            memberships in generators::memberships(),
        ) {
            prop_assert_eq!(filter.excluded_by(&facts, &memberships).is_empty(), filter.matches(&facts, &memberships));
        }

        #[test]
        fn shows_the_url_where_a_prefix_is_asked(facts in generators::facts(), memberships in generators::memberships()) {
            let filter = FilterSet::from_json(&json!({"source":["https://nowhere.example/"]})).expect("valid");
            let told = serde_json::to_value(filter.excluded_by(&facts, &memberships)).expect("json");
            let actual = told[0]["actual"].as_str();
            prop_assert_eq!(actual.is_some(), facts.source_host.is_some());
            prop_assert!(actual.is_none_or(|url| url.starts_with("http") && !url.contains(char::is_control)), "{:?}", actual);
        }
    }
}
