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
    assert_eq!(
        who.json(),
        json!({"workspace":{"key":"default","name":"Default"},"scopes":["read"],"rights":["read","export","contacts"],
            "event":null,"events":null,"demo":false})
    );
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
async fn a_stranger_is_not_read_at_length() {
    let app = TestApp::start().await;
    let reader = app.key("read").await;
    let padded = |bytes: usize| json!({ "key": reader }).to_string() + &" ".repeat(bytes);
    assert_eq!(sign_in(&app, &padded(1_000), &[]).await.status, 201);
    assert_eq!(sign_in(&app, &padded(4_096), &[]).await.code(), (413, "body_too_large".to_owned()));
    // What is only announced is refused before it comes.
    let head = format!("POST /v1/session HTTP/1.1\r\nhost: {}\r\ncontent-length: 2000000\r\n\r\n", app.address());
    let told = app.head(head.as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 413 "), "{told}");
    app.finish().await;
}

#[tokio::test]
async fn a_link_signs_in_once_and_only_at_a_press() {
    let app = TestApp::start().await;
    let scopes: Scopes = "read".parse().expect("scopes");
    let link = app.running().sign_in_link(&Key::trusted("default"), scopes, STUCK).await.expect("made");
    // Scanners of mail and previews of chats open what they see.
    for method in [Method::HEAD, Method::GET, Method::GET] {
        let page = app.request(method.clone(), &format!("{link}&to=/events/expo"), &[], "").await;
        assert_eq!((page.status.as_u16(), page.header("set-cookie"), page.header("referrer-policy")), (200, "", "same-origin"), "{method}");
        assert!(method == Method::HEAD || page.text().contains("<form method=\"post\" action=\"/signin\">"), "{}", page.text());
        assert!(!page.text().contains("<script"), "nobody presses but a person");
    }
    // Another site cannot press it: that would sign a person in as somebody else.
    let listed = format!("http://{}", app.address());
    for other in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
    {
        assert_eq!(app.press(&link, "/", &[other]).await.code(), (403, "origin_forbidden".to_owned()), "{other:?}");
    }
    let json = app.post("", "/signin", r#"{"link":"x"}"#).await;
    assert_eq!(json.code(), (415, "media_type_unsupported".to_owned()));
    let first = app.press(&link, "/events/expo", &[("origin", &listed)]).await;
    assert_eq!((first.status.as_u16(), first.header("location")), (303, "/events/expo"));
    let cookie = cookie_of(&first);
    assert_eq!(app.request(Method::GET, "/v1/session", &[("cookie", cookie.as_str())], "").await.status, 200);
    for path in [link.as_str(), "/signin?link=nonsense"] {
        let again = app.get("", path).await;
        assert_eq!((again.status.as_u16(), again.header("location")), (303, "/signin?problem=link"), "{path}");
    }
    let again = app.press(&link, "/", &[]).await;
    assert_eq!((again.header("location"), again.header("set-cookie")), ("/signin?problem=link", ""), "nobody after the first");
    let link = app.running().sign_in_link(&Key::trusted("default"), scopes, STUCK).await.expect("made");
    assert_eq!(app.press(&link, "//evil.example", &[]).await.header("location"), "/", "only here");
    app.finish().await;
}

#[tokio::test]
async fn a_key_that_a_session_makes_ends_with_the_key_that_signed_in() {
    let app = TestApp::start().await;
    let (admin, other) = (app.key("ingest,read,admin").await, app.key("admin").await);
    let signed_in = sign_in(&app, &json!({ "key": admin }).to_string(), &[]).await;
    let (cookie, own) = (cookie_of(&signed_in), format!("http://{}", app.address()));
    let browser = [("cookie", cookie.as_str()), ("origin", own.as_str()), ("content-type", "application/json")];
    let made = app.request(Method::POST, "/v1/keys", &browser, r#"{"name":"Sent by hand","scopes":["ingest"],"event":"expo"}"#).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let by_hand = made.json()["key"].as_str().expect("a key").to_owned();
    let lasting = app.post(&admin, "/v1/keys", r#"{"scopes":["ingest"]}"#).await.json()["key"].as_str().expect("a key").to_owned();
    let send =
        async |key: &str| app.post(key, "/v1/activities", r#"{"flavor":"page.viewed","event":"expo","partner":"acme"}"#).await.status;
    // What it makes in turn is held to the same, or nobody could take it back.
    let by_ingest = app.request(Method::POST, "/v1/keys", &browser, r#"{"scopes":["ingest","admin"]}"#).await;
    let of_it = app.post(by_ingest.json()["key"].as_str().expect("a key"), "/v1/keys", r#"{"scopes":["ingest"]}"#).await;
    let of_it = of_it.json()["key"].as_str().expect("a key").to_owned();
    assert_eq!((send(&by_hand).await.as_u16(), send(&of_it).await.as_u16(), send(&lasting).await.as_u16()), (201, 201, 201));
    // Whoever signs out does not stop the programs that send by it.
    assert_eq!(app.request(Method::DELETE, "/v1/session", &browser[..2], "").await.status, 204);
    assert_eq!(app.request(Method::GET, "/v1/session", &browser[..1], "").await.status, 401);
    assert_eq!((send(&by_hand).await.as_u16(), send(&of_it).await.as_u16(), send(&lasting).await.as_u16()), (201, 201, 201));
    let keys = app.get(&other, "/v1/keys").await.json();
    let oldest = keys["items"].as_array().and_then(|all| all.iter().find(|key| key["scopes"] == json!(["ingest", "read", "admin"])));
    let signed_in_with = format!("/v1/keys/{}", oldest.expect("the key")["id"]);
    assert_eq!(app.call(Method::DELETE, &other, &signed_in_with, "").await.status, 204);
    assert_eq!((send(&by_hand).await.as_u16(), send(&of_it).await.as_u16(), send(&lasting).await.as_u16()), (401, 401, 201));
    app.finish().await;
}

#[tokio::test]
async fn a_key_lasts_no_longer_than_the_key_that_signed_in() {
    let app = TestApp::start().await;
    let admin = app.key("admin").await;
    let short = app.post(&admin, "/v1/keys", r#"{"scopes":["read","admin"],"expires_at":"2126-01-01T00:00:00Z"}"#).await;
    let short = short.json()["key"].as_str().expect("a key").to_owned();
    let cookie = cookie_of(&sign_in(&app, &json!({ "key": short }).to_string(), &[]).await);
    let browser = [("cookie", cookie.as_str()), ("content-type", "application/json")];
    for (body, ends) in [
        (r#"{"scopes":["read"]}"#, "2126-01-01T00:00:00.000Z"),
        (r#"{"scopes":["read"],"expires_at":"2125-01-01T00:00:00Z"}"#, "2125-01-01T00:00:00.000Z"),
        (r#"{"scopes":["read"],"expires_at":"2127-01-01T00:00:00Z"}"#, "2126-01-01T00:00:00.000Z"),
    ] {
        let made = app.request(Method::POST, "/v1/keys", &browser, body).await;
        assert_eq!(made.json()["expires_at"], ends, "{body}: {}", made.text());
    }
    app.finish().await;
}

#[tokio::test]
async fn a_demo_takes_whoever_comes() {
    let app = TestApp::start_demo().await;
    let nobody = app.get("", "/v1/session").await;
    assert_eq!((nobody.code().0, &nobody.json()["demo"]), (401, &json!(true)));
    // Opened on its own machine, its link presses itself.
    let link = app.running().sign_in_link(&Key::trusted("default"), Scopes::default(), STUCK).await.expect("made");
    assert!(app.get("", &link).await.text().contains("<script src=\"/signin/press.js\" defer></script>"));
    let signed_in = sign_in(&app, r#"{"demo":true}"#, &[]).await;
    assert_eq!((signed_in.status.as_u16(), &signed_in.json()["demo"]), (201, &json!(true)));
    assert_eq!(signed_in.json()["scopes"], json!(["ingest", "read", "admin"]));
    // There is no key behind a guest: what it makes ends when it leaves.
    let cookie = cookie_of(&signed_in);
    let browser = [("cookie", cookie.as_str()), ("content-type", "application/json")];
    let made = app.request(Method::POST, "/v1/keys", &browser, r#"{"scopes":["read"]}"#).await;
    let key = made.json()["key"].as_str().expect("a key").to_owned();
    assert_eq!(app.get(&key, "/v1/session").await.status, 200);
    assert_eq!(app.request(Method::DELETE, "/v1/session", &browser[..1], "").await.status, 204);
    assert_eq!(app.get(&key, "/v1/session").await.code().0, 401);
    app.finish().await;
}
