//! The operations listener.

use hyper::Method;
use tidings::auth::Operator;
use tidings::telemetry::{HTTP_REQUESTS, READY, STORE_COMMIT_SECONDS};

use crate::app::{TestApp, request};

#[tokio::test]
async fn live_ready_and_metrics() {
    let app = TestApp::start().await;
    let ops = app.running().ops_addr.expect("on");
    let get = |path: &'static str| request(ops, Method::GET, path, &[], "");
    assert_eq!(get("/live").await.text(), "live\n");
    let ready = get("/ready").await;
    assert!(ready.status == 200 && ready.text().starts_with("ready: "), "{}", ready.text());
    let workspaces = app.running().store.keyring.workspaces(Operator::assume()).await.expect("read");
    assert_eq!(workspaces.iter().map(|w| w.key.as_str()).collect::<Vec<_>>(), ["default"], "it leaves nothing behind");
    assert_eq!(app.running().store.log.head(workspaces[0].id).await.expect("read").seq, 0);
    assert_eq!(get("/nothing").await.status, 404);
    let key = app.key("read").await;
    assert_eq!(app.get(&key, "/v1/activities").await.json()["items"], serde_json::json!([]), "the check is in nobody's log");
    let metrics = get("/metrics").await;
    for name in [HTTP_REQUESTS, STORE_COMMIT_SECONDS, READY] {
        assert!(metrics.text().contains(&format!("# HELP {name} ")), "{name}");
    }
    assert_eq!(app.get(&key, "/metrics").await.status, 404, "not on the public listener");
    app.finish().await;
}

#[tokio::test]
async fn it_goes_on_after_a_restart() {
    let mut app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let sent = app.post(&key, "/v1/activities", r#"{"flavor":"a.b","event":"e","partner":"p"}"#).await.json();
    app.restart().await;
    let page = app.get(&key, &format!("/v1/activities?after={}", sent["cursor"].as_str().expect("cursor"))).await;
    assert_eq!((page.status.as_u16(), page.json()["items"].as_array().map(Vec::len)), (200, Some(0)), "the cursor is still good");
    assert_eq!(app.get(&key, "/v1/activities").await.json()["items"].as_array().map(Vec::len), Some(1));
    app.finish().await;
}
