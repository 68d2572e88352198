//! CloudEvents, single and in batches.

use serde_json::{Value, json};

use super::{NOW, parse_body};
use crate::ingest::{Drafts, event_id};

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
