//! A server that is killed under load, again and again: what was acknowledged is there, once, under its receipt, and
//! readers go on without a gap.
//!
//! `TIDINGS_CRASH_CYCLES` asks for more kills than the usual run has, `TIDINGS_CRASH_SEED` for other moments.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use uuid::Uuid;

use crate::app::request;
use crate::child::{ServerProcess, new_key, output};
use crate::live::view::{View, filter, stored};
use crate::live::watcher::Watcher;

/// Kills in the usual run.
const CYCLES: u64 = 6;
const WRITERS: u64 = 6;
/// A kill comes after at most so many acknowledged requests.
const KILL_AFTER_MAX: u64 = 120;
/// Acknowledged requests between two changes of a filter.
const REFILTER_EVERY: u64 = 7;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// Numbers by chance, the same for a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// What a sender was told: that this activity is durable.
#[derive(Debug)]
struct Acknowledged {
    draft: String,
    id: String,
    seq: u64,
    /// Told for an activity that was sent alone.
    recorded_at: Option<String>,
}

/// A sender, which sends again what was not answered when the server went.
struct Writer {
    chance: Chance,
    /// A request that was sent and not answered: it may be stored or not.
    unanswered: Option<Vec<Value>>,
    told: Vec<Acknowledged>,
}

impl Writer {
    /// Sends until the server is gone, and counts what is acknowledged.
    async fn write(&mut self, address: SocketAddr, bearer: &str, acknowledged: &watch::Sender<u64>) {
        let Ok(stream) = TcpStream::connect(address).await else { return };
        let Ok((mut sender, connection)) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await else { return };
        let connection = tokio::spawn(connection);
        loop {
            let drafts = self.unanswered.take().unwrap_or_else(|| self.drafts());
            let alone = drafts.len() == 1;
            let body = if alone { drafts[0].to_string() } else { Value::from(drafts.clone()).to_string() };
            let Some(answer) = send(&mut sender, bearer, body).await else {
                self.unanswered = Some(drafts);
                break;
            };
            let results = if alone { vec![answer] } else { answer["results"].as_array().expect("results").clone() };
            assert_eq!(drafts.len(), results.len());
            for (draft, result) in drafts.iter().zip(results) {
                assert_eq!(result["id"], draft["id"]);
                self.told.push(Acknowledged {
                    draft: draft.to_string(),
                    id: draft["id"].as_str().expect("an id").to_owned(),
                    seq: result["seq"].as_u64().expect("seq"),
                    recorded_at: result["recorded_at"].as_str().map(str::to_owned),
                });
            }
            acknowledged.send_modify(|count| *count += 1);
        }
        connection.abort();
    }

    /// One draft, or some.
    fn drafts(&mut self) -> Vec<Value> {
        let count = if self.chance.below(2) == 0 { 1 } else { 1 + self.chance.below(12) };
        let mut draft = || {
            let (flavor, partner) = (["page.viewed", "form.submitted"][usize::from(self.chance.below(2) == 0)], self.chance.below(6));
            json!({"id": Uuid::now_v7(), "flavor": flavor, "event": "expo", "partner": format!("p{partner}")})
        };
        (0..count).map(|_| draft()).collect()
    }
}

/// One request; `None` when the server went before it had answered whole.
async fn send(sender: &mut SendRequest<Full<Bytes>>, bearer: &str, body: String) -> Option<Value> {
    sender.ready().await.ok()?;
    let request = Request::post("/v1/activities")
        .header("host", "server")
        .header("authorization", bearer)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .expect("a request");
    let answer = sender.send_request(request).await.ok()?;
    assert!(answer.status().is_success(), "{}", answer.status());
    let bytes = answer.into_body().collect().await.ok()?.to_bytes();
    Some(serde_json::from_slice(&bytes).expect("JSON"))
}

/// A reader that comes back after every kill, and may change its filter in between.
struct Reader {
    refilters: bool,
    view: View,
    /// Views that ended with a change of the filter, as they were then.
    ended: Vec<View>,
}

impl Reader {
    /// Begins before anything is there.
    async fn begin(address: SocketAddr, key: &str, refilters: bool) -> Self {
        let mut watcher = Watcher::connect_to(address, key).await;
        let n = if refilters { 0 } else { 4 };
        let view = View::of(n, &watcher.subscribe(filter(n)).await);
        Self { refilters, view, ended: Vec::new() }
    }

    /// Reads until the server is gone, or until it has everything up to `last`.
    async fn follow(&mut self, address: SocketAddr, key: &str, mut acknowledged: watch::Receiver<u64>, last: Option<u64>) {
        let Some(mut watcher) = Watcher::try_connect(address, key).await else { return };
        watcher.say_if_open(json!({"type":"subscribe","sub":"s","filter":filter(self.view.filter),"after":self.view.position})).await;
        let (mut asked, mut refiltered_at) = (None, 0);
        while last.is_none_or(|last| self.view.rows.last() != Some(&last)) {
            let frame = tokio::select! {
                frame = watcher.next_unless_gone() => frame,
                Ok(()) = acknowledged.changed(), if self.refilters && asked.is_none() => {
                    let count = *acknowledged.borrow_and_update();
                    if count >= refiltered_at + REFILTER_EVERY {
                        refiltered_at = count;
                        let next = self.view.filter + 1;
                        watcher.say_if_open(json!({"type":"refilter","sub":"s","filter":filter(next),"backfill":20})).await;
                        asked = Some(next);
                    }
                    continue;
                }
            };
            let Some(frame) = frame else { return };
            match (frame["type"].as_str(), asked) {
                (Some("subscribed"), _) => self.view.resume(&frame),
                (Some("refiltered"), Some(next)) => {
                    self.view.position = frame["position"].clone();
                    self.ended.push(std::mem::replace(&mut self.view, View::of(next, &frame)));
                    asked = None;
                }
                _ => self.view.take(&frame),
            }
        }
    }

    /// Holds every view to the store.
    async fn prove(&self, address: SocketAddr, key: &str) {
        for view in self.ended.iter().chain([&self.view]) {
            let truth = stored(address, key, view.filter, &view.older, &view.position).await;
            assert_eq!(view.rows, truth, "{} in ({}, {}]", filter(view.filter), view.older, view.position);
        }
    }
}

/// Everything that the store holds, oldest first: id, seq, when recorded.
async fn everything(address: SocketAddr, bearer: &str) -> Vec<(String, u64, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let (mut found, mut before) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/activities?limit=1000{before}");
        let page = request(address, Method::GET, &path, &[("authorization", bearer)], "").await.json();
        let items = page["items"].as_array().expect("items");
        found.extend(items.iter().map(|i| (text(&i["id"]), i["seq"].as_u64().expect("seq"), text(&i["recorded_at"]))));
        match page["older"].as_str() {
            Some(older) => before = format!("&before={older}"),
            None => break,
        }
    }
    found.reverse();
    found
}

/// The same sends again are known, with the first receipts.
async fn send_again(address: SocketAddr, bearer: &str, told: &[&Acknowledged]) {
    let headers = [("authorization", bearer), ("content-type", "application/x-ndjson")];
    for part in told.chunks(1_000) {
        let body: Vec<&str> = part.iter().map(|a| a.draft.as_str()).collect();
        let answer = request(address, Method::POST, "/v1/activities", &headers, body.join("\n")).await.json();
        assert_eq!((&answer["accepted"], &answer["duplicates"]), (&json!(0), &json!(part.len())));
        for (a, result) in part.iter().zip(answer["results"].as_array().expect("results")) {
            assert_eq!((&result["id"], &result["seq"], &result["duplicate"]), (&json!(a.id), &json!(a.seq), &json!(true)));
        }
    }
    let headers = [("authorization", bearer), ("content-type", "application/json")];
    for a in told.iter().filter(|a| a.recorded_at.is_some()).take(20) {
        let answer = request(address, Method::POST, "/v1/activities", &headers, a.draft.clone()).await;
        let receipt = answer.json();
        assert_eq!((answer.status.as_u16(), &receipt["duplicate"], &receipt["recorded_at"]), (200, &json!(true), &json!(a.recorded_at)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill() {
    let (cycles, seed) = (setting("TIDINGS_CRASH_CYCLES", CYCLES), setting("TIDINGS_CRASH_SEED", 1));
    let mut chance = Chance(seed);
    let folder = tempfile::tempdir().expect("folder");
    let mut server = ServerProcess::serve(folder.path(), 0);
    let key = new_key(folder.path(), "ingest,read");
    let bearer: Arc<str> = format!("Bearer {key}").into();
    let writer = |n: u64| Writer { chance: Chance(seed ^ (n + 1) << 32), unanswered: None, told: Vec::new() };
    let mut writers: Vec<_> = (0..WRITERS).map(writer).collect();
    let mut steady = Reader::begin(server.address, &key, false).await;
    let mut turning = Reader::begin(server.address, &key, true).await;

    for life in 0..cycles {
        let (acknowledged, count) = watch::channel(0);
        let (address, acknowledged) = (server.address, Arc::new(acknowledged));
        let writing: Vec<_> = writers
            .into_iter()
            .map(|mut writer| {
                let (bearer, acknowledged) = (bearer.clone(), acknowledged.clone());
                tokio::spawn(async move {
                    writer.write(address, &bearer, &acknowledged).await;
                    writer
                })
            })
            .collect();
        let kill_after = chance.below(KILL_AFTER_MAX);
        let mut killing = count.clone();
        let killer = async {
            killing.wait_for(|count| *count >= kill_after).await.expect("writers write");
            server.kill();
        };
        tokio::join!(steady.follow(address, &key, count.clone(), None), turning.follow(address, &key, count.clone(), None), killer);
        writers = Vec::new();
        for writer in writing {
            writers.push(writer.await.expect("a writer"));
        }
        println!("life {life}: killed after {kill_after}, {} acknowledged", *count.borrow());
        server = ServerProcess::serve(folder.path(), 0);
    }

    let address = server.address;
    let stored = everything(address, &bearer).await;
    let last = stored.len() as u64;
    assert_eq!(stored.iter().map(|row| row.1).collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>(), "no hole");
    assert!(stored.is_sorted_by_key(|row| &row.2), "times never go back");
    let told: Vec<_> = writers.iter().flat_map(|w| &w.told).collect();
    assert!(told.len() as u64 > cycles * 20, "there was load: {}", told.len());
    for a in &told {
        let at = usize::try_from(a.seq).expect("small") - 1;
        let (id, _, recorded_at) = stored.get(at).unwrap_or_else(|| panic!("{a:?} is lost; seed {seed}"));
        assert_eq!(id, &a.id, "acknowledged at {}; seed {seed}", a.seq);
        assert!(a.recorded_at.as_ref().is_none_or(|told| told == recorded_at), "{a:?} and {recorded_at}");
    }
    let ids: std::collections::HashSet<_> = stored.iter().map(|row| &row.0).collect();
    assert_eq!(ids.len(), stored.len(), "no id twice");
    send_again(address, &bearer, &told).await;

    let (_idle, count) = watch::channel(0);
    steady.follow(address, &key, count.clone(), Some(last)).await;
    assert_eq!(steady.view.rows, (1..=last).collect::<Vec<_>>(), "nothing missed, nothing twice");
    steady.prove(address, &key).await;
    turning.prove(address, &key).await;
    assert!(cycles < CYCLES || turning.ended.len() > 5, "filters were changed: {}", turning.ended.len());
    assert_eq!(server.terminate(), Some(0));
    // Reads the file itself too, with SQLite's own check.
    output(folder.path(), &["check"]);
}
