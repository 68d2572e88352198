//! How long reading a draft takes: `cargo bench --bench parse`.
//!
//! Prints nanoseconds a draft, the least of several rounds, for one typical draft of some 400 bytes alone, in an array
//! of 500, and as lines; beside them the same array read into `serde_json::Value`, as a reference.

use std::hint::black_box;
use std::time::{Duration, Instant};

use tidings::domain::{ActivityId, UnixMs};
use tidings::ingest::{DraftContext, UserAgents, parse};
use tokio_util::task::TaskTracker;

const BATCH: usize = 500;
const ROUNDS: usize = 200;

fn draft(number: usize) -> String {
    format!(
        r#"{{"id":"0198c7a2-4d1e-7000-8000-{number:012}","flavor":"message.opened","event":"expo-2026","partner":"partner-{number}","message":"welcome","occurred_at":"2026-11-22T09:14:03.120Z","source_url":"https://www.example.com/expo/2026/partners?from=mail","user_agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36","ip":"203.0.113.9","properties":{{"amount":12}}}}"#
    )
}

/// The least time that `work` takes in several rounds, for each of `drafts`.
fn time(name: &str, drafts: usize, mut work: impl FnMut()) {
    let mut least = Duration::MAX;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        work();
        least = least.min(begun.elapsed());
    }
    println!("{name:<24}{:>8} ns a draft", least.as_nanos() / drafts as u128);
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    let _entered = runtime.enter();
    let agents = UserAgents::start(&TaskTracker::new());
    let new_id = |_| ActivityId(uuid::Uuid::now_v7());
    let context = DraftContext {
        now: UnixMs(1_795_338_843_120),
        bound: &tidings::domain::Events::ALL,
        event_headers: &[],
        made_id: None,
        new_id: &new_id,
        agents: &agents,
    };
    let read = |content_type, body: &str| {
        let drafts = runtime.block_on(parse(Some(content_type), body.as_bytes(), &context)).expect("parses");
        assert!(drafts.items.iter().all(Result::is_ok));
        black_box(drafts);
    };
    let drafts: Vec<_> = (0..BATCH).map(draft).collect();
    let (array, lines) = (format!("[{}]", drafts.join(",")), drafts.join("\n"));
    println!("{} bytes a draft", drafts[0].len());
    time("one", 1, || read("application/json", &drafts[0]));
    time("array of 500", BATCH, || read("application/json", &array));
    time("500 lines", BATCH, || read("application/x-ndjson", &lines));
    time("reference: Value", BATCH, || drop(black_box(serde_json::from_str::<serde_json::Value>(&array))));
}
