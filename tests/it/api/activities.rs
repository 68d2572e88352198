//! Sending activities, reading pages, counting.

use hyper::Method;
use serde_json::json;

use crate::app::TestApp;

const OPENED: &str =
    r#"{"id":"0198c7a2-4d1e-7000-8000-000000000001","flavor":"message.opened","event":"expo","partner":"acme","message":"welcome"}"#;

#[tokio::test]
async fn one_is_stored_once() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let first = app.post(&key, "/v1/activities", OPENED).await;
    assert_eq!(first.status, 201, "{}", first.text());
    assert_eq!((&first.json()["seq"], &first.json()["duplicate"]), (&json!(1), &json!(null)));
    let again = app.post(&key, "/v1/activities", OPENED).await;
    assert_eq!(again.status, 200);
    let mut want = first.json();
    want["duplicate"] = json!(true);
    assert_eq!(again.json(), want, "the first receipt");
    let other = app.post(&key, "/v1/activities", &OPENED.replace("acme", "globex")).await;
    assert_eq!(other.code(), (409, "id_conflict".to_owned()));
    let one = app.get(&key, "/v1/activities/0198c7a2-4d1e-7000-8000-000000000001").await;
    let page = app.get(&key, "/v1/activities").await;
    assert!(page.text().starts_with(&format!("{{\"items\":[{}]", one.text())), "the same bytes: {}", page.text());
    app.finish().await;
}

#[tokio::test]
async fn many_are_told_one_by_one() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let batch = format!(r#"[{OPENED}, {{"flavor":"x"}}, {OPENED}]"#);
    let answer = app.post(&key, "/v1/activities", &batch).await;
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["accepted"], &body["duplicates"], &body["rejected"]), (200, &json!(1), &json!(1), &json!(1)));
    let results = body["results"].as_array().expect("results");
    assert_eq!(results.iter().map(|r| r["index"].as_u64().expect("index")).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(results[1]["errors"].as_array().expect("errors").iter().any(|e| e["path"] == "partner" && e["code"] == "required"));
    let bearer = format!("Bearer {key}");
    let lines = format!("{OPENED}\n{}\n", OPENED.replace("0001\"", "0002\""));
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-ndjson")];
    let lines = app.request(Method::POST, "/v1/activities", &headers, lines).await.json();
    assert_eq!((&lines["accepted"], &lines["duplicates"]), (&json!(1), &json!(1)));
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_read_stores_nothing() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let bearer = format!("Bearer {key}");
    let large = format!("[{}]", " ".repeat(5 * 1024 * 1024));
    let many = format!("[{}]", vec!["{}"; 5_001].join(","));
    let draft = OPENED.replacen('{', &format!("{{{}", " ".repeat(16 * 1024)), 1);
    for (kind, body, want) in [
        ("application/json", "", (400, "body_malformed")),
        ("application/json", "{", (400, "body_malformed")),
        ("application/json", "5", (400, "body_malformed")),
        ("application/json", "[5]", (400, "body_malformed")),
        ("application/x-ndjson", "{}\n5\n", (400, "body_malformed")),
        ("text/xml", OPENED, (415, "media_type_unsupported")),
        ("application/json", large.as_str(), (413, "body_too_large")),
        ("application/json", many.as_str(), (413, "body_too_large")),
        ("application/json", draft.as_str(), (413, "body_too_large")),
        ("application/json", r#"{"flavor":"a.b","event":"e","partner":"p","colour":1}"#, (422, "invalid")),
    ] {
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        let answer = app.request(Method::POST, "/v1/activities", &headers, body.to_owned()).await;
        let shown: String = body.chars().take(60).collect();
        assert_eq!(answer.code(), (want.0, want.1.to_owned()), "{kind} {shown}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let gzip = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("content-encoding", "gzip")];
    assert_eq!(app.request(Method::POST, "/v1/activities", &gzip, "not gzip").await.code().0, 400);
    let odd = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("content-encoding", "zstd")];
    assert_eq!(app.request(Method::POST, "/v1/activities", &odd, "x").await.code().0, 415);
    assert_eq!(app.get(&key, "/v1/activities").await.json()["items"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn a_key_over_its_rate_is_told_when_to_return() {
    let app = TestApp::start_with(|config| {
        config.rate.requests_per_second = std::num::NonZeroU32::MIN;
        config.rate.requests_burst = std::num::NonZeroU32::MIN;
    })
    .await;
    let (key, other) = (app.key("ingest").await, app.key("ingest").await);
    assert_eq!(app.post(&key, "/v1/activities", OPENED).await.status, 201);
    let refused = app.post(&key, "/v1/activities", OPENED).await;
    assert_eq!(refused.code(), (429, "rate_limited".to_owned()));
    assert!(refused.header("retry-after").parse::<u64>().expect("seconds") >= 1);
    assert_eq!(app.post(&other, "/v1/activities", OPENED).await.status, 200, "another key of the workspace has its own rate");
    app.finish().await;
}

#[tokio::test]
async fn pages_meet_without_gap_or_overlap() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let drafts: Vec<_> = (0..10).map(|n| json!({"flavor":"page.viewed","event":"expo","partner":format!("p{}", n % 2)})).collect();
    assert_eq!(app.post(&key, "/v1/activities", &json!(drafts).to_string()).await.status, 200);
    let seqs = |page: &serde_json::Value| {
        page["items"].as_array().expect("items").iter().map(|i| i["seq"].as_u64().expect("seq")).collect::<Vec<_>>()
    };
    let at = |cursor: &serde_json::Value| cursor.as_str().expect("cursor").to_owned();

    let newest = app.get(&key, "/v1/activities?limit=4").await.json();
    assert_eq!(seqs(&newest), [10, 9, 8, 7]);
    let mut found = seqs(&newest);
    let mut older = newest["older"].clone();
    while older.is_string() {
        let page = app.get(&key, &format!("/v1/activities?limit=4&before={}", at(&older))).await.json();
        found.extend(seqs(&page));
        older = page["older"].clone();
    }
    assert_eq!(found, (1..=10).rev().collect::<Vec<_>>());

    let middle = at(&app.get(&key, "/v1/activities?limit=7").await.json()["older"]);
    let next = app.get(&key, &format!("/v1/activities?limit=3&after={middle}")).await.json();
    assert_eq!((seqs(&next), &next["more"]), (vec![4, 5, 6], &json!(true)));
    let end = app.get(&key, &format!("/v1/activities?after={}", at(&next["newer"]))).await.json();
    assert_eq!((seqs(&end), &end["more"], &end["newer"]), (vec![7, 8, 9, 10], &json!(false), &newest["newer"]));
    let between = app.get(&key, &format!("/v1/activities?after={middle}&before={}", at(&next["newer"]))).await.json();
    assert_eq!(seqs(&between), [4, 5, 6]);
    let filtered = app.get(&key, "/v1/activities?partner=P1&not.flavor=message.*&limit=1000").await.json();
    assert_eq!(seqs(&filtered), [10, 8, 6, 4, 2]);
    app.finish().await;
}

#[tokio::test]
async fn cursors_that_lead_nowhere() {
    let app = TestApp::start().await;
    let (key, stranger) = (app.key("ingest,read").await, app.key_of("theirs", "ingest,read", None).await);
    app.post(&key, "/v1/activities", OPENED).await;
    let ours = app.get(&key, "/v1/activities").await.json()["newer"].as_str().expect("cursor").to_owned();
    for way in ["?after", "?before", "/histogram?before"] {
        let path = |cursor: &str| format!("/v1/activities{way}={cursor}");
        assert_eq!(app.get(&key, &path("nonsense")).await.code(), (400, "cursor_invalid".to_owned()));
        assert_eq!(app.get(&stranger, &path(&ours)).await.code(), (410, "cursor_gone".to_owned()));
        assert_eq!(app.get(&key, &path(&ours)).await.status, 200);
    }
    assert_eq!(app.get(&key, "/v1/activities/stream?after=nonsense").await.code(), (400, "cursor_invalid".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn counts_histogram_and_why() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    for (partner, at) in [("acme", "2026-03-28T22:30:00Z"), ("acme", "2026-03-28T23:30:00Z"), ("globex", "2026-03-29T22:30:00Z")] {
        let draft = json!({"flavor":"page.viewed","event":"expo","partner":partner,"occurred_at":at});
        assert_eq!(app.post(&key, "/v1/activities", &draft.to_string()).await.status, 201);
    }
    let counts = app.get(&key, "/v1/activities/counts?by=partner,flavor&by=partner&partner=acme").await.json();
    assert_eq!(counts["total"], 2);
    assert_eq!(counts["by"]["partner"][0], json!({"value":"acme","label":"acme","count":2}));
    assert_eq!(counts["by"]["partner"][1]["count"], 1, "counted without its own clause");
    assert_eq!(counts["by"]["flavor"][0]["count"], 2);
    let days = "/v1/activities/histogram?bucket=day&zone=Europe/Berlin&since=2026-03-28T00:00:00Z&until=2026-03-31T00:00:00Z";
    let days = app.get(&key, days).await.json();
    assert_eq!(
        days["items"],
        json!([
            {"start":"2026-03-27T23:00:00.000Z","count":1},
            {"start":"2026-03-28T23:00:00.000Z","count":1},
            {"start":"2026-03-29T22:00:00.000Z","count":1}
        ])
    );
    // Up to a cursor, wherever in time that is.
    let older = app.get(&key, "/v1/activities?limit=1").await.json()["older"].as_str().expect("cursor").to_owned();
    let all = "/v1/activities/histogram?bucket=day&since=2026-03-28T00:00:00Z&until=2026-03-31T00:00:00Z";
    let pinned = app.get(&key, &format!("{all}&before={older}")).await.json();
    assert_eq!(pinned["items"], json!([{"start":"2026-03-28T00:00:00.000Z","count":2}]));
    assert_eq!(pinned["position"], json!(older));
    for (path, code, named) in [
        ("counts?by=colour", "parameter_invalid", "by"),
        ("counts?by=id", "parameter_invalid", "by"),
        ("histogram?bucket=week", "parameter_invalid", "bucket"),
        ("histogram?zone=Mars", "parameter_invalid", "zone"),
        ("histogram?bucket=minute&since=2020-01-01T00:00:00Z", "parameter_invalid", "bucket"),
        ("histogram?since=2026-03-28T00:00:00Z&until=2026-03-27T00:00:00Z", "parameter_invalid", "since"),
        ("counts?colour=red", "parameter_unknown", "colour"),
        ("counts?device=phone", "filter_invalid", "device"),
    ] {
        let answer = app.get(&key, &format!("/v1/activities/{path}")).await;
        assert_eq!((answer.code(), &answer.json()["errors"][0]["path"]), ((400, code.to_owned()), &json!(named)), "{path}");
    }
    let id = app.get(&key, "/v1/activities?limit=1").await.json()["items"][0]["id"].as_str().expect("id").to_owned();
    let why = app.get(&key, &format!("/v1/activities/{id}/why?partner=acme")).await.json();
    assert_eq!(why, json!({"matches":false,"excluded_by":[{"clause":"partner","wanted":["acme"],"actual":"globex"}]}));
    assert_eq!(app.get(&key, &format!("/v1/activities/{id}/why")).await.json(), json!({"matches":true,"excluded_by":[]}));
    assert_eq!(app.get(&key, "/v1/activities/0198c7a2-4d1e-7000-8000-00000000ffff").await.code().0, 404);
    assert_eq!(app.get(&key, "/v1/activities/x").await.code(), (400, "parameter_invalid".to_owned()));
    app.finish().await;
}
