//! Readers that stall: they lose nothing, and cost one cursor.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::watcher::{Watcher, post_many, seqs};
use crate::app::TestApp;

const MANY: usize = 60_000;
/// The name of the first event of a stream.
const SUBSCRIBED: &[u8] = b"event: subscribed";

/// Reads until everything up to `last` has come; the seqs, and whether it fell behind on the way.
async fn read_all(watcher: &mut Watcher, last: u64) -> (Vec<u64>, bool) {
    let (mut found, mut lagged) = (Vec::new(), false);
    while found.last() != Some(&last) {
        let frame = watcher.next().await;
        match frame["type"].as_str() {
            Some("activities" | "subscribed") => found.extend(seqs(&frame)),
            Some("lagging") => lagged = true,
            other => assert!(matches!(other, Some("position" | "caught_up")), "{frame}"),
        }
    }
    (found, lagged)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stalls_first_gets_everything_in_order() {
    let app = TestApp::start_with(|config| config.session.outbox_bytes_max = 256 * 1024).await;
    let key = app.key("ingest,read").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({})).await;
    post_many(&app, &key, MANY).await;
    // Everything is durable, and nothing was read: the server may hold an outbox for this reader, and no more.
    let (found, lagged) = read_all(&mut watcher, MANY as u64).await;
    assert_eq!(found, (1..=MANY as u64).collect::<Vec<_>>());
    assert!(lagged, "so much does not fit an outbox and two kernel buffers");
    // And it is live again.
    post_many(&app, &key, 1).await;
    assert_eq!(read_all(&mut watcher, MANY as u64 + 1).await.0, [MANY as u64 + 1]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_single_bytes_delays_nobody() {
    let app = TestApp::start_with(|config| config.session.outbox_bytes_max = 64 * 1024).await;
    let key = app.key("ingest,read").await;
    let mut slow = TcpStream::connect(app.address()).await.expect("connects");
    let head = format!("GET /v1/activities/stream?backfill=0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n");
    slow.write_all(head.as_bytes()).await.expect("sent");
    let mut quick = Watcher::connect(&app, &key).await;
    quick.subscribe(json!({})).await;
    // It is subscribed before anything comes, and from then on takes one byte a round.
    let mut heard = Vec::new();
    while !heard.windows(SUBSCRIBED.len()).any(|w| w == SUBSCRIBED) {
        slow.read_buf(&mut heard).await.expect("reads");
    }
    let rounds = 20;
    for round in 1..=rounds {
        post_many(&app, &key, 200).await;
        heard.push(slow.read_u8().await.expect("one byte"));
        // It is told nothing that it has not read; the other one has all of it.
        read_all(&mut quick, round * 200).await;
    }
    // Nor has it lost anything: what it left is there, in order, each once.
    let last = format!("\"seq\":{},", rounds * 200);
    while !heard.windows(last.len()).any(|w| w == last.as_bytes()) {
        assert!(slow.read_buf(&mut heard).await.expect("reads") > 0, "the stream ended");
    }
    let text = String::from_utf8(heard).expect("text");
    let seqs = text.split("\"seq\":").skip(1).map(|rest| rest.split(',').next().and_then(|seq| seq.parse().ok()).expect("a seq"));
    assert_eq!(seqs.collect::<Vec<u64>>(), (1..=rounds * 200).collect::<Vec<_>>());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_keeps_up_is_never_behind() {
    let outbox = 256 * 1024;
    let app = TestApp::start_with(|config| config.session.outbox_bytes_max = outbox).await;
    let key = app.key("ingest,read").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({})).await;
    // Far more than its outbox holds, but never at once.
    for round in 1..=60 {
        post_many(&app, &key, 100).await;
        let (seqs, lagged) = read_all(&mut watcher, round * 100).await;
        assert_eq!((seqs.len(), lagged), (100, false), "round {round}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_nothing_does_not_hold_up_the_end() {
    let app = TestApp::start_with(|config| config.session.outbox_bytes_max = 256 * 1024).await;
    let key = app.key("ingest,read").await;
    let start = app.get(&key, "/v1/activities").await.json()["newer"].as_str().expect("cursor").to_owned();
    post_many(&app, &key, MANY).await;
    let mut socket = Watcher::connect(&app, &key).await;
    socket.say(json!({"type":"subscribe","sub":"s","filter":{},"after":start})).await;
    let mut events = TcpStream::connect(app.address()).await.expect("connects");
    let head = format!("GET /v1/activities/stream?after={start} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n");
    events.write_all(head.as_bytes()).await.expect("sent");
    // Both have begun, and then are left with more than the kernel takes for them.
    socket.expect("subscribed").await;
    events.read_exact(&mut [0; 64]).await.expect("begun");
    app.finish().await;
    drop((socket, events));
}
