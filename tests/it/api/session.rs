//! Browsers: signing in with a key, by a link and by a click; signing out; other sites.

use hyper::Method;
use serde_json::json;
use tidings::auth::Scopes;
use tidings::domain::Key;

use crate::app::{Answer, STUCK, TestApp};

fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap_or("").to_owned()
}

async fn sign_in(app: &TestApp, body: &str, extra: &[(&str, &str)]) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend_from_slice(extra);
    app.request(Method::POST, "/v1/session", &headers, body.to_owned()).await
}

#[tokio::test]
async fn a_key_becomes_a_cookie_and_ends_with_it() {
    let app = TestApp::start().await;
    let (reader, sender, admin) = (app.key("read").await, app.key("ingest").await, app.key("admin").await);
    let body = |key: &str| json!({ "key": key }).to_string();
    assert_eq!(sign_in(&app, &body(&sender), &[]).await.code(), (403, "scope_missing".to_owned()));
    assert_eq!(sign_in(&app, &body("td_key_x"), &[]).await.code(), (401, "unauthorised".to_owned()));
    assert_eq!(sign_in(&app, "{}", &[]).await.code(), (422, "invalid".to_owned()));
    assert_eq!(sign_in(&app, r#"{"demo":true}"#, &[]).await.code(), (422, "invalid".to_owned()), "no demo");
    assert_eq!(sign_in(&app, &body(&reader), &[("origin", "https://evil.example")]).await.code().0, 403);

    let signed_in = sign_in(&app, &body(&reader), &[("x-forwarded-proto", "https")]).await;
    let set = signed_in.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=2592000"] {
        assert!(set.contains(part), "{part} in {set}");
    }
    let cookie = cookie_of(&signed_in);
    let who = app.request(Method::GET, "/v1/session", &[("cookie", cookie.as_str())], "").await;
    assert_eq!(who.json(), json!({"workspace":{"key":"default","name":"Default"},"scopes":["read"],"event":null,"demo":false}));
    assert_eq!(app.request(Method::GET, "/v1/activities", &[("cookie", cookie.as_str())], "").await.status, 200);

    let evil = [("cookie", cookie.as_str()), ("origin", "https://evil.example")];
    assert_eq!(app.request(Method::DELETE, "/v1/session", &evil, "").await.code(), (403, "origin_forbidden".to_owned()));
    let cross = [("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site")];
    assert_eq!(app.request(Method::POST, "/v1/tickets", &cross, "").await.code(), (403, "origin_forbidden".to_owned()));
    let own = format!("http://{}", app.address());
    let out = app.request(Method::DELETE, "/v1/session", &[("cookie", cookie.as_str()), ("origin", own.as_str())], "").await;
    assert_eq!((out.status.as_u16(), out.header("set-cookie").contains("Max-Age=0")), (204, true));
    assert_eq!(app.request(Method::GET, "/v1/session", &[("cookie", cookie.as_str())], "").await.code().0, 401);

    // A session ends with the key that it was made from.
    let cookie = cookie_of(&sign_in(&app, &body(&reader), &[]).await);
    let keys = app.get(&admin, "/v1/keys").await.json();
    let id = keys["items"].as_array().expect("items").iter().find(|k| k["scopes"] == json!(["read"])).expect("the key")["id"].to_string();
    assert_eq!(app.call(Method::DELETE, &admin, &format!("/v1/keys/{id}"), "").await.status, 204);
    assert_eq!(app.request(Method::GET, "/v1/session", &[("cookie", cookie.as_str())], "").await.code().0, 401);
    app.finish().await;
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let app = TestApp::start().await;
    let scopes: Scopes = "read".parse().expect("scopes");
    let link = app.running().sign_in_link(&Key::trusted("default"), scopes, STUCK).await.expect("made");
    let first = app.get("", &format!("{link}&to=/events/expo")).await;
    assert_eq!((first.status.as_u16(), first.header("location")), (303, "/events/expo"));
    let cookie = cookie_of(&first);
    assert_eq!(app.request(Method::GET, "/v1/session", &[("cookie", cookie.as_str())], "").await.status, 200);
    for path in [link.as_str(), "/signin?link=nonsense"] {
        let again = app.get("", path).await;
        assert_eq!((again.status.as_u16(), again.header("location")), (303, "/signin?problem=link"), "{path}");
    }
    let link = app.running().sign_in_link(&Key::trusted("default"), scopes, STUCK).await.expect("made");
    let away = app.get("", &format!("{link}&to=//evil.example")).await;
    assert_eq!(away.header("location"), "/", "only here");
    app.finish().await;
}

#[tokio::test]
async fn a_demo_takes_whoever_comes() {
    let app = TestApp::start_demo().await;
    let nobody = app.get("", "/v1/session").await;
    assert_eq!((nobody.code().0, &nobody.json()["demo"]), (401, &json!(true)));
    let signed_in = sign_in(&app, r#"{"demo":true}"#, &[]).await;
    assert_eq!((signed_in.status.as_u16(), &signed_in.json()["demo"]), (201, &json!(true)));
    assert_eq!(signed_in.json()["scopes"], json!(["ingest", "read", "admin"]));
    app.finish().await;
}
