//! Subscribe, refilter and resume while activities come in, held to what the store has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::view::{View, filter, stored};
use super::watcher::Watcher;
use crate::app::{TestApp, request};

const ROUNDS: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seam_holds_under_load() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (address, key, stop) = (app.address(), format!("Bearer {key}"), stop.clone());
            tokio::spawn(async move {
                let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
                let mut n = writer;
                while !stop.load(Ordering::Relaxed) {
                    let flavor = |k: usize| if k.is_multiple_of(2) { "page.viewed" } else { "form.submitted" };
                    let draft = |k: usize| json!({"flavor": flavor(k), "event": "expo", "partner": format!("p{}", k % 6)});
                    let batch: Vec<_> = (n..n + 1 + n % 7).map(draft).collect();
                    n += batch.len();
                    let answer = request(address, hyper::Method::POST, "/v1/activities", &headers, Value::from(batch).to_string()).await;
                    assert_eq!(answer.status, 200);
                }
            })
        })
        .collect();

    let mut watcher = Watcher::connect(&app, &key).await;
    let mut view = watcher.subscribe_for(0, None).await;
    for round in 1..=ROUNDS {
        // A few frames, then something changes under load.
        for _ in 0..3 {
            let ping = json!({"type":"ping","t":round});
            watcher.say(ping).await;
            view.follow(&mut watcher, "pong").await;
        }
        if round % 4 == 0 {
            drop(watcher);
            watcher = Watcher::connect(&app, &key).await;
            let resumed = watcher.subscribe_for(view.filter, Some(view.position.clone())).await;
            view.rows.extend(resumed.rows);
            view.position = resumed.position;
            view.rev = 1;
        } else {
            watcher.say(json!({"type":"refilter","sub":"s","filter":filter(round),"backfill":20})).await;
            let refiltered = view.follow(&mut watcher, "refiltered").await;
            assert_eq!(
                view.rows,
                stored(app.address(), &key, view.filter, &view.older, &refiltered["position"]).await,
                "round {round}, old filter"
            );
            view = View::of(round, &refiltered);
        }
        watcher.say(json!({"type":"seal","sub":"s","from":view.older})).await;
        let sealed = view.follow(&mut watcher, "sealed").await;
        let truth = stored(app.address(), &key, view.filter, &view.older, &sealed["position"]).await;
        assert_eq!(view.rows, truth, "round {round} of {}", filter(view.filter));
        assert_eq!(sealed["stored"].as_u64(), Some(truth.len() as u64));
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("a writer");
    }
    app.finish().await;
}

impl Watcher {
    async fn subscribe_for(&mut self, n: usize, after: Option<Value>) -> View {
        let mut word = json!({"type":"subscribe","sub":"s","filter":filter(n),"backfill":20});
        if let Some(after) = after {
            word["after"] = after;
        }
        self.say(word).await;
        let frame = self.expect("subscribed").await;
        let mut view = View::of(n, &frame);
        if frame["catching_up"] == true {
            let caught_up = view.follow(self, "caught_up").await;
            view.take(&caught_up);
        }
        view
    }
}
