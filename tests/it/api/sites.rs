//! Site keys: they stand in web pages for all to read, and only collect.

use hyper::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const SHOP: &str = "https://shop.example";
const EVIL: &str = "https://evil.example";

async fn site_key(app: &TestApp, admin: &str, more: &Value) -> Answer {
    let mut wanted = json!({"kind": "site", "event": "expo", "origins": [SHOP]});
    wanted.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    app.post(admin, "/v1/keys", &wanted.to_string()).await
}

async fn send(app: &TestApp, key: &str, origin: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {key}");
    let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
    headers.extend((!origin.is_empty()).then_some(("origin", origin)));
    app.request(Method::POST, "/v1/activities", &headers, body.to_string()).await
}

#[tokio::test]
async fn a_site_key_is_made_for_one_event_and_some_origins() {
    let app = TestApp::start().await;
    let admin = app.key("admin").await;
    let made = site_key(&app, &admin, &json!({"name": "Shop", "rate_per_s": 5, "expires_at": "2126-01-01T00:00:00Z"})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let want = json!({"kind": "site", "name": "Shop", "scopes": ["ingest"], "event": "expo", "origins": [SHOP], "rate_per_s": 5,
        "expires_at": "2126-01-01T00:00:00.000Z"});
    let listed = app.get(&admin, "/v1/keys").await.json();
    for (field, value) in want.as_object().expect("an object") {
        assert_eq!((&made.json()[field], &listed["items"][0][field]), (value, value), "{field}");
    }
    assert!(made.json()["key"].as_str().is_some_and(|key| key.starts_with("td_site_")), "{}", made.text());
    assert_eq!((&listed["items"][1]["kind"], &listed["items"][1]["origins"]), (&json!("key"), &json!([])));
    for (more, path, code) in [
        (json!({"event": null}), "event", "required"),
        (json!({"origins": []}), "origins", "required"),
        (json!({"origins": null}), "origins", "required"),
        (json!({"origins": ["https://shop.example/"]}), "origins[0]", "origin_form"),
        (json!({"origins": ["*"]}), "origins[0]", "origin_form"),
        (json!({"scopes": ["ingest", "read"]}), "scopes", "site_scope"),
        (json!({"kind": "page"}), "kind", "unknown_kind"),
        (json!({"kind": "key", "scopes": ["read"]}), "origins", "not_of_a_site"),
    ] {
        let refused = site_key(&app, &admin, &more).await;
        let fault = &refused.json()["errors"][0];
        assert_eq!((refused.status.as_u16(), &fault["path"], &fault["code"]), (422, &json!(path), &json!(code)), "{more}");
    }
    // A key of one event makes them for that event.
    let bound = app.key_of("default", "admin", Some("fair")).await;
    assert_eq!(site_key(&app, &bound, &json!({})).await.code(), (403, "event_forbidden".to_owned()));
    assert_eq!(site_key(&app, &bound, &json!({"event": null})).await.json()["event"], "fair");
    app.finish().await;
}

#[tokio::test]
async fn a_site_key_only_collects_from_its_pages() {
    let app = TestApp::start().await;
    let admin = app.key("ingest,read,admin").await;
    let made = site_key(&app, &admin, &json!({})).await;
    let site = made.json()["key"].as_str().expect("a key").to_owned();
    let draft = json!({"flavor": "page.viewed", "partner": "acme"});
    // What is not there is not made, the event first.
    let fault = async |draft: &Value| {
        let answer = send(&app, &site, SHOP, draft).await;
        (answer.code().0, answer.json()["errors"][0]["code"].as_str().unwrap_or("").to_owned())
    };
    assert_eq!(fault(&draft).await, (422, "unknown_event".to_owned()));
    for path in ["/v1/events/expo", "/v1/events/expo/partners/acme", "/v1/events/expo/campaigns/autumn"] {
        assert_eq!(app.put(&admin, path, r#"{"name":"there"}"#).await.status, 201, "{path}");
    }
    for (field, value, code) in
        [("partner", "globex", "unknown_partner"), ("message", "welcome", "unknown_message"), ("campaign", "winter", "unknown_campaign")]
    {
        let mut unknown = draft.clone();
        unknown[field] = value.into();
        assert_eq!(fault(&unknown).await, (422, code.to_owned()), "{unknown}");
    }
    let mixed =
        json!([draft, {"flavor": "page.viewed", "partner": "globex"}, {"flavor": "page.viewed", "partner": "ACME", "campaign": "autumn"}]);
    let mixed = send(&app, &site, SHOP, &mixed).await;
    assert_eq!((&mixed.json()["accepted"], &mixed.json()["rejected"]), (&json!(2), &json!(1)), "{}", mixed.text());
    assert_eq!(app.get(&admin, "/v1/events/expo/partners/globex").await.status, 404);
    let elsewhere = send(&app, &site, SHOP, &json!({"flavor": "page.viewed", "partner": "acme", "event": "fair"})).await;
    assert_eq!(elsewhere.code(), (403, "event_forbidden".to_owned()));

    for (origin, want) in [(SHOP, 201), ("", 201), (EVIL, 403), ("null", 403), ("https://shop.example:8443", 403)] {
        let answer = send(&app, &site, origin, &draft).await;
        assert_eq!(answer.status, want, "{origin}: {}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), if origin == SHOP { SHOP } else { "" }, "{origin}");
        assert_eq!(answer.header("access-control-allow-credentials"), "", "{origin}");
    }
    // It opens nothing else, and nobody signs in with it.
    for (method, path) in
        [(Method::GET, "/v1/session"), (Method::GET, "/v1/workspace"), (Method::DELETE, "/v1/session"), (Method::POST, "/v1/tickets")]
    {
        assert_eq!(app.call(method, &site, path, "").await.code(), (403, "scope_missing".to_owned()), "{path}");
    }
    let signed_in = app.post("", "/v1/session", &json!({ "key": site }).to_string()).await;
    assert_eq!(signed_in.code(), (403, "scope_missing".to_owned()));
    let number = &made.json()["id"];
    assert_eq!(app.call(Method::DELETE, &admin, &format!("/v1/keys/{number}"), "").await.status, 204);
    assert_eq!(send(&app, &site, SHOP, &draft).await.code(), (401, "unauthorised".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn a_browser_may_ask_for_pages_of_site_keys() {
    let app = TestApp::start().await;
    let admin = app.key("admin").await;
    let ask = async |path: &str, origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")];
        app.request(Method::OPTIONS, path, &headers, "").await
    };
    assert!(ask("/v1/activities", SHOP).await.status.is_client_error(), "nobody has a key for it");
    let made = site_key(&app, &admin, &json!({})).await;
    let good = ask("/v1/activities", SHOP).await;
    assert_eq!((good.status.as_u16(), good.header("access-control-allow-origin")), (204, SHOP));
    assert_eq!((good.header("access-control-allow-methods"), good.header("access-control-allow-headers")), ("POST", "authorization"));
    assert_eq!(good.header("access-control-allow-credentials"), "", "never as who is signed in");
    for (path, origin) in [("/v1/activities", EVIL), ("/v1/activities", "null"), ("/v1/events", SHOP), ("/v1/session", SHOP)] {
        let refused = ask(path, origin).await;
        assert!(refused.status.is_client_error() && refused.header("access-control-allow-origin").is_empty(), "{path} {origin}");
    }
    assert_eq!(app.call(Method::DELETE, &admin, &format!("/v1/keys/{}", made.json()["id"]), "").await.status, 204);
    assert!(ask("/v1/activities", SHOP).await.status.is_client_error(), "it is revoked");
    app.finish().await;
}
