//! Views: what is kept, what comes first, who sees which, and what they keep from being deleted.

use hyper::Method;
use serde_json::{Value, json};

use crate::app::TestApp;

async fn furnished() -> (TestApp, String) {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    for event in ["expo", "fair"] {
        assert_eq!(app.put(&key, &format!("/v1/events/{event}"), r#"{"name":"E"}"#).await.status, 201);
    }
    (app, key)
}

async fn keys(app: &TestApp, key: &str, query: &str) -> Vec<String> {
    let list = app.get(key, &format!("/v1/views{query}")).await.json();
    list["items"].as_array().expect("items").iter().map(|view| view["key"].as_str().expect("a key").to_owned()).collect()
}

#[tokio::test]
async fn the_standard_set_is_there_and_can_be_edited() {
    let (app, key) = furnished().await;
    assert_eq!(keys(&app, &key, "").await, ["all-activities", "all-opens", "all-registrations", "all-shares"]);
    assert_eq!(keys(&app, &key, "?q=shares").await, ["all-shares"]);
    let all = app.get(&key, "/v1/views/all-activities").await;
    let want = json!({"key":"all-activities","name":"All activities","kind":"feed","event":null,"filter":{},"columns":[],"chart":null,"zone":null,"private":false,"default":false});
    assert_eq!((all.json(), all.header("etag").is_empty()), (want, false));
    let changed = app
        .call(Method::PATCH, &key, "/v1/views/all-opens", r#"{"filter":{"flavor":["message.opened"],"partner":["Acme"]},"chart":"hour"}"#)
        .await;
    let told = changed.json();
    assert_eq!(
        (changed.status.as_u16(), &told["filter"], &told["chart"], &told["name"]),
        (200, &json!({"flavor":["message.opened"],"partner":["acme"]}), &json!("hour"), &json!("All opens"))
    );
    // Merged within the filter set, too.
    let merged =
        app.call(Method::PATCH, &key, "/v1/views/all-opens", r#"{"filter":{"partner":null,"tag":["gold"]},"chart":null}"#).await.json();
    assert_eq!((&merged["filter"], &merged["chart"]), (&json!({"flavor":["message.opened"],"tag":["gold"]}), &json!(null)));
    assert_eq!(app.call(Method::DELETE, &key, "/v1/views/all-opens", "").await.status, 204);
    assert_eq!(app.get(&key, "/v1/views/all-opens").await.code().0, 404);
    app.finish().await;
}

#[tokio::test]
async fn a_view_is_kept_in_its_canonical_form() {
    let (app, key) = furnished().await;
    let sent = json!({"name":"Opens","kind":"feed","event":"EXPO","filter":{"partner":["Globex","ACME","acme"],"not":{"browser":["IE"]},"text":"Deck"},
        "columns":["partner","flavor","partner"],"chart":"day","zone":"Europe/Berlin","private":false,"default":true});
    let made = app.put(&key, "/v1/views/Opens", &sent.to_string()).await;
    let want = json!({"key":"Opens","name":"Opens","kind":"feed","event":"EXPO","filter":{"partner":["acme","globex"],"not":{"browser":["internet explorer"]},"text":"deck"},
        "columns":["partner","flavor"],"chart":"day","zone":"Europe/Berlin","private":false,"default":true});
    assert_eq!((made.status.as_u16(), made.json()), (201, want.clone()));
    let read = app.get(&key, "/v1/views/opens").await;
    assert_eq!((read.json(), read.header("etag")), (want, made.header("etag")));
    assert_eq!(app.put(&key, "/v1/views/opens", &sent.to_string()).await.header("etag"), made.header("etag"));
    for (body, path) in [
        (json!({}), "name"),
        (json!({"name":"x","kind":"partners"}), "kind"),
        (json!({"name":"x","event":"nowhere"}), "event"),
        (json!({"name":"x","filter":{"partner":[]}}), "filter.partner"),
        (json!({"name":"x","filter":{"device":["phone"]}}), "filter.device[0]"),
        (json!({"name":"x","filter":{"colour":["red"]}}), "filter.colour"),
        (json!({"name":"x","filter":[]}), "filter"),
        (json!({"name":"x","columns":["colour"]}), "columns[0]"),
        (json!({"name":"x","chart":"week"}), "chart"),
        (json!({"name":"x","zone":"Mars/Olympus"}), "zone"),
        (json!({"name":"x","private":"yes"}), "private"),
        (json!({"name":"x","owner":"key:1"}), "owner"),
    ] {
        let refused = app.put(&key, "/v1/views/x", &body.to_string()).await;
        assert_eq!((refused.code(), refused.json()["errors"][0]["path"].as_str()), ((422, "invalid".to_owned()), Some(path)), "{body}");
    }
    assert_eq!(app.get(&key, "/v1/views/x").await.code().0, 404);
    app.finish().await;
}

#[tokio::test]
async fn one_view_comes_first_for_an_event() {
    let (app, key) = furnished().await;
    let put = async |view: &str, event: Option<&str>, default: bool| {
        let body = json!({"name": view, "event": event, "default": default});
        assert!(app.put(&key, &format!("/v1/views/{view}"), &body.to_string()).await.status.is_success());
    };
    let first = async || -> Vec<String> {
        let items = app.get(&key, "/v1/views").await.json()["items"].as_array().expect("items").clone();
        items.iter().filter(|view| view["default"] == true).map(|view| view["key"].as_str().expect("a key").to_owned()).collect()
    };
    for (view, event, want) in
        [("a", Some("expo"), "a"), ("b", Some("fair"), "a b"), ("c", None, "a b c"), ("d", Some("EXPO"), "b c d"), ("e", None, "b d e")]
    {
        put(view, event, true).await;
        assert_eq!(first().await.join(" "), want, "{view}");
    }
    put("d", Some("expo"), false).await;
    assert_eq!(first().await.join(" "), "b e");
    app.finish().await;
}

#[tokio::test]
async fn a_view_is_seen_by_who_may() {
    let (app, key) = furnished().await;
    let other = app.key("read,admin").await;
    let reader = app.key("read").await;
    let bound = app.key_of("default", "read,admin", Some("expo")).await;
    for (view, body) in [
        ("mine", json!({"name":"Mine","private":true})),
        ("of-expo", json!({"name":"E","event":"expo"})),
        ("of-fair", json!({"name":"F","event":"fair"})),
        ("names-fair", json!({"name":"N","filter":{"message":["fair/welcome"]}})),
    ] {
        assert_eq!(app.put(&key, &format!("/v1/views/{view}"), &body.to_string()).await.status, 201, "{view}");
    }
    let standard = ["all-activities", "all-opens", "all-registrations", "all-shares"];
    let seen =
        async |by: &str| keys(&app, by, "").await.into_iter().filter(|key| !standard.contains(&key.as_str())).collect::<Vec<_>>().join(" ");
    assert_eq!(seen(&key).await, "mine names-fair of-expo of-fair");
    assert_eq!(
        (seen(&other).await, seen(&reader).await),
        ("names-fair of-expo of-fair".to_owned(), "names-fair of-expo of-fair".to_owned())
    );
    assert_eq!(seen(&bound).await, "of-expo");
    let body = r#"{"name":"x"}"#;
    for (by, method, path, want) in [
        (&other, Method::GET, "/v1/views/mine", (404, "not_found")),
        (&other, Method::DELETE, "/v1/views/mine", (404, "not_found")),
        (&other, Method::PATCH, "/v1/views/mine", (404, "not_found")),
        (&other, Method::PUT, "/v1/views/mine", (412, "precondition_failed")),
        (&reader, Method::PUT, "/v1/views/new", (403, "scope_missing")),
        (&bound, Method::GET, "/v1/views/of-fair", (404, "not_found")),
        (&bound, Method::PUT, "/v1/views/new", (403, "event_forbidden")),
        (&bound, Method::PATCH, "/v1/views/all-opens", (403, "event_forbidden")),
        (&bound, Method::DELETE, "/v1/views/all-opens", (403, "event_forbidden")),
    ] {
        let sent = if matches!(method, Method::PUT | Method::PATCH) { body } else { "" };
        assert_eq!(app.call(method.clone(), by, path, sent).await.code(), (want.0, want.1.to_owned()), "{method} {path}");
    }
    assert_eq!(app.put(&bound, "/v1/views/new", r#"{"name":"New","event":"expo"}"#).await.status, 201);
    assert_eq!(app.get(&key, "/v1/views/mine").await.json()["private"], true, "and it is as it was");
    app.finish().await;
}

#[tokio::test]
async fn what_a_view_uses_is_not_deleted_under_it() {
    let (app, key) = furnished().await;
    app.put(&key, "/v1/events/expo/messages/welcome", r#"{"subject":"Hi"}"#).await;
    app.put(&key, "/v1/events/fair/messages/welcome", r#"{"subject":"Hi"}"#).await;
    app.put(&key, "/v1/events/expo/campaigns/c1", r#"{"name":"C"}"#).await;
    let view = async |body: Value| assert!(app.put(&key, "/v1/views/v", &body.to_string()).await.status.is_success());
    let delete = async |path: &str| app.call(Method::DELETE, &key, path, "").await;
    for (body, path) in [
        (json!({"name":"V","filter":{"message":["welcome"]}}), "/v1/events/expo/messages/welcome"),
        (json!({"name":"V","filter":{"not":{"about":["expo/welcome"]}}}), "/v1/events/expo/messages/welcome"),
        (json!({"name":"V","filter":{"campaign":["C1"]},"event":"expo"}), "/v1/events/expo/campaigns/c1"),
        (json!({"name":"V","event":"expo"}), "/v1/events/expo"),
    ] {
        view(body.clone()).await;
        let refused = delete(path).await;
        assert_eq!(refused.code(), (409, "in_use".to_owned()), "{body}");
        assert!(refused.json()["detail"].as_str().expect("text").contains("the view v"), "{}", refused.text());
    }
    view(json!({"name":"V","filter":{"message":["expo/welcome"]}})).await;
    assert_eq!(delete("/v1/events/fair/messages/welcome").await.status, 204, "that of the other event is not meant");
    assert_eq!(delete("/v1/views/v").await.status, 204);
    for path in ["/v1/events/expo/messages/welcome", "/v1/events/expo/campaigns/c1", "/v1/events/expo"] {
        assert_eq!(delete(path).await.status, 204, "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_view_stands_beside_a_filter_wherever_one_is_taken() {
    let (app, key) = furnished().await;
    let view = json!({"name":"Opens","filter":{"flavor":["message.opened"],"message":["welcome"]}}).to_string();
    assert_eq!(app.put(&key, "/v1/views/opens", &view).await.status, 201);
    let draft = |event: &str, partner: &str, flavor: &str, message: &str| json!({"flavor":flavor,"event":event,"partner":partner,"message":message});
    let drafts = json!([
        draft("expo", "acme", "message.sent", "welcome"),
        draft("expo", "acme", "message.sent", "agenda"),
        draft("expo", "globex", "message.sent", "welcome"),
        draft("expo", "acme", "message.opened", "welcome"),
        draft("expo", "globex", "message.opened", "welcome"),
        draft("expo", "initech", "message.opened", "welcome"),
        draft("fair", "acme", "message.opened", "agenda"),
    ]);
    assert_eq!(app.post(&key, "/v1/activities", &drafts.to_string()).await.json()["accepted"], 7);
    let partners = |list: &Value| -> Vec<(String, String)> {
        let text = |item: &Value, name: &str| item[name].as_str().expect("text").to_owned();
        let items = list["items"].as_array().expect("items").iter();
        items.map(|item| (text(&item["partner"], "key"), text(&item["event"], "key"))).collect()
    };
    let named = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    for (query, want) in [
        ("view=opens", named(&[("globex", "expo"), ("acme", "expo")])),
        ("view=OPENS&partner=acme", named(&[("acme", "expo")])),
        // Recipient of the one and of the other: neither clause is rewritten.
        ("view=opens&message=agenda", named(&[("acme", "expo")])),
        ("view=opens&flavor=message.sent", named(&[])),
    ] {
        assert_eq!(partners(&app.get(&key, &format!("/v1/activities?{query}")).await.json()), want, "{query}");
        let counts = app.get(&key, &format!("/v1/activities/counts?{query}&by=flavor")).await.json();
        assert_eq!(counts["total"], want.len(), "{query}");
        let buckets = app.get(&key, &format!("/v1/activities/histogram?{query}&bucket=day")).await.json();
        let counted: u64 = buckets["items"].as_array().expect("items").iter().filter_map(|bucket| bucket["count"].as_u64()).sum();
        assert_eq!(counted, want.len() as u64, "{query}");
    }
    // A field is counted without the caller's clauses on it, never without those of the view.
    let counts = app.get(&key, "/v1/activities/counts?view=opens&flavor=message.sent&by=flavor,partner").await.json();
    assert_eq!(counts["by"]["flavor"][0], json!({"value":"message.opened","label":"Opened the message","count":2}));
    let id = app.get(&key, "/v1/activities?partner=initech").await.json()["items"][0]["id"].as_str().expect("id").to_owned();
    let why = app.get(&key, &format!("/v1/activities/{id}/why?view=opens&partner=acme")).await.json();
    let want = json!([
        {"in":"view","clause":"message","wanted":["welcome"],"actual":[]},
        {"clause":"partner","wanted":["acme"],"actual":"initech"},
    ]);
    assert_eq!((&why["matches"], &why["excluded_by"]), (&json!(false), &want));
    for path in ["", "/counts", "/histogram", "/stream"] {
        let unknown = app.get(&key, &format!("/v1/activities{path}?view=nowhere")).await;
        assert_eq!(unknown.code(), (404, "view_unknown".to_owned()), "{path}");
    }
    // A view of one event is of that event, and a key of another does not know it.
    assert_eq!(app.put(&key, "/v1/views/fair", r#"{"name":"Fair","event":"fair"}"#).await.status, 201);
    assert_eq!(partners(&app.get(&key, "/v1/activities?view=fair").await.json()), named(&[("acme", "fair")]));
    let bound = app.key_of("default", "read", Some("expo")).await;
    assert_eq!(app.get(&bound, "/v1/activities?view=fair").await.code(), (404, "view_unknown".to_owned()));
    assert_eq!(partners(&app.get(&bound, "/v1/activities?view=opens&partner=acme").await.json()), named(&[("acme", "expo")]));
    app.finish().await;
}
