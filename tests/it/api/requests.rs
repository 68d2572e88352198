//! What names a request in its answer, and what metrics tell of requests.

use std::collections::BTreeSet;

use hyper::Method;
use serde_json::json;

use crate::app::{TestApp, request};

#[tokio::test]
async fn every_answer_names_its_request() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let mut seen = BTreeSet::new();
    for (path, status) in
        [("/v1/workspace", 200), ("/v1/activities?limit=0", 400), ("/v1/keys", 403), ("/v1/nowhere", 404), ("/", 200), ("/docs", 200)]
    {
        let bearer = format!("Bearer {key}");
        // A name that a client brings is not looked at.
        let answer = app.request(Method::GET, path, &[("authorization", &bearer), ("x-request-id", "mine")], "").await;
        let id = answer.header("x-request-id").to_owned();
        assert_eq!((answer.status.as_u16(), id.len()), (status, 16), "{path}");
        assert!(status < 400 || answer.json()["request_id"] == id, "{path}: {}", answer.text());
        assert!(seen.insert(id), "{path}: each has one of its own");
    }
    // What no router answers, too.
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000));
    for bytes in [b"nonsense\r\n\r\n".as_slice(), long.as_bytes(), b"GET / HTTP/1.1\r\n\r\n"] {
        let answer = app.raw(bytes).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        let id = head.split("x-request-id: ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_else(|| panic!("{head}"));
        let body: serde_json::Value = serde_json::from_str(body).expect("a problem");
        assert_eq!((body["request_id"].as_str(), id.len()), (Some(id), 16), "{head}");
    }
    app.finish().await;
}

#[tokio::test]
async fn metrics_hold_no_secret_and_grow_by_nothing_that_clients_write() {
    let app = TestApp::start().await;
    let admin = app.key("ingest,read,admin").await;
    let ops = app.running().ops_addr.expect("on");
    let series = async || -> BTreeSet<String> {
        let metrics = request(ops, Method::GET, "/metrics", &[], "").await;
        // What has no label is one series, whenever it begins.
        let lines = metrics.text().lines().filter(|line| !line.starts_with('#') && line.contains('{'));
        lines.map(|line| line.rsplit_once(' ').expect("a value").0.to_owned()).collect()
    };
    let mut rounds = Vec::new();
    let mut secrets = vec![admin.clone()];
    for round in 0..3 {
        let made = app.post(&admin, "/v1/keys", &json!({"name": format!("canary{round}"), "scopes": ["read"]}).to_string()).await;
        let key = made.json()["key"].as_str().expect("a key").to_owned();
        let ticket = app.post(&key, "/v1/tickets", "").await.json()["ticket"].as_str().expect("a ticket").to_owned();
        let draft =
            json!({"flavor": format!("canary{round}.seen"), "event": format!("canary{round}"), "partner": format!("canary{round}")});
        assert_eq!(app.post(&admin, "/v1/activities", &draft.to_string()).await.status, 201);
        app.post(&admin, "/v1/activities", &json!({"flavor": format!("canary{round}"), "partner": ""}).to_string()).await;
        for path in [
            format!("/v1/canary{round}"),
            format!("/canary{round}"),
            format!("/v1/events/canary{round}x"),
            format!("/v1/ws?ticket={ticket}"),
            format!("/v1/activities?canary{round}=1"),
        ] {
            app.get(&key, &path).await;
        }
        app.request(format!("CANARY{round}").parse().expect("a method"), "/v1/events", &[], "").await;
        secrets.extend([key, ticket]);
        rounds.push(series().await);
    }
    assert_eq!(rounds[1].difference(&rounds[0]).collect::<Vec<_>>(), [] as [&String; 0]);
    assert_eq!(rounds[2].difference(&rounds[1]).collect::<Vec<_>>(), [] as [&String; 0]);
    for line in &rounds[2] {
        assert!(!line.to_lowercase().contains("canary") && !secrets.iter().any(|secret| line.contains(secret)), "{line}");
    }
    app.finish().await;
}
