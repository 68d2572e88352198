//! The way of a commit and the live side do not stand in one another's way.

use std::sync::{Arc, Barrier};

use crate::app::TestApp;

/// Every thread that delivers is busy, for as long as it takes: a post is stored and answered all the same.
#[tokio::test]
async fn a_post_waits_for_no_delivery() {
    let app = TestApp::start().await;
    let key = app.key("ingest").await;
    let live = app.running().live.handle().expect("runs").clone();
    let threads = live.metrics().num_workers();
    let (begun, ended) = (Arc::new(Barrier::new(threads + 1)), Arc::new(Barrier::new(threads + 1)));
    for _ in 0..threads {
        let (begun, ended) = (begun.clone(), ended.clone());
        live.spawn(async move {
            begun.wait();
            ended.wait();
        });
    }
    begun.wait();
    let answer = app.post(&key, "/v1/activities", r#"{"flavor":"a.b","event":"e","partner":"p"}"#).await;
    ended.wait();
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    app.finish().await;
}
