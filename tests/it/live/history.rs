//! A cursor knows its history: an older copy of the database that is put back has the same epoch and the same seqs, and stands for
//! something else.

use std::path::Path;

use serde_json::{Value, json};

use super::sse::Stream;
use super::watcher::{Watcher, post_many, seqs};
use crate::app::TestApp;

/// Puts a copy in place of a database that nobody has open.
fn put_back(copy: &Path, database: &Path) {
    for beside in ["-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(beside);
        let _ = std::fs::remove_file(name);
    }
    std::fs::copy(copy, database).expect("copied");
}

async fn resumed(app: &TestApp, key: &str, after: &Value) -> (Watcher, Value) {
    let mut watcher = Watcher::connect(app, key).await;
    watcher.say(json!({"type":"subscribe","sub":"s","filter":{},"after":after})).await;
    let first = watcher.next().await;
    (watcher, first)
}

/// The server and two cursors: one from before the copy was made, one from after it.
async fn rolled_back(then: usize) -> (TestApp, String, Value, Value) {
    let mut app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    post_many(&app, &key, 5).await;
    let mut watcher = Watcher::connect(&app, &key).await;
    let early = watcher.subscribe(json!({})).await["position"].clone();
    let aside = tempfile::tempdir().expect("a directory");
    let copy = aside.path().join("copy.db");
    let open = rusqlite::Connection::open(app.database()).expect("opens");
    open.backup("main", &copy, None).expect("copied aside");
    drop(open);
    post_many(&app, &key, 10).await;
    let mut watcher = Watcher::connect(&app, &key).await;
    let late = watcher.subscribe(json!({})).await["position"].clone();
    drop(watcher);
    app.restart_after(|database| put_back(&copy, database)).await;
    if then > 0 {
        post_many(&app, &key, then).await;
    }
    (app, key, early, late)
}

#[tokio::test]
async fn who_has_read_another_history_is_told() {
    let (mut app, key, early, late) = rolled_back(15).await;
    for round in ["from the recent entries", "from the store"] {
        let (mut watcher, first) = resumed(&app, &key, &late).await;
        assert_eq!((&first["type"], &first["reason"]), (&json!("reset"), &json!("epoch")), "{round}: {first}");
        let afresh = watcher.expect("subscribed").await;
        assert_eq!((&afresh["mode"], seqs(&afresh)), (&json!("fresh"), (1..=20).collect()), "{round}");
        // A seal that begins there would count what was never shown.
        watcher.say(json!({"type":"seal","sub":"s","from":late})).await;
        assert_eq!(watcher.expect("error").await["code"], "cursor_invalid", "{round}");
        watcher.say(json!({"type":"seal","sub":"s","from":early})).await;
        assert_eq!(watcher.expect("sealed").await["stored"], 15, "{round}");
        let late = late.as_str().expect("text");
        let mut stream = Stream::open(&app, &key, "", &format!("last-event-id: {late}\r\n")).await;
        let told = stream.next().await;
        assert_eq!((told.word.as_str(), &told.data["reason"]), ("reset", &json!("epoch")), "{round}");
        for path in [
            format!("/v1/activities?after={late}"),
            format!("/v1/activities?before={late}"),
            format!("/v1/activities/histogram?before={late}"),
        ] {
            let answer = app.get(&key, &path).await;
            assert_eq!(answer.code(), (410, "cursor_gone".to_owned()), "{round}, {path}: {}", answer.text());
        }
        // What both histories have in common is gone on from.
        let (_, first) = resumed(&app, &key, &early).await;
        assert_eq!(
            (&first["type"], &first["mode"], seqs(&first)),
            (&json!("subscribed"), &json!("resumed"), (6..=20).collect()),
            "{round}"
        );
        let page = app.get(&key, &format!("/v1/activities?after={}", early.as_str().expect("text"))).await.json();
        assert_eq!(page["items"].as_array().map(Vec::len), Some(15), "{round}");
        app.restart().await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_log_that_is_shorter_now_is_told_as_another() {
    let (app, key, early, late) = rolled_back(0).await;
    let (_, first) = resumed(&app, &key, &late).await;
    assert_eq!((&first["type"], &first["reason"]), (&json!("reset"), &json!("epoch")), "{first}");
    let answer = app.get(&key, &format!("/v1/activities?after={}", late.as_str().expect("text"))).await;
    assert_eq!(answer.code(), (410, "cursor_gone".to_owned()));
    let (_, first) = resumed(&app, &key, &early).await;
    assert_eq!((&first["mode"], seqs(&first)), (&json!("resumed"), Vec::new()));
    app.finish().await;
}

/// Cursors of versions before have no mark: whoever kept one goes on.
#[tokio::test]
async fn a_cursor_of_the_version_before_is_taken() {
    use tidings::domain::Cursor;
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    post_many(&app, &key, 5).await;
    let mut watcher = Watcher::connect(&app, &key).await;
    let begun = watcher.subscribe(json!({})).await;
    let cursor = Cursor::parse(begun["position"].as_str().expect("text")).expect("a cursor");
    assert!(cursor.mark.is_some(), "{begun}");
    let unmarked = json!(Cursor { mark: None, ..cursor }.to_string());
    post_many(&app, &key, 2).await;
    let (_, first) = resumed(&app, &key, &unmarked).await;
    assert_eq!((&first["mode"], seqs(&first)), (&json!("resumed"), vec![6, 7]));
    app.finish().await;
}
