//! One meaning: what the store finds is what the definition says, for any activities and any conjunction of filter sets.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::test_runner::{Config, TestError, TestRunner};

use super::plain::Plain;
use super::sample::{CAMPAIGNS, Drawn, EVENTS, MESSAGES, PARTNERS, TAGS, any_activity, any_correction, any_filter, any_within};
use super::{Bounds, Open, Subject, key};
use crate::auth::Actor;
use crate::domain::{NewActivity, Seq};
use crate::filter::{Field, FilterSet};
use crate::store::{At, Change, Condition, Correction, FacetQuery, NamedKind, Order, PageEnd, PageQuery};

/// Logs, and filter sets tried on each: 6,000 in all, on some 30 activities each.
const CASES: u32 = 20;
const FILTERS: usize = 300;
/// Parts in which the activities of a log are appended, with what the backend does behind its writer in between.
const PARTS: usize = 5;
/// Steps of that at one point at most.
const STEPS_MAX: usize = 3;
/// Facets of all fields cost as much as twenty pages: every so many filter sets they are counted too.
const FACETS_EVERY: usize = 10;

pub(crate) async fn sql_agrees_with_the_definition(open: Open) {
    let handle = tokio::runtime::Handle::current();
    let tried = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { cases: CASES, max_shrink_iters: 64, ..Config::default() });
        let (steps, corrections) = (vec(0..=STEPS_MAX, PARTS + 1), vec(vec(any_correction(), 0..5), PARTS));
        let input = ((vec(any_activity(), 1..60), corrections), steps, vec((any_within(), any_filter()), FILTERS));
        runner.run(&input, |((activities, corrections), steps, filters)| {
            handle.block_on(try_case(open, activities, corrections, steps, filters));
            Ok(())
        })
    });
    // The reason names the filter set; the whole input would fill screens.
    match tried.await.expect("ran") {
        Err(TestError::Fail(reason, ((activities, _), ..))) => panic!("with {} activities: {reason}", activities.len()),
        other => other.unwrap_or_else(|e| panic!("{e}")),
    }
}

async fn try_case(
    open: Open,
    activities: Vec<NewActivity>,
    corrections: Vec<Vec<Drawn>>,
    steps: Vec<usize>,
    filters: Vec<(FilterSet, FilterSet)>,
) {
    let subject = Subject::fresh(open, Bounds::SmallWindows(16)).await;
    let mut plain = Plain::default();
    let mut steps = steps.into_iter();
    let parts: Vec<_> = activities.chunks(activities.len().div_ceil(PARTS)).collect();
    for (part, activities) in parts.iter().enumerate() {
        let changes = match part {
            part if part == parts.len() / 2 => directory(&subject),
            // What comes after makes some of it anew.
            part if part == parts.len() / 2 + 1 => removals(&subject),
            _ => Vec::new(),
        };
        for change in [subject.appending(activities.to_vec())].into_iter().chain(changes) {
            plain.apply(&subject.commit(vec![change]).await);
        }
        subject.step_behind(steps.next().unwrap_or(0)).await;
        for drawn in corrections.get(part).into_iter().flatten() {
            let change = plain.correcting(subject.workspace, drawn);
            plain.apply(&subject.commit(change.into_iter().collect()).await);
        }
    }
    subject.step_behind(steps.next().unwrap_or(0)).await;
    plain.assert_same_memberships(&subject.store.log.memberships(subject.workspace).await.expect("read"));
    for (index, (within, own)) in filters.into_iter().enumerate() {
        let filter = within.and(&own);
        let want: Vec<Seq> = plain.matching(&filter).into_iter().map(|(seq, _)| seq).collect();
        assert_eq!(all_of(&subject, &filter).await, (want.clone(), plain.told(&filter, 0, Seq::MAX)), "{filter}");
        let count = subject.store.log.count(subject.workspace, filter.clone(), 0, subject.head().await).await.expect("count");
        assert_eq!(count.stored, want.len() as u64, "{filter}");
        if index % FACETS_EVERY == 0 {
            assert_facets(&subject, &plain, &within, &own).await;
        }
    }
}

/// Tags, recipients by hand, and a second spelling of keys.
fn directory(subject: &Subject) -> Vec<Change> {
    let workspace = subject.workspace;
    let mut changes = Vec::new();
    for event in EVENTS.map(key) {
        changes.push(subject.event(event.as_str(), "Shown"));
        for (index, partner) in PARTNERS.into_iter().enumerate() {
            changes.push(subject.partner(event.as_str(), &partner.to_uppercase(), "Pärtner", &TAGS[..index % 4]));
        }
        changes.extend(MESSAGES.map(|message| subject.message(event.as_str(), message, "Subject")));
        let (add, remove) = (vec![key(PARTNERS[0]), key(PARTNERS[2])], vec![key(PARTNERS[1])]);
        changes.push(Change::Recipients { workspace, event, message: key(MESSAGES[0]), add, remove, by: Actor::Server });
    }
    changes
}

/// A partner and a message that are deleted, where they are.
fn removals(subject: &Subject) -> Vec<Change> {
    let remove = |event: &str, kind, one: &str| {
        let at = At::within(subject.workspace, key(event), key(one));
        Change::Remove { at, kind, condition: Condition::None, by: Actor::Server }
    };
    vec![
        remove(EVENTS[0], NamedKind::Partner, PARTNERS[2]),
        remove(EVENTS[1], NamedKind::Partner, PARTNERS[3]),
        remove(EVENTS[0], NamedKind::Message, MESSAGES[0]),
        remove(EVENTS[1], NamedKind::Campaign, CAMPAIGNS[0]),
    ]
}

async fn all_of(subject: &Subject, filter: &FilterSet) -> (Vec<Seq>, Vec<Correction>) {
    let query = PageQuery {
        filter: filter.clone(),
        after: 0,
        up_to: None,
        since: None,
        until: None,
        order: Order::OldestFirst,
        limit: 1_000,
        bytes_max: usize::MAX,
        corrections: true,
    };
    let page = subject.store.log.page(subject.workspace, query).await.expect("page");
    assert_eq!(page.end, PageEnd::Range);
    (page.items.into_iter().map(|item| item.seq).collect(), page.corrections)
}

/// Facets of every field against counting by the definition.
async fn assert_facets(subject: &Subject, plain: &Plain, within: &FilterSet, filter: &FilterSet) {
    let under = |own: &FilterSet| within.and(own);
    let by: Vec<Field> = Field::ALL.into_iter().filter(|f| *f != Field::Id).collect();
    let query = FacetQuery { filter: filter.clone(), within: within.clone(), by, since: None, until: None, values_max: 1_000 };
    let facets = subject.store.log.facets(subject.workspace, query).await.expect("facets");
    assert!(facets.complete);
    assert_eq!(facets.total, plain.matching(&under(filter)).len() as u64, "{filter} within {within}");
    for ((field, values), (_, rest)) in facets.by.iter().zip(&facets.rest) {
        assert_eq!(*rest, 0, "{filter}");
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (_, activity) in plain.matching(&under(&filter.without(*field))) {
            let memberships = plain.of(activity);
            let facts = &activity.facts;
            let one = |value: &str| vec![value.to_owned()];
            let maybe = |value: &Option<std::sync::Arc<str>>| value.iter().map(|v| v.to_string()).collect();
            let values: Vec<String> = match field {
                Field::Event => one(&facts.event),
                Field::Partner => one(&facts.partner),
                Field::Flavor => one(&facts.flavor),
                Field::Message => memberships.messages.iter().map(|m| m.to_string()).collect(),
                Field::Tag => memberships.tags.iter().map(|t| t.to_string()).collect(),
                Field::About => maybe(&facts.message),
                Field::Campaign => maybe(&facts.campaign),
                Field::Actor => one(facts.actor.as_str()),
                Field::Device => one(facts.device.as_str()),
                Field::Grade => one(facts.grade.as_str()),
                Field::Platform => maybe(&facts.platform),
                Field::Browser => maybe(&facts.browser),
                Field::Source => maybe(&facts.source_host),
                Field::Referrer => maybe(&facts.referrer_host),
                Field::Id => Vec::new(),
            };
            for value in values {
                *counts.entry(value).or_default() += 1;
            }
        }
        // Beside the plain values stand the chosen ones that are no plain value: a family, a prefix, a key in one event.
        let plain_form = |value: &str| !value.ends_with('*') && !value.contains('/');
        let got: BTreeMap<String, u64> = values
            .iter()
            .filter(|v| v.count > 0 && plain_form(&v.value))
            .map(|v| (crate::domain::fold(&v.value).into_owned(), v.count))
            .collect();
        assert_eq!(got, counts, "{} under {filter} within {within}", field.as_str());
        assert_chosen(plain, within, filter, *field, values);
    }
}

/// What the filter names is listed, with the count that naming it alone would give.
fn assert_chosen(plain: &Plain, within: &FilterSet, filter: &FilterSet, field: Field, values: &[crate::store::FacetValue]) {
    for clause in filter.clauses().iter().filter(|c| c.field == field) {
        for chosen in &clause.values {
            let alone = crate::filter::Clause { negated: false, values: vec![chosen.clone()], ..clause.clone() };
            let under = plain.matching(&within.and(&filter.without(field)));
            let want = under.into_iter().filter(|(_, a)| alone.passes(&a.facts, &plain.of(a))).count() as u64;
            let found = values.iter().find(|v| crate::domain::fold(&v.value) == **chosen);
            assert_eq!(found.map(|v| v.count), Some(want), "{chosen} of {} under {filter}", field.as_str());
        }
    }
}
