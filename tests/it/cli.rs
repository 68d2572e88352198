//! The command line as a person has it.

use std::path::Path;

use hyper::Method;
use serde_json::{Value, json};

use crate::app::request;
use crate::child::{Follower, ServerProcess, free_port, output, run, run_with_input};
use crate::live::watcher::Watcher;

fn key(folder: &Path, scopes: &str) -> String {
    let text = output(folder, &["key", "create", "--scope", scopes]);
    assert_eq!(text.lines().count(), 1, "the key alone: {text:?}");
    assert!(text.starts_with("td_key_"), "{text:?}");
    text.trim().to_owned()
}

async fn get(server: &ServerProcess, key: &str, path: &str) -> Value {
    let bearer = format!("Bearer {key}");
    request(server.address, Method::GET, path, &[("authorization", bearer.as_str())], "").await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serving_is_told_once_and_refused_twice() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let second = run(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--ops-listen", "off"]);
    assert_eq!(second.status.code(), Some(1));
    let why = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(why.contains("another tidings server") && second.stdout.is_empty(), "{why}");
    assert_eq!(run(folder.path(), &["serve", "--colour"]).status.code(), Some(2));
    assert_eq!(run(folder.path(), &["key", "create", "--scope", "fly"]).status.code(), Some(2));
    assert_eq!(server.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_revoked_from_the_command_line_ends_its_streams() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (kept, gone) = (key(folder.path(), "read"), key(folder.path(), "ingest,read"));
    let mut watcher = Watcher::connect_to(server.address, &gone).await;
    watcher.subscribe(json!({})).await;
    let listed = output(folder.path(), &["key", "list"]);
    let line = listed.lines().find(|l| l.contains("ingest,read")).unwrap_or_else(|| panic!("{listed}"));
    let number = line.split_whitespace().next().expect("a number");
    output(folder.path(), &["key", "revoke", number]);
    assert_eq!(watcher.closed().await.0, 4401);
    assert_eq!(get(&server, &gone, "/v1/activities").await["code"], "unauthorised");
    assert!(get(&server, &kept, "/v1/activities").await["items"].is_array());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posting_tells_each_line_at_fault() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let key = key(folder.path(), "ingest,read");
    let url = format!("http://{}", server.address);
    let to = ["--url", &url, "--key", &key];
    let one = ["post", "--event", "expo", "--partner", "acme", "--flavor", "content.shared", "--property", "network=linkedin"];
    output(folder.path(), &[&one[..], &to].concat());
    let lines = "{\"flavor\":\"page.viewed\",\"event\":\"expo\",\"partner\":\"acme\"}\n{\"flavor\":\"viewed\",\"event\":\"expo\"}\n\
                 {\"flavor\":\"page.viewed\",\"event\":\"expo\",\"partner\":\"globex\"}\n";
    let many = run_with_input(folder.path(), &[&["post"], &to[..], &["-"]].concat(), lines);
    assert_eq!(many.status.code(), Some(1), "something was refused");
    let told = String::from_utf8_lossy(&many.stderr).into_owned() + &String::from_utf8_lossy(&many.stdout);
    assert!(told.contains("partner") && told.contains("flavor"), "{told}");
    let page = get(&server, &key, "/v1/activities").await;
    let items = page["items"].as_array().expect("items");
    assert_eq!(items.len(), 3, "the good ones are stored");
    assert_eq!(items[2]["properties"], json!({"network":"linkedin"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_follows_refilters_and_outlives_its_server() {
    let folder = tempfile::tempdir().expect("folder");
    let port = free_port();
    let server = ServerProcess::serve(folder.path(), port);
    let key = key(folder.path(), "ingest,read");
    let url = format!("http://127.0.0.1:{port}");
    let post = |partner: &str, n: usize| {
        let property = format!("n={n}");
        let args = ["post", "--url", &url, "--key", &key, "--event", "expo", "--flavor", "page.viewed", "--partner", partner, "--property"];
        output(folder.path(), &[&args[..], &[&property]].concat());
    };
    // What is there before shows that it has begun.
    post("acme", 0);
    let mut tail =
        Follower::start(folder.path(), &["tail", "--url", &url, "--key", &key, "--partner", "acme", "--json", "--refilter-stdin"]);
    let next = |tail: &mut Follower| -> (String, u64) {
        loop {
            if let Ok(Value::Object(item)) = serde_json::from_str(&tail.line())
                && let Some(partner) = item["partner"]["key"].as_str()
            {
                let n = &item["properties"]["n"];
                let n = n.as_u64().or_else(|| n.as_str().and_then(|t| t.parse().ok())).expect("a number");
                return (partner.to_owned(), n);
            }
        }
    };
    assert_eq!(next(&mut tail), ("acme".to_owned(), 0));
    post("globex", 1);
    post("acme", 2);
    assert_eq!(next(&mut tail), ("acme".to_owned(), 2));
    server.kill();
    let server = ServerProcess::serve(folder.path(), port);
    post("acme", 3);
    post("acme", 4);
    assert_eq!((next(&mut tail).1, next(&mut tail).1), (3, 4), "nothing missed, nothing twice");
    tail.say("partner=globex");
    assert_eq!(next(&mut tail), ("globex".to_owned(), 1), "what is there under the new filter");
    post("acme", 5);
    post("globex", 6);
    assert_eq!(next(&mut tail), ("globex".to_owned(), 6));
    drop(tail);
    assert_eq!(server.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_configuration_reads_back() {
    let folder = tempfile::tempdir().expect("folder");
    let text = output(folder.path(), &["config"]);
    let file = folder.path().join("tidings.toml");
    std::fs::write(&file, &text).expect("written");
    assert_eq!(output(folder.path(), &["config", "--config", file.to_str().expect("utf-8")]), text);
    std::fs::write(&file, "colour = \"red\"\n").expect("written");
    let refused = run(folder.path(), &["config", "--config", file.to_str().expect("utf-8")]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("colour"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_found() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let key = key(folder.path(), "ingest");
    let url = format!("http://{}", server.address);
    let lines = "{\"flavor\":\"page.viewed\",\"event\":\"expo\",\"partner\":\"acme\"}\n".repeat(5);
    assert!(run_with_input(folder.path(), &["post", "--url", &url, "--key", &key, "-"], &lines).status.success());
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(run(folder.path(), &["check"]).status.code(), Some(0));
    let database = rusqlite::Connection::open(folder.path().join("tidings.db")).expect("opens");
    assert_eq!(database.execute("delete from entries where place & 1099511627775 = 3", []).expect("deleted"), 1);
    drop(database);
    assert_eq!(run(folder.path(), &["check"]).status.code(), Some(1));
}
