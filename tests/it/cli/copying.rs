//! `backup` and `restore`: beside a server under load, killed, without room, and what old readers are told.
//!
//! `TIDINGS_BACKUP_ROUNDS` asks for more backups than the usual run makes.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use hyper::Method;
use serde_json::{Value, json};

use super::{get, numbered};
use crate::app::{STUCK, request};
use crate::child::{Process, ServerProcess, new_key, output, run, run_limited};
use crate::live::sse::Stream;
use crate::live::watcher::Watcher;

/// Backups in the usual run.
const ROUNDS: u64 = 3;
const WRITERS: u64 = 2;
/// Activities between two backups, at least.
const BETWEEN: u64 = 200;

/// Sends batches until told to stop; counts what is acknowledged.
async fn write(address: SocketAddr, key: String, writer: u64, stop: Arc<AtomicBool>, acknowledged: Arc<AtomicU64>) {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-ndjson")];
    for round in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let drafts: Vec<_> = (0..20).map(|n| numbered(&format!("p{}", n % 7), (writer << 32) + round * 20 + n)).collect();
        let answer = request(address, Method::POST, "/v1/activities", &headers, drafts.join("\n")).await;
        assert_eq!(answer.json()["accepted"], 20, "{}", answer.text());
        acknowledged.fetch_add(20, Ordering::Relaxed);
    }
}

async fn send(server: &ServerProcess, key: &str) -> String {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let answer = request(server.address, Method::POST, "/v1/activities", &headers, numbered("acme", 1)).await.json();
    answer["cursor"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Every activity, oldest first.
pub async fn everything(server: &ServerProcess, key: &str) -> Vec<Value> {
    let (mut found, mut before) = (Vec::new(), String::new());
    loop {
        let page = get(server, key, &format!("/v1/activities?limit=1000{before}")).await;
        found.extend(page["items"].as_array().expect("items").clone());
        match page["older"].as_str() {
            Some(older) => before = format!("&before={older}"),
            None => break,
        }
    }
    found.reverse();
    found
}

/// Whoever comes with this cursor is told that the log is another one, by each way in.
pub async fn told_of_another_log(server: &ServerProcess, key: &str, cursor: &str) {
    let mut watcher = Watcher::connect_to(server.address, key).await;
    watcher.say(json!({"type":"subscribe","sub":"s","filter":{},"after":cursor})).await;
    assert_eq!(watcher.expect("reset").await["reason"], "epoch", "over WebSocket");
    assert_eq!(watcher.expect("subscribed").await["mode"], "fresh");
    let mut stream = Stream::open_at(server.address, key, "", &format!("last-event-id: {cursor}\r\n")).await;
    let reset = stream.next().await;
    assert_eq!((reset.word.as_str(), &reset.data["reason"]), ("reset", &json!("epoch")), "over Server-Sent Events");
    let bearer = format!("Bearer {key}");
    for way in ["after", "before"] {
        let path = format!("/v1/activities?{way}={cursor}");
        let gone = request(server.address, Method::GET, &path, &[("authorization", &bearer)], "").await;
        assert_eq!(gone.code(), (410, "cursor_gone".to_owned()), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_under_load_hold_what_was_there_and_old_readers_are_told() {
    let rounds = std::env::var("TIDINGS_BACKUP_ROUNDS").map_or(ROUNDS, |text| text.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let key = new_key(folder.path(), "ingest,read");
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writing: Vec<_> =
        (0..WRITERS).map(|n| tokio::spawn(write(server.address, key.clone(), n, stop.clone(), acknowledged.clone()))).collect();
    let mut cursors = Vec::new();
    for round in 0..rounds {
        let before = send(&server, &key).await;
        let from = acknowledged.load(Ordering::Relaxed);
        let path = folder.path().join(format!("{round}.db"));
        let args = ["backup", path.to_str().expect("utf-8")].map(str::to_owned);
        let at = folder.path().to_owned();
        let told = tokio::task::spawn_blocking(move || output(&at, &args.each_ref().map(String::as_str))).await.expect("made");
        assert!(told.contains(&format!("{round}.db: ")) && told.ends_with(", checked\n"), "{told}");
        let begun = Instant::now();
        while acknowledged.load(Ordering::Relaxed) < from + BETWEEN {
            assert!(begun.elapsed() < STUCK, "nothing is acknowledged");
            tokio::task::yield_now().await;
        }
        cursors.push([before, send(&server, &key).await]);
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writing {
        writer.await.expect("it wrote");
    }
    let all = everything(&server, &key).await;
    assert_eq!(server.terminate(), Some(0));

    let mut held = 0;
    for (round, cursors) in cursors.iter().enumerate() {
        let copy = folder.path().join(format!("{round}.db"));
        let there = tempfile::tempdir().expect("folder");
        let told = output(there.path(), &["restore", copy.to_str().expect("utf-8")]);
        assert!(told.contains("restored") && told.contains("key list"), "{told}");
        let server = ServerProcess::serve(there.path(), 0);
        let restored = everything(&server, &key).await;
        assert!(restored.len() > held && restored.len() < all.len(), "{} of {}", restored.len(), all.len());
        held = restored.len();
        assert!(restored == all[..held], "byte for byte what was there");
        for cursor in cursors {
            told_of_another_log(&server, &key, cursor).await;
        }
        send(&server, &key).await;
        assert_eq!(server.terminate(), Some(0));
        assert!(output(there.path(), &["check"]).ends_with(": whole\n"));
    }
}

/// A database of some MiB, in a moment.
fn large(folder: &Path) {
    output(folder, &["workspace", "list"]);
    let file = rusqlite::Connection::open(folder.join("tidings.db")).expect("opens");
    file.execute_batch("create table filler (bytes blob); insert into filler values (randomblob(6000000))").expect("filled");
    file.close().expect("closed");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned());
    // What belongs to an open database comes and goes.
    let mut names: Vec<_> = entries.filter(|name| !name.ends_with("tidings.db-wal") && !name.ends_with("tidings.db-shm")).collect();
    names.sort();
    names
}

#[test]
fn a_backup_that_is_cut_short_leaves_no_file() {
    let folder = tempfile::tempdir().expect("folder");
    large(folder.path());
    let (before, copy) = (names(folder.path()), folder.path().join("copy.db"));
    let slowly = ["backup", copy.to_str().expect("utf-8"), "--rate", "1"];
    let unfinished = folder.path().join("copy.db.unfinished");
    let begun = || {
        let process = Process::start(folder.path(), &slowly);
        let since = Instant::now();
        while fs::metadata(&unfinished).map_or(0, |file| file.len()) == 0 {
            assert!(since.elapsed() < STUCK, "it does not begin");
            std::thread::yield_now();
        }
        process
    };
    let ended = begun().terminate();
    assert!(ended.code == Some(1) && ended.stderr.contains("nothing was kept"), "{ended:?}");
    assert_eq!(names(folder.path()), before);
    let killed = begun().kill();
    assert!(killed.code.is_none() && !copy.exists(), "{killed:?}");
    output(folder.path(), &["backup", copy.to_str().expect("utf-8")]);
    assert_eq!(names(folder.path()).len(), before.len() + 1, "what the killed one had left is gone");
    let again = run(folder.path(), &["backup", copy.to_str().expect("utf-8")]);
    assert!(again.code == Some(1) && again.stderr.contains("--force"), "{again:?}");
    output(folder.path(), &["backup", "--force", copy.to_str().expect("utf-8")]);
}

#[test]
fn without_room_nothing_is_kept_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("folder");
    large(folder.path());
    let (before, copy) = (names(folder.path()), folder.path().join("copy.db"));
    let copy = copy.to_str().expect("utf-8");
    let full = run_limited(folder.path(), 1_000, &["backup", copy]);
    assert!(full.code == Some(1) && full.lines.is_empty() && !full.stderr.contains("panicked"), "{full:?}");
    assert_eq!(names(folder.path()), before, "{full:?}");
    output(folder.path(), &["backup", copy]);
    let kept = fs::read(folder.path().join("tidings.db")).expect("read");
    let full = run_limited(folder.path(), 1_000, &["restore", "--force", copy]);
    assert!(full.code == Some(1) && full.lines.is_empty() && !full.stderr.contains("panicked"), "{full:?}");
    assert_eq!(names(folder.path()), ["copy.db", "tidings.db", "tidings.db.lock"], "{full:?}");
    assert!(fs::read(folder.path().join("tidings.db")).expect("read") == kept, "the database is as it was");
}

#[test]
fn a_served_database_is_not_replaced() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let copy = folder.path().join("copy.db");
    let copy = copy.to_str().expect("utf-8");
    output(folder.path(), &["backup", copy]);
    for more in [&[][..], &["--force"]] {
        let refused = run(folder.path(), &[&["restore", copy], more].concat());
        assert!(refused.code == Some(1) && refused.stderr.contains("another tidings server"), "{refused:?}");
    }
    assert_eq!(server.terminate(), Some(0));
    let refused = run(folder.path(), &["restore", copy]);
    assert!(refused.code == Some(1) && refused.stderr.contains("--force"), "{refused:?}");
    let told = output(folder.path(), &["restore", "--force", copy]);
    assert!(told.contains("tidings.db.replaced-"), "{told}");
    for args in [&["backup"][..], &["restore"], &["backup", copy, "--rate", "0"], &["backup", copy, "--database", "postgres://h/d"]] {
        assert_eq!(run(folder.path(), args).code, Some(2), "{args:?}");
    }
}
