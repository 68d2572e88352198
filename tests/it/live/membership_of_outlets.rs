//! One view, every way out: random histories are fed to all outlets of a view, and each is held to the definition over the log.
//!
//! A short form runs with the tests; `TIDINGS_OUTLETS_HISTORIES=200 cargo nextest run --release every_outlet` is the long one. Seeds
//! are others in every run and are printed; `TIDINGS_OUTLETS_FIRST=n` runs one again.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidings::auth::Operator;
use tidings::domain::Key;
use tidings::filter::FilterSet;
use tidings::store::Head;

use super::sse::Stream;
use super::watcher::{Watcher, seqs};
use crate::app::{STUCK, TestApp};
use crate::receiver::Receiver;

const PARTNERS: &[&str] = &["acme", "globex", "initech", "hooli"];
const FLAVORS: &[&str] = &["message.opened", "message.delivered", "page.viewed", "content.shared"];
const MESSAGES: &[&str] = &["welcome", "booth"];
const TAGS: &[&str] = &["gold", "silver"];
const EVENTS: &[&str] = &["expo", "fair"];

fn pick<'a>(dice: &mut fastrand::Rng, of: &[&'a str]) -> &'a str {
    of[dice.usize(..of.len())]
}

fn some(dice: &mut fastrand::Rng, of: &[&str]) -> Value {
    let count = 1 + dice.usize(..2);
    (0..count).map(|_| Value::from(pick(dice, of))).collect()
}

/// A filter set over everything that a history has.
fn filter(dice: &mut fastrand::Rng) -> Value {
    let mut set = json!({});
    let mut not = json!({});
    for (field, values) in [("event", EVENTS), ("partner", PARTNERS), ("flavor", FLAVORS), ("message", MESSAGES), ("tag", TAGS)] {
        match dice.u8(..8) {
            0 | 1 => set[field] = some(dice, values),
            2 => not[field] = some(dice, values),
            _ => {}
        }
    }
    if not.as_object().is_some_and(|not| !not.is_empty()) {
        set["not"] = not;
    }
    set
}

fn activity(dice: &mut fastrand::Rng) -> Value {
    let mut draft = json!({"flavor": pick(dice, FLAVORS), "event": pick(dice, EVENTS), "partner": pick(dice, PARTNERS)});
    if dice.bool() {
        draft["message"] = pick(dice, MESSAGES).into();
    }
    draft
}

async fn put(app: &TestApp, key: &str, path: &str, body: &Value) {
    let answer = app.put(key, path, &body.to_string()).await;
    assert!(answer.status.is_success(), "{path} {body}: {}", answer.text());
}

/// Tags, and recipients of messages: who belongs to what.
async fn change_memberships(app: &TestApp, key: &str, dice: &mut fastrand::Rng, changes: usize) {
    for _ in 0..changes {
        let (event, partner, message) = (pick(dice, EVENTS), pick(dice, PARTNERS), pick(dice, MESSAGES));
        if dice.bool() {
            put(app, key, &format!("/v1/events/{event}/partners/{partner}"), &json!({"name": partner, "tags": some(dice, TAGS)})).await;
        } else {
            let word = if dice.bool() { "add" } else { "remove" };
            let path = format!("/v1/events/{event}/messages/{message}/recipients");
            let answer = app.post(key, &path, &json!({word: [partner]}).to_string()).await;
            assert!(answer.status.is_success(), "{}", answer.text());
        }
    }
}

/// What the definition says of the whole log, as of now.
async fn defined(app: &TestApp, workspace: &str, filter: &Value) -> (BTreeSet<u64>, Head) {
    let store = &app.running().store;
    let found = store.keyring.workspace_by_key(Operator::assume(), Key::trusted(workspace)).await.expect("read").expect("there");
    let set = FilterSet::from_json(filter).expect("a filter set");
    let people = store.log.memberships(found.id).await.expect("read");
    let entries = store.log.entries(found.id, 0, 10_000).await.expect("read").entries;
    let matches = entries.iter().filter(|entry| {
        entry.activity().is_some_and(|activity| {
            let of = people.partners.iter().find(|p| p.event == activity.facts.event && p.partner == activity.facts.partner);
            set.matches(&activity.facts, &of.map(|p| p.memberships.clone()).unwrap_or_default())
        })
    });
    (matches.map(|entry| entry.seq).collect(), people.head)
}

fn of_items(items: &Value) -> BTreeSet<u64> {
    items.as_array().expect("items").iter().map(|item| item["seq"].as_u64().expect("a seq")).collect()
}

/// What list, export and a screen of a wall say, which are as of now.
async fn as_of_now(app: &TestApp, key: &str, screen: &str, view: &str) -> Vec<(&'static str, BTreeSet<u64>)> {
    let list = app.get(key, &format!("/v1/activities?view={view}&limit=1000")).await.json();
    let counts = app.get(key, &format!("/v1/activities/counts?view={view}&by=flavor")).await.json();
    assert_eq!(counts["total"].as_u64(), list["items"].as_array().map(|items| items.len() as u64), "counts of {view}");
    let export = app.get(key, &format!("/v1/activities/export?view={view}&format=ndjson")).await;
    let lines = export.text().lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["seq"].as_u64().expect("a seq"));
    let wall = app.get(screen, &format!("/v1/activities?view={view}&limit=1000")).await.json();
    let mut stream = Stream::open(app, key, &format!("view={view}&backfill=1000"), "").await;
    let begun = stream.next().await;
    assert_eq!(begun.word, "subscribed");
    let mut watcher = Watcher::connect_to(app.address(), screen).await;
    watcher.say(json!({"type":"subscribe","sub":"s","view":view,"backfill":1000})).await;
    let on_wall = watcher.expect("subscribed").await;
    vec![
        ("list", of_items(&list["items"])),
        ("export", lines.collect()),
        ("wall, as a page", of_items(&wall["items"])),
        ("stream", of_items(&begun.data["items"])),
        ("wall, live", seqs(&on_wall).into_iter().collect()),
    ]
}

async fn history(app: &TestApp, seed: u64) {
    let mut dice = fastrand::Rng::with_seed(seed);
    let workspace = format!("w{seed}");
    let key = app.key_of(&workspace, "ingest,read,admin", None).await;
    let receiver = Receiver::start().await;
    for event in EVENTS {
        put(app, &key, &format!("/v1/events/{event}"), &json!({"name": event})).await;
        for partner in PARTNERS {
            put(app, &key, &format!("/v1/events/{event}/partners/{partner}"), &json!({"name": partner})).await;
        }
        for message in MESSAGES {
            put(app, &key, &format!("/v1/events/{event}/messages/{message}"), &json!({"subject": message})).await;
        }
    }
    change_memberships(app, &key, &mut dice, 8).await;
    let filter = filter(&mut dice);
    put(app, &key, "/v1/views/v", &json!({"name": "V", "filter": filter})).await;
    put(app, &key, "/v1/walls/hall", &json!({"name": "Hall", "views": ["v"]})).await;
    let screen = app.post(&key, "/v1/walls/hall/screens", r#"{"name":"Hall"}"#).await.json();
    let screen = screen["url"].as_str().and_then(|url| url.split_once('#')).expect("an address").1.to_owned();
    put(app, &key, "/v1/webhooks/hook", &json!({"url": receiver.url("/hook"), "view": "v"})).await;
    let live = json!({"name": "L", "view": "v", "when": {"count": 5_000, "within_s": 86_400}});
    put(app, &key, "/v1/alerts/live", &live).await;
    put(app, &key, "/v1/channels/duty", &json!({"kind": "webhook", "url": receiver.url("/alert")})).await;

    let drafts: Vec<Value> = (0..10 + dice.usize(..30)).map(|_| activity(&mut dice)).collect();
    for some in drafts.chunks(7) {
        assert_eq!(app.post(&key, "/v1/activities", &Value::from(some).to_string()).await.status, 200);
    }
    app.published().await;
    let (expected, _) = defined(app, &workspace, &filter).await;
    for (outlet, found) in as_of_now(app, &key, &screen, "v").await {
        assert_eq!(found, expected, "seed {seed}, {filter}: {outlet}");
    }
    // The webhook judged each as it passed, and who belonged to what then may have changed by the very next entry: whoever is named
    // a message becomes its recipient. So its receiver asks for all of it again.
    app.running().consumers.settled().await;
    let before = receiver.came().len();
    let again = app.post(&key, "/v1/webhooks/hook/redeliver", &json!({"after": start_of(app, &workspace).await}).to_string()).await;
    assert_eq!(again.status, 200, "{}", again.text());
    if let Some(last) = expected.last() {
        let hooked = |came: &[crate::receiver::Came]| -> BTreeSet<u64> {
            came.iter().skip(before).filter(|came| came.line == "POST /hook").flat_map(|came| of_items(&came.body["items"])).collect()
        };
        let came = receiver.until(|came| hooked(came).contains(last) && hooked(came).len() >= expected.len()).await;
        assert_eq!(hooked(&came), expected, "seed {seed}, {filter}: webhook");
    }
    // An alert counts as many as there are, and not one more.
    let count = expected.len() as u32;
    let alert = |count: u32| json!({"name": "N", "view": "v", "when": {"count": count.max(1), "within_s": 86_400}, "to": ["duty"]});
    put(app, &key, "/v1/alerts/as-many", &alert(count)).await;
    put(app, &key, "/v1/alerts/one-more", &alert(count + 1)).await;
    // One that was there before judged each as it passed; who belongs to what may have changed since.
    if !FilterSet::from_json(&filter).expect("a filter set").asks_membership() {
        app.running().consumers.settled().await;
        let live = app.get(&key, "/v1/alerts/live").await.json();
        assert_eq!(live["count"], json!(count), "seed {seed}, {filter}: what an alert counts live");
    }
    let state = async |alert: &str| app.get(&key, &format!("/v1/alerts/{alert}")).await.json()["state"].clone();
    if count > 0 {
        let fires = async { while state("as-many").await != "firing" {} };
        tokio::time::timeout(STUCK, fires).await.unwrap_or_else(|_| panic!("seed {seed}, {filter}: an alert counts less than {count}"));
    }
    assert_eq!(state("one-more").await, "ok", "seed {seed}, {filter}: an alert counts more than {count}");

    // Memberships change, and so does the view: what is as of now is made again.
    change_memberships(app, &key, &mut dice, 6).await;
    let other = self::filter(&mut dice);
    for filter in [&filter, &other] {
        put(app, &key, "/v1/views/v", &json!({"name": "V", "filter": filter})).await;
        app.published().await;
        let (expected, _) = defined(app, &workspace, filter).await;
        for (outlet, found) in as_of_now(app, &key, &screen, "v").await {
            assert_eq!(found, expected, "seed {seed}, {filter}, after changes: {outlet}");
        }
    }
}

/// The cursor before everything.
async fn start_of(app: &TestApp, workspace: &str) -> String {
    let store = &app.running().store;
    let found = store.keyring.workspace_by_key(Operator::assume(), Key::trusted(workspace)).await.expect("read").expect("there");
    let head = store.log.head(found.id).await.expect("read");
    tidings::domain::Cursor { epoch: head.epoch, seq: 0, mark: None }.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_outlet_has_the_members_of_the_definition() {
    let read = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = read("TIDINGS_OUTLETS_FIRST").unwrap_or_else(|| fastrand::u64(..1 << 40));
    let histories = read("TIDINGS_OUTLETS_HISTORIES").unwrap_or(8);
    println!("seeds from {first}");
    let app = TestApp::start_with(|config| config.webhooks.allow_loopback = true).await;
    for seed in first..first + histories {
        history(&app, seed).await;
    }
    app.finish().await;
}
