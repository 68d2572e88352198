//! The verbs of every noun of the directory: read with a tag, changed in part, deleted and made anew, searched.

use hyper::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// A noun, a path of one, and what is sent and changed of it.
struct Noun {
    kind: &'static str,
    path: &'static str,
    other_spelling: &'static str,
    body: &'static str,
    patch: &'static str,
    /// The field that the patch changes.
    field: &'static str,
}

const NOUNS: [Noun; 4] = [
    Noun {
        kind: "event",
        path: "/v1/events/Fair",
        other_spelling: "/v1/events/FAIR",
        body: r#"{"name":"Fair"}"#,
        patch: r#"{"name":"Fair 2"}"#,
        field: "name",
    },
    Noun {
        kind: "partner",
        path: "/v1/events/expo/partners/acme",
        other_spelling: "/v1/events/expo/partners/ACME",
        body: r#"{"name":"Acme Inc","email":"desk@acme.example","company":"Acme","tags":["gold"]}"#,
        patch: r#"{"email":"other@acme.example"}"#,
        field: "email",
    },
    Noun {
        kind: "message",
        path: "/v1/events/expo/messages/welcome",
        other_spelling: "/v1/events/expo/messages/Welcome",
        body: r#"{"subject":"Welcome"}"#,
        patch: r#"{"subject":"Hello"}"#,
        field: "subject",
    },
    Noun {
        kind: "campaign",
        path: "/v1/events/expo/campaigns/c1",
        other_spelling: "/v1/events/expo/campaigns/C1",
        body: r#"{"name":"First"}"#,
        patch: r#"{"name":"Second"}"#,
        field: "name",
    },
];

async fn send(app: &TestApp, key: &str, method: Method, path: &str, condition: Option<(&str, &str)>, body: &str) -> Answer {
    let bearer = format!("Bearer {key}");
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(condition);
    if !body.is_empty() {
        headers.push(("content-type", if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" }));
    }
    app.request(method, path, &headers, body.to_owned()).await
}

async fn furnished() -> (TestApp, String) {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    assert_eq!(app.put(&key, "/v1/events/expo", r#"{"name":"Expo"}"#).await.status, 201);
    (app, key)
}

#[tokio::test]
async fn a_tag_tells_whether_a_thing_is_as_it_was() {
    let (app, key) = furnished().await;
    for Noun { path, body, patch, field, .. } in NOUNS {
        let made = app.put(&key, path, body).await;
        let tag = made.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "{path}: {tag}");
        let read = app.get(&key, path).await;
        assert_eq!((read.header("etag"), read.json()), (tag.as_str(), made.json()), "{path}");
        let known = send(&app, &key, Method::GET, path, Some(("if-none-match", &format!("\"x\", W/{tag}"))), "").await;
        assert_eq!((known.status.as_u16(), known.text(), known.header("etag")), (304, "", tag.as_str()), "{path}");
        assert_eq!(app.put(&key, path, body).await.header("etag"), tag, "{path}: the same again is the same");
        let changed = app.call(Method::PATCH, &key, path, patch).await;
        assert_ne!(changed.header("etag"), tag, "{path}");
        assert_ne!(changed.json()[field], made.json()[field], "{path}");
        let now = send(&app, &key, Method::GET, path, Some(("if-none-match", &tag)), "").await;
        assert_eq!((now.status.as_u16(), now.json(), now.header("etag")), (200, changed.json(), changed.header("etag")), "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn who_has_read_something_else_changes_nothing() {
    let (app, key) = furnished().await;
    for Noun { kind, path, body, patch, .. } in NOUNS {
        let absent = send(&app, &key, Method::PUT, path, Some(("if-match", "*")), body).await;
        assert_eq!(
            (absent.code(), &absent.json()["errors"][0]["code"]),
            ((412, "precondition_failed".to_owned()), &json!("absent")),
            "{path}"
        );
        let old = app.put(&key, path, body).await.header("etag").to_owned();
        let now = app.call(Method::PATCH, &key, path, patch).await;
        for (method, sent) in [(Method::PUT, body), (Method::PATCH, patch), (Method::DELETE, "")] {
            for condition in [old.as_str(), "\"other\"", &format!("W/{}", now.header("etag"))] {
                let refused = send(&app, &key, method.clone(), path, Some(("if-match", condition)), sent).await;
                assert_eq!(refused.code(), (412, "precondition_failed".to_owned()), "{method} {path} {condition}");
                let fault = &refused.json()["errors"][0];
                assert_eq!((&fault["path"], &fault["code"]), (&json!("If-Match"), &json!("changed")), "{path}");
                assert!(fault["message"].as_str().expect("text").contains(kind), "{fault}");
            }
            let malformed = send(&app, &key, method.clone(), path, Some(("if-match", "bare")), sent).await;
            assert_eq!(malformed.code(), (400, "parameter_invalid".to_owned()), "{method} {path}");
            assert_eq!(app.get(&key, path).await.json(), now.json(), "{method} {path}");
        }
        let good = send(&app, &key, Method::PUT, path, Some(("if-match", &format!("\"other\", {}", now.header("etag")))), body).await;
        assert_eq!(good.status, 200, "{path}");
        let good = send(&app, &key, Method::PATCH, path, Some(("if-match", good.header("etag"))), patch).await;
        assert_eq!((good.status.as_u16(), good.json()), (200, now.json()), "{path}");
        let good = send(&app, &key, Method::DELETE, path, Some(("if-match", good.header("etag"))), "").await;
        assert_eq!(good.status, 204, "{path}");
        // Nothing is required of who sends no condition.
        app.put(&key, path, body).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let (app, key) = furnished().await;
    let path = "/v1/events/expo/partners/acme";
    assert_eq!(app.call(Method::PATCH, &key, path, "{}").await.code(), (404, "not_found".to_owned()));
    let whole = r#"{"name":"Acme","email":"desk@acme.example","company":"Acme Inc","tags":["gold","old"]}"#;
    let first = app.put(&key, path, whole).await.json();
    for (patch, field, want) in [
        ("{}", "name", json!("Acme")),
        (r#"{"company":null}"#, "company", json!(null)),
        (r#"{"company":"Acme Ltd"}"#, "company", json!("Acme Ltd")),
        (r#"{"tags":["gold"]}"#, "tags", json!(["gold"])),
        (r#"{"tags":null}"#, "tags", json!([])),
        (r#"{"email":null,"tags":["new"]}"#, "email", json!(null)),
    ] {
        let answer = app.call(Method::PATCH, &key, path, patch).await;
        assert_eq!((answer.status.as_u16(), &answer.json()[field]), (200, &want), "{patch}");
        assert_eq!(app.get(&key, path).await.json(), answer.json(), "{patch}");
    }
    assert_eq!(first["key"], "acme");
    for (patch, want, named) in [
        (r#"{"name":null}"#, (422, "invalid"), "name"),
        (r#"{"email":"nobody","colour":null}"#, (422, "invalid"), "email"),
        (r#"{"key":"other"}"#, (422, "invalid"), "key"),
        (r#"{"colour":null}"#, (422, "invalid"), "colour"),
        (r#"{"tags":[1]}"#, (422, "invalid"), "tags[0]"),
        ("[]", (400, "body_malformed"), ""),
        ("null", (400, "body_malformed"), ""),
    ] {
        let answer = app.call(Method::PATCH, &key, path, patch).await;
        assert_eq!(answer.code(), (want.0, want.1.to_owned()), "{patch}: {}", answer.text());
        assert_eq!(answer.json()["errors"][0]["path"].as_str().unwrap_or(""), named, "{patch}");
    }
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
    assert_eq!(app.request(Method::PATCH, path, &headers, "{}").await.code().0, 415);
    // Of an event, what is counted is nobody's to send.
    let counted = app.call(Method::PATCH, &key, "/v1/events/expo", r#"{"partners":7}"#).await;
    assert_eq!((counted.code().0, &counted.json()["errors"][0]["path"]), (422, &json!("partners")));
    app.finish().await;
}

#[tokio::test]
async fn of_many_patches_at_once_none_is_lost() {
    let (app, key) = furnished().await;
    let path = "/v1/events/expo/partners/acme";
    app.put(&key, path, r#"{"name":"Acme"}"#).await;
    let patches = [r#"{"email":"desk@acme.example"}"#, r#"{"company":"Acme Inc"}"#, r#"{"tags":["gold"]}"#, r#"{"name":"Acme Ltd"}"#];
    let all = patches.iter().map(|patch| app.call(Method::PATCH, &key, path, patch));
    assert!(futures::future::join_all(all).await.iter().all(|answer| answer.status == 200));
    let want = json!({"key":"acme","name":"Acme Ltd","email":"desk@acme.example","company":"Acme Inc","tags":["gold"]});
    assert_eq!(app.get(&key, path).await.json(), want);
    app.finish().await;
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_can_be_made_anew() {
    let (app, key) = furnished().await;
    for Noun { path, other_spelling, body, .. } in NOUNS {
        let list = path.rsplit_once('/').expect("a path").0;
        let keys = async || -> Vec<Value> {
            app.get(&key, list).await.json()["items"].as_array().expect("items").iter().map(|item| item["key"].clone()).collect()
        };
        assert_eq!(app.call(Method::DELETE, &key, path, "").await.code(), (404, "not_found".to_owned()), "{path}");
        let made = app.put(&key, path, body).await.json();
        assert!(keys().await.contains(&made["key"]), "{path}");
        let deleted = app.call(Method::DELETE, &key, other_spelling, "").await;
        assert_eq!((deleted.status.as_u16(), deleted.text()), (204, ""), "{path}");
        for (method, sent) in [(Method::GET, ""), (Method::PATCH, "{}"), (Method::DELETE, "")] {
            assert_eq!(app.call(method.clone(), &key, path, sent).await.code(), (404, "not_found".to_owned()), "{method} {path}");
        }
        assert!(!keys().await.contains(&made["key"]), "{path}");
        let again = send(&app, &key, Method::PUT, other_spelling, Some(("if-none-match", "*")), body).await;
        assert_eq!(again.status, 201, "{path}");
        assert_eq!(again.json()["key"], json!(other_spelling.rsplit_once('/').expect("a path").1), "it is new, and so is its spelling");
    }
    app.finish().await;
}

#[tokio::test]
async fn an_event_with_partners_is_in_use() {
    let (app, key) = furnished().await;
    app.put(&key, "/v1/events/expo/partners/acme", r#"{"name":"Acme"}"#).await;
    let refused = app.call(Method::DELETE, &key, "/v1/events/expo", "").await;
    assert_eq!(refused.code(), (409, "in_use".to_owned()));
    assert!(refused.json()["detail"].as_str().expect("text").contains("1 partner"), "{}", refused.text());
    assert_eq!(app.call(Method::DELETE, &key, "/v1/events/expo/partners/acme", "").await.status, 204);
    assert_eq!(app.call(Method::DELETE, &key, "/v1/events/expo", "").await.status, 204);
    assert_eq!(app.get(&key, "/v1/events/expo/partners").await.code(), (404, "not_found".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn activities_of_what_is_deleted_stay_and_are_found_by_its_key() {
    let (app, key) = furnished().await;
    let sent = r#"{"flavor":"message.sent","event":"expo","partner":"acme","message":"welcome"}"#;
    assert_eq!(app.post(&key, "/v1/activities", sent).await.status, 201);
    for path in ["/v1/events/expo/partners/acme", "/v1/events/expo/messages/welcome"] {
        assert_eq!(app.call(Method::DELETE, &key, path, "").await.status, 204);
    }
    let count =
        async |filter: &str| app.get(&key, &format!("/v1/activities?{filter}")).await.json()["items"].as_array().expect("items").len();
    for (filter, want) in [("partner=ACME", 1), ("about=welcome", 1), ("message=welcome", 0), ("event=expo", 1)] {
        assert_eq!(count(filter).await, want, "{filter}");
    }
    let activity = &app.get(&key, "/v1/activities").await.json()["items"][0];
    assert_eq!(activity["partner"]["name"], "acme", "with the names it was recorded with");
    // What names it makes it anew, and a second activity is of the same partner.
    assert_eq!(app.post(&key, "/v1/activities", sent).await.status, 201);
    assert_eq!(app.get(&key, "/v1/events/expo/partners/acme").await.status, 200);
    assert_eq!((count("partner=acme").await, count("message=welcome").await), (2, 2));
    assert_eq!(app.get(&key, "/v1/events/expo").await.json()["partners"], 1);
    app.finish().await;
}

#[tokio::test]
async fn lists_are_searched() {
    let (app, key) = furnished().await;
    for (path, body) in [
        ("/v1/events/expo/partners/p1", r#"{"name":"Zürich AG","company":"Alpen","email":"desk@zag.example"}"#),
        ("/v1/events/expo/partners/p2", r#"{"name":"Acme Inc"}"#),
        ("/v1/events/expo/messages/m1", r#"{"subject":"Last call"}"#),
        ("/v1/events/expo/campaigns/c1", r#"{"name":"Spring"}"#),
    ] {
        assert_eq!(app.put(&key, path, body).await.status, 201, "{path}");
    }
    app.post(&key, "/v1/events/expo/messages/m1/recipients", r#"{"add":["p1","p2"]}"#).await;
    app.post(&key, "/v1/activities", r#"{"flavor":"booth.scan_done","event":"expo","partner":"p1"}"#).await;
    for (query, want) in [
        ("/v1/events?q=EXP", "expo"),
        ("/v1/events?q=zzz", ""),
        ("/v1/events/expo/partners?q=Z%C3%9CRICH", "p1"),
        ("/v1/events/expo/partners?q=ag+alpen", "p1"),
        ("/v1/events/expo/partners?q=zag.ex", "p1"),
        ("/v1/events/expo/partners?q=p", "p1 p2"),
        ("/v1/events/expo/messages?q=call", "m1"),
        ("/v1/events/expo/campaigns?q=spr", "c1"),
        ("/v1/flavors?q=email+sent", "invite.email_sent"),
        ("/v1/flavors?q=Booth", "booth.scan_done"),
    ] {
        let found = app.get(&key, query).await.json();
        let keys: Vec<_> = found["items"].as_array().expect("items").iter().map(|item| item["key"].as_str().expect("a key")).collect();
        assert_eq!(keys.join(" "), want, "{query}");
    }
    let recipients = app.get(&key, "/v1/events/expo/messages/m1/recipients?q=acme").await.json();
    assert_eq!((recipients["items"].as_array().map(Vec::len), &recipients["items"][0]["partner"]["key"]), (Some(1), &json!("p2")));
    for query in ["q=", "q=+", "q=a&q=b"] {
        assert_eq!(app.get(&key, &format!("/v1/events?{query}")).await.code(), (400, "parameter_invalid".to_owned()), "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_flavor_is_read_where_it_was_met() {
    let (app, key) = furnished().await;
    app.post(&key, "/v1/activities", r#"{"flavor":"booth.scan_done","event":"expo","partner":"p1"}"#).await;
    let met = app.get(&key, "/v1/flavors/booth.scan_done").await;
    let want = json!({"key":"booth.scan_done","label":"Booth scan done","actor":"unknown","standard":false});
    assert_eq!(
        (met.status.as_u16(), met.json()["label"].clone(), met.json()["standard"].clone()),
        (200, want["label"].clone(), json!(false))
    );
    assert_eq!(app.get(&key, "/v1/flavors/message.opened").await.json()["standard"], true);
    let bound = app.key_of("default", "read", Some("other")).await;
    for (key, path, want) in [
        (&key, "/v1/flavors/booth.scan", (404, "not_found")),
        (&key, "/v1/flavors/Booth", (400, "parameter_invalid")),
        (&bound, "/v1/flavors/booth.scan_done", (404, "not_found")),
    ] {
        assert_eq!(app.get(key, path).await.code(), (want.0, want.1.to_owned()), "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn many_partners_are_put_as_a_whole_or_not_at_all() {
    let (app, key) = furnished().await;
    let path = "/v1/events/expo/partners";
    let items: Vec<Value> =
        (0..1_000).map(|n| json!({"key": format!("p{n}"), "name": format!("Partner {n}"), "tags": ["pasted"]})).collect();
    let put = async |body: &Value| app.post(&key, path, &body.to_string()).await;
    // Every fault at its place, and nothing of the rest.
    let faulty = json!({"items": [{"key": "a", "name": "A"}, {"key": "b"}, {"key": "c d", "name": "C", "colour": 1}, 7, {"key": "A", "name": "x", "email": "no"}]});
    let refused = put(&faulty).await;
    let places: Vec<Value> = refused.json()["errors"].as_array().expect("errors").iter().map(|fault| fault["path"].clone()).collect();
    assert_eq!(
        (refused.code(), places),
        (
            (422, "invalid".to_owned()),
            vec![json!("items[1].name"), json!("items[2].key"), json!("items[2].colour"), json!("items[3]"), json!("items[4].email")]
        )
    );
    let twice = put(&json!({"items": [{"key": "a", "name": "A"}, {"key": "A", "name": "B"}]})).await;
    assert_eq!((twice.code().0, &twice.json()["errors"][0]["path"]), (422, &json!("items[1].key")));
    for (body, named) in [
        (json!({}), "items"),
        (json!({"items": []}), "items"),
        (json!({"items": [], "existing": "merge"}), "items"),
        (json!({"items": [{"key": "a", "name": "A"}], "existing": "merge"}), "existing"),
        (json!({"items": vec![json!({"key": "a", "name": "A"}); 10_001]}), "items"),
    ] {
        let refused = put(&body).await;
        assert_eq!((refused.code().0, refused.json()["errors"][0]["path"].as_str()), (422, Some(named)));
    }
    assert_eq!(app.get(&key, path).await.json()["items"], json!([]));
    assert_eq!(app.post(&key, "/v1/events/none/partners", &json!({"items": [items[0]]}).to_string()).await.code().0, 404);

    let head = async || app.get(&key, "/v1/activities?limit=1").await.json()["newer"].clone();
    let before = head().await;
    assert_eq!(put(&json!({"items": items})).await.json(), json!({"created":1_000,"replaced":0,"unchanged":0}));
    assert_ne!(head().await, before, "the tag is one entry of the log");
    let before = head().await;
    assert_eq!(put(&json!({"items": items})).await.json(), json!({"created":0,"replaced":0,"unchanged":1_000}));
    assert_eq!(head().await, before, "what changes nothing is no entry");
    let some = json!([{"key": "P0", "name": "Other"}, {"key": "new", "name": "New"}]);
    assert_eq!(put(&json!({"items": some, "existing": "keep"})).await.json(), json!({"created":1,"replaced":0,"unchanged":1}));
    assert_eq!(app.get(&key, "/v1/events/expo/partners/p0").await.json()["name"], "Partner 0");
    assert_eq!(put(&json!({"items": some})).await.json(), json!({"created":0,"replaced":1,"unchanged":1}));
    assert_eq!(
        app.get(&key, "/v1/events/expo/partners/p0").await.json(),
        json!({"key":"p0","name":"Other","email":null,"company":null,"tags":[]})
    );
    assert_eq!(app.get(&key, "/v1/events/expo").await.json()["partners"], 1_001);
    app.finish().await;
}
