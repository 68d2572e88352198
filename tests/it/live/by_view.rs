//! Reading by a view: it stands beside the reader's own filter set, and is followed when it changes.

use hyper::Method;
use serde_json::{Value, json};

use super::sse::Stream;
use super::watcher::{Watcher, partners, post, seqs};
use crate::app::TestApp;

async fn furnished() -> (TestApp, String) {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    assert_eq!(app.put(&key, "/v1/events/expo", r#"{"name":"Expo"}"#).await.status, 201);
    keep(&app, &key, "opens", &json!({"flavor":["message.opened"]})).await;
    for (partner, flavor) in [("acme", "message.opened"), ("globex", "message.opened"), ("acme", "page.viewed")] {
        post(&app, &key, partner, flavor).await;
    }
    (app, key)
}

async fn keep(app: &TestApp, key: &str, view: &str, filter: &Value) {
    let body = json!({"name":"Opens","filter":filter}).to_string();
    let status = app.put(key, &format!("/v1/views/{view}"), &body).await.status;
    assert!(status.is_success(), "{status}");
}

async fn by_view(app: &TestApp, key: &str, word: Value) -> (Watcher, Value) {
    let mut watcher = Watcher::connect(app, key).await;
    let mut said = json!({"type":"subscribe","sub":"s","view":"Opens"});
    said.as_object_mut().expect("an object").extend(word.as_object().expect("an object").clone());
    watcher.say(said).await;
    let begun = watcher.expect("subscribed").await;
    (watcher, begun)
}

/// The next frame of this word; names and positions may come before it.
async fn next(watcher: &mut Watcher, word: &str) -> Value {
    loop {
        let frame = watcher.next().await;
        match frame["type"].as_str() {
            Some(is) if is == word => break frame,
            other => assert!(matches!(other, Some("changed" | "position")), "{word}: {frame}"),
        }
    }
}

#[tokio::test]
async fn both_must_hold_and_a_refilter_keeps_the_view() {
    let (app, key) = furnished().await;
    let (mut watcher, begun) = by_view(&app, &key, json!({})).await;
    assert_eq!(seqs(&begun), [1, 2]);
    let (mut narrowed, begun) = by_view(&app, &key, json!({"filter":{"partner":["acme"]}})).await;
    assert_eq!(seqs(&begun), [1]);
    post(&app, &key, "acme", "page.viewed").await;
    post(&app, &key, "acme", "message.opened").await;
    assert_eq!((watcher.partners(1).await, narrowed.partners(1).await), (vec!["acme".to_owned()], vec!["acme".to_owned()]));
    narrowed.say(json!({"type":"refilter","sub":"s","filter":{"partner":["globex"]}})).await;
    assert_eq!(seqs(&next(&mut narrowed, "refiltered").await), [2], "within the view still");
    // The seal counts what both want.
    narrowed.say(json!({"type":"seal","sub":"s"})).await;
    assert_eq!(next(&mut narrowed, "sealed").await["stored"], 1);
    app.finish().await;
}

#[tokio::test]
async fn words_that_follow_a_subscribe_wait_for_its_view() {
    let (app, key) = furnished().await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.say(json!({"type":"subscribe","sub":"s","view":"opens"})).await;
    watcher.say(json!({"type":"refilter","sub":"s","ref":1,"filter":{"partner":["acme"]}})).await;
    watcher.say(json!({"type":"subscribe","sub":"t","view":"nowhere","ref":2})).await;
    watcher.say(json!({"type":"subscribe","sub":"u","filter":{}})).await;
    assert_eq!(seqs(&watcher.expect("subscribed").await), [1, 2]);
    let (mut refiltered, mut unknown, mut third) = (None, None, None);
    while refiltered.is_none() || unknown.is_none() || third.is_none() {
        let frame = watcher.next().await;
        match frame["type"].as_str() {
            Some("refiltered") => refiltered = Some(seqs(&frame)),
            Some("error") => unknown = Some((frame["code"].clone(), frame["sub"].clone(), frame["ref"].clone())),
            Some("subscribed") => third = Some(frame["sub"].clone()),
            other => panic!("{other:?}: {frame}"),
        }
    }
    assert_eq!(refiltered, Some(vec![1]));
    assert_eq!(unknown, Some((json!("view_unknown"), json!("t"), json!(2))));
    assert_eq!(third, Some(json!("u")));
    app.finish().await;
}

#[tokio::test]
async fn who_reads_by_a_view_follows_it() {
    let (app, key) = furnished().await;
    let (mut watcher, _) = by_view(&app, &key, json!({"filter":{"partner":["acme"]}})).await;
    keep(&app, &key, "opens", &json!({"flavor":["page.*"]})).await;
    let now = next(&mut watcher, "refiltered").await;
    assert_eq!((&now["ref"], &now["rev"], seqs(&now)), (&json!(null), &json!(2), vec![3]), "of the server's own accord");
    post(&app, &key, "acme", "message.opened").await;
    post(&app, &key, "acme", "page.viewed").await;
    let came = next(&mut watcher, "activities").await;
    assert_eq!((seqs(&came), &came["rev"]), (vec![5], &json!(2)));
    // A name changes nothing of what is in it, and is told all the same.
    let named = app.call(Method::PATCH, &key, "/v1/views/opens", r#"{"name":"Pages"}"#).await;
    assert_eq!(named.status, 200);
    let told = loop {
        let frame = watcher.next().await;
        assert_ne!(frame["type"], "refiltered", "{frame}");
        if frame["type"] == "changed" {
            break frame;
        }
    };
    assert_eq!((&told["what"], &told["keys"]), (&json!("view"), &json!(["opens"])));
    // What is gone cannot be read on by.
    assert_eq!(app.call(Method::DELETE, &key, "/v1/views/opens", "").await.status, 204);
    let gone = next(&mut watcher, "error").await;
    assert_eq!((&gone["code"], &gone["sub"], &gone["retry"]), (&json!("view_unknown"), &json!("s"), &json!(false)));
    assert_eq!(next(&mut watcher, "unsubscribed").await["sub"], "s");
    app.finish().await;
}

#[tokio::test]
async fn a_view_that_changed_while_away_is_settled_on_return() {
    let (app, key) = furnished().await;
    let (watcher, begun) = by_view(&app, &key, json!({})).await;
    drop(watcher);
    keep(&app, &key, "opens", &json!({"partner":["acme"]})).await;
    let (mut watcher, resumed) = by_view(&app, &key, json!({"after":begun["position"]})).await;
    assert_eq!(resumed["mode"], "resumed");
    assert_eq!(seqs(&next(&mut watcher, "refiltered").await), [1, 3], "all of the view as it is now");
    app.finish().await;
}

#[tokio::test]
async fn a_stream_by_a_view() {
    let (app, key) = furnished().await;
    let missing = app.get(&key, "/v1/activities/stream?view=nowhere").await;
    assert_eq!(missing.code(), (404, "view_unknown".to_owned()), "{}", missing.text());
    let mut stream = Stream::open(&app, &key, "view=opens&partner=globex", "").await;
    assert_eq!(seqs(&stream.next().await.data), [2]);
    keep(&app, &key, "opens", &json!({"flavor":["page.viewed"]})).await;
    let now = loop {
        let event = stream.next().await;
        if event.word == "refiltered" {
            break event.data;
        }
    };
    assert_eq!(partners(&now), Vec::<String>::new());
    app.finish().await;
}

#[tokio::test]
async fn a_reader_of_one_event_follows_a_view_of_all() {
    let (app, key) = furnished().await;
    let bound = app.key_of("default", "read", Some("expo")).await;
    let (mut watcher, begun) = by_view(&app, &bound, json!({})).await;
    assert_eq!(seqs(&begun), [1, 2]);
    keep(&app, &key, "opens", &json!({"partner":["acme"]})).await;
    assert_eq!(seqs(&next(&mut watcher, "refiltered").await), [1, 3]);
    // One that names another event does not exist for it.
    keep(&app, &key, "opens", &json!({"partner":["fair/acme"]})).await;
    assert_eq!(next(&mut watcher, "error").await["code"], "view_unknown");
    app.finish().await;
}
