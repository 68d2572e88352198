//! Activities and filter sets for tests: one by hand, or any that proptest can think of from small vocabularies, so
//! that values meet often.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::{NOW, key};
use crate::domain::{ActivityId, Actor, Client, Device, Flavor, Grade, NewActivity, Properties, Property, UnixMs, WebUrl};
use crate::filter::FilterSet;

/// An activity with the id `number`, given by the sender.
pub(crate) fn activity(number: u128, flavor: &str, event: &str, partner: &str) -> NewActivity {
    NewActivity {
        id: ActivityId(Uuid::from_u128(number)),
        id_given: true,
        content_hash: [7; 16],
        flavor: Flavor::parse(flavor).expect("a flavor"),
        event: key(event),
        partner: key(partner),
        message: None,
        campaign: None,
        actor: Actor::Partner,
        occurred_at: NOW,
        source_url: None,
        referrer_url: None,
        device: Device::Desktop,
        platform: None,
        browser: None,
        grade: Grade::Unclear,
        grade_reasons: vec!["not_graded"],
        properties: Properties::new(),
    }
}

pub(super) const EVENTS: [&str; 2] = ["Expo-2026", "Messe-Köln"];
pub(super) const PARTNERS: [&str; 5] = ["acme", "Globex", "Straße", "Ünïted", "p-4"];
pub(super) const MESSAGES: [&str; 3] = ["welcome", "Letzter-Aufruf", "a%_b"];
pub(super) const CAMPAIGNS: [&str; 2] = ["invite-1", "Éclair"];
const FLAVORS: [&str; 7] =
    ["message.opened", "message.sent", "message.link_clicked", "messages.read", "dashboard.viewed", "booth.scan_done", "message.x.y"];
const PLATFORMS: [&str; 4] = ["Windows", "macOS", "İOS", "Größe%OS"];
const BROWSERS: [&str; 4] = ["Chrome", "Firefox", "Internet Explorer", "Épiphany_1"];
const URLS: [&str; 10] = [
    "https://example.com/Pricing?plan=Gold",
    "https://example.com:443",
    "https://example.com.other.example/pricing",
    "https://reader:secret@Example.com/pricing/a",
    " https://xn--mnchen-3ya.example/stra%C3%9Fe/b ",
    "https://example.com/pricing",
    "http://example.com/",
    "https://münchen.example/straße",
    "https://shop.example.com/%E2%98%83",
    "http://[2001:db8::1]:8080/x",
];
const TEXTS: [&str; 6] = ["Pricing deck", "STRASSE 4", "naïve café", "100%_done", "it's \"quoted\"", "\u{1}marked\u{2}"];
pub(super) const TAGS: [&str; 3] = ["Gold", "gößt", "late payer"];
/// Values that nothing has.
const STRAYS: [&str; 4] = ["nobody", "ac", "%", "_"];

/// Any activity; its id is drawn, so it is unlike any other's.
pub(super) fn any_activity() -> impl Strategy<Value = NewActivity> {
    let what = (any::<u128>(), select(&FLAVORS[..]), select(&EVENTS[..]), select(&PARTNERS[..]));
    let named = (weighted(0.5, select(&MESSAGES[..])), weighted(0.4, select(&CAMPAIGNS[..])));
    let words = (select(Actor::ALL), select(Device::ALL), select(Grade::ALL), -300_000i64..=300_000);
    let clients = (weighted(0.6, select(&PLATFORMS[..])), weighted(0.6, select(&BROWSERS[..])));
    let urls = (weighted(0.5, select(&URLS[..])), weighted(0.5, select(&URLS[..])));
    let properties = vec((select(&["a", "b", "c"][..]), any_property()), 0..3);
    (what, named, words, clients, urls, properties).prop_map(|(what, named, words, clients, urls, properties)| {
        let client = |name: Option<&str>| name.map(|name| Client { name: name.to_owned(), version: None });
        let url = |text: Option<&str>| text.map(|text| WebUrl::parse(text).expect("a URL"));
        NewActivity {
            message: named.0.map(key),
            campaign: named.1.map(key),
            actor: words.0,
            device: words.1,
            grade: words.2,
            occurred_at: UnixMs(NOW.0 + words.3),
            platform: client(clients.0),
            browser: client(clients.1),
            source_url: url(urls.0),
            referrer_url: url(urls.1),
            properties: properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            ..activity(what.0, what.1, what.2, what.3)
        }
    })
}

/// Which activity is corrected, and how: its grade and why, or nothing to erase it.
pub(super) type Drawn = (prop::sample::Index, Option<(Grade, &'static str)>);

/// Any correction of an activity that is there when it is made.
pub(super) fn any_correction() -> impl Strategy<Value = Drawn> {
    (any::<prop::sample::Index>(), weighted(0.7, (select(Grade::ALL), select(&["not_graded", "scanner"][..]))))
}

fn any_property() -> impl Strategy<Value = Property> {
    prop_oneof![
        select(&TEXTS[..]).prop_map(|text| Property::Text(text.to_owned())),
        (0u32..50).prop_map(|number| Property::Number(number.into())),
        any::<bool>().prop_map(Property::Bool),
    ]
}

/// Any filter set over the same vocabularies, in any spelling.
pub(super) fn any_filter() -> impl Strategy<Value = FilterSet> {
    let clause = (any::<bool>(), any_clause_values()).prop_map(|(negated, (field, values))| {
        let name = if negated { format!("not.{field}") } else { field.to_owned() };
        values.into_iter().map(|value| (name.clone(), value)).collect::<Vec<_>>()
    });
    let words = weighted(0.3, select(&["pricing", "STRASSE", "é", "%_", "Example opened", "4", "\"quoted", "deck nothing"][..]));
    (vec(clause, 0..4), words).prop_map(|(clauses, words)| {
        let text = words.map(|words| ("text".to_owned(), words.to_owned()));
        let pairs: Vec<_> = clauses.into_iter().flatten().chain(text).collect();
        FilterSet::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))).expect("a filter set")
    })
}

/// What a caller may be confined to: mostly nothing, else a filter set or two.
pub(super) fn any_within() -> impl Strategy<Value = FilterSet> {
    let both = (any_filter(), any_filter()).prop_map(|(grant, view)| grant.and(&view));
    prop_oneof![4 => Just(FilterSet::default()), 2 => any_filter(), 1 => both]
}

type Values = (&'static str, Vec<String>);

fn any_clause_values() -> impl Strategy<Value = Values> {
    let hosts = [
        "example.com",
        "münchen.example",
        "https://example.com/pricing",
        "https://example.com",
        "https://example.com:443/",
        "https://example.com:8443",
        "http://nobody@example.com",
        "https://EXAMPLE.com/P",
        "https://MÜNCHEN.example/STRASSE",
        "https://shop.example.com/%e2%98%83",
        "http://[2001:DB8::1]:8080",
        "shop.example.com",
    ];
    prop_oneof![
        values("event", &EVENTS),
        keyed("partner", &PARTNERS),
        keyed("message", &MESSAGES),
        keyed("about", &MESSAGES),
        keyed("campaign", &CAMPAIGNS),
        values("flavor", &["message.opened", "message.*", "message.x.*", "booth.scan_done", "dashboard.*", "nothing.here"]),
        values("tag", &["gold", "GÖSST", "Late Payer", "none"]),
        values("actor", &["partner", "Invitee", "unknown"]),
        values("device", &["desktop", "mobile", "unknown", "email_client"]),
        values("grade", &["human", "machine", "unclear"]),
        values("platform", &["windows", "OSX", "i\u{307}os", "grösse%os", "plan9"]),
        values("browser", &["chrome", "IE", "mozilla", "épiphany_1", "%"]),
        values("source", &hosts),
        values("referrer", &hosts),
        Just(("id", vec![ActivityId(Uuid::from_u128(3)).to_string()])),
    ]
}

fn values(field: &'static str, of: &[&'static str]) -> BoxedStrategy<Values> {
    vec(select(of.to_vec()), 1..3).prop_map(move |values| (field, values.into_iter().map(str::to_owned).collect())).boxed()
}

fn keyed(field: &'static str, of: &[&'static str]) -> BoxedStrategy<Values> {
    let of: Vec<_> = of.iter().copied().chain(STRAYS).collect();
    let one = (weighted(0.4, select(&EVENTS[..])), select(of), any::<bool>()).prop_map(|(event, key, upper)| {
        let key = if upper { key.to_uppercase() } else { key.to_owned() };
        event.map_or(key.clone(), |event| format!("{event}/{key}"))
    });
    vec(one, 1..3).prop_map(move |values| (field, values)).boxed()
}
