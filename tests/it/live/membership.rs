//! Memberships that change under a subscription.

use serde_json::json;

use super::watcher::{Watcher, partners, post};
use crate::app::TestApp;

#[tokio::test]
async fn recipients_that_change_are_followed() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    for partner in ["acme", "globex"] {
        post(&app, &key, partner, "page.viewed").await;
    }
    app.put(&key, "/v1/events/expo/messages/welcome", r#"{"subject":"Welcome"}"#).await;
    let mut watcher = Watcher::connect(&app, &key).await;
    assert!(partners(&watcher.subscribe(json!({"message":["welcome"]})).await).is_empty());
    let changed = app.post(&key, "/v1/events/expo/messages/welcome/recipients", r#"{"add":["acme"]}"#).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let now = watcher.expect("refiltered").await;
    assert_eq!((&now["rev"], &now["ref"], partners(&now)), (&json!(2), &json!(null), vec!["acme".to_owned()]));
    post(&app, &key, "globex", "page.viewed").await;
    post(&app, &key, "acme", "content.shared").await;
    let came = watcher.expect("activities").await;
    assert_eq!((partners(&came), &came["rev"]), (vec!["acme".to_owned()], &json!(2)));
    // Removed by hand: what it did goes, and a delivery seen later does not bring it back.
    app.post(&key, "/v1/events/expo/messages/welcome/recipients", r#"{"remove":["acme"],"add":["globex"]}"#).await;
    let now = watcher.expect("refiltered").await;
    assert_eq!(partners(&now), ["globex", "globex"]);
    let delivered = json!({"flavor":"message.delivered","event":"expo","partner":"acme","message":"welcome"});
    app.post(&key, "/v1/activities", &delivered.to_string()).await;
    post(&app, &key, "globex", "page.viewed").await;
    assert_eq!(watcher.partners(1).await, ["globex"]);
    app.finish().await;
}

#[tokio::test]
async fn observed_recipients_and_tags_are_followed() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    post(&app, &key, "acme", "page.viewed").await;
    let mut by_message = Watcher::connect(&app, &key).await;
    by_message.subscribe(json!({"message":["welcome"]})).await;
    let mut by_tag = Watcher::connect(&app, &key).await;
    by_tag.subscribe(json!({"tag":["gold"]})).await;
    let sent = json!({"flavor":"message.sent","event":"expo","partner":"acme","message":"welcome"});
    app.post(&key, "/v1/activities", &sent.to_string()).await;
    assert_eq!(partners(&by_message.expect("refiltered").await), ["acme", "acme"], "what it did before counts too");
    app.put(&key, "/v1/events/expo/partners/acme", r#"{"name":"Acme","tags":["Gold"]}"#).await;
    let came = loop {
        let frame = by_tag.next().await;
        match frame["type"].as_str() {
            Some("refiltered") => break frame,
            other => assert!(matches!(other, Some("changed" | "position")), "{frame}"),
        }
    };
    assert_eq!(partners(&came).len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn a_change_while_away_is_settled_on_return() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    post(&app, &key, "acme", "page.viewed").await;
    app.put(&key, "/v1/events/expo/messages/welcome", r#"{"subject":"Welcome"}"#).await;
    let mut watcher = Watcher::connect(&app, &key).await;
    let begun = watcher.subscribe(json!({"message":["welcome"]})).await;
    drop(watcher);
    app.post(&key, "/v1/events/expo/messages/welcome/recipients", r#"{"add":["acme"]}"#).await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.say(json!({"type":"subscribe","sub":"s","filter":{"message":["welcome"]},"after":begun["position"]})).await;
    assert_eq!(watcher.expect("subscribed").await["mode"], "resumed");
    assert_eq!(partners(&watcher.expect("refiltered").await), ["acme"], "what it did before it was a recipient");
    app.finish().await;
}
