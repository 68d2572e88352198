//! A server that is killed under load: what was acknowledged is there, once, and readers go on without a gap.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::app::request;
use crate::child::{ServerProcess, output, run};
use crate::live::watcher::{Watcher, seqs};

/// Kills in one run; many more by the variable, for a long one.
const CYCLES: usize = 5;
const WRITERS: usize = 6;

/// What a sender was told: that this activity is durable.
#[derive(Debug, Clone)]
struct Acknowledged {
    id: String,
    seq: u64,
    draft: Value,
}

/// Sends until the server is gone; everything that was acknowledged.
async fn write(address: SocketAddr, key: String, mut n: usize, acknowledged: Arc<AtomicUsize>) -> Vec<Acknowledged> {
    let mut told = Vec::new();
    let Ok(stream) = TcpStream::connect(address).await else { return told };
    let Ok((mut sender, connection)) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await else { return told };
    let connection = tokio::spawn(connection);
    loop {
        n += 1;
        let drafts: Vec<_> = (0..=n % 9)
            .map(|k| json!({"id": Uuid::now_v7(), "flavor": "page.viewed", "event": "expo", "partner": format!("p{}", (n + k) % 7)}))
            .collect();
        let single = drafts.len() == 1;
        let body = if single { drafts[0].to_string() } else { Value::from(drafts.clone()).to_string() };
        let Some(answer) = send(&mut sender, &key, body).await else { break };
        let results = if single { vec![answer] } else { answer["results"].as_array().expect("results").clone() };
        for (draft, result) in drafts.into_iter().zip(results) {
            let id = draft["id"].as_str().expect("an id").to_owned();
            assert_eq!(result["id"], draft["id"]);
            told.push(Acknowledged { id, seq: result["seq"].as_u64().expect("seq"), draft });
        }
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    connection.abort();
    told
}

/// One request; `None` when the server went before it had answered whole.
async fn send(sender: &mut SendRequest<Full<Bytes>>, key: &str, body: String) -> Option<Value> {
    sender.ready().await.ok()?;
    let request = Request::post("/v1/activities")
        .header("host", "server")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .expect("a request");
    let answer = sender.send_request(request).await.ok()?;
    assert!(answer.status().is_success(), "{}", answer.status());
    let bytes = answer.into_body().collect().await.ok()?.to_bytes();
    Some(serde_json::from_slice(&bytes).expect("JSON"))
}

/// A reader that comes back after every kill.
#[derive(Default)]
struct Reader {
    position: Option<Value>,
    found: Vec<u64>,
}

impl Reader {
    /// Reads until the server is gone, or until everything up to `last` has come.
    async fn follow(&mut self, address: SocketAddr, key: &str, last: Option<u64>) {
        let Some(mut watcher) = Watcher::try_connect(address, key).await else { return };
        let mut word = json!({"type":"subscribe","sub":"s","filter":{},"backfill":0});
        if let Some(position) = &self.position {
            word["after"] = position.clone();
        }
        watcher.say_if_open(word).await;
        while last.is_none_or(|last| self.found.last() != Some(&last)) {
            let Some(frame) = watcher.next_unless_gone().await else { return };
            if let Some(position) = frame.get("position") {
                self.position = Some(position.clone());
            }
            match frame["type"].as_str() {
                Some("subscribed") => {
                    assert!(self.found.is_empty() || frame["mode"] == "resumed", "{frame}");
                    self.found.extend(seqs(&frame));
                }
                Some("activities") => self.found.extend(seqs(&frame)),
                other => assert!(matches!(other, Some("position" | "lagging" | "caught_up" | "welcome")), "{frame}"),
            }
        }
    }
}

/// Every activity that the store holds, oldest first: id and seq.
async fn stored(address: SocketAddr, key: &str) -> Vec<(String, u64)> {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let mut found = Vec::new();
    let mut before = String::new();
    loop {
        let path = format!("/v1/activities?limit=1000{before}");
        let page = request(address, Method::GET, &path, &headers, "").await.json();
        let items = page["items"].as_array().expect("items");
        found.extend(items.iter().map(|i| (i["id"].as_str().expect("id").to_owned(), i["seq"].as_u64().expect("seq"))));
        match page["older"].as_str() {
            Some(older) => before = format!("&before={older}"),
            None => break,
        }
    }
    found.reverse();
    found
}

async fn one_life(folder: &Path, key: &str, kill_after: usize, reader: &mut Reader, lives: usize) -> Vec<Acknowledged> {
    let server = ServerProcess::serve(folder, 0);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> =
        (0..WRITERS).map(|w| tokio::spawn(write(server.address, key.to_owned(), lives * 1_000 + w * 100, acknowledged.clone()))).collect();
    let address = server.address;
    let killer = async {
        while acknowledged.load(Ordering::Relaxed) < kill_after {
            tokio::task::yield_now().await;
        }
        server.kill();
    };
    tokio::join!(reader.follow(address, key, None), killer);
    let mut told = Vec::new();
    for writer in writers {
        told.extend(writer.await.expect("a writer"));
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill() {
    let cycles = std::env::var("TIDINGS_CRASH_CYCLES").ok().and_then(|n| n.parse().ok()).unwrap_or(CYCLES);
    let folder = tempfile::tempdir().expect("folder");
    let key = {
        let _server = ServerProcess::serve(folder.path(), 0);
        output(folder.path(), &["key", "create", "--scope", "ingest,read"]).trim().to_owned()
    };
    let (mut reader, mut told) = (Reader::default(), Vec::new());
    for life in 0..cycles {
        let kill_after = 15 + (life * 37) % 90;
        told.extend(one_life(folder.path(), &key, kill_after, &mut reader, life).await);
    }
    assert!(told.len() > cycles * 20, "there was load: {}", told.len());

    let server = ServerProcess::serve(folder.path(), 0);
    let stored = stored(server.address, &key).await;
    let count = stored.len() as u64;
    assert_eq!(stored.iter().map(|(_, seq)| *seq).collect::<Vec<_>>(), (1..=count).collect::<Vec<_>>(), "no hole");
    for a in &told {
        let at = usize::try_from(a.seq).expect("small") - 1;
        assert_eq!(stored.get(at).map(|(id, _)| id), Some(&a.id), "acknowledged at {}", a.seq);
    }
    // The same again is known, with the first receipt.
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    for part in told.chunks(1_000) {
        let drafts: Vec<_> = part.iter().map(|a| a.draft.clone()).collect();
        let answer = request(server.address, Method::POST, "/v1/activities", &headers, Value::from(drafts).to_string()).await.json();
        assert_eq!((&answer["accepted"], &answer["duplicates"]), (&json!(0), &json!(part.len())));
        for (a, result) in part.iter().zip(answer["results"].as_array().expect("results")) {
            assert_eq!(result["seq"].as_u64(), Some(a.seq));
        }
    }
    reader.follow(server.address, &key, Some(count)).await;
    let first = reader.found.first().copied().unwrap_or(1);
    assert_eq!(reader.found, (first..=count).collect::<Vec<_>>(), "the reader has missed nothing and doubled nothing");
    assert_eq!(server.terminate(), Some(0));
    let checked = run(folder.path(), &["check"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}
