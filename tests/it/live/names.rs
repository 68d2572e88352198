//! Names that change: told together, at most once a second, and to those who may show them.

use serde_json::{Value, json};

use super::watcher::{Watcher, post};
use crate::app::TestApp;

/// Keys of `changed` frames until the last one has come, and how many frames it took; `None` once nobody named them.
async fn changed(watcher: &mut Watcher, last: &str) -> (Option<Vec<String>>, usize) {
    let (mut all, mut frames) = (Vec::new(), 0);
    loop {
        let frame = watcher.expect("changed").await;
        frames += 1;
        let Value::Array(keys) = &frame["keys"] else { return (None, frames) };
        assert!((1..=100).contains(&keys.len()), "{frame}");
        all.extend(keys.iter().map(|key| key.as_str().expect("a key").to_owned()));
        if all.iter().any(|key| key == last) {
            return (Some(all), frames);
        }
    }
}

#[tokio::test]
async fn names_are_told_together() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    post(&app, &key, "acme", "page.viewed").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({})).await;
    app.put(&key, "/v1/events/expo/partners/acme", r#"{"name":"Acme Inc"}"#).await;
    let first = watcher.expect("changed").await;
    assert_eq!((&first["what"], &first["keys"]), (&json!("partner"), &json!(["expo/acme"])));
    // What changes within the second that follows comes in one frame after it, each name once.
    for n in 0..40 {
        app.put(&key, &format!("/v1/events/expo/partners/p{}", n % 20), &format!(r#"{{"name":"Partner {n}"}}"#)).await;
    }
    let (keys, frames) = changed(&mut watcher, "expo/p19").await;
    let mut keys = keys.expect("named");
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 20, "{keys:?}");
    assert!(frames < 20, "{frames} frames for 40 changes");
    app.finish().await;
}

#[tokio::test]
async fn who_is_bound_to_another_event_is_told_nothing() {
    let app = TestApp::start().await;
    let all = app.key("ingest,read,admin").await;
    let bound = app.key_of("default", "read", Some("expo")).await;
    post(&app, &all, "acme", "page.viewed").await;
    let mut watcher = Watcher::connect(&app, &bound).await;
    app.put(&all, "/v1/events/other", r#"{"name":"Other"}"#).await;
    app.put(&all, "/v1/events/other/partners/globex", r#"{"name":"Globex"}"#).await;
    app.put(&all, "/v1/events/expo/partners/acme", r#"{"name":"Acme Inc"}"#).await;
    let frame = watcher.expect("changed").await;
    assert_eq!((&frame["what"], &frame["keys"]), (&json!("partner"), &json!(["expo/acme"])));
    app.finish().await;
}

#[tokio::test]
async fn many_partners_at_once_are_one_notice() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    post(&app, &key, "acme", "page.viewed").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({})).await;
    let items: Vec<Value> = (0..1_000).map(|n| json!({"key": format!("p{n}"), "name": "P"})).collect();
    let body = json!({"items": items}).to_string();
    assert_eq!(app.post(&key, "/v1/events/expo/partners", &body).await.json()["created"], 1_000);
    let frame = watcher.expect("changed").await;
    assert_eq!((&frame["what"], &frame["keys"]), (&json!("partner"), &Value::Null), "more than can be named");
    // What is deleted is told, too: the next frame is of this, so there was no second of the thousand.
    app.call(hyper::Method::DELETE, &key, "/v1/events/expo/partners/p7", "").await;
    let frame = watcher.expect("changed").await;
    assert_eq!((&frame["what"], &frame["keys"]), (&json!("partner"), &json!(["expo/p7"])));
    app.finish().await;
}
