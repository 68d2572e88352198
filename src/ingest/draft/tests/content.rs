//! When two drafts have the same content, and that no input can break the parser.

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, prop_assert_ne, proptest};
use serde_json::{Map, Value, json};

use super::{accepted, one, parse_body, parse_bound, with};

fn hash(fields: Value) -> [u8; 16] {
    accepted(&with(fields)).content_hash
}

#[test]
fn spellings_of_one_content_are_equal() {
    for (one, other) in [
        (json!({}), json!({"message": null, "properties": {}, "id": "0198c7a2-4d1e-7000-8000-000000000000"})),
        (json!({"partner": "Straße"}), json!({"partner": "STRASSE"})),
        (json!({"occurred_at": "2026-11-22T09:14:03Z"}), json!({"occurred_at": "2026-11-22T10:14:03.0004+01:00"})),
        (json!({"properties": {"a": 1, "b": 2}}), json!({"properties": {"b": 2.0, "a": 1, "c": null}})),
        (json!({"properties": {"a": 0}}), json!({"properties": {"a": -0.0}})),
        (json!({"platform": "OSX"}), json!({"platform": {"name": "macOS", "version": null}})),
        (json!({"ip": "203.0.113.9"}), json!({"ip": "::ffff:203.0.113.77"})),
        (json!({"ip": "203.0.113.9"}), json!({"ip": "203.0.113.9:80, 198.51.100.4"})),
        (json!({}), json!({"message": "", "campaign": "", "user_agent": "", "referrer_url": "", "occurred_at": "", "id": "", "ip": ""})),
        (json!({"source_url": "https://a.example/"}), json!({"source_url": " https://a.example/ "})),
    ] {
        assert_eq!(hash(one.clone()), hash(other.clone()), "{one} {other}");
    }
    // An escape is a spelling too, and so is the order of names.
    let plain = one(r#"{"flavor":"a.b","event":"e","partner":"p"}"#).expect("accepted");
    let escaped = one(r#"{ "partner":"\u0070", "event":"E", "flavor":"a.b" }"#).expect("accepted");
    assert_eq!(plain.content_hash, escaped.content_hash);
}

#[test]
fn any_other_field_is_other_content() {
    let fields = [
        json!({}),
        json!({"flavor": "page.link_clicked"}),
        json!({"event": "other"}),
        json!({"partner": "globex"}),
        json!({"message": "m"}),
        json!({"campaign": "m"}),
        json!({"actor": "unknown"}),
        json!({"actor": "partner"}),
        json!({"occurred_at": "2026-11-22T09:14:03.120Z"}),
        json!({"occurred_at": "2026-11-22T09:14:03.121Z"}),
        json!({"source_url": "https://a/"}),
        json!({"referrer_url": "https://a/"}),
        json!({"user_agent": "curl/8.5.0"}),
        json!({"device": "unknown"}),
        json!({"platform": "Windows"}),
        json!({"browser": "Windows"}),
        json!({"platform": {"name": "Windows", "version": "10"}}),
        json!({"ip": "203.0.114.9"}),
        json!({"ip": "203.0.113.9"}),
        json!({"properties": {"a": 1}}),
        json!({"properties": {"a": "1"}}),
        json!({"properties": {"a": true}}),
        json!({"properties": {"a": 1.5}}),
        json!({"properties": {"a": 9_007_199_254_740_993_i64}}),
        json!({"properties": {"a": 9_007_199_254_740_992_i64}}),
        json!({"properties": {"a1": ""}}),
        json!({"properties": {"a": 1, "b": 1}}),
    ];
    let hashes: std::collections::HashSet<_> = fields.iter().map(|fields| hash(fields.clone())).collect();
    assert_eq!(hashes.len(), fields.len());
}

/// Properties of every kind.
fn properties() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![any::<bool>().prop_map(Value::from), any::<i32>().prop_map(Value::from), "[a-z]{0,5}".prop_map(Value::from)];
    prop::collection::vec(("[a-c]{1,2}", value), 0..4).prop_map(Map::from_iter)
}

/// JSON that is often nearly a draft.
fn nearly_a_draft() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["page.viewed", "acme", "expo", "2026-11-22T09:14:03Z", "https://a/", "mobile"]).prop_map(Value::from),
    ];
    let name = prop_oneof![
        prop::sample::select(super::super::DraftField::ALL).prop_map(|field| field.name().to_owned()),
        prop::sample::select(vec!["specversion", "type", "source", "data", "name", "version"]).prop_map(str::to_owned),
        any::<String>(),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..12).prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

const CONTENT_TYPES: [&str; 4] =
    ["application/json", "application/x-ndjson", "application/cloudevents+json", "application/cloudevents-batch+json"];

proptest! {
    #[test]
    fn equal_properties_are_equal_content(one in properties(), other in properties()) {
        let (left, right) = (hash(json!({"properties": one})), hash(json!({"properties": other})));
        if one == other {
            prop_assert_eq!(left, right);
        } else {
            prop_assert_ne!(left, right);
        }
    }

    #[test]
    fn no_bytes_break_it(bytes: Vec<u8>, kind in 0..CONTENT_TYPES.len()) {
        let _ = parse_bound(Some(CONTENT_TYPES[kind]), &bytes, None);
    }

    #[test]
    fn no_json_breaks_it(value in nearly_a_draft(), kind in 0..CONTENT_TYPES.len()) {
        if let Ok(drafts) = parse_body(CONTENT_TYPES[kind], &value.to_string()) {
            for item in drafts.items {
                prop_assert!(item.err().is_none_or(|invalid| !invalid.is_empty()));
            }
        }
    }
}
