//! Counts of a log that is long enough for tallies, as a reader meets them.

use hyper::Method;
use serde_json::{Value, json};
use tidings::tallies::limits::{BEHIND_SEQS, LAG_SEQS};
use tidings::telemetry::TALLY_COMBINATIONS;

use crate::app::{STUCK, TestApp, request};

const REQUEST: u64 = 500;
const PARTNERS: u64 = 5;

/// How many combinations the server says that it holds.
async fn combinations(app: &TestApp) -> f64 {
    let metrics = request(app.running().ops_addr.expect("on"), Method::GET, "/metrics", &[], "").await;
    let line = metrics.text().lines().find_map(|line| line.strip_prefix(TALLY_COMBINATIONS).map(str::to_owned));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
}

async fn counts(app: &TestApp, key: &str, rest: &str) -> Value {
    app.get(key, &format!("/v1/activities/counts?by=partner,browser,message{rest}")).await.json()
}

/// Every activity is in some bucket, and the answer says that it is whole.
async fn assert_by_time(app: &TestApp, key: &str, rest: &str, want: u64) {
    let found: Value = app.get(key, &format!("/v1/activities/histogram?{rest}")).await.json();
    let sum: u64 = found["items"].as_array().expect("buckets").iter().filter_map(|bucket| bucket["count"].as_u64()).sum();
    let whole = (&found["complete"], &found["counted_back_to"], &found["older"]);
    assert_eq!((whole, sum), ((&json!(true), &json!(null), &json!(null)), want), "{rest}: {found}");
}

async fn assert_counts(app: &TestApp, key: &str, sent: u64) {
    for span in ["", "bucket=hour&zone=Asia/Kathmandu", "bucket=day&zone=Pacific/Apia"] {
        assert_by_time(app, key, span, sent).await;
        assert_by_time(app, key, &format!("{span}&flavor=page.*&event=expo&grade=unclear"), sent).await;
        assert_by_time(app, key, &format!("{span}&partner=p-1"), sent / PARTNERS).await;
        assert_by_time(app, key, &format!("{span}&not.flavor=page.viewed"), 0).await;
    }
    let all = counts(app, key, "").await;
    assert_eq!((&all["complete"], &all["total"]), (&json!(true), &json!(sent)), "{all}");
    for partner in all["by"]["partner"].as_array().expect("partners") {
        assert_eq!(partner["count"], json!(sent / PARTNERS), "{all}");
    }
    assert_eq!(all["by"]["browser"], json!([{"value":"Chrome","label":"Chrome","count":sent / PARTNERS}]), "the display name");
    let some = counts(app, key, "&partner=p-1&partner=p-2&not.flavor=message.*").await;
    assert_eq!((&some["complete"], &some["total"]), (&json!(true), &json!(sent * 2 / PARTNERS)), "{some}");
}

#[tokio::test]
async fn counts_of_a_long_log_are_whole_at_every_moment_and_after_a_restart() {
    let mut app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let draft = |n: u64| {
        let (partner, browser) = (format!("p-{}", n % PARTNERS), (n % PARTNERS == 1).then_some("chrome"));
        json!({"flavor":"page.viewed","event":"expo","partner":partner,"browser":browser})
    };
    let mut sent = 0;
    while sent < LAG_SEQS + BEHIND_SEQS + 2 * REQUEST {
        let drafts: Vec<Value> = (sent..sent + REQUEST).map(draft).collect();
        let answer = app.post(&key, "/v1/activities", &Value::from(drafts).to_string()).await;
        assert!(answer.status.is_success(), "{}", answer.text());
        sent += REQUEST;
        assert_counts(&app, &key, sent).await;
    }
    let folded = async {
        while combinations(&app).await < PARTNERS as f64 {
            assert_counts(&app, &key, sent).await;
        }
    };
    tokio::time::timeout(STUCK, folded).await.expect("folded behind the writer");
    assert_counts(&app, &key, sent).await;
    app.restart().await;
    assert_counts(&app, &key, sent).await;
    app.finish().await;
}
