//! Random filter sets, activities and memberships for property tests.
//!
//! Values come from small pools, so that filters and activities meet often; the pools hold other spellings,
//! other scripts, aliases, keys in one event and in any, families, hosts with ports and URL prefixes.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::{Field, FilterSet};
use crate::domain::{ActivityId, Actor, Device, Facts, Grade, Memberships, SearchText, WebUrl, browser_alias, fold, platform_alias};

const EVENTS: &[&str] = &["expo-2026", "Straße", "g"];
const KEYS: &[&str] = &["acme", "Globex", "Ünïon", "σίγμας", "strasse", "g", "a.c-m_e", "İstanbul"];
const FLAVORS: &[&str] = &["message.sent", "message.opened", "messages.sent", "page.viewed", "page.link.clicked", "page.link.copied"];
const FLAVORS_WANTED: &[&str] =
    &["message.sent", "message.opened", "page.viewed", "page.link.clicked", "message.*", "page.*", "page.link.*", "Messages.*", "ad.*"];
const TAGS: &[&str] = &["Gold", "vip", "Süd", "a/b", "a b"];
const PLATFORMS: &[&str] = &["macOS", "Windows", "iOS"];
const PLATFORMS_WANTED: &[&str] = &["OSX", "mac os x", "windows", "iPadOS", "Plan 9"];
const BROWSERS: &[&str] = &["Chrome", "Firefox", "Internet Explorer", "Safari"];
const BROWSERS_WANTED: &[&str] = &["IE", "Mozilla", "chrome mobile", "SAFARI", "Lynx"];
const URLS: &[&str] = &[
    "https://example.com/",
    "https://example.com",
    "https://example.com:443/pricing",
    "https://reader:secret@example.com/pricing",
    "  https://example.com/pricing/a  ",
    "https://example.com.other.example/pricing",
    "https://example.com/pricing?plan=gold",
    "http://example.com/pricing",
    "https://Example.COM:8443/Pricing/Deck",
    "https://straße.example/über",
    "https://xn--strae-oqa.example/%C3%BCber/a%2Fb",
    "https://b.example/",
    "https://b.example/x/../a b",
];
const PLACES_WANTED: &[&str] = &[
    "example.com",
    "EXAMPLE.com",
    "straße.example",
    "xn--strae-oqa.example",
    "b.example",
    "https://example.com/",
    "https://example.com",
    "https://example.com:443/",
    "https://nobody@example.com/pri",
    " https://example.com/pricing ",
    "https://example.com:8443",
    "https://example.com.other.example",
    "https://example.com/pricing",
    "https://EXAMPLE.com/pricing?plan=",
    "https://example.com:8443/pricing/",
    "https://e",
    "http://example.com:80",
    "https://straße.example/Ü",
    "https://straße.example/%C3%BC",
    "https://xn--strae-oqa.example/",
    "https://b.example/a%20",
    "https://example.com/prize",
];
const TEXTS: &[&str] = &["Acme Inc", "Opened the message", "Süddeutsche Straße", "pricing deck", "δοκιμή", "12.5"];
const WORDS: &[&str] = &["acme", "PRICING", "Strasse", "ß", "the message", "deck", "δοκιμη", "δοκιμή", "a", "12", "example.com", "zebra"];

/// A number of ids small enough that they are asked for.
const IDS: u128 = 6;

fn id(number: u128) -> ActivityId {
    ActivityId(uuid::Uuid::from_u128(0x0198_c7a2_4d1e_7000_8000_0000_0000_0000 + number))
}

fn folded(text: &str) -> Arc<str> {
    fold(text).into()
}

fn key(pool: &'static [&'static str]) -> impl Strategy<Value = Arc<str>> {
    select(pool).prop_map(folded)
}

/// A value as a person may give it for a field.
fn wanted(field: Field) -> BoxedStrategy<String> {
    let of = |pool: &'static [&'static str]| select(pool).prop_map(str::to_owned).boxed();
    match field {
        Field::Event => of(EVENTS),
        Field::Partner | Field::Message | Field::About | Field::Campaign => {
            (select(KEYS), weighted(0.4, select(EVENTS)), any::<bool>()).prop_map(|(key, event, loud)| spell(key, event, loud)).boxed()
        }
        Field::Flavor => of(FLAVORS_WANTED),
        Field::Actor => select(Actor::ALL).prop_map(|v| v.as_str().to_owned()).boxed(),
        Field::Device => select(&Device::ALL[..4]).prop_map(|v| v.as_str().to_owned()).boxed(),
        Field::Grade => select(Grade::ALL).prop_map(|v| v.as_str().to_owned()).boxed(),
        Field::Tag => of(TAGS),
        Field::Platform => of(PLATFORMS_WANTED),
        Field::Browser => of(BROWSERS_WANTED),
        Field::Source | Field::Referrer => of(PLACES_WANTED),
        Field::Id => (0..IDS).prop_map(|n| id(n).to_string()).boxed(),
    }
}

fn spell(key: &str, event: Option<&str>, loud: bool) -> String {
    let key = if loud { key.to_uppercase() } else { key.to_owned() };
    event.map_or(key.clone(), |event| format!("{event}/{key}"))
}

/// Fields with few values, which an index cannot tell filters apart by.
const BROAD: &[Field] = &[Field::Flavor, Field::Actor, Field::Device, Field::Grade, Field::Platform, Field::Browser];

type GivenClause = (Field, bool, Vec<String>);

fn clause(fields: &'static [Field]) -> impl Strategy<Value = GivenClause> {
    // Now and then more values than are looked through one by one.
    let count = prop_oneof![12 => 1_usize..5, 1 => 20_usize..60];
    (select(fields), count).prop_flat_map(|(field, count)| (Just(field), prop::bool::weighted(0.35), vec(wanted(field), count)))
}

/// The JSON of a filter set, as a client may send it.
pub(crate) fn filter_json() -> impl Strategy<Value = Value> {
    json_of(vec(clause(&Field::ALL), 0..4))
}

fn json_of(clauses: impl Strategy<Value = Vec<GivenClause>>) -> impl Strategy<Value = Value> {
    (clauses, weighted(0.15, vec(select(WORDS), 1..3))).prop_map(|(clauses, words)| {
        let (mut set, mut not) = (Map::new(), Map::new());
        for (field, negated, values) in clauses {
            let part = if negated { &mut not } else { &mut set };
            part.insert(field.as_str().to_owned(), json!(values));
        }
        if !not.is_empty() {
            set.insert("not".to_owned(), Value::Object(not));
        }
        if let Some(words) = words {
            set.insert("text".to_owned(), json!(words.join(" ")));
        }
        Value::Object(set)
    })
}

/// A filter set.
pub(crate) fn filter() -> impl Strategy<Value = FilterSet> {
    filter_json().prop_map(|json| FilterSet::from_json(&json).expect("the pools hold valid values"))
}

/// What several filter sets want together, or one.
pub(crate) fn conjunction() -> impl Strategy<Value = FilterSet> {
    let both = (filter(), filter()).prop_map(|(a, b)| a.and(&b));
    prop_oneof![3 => filter(), 1 => both, 1 => (filter(), filter(), filter()).prop_map(|(a, b, c)| a.and(&b).and(&c))]
}

/// A filter set that names nothing rare.
pub(crate) fn broad_filter() -> impl Strategy<Value = FilterSet> {
    json_of(vec(clause(BROAD), 2..5)).prop_map(|json| FilterSet::from_json(&json).expect("the pools hold valid values"))
}

/// What filters ask of an activity.
pub(crate) fn facts() -> impl Strategy<Value = Facts> {
    let url = || weighted(0.7, select(URLS)).prop_map(|u| u.map(|u| WebUrl::parse(u).expect("the pool holds valid URLs")));
    let named = (key(EVENTS), key(KEYS), weighted(0.5, key(KEYS)), weighted(0.5, key(KEYS)), key(FLAVORS), 0..IDS);
    let client = (
        select(Actor::ALL),
        select(&Device::ALL[..4]),
        select(Grade::ALL),
        weighted(0.8, select(PLATFORMS).prop_map(|p| platform_alias(&fold(p)).into())),
        weighted(0.8, select(BROWSERS).prop_map(|b| browser_alias(&fold(b)).into())),
    );
    let found = (url(), url(), subsequence(TEXTS, 0..4));
    (named, client, found).prop_map(|(named, client, (source, referrer, texts))| {
        let (event, partner, message, campaign, flavor, number) = named;
        let (actor, device, grade, platform, browser) = client;
        Facts {
            id: id(number),
            event,
            partner,
            flavor,
            message,
            campaign,
            actor,
            device,
            grade,
            platform,
            browser,
            source_host: source.as_ref().map(|u| u.host().clone()),
            referrer_host: referrer.as_ref().map(|u| u.host().clone()),
            search: SearchText::of(source.as_ref(), referrer.as_ref(), texts),
        }
    })
}

/// What a partner belongs to.
pub(crate) fn memberships() -> impl Strategy<Value = Memberships> {
    (subsequence(KEYS, 0..4), subsequence(TAGS, 0..3)).prop_map(|(messages, tags)| {
        let sorted = |given: Vec<&str>| {
            let mut values: Vec<Arc<str>> = given.into_iter().map(folded).collect();
            values.sort_unstable();
            values.dedup();
            values
        };
        Memberships { messages: sorted(messages), tags: sorted(tags) }
    })
}

/// Key of an event.
pub(crate) fn event() -> impl Strategy<Value = Arc<str>> {
    key(EVENTS)
}

/// Key of a message, or a tag.
pub(crate) fn member_of() -> impl Strategy<Value = Arc<str>> {
    prop_oneof![key(KEYS), key(TAGS)]
}
