//! The words, one by one.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::watcher::{Watcher, open, partners, post, post_many, seqs};
use crate::app::TestApp;

#[tokio::test]
async fn a_filtered_view_is_live() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    post(&app, &key, "acme", "message.opened").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    let begun = watcher.subscribe(json!({"partner":["ACME"]})).await;
    assert_eq!(partners(&begun), ["acme"]);
    assert_eq!((&begun["older"], &begun["catching_up"], &begun["position"]), (&Value::Null, &json!(false), &begun["head"]));
    post(&app, &key, "globex", "message.opened").await;
    let receipt = post(&app, &key, "acme", "content.shared").await;
    let came = watcher.expect("activities").await;
    assert_eq!((seqs(&came), &came["rev"], &came["position"]), (vec![3], &json!(1), &receipt["cursor"]));
    // The very bytes that a page has.
    let page = app.get(&key, "/v1/activities?partner=acme&limit=1").await;
    assert_eq!(page.json()["items"][0], came["items"][0]);
    app.finish().await;
}

#[tokio::test]
async fn refilter_switches_in_place() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    post_many(&app, &key, 30).await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({"partner":["p1"]})).await;
    watcher.say(json!({"type":"refilter","sub":"s","ref":"x","filter":{"partner":["p2"]},"backfill":2})).await;
    watcher.say(json!({"type":"refilter","sub":"s","ref":"y","filter":{"partner":["p3","p4"]},"backfill":0})).await;
    let first = watcher.expect("refiltered").await;
    assert_eq!((&first["ref"], &first["rev"], partners(&first)), (&json!("x"), &json!(2), vec!["p2".to_owned(); 2]));
    assert!(first["older"].is_string(), "there is more below");
    let second = watcher.expect("refiltered").await;
    assert_eq!((&second["ref"], &second["rev"], partners(&second).len()), (&json!("y"), &json!(3), 0));
    assert_eq!(second["older"], second["position"], "an empty view begins where it ends");
    for partner in ["p1", "p2", "p3"] {
        post(&app, &key, partner, "page.viewed").await;
    }
    assert_eq!(watcher.partners(1).await, ["p3"]);
    // A bad filter leaves the old one.
    watcher.say(json!({"type":"refilter","sub":"s","ref":"z","filter":{"colour":["red"]}})).await;
    let error = watcher.expect("error").await;
    assert_eq!((&error["code"], &error["ref"], &error["sub"]), (&json!("filter_invalid"), &json!("z"), &json!("s")));
    assert!(error["message"].as_str().expect("text").contains("colour"), "{error}");
    post(&app, &key, "p4", "page.viewed").await;
    assert_eq!(watcher.partners(1).await, ["p4"]);
    app.finish().await;
}

#[tokio::test]
async fn resume_goes_on_where_it_was() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    post_many(&app, &key, 10).await;
    let mut watcher = Watcher::connect(&app, &key).await;
    let begun = watcher.subscribe(json!({})).await;
    drop(watcher);
    post_many(&app, &key, 1_500).await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.say(json!({"type":"subscribe","sub":"s","filter":{},"after":begun["position"]})).await;
    let resumed = watcher.expect("subscribed").await;
    assert_eq!((&resumed["mode"], &resumed["catching_up"]), (&json!("resumed"), &json!(true)));
    let mut found = seqs(&resumed);
    let still = |found: &[u64]| json!(1_510 - found.last().expect("some"));
    assert_eq!(resumed["remaining"], still(&found), "how much is to come is told");
    loop {
        let frame = watcher.next().await;
        match frame["type"].as_str() {
            Some("activities") => {
                found.extend(seqs(&frame));
                assert_eq!(frame["remaining"], still(&found));
            }
            Some("caught_up") => break,
            other => assert_eq!(other, Some("position"), "{frame}"),
        }
    }
    assert_eq!(found, (11..=1_510).collect::<Vec<_>>());
    post_many(&app, &key, 1).await;
    assert_eq!(watcher.expect("activities").await["remaining"], Value::Null, "who is live has nothing to catch up");
    app.finish().await;
}

#[tokio::test]
async fn a_large_backfill_comes_whole_in_several_frames() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let text = "x".repeat(1_500);
    let drafts: Vec<_> =
        (0..600).map(|n| json!({"flavor":"page.viewed","event":"expo","partner":"acme","properties":{"n":n,"text":text}})).collect();
    assert_eq!(app.post(&key, "/v1/activities", &Value::from(drafts).to_string()).await.json()["accepted"], 600);
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.say(json!({"type":"subscribe","sub":"s","filter":{},"backfill":500})).await;
    let begun = watcher.expect("subscribed").await;
    assert_eq!((&begun["mode"], &begun["catching_up"]), (&json!("fresh"), &json!(true)));
    let mut found = seqs(&begun);
    loop {
        let frame = watcher.next().await;
        match frame["type"].as_str() {
            Some("activities") => found.extend(seqs(&frame)),
            other => break assert_eq!(other, Some("caught_up"), "{frame}"),
        }
    }
    assert_eq!(found, (101..=600).collect::<Vec<_>>());
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_go_on_is_told() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let other = app.key_of("elsewhere", "ingest,read", None).await;
    post_many(&app, &key, 3).await;
    let foreign = post(&app, &other, "acme", "page.viewed").await["cursor"].clone();
    let mut watcher = Watcher::connect(&app, &other).await;
    watcher.subscribe(json!({})).await;
    // A cursor of this log that lies beyond its end: made elsewhere by the same epoch, it cannot be; so of another log.
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.say(json!({"type":"subscribe","sub":"s","filter":{},"after":foreign})).await;
    let reset = watcher.expect("reset").await;
    assert_eq!((&reset["sub"], &reset["reason"]), (&json!("s"), &json!("epoch")));
    let afresh = watcher.expect("subscribed").await;
    assert_eq!((&afresh["mode"], seqs(&afresh)), (&json!("fresh"), vec![1, 2, 3]));
    watcher.say(json!({"type":"subscribe","sub":"t","filter":{},"after":"nonsense","ref":"r"})).await;
    let error = watcher.expect("error").await;
    assert_eq!((&error["code"], &error["ref"]), (&json!("cursor_invalid"), &json!("r")));
    app.finish().await;
}

#[tokio::test]
async fn a_cursor_ahead_of_the_log_is_told() {
    use tidings::domain::Cursor;
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let receipt = post(&app, &key, "acme", "page.viewed").await;
    let here = Cursor::parse(receipt["cursor"].as_str().expect("text")).expect("a cursor");
    let ahead = Cursor { seq: here.seq + 1_000, ..here };
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.say(json!({"type":"subscribe","sub":"s","filter":{},"after":ahead.to_string()})).await;
    assert_eq!(watcher.expect("reset").await["reason"], "epoch");
    assert_eq!(seqs(&watcher.expect("subscribed").await), [1]);
    // A seal from there counts nothing that is: it is told too, and the subscription stays.
    watcher.say(json!({"type":"seal","sub":"s","from":ahead.to_string(),"ref":"k"})).await;
    let error = watcher.expect("error").await;
    assert_eq!((&error["code"], &error["ref"], &error["sub"]), (&json!("cursor_invalid"), &json!("k"), &json!("s")));
    watcher.say(json!({"type":"seal","sub":"s","from":receipt["cursor"]})).await;
    assert_eq!(watcher.expect("sealed").await["stored"], 0);
    app.finish().await;
}

#[tokio::test]
async fn a_seal_counts_what_was_sent() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    post_many(&app, &key, 40).await;
    let mut watcher = Watcher::connect(&app, &key).await;
    let begun = watcher.subscribe(json!({"partner":["p1","p2"]})).await;
    watcher.say(json!({"type":"seal","sub":"s","from":begun["older"],"ref":"q"})).await;
    let sealed = watcher.expect("sealed").await;
    assert_eq!((&sealed["stored"], &sealed["rev"], &sealed["ref"]), (&json!(8), &json!(1), &json!("q")));
    assert!(sealed["since"].is_string() && sealed["from"].is_string(), "{sealed}");
    post_many(&app, &key, 10).await;
    assert_eq!(watcher.partners(2).await, ["p1", "p2"]);
    watcher.say(json!({"type":"seal","sub":"s","from":sealed["position"]})).await;
    assert_eq!(watcher.expect("sealed").await["stored"], 2);
    // From the same place again: counted on, and told as the whole.
    post_many(&app, &key, 10).await;
    assert_eq!(watcher.partners(2).await, ["p1", "p2"]);
    watcher.say(json!({"type":"seal","sub":"s","from":sealed["position"]})).await;
    let whole = watcher.expect("sealed").await;
    assert_eq!((&whole["stored"], &whole["from"]), (&json!(4), &sealed["position"]));
    watcher.say(json!({"type":"refilter","sub":"s","filter":{"partner":["p1"]}})).await;
    watcher.expect("refiltered").await;
    watcher.say(json!({"type":"seal","sub":"s","from":sealed["position"]})).await;
    assert_eq!(watcher.expect("sealed").await["stored"], 2, "another filter is counted anew");
    app.finish().await;
}

#[tokio::test]
async fn faults_are_told_and_the_connection_stays() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({})).await;
    for (word, code) in [
        ("{", "bad_frame"),
        ("[1]", "bad_frame"),
        (r#"{"type":"subscribe","sub":"s","filter":{}}"#, "sub_exists"),
        (r#"{"type":"refilter","sub":"nobody","filter":{}}"#, "sub_unknown"),
        (r#"{"type":"seal","sub":"nobody"}"#, "sub_unknown"),
        (r#"{"type":"unsubscribe","sub":"nobody"}"#, "sub_unknown"),
        (r#"{"type":"shout"}"#, "unknown_type"),
        (r#"{"type":"subscribe","sub":"t","filter":{"partner":[]}}"#, "filter_invalid"),
        (r#"{"type":"subscribe","sub":"t","filter":[]}"#, "filter_invalid"),
    ] {
        watcher.send(Message::text(word)).await;
        assert_eq!(watcher.expect("error").await["code"], code, "{word}");
    }
    for n in 1..32 {
        watcher.say(json!({"type":"subscribe","sub":format!("s{n}"),"filter":{}})).await;
        watcher.expect("subscribed").await;
    }
    watcher.say(json!({"type":"subscribe","sub":"one-more","filter":{}})).await;
    assert_eq!(watcher.expect("error").await["code"], "sub_limit");
    watcher.say(json!({"type":"ping","t":{"any":1},"ref":"p"})).await;
    assert_eq!(watcher.expect("pong").await, json!({"type":"pong","ref":"p","t":{"any":1}}));
    watcher.say(json!({"type":"unsubscribe","sub":"s","ref":"u"})).await;
    let ended = watcher.expect("unsubscribed").await;
    assert_eq!((&ended["sub"], &ended["ref"]), (&json!("s"), &json!("u")));
    app.finish().await;
}

#[tokio::test]
async fn a_key_bound_to_an_event_sees_only_that() {
    let app = TestApp::start().await;
    let all = app.key("ingest,read").await;
    let bound = app.key_of("default", "read", Some("expo")).await;
    let mut watcher = Watcher::connect(&app, &bound).await;
    for filter in [json!({"event":["other"]}), json!({"partner":["other/acme"]})] {
        watcher.say(json!({"type":"subscribe","sub":"s","filter":filter})).await;
        assert_eq!(watcher.expect("error").await["code"], "event_forbidden");
    }
    watcher.subscribe(json!({})).await;
    app.post(&all, "/v1/activities", r#"{"flavor":"page.viewed","event":"other","partner":"acme"}"#).await;
    post(&app, &all, "globex", "page.viewed").await;
    assert_eq!(watcher.partners(1).await, ["globex"]);
    app.finish().await;
}

#[tokio::test]
async fn a_revoked_key_ends_its_streams() {
    let app = TestApp::start().await;
    let (admin, key) = (app.key("read,admin").await, app.key("read").await);
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({})).await;
    let keys = app.get(&admin, "/v1/keys").await.json();
    let id = keys["items"].as_array().expect("items").iter().find(|k| k["scopes"] == json!(["read"])).expect("it")["id"].clone();
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let gone = app.call(hyper::Method::DELETE, &admin, &format!("/v1/keys/{id}"), "").await;
    assert_eq!(gone.status, 204, "{}", gone.text());
    assert_eq!(watcher.closed().await.0, 4401);
    app.finish().await;
}

#[tokio::test]
async fn a_drain_says_bye() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let mut watcher = Watcher::connect(&app, &key).await;
    watcher.subscribe(json!({})).await;
    let (bye, ()) = tokio::join!(
        async {
            let bye = watcher.expect("bye").await;
            assert_eq!(watcher.closed().await.0, 1012);
            bye
        },
        app.finish()
    );
    assert!(bye["reconnect_after_ms"].is_u64(), "{bye}");
}

#[tokio::test]
async fn upgrades_are_checked() {
    let app = TestApp::start().await;
    let key = app.key("read").await;
    let writer = app.key("ingest").await;
    let here = format!("http://{}", app.address());
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], u16);
    let cases: &[Case<'_>] = &[
        (&key, &[], 101),
        (&key, &[("sec-websocket-protocol", "other, tidings.v1")], 101),
        (&key, &[("sec-websocket-protocol", "graphql-ws")], 400),
        (&key, &[("origin", &here)], 101),
        (&key, &[("origin", "https://evil.example")], 403),
        ("", &[], 401),
        ("td_key_nonsense", &[], 401),
        (&writer, &[], 403),
    ];
    for (key, headers, want) in cases {
        let headers: Vec<(&'static str, &str)> =
            headers.iter().map(|(n, v)| (if *n == "origin" { "origin" } else { "sec-websocket-protocol" }, *v)).collect();
        let got = match open(app.address(), key, &headers).await {
            Ok((_, response)) => response.status().as_u16(),
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(other) => panic!("{headers:?}: {other}"),
        };
        assert_eq!(got, *want, "{headers:?}");
    }
    app.finish().await;
}
