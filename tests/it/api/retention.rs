//! How long activities are kept: what is asked for, what goes, and what who stood behind it is told.

use serde_json::{Value, json};
use tidings::clock::Clock;
use tidings::domain::UnixMs;

use crate::app::TestApp;
use crate::live::sse::Stream;
use crate::live::watcher::{Watcher, post, seqs};

const BEGUN: UnixMs = UnixMs(1_767_225_600_000);
const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn what_is_too_old_goes_and_who_stood_behind_it_is_told() {
    let clock = Clock::manual(BEGUN);
    let app = TestApp::start_at(clock.clone()).await;
    let (key, admin) = (app.key("ingest,read").await, app.key("admin").await);
    assert_eq!(app.get(&key, "/v1/retention").await.json(), json!({"days": null, "flavors": {}, "kept_since": null}));
    let mut cursors = Vec::new();
    let mut ids = Vec::new();
    for day in 0..10 {
        clock.set(UnixMs(BEGUN.0 + day * DAY_MS));
        for _ in 0..20 {
            let receipt = post(&app, &key, "acme", "page.viewed").await;
            cursors.push(receipt["cursor"].as_str().expect("a cursor").to_owned());
            ids.push(receipt["id"].as_str().expect("an id").to_owned());
        }
    }
    let mut live = Watcher::connect(&app, &key).await;
    let begun = live.subscribe(json!({})).await;
    let set = app.put(&admin, "/v1/retention", r#"{"days":7}"#).await;
    assert_eq!((set.status.as_u16(), &set.json()["days"]), (200, &json!(7)), "{}", set.text());
    app.running().consumers.settled().await;
    // Nine days after the beginning two days are older than seven, and the third is not.
    let kept = app.get(&admin, "/v1/retention").await.json();
    assert_eq!(kept, json!({"days": 7, "flavors": {}, "kept_since": UnixMs(BEGUN.0 + 2 * DAY_MS).to_string()}));
    let page = app.get(&key, "/v1/activities?limit=1000").await.json();
    assert_eq!((seqs(&page).last(), &page["older"]), (Some(&41), &Value::Null), "the list ends where the log begins");
    assert_eq!(app.get(&key, "/v1/activities/counts?by=flavor").await.json()["total"], 160);
    for (path, status) in [
        (format!("/v1/activities?after={}", cursors[38]), 410),
        (format!("/v1/activities?before={}", cursors[38]), 410),
        (format!("/v1/activities/histogram?before={}", cursors[38]), 410),
        (format!("/v1/activities?after={}", cursors[39]), 200),
        (format!("/v1/activities?before={}", cursors[39]), 200),
        (format!("/v1/activities/{}", ids[39]), 404),
        (format!("/v1/activities/{}", ids[40]), 200),
    ] {
        let answer = app.get(&key, &path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
        assert!(status != 410 || answer.code().1 == "cursor_gone", "{path}: {}", answer.text());
    }
    // The same id is still the same activity.
    let again = json!({"id": ids[3], "flavor": "page.viewed", "event": "expo", "partner": "acme"}).to_string();
    let again = app.post(&key, "/v1/activities", &again).await;
    assert_eq!((again.status.as_u16(), &again.json()["duplicate"]), (200, &json!(true)), "{}", again.text());
    // Who is live goes on; its seal from behind what is kept tells from where it counts.
    live.say(json!({"type":"seal","sub":"s","from":cursors[0]})).await;
    let sealed = live.expect("sealed").await;
    assert_eq!((&sealed["from"], &sealed["stored"], &sealed["position"]), (&json!(cursors[39]), &json!(160), &begun["position"]));
    post(&app, &key, "acme", "page.viewed").await;
    assert_eq!(seqs(&live.expect("activities").await), [201]);
    // Who comes back is told, and begins afresh.
    let mut back = Watcher::connect(&app, &key).await;
    back.say(json!({"type":"subscribe","sub":"s","filter":{},"after":cursors[3],"backfill":1000})).await;
    let reset = back.expect("reset").await;
    assert_eq!((&reset["reason"], &reset["oldest"]), (&json!("pruned"), &json!(cursors[39])));
    let fresh = back.expect("subscribed").await;
    assert_eq!((&fresh["mode"], seqs(&fresh).first(), &fresh["older"]), (&json!("fresh"), Some(&41), &Value::Null));
    let mut stream = Stream::open(&app, &key, &format!("after={}", cursors[3]), "").await;
    assert_eq!(stream.next().await.word, "reset");
    app.finish().await;
}

#[tokio::test]
async fn what_is_asked_for_is_checked() {
    let app = TestApp::start().await;
    let (admin, read) = (app.key("admin").await, app.key("read").await);
    for body in
        [r#"{"days":0}"#, r#"{"days":36501}"#, r#"{"days":1.5}"#, r#"{"days":"7"}"#, r#"{"weeks":1}"#, r#"{"flavors":{"page.viewed":3}}"#]
    {
        let refused = app.put(&admin, "/v1/retention", body).await;
        assert_eq!(refused.status.as_u16(), 422, "{body}: {}", refused.text());
    }
    assert_eq!(app.put(&read, "/v1/retention", r#"{"days":1}"#).await.code(), (403, "scope_missing".to_owned()));
    let bound = app.key_of("default", "admin", Some("expo")).await;
    assert_eq!(app.put(&bound, "/v1/retention", r#"{"days":1}"#).await.code(), (403, "event_forbidden".to_owned()));
    for body in [r#"{"days":30}"#, r#"{"days":null,"flavors":{}}"#, "{}"] {
        let set = app.put(&admin, "/v1/retention", body).await;
        let days = serde_json::from_str::<Value>(body).expect("json")["days"].clone();
        assert_eq!((set.status.as_u16(), &set.json()["days"]), (200, &days), "{}", set.text());
        assert_eq!(app.get(&read, "/v1/retention").await.json(), set.json());
    }
    app.finish().await;
}
