//! CloudEvents, single and in batches.

use serde_json::{Value, json};

use super::{NOW, Told, parse_body, parse_with};
use crate::ingest::{BodyError, Drafts, EventHeader, event_id};

fn event(fields: Value) -> Value {
    let mut event = json!({
        "specversion": "1.0", "type": "page.viewed", "source": "/shop", "id": "42", "time": "2026-11-22T09:14:03.120Z",
        "datacontenttype": "application/json", "subject": "x", "traceparent": "00-1-2-03",
        "data": {"event": "expo", "partner": "acme"}
    });
    let object = event.as_object_mut().expect("an object");
    for (name, value) in fields.as_object().expect("fields") {
        object.insert(name.clone(), value.clone());
    }
    event
}

fn single(event: &Value) -> Drafts {
    parse_body("application/cloudevents+json; charset=utf-8", &event.to_string()).expect("a body that parses")
}

#[test]
fn become_drafts() {
    let drafts = single(&event(json!({})));
    assert!(!drafts.many);
    let activity = drafts.items[0].as_ref().expect("accepted");
    assert_eq!((activity.flavor.as_str(), activity.partner.as_str(), activity.occurred_at), ("page.viewed", "acme", NOW));
    assert!(activity.id_given);
    assert_eq!(activity.id.0, event_id("/shop", "42"));
    // SHA-1 of the namespace of URLs and `/shop`, line feed, `42`: a sender can make it without us.
    assert_eq!(event_id("/shop", "42").to_string(), "067257dc-9a4a-5bb4-8c24-05256f46b66a");
    let batch = json!([event(json!({})), event(json!({"id": "43", "data": null}))]);
    let drafts = parse_body("application/cloudevents-batch+json", &batch.to_string()).expect("parses");
    assert!(drafts.many);
    assert_eq!(drafts.items.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn faults_are_told_by_their_place_in_the_event() {
    for (fields, want) in [
        (json!({"type": "Viewed"}), vec![("type", "flavor_form")]),
        (json!({"type": null}), vec![("type", "required")]),
        (json!({"time": "noon"}), vec![("time", "time_form")]),
        (json!({"specversion": "0.3"}), vec![("specversion", "unknown_value")]),
        (json!({"source": ""}), vec![("source", "empty")]),
        (json!({"id": 42}), vec![("id", "wrong_type")]),
        (json!({"id": null}), vec![("id", "required")]),
        (json!({"source": "a\nb"}), vec![("source", "bad_character")]),
        (json!({"datacontenttype": "text/xml"}), vec![("datacontenttype", "unknown_value")]),
        (json!({"data": {"event": "expo"}}), vec![("data.partner", "required")]),
        (json!({"data": {"event": "expo", "partner": "a", "colour": 1}}), vec![("data.colour", "unknown_field")]),
        (json!({"data": {"event": "expo", "partner": "a", "flavor": "a.b"}}), vec![("data.flavor", "unknown_field")]),
        (json!({"id": "\u{7}"}), vec![("id", "bad_character")]),
        (json!({"data": "text"}), vec![("data.event", "required"), ("data.partner", "required"), ("data", "wrong_type")]),
        (
            json!({"data": null, "data_base64": "e30="}),
            vec![("data.event", "required"), ("data.partner", "required"), ("data_base64", "unknown_field")],
        ),
    ] {
        let invalid = single(&event(fields.clone())).items.remove(0).expect_err("refused");
        let found: Vec<_> = invalid.faults.iter().map(|fault| (fault.path.as_str(), fault.code)).collect();
        assert_eq!(found, want, "{fields}");
    }
}

/// The attributes of an event in headers.
const HEADERS: [EventHeader<'static>; 5] = [
    ("specversion", b"1.0"),
    ("id", b"order-17"),
    ("type", b"content.shared"),
    ("source", b"https://shop.example/hall-a"),
    ("time", b"2026-11-22T09:14:03.120Z"),
];

fn binary(headers: &[EventHeader<'_>], content_type: Option<&str>, body: &str) -> Result<Drafts, BodyError> {
    parse_with(content_type, body.as_bytes(), |told| *told = Told { headers, ..Told::default() })
}

#[test]
fn headers_are_an_envelope_too() {
    let body = r#"{"event":"expo","partner":"acme","referrer_url":"about:blank","properties":{"network":"board"}}"#;
    for content_type in [None, Some("application/json"), Some("text/plain"), Some("application/vnd.shop+json")] {
        let drafts = binary(&HEADERS, content_type, body).expect("parses");
        assert!(!drafts.many);
        let activity = drafts.items[0].as_ref().expect("sound");
        assert_eq!((activity.flavor.as_str(), activity.occurred_at, activity.id_given), ("content.shared", NOW, true));
        assert_eq!(activity.id.0, event_id("https://shop.example/hall-a", "order-17"), "as in structured mode");
        let told: Vec<_> = drafts.warnings[0].1.iter().map(|fault| (fault.path.as_str(), fault.code)).collect();
        assert_eq!(told, [("referrer_url", "url_form")]);
    }
    // What the data says beside a header that wins is told.
    let both = r#"{"event":"expo","partner":"acme","flavor":"page.viewed","id":"0198c7a2-4d1e-7000-8000-000000000000"}"#;
    let drafts = binary(&HEADERS, None, both).expect("parses");
    assert_eq!(drafts.items[0].as_ref().expect("sound").flavor.as_str(), "content.shared");
    let told: Vec<_> = drafts.warnings[0].1.iter().map(|fault| (fault.path.as_str(), fault.code)).collect();
    assert_eq!(told, [("flavor", "told_by_header"), ("id", "told_by_header")]);
    let same = r#"{"event":"expo","partner":"acme","flavor":"content.shared"}"#;
    assert!(binary(&HEADERS, None, same).expect("parses").warnings.is_empty());
    // Structured mode wins over headers.
    let structured = binary(&HEADERS, Some("application/cloudevents+json"), &event(json!({})).to_string()).expect("parses");
    assert_eq!(structured.items[0].as_ref().expect("sound").id.0, event_id("/shop", "42"));
}

#[test]
fn faults_of_headers_are_told_by_their_name() {
    let body = r#"{"event":"expo","partner":"acme"}"#;
    let with = |name: &'static str, value: &'static [u8]| {
        let mut headers: Vec<EventHeader<'static>> = HEADERS.into_iter().filter(|header| header.0 != name).collect();
        headers.push((name, value));
        headers
    };
    for (headers, body, want) in [
        (with("type", b"Viewed"), body, vec![("ce-type", "flavor_form")]),
        (with("time", b"noon"), body, vec![("ce-time", "time_form")]),
        (with("specversion", b"0.3"), body, vec![("ce-specversion", "unknown_value")]),
        (with("source", b""), body, vec![("ce-source", "empty")]),
        (with("id", &[0xff]), body, vec![("ce-id", "bad_character"), ("ce-id", "required")]),
        (HEADERS[..3].to_vec(), body, vec![("ce-source", "required")]),
        (
            [HEADERS[1], HEADERS[1]].to_vec(),
            body,
            vec![("ce-type", "required"), ("ce-id", "duplicate_field"), ("ce-specversion", "unknown_value"), ("ce-source", "required")],
        ),
        (HEADERS.to_vec(), "", vec![("event", "required"), ("partner", "required")]),
    ] {
        let invalid = binary(&headers, None, body).expect("parses").items.remove(0).expect_err("refused");
        let found: Vec<_> = invalid.faults.iter().map(|fault| (fault.path.as_str(), fault.code)).collect();
        assert_eq!(found, want, "{headers:?}");
    }
    let encoded = with("id", br#""order%20\"17\"%C3%BC""#);
    let activity = binary(&encoded, None, body).expect("parses").items.remove(0).expect("sound");
    assert_eq!(activity.id.0, event_id("https://shop.example/hall-a", "order 17\u{fc}".replace("17", "\"17\"").as_str()));
    assert!(matches!(binary(&HEADERS, Some("application/x-ndjson"), body), Err(BodyError::UnsupportedMediaType(..))));
    assert!(matches!(binary(&HEADERS, None, "[]"), Err(BodyError::NotAnObject { .. })));
}
