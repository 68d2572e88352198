//! Keys and tickets: shown once, revoked at once.

use hyper::Method;
use serde_json::json;
use tidings::auth::{Actor, Operator};
use tidings::clock::Clock;
use tidings::domain::{Key, UnixMs};
use tidings::store::sqlite::{SqliteOptions, SqliteStore};

use crate::app::{Answer, TestApp};
use crate::live::sse::Stream;
use crate::live::watcher::{Watcher, open, post};

#[tokio::test]
async fn a_key_lives_from_creation_to_revocation() {
    let app = TestApp::start().await;
    let admin = app.key("admin").await;
    let made = app.post(&admin, "/v1/keys", r#"{"name":"desk","scopes":["read","ingest"],"event":"expo"}"#).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (id, key) = (made.json()["id"].clone(), made.json()["key"].as_str().expect("key").to_owned());
    assert_eq!((&made.json()["scopes"], &made.json()["event"]), (&json!(["ingest", "read"]), &json!("expo")));
    assert!(!app.get(&admin, "/v1/keys").await.text().contains(&key), "shown once");
    assert_eq!(app.get(&key, "/v1/activities").await.status, 200);
    assert_eq!(app.call(Method::DELETE, &admin, &format!("/v1/keys/{id}"), "").await.status, 204);
    assert_eq!(app.get(&key, "/v1/activities").await.code(), (401, "unauthorised".to_owned()));
    assert_eq!(app.call(Method::DELETE, &admin, &format!("/v1/keys/{id}"), "").await.code().0, 404);
    for body in [r#"{}"#, r#"{"scopes":[]}"#, r#"{"scopes":["root"]}"#, r#"{"scopes":["read"],"colour":1}"#] {
        assert_eq!(app.post(&admin, "/v1/keys", body).await.code(), (422, "invalid".to_owned()), "{body}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_revocation_by_another_process_is_seen() {
    let mut file = String::new();
    let app = TestApp::start_with(|config| file = config.database.replace("sqlite:", "")).await;
    let key = app.key("read").await;
    assert_eq!(app.get(&key, "/v1/activities").await.status, 200);
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({})).await;
    let options = SqliteOptions { exclusive: false, ..SqliteOptions::default() };
    let beside = SqliteStore::open(std::path::Path::new(&file), Clock::System, options).await.expect("opens beside the server");
    let keyring = beside.store().keyring;
    let default = keyring.workspace_by_key(Operator::assume(), Key::trusted("default")).await.expect("reads").expect("there");
    let number = keyring.keys(default.id).await.expect("reads")[0].number;
    // By a process whose clock is years behind.
    assert_eq!(keyring.revoke(default.id, number, UnixMs(1), Actor::Server).await.expect("writes"), [number]);
    beside.close().await.expect("closes");
    // Asked until it is so: how long that takes is measured elsewhere.
    let refused = async {
        while app.get(&key, "/v1/activities").await.status != 401 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::app::STUCK, refused).await.expect("seen");
    assert_eq!(watcher.closed().await.0, 4401);
    app.finish().await;
}

#[tokio::test]
async fn a_ticket_opens_once_and_only_streams() {
    let app = TestApp::start().await;
    let key = app.key("read").await;
    let ticket = || async { app.post(&key, "/v1/tickets", "").await.json()["ticket"].as_str().expect("ticket").to_owned() };
    let one = ticket().await;
    assert_eq!(app.get("", &format!("/v1/activities?ticket={one}")).await.code().0, 401, "no stream");
    // Not a WebSocket, but let in: the ticket is used up by that.
    assert_eq!(app.get("", &format!("/v1/ws?ticket={one}")).await.code(), (426, "upgrade_required".to_owned()));
    assert_eq!(app.get("", &format!("/v1/ws?ticket={one}")).await.code(), (401, "unauthorised".to_owned()));
    assert_eq!(app.get("", &format!("/v1/ws?ticket={key}")).await.code(), (401, "unauthorised".to_owned()), "never a key in a URL");
    assert_eq!(app.get(&ticket().await, "/v1/activities").await.code().0, 401, "a ticket is no key");
    app.finish().await;
}

#[tokio::test]
async fn a_ticket_opens_its_own_stream_again() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let ticket = app.post(&key, "/v1/tickets", "").await.json()["ticket"].as_str().expect("ticket").to_owned();
    let query = format!("partner=p1&ticket={ticket}");
    let mut stream = Stream::open(&app, "", &query, "").await;
    let position = stream.next().await.id;
    drop(stream);
    post(&app, &key, "p1", "page.viewed").await;
    // As a browser comes back: the same address, and where it was.
    let last = format!("last-event-id: {position}\r\n");
    for _ in 0..2 {
        let again = Stream::open(&app, "", &query, &last).await.next().await;
        assert_eq!((again.word.as_str(), again.data["items"].as_array().map(Vec::len)), ("subscribed", Some(1)));
    }
    let path = |query: &str| format!("/v1/activities/stream?{query}");
    let resumed = [("last-event-id", position.as_str())];
    for (path, headers) in [
        (path(&query), &[][..]),
        (path(&format!("partner=p2&ticket={ticket}")), &resumed),
        (path(&format!("ticket={ticket}&partner=p1")), &resumed),
        (format!("/v1/ws?partner=p1&ticket={ticket}"), &resumed),
    ] {
        assert_eq!(app.request(Method::GET, &path, headers, "").await.code(), (401, "unauthorised".to_owned()), "{path} {headers:?}");
    }
    // Never longer than what it was made from.
    let keys = app.get(&key, "/v1/keys").await.json();
    let number = keys["items"][0]["id"].to_string();
    let mut stream = Stream::open(&app, "", &query, &last).await;
    assert_eq!(stream.next().await.word, "subscribed");
    assert_eq!(app.call(Method::DELETE, &key, &format!("/v1/keys/{number}"), "").await.status, 204);
    stream.ended().await;
    assert_eq!(app.request(Method::GET, &path(&query), &resumed, "").await.code().0, 401);
    app.finish().await;
}

#[tokio::test]
async fn everything_ends_when_its_key_expires() {
    const BEGUN: UnixMs = UnixMs(1_767_225_600_000);
    let clock = Clock::manual(BEGUN);
    let app = TestApp::start_at(clock.clone()).await;
    let admin = app.key("admin").await;
    let end = UnixMs(BEGUN.0 + 20_000);
    let made = app.post(&admin, "/v1/keys", &json!({"scopes":["read"],"expires_at":end.to_string(),"rate_per_s":5}).to_string()).await;
    assert_eq!((made.status.as_u16(), &made.json()["expires_at"], &made.json()["rate_per_s"]), (201, &json!(end.to_string()), &json!(5)));
    let key = made.json()["key"].as_str().expect("a key").to_owned();
    for (body, path) in [
        (json!({"scopes":["read"],"expires_at":BEGUN.to_string()}), "expires_at"),
        (json!({"scopes":["read"],"expires_at":"soon"}), "expires_at"),
        (json!({"scopes":["read"],"rate_per_s":0}), "rate_per_s"),
        (json!({"scopes":["read"],"rate_per_s":1.5}), "rate_per_s"),
    ] {
        let refused = app.post(&admin, "/v1/keys", &body.to_string()).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["path"]), (422, &json!(path)), "{body}");
    }
    let session = app.post("", "/v1/session", &json!({ "key": key }).to_string()).await;
    let cookie = session.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    assert!(session.header("set-cookie").contains("Max-Age=20;"), "no longer than its key: {}", session.header("set-cookie"));
    let ticket = async || -> String {
        let made: Answer = app.post(&key, "/v1/tickets", "").await;
        assert_eq!(made.json()["expires_at"], json!(end.to_string()), "no longer than its key");
        made.json()["ticket"].as_str().expect("a ticket").to_owned()
    };
    let unused = ticket().await;
    let mut by_key = Watcher::connect(&app, &key).await;
    let mut by_session = Watcher::connect_by(app.address(), &[("cookie", &cookie)]).await;
    let mut by_ticket = Stream::open(&app, "", &format!("ticket={}", ticket().await), "").await;
    assert_eq!(by_ticket.next().await.word, "subscribed");
    let mut stays = Watcher::connect(&app, &app.key("read").await).await;
    clock.set(end);
    assert_eq!((by_key.closed().await.0, by_session.closed().await.0), (4401, 4401));
    by_ticket.ended().await;
    let who = [("cookie", cookie.as_str())];
    assert_eq!(app.get(&key, "/v1/activities").await.code(), (401, "unauthorised".to_owned()));
    assert_eq!(app.request(Method::GET, "/v1/activities", &who, "").await.code(), (401, "unauthorised".to_owned()));
    assert_eq!(app.get("", &format!("/v1/activities/stream?ticket={unused}")).await.code(), (401, "unauthorised".to_owned()));
    stays.subscribe(json!({})).await;
    app.finish().await;
}

#[tokio::test]
async fn credentials_are_made_at_a_rate() {
    let few = std::num::NonZeroU32::new(3).expect("three");
    let slow = std::num::NonZeroU32::MIN;
    let app = TestApp::start_with(|config| (config.rate.credentials_burst, config.rate.credentials_per_second) = (few, slow)).await;
    let (key, other) = (app.key("read").await, app.key("read").await);
    let mut refused = app.post(&key, "/v1/tickets", "").await;
    for _ in 0..10 {
        if refused.status == 429 {
            break;
        }
        refused = app.post(&key, "/v1/tickets", "").await;
    }
    assert_eq!(refused.code(), (429, "rate_limited".to_owned()));
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    assert_eq!(app.post(&other, "/v1/tickets", "").await.status, 201, "a rate each");
    app.finish().await;
}

#[tokio::test]
async fn a_key_sends_at_its_own_rate() {
    let app = TestApp::start().await;
    let admin = app.key("admin").await;
    let made = app.post(&admin, "/v1/keys", r#"{"scopes":["ingest"],"event":"expo","rate_per_s":1}"#).await;
    let key = made.json()["key"].as_str().expect("a key").to_owned();
    let mut statuses = Vec::new();
    while statuses.len() < 100 && !statuses.contains(&429) {
        statuses.push(app.post(&key, "/v1/activities", r#"{"flavor":"a.b","partner":"p"}"#).await.status.as_u16());
    }
    assert_eq!((statuses.first(), statuses.last()), (Some(&201), Some(&429)), "{statuses:?}");
    app.finish().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_client_counts() {
    let app = TestApp::start_with(|config| {
        config.http.connections_per_address_max = 1;
        config.http.trusted_proxies = vec!["127.0.0.0/8".parse().expect("network")];
    })
    .await;
    let key = app.key("read").await;
    let connect = async |client: &str| open(app.address(), &key, &[("x-forwarded-for", client)]).await;
    let first = connect("203.0.113.9").await.expect("room");
    assert!(connect("198.51.100.1, 203.0.113.9").await.is_err(), "one stream of an address, whatever the client wrote before it");
    let refused = app.request(Method::GET, "/v1/workspace", &[("x-forwarded-for", "203.0.113.9")], "").await;
    assert_eq!(refused.code(), (503, "overloaded".to_owned()));
    let _other = connect("203.0.113.10").await.expect("another client");
    drop(first);
    let again = async {
        while connect("203.0.113.9").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::app::STUCK, again).await.expect("its place is given back");
    app.finish().await;
}

#[tokio::test]
async fn pages_of_listed_origins_may_ask() {
    const DESK: &str = "https://desk.example";
    let app = TestApp::start_with(|config| config.origins = vec![DESK.to_owned()]).await;
    let key = app.key("read").await;
    let bearer = format!("Bearer {key}");
    for path in ["/v1/tickets", "/v1/activities", "/v1/activities/stream", "/v1/session", "/v1/nowhere"] {
        let ask =
            |origin| [("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")];
        let asked = app.request(Method::OPTIONS, path, &ask(DESK), "").await;
        assert_eq!((asked.status.as_u16(), asked.header("access-control-allow-origin")), (204, DESK), "{path}");
        assert!(asked.header("access-control-allow-methods").contains("POST"), "{path}");
        assert_eq!(asked.header("access-control-allow-headers"), "authorization", "{path}");
        assert!(asked.header("x-content-type-options") == "nosniff" && asked.header("vary").contains("origin"), "{path}");
        let other = app.request(Method::OPTIONS, path, &ask("https://evil.example"), "").await;
        assert!(other.status.is_client_error() && other.header("access-control-allow-origin").is_empty(), "{path}: {}", other.status);
    }
    for (method, path, headers, status) in [
        (Method::GET, "/v1/activities", &[("authorization", bearer.as_str())][..], 200),
        (Method::POST, "/v1/tickets", &[("authorization", bearer.as_str())], 201),
        (Method::GET, "/v1/activities", &[], 401),
        (Method::GET, "/v1/nowhere", &[], 404),
        (Method::PATCH, "/v1/keys", &[], 405),
    ] {
        for (origin, allowed) in [(DESK, DESK), ("https://evil.example", ""), ("", "")] {
            let mut headers = headers.to_vec();
            headers.extend((!origin.is_empty()).then_some(("origin", origin)));
            let answer = app.request(method.clone(), path, &headers, "").await;
            let case = format!("{method} {path} from {origin:?}");
            assert_eq!(answer.status, status, "{case}");
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{case}");
            assert_eq!(answer.header("access-control-expose-headers").contains("x-request-id"), !allowed.is_empty(), "{case}");
            let policy = if allowed.is_empty() { "same-origin" } else { "cross-origin" };
            assert_eq!((answer.header("cross-origin-resource-policy"), answer.header("vary")), (policy, "origin"), "{case}");
        }
    }
    let head = format!("GET /v1/activities/stream HTTP/1.1\r\nhost: x\r\norigin: {DESK}\r\nauthorization: {bearer}\r\n\r\n");
    let head = app.head(head.as_bytes()).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("access-control-allow-origin: https://desk.example"), "{head}");
    let page = app.request(Method::GET, "/docs", &[("origin", DESK)], "").await;
    assert_eq!(page.header("access-control-allow-origin"), "", "only the API");
    app.finish().await;
}

#[tokio::test]
async fn sockets_hold_to_origin_and_subprotocol() {
    let app = TestApp::start_with(|config| config.origins = vec!["https://desk.example".to_owned()]).await;
    let key = app.key("read").await;
    let (bearer, host) = (format!("Bearer {key}"), format!("http://{}", app.address()));
    for (extra, want) in [
        (&[("origin", "https://evil.example")][..], (403, "origin_forbidden")),
        (&[("origin", "null")], (403, "origin_forbidden")),
        (&[("sec-websocket-protocol", "graphql-ws")], (400, "subprotocol_unknown")),
        (&[("origin", host.as_str())], (101, "")),
        (&[("origin", "https://desk.example")], (101, "")),
        (&[("sec-websocket-protocol", "graphql-ws, tidings.v1")], (101, "")),
        (&[], (101, "")),
    ] {
        let mut text = format!(
            "GET /v1/ws HTTP/1.1\r\nhost: {}\r\nauthorization: {bearer}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            app.address()
        );
        for (name, value) in extra {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        let head = app.head(text.as_bytes()).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {} ", want.0)), "{extra:?}: {head}");
        assert!(want.1.is_empty() || head.contains(want.1), "{extra:?}: {head}");
        let ours = extra.iter().any(|(name, value)| *name == "sec-websocket-protocol" && value.contains("tidings"));
        assert_eq!(head.contains("sec-websocket-protocol: tidings.v1"), ours, "{head}");
    }
    app.finish().await;
}
