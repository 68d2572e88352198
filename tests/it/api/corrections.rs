//! Amending and erasing over HTTP.

use hyper::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const HUMAN: &str = r#"{"grade":"human","grade_reasons":["clicked"]}"#;

fn id(number: u128) -> String {
    format!("0198c7a2-4d1e-7000-8000-{number:012x}")
}

fn draft(number: u128, event: &str, partner: &str) -> Value {
    json!({"id": id(number), "flavor": "page.viewed", "event": event, "partner": partner, "occurred_at": "2026-01-01T10:00:00Z"})
}

async fn send(app: &TestApp, key: &str, draft: &Value) -> Answer {
    app.post(key, "/v1/activities", &draft.to_string()).await
}

async fn amend(app: &TestApp, key: &str, number: u128, body: &str) -> Answer {
    app.post(key, &format!("/v1/activities/{}/amend", id(number)), body).await
}

async fn erase(app: &TestApp, key: &str, number: u128) -> Answer {
    app.call(Method::DELETE, key, &format!("/v1/activities/{}", id(number)), "").await
}

async fn seqs(app: &TestApp, key: &str, query: &str) -> Vec<u64> {
    let page = app.get(key, &format!("/v1/activities?{query}")).await.json();
    page["items"].as_array().expect("items").iter().map(|item| item["seq"].as_u64().expect("seq")).collect()
}

#[tokio::test]
async fn an_amendment_is_told_once_and_read_everywhere() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    for number in 1..=3 {
        assert_eq!(send(&app, &key, &draft(number, "expo", "acme")).await.status, 201);
    }
    let before = app.get(&key, &format!("/v1/activities/{}", id(2))).await.json();
    let first = amend(&app, &key, 2, HUMAN).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let receipt = first.json();
    assert_eq!((&receipt["id"], &receipt["seq"], receipt.as_object().map(serde_json::Map::len)), (&json!(id(2)), &json!(4), Some(3)));
    assert_eq!(amend(&app, &key, 2, HUMAN).await.json(), receipt, "the same again is the same entry");
    let now = app.get(&key, &format!("/v1/activities/{}", id(2))).await;
    let mut want = before;
    (want["grade"], want["grade_reasons"]) = (json!("human"), json!(["clicked"]));
    assert_eq!(now.json(), want);
    assert!(app.get(&key, "/v1/activities").await.text().contains(now.text()), "the same bytes in a page");
    assert_eq!((seqs(&app, &key, "grade=human").await, seqs(&app, &key, "grade=unclear").await), (vec![2], vec![3, 1]));
    let why = app.get(&key, &format!("/v1/activities/{}/why?grade=unclear", id(2))).await.json();
    assert_eq!(why["excluded_by"], json!([{"clause": "grade", "wanted": ["unclear"], "actual": "human"}]));
    let counts = app.get(&key, "/v1/activities/counts?by=grade").await.json();
    let by = counts["by"]["grade"].as_array().expect("values").iter().map(|v| (v["value"].as_str().expect("text"), v["count"].as_u64()));
    assert_eq!(by.filter(|(_, count)| *count > Some(0)).collect::<Vec<_>>(), [("unclear", Some(2)), ("human", Some(1))]);
    // Its cursor goes on after the entry: nothing is there yet.
    let after = format!("after={}", receipt["cursor"].as_str().expect("cursor"));
    assert!(seqs(&app, &key, &after).await.is_empty());
    assert_eq!(send(&app, &key, &draft(9, "expo", "acme")).await.json()["seq"], 5);
    assert_eq!(seqs(&app, &key, &after).await, [5]);
    app.finish().await;
}

#[tokio::test]
async fn what_is_erased_is_gone_and_its_id_stays_taken() {
    let mut app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    for number in 1..=3 {
        send(&app, &key, &draft(number, "expo", "acme")).await;
    }
    let gone = erase(&app, &key, 2).await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    for round in ["at once", "after a restart"] {
        for path in [format!("/v1/activities/{}", id(2)), format!("/v1/activities/{}/why?partner=acme", id(2))] {
            assert_eq!(app.get(&key, &path).await.code(), (410, "erased".to_owned()), "{round} {path}");
        }
        assert_eq!(amend(&app, &key, 2, HUMAN).await.code(), (410, "erased".to_owned()), "{round}");
        assert_eq!(erase(&app, &key, 2).await.code(), (410, "erased".to_owned()), "{round}");
        assert_eq!(seqs(&app, &key, "").await, [3, 1], "{round}");
        assert_eq!(seqs(&app, &key, &format!("id={}", id(2))).await, Vec::<u64>::new(), "{round}");
        let counts = app.get(&key, "/v1/activities/counts?by=partner").await.json();
        assert_eq!((&counts["total"], &counts["by"]["partner"][0]["count"]), (&json!(2), &json!(2)), "{round}");
        let histogram =
            app.get(&key, "/v1/activities/histogram?bucket=day&since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z").await.json();
        assert_eq!(histogram["items"][0]["count"], 2, "{round}: {histogram}");
        let again = send(&app, &key, &draft(2, "expo", "acme")).await;
        assert_eq!((again.status.as_u16(), &again.json()["duplicate"], &again.json()["seq"]), (200, &json!(true), &json!(2)), "{round}");
        let other = send(&app, &key, &draft(2, "expo", "globex")).await;
        assert_eq!(other.code(), (409, "id_conflict".to_owned()), "{round}");
        assert_eq!(seqs(&app, &key, "").await, [3, 1], "nothing is stored");
        app.restart().await;
    }
    app.finish().await;
}

#[tokio::test]
async fn who_may_correct_and_what_is_there_for_whom() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let (expo, fair) = (app.key_of("default", "admin", Some("Expo")).await, app.key_of("default", "admin", Some("fair")).await);
    let (reader, sender) = (app.key("read").await, app.key("ingest").await);
    send(&app, &key, &draft(1, "expo", "acme")).await;
    send(&app, &key, &draft(2, "fair", "acme")).await;
    for weak in [&reader, &sender] {
        assert_eq!(amend(&app, weak, 1, HUMAN).await.code(), (403, "scope_missing".to_owned()));
        assert_eq!(erase(&app, weak, 1).await.code(), (403, "scope_missing".to_owned()));
    }
    assert_eq!(amend(&app, "", 1, HUMAN).await.status, 401);
    for (key, number) in [(&key, 7), (&expo, 2), (&fair, 1)] {
        assert_eq!(amend(&app, key, number, HUMAN).await.code(), (404, "not_found".to_owned()));
        assert_eq!(erase(&app, key, number).await.code(), (404, "not_found".to_owned()));
    }
    assert_eq!(amend(&app, &expo, 1, HUMAN).await.status, 200);
    assert_eq!(erase(&app, &expo, 1).await.status, 204);
    assert_eq!(erase(&app, &fair, 1).await.code(), (404, "not_found".to_owned()), "erased or not, it never was there");
    let bound = app.key_of("default", "read", Some("fair")).await;
    assert_eq!(app.get(&bound, &format!("/v1/activities/{}", id(1))).await.code(), (404, "not_found".to_owned()));
    assert_eq!(app.get(&key, &format!("/v1/activities/{}", id(1))).await.code(), (410, "erased".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn every_fault_of_an_amendment_is_told() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    send(&app, &key, &draft(1, "expo", "acme")).await;
    let long = format!(r#"["{}"]"#, "a".repeat(65));
    for (body, paths) in [
        ("{}".to_owned(), &["grade", "grade_reasons"][..]),
        (r#"{"grade":"human"}"#.to_owned(), &["grade_reasons"]),
        (r#"{"grade":"human","grade_reasons":[]}"#.to_owned(), &["grade_reasons"]),
        (r#"{"grade":"bot","grade_reasons":["a"]}"#.to_owned(), &["grade"]),
        (r#"{"grade":"human","grade_reasons":"a"}"#.to_owned(), &["grade_reasons"]),
        (
            r#"{"grade":"human","grade_reasons":["a","B","c d",7,""]}"#.to_owned(),
            &["grade_reasons[1]", "grade_reasons[2]", "grade_reasons[3]", "grade_reasons[4]"],
        ),
        (format!(r#"{{"grade":"human","grade_reasons":{long}}}"#), &["grade_reasons[0]"]),
        (format!(r#"{{"grade":"human","grade_reasons":{}}}"#, json!(vec!["a"; 9])), &["grade_reasons"]),
        (r#"{"grade":"human","grade_reasons":["a"],"note":"x"}"#.to_owned(), &["note"]),
    ] {
        let answer = amend(&app, &key, 1, &body).await;
        assert_eq!(answer.code(), (422, "invalid".to_owned()), "{body}");
        let told = answer.json()["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|e| e["path"].as_str().expect("path").to_owned())
            .collect::<Vec<_>>();
        assert_eq!(told, paths, "{body}");
    }
    for (body, status) in [("[]", 400), ("nonsense", 400)] {
        assert_eq!(amend(&app, &key, 1, body).await.status, status, "{body}");
    }
    let eight = json!({"grade": "machine", "grade_reasons": ["a", "b", "c", "d", "e", "f", "0_9", "a".repeat(64)]});
    assert_eq!(amend(&app, &key, 1, &eight.to_string()).await.status, 200);
    assert_eq!(app.post(&key, "/v1/activities/nonsense/amend", HUMAN).await.code(), (400, "parameter_invalid".to_owned()));
    assert_eq!(app.call(Method::DELETE, &key, "/v1/activities/nonsense", "").await.code(), (400, "parameter_invalid".to_owned()));
    app.finish().await;
}

/// Sends so many activities of a flavor, 1,000 a request.
async fn send_many(app: &TestApp, key: &str, flavor: &str, count: usize) {
    for chunk in (0..count).collect::<Vec<_>>().chunks(1_000) {
        let drafts: Vec<Value> =
            chunk.iter().map(|n| json!({"flavor": flavor, "event": "expo", "partner": format!("p-{}", n % 7)})).collect();
        let sent = app.post(key, "/v1/activities", &Value::from(drafts).to_string()).await;
        assert_eq!(sent.status, 200, "{}", sent.text());
    }
}

#[tokio::test]
async fn what_was_sent_by_mistake_is_taken_back_under_live_readers() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    send_many(&app, &key, "page.viewed", 40).await;
    let begin = app.get(&key, "/v1/activities?limit=1").await.json()["newer"].as_str().expect("a cursor").to_owned();
    send_many(&app, &key, "replayed.twice", 1_200).await;
    send_many(&app, &key, "page.viewed", 10).await;
    let mut watcher = crate::live::watcher::Watcher::connect(&app, &key).await;
    watcher.say(json!({"type": "subscribe", "sub": "s", "filter": {}, "backfill": 100})).await;
    watcher.expect("subscribed").await;
    let retract = async |body: Value| app.post(&key, "/v1/activities:retract", &body.to_string()).await;
    // The whole log is not taken back by a body that says nothing.
    for body in [json!({}), json!({"filter": {}, "reason": "because"})] {
        assert_eq!(retract(body.clone()).await.json()["errors"][0]["code"], "everything", "{body}");
    }
    let wrong = json!({"filter": {"flavor": ["replayed.*"]}, "after": begin, "reason": "replayed into the live event"});
    let mut looked = wrong.clone();
    looked["dry_run"] = json!(true);
    let looked = retract(looked).await.json();
    assert_eq!((&looked["matched"], &looked["erased"]), (&json!(1_200), &json!(0)), "{looked}");
    let done = retract(wrong.clone()).await;
    assert_eq!((done.status.as_u16(), &done.json()["erased"]), (200, &json!(1_200)), "{}", done.text());
    let counts = app.get(&key, "/v1/activities/counts?by=flavor").await.json();
    assert_eq!((&counts["total"], &counts["by"]["flavor"][0]["count"]), (&json!(50), &json!(50)), "{counts}");
    // Every erasure reaches the reader, and the seal counts what is held.
    let mut gone = 0;
    while gone < 1_200 {
        let frame = watcher.next().await;
        gone += frame["erased"].as_array().map_or(0, Vec::len);
    }
    watcher.say(json!({"type": "seal", "sub": "s"})).await;
    let seal = watcher.expect("sealed").await;
    assert_eq!(seal["stored"], json!(50), "{seal}");
    assert_eq!(retract(wrong).await.json()["matched"], json!(0), "once more does nothing");
    let bound = app.key_of("default", "admin", Some("fair")).await;
    let refused = app.post(&bound, "/v1/activities:retract", r#"{"filter":{"event":["expo"]}}"#).await;
    assert_eq!(refused.code(), (403, "event_forbidden".to_owned()));
    let nothing = app.post(&bound, "/v1/activities:retract", r#"{"filter":{"flavor":["page.viewed"]}}"#).await;
    assert_eq!(nothing.json()["matched"], json!(0), "what does not exist for a key is not taken back by it");
    app.finish().await;
}
