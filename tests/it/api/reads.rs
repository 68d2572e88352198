//! Reads share: by turns, and within one budget of bytes; what is no read waits for none.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use tidings::auth::Operator;
use tidings::domain::Key;
use tidings::store::{Purpose, Reader};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::{STUCK, TestApp, request};

async fn reader(app: &TestApp, workspace: &str) -> Reader {
    let found = app.running().store.keyring.workspace_by_key(Operator::assume(), Key::parse(workspace).expect("key")).await;
    Reader { workspace: found.expect("read").expect("there").id, root: -1, purpose: Purpose::Request }
}

#[tokio::test]
async fn readers_wait_for_each_other_and_nothing_else_waits_for_them() {
    let app = TestApp::start_with(|config| config.reads.wait_ms = 1).await;
    let (noisy, quiet) = (app.key_of("noisy", "ingest,read,admin", None).await, app.key_of("quiet", "ingest,read,admin", None).await);
    let draft = r#"{"flavor":"page.viewed","event":"expo","partner":"acme"}"#;
    for key in [&noisy, &quiet] {
        assert_eq!(app.post(key, "/v1/activities", draft).await.status, 201);
    }
    let reads = app.running().reads.clone();
    let (of_noisy, of_quiet) = (reader(&app, "noisy").await, reader(&app, "quiet").await);
    let mut held = Vec::new();
    while let Ok(turn) = reads.turn(of_noisy).await {
        held.push(turn);
    }
    let questions = [
        "/v1/activities",
        "/v1/activities/counts?by=partner",
        "/v1/activities/histogram",
        "/v1/events",
        "/v1/events/expo",
        "/v1/events/expo/partners",
        "/v1/flavors",
    ];
    for path in questions {
        let refused = app.get(&noisy, path).await;
        assert_eq!(refused.code(), (503, "overloaded".to_owned()), "{path}");
        assert!(!refused.header("retry-after").is_empty(), "{path}");
        assert_eq!(app.get(&quiet, path).await.status, 200, "{path}: another workspace has a turn");
    }
    // Now nobody has one left.
    held.push(reads.turn(of_quiet).await.expect("the last one"));
    for key in [&noisy, &quiet] {
        assert_eq!(app.get(key, "/v1/activities").await.status, 503);
        assert_eq!(app.post(key, "/v1/activities", draft).await.status, 201, "ingest");
        assert_eq!(app.get(key, "/v1/workspace").await.status, 200, "who asks is known");
        let (event, partner) = (r#"{"name":"Fair"}"#, r#"{"name":"Globex"}"#);
        assert!(app.put(key, "/v1/events/fair", event).await.status.is_success(), "a change is told");
        assert!(app.put(key, "/v1/events/fair/partners/globex", partner).await.status.is_success(), "a change is told");
    }
    let new = app.key_of("quiet", "read", None).await;
    assert_eq!(app.get(&new, "/v1/workspace").await.status, 200, "also one that was never here");
    let ops = app.running().ops_addr.expect("operations");
    assert_eq!(request(ops, Method::GET, "/ready", &[], "").await.status, 200);
    drop(held);
    assert_eq!(app.get(&noisy, "/v1/activities").await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn who_reads_slowly_holds_no_more_than_a_share() {
    let app = TestApp::start().await;
    let (slow, other) = (app.key_of("slow", "ingest,read", None).await, app.key_of("other", "ingest,read", None).await);
    let note = "n".repeat(3_500);
    let draft = json!({"flavor": "page.viewed", "event": "expo", "partner": "acme", "properties": {"note": note}});
    let drafts = Value::Array(vec![draft; 1_000]).to_string();
    for key in [&slow, &other] {
        assert_eq!(app.post(key, "/v1/activities", &drafts).await.status, 200);
    }
    let path = "/v1/activities?limit=1000";
    let ask = format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {slow}\r\n\r\n");
    let mut held = Vec::new();
    // Each takes the head of its answer and leaves the rest where it is.
    let refused = loop {
        let mut socket = TcpStream::connect(app.address()).await.expect("connects");
        socket.write_all(ask.as_bytes()).await.expect("sent");
        let mut head = [0; 12];
        tokio::time::timeout(STUCK, socket.read_exact(&mut head)).await.expect("answers").expect("read");
        if head != *b"HTTP/1.1 200" {
            break head;
        }
        held.push(socket);
        assert!(held.len() < 20, "a key holds {} answers of 4 MB", held.len());
    };
    assert_eq!(&refused, b"HTTP/1.1 503");
    assert!(held.len() > 1, "more than one is held");
    assert_eq!(app.get(&other, path).await.status, 200, "another workspace has its own share");
    assert_eq!(app.post(&slow, "/v1/activities", &drafts).await.status, 200, "what is sent is taken, and told");
    drop(held);
    let again = async { while app.get(&slow, path).await.status != StatusCode::OK {} };
    tokio::time::timeout(STUCK, again).await.expect("given back");
    app.finish().await;
}

#[tokio::test]
async fn flavors_go_on_from_page_to_page() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let bound = app.key_of("default", "read", Some("expo")).await;
    let all = app.get(&key, "/v1/flavors?limit=1000").await.json();
    let standard = all["items"].as_array().expect("items").len();
    assert!(standard > 3 && all["next"].is_null());
    let drafts: Vec<_> = (0..7).map(|n| json!({"flavor": format!("acme.made_{n}"), "event": "expo", "partner": "acme"})).collect();
    assert_eq!(app.post(&key, "/v1/activities", &Value::Array(drafts).to_string()).await.status, 200);
    for key in [&key, &bound] {
        for limit in [1, 2, 3, standard, standard + 3, standard + 7, 1_000] {
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let page = app.get(key, &format!("/v1/flavors?limit={limit}{after}")).await.json();
                let items = page["items"].as_array().expect("items");
                assert!(!items.is_empty() && items.len() <= limit);
                seen.extend(items.iter().map(|f| (f["key"].as_str().expect("key").to_owned(), f["standard"] == true)));
                match page["next"].as_str() {
                    Some(next) => after = format!("&after={next}"),
                    None => break,
                }
            }
            assert_eq!(seen.iter().take_while(|(_, standard)| *standard).count(), standard, "limit {limit}");
            let met: Vec<_> = seen[standard..].iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(met, (0..7).map(|n| format!("acme.made_{n}")).collect::<Vec<_>>(), "limit {limit}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn words_find_every_kind_of_property() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    for (partner, properties) in
        [("yes", json!({"paid": true})), ("no", json!({"paid": false})), ("n", json!({"n": 4711})), ("t", json!({"t": "Booth"}))]
    {
        let draft = json!({"flavor": "page.viewed", "event": "expo", "partner": partner, "properties": properties});
        assert_eq!(app.post(&key, "/v1/activities", &draft.to_string()).await.status, 201);
    }
    for (text, want) in [("true", "yes"), ("FALSE", "no"), ("471", "n"), ("booth", "t")] {
        let found = app.get(&key, &format!("/v1/activities?text={text}")).await.json();
        let keys: Vec<_> = found["items"].as_array().expect("items").iter().map(|i| i["partner"]["key"].as_str().expect("key")).collect();
        assert_eq!(keys, [want], "{text}");
    }
    app.finish().await;
}
