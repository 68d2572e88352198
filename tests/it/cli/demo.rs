//! `demo`: one address, which signs in to something that lives.

use std::net::SocketAddr;

use hyper::Method;
use serde_json::{Value, json};

use crate::app::{Answer, request};
use crate::child::Process;
use crate::live::watcher::Watcher;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_is_signed_in_full_and_alive() {
    let folder = tempfile::tempdir().expect("folder");
    let database = folder.path().join("demo.db");
    let args = ["demo", "--listen", "127.0.0.1:0", "--database", database.to_str().expect("utf-8")];
    let mut demo = Process::start(folder.path(), &args);
    let link = std::iter::from_fn(|| Some(demo.line())).find(|line| line.contains("http://")).expect("an address");
    let (address, path) = link.trim().strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("an address alone");
    let address: SocketAddr = address.parse().expect("an address");
    let key = std::iter::from_fn(|| Some(demo.line())).find_map(|l| Some(l.split_once("TIDINGS_KEY=")?.1.to_owned())).expect("a key");
    let page = request(address, Method::GET, &format!("/{path}"), &[], "").await;
    assert!(page.status == 200 && page.text().contains("/signin/press.js"), "it presses itself: {}", page.text());
    let (_, form) = path.split_once('?').expect("a query");
    let own = format!("http://{address}");
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", own.as_str())];
    let signed_in = request(address, Method::POST, "/signin", &headers, form.to_owned()).await;
    assert_eq!(signed_in.status, 303);
    assert_eq!(signed_in.header("location"), "/events/expo-2026/activity", "what it is about, and no list of one event");
    let cookie = signed_in.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let again = request(address, Method::GET, &format!("/{path}"), &[], "").await;
    assert_eq!(again.header("location"), "/signin?problem=link", "it signs in once");
    let get = async |path: &str| -> Answer { request(address, Method::GET, path, &[("cookie", &cookie)], "").await };
    let items = async |path: &str| -> Vec<Value> { get(path).await.json()["items"].as_array().expect("items").clone() };
    assert_eq!(items("/v1/events/expo-2026/partners?limit=100").await.len(), 40);
    assert_eq!(items("/v1/events/expo-2026/campaigns").await.len(), 2);
    let messages = items("/v1/events/expo-2026/messages").await;
    assert!(messages.len() == 3 && messages.iter().all(|m| m["recipients"].as_u64() > Some(0)), "{messages:?}");
    let days = items("/v1/activities/histogram?bucket=day").await;
    assert!((7..=8).contains(&days.len()), "a week of history: {days:?}");
    let total = get("/v1/activities/counts?by=flavor").await.json()["total"].as_u64();
    assert!(total > Some(3_000), "{total:?}");
    let mut watcher = Watcher::connect_by(address, &[("cookie", &cookie)]).await;
    watcher.subscribe(json!({"event":["expo-2026"]})).await;
    assert!(!watcher.partners(1).await.is_empty(), "live traffic");
    drop(watcher);
    let ended = demo.terminate();
    assert!(ended.code == Some(0) && !ended.stderr.contains("panicked"), "{}", ended.stderr);

    // The next start keeps the key and the history.
    let mut demo = Process::start(folder.path(), &[&args[..], &["--quiet"]].concat());
    let kept = std::iter::from_fn(|| Some(demo.line())).find_map(|l| Some(l.split_once("TIDINGS_KEY=")?.1.to_owned()));
    assert_eq!(kept, Some(key));
}
