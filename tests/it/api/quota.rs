//! How many things a key and a workspace may make on first sight, and what is said beyond that.

use std::num::NonZeroU32;

use hyper::Method;
use serde_json::{Value, json};
use tidings::telemetry::INGEST_OVER_QUOTA;

use crate::app::{Answer, TestApp, request};

fn draft(flavor: &str, partner: &str) -> Value {
    json!({"flavor": flavor, "event": "expo", "partner": partner})
}

async fn send(app: &TestApp, key: &str, drafts: &Value) -> Answer {
    app.post(key, "/v1/activities", &drafts.to_string()).await
}

/// Of each draft of many: that it was stored, or the place and the code of its fault.
fn told(answer: &Answer) -> Vec<String> {
    let results = answer.json()["results"].clone();
    let one = |result: &Value| {
        let fault = &result["errors"][0];
        let words = [&fault["path"], &fault["code"]].map(|word| word.as_str().unwrap_or("").to_owned());
        if result["seq"].is_u64() { "stored".to_owned() } else { words.join(" ") }
    };
    results.as_array().map(|results| results.iter().map(one).collect()).unwrap_or_default()
}

#[tokio::test]
async fn a_key_makes_so_many_things_a_minute() {
    let app = TestApp::start_with(|config| config.rate.things_per_minute = NonZeroU32::new(6).expect("six")).await;
    let (key, other) = (app.key("ingest,read,admin").await, app.key("ingest").await);
    let partners = ["a", "b", "c", "A", "d", "e", "f", "g", "b"];
    let many = send(&app, &key, &partners.map(|partner| draft("page.viewed", partner)).into()).await;
    let over = "partner quota_exceeded";
    assert_eq!(told(&many), ["stored", "stored", "stored", "stored", "stored", "stored", over, over, "stored"], "{}", many.text());
    assert_eq!((&many.json()["accepted"], &many.json()["rejected"]), (&json!(7), &json!(2)));

    for (alone, path) in [(draft("page.viewed", "g"), "partner"), (draft("booth.scanned", "a"), "flavor")] {
        let answer = send(&app, &key, &alone).await;
        assert_eq!(answer.code(), (429, "quota_exceeded".to_owned()), "{}", answer.text());
        assert_eq!(answer.json()["errors"][0]["path"], path, "{}", answer.text());
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|s| s > 0), "{:?}", answer.headers);
        let cure = if path == "flavor" { "use a flavor that is there" } else { "make it by PUT in the directory" };
        let detail = answer.json()["detail"].clone();
        assert!(detail.as_str().is_some_and(|d| d.contains("at most 6 things on first sight a minute") && d.contains(cure)), "{detail}");
    }
    assert_eq!(send(&app, &key, &draft("page.viewed", "C")).await.status, 201, "nothing new always goes through");
    assert_eq!(app.get(&key, "/v1/flavors").await.text().matches("booth.scanned").count(), 0, "nothing of it was made");

    // The directory is another way, without this limit; and another key has a minute of its own.
    for partner in ["g", "h", "i", "j", "k", "l", "m", "n"] {
        let made = app.put(&key, &format!("/v1/events/expo/partners/{partner}"), &json!({"name": partner}).to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
    assert_eq!(told(&send(&app, &key, &json!([draft("page.viewed", "g"), draft("page.viewed", "z")])).await), ["stored", over]);
    assert_eq!(send(&app, &other, &draft("booth.scanned", "z")).await.status, 201);
    assert_eq!(send(&app, &key, &draft("booth.scanned", "z")).await.status, 201, "by now it is nothing new");

    let metrics = request(app.running().ops_addr.expect("on"), Method::GET, "/metrics", &[], "").await;
    let counted = format!("{INGEST_OVER_QUOTA}{{limit=\"key\"}}");
    assert!(metrics.text().contains(&counted), "{counted} is not in the metrics");
    app.finish().await;
}

#[tokio::test]
async fn a_session_has_no_minute_beside_its_key() {
    let app = TestApp::start_with(|config| config.rate.things_per_minute = NonZeroU32::new(5).expect("five")).await;
    let key = app.key("ingest,read").await;
    let many = send(&app, &key, &["a", "b", "c", "d"].map(|partner| draft("page.viewed", partner)).into()).await;
    assert_eq!(many.json()["accepted"], 4, "{}", many.text());
    let signed_in = app.post("", "/v1/session", &json!({"key": key}).to_string()).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or("").to_owned();
    assert!(cookie.contains('='), "{} {}", signed_in.status, signed_in.text());
    let origin = format!("http://{}", app.address());
    let headers = [("cookie", cookie.as_str()), ("content-type", "application/json"), ("origin", origin.as_str())];
    let by_session =
        |partner: &'static str| app.request(Method::POST, "/v1/activities", &headers, draft("page.viewed", partner).to_string());
    assert_eq!(by_session("e").await.code(), (429, "quota_exceeded".to_owned()));
    assert_eq!(by_session("a").await.status, 201);
    app.finish().await;
}

#[tokio::test]
async fn a_workspace_has_so_many_things_in_all() {
    let mut app = TestApp::start_with(|config| config.ingest.things_max = 3).await;
    let (one, two) = (app.key("ingest,read,admin").await, app.key("ingest,read").await);
    let elsewhere = app.key_of("elsewhere", "ingest", None).await;
    let over = "partner quota_exceeded";
    let pair = |a, b| json!([draft("page.viewed", a), draft("page.viewed", b)]);
    assert_eq!(told(&send(&app, &one, &pair("a", "b")).await), ["stored", "stored"]);
    assert_eq!(told(&send(&app, &two, &pair("c", "b")).await), [over, "stored"], "its keys share it");
    assert_eq!(told(&send(&app, &elsewhere, &pair("a", "c")).await), ["stored", "stored"], "workspaces do not");
    app.restart().await;
    let answer = send(&app, &two, &draft("page.viewed", "c")).await;
    assert_eq!(answer.code(), (429, "quota_exceeded".to_owned()));
    assert!(!answer.header("retry-after").is_empty());
    let detail = answer.json()["detail"].clone();
    let says = |words: &str| detail.as_str().is_some_and(|detail| detail.contains(words));
    assert!(says("at most 3 things made on first sight") && says("ingest.things_max") && says("by PUT in the directory"), "{detail}");
    assert_eq!(app.put(&one, "/v1/events/expo/partners/c", r#"{"name":"C"}"#).await.status, 201);
    assert_eq!(send(&app, &two, &draft("page.viewed", "c")).await.status, 201);
    app.finish().await;
}
