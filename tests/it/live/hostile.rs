//! Frames that nobody should send.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::watcher::Watcher;
use crate::app::TestApp;

#[tokio::test]
async fn broken_frames_end_the_connection_with_a_reason() {
    let app = TestApp::start().await;
    let key = app.key("read").await;
    let large = "x".repeat(70 * 1024);
    for (message, code) in [(Message::binary(vec![1, 2, 3]), 1008), (Message::text(large), 1009)] {
        let mut watcher = Watcher::connect(&app, &key).await;
        watcher.send(message).await;
        assert_eq!(watcher.closed().await.0, code);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_flood_of_words_is_ended() {
    let app = TestApp::start_with(|config| config.session.words_per_second_max = 5).await;
    let key = app.key("read").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    for n in 0..40 {
        // The server may have closed already: then there is nothing more to send.
        let _ = tokio::time::timeout(crate::app::STUCK, watcher.say_if_open(json!({"type":"ping","t":n}))).await;
    }
    assert_eq!(watcher.closed().await.0, 4429);
    app.finish().await;
}

#[tokio::test]
async fn strange_words_never_harm() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let long = "a".repeat(60_000);
    for text in [
        deep,
        format!(r#"{{"type":"{long}"}}"#),
        format!(r#"{{"type":"subscribe","sub":"{long}","filter":{{}}}}"#),
        format!(r#"{{"type":"subscribe","sub":"a","filter":{{"text":"{long}"}}}}"#),
        r#"{"type":"subscribe","sub":"a","filter":{"partner":["\u0000"]}}"#.to_owned(),
        r#"{"type":"subscribe","sub":"a","filter":{"not":{"not":{}}}}"#.to_owned(),
        r#"{"type":"subscribe","sub":"a","filter":{},"after":"AAAA"}"#.to_owned(),
        r#"{"type":"seal","sub":"\u0000"}"#.to_owned(),
        r#"{"type":"subscribe","sub":"a","filter":{},"backfill":1e99}"#.to_owned(),
        "{\"type\":\"ping\",\"type\":\"shout\"}".to_owned(),
    ] {
        watcher.send(Message::text(text.clone())).await;
        let frame = watcher.next().await;
        assert_eq!(frame["type"], "error", "{}: {frame}", &text[..text.len().min(80)]);
    }
    watcher.subscribe(json!({"text":"\u{301}\u{e9}"})).await;
    app.finish().await;
}
