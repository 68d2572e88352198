//! Subscribe, refilter and resume while activities come in, held to what the store has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::watcher::{Watcher, seqs};
use crate::app::{TestApp, request};

const ROUNDS: usize = 60;

fn filter(n: usize) -> Value {
    match n % 5 {
        0 => json!({"partner":["p1","p2"]}),
        1 => json!({"flavor":["page.*"],"not":{"partner":["p3"]}}),
        2 => json!({"text":"view"}),
        3 => json!({"partner":["nobody"]}),
        _ => json!({}),
    }
}

fn query(n: usize) -> &'static str {
    match n % 5 {
        0 => "partner=p1&partner=p2",
        1 => "flavor=page.*&not.partner=p3",
        2 => "text=view",
        3 => "partner=nobody",
        _ => "",
    }
}

/// What the store holds of a filter in (`after`, `before`].
async fn stored(app: &TestApp, key: &str, n: usize, after: &Value, before: &Value) -> Vec<u64> {
    let mut found = Vec::new();
    let mut after = after.as_str().map(str::to_owned);
    loop {
        let from = after.as_ref().map_or(String::new(), |a| format!("&after={a}"));
        // Without `after` it would be newest first: the start of the log is asked from its end.
        let path = format!("/v1/activities?{}&limit=1000&before={}{from}", query(n), before.as_str().expect("a cursor"));
        let page = app.get(key, &path).await.json();
        let mut items = seqs(&page);
        if after.is_none() {
            items.reverse();
            assert!(page["older"].is_null(), "the whole log fits one page here");
            return items;
        }
        found.extend(items);
        if page["more"] != true && page["complete"] == true {
            return found;
        }
        after = page["newer"].as_str().map(str::to_owned);
    }
}

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
            assert_eq!(view.rows, stored(&app, &key, view.filter, &view.older, &refiltered["position"]).await, "round {round}, old filter");
            view = View::of(round, &refiltered);
        }
        watcher.say(json!({"type":"seal","sub":"s","from":view.older})).await;
        let sealed = view.follow(&mut watcher, "sealed").await;
        let truth = stored(&app, &key, view.filter, &view.older, &sealed["position"]).await;
        assert_eq!(view.rows, truth, "round {round} of {}", filter(view.filter));
        assert_eq!(sealed["stored"].as_u64(), Some(truth.len() as u64));
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("a writer");
    }
    app.finish().await;
}

/// What a client holds.
struct View {
    filter: usize,
    rev: u64,
    older: Value,
    position: Value,
    rows: Vec<u64>,
}

impl View {
    fn of(filter: usize, frame: &Value) -> Self {
        let rev = frame["rev"].as_u64().expect("rev");
        Self { filter, rev, older: frame["older"].clone(), position: frame["position"].clone(), rows: seqs(frame) }
    }

    /// Takes frames until one with this word, which it returns.
    async fn follow(&mut self, watcher: &mut Watcher, word: &str) -> Value {
        loop {
            let frame = watcher.next().await;
            if frame["type"] == "activities" {
                assert_eq!(frame["rev"].as_u64(), Some(self.rev));
                let new = seqs(&frame);
                assert!(new.first() > self.rows.last(), "in order and once");
                self.rows.extend(new);
            }
            if frame["type"] == word {
                return frame;
            }
            assert!(["activities", "position", "caught_up", "lagging"].contains(&frame["type"].as_str().expect("word")), "{frame}");
            self.position = frame["position"].clone();
        }
    }
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
            view.follow(self, "caught_up").await;
        }
        view
    }
}
