//! A real web server's log through the public API.

use std::collections::BTreeMap;
use std::path::Path;

use hyper::Method;
use serde_json::Value;

use crate::app::request;
use crate::child::{ServerProcess, output};

/// 10,000 lines that nobody here wrote, where they are; the project has a small sample of its own.
const REAL_LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/access.log");
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/sample/access.log");

/// Browser families by a second reader of the same rules, under our display names.
fn expected_browsers(log: &str) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for line in log.lines() {
        let agent = line.rsplit('"').nth(1).unwrap_or("");
        // Plain words that these rules are known to mean; the rest is not held to a second reading.
        let mut add = |name| *counts.entry(name).or_insert(0) += 1;
        if agent.rsplit(' ').next().is_some_and(|last| last.starts_with("Firefox/")) {
            add("Firefox");
        }
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_stored_once_and_counted_right() {
    let real = Path::new(REAL_LOG).exists();
    let path = if real { REAL_LOG } else { SAMPLE };
    let log = std::fs::read_to_string(path).expect("a log");
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let key = output(folder.path(), &["key", "create", "--scope", "ingest,read"]).trim().to_owned();
    let url = format!("http://{}", server.address);
    let replay = ["replay", path, "--speed", "max", "--event", "web", "--url", &url, "--key", &key];
    output(folder.path(), &replay);
    let bearer = format!("Bearer {key}");
    let get = async |path: &str| request(server.address, Method::GET, path, &[("authorization", bearer.as_str())], "").await.json();
    let counts = get("/v1/activities/counts?by=browser,platform,device").await;
    let distinct: std::collections::BTreeSet<&str> = log.lines().collect();
    assert_eq!(counts["total"].as_u64(), Some(distinct.len() as u64), "each distinct line once");
    let count = |field: &str, value: &str| {
        let values = counts["by"][field].as_array().expect("values");
        values.iter().find(|v| v["value"] == value).and_then(|v| v["count"].as_u64()).unwrap_or(0)
    };
    let agents: u64 = distinct.iter().filter(|l| l.contains("Googlebot/2.1")).count() as u64;
    assert!(count("device", "bot") >= agents, "crawlers are told as such");
    let windows = distinct.iter().filter(|l| l.contains("Windows NT")).count() as u64;
    assert!(count("platform", "Windows").abs_diff(windows) * 50 <= windows.max(50), "{} and {windows}", count("platform", "Windows"));
    let distinct_log: String = distinct.iter().map(|l| format!("{l}\n")).collect();
    for (name, want) in expected_browsers(&distinct_log) {
        assert!(count("browser", name).abs_diff(want) * 50 <= want.max(50), "{name}: {} and {want}", count("browser", name));
    }
    // The whole of it again adds nothing.
    output(folder.path(), &replay);
    assert_eq!(get("/v1/activities/counts?by=flavor").await["total"], counts["total"]);
    let page: Value = get("/v1/activities?limit=1").await;
    assert_eq!(page["items"][0]["flavor"]["key"], "page.viewed");
}
