//! What a reader wants: several filter sets that must all hold.
//!
//! A key may be bound to an event, a view has a filter set of its own, and who reads by both narrows further. An activity
//! passes when every part wants it, and no part is rewritten: two clauses on `message` stay two, "recipient of A and of B".
//! Parts become one [`FilterSet`] in canonical form ([`FilterSet::and`]), which is what the index and the store execute.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::field::Field;
use super::set::{Clause, FilterSet, ValueForm};
use super::why::Exclusion;
use crate::domain::{Facts, Key, Memberships};

/// At most three filter sets: what the credential sees, what the view holds, and what the caller asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conjunction {
    /// What exists for whoever asks.
    pub grant: FilterSet,
    /// The view, with its event.
    pub view: FilterSet,
    /// What the caller asks for.
    pub own: FilterSet,
}

impl Conjunction {
    /// All of it as one filter set.
    pub fn whole(&self) -> FilterSet {
        self.within().and(&self.own)
    }

    /// What the caller cannot widen.
    pub fn within(&self) -> FilterSet {
        self.grant.and(&self.view)
    }

    /// The clauses that keep the activity out, those of the view told as such; empty exactly when it matches. What the
    /// credential does not see is never asked about.
    pub fn excluded_by(&self, facts: &Facts, memberships: &Memberships) -> Vec<Exclusion> {
        let of_view = self.view.excluded_by(facts, memberships).into_iter();
        let of_view = of_view.map(|exclusion| Exclusion { part: Some("view"), ..exclusion });
        of_view.chain(self.own.excluded_by(facts, memberships)).collect()
    }
}

impl FilterSet {
    /// Everything of one event.
    pub fn of_event(event: &Key) -> Self {
        Self::of_events(std::slice::from_ref(event))
    }

    /// Everything of these events, of which none is twice, by the order of their folded keys.
    pub fn of_events(events: &[Key]) -> Self {
        let values = events.iter().map(|event| event.folded().clone()).collect();
        let clause = Clause { field: Field::Event, negated: false, values };
        Self::canonical(vec![clause], Vec::new())
    }

    /// What both want, in canonical form: the same whichever comes first and however often.
    ///
    /// None of two lists is none of both together, for any field. Of a field of which an activity has one value, lists of
    /// exact values intersect; an empty list is passed by nothing. Everything else stays a clause of its own: memberships, of
    /// which a partner has many, and families, keys in one event and URL prefixes, whose intersection no list of values tells.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut by_field: BTreeMap<(Field, bool), Vec<&Clause>> = BTreeMap::new();
        for clause in self.clauses().iter().chain(other.clauses()) {
            by_field.entry((clause.field, clause.negated)).or_default().push(clause);
        }
        let mut clauses = Vec::new();
        for ((field, negated), given) in by_field {
            match negated {
                true => {
                    let values = given.into_iter().flat_map(|clause| clause.values.iter().cloned()).collect();
                    clauses.push(Clause { field, negated, values });
                }
                false => all_of(field, &given, &mut clauses),
            }
        }
        Self::canonical(clauses, self.words().iter().chain(other.words()).cloned().collect())
    }
}

/// Positive clauses of one field, every one of which must be passed.
fn all_of(field: Field, given: &[&Clause], into: &mut Vec<Clause>) {
    let is_exact = |clause: &&&Clause| {
        field.membership().is_none() && clause.values.iter().all(|value| matches!(clause.form(value), ValueForm::Exact(_)))
    };
    let (exact, residual): (Vec<&Clause>, Vec<&Clause>) = given.iter().partition(is_exact);
    let mut kept: Vec<Vec<Arc<str>>> = residual.iter().map(|clause| clause.values.clone()).collect();
    if let Some((first, rest)) = exact.split_first() {
        let in_all = |value: &&Arc<str>| rest.iter().all(|clause| clause.values.contains(value));
        kept.push(first.values.iter().filter(in_all).cloned().collect());
    }
    kept.sort_unstable();
    kept.dedup();
    // A list that holds all of another one asks for nothing more.
    let holds = |wide: &[Arc<str>], narrow: &[Arc<str>]| narrow.iter().all(|value| wide.contains(value));
    let is_wider = |values: &Vec<Arc<str>>| kept.iter().any(|other| other != values && holds(values, other));
    let narrow = kept.iter().filter(|values| !is_wider(values));
    into.extend(narrow.map(|values| Clause { field, negated: false, values: values.clone() }));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{FilterSet, generators};
    use super::Conjunction;

    fn set(value: serde_json::Value) -> FilterSet {
        FilterSet::from_json(&value).expect("valid")
    }

    proptest! {
        #[test]
        fn means_that_all_hold(
            parts in (generators::filter(), generators::filter(), generators::filter()),
            facts in generators::facts(),
            memberships in generators::memberships(),
        ) {
            let (grant, view, own) = parts;
            let all = [&grant, &view, &own].iter().all(|part| part.matches(&facts, &memberships));
            let wanted = Conjunction { grant: FilterSet::default(), view: grant.and(&view), own };
            prop_assert_eq!(wanted.whole().matches(&facts, &memberships), all);
            prop_assert_eq!(wanted.excluded_by(&facts, &memberships).is_empty(), all);
        }

        /// However parts are put together, the same parts are one entry of the index.
        #[test]
        fn is_canonical(a in generators::filter(), b in generators::filter(), c in generators::filter()) {
            prop_assert_eq!(a.and(&b), b.and(&a));
            prop_assert_eq!(a.and(&b).and(&c), a.and(&b.and(&c)));
            prop_assert_eq!(a.and(&a), a.clone());
            prop_assert_eq!(a.and(&b).and(&b), a.and(&b));
            prop_assert_eq!(a.and(&FilterSet::default()), a);
        }
    }

    #[test]
    fn lists_intersect_or_stay_beside_each_other() {
        for (a, b, want) in [
            (json!({"partner":["acme","globex"]}), json!({"partner":["globex","initech"]}), "partner=globex"),
            (json!({"partner":["acme"]}), json!({"browser":["IE"]}), "partner=acme&browser=internet+explorer"),
            (json!({"not":{"partner":["acme"]}}), json!({"not":{"partner":["globex"]}}), "not.partner=acme&not.partner=globex"),
            (json!({"message":["a"]}), json!({"message":["b"]}), "message=a&message=b"),
            (json!({"message":["a"]}), json!({"message":["a","b"]}), "message=a"),
            (json!({"flavor":["message.*"]}), json!({"flavor":["message.opened"]}), "flavor=message.*&flavor=message.opened"),
            (json!({"text":"deck"}), json!({"text":"pricing deck"}), "text=deck+pricing"),
        ] {
            let (a, b) = (set(a), set(b));
            assert_eq!(a.and(&b).to_query(), want);
        }
        // Two lists on one field are not one list: both must be passed.
        assert_eq!(set(json!({"message":["a"]})).and(&set(json!({"message":["b"]}))).clauses().len(), 2);
        // Nothing in common: a clause that nothing passes, which is not the same as no clause.
        let nothing = set(json!({"event":["a"]})).and(&set(json!({"event":["b"]})));
        assert!(!nothing.is_everything() && !nothing.admits_event(&"a".into()) && !nothing.admits_event(&"b".into()));
    }
}
