//! Corrections as live readers are told of them, over both kinds of stream, live and out of the log.

use hyper::Method;
use serde_json::{Value, json};

use super::sse::Stream;
use super::watcher::{Watcher, post, seqs};
use crate::app::TestApp;

async fn amend(app: &TestApp, key: &str, receipt: &Value, grade: &str) -> Value {
    let body = json!({"grade": grade, "grade_reasons": ["because"]});
    let answer = app.post(key, &format!("/v1/activities/{}/amend", receipt["id"].as_str().expect("id")), &body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn erase(app: &TestApp, key: &str, receipt: &Value) {
    let answer = app.call(Method::DELETE, key, &format!("/v1/activities/{}", receipt["id"].as_str().expect("id")), "").await;
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// What a frame tells of an amendment, its item aside.
fn amended(receipt: &Value, at: u64, grade: &str) -> Value {
    json!({"id": receipt["id"], "seq": receipt["seq"], "at": at, "grade": grade, "grade_reasons": ["because"]})
}

fn left(mut told: Value) -> Value {
    told["left"] = json!(true);
    told
}

fn erased(receipt: &Value, at: u64) -> Value {
    json!({"id": receipt["id"], "seq": receipt["seq"], "at": at})
}

#[tokio::test]
async fn each_view_is_told_what_a_correction_is_to_it() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let one = post(&app, &key, "acme", "page.viewed").await;
    let mut watchers = Vec::new();
    for filter in [
        json!({}),
        json!({"grade":["human"]}),
        json!({"not":{"grade":["human"]}}),
        json!({"partner":["globex"]}),
        json!({"event":["fair"]}),
    ] {
        let mut watcher = Watcher::connect(&app, &key).await;
        watcher.subscribe(filter).await;
        watchers.push(watcher);
    }
    let receipt = amend(&app, &key, &one, "human").await;
    let frames = [watchers[0].expect("activities").await, watchers[1].expect("activities").await, watchers[2].expect("activities").await];
    for frame in &frames {
        assert_eq!((&frame["items"], &frame["position"], frame.get("erased")), (&json!([]), &receipt["cursor"], None), "{frame}");
    }
    assert_eq!(frames[0]["amended"], json!([amended(&one, 2, "human")]));
    assert_eq!(frames[2]["amended"], json!([left(amended(&one, 2, "human"))]));
    let mut entered = amended(&one, 2, "human");
    entered["item"] = app.get(&key, &format!("/v1/activities/{}", one["id"].as_str().expect("id"))).await.json();
    assert_eq!(frames[1]["amended"], json!([entered]));
    erase(&app, &key, &one).await;
    // All who may see its event, whatever else they look for.
    for watcher in watchers.iter_mut().take(4) {
        let frame = watcher.expect("activities").await;
        assert_eq!((&frame["items"], &frame["erased"], frame.get("amended")), (&json!([]), &json!([erased(&one, 3)]), None), "{frame}");
    }
    let other = app.post(&key, "/v1/activities", r#"{"flavor":"page.viewed","event":"fair","partner":"acme"}"#).await.json();
    let frame = watchers[4].expect("activities").await;
    assert_eq!((seqs(&frame), frame.get("amended"), frame.get("erased")), (vec![4], None, None), "nothing of another event came before");
    assert_eq!(frame["position"], other["cursor"]);
    app.finish().await;
}

#[tokio::test]
async fn a_key_of_an_event_is_not_told_of_others() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let bound = app.key_of("default", "read", Some("fair")).await;
    let one = post(&app, &key, "acme", "page.viewed").await;
    let draft = r#"{"flavor":"page.viewed","event":"fair","partner":"acme"}"#;
    let two = app.post(&key, "/v1/activities", draft).await.json();
    let mut watcher = Watcher::connect(&app, &bound).await;
    let begun = watcher.subscribe(json!({})).await;
    for receipt in [&one, &two] {
        amend(&app, &key, receipt, "human").await;
        erase(&app, &key, receipt).await;
    }
    let mut told = (Vec::new(), Vec::new());
    while told.1.is_empty() {
        let frame = watcher.expect("activities").await;
        told.0.extend(frame["amended"].as_array().into_iter().flatten().cloned());
        told.1.extend(frame["erased"].as_array().into_iter().flatten().cloned());
    }
    assert_eq!(told, (vec![amended(&two, 5, "human")], vec![erased(&two, 6)]));
    // Out of the log it is the same, but that nobody is told of an amendment of what is erased.
    let mut watcher = Watcher::connect(&app, &bound).await;
    watcher.say(json!({"type":"subscribe","sub":"s","filter":{},"after":begun["position"]})).await;
    assert_eq!(watcher.expect("subscribed").await["catching_up"], true);
    let frame = watcher.expect("activities").await;
    assert_eq!((&frame["erased"], frame.get("amended")), (&json!([erased(&two, 6)]), None), "{frame}");
    watcher.expect("caught_up").await;
    app.finish().await;
}

#[tokio::test]
async fn who_comes_back_is_told_what_was_corrected_meanwhile() {
    let mut app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let (one, two, three) = (
        post(&app, &key, "acme", "page.viewed").await,
        post(&app, &key, "acme", "page.viewed").await,
        post(&app, &key, "acme", "page.viewed").await,
    );
    amend(&app, &key, &two, "machine").await;
    let position = {
        let mut watcher = Watcher::connect(&app, &key).await;
        let begun = watcher.subscribe(json!({"not":{"grade":["machine"]}})).await;
        assert_eq!(seqs(&begun), [1, 3]);
        begun["position"].clone()
    };
    let four = post(&app, &key, "acme", "page.viewed").await;
    amend(&app, &key, &one, "machine").await;
    amend(&app, &key, &two, "human").await;
    amend(&app, &key, &three, "human").await;
    erase(&app, &key, &three).await;
    post(&app, &key, "acme", "page.viewed").await;
    for round in ["from the recent entries", "from the store"] {
        let mut watcher = Watcher::connect(&app, &key).await;
        watcher.say(json!({"type":"subscribe","sub":"s","filter":{"not":{"grade":["machine"]}},"after":position})).await;
        let begun = watcher.expect("subscribed").await;
        assert_eq!((&begun["mode"], &begun["catching_up"], seqs(&begun)), (&json!("resumed"), &json!(true), vec![5]), "{round}");
        assert_eq!((begun.get("amended"), begun.get("erased"), &begun["position"]), (None, None, &four["cursor"]), "{round}");
        let frame = watcher.expect("activities").await;
        assert_eq!(seqs(&frame), [10], "{round}: items come first");
        let told: Vec<Value> = frame["amended"].as_array().expect("amended").clone();
        assert_eq!(told[0], left(amended(&one, 6, "machine")), "{round}");
        assert_eq!((&told[1]["at"], &told[1]["item"]["grade"], told.len()), (&json!(7), &json!("human"), 2), "{round}: {frame}");
        assert_eq!(frame["erased"], json!([erased(&three, 9)]), "{round}");
        let end = watcher.expect("caught_up").await;
        assert_eq!(end["position"], frame["position"], "{round}");
        // The seal counts what is held now.
        watcher.say(json!({"type":"seal","sub":"s"})).await;
        assert_eq!(watcher.expect("sealed").await["stored"], 3, "{round}: 2, 5 and 10");
        app.restart().await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_seal_is_true_across_corrections() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let mut sent = Vec::new();
    for _ in 0..6 {
        sent.push(post(&app, &key, "acme", "page.viewed").await);
    }
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({"grade":["unclear"]})).await;
    for (at, want) in [(0, 6), (1, 5), (2, 4), (3, 3)] {
        match at {
            0 => {}
            2 => erase(&app, &key, &sent[at]).await,
            _ => drop(amend(&app, &key, &sent[at], "human").await),
        }
        watcher.say(json!({"type":"seal","sub":"s"})).await;
        let sealed = loop {
            let frame = watcher.next().await;
            match frame["type"].as_str() {
                Some("sealed") => break frame,
                other => assert!(matches!(other, Some("activities" | "position")), "{frame}"),
            }
        };
        assert_eq!(sealed["stored"], want, "after {at} corrections");
    }
    app.finish().await;
}

#[tokio::test]
async fn server_sent_events_tell_the_same() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let one = post(&app, &key, "acme", "page.viewed").await;
    let mut stream = Stream::open(&app, &key, "grade=unclear", "").await;
    let begun = stream.next().await;
    let receipt = amend(&app, &key, &one, "human").await;
    let told = stream.next().await;
    assert_eq!((told.word.as_str(), json!(told.id)), ("activities", receipt["cursor"].clone()));
    assert_eq!(told.data["amended"], json!([left(amended(&one, 2, "human"))]));
    erase(&app, &key, &one).await;
    assert_eq!(stream.next().await.data["erased"], json!([erased(&one, 3)]));
    drop(stream);
    let mut again = Stream::open(&app, &key, "grade=unclear", &format!("last-event-id: {}\r\n", begun.id)).await;
    assert_eq!(again.next().await.data["catching_up"], true);
    assert_eq!(again.next().await.data["erased"], json!([erased(&one, 3)]));
    assert_eq!(again.next().await.word, "caught_up");
    app.finish().await;
}
