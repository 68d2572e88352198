//! The system as it tells of itself: figures that follow what happens, live too, and what is not well.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::{STUCK, TestApp};
use crate::live::watcher::Watcher;

/// The next `system` of a stream.
async fn next(socket: &mut TcpStream, text: &mut String) -> Value {
    loop {
        if let Some(data) = text.split("data: ").nth(1).and_then(|rest| rest.split_once('\n')) {
            let found = serde_json::from_str(data.0).expect("JSON");
            *text = data.1.to_owned();
            return found;
        }
        let mut some = vec![0; 16 * 1_024];
        let read = tokio::time::timeout(STUCK, socket.read(&mut some)).await.expect("something comes").expect("read");
        assert!(read > 0, "it goes on: {text}");
        text.push_str(&String::from_utf8_lossy(&some[..read]));
    }
}

#[tokio::test]
async fn figures_follow_what_happens() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({})).await;
    let mut socket = TcpStream::connect(app.address()).await.expect("connects");
    let head = format!("GET /v1/system/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n");
    socket.write_all(head.as_bytes()).await.expect("sent");
    let mut text = String::new();
    let first = next(&mut socket, &mut text).await;
    assert_eq!((&first["status"], &first["version"], &first["sources"]), (&json!("ok"), &json!(env!("CARGO_PKG_VERSION")), &json!([])));
    assert_eq!(first["course"]["in"].as_array().map(Vec::len), Some(60));
    for _ in 0..3 {
        let sent = app.post(&key, "/v1/activities", r#"{"flavor":"page.viewed","event":"expo","partner":"acme"}"#).await;
        assert_eq!(sent.status, 201);
        watcher.expect("activities").await;
    }
    app.post(&key, "/v1/activities", r#"{"flavor":"page.viewed"}"#).await;
    let told = loop {
        let told = next(&mut socket, &mut text).await;
        if told["commit_ms"].is_object() && told["deliver_ms"].is_object() && told["refusals"] != json!({}) {
            break told;
        }
    };
    let positive = |value: &Value| value.as_f64().is_some_and(|number| number > 0.0);
    assert!(positive(&told["in_per_s"]) && positive(&told["out_per_s"]) && positive(&told["commit_ms"]["p99"]), "{told}");
    assert!(positive(&told["database_bytes"]) && positive(&told["disk_free_bytes"]), "{told}");
    assert_eq!((&told["connections"], &told["subscriptions"], &told["lagging"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(told["refusals"].as_object().map(serde_json::Map::len), Some(1), "{told}");
    let source = &told["sources"][0];
    assert_eq!((&source["rhythm"], source["steps"].as_array().map(Vec::len)), (&json!("learning"), Some(30)));
    assert_eq!(source["steps"].as_array().into_iter().flatten().filter_map(Value::as_u64).sum::<u64>(), 3, "{source}");
    // A key that may not operate is told nothing of it, and no other workspace of our sources.
    let reader = app.key("ingest,read").await;
    assert_eq!(app.get(&reader, "/v1/system").await.code(), (403, "scope_missing".to_owned()));
    let other = app.key_of("other", "admin", None).await;
    assert_eq!(app.get(&other, "/v1/system").await.json()["sources"], json!([]));
    app.finish().await;
}

/// A screen of a wall that shows the system may look at it, and at no activity; any other screen may not.
#[tokio::test]
async fn a_wall_may_show_it() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let screen = async |wall: &str, body: &str| {
        assert_eq!(app.put(&key, &format!("/v1/walls/{wall}"), body).await.status, 201);
        let made = app.post(&key, &format!("/v1/walls/{wall}/screens"), r#"{"name":"Control room"}"#).await.json();
        made["url"].as_str().and_then(|url| url.split_once('#')).expect("an address").1.to_owned()
    };
    let operating = screen("ops", r#"{"name":"Operations","layout":"system"}"#).await;
    let feeding = screen("hall", r#"{"name":"Hall","views":["all-activities"]}"#).await;
    assert_eq!(app.get(&operating, "/v1/system").await.json()["status"], "ok");
    assert_eq!(app.get(&operating, "/v1/activities").await.code(), (403, "view_forbidden".to_owned()));
    assert_eq!(app.get(&feeding, "/v1/system").await.code(), (403, "right_missing".to_owned()));
    assert_eq!(app.get(&feeding, "/v1/activities").await.status, 200);
    // It has nothing to subscribe to, and proves its picture all the same.
    let bearer = format!("Bearer {operating}");
    let mut watcher = Watcher::connect_by(app.address(), &[("authorization", &bearer)]).await;
    let now = app.get(&operating, "/v1/screen").await.json()["server_time"].clone();
    watcher.say(json!({"type":"seen","sub":"system","painted_at":now,"fps":60,"build":"1","width":1920,"height":1080})).await;
    watcher.say(json!({"type":"ping","t":1})).await;
    watcher.expect("pong").await;
    assert_eq!(app.get(&key, "/v1/screens").await.json()["items"][0]["state"], "live");
    app.finish().await;
}
