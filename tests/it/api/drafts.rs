//! What senders get wrong and cannot mend, over HTTP: warnings, one bad draft among good ones, metadata in headers.

use hyper::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const DRAFT: &str = r#"{"flavor":"page.viewed","event":"expo","partner":"acme"}"#;

async fn send(app: &TestApp, key: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let bearer = format!("Bearer {key}");
    let headers = [&[("authorization", bearer.as_str())], headers].concat();
    app.request(Method::POST, "/v1/activities", &headers, body.to_owned()).await
}

#[tokio::test]
async fn what_only_enriches_is_told_in_the_receipt() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let draft = |fields: Value| {
        let mut draft: Value = serde_json::from_str(DRAFT).expect("json");
        draft.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
        draft
    };
    let odd =
        draft(json!({"id": "0198c7a2-4d1e-7000-8000-000000000001", "referrer_url": "about:blank", "ip": "192.0.2.1:80", "campaign": ""}));
    for status in [201, 200] {
        let answer = send(&app, &key, &[("content-type", "application/json")], &odd.to_string()).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        let warnings = answer.json()["warnings"].clone();
        assert_eq!((&warnings[0]["path"], &warnings[0]["code"]), (&json!("referrer_url"), &json!("url_form")), "{warnings}");
        assert_eq!((&warnings[1]["path"], warnings.as_array().map(Vec::len)), (&json!("ip"), Some(2)), "{warnings}");
    }
    let secret = draft(json!({"source_url": " https://reader:secret@user.example/a "}));
    let many = json!([secret, {"flavor": "x"}, odd, draft(json!({"user_agent": "x".repeat(3_000)}))]).to_string();
    let results = send(&app, &key, &[("content-type", "text/plain;charset=UTF-8")], &many).await.json()["results"].clone();
    let warned: Vec<usize> = results.as_array().expect("results").iter().map(|r| r["warnings"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(warned, [0, 0, 2, 1], "{results}");
    let page = app.get(&key, "/v1/activities?source=https://user.example").await;
    assert_eq!(page.json()["items"][0]["source_url"], "https://user.example/a");
    assert!(!page.text().contains("secret"), "{}", page.text());
    for query in ["text=secret", "text=reader", "text=user.example%2Fa"] {
        let found = app.get(&key, &format!("/v1/activities?{query}")).await.json()["items"].as_array().map(Vec::len);
        assert_eq!(found, Some(usize::from(query.ends_with("Fa"))), "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn one_bad_draft_keeps_no_others_back() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let bad = DRAFT.replace('}', r#","properties":{"comment":"nice \ud83d"}}"#);
    for (kind, body) in
        [("application/x-ndjson", format!("{DRAFT}\n{bad}\n{DRAFT}\n")), ("application/json", format!("[{DRAFT},{bad},{DRAFT}]"))]
    {
        let answer = send(&app, &key, &[("content-type", kind)], &body).await.json();
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(1)), "{answer}");
        let fault = &answer["results"][1]["errors"][0];
        assert_eq!(fault["path"], "properties.comment");
        assert!(fault["message"].as_str().is_some_and(|m| m.contains("half of a surrogate pair")), "{fault}");
    }
    let number = DRAFT.replace('}', r#","properties":{"n":12345678901234567890123}}"#);
    let answer = send(&app, &key, &[], &number).await;
    assert_eq!(answer.code(), (422, "invalid".to_owned()));
    assert!(answer.text().contains("properties.n") && answer.text().contains("send it as text"), "{}", answer.text());
    for key_of in [".", "..", "a\u{202e}b"] {
        assert_eq!(send(&app, &key, &[], &DRAFT.replace("acme", key_of)).await.code().0, 422, "{key_of:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_word_of_the_sender_makes_the_id() {
    let app = TestApp::start().await;
    let (key, other) = (app.key("ingest,read").await, app.key("ingest").await);
    let with = |value: &'static str| [("idempotency-key", value), ("content-type", "application/json")];
    let first = send(&app, &key, &with("order-17"), DRAFT).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let again = send(&app, &key, &with("order-17"), DRAFT).await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (200, &first.json()["id"]));
    for (key, value) in [(&other, "order-17"), (&key, "order-18")] {
        let answer = send(&app, key, &with(value), DRAFT).await;
        assert!(answer.status == 201 && answer.json()["id"] != first.json()["id"], "{value}: {}", answer.text());
    }
    assert_eq!(send(&app, &key, &with("order-17"), &DRAFT.replace("acme", "globex")).await.code(), (409, "id_conflict".to_owned()));
    let named = DRAFT.replace('}', r#","id":"0198c7a2-4d1e-7000-8000-000000000001"}"#);
    for (value, body) in [("x", format!("[{DRAFT},{DRAFT}]")), ("x", named), ("", DRAFT.to_owned())] {
        let answer = send(&app, &key, &with(value), &body).await;
        assert_eq!(
            (answer.code(), answer.json()["errors"][0]["path"].clone()),
            ((400, "parameter_invalid".to_owned()), json!("Idempotency-Key")),
            "{body}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn headers_make_a_cloud_event() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "order-18"),
        ("ce-type", "content.shared"),
        ("ce-source", "https://shop.example/hall-a"),
        ("ce-time", "2026-05-19T08:00:00Z"),
        ("ce-extension", "passed over"),
        ("content-type", "application/json"),
    ];
    let first = send(&app, &key, &headers, DRAFT).await;
    assert_eq!(first.status, 201, "{}", first.text());
    assert_eq!(first.json()["warnings"][0]["path"], "flavor", "the header wins, and that is told");
    let again = send(&app, &key, &headers, DRAFT).await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (200, &first.json()["id"]));
    let structured = json!({"specversion": "1.0", "id": "order-18", "type": "content.shared", "source": "https://shop.example/hall-a",
        "time": "2026-05-19T08:00:00Z", "data": {"event": "expo", "partner": "acme"}});
    let same = send(&app, &key, &[("content-type", "application/cloudevents+json")], &structured.to_string()).await;
    assert_eq!((same.status.as_u16(), &same.json()["id"]), (200, &first.json()["id"]), "both modes are one event");
    let item = app.get(&key, "/v1/activities").await.json()["items"][0].clone();
    assert_eq!((&item["flavor"]["key"], &item["occurred_at"]), (&json!("content.shared"), &json!("2026-05-19T08:00:00.000Z")));
    let without_type = send(&app, &key, &headers[3..4], r#"{"event":"expo","partner":"acme"}"#).await;
    assert_eq!(without_type.status, 422);
    assert!(without_type.text().contains("ce-type") && without_type.text().contains("ce-id"), "{}", without_type.text());
    app.finish().await;
}

#[tokio::test]
async fn a_prefix_is_a_url() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let stored = [
        ("shop", "https://shop.example/a"),
        ("longer", "https://shop.example.other.example/a"),
        ("port", "https://shop.example:8443/a"),
        ("usual-port", "https://shop.example:443"),
        ("user", "https://reader:secret@shop.example/a"),
        ("letters", "https://b\u{fc}cher.example/\u{e4}"),
        ("punycode", "https://xn--bcher-kva.example/%C3%A4/x"),
        ("spaces", " https://space.example/a "),
        ("upper", "HTTPS://SPACE.example/A"),
    ];
    let drafts: Vec<_> =
        stored.iter().map(|(partner, url)| json!({"flavor":"a.b","event":"expo","partner":partner,"source_url":url})).collect();
    assert_eq!(app.post(&key, "/v1/activities", &json!(drafts).to_string()).await.json()["accepted"], 9);
    for (prefix, want) in [
        ("https://shop.example", &["shop", "user", "usual-port"][..]),
        ("https://shop.example:443/", &["shop", "user", "usual-port"]),
        ("https://nobody:x@shop.example/a", &["shop", "user"]),
        ("https://shop.example:8443", &["port"]),
        ("http://shop.example", &[]),
        ("https://b\u{fc}cher.example/%C3%84", &["letters", "punycode"]),
        ("https://xn--bcher-kva.example/\u{e4}/", &["punycode"]),
        ("https://space.example/", &["spaces", "upper"]),
        ("shop.example", &["port", "shop", "user", "usual-port"]),
    ] {
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("source", prefix).finish();
        let page = app.get(&key, &format!("/v1/activities?{query}")).await.json();
        let mut found: Vec<_> =
            page["items"].as_array().expect("items").iter().map(|i| i["partner"]["key"].as_str().expect("key")).collect();
        found.sort_unstable();
        assert_eq!(found, want, "{prefix}");
    }
    app.finish().await;
}
