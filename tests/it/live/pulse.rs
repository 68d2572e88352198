//! Quiet or broken: who reads is told that the path works, and once when it does not.

use hyper::Method;
use serde_json::{Value, json};

use super::sse::Stream;
use super::watcher::{Watcher, post};
use crate::app::{TestApp, request};

/// The next frame that is about the path.
async fn told(watcher: &mut Watcher) -> Value {
    loop {
        let frame = watcher.next().await;
        match frame["type"].as_str() {
            Some("pulse") => break frame,
            other => assert_eq!(other, Some("position"), "{frame}"),
        }
    }
}

#[tokio::test]
async fn quiet_is_told_with_when_it_was_checked() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    post(&app, &key, "acme", "page.viewed").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.say(json!({"type":"subscribe","sub":"quiet","filter":{"partner":["nobody"]},"pulse":true})).await;
    watcher.say(json!({"type":"subscribe","sub":"plain","filter":{"partner":["nobody"]}})).await;
    let begun = watcher.expect("subscribed").await;
    watcher.expect("subscribed").await;
    let mut checked = Vec::new();
    while checked.len() < 2 {
        let frame = watcher.expect("position").await;
        assert_eq!((&frame["sub"], &frame["position"]), (&json!("quiet"), &begun["position"]), "the other is told at the heartbeat");
        checked.extend(frame["checked_at"].as_str().map(str::to_owned));
    }
    assert!(checked[0] < checked[1], "it is checked again and again: {checked:?}");
    let page = app.get(&key, "/v1/activities").await;
    assert!(page.header("tidings-checked-at") >= checked[1].as_str(), "pages tell it too");
    app.finish().await;
}

#[tokio::test]
async fn a_writer_that_stands_still_is_told_once_and_so_is_its_end() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({})).await;
    let mut stream = Stream::open(&app, &key, "", "").await;
    assert_eq!(stream.next().await.word, "subscribed");
    let other = rusqlite::Connection::open(app.database()).expect("opens");
    other.execute_batch("begin immediate").expect("locked");
    let broken = told(&mut watcher).await;
    assert_eq!((&broken["state"], &broken["reason"]), (&json!("broken"), &json!("not_stored")));
    assert!(broken["since"].is_string(), "{broken}");
    let event = loop {
        let event = stream.next().await;
        if event.word != "position" {
            break event;
        }
    };
    assert_eq!((event.word.as_str(), &event.data["state"]), ("pulse", &json!("broken")), "over events too");
    // Whoever comes while it is broken hears of it.
    let mut late = Watcher::connect_to(app.address(), &key).await;
    assert_eq!(told(&mut late).await["state"], "broken");
    let ready = request(app.running().ops_addr.expect("on"), Method::GET, "/ready", &[], "").await;
    assert_eq!(ready.status, 503, "{}", ready.text());
    other.execute_batch("rollback").expect("unlocked");
    for watcher in [&mut watcher, &mut late] {
        assert_eq!(told(watcher).await, json!({"type":"pulse","state":"ok"}));
    }
    app.finish().await;
}
