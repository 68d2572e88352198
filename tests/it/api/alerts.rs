//! Alerts, against receivers that are there, answer in vain, and are told all the same where nothing can be stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use hyper::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::app::{STUCK, TestApp};
use crate::receiver::{Came, Receiver};

const KEYS: &str = "ingest,read,admin";

async fn started() -> (TestApp, String, Receiver) {
    let app = TestApp::start_with(|config| config.webhooks.allow_loopback = true).await;
    let key = app.key(KEYS).await;
    (app, key, Receiver::start().await)
}

async fn put(app: &TestApp, key: &str, path: &str, body: Value) -> Value {
    let answer = app.put(key, path, &body.to_string()).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
    answer.json()
}

async fn channel(app: &TestApp, key: &str, receiver: &Receiver, name: &str) -> Value {
    put(app, key, &format!("/v1/channels/{name}"), json!({"kind": "webhook", "url": receiver.url(&format!("/{name}"))})).await
}

async fn send(app: &TestApp, key: &str, partner: &str, flavor: &str) {
    let draft = json!({"flavor": flavor, "event": "expo", "partner": partner});
    assert_eq!(app.post(key, "/v1/activities", &draft.to_string()).await.status, 201);
}

/// Asks until it is as it should be; what it is then.
async fn until(app: &TestApp, key: &str, path: &str, what: impl Fn(&Value) -> bool) -> Value {
    let asking = async {
        loop {
            let told = app.get(key, path).await.json();
            if what(&told) {
                return told;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(STUCK, asking).await.expect("it becomes so")
}

fn states(came: &[Came]) -> Vec<&str> {
    came.iter().map(|came| came.body["state"].as_str().expect("a state")).collect()
}

#[tokio::test]
async fn silence_rings_and_resolves_itself_and_is_told_with_a_signature() {
    let (app, key, receiver) = started().await;
    let made = channel(&app, &key, &receiver, "duty").await;
    let secret = made["secret"].as_str().expect("shown once");
    assert!(channel(&app, &key, &receiver, "duty").await["secret"].is_null(), "and never again");
    send(&app, &key, "acme", "message.opened").await;
    let alert =
        json!({"name": "Opens stopped", "view": "all-opens", "when": {"silent_s": 1}, "to": ["duty"], "note": "Call the mail provider."});
    let made = put(&app, &key, "/v1/alerts/quiet", alert).await;
    assert_eq!((&made["state"], &made["cooldown_s"], &made["when"]), (&json!("ok"), &json!(300), &json!({"silent_s": 1})));

    let came = receiver.came_to(1).await;
    let first = &came[0];
    assert_eq!((first.line.as_str(), &first.body["type"], &first.body["state"]), ("POST /duty", &json!("alert"), &json!("firing")));
    assert_eq!(
        (&first.body["alert"], &first.body["view"], &first.body["note"]),
        (&json!("quiet"), &json!("all-opens"), &json!("Call the mail provider."))
    );
    assert!(first.body["reason"].as_str().expect("a reason").starts_with("no activity in All opens since"), "{}", first.body);
    assert!(first.body["path"].as_str().expect("told").contains("is well"), "quiet, not broken: {}", first.body);
    let (id, at) = (first.header("webhook-id"), first.header("webhook-timestamp"));
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(&secret["whsec_".len()..]).expect("base64")).expect("a key");
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(&first.raw);
    assert_eq!(first.header("webhook-signature"), format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    let firing = app.get(&key, "/v1/alerts/quiet").await.json();
    assert_eq!((&firing["state"], firing["last_notified_at"].is_string()), (&json!("firing"), true), "{firing}");
    assert!(firing["last_at"].is_string(), "it knows of what came before it was made: {firing}");

    send(&app, &key, "acme", "message.opened").await;
    let came = receiver.came_to(2).await;
    assert_eq!(states(&came), ["firing", "ok"]);
    assert_eq!(came[0].body["firing"], came[1].body["firing"], "what belongs together");
    assert_eq!(came[1].body["items"][0]["partner"]["key"], "acme", "the newest of its view");
    // Silence again is kept, and told no sooner than its cooldown allows.
    until(&app, &key, "/v1/alerts/quiet", |told| told["state"] == "firing").await;
    let history =
        until(&app, &key, "/v1/alerts/quiet/history", |told| told["items"].as_array().is_some_and(|lines| lines.len() == 3)).await;
    let what: Vec<_> = history["items"].as_array().expect("lines").iter().map(|line| line["what"].as_str().expect("a word")).collect();
    assert_eq!(what, ["fired", "resolved", "fired"]);
    assert_eq!(history["items"][0]["notices"], json!([]));
    assert_eq!(receiver.came().len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn so_many_within_a_time_ring_once_and_what_is_not_taken_is_told_again_under_the_same_id() {
    let (mut app, key, receiver) = started().await;
    channel(&app, &key, &receiver, "duty").await;
    receiver.answers(&[500]);
    let alert = json!({"name": "Rush", "view": "all-opens", "when": {"count": 3, "within_s": 600}, "to": ["duty"]});
    put(&app, &key, "/v1/alerts/rush", alert).await;
    for flavor in ["message.opened", "page.viewed", "message.opened", "page.viewed"] {
        send(&app, &key, "acme", flavor).await;
    }
    app.published().await;
    app.running().consumers.settled().await;
    assert_eq!(app.get(&key, "/v1/alerts/rush").await.json()["state"], "ok", "two of them are of its view");
    send(&app, &key, "acme", "message.opened").await;
    let came = receiver.came_to(2).await;
    assert_eq!((states(&came), came[0].header("webhook-id")), (vec!["firing", "firing"], came[1].header("webhook-id")));
    assert_eq!((&came[0].body["count"], came[0].body["items"].as_array().map(Vec::len)), (&json!(3), Some(3)));
    until(&app, &key, "/v1/alerts/rush/history", |told| told["items"][0]["notices"][0]["state"] == "sent").await;
    let notice = app.get(&key, "/v1/alerts/rush/history").await.json()["items"][0]["notices"][0].clone();
    assert_eq!((&notice["channel"], &notice["attempts"]), (&json!("duty"), &json!(2)));
    // A restart forgets nothing, and tells nothing again.
    app.restart().await;
    let told = until(&app, &key, "/v1/alerts/rush", |told| told["since"].is_string()).await;
    assert_eq!((&told["state"], &told["count"]), (&json!("firing"), &json!(3)), "{told}");
    send(&app, &key, "acme", "message.opened").await;
    app.running().consumers.settled().await;
    assert_eq!(receiver.came().len(), 2);
    app.finish().await;
}

#[tokio::test]
async fn what_came_before_an_alert_was_made_counts() {
    let (app, key, receiver) = started().await;
    channel(&app, &key, &receiver, "duty").await;
    for partner in ["acme", "globex", "acme"] {
        send(&app, &key, partner, "message.opened").await;
    }
    app.published().await;
    let alert = json!({"name": "Rush", "view": "all-opens", "when": {"count": 3, "within_s": 600}, "to": ["duty"]});
    put(&app, &key, "/v1/alerts/rush", alert).await;
    assert_eq!(states(&receiver.came_to(1).await), ["firing"]);
    app.finish().await;
}

#[tokio::test]
async fn a_value_that_is_new_to_a_view_is_told_by_its_name() {
    let (app, key, receiver) = started().await;
    channel(&app, &key, &receiver, "duty").await;
    let draft = json!({"name": "Globex Corporation"});
    assert_eq!(app.put(&key, "/v1/events/expo", r#"{"name":"Expo"}"#).await.status, 201);
    assert_eq!(app.put(&key, "/v1/events/expo/partners/globex", &draft.to_string()).await.status, 201);
    send(&app, &key, "acme", "message.opened").await;
    send(&app, &key, "globex", "page.viewed").await;
    app.published().await;
    let alert = json!({"name": "New", "view": "all-opens", "when": {"first_by": "partner"}, "to": ["duty"], "cooldown_s": 0});
    put(&app, &key, "/v1/alerts/new", alert).await;
    until(&app, &key, "/v1/alerts/new", |told| told["since"].is_string()).await;
    send(&app, &key, "acme", "message.opened").await;
    send(&app, &key, "globex", "message.opened").await;
    send(&app, &key, "globex", "message.opened").await;
    let came = receiver.came_to(1).await;
    assert_eq!((&came[0].body["reason"], &came[0].body["count"]), (&json!("first partner in All opens: Globex Corporation"), &json!(1)));
    // Another is told beside it.
    send(&app, &key, "initech", "message.opened").await;
    let came = receiver.came_to(2).await;
    assert_eq!(came[1].body["reason"], "first partner in All opens: Globex Corporation, initech");
    app.finish().await;
}

#[tokio::test]
async fn a_view_that_changes_is_followed_and_what_an_alert_names_stays() {
    let (app, key, receiver) = started().await;
    channel(&app, &key, &receiver, "duty").await;
    put(&app, &key, "/v1/views/mine", json!({"name": "Mine", "filter": {"partner": ["nobody"]}})).await;
    let alert = json!({"name": "Rush", "view": "mine", "when": {"count": 1, "within_s": 600}, "to": ["duty"]});
    put(&app, &key, "/v1/alerts/rush", alert).await;
    for path in ["/v1/views/mine", "/v1/channels/duty"] {
        let told = app.call(Method::DELETE, &key, path, "").await;
        assert_eq!(told.code(), (409, "in_use".to_owned()), "{path}");
        assert!(told.text().contains("the alert rush"), "{}", told.text());
    }
    send(&app, &key, "acme", "message.opened").await;
    app.published().await;
    app.running().consumers.settled().await;
    assert_eq!(app.get(&key, "/v1/alerts/rush").await.json()["state"], "ok");
    put(&app, &key, "/v1/views/mine", json!({"name": "Mine", "filter": {"partner": ["acme"]}})).await;
    assert_eq!(states(&receiver.came_to(1).await), ["firing"]);
    for path in ["/v1/alerts/rush", "/v1/channels/duty", "/v1/views/mine"] {
        assert_eq!(app.call(Method::DELETE, &key, path, "").await.status, 204, "{path}");
    }
    // Made again under the same key, it begins anew.
    assert!(channel(&app, &key, &receiver, "duty").await["secret"].is_string());
    let again = json!({"name": "Rush", "view": "all-shares", "when": {"count": 1, "within_s": 600}, "to": ["duty"]});
    put(&app, &key, "/v1/alerts/rush", again).await;
    let told = until(&app, &key, "/v1/alerts/rush", |told| told["since"].is_string()).await;
    assert_eq!((&told["state"], &told["last_notified_at"]), (&json!("ok"), &json!(null)));
    app.finish().await;
}

#[tokio::test]
async fn who_is_on_it_ends_what_would_be_told_next_and_mute_tells_nobody() {
    let (app, key, receiver) = started().await;
    for name in ["duty", "lead"] {
        channel(&app, &key, &receiver, name).await;
    }
    let alert = |to: &str| json!({"name": "Rush", "view": "all-opens", "when": {"count": 1, "within_s": 600}, "to": ["duty"], "then": [{"after_s": 1, "to": [to]}]});
    put(&app, &key, "/v1/alerts/a", alert("lead")).await;
    let until_then = "2099-01-01T00:00:00Z";
    let muted = app.post(&key, "/v1/alerts:mute", &json!({"until": until_then, "why": "a rehearsal"}).to_string()).await.json();
    assert_eq!((&muted["mute"]["why"], &muted["mute"]["until"]), (&json!("a rehearsal"), &json!("2099-01-01T00:00:00.000Z")));
    send(&app, &key, "acme", "message.opened").await;
    until(&app, &key, "/v1/alerts/a", |told| told["state"] == "firing").await;
    assert!(receiver.came().is_empty(), "it fires, and nobody is told");
    assert_eq!(app.post(&key, "/v1/alerts:mute", "{}").await.json(), json!({"mute": null}));
    for path in ["/v1/alerts:mute", "/v1/alerts/a/mute"] {
        let over = app.post(&key, path, r#"{"until":"2020-01-01T00:00:00Z"}"#).await;
        assert_eq!((over.status.as_u16(), &over.json()["errors"][0]["code"]), (422, &json!("in_the_past")), "{path}: {}", over.text());
    }
    // Told late, and then others, as nobody is on it.
    let came = receiver.came_to(2).await;
    assert_eq!(came.iter().map(|came| came.line.as_str()).collect::<Vec<_>>(), ["POST /duty", "POST /lead"]);
    let told = app.post(&key, "/v1/alerts/a/acknowledge", r#"{"by":"Ada"}"#).await.json();
    assert_eq!((&told["acknowledged_by"], &told["state"]), (&json!("Ada"), &json!("firing")));
    assert_eq!(states(&receiver.came_to(4).await)[2..], ["acknowledged", "acknowledged"], "programs are told of it");

    put(&app, &key, "/v1/alerts/b", alert("duty")).await;
    let came = receiver.until(|came| came.iter().any(|came| came.body["alert"] == "b")).await;
    let link = came.iter().find(|came| came.body["alert"] == "b").and_then(|came| came.body["link"].as_str()).expect("a link");
    let path = &link[link.find("/a/").expect("of the page")..];
    let page = app.request(Method::GET, path, &[("accept-language", "de-DE,de;q=0.9")], "").await;
    assert_eq!((page.status.as_u16(), page.text().contains("Ich kümmere mich")), (200, true), "{}", page.text());
    assert!(page.text().contains("A partner") && !page.text().contains("acme"), "no partner is named: {}", page.text());
    assert_eq!(app.get(&key, "/v1/alerts/b").await.json()["acknowledged_by"], json!(null), "who looks has said nothing");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let pressed = app.request(Method::POST, path, &form, "name=Grace").await;
    assert_eq!((pressed.status.as_u16(), pressed.header("location")), (303, path));
    assert_eq!(app.get(&key, "/v1/alerts/b").await.json()["acknowledged_by"], "Grace");
    let page = app.request(Method::GET, path, &[], "").await;
    assert!(page.text().contains("Grace") && !page.text().contains("I am on it"), "{}", page.text());
    assert_eq!(app.request(Method::GET, "/a/td_alert_nobodys", &[], "").await.status, 404);
    assert_eq!(
        app.post(&key, "/v1/alerts/a/mute", &json!({"until": until_then}).to_string()).await.json()["mute"]["why"],
        "no reason was given"
    );
    app.finish().await;
}

#[tokio::test]
async fn where_nothing_can_be_stored_it_is_told_first_and_kept_after() {
    let (app, key, receiver) = started().await;
    channel(&app, &key, &receiver, "duty").await;
    put(&app, &key, "/v1/channels/beat", json!({"kind": "heartbeat", "url": receiver.url("/beat")})).await;
    receiver.until(|came| came.iter().any(|came| came.line == "GET /beat")).await;
    put(&app, &key, "/v1/alerts/path", json!({"name": "Path", "when": {"pulse": true}, "to": ["duty"]})).await;
    put(&app, &key, "/v1/alerts/quiet", json!({"name": "Quiet", "view": "all-opens", "when": {"silent_s": 2}, "to": ["duty"]})).await;
    until(&app, &key, "/v1/alerts/path", |told| told["since"].is_string()).await;
    let other = rusqlite::Connection::open(app.database()).expect("opens");
    // The writer has it most of the time on a slow disk.
    other.busy_timeout(STUCK).expect("set");
    other.execute_batch("begin immediate").expect("locked");
    let told = |came: &[Came], alert: &str| came.iter().filter(|came| came.body["alert"] == alert).count();
    let came = receiver.until(|came| told(came, "path") >= 1 && told(came, "quiet") >= 1).await;
    let path = came.iter().find(|came| came.body["alert"] == "path").expect("it came");
    assert!(path.body["reason"].as_str().expect("a reason").contains("nothing can be stored"), "{}", path.body);
    assert!(path.body["path"].as_str().expect("told").contains("is broken since"), "{}", path.body);
    assert_eq!(app.get(&key, "/v1/alerts/path/history").await.json()["items"], json!([]), "nothing of it is kept yet");
    other.execute_batch("rollback").expect("let go");
    let kept = until(&app, &key, "/v1/alerts/path/history", |told| told["items"].as_array().is_some_and(|lines| lines.len() == 2)).await;
    let words: Vec<_> = kept["items"].as_array().expect("lines").iter().map(|line| line["what"].as_str().expect("a word")).collect();
    assert_eq!(words, ["resolved", "fired"]);
    let came = receiver.until(|came| told(came, "path") >= 2).await;
    let of_path: Vec<_> = came.iter().filter(|came| came.body["alert"] == "path").cloned().collect();
    assert_eq!(states(&of_path), ["firing", "ok"], "once each");
    app.finish().await;
}

#[tokio::test]
async fn each_kind_of_channel_has_its_own_form_and_an_example_tells_how_it_went() {
    let (app, key, receiver) = started().await;
    let (slack, teams) = (json!({"kind": "slack", "url": receiver.url("/slack")}), r#"{"card":{"head":"{title}","link":"{link}"}}"#);
    put(&app, &key, "/v1/channels/slack", slack).await;
    put(&app, &key, "/v1/channels/teams", json!({"kind": "slack", "url": receiver.url("/teams"), "body": teams})).await;
    put(&app, &key, "/v1/channels/pager", json!({"kind": "pagerduty", "routing_key": "R1", "url": receiver.url("/pager")})).await;
    put(&app, &key, "/v1/channels/mail", json!({"kind": "email", "to": "desk@acme.example"})).await;
    let to = ["slack", "teams", "pager", "mail"];
    put(&app, &key, "/v1/alerts/rush", json!({"name": "Rush <1>", "view": "all-opens", "when": {"count": 1, "within_s": 60}, "to": to}))
        .await;
    until(&app, &key, "/v1/alerts/rush", |told| told["since"].is_string()).await;
    receiver.answers(&[403]);
    let told = app.post(&key, "/v1/alerts/rush/test", "").await.json();
    let by = |name: &str| told["sent"].as_array().expect("sent").iter().find(|sent| sent["channel"] == name).expect("told").clone();
    assert_eq!(told["sent"].as_array().map(Vec::len), Some(4));
    assert_eq!(["slack", "teams", "pager"].iter().filter(|name| by(name)["taken"] == true).count(), 2, "one was refused: {told}");
    assert!(by("mail")["fault"].as_str().expect("a fault").contains("[mail] host"), "{told}");
    assert!(receiver.came().iter().all(|came| came.raw.windows(4).any(|part| part == b"Test")), "marked as an example");
    let refused = app.get(&key, "/v1/channels").await.json();
    assert_eq!(refused["items"].as_array().expect("channels").iter().filter(|one| one["fault"].is_string()).count(), 2, "{refused}");
    send(&app, &key, "acme", "message.opened").await;
    let came = receiver.came_to(6).await;
    let of = |path: &str| came[3..].iter().find(|came| came.line == format!("POST {path}")).expect(path).body.clone();
    let text = of("/slack")["text"].as_str().expect("text").to_owned();
    assert!(text.starts_with("*Rush &lt;1&gt;: 1 or more activities in All opens within 60 s*\n") && text.contains("- acme: "), "{text}");
    assert!(text.contains("I am on it") || text.contains("you are on it"), "{text}");
    assert_eq!(of("/teams")["card"]["head"], "Rush <1>: 1 or more activities in All opens within 60 s");
    let pager = of("/pager");
    assert_eq!(
        (&pager["routing_key"], &pager["event_action"], &pager["payload"]["severity"]),
        (&json!("R1"), &json!("trigger"), &json!("critical"))
    );
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_by_name() {
    let (app, key, _) = started().await;
    for (path, body, fault) in [
        ("/v1/channels/a", json!({"kind": "webhook", "url": "http://10.0.0.1/"}), "url"),
        ("/v1/channels/a", json!({"kind": "webhook"}), "url"),
        ("/v1/channels/a", json!({"kind": "email", "to": "nobody"}), "to"),
        ("/v1/channels/a", json!({"kind": "email", "to": ["a@b.c"], "url": "https://a.example/"}), "url"),
        ("/v1/channels/a", json!({"kind": "pagerduty"}), "routing_key"),
        ("/v1/channels/a", json!({"kind": "slack", "url": "https://a.example/", "body": "{title}"}), "body"),
        ("/v1/channels/a", json!({"kind": "pigeon"}), "kind"),
        ("/v1/alerts/a", json!({"name": "A", "when": {"pulse": true}, "to": ["nowhere"]}), "to"),
        ("/v1/alerts/a", json!({"name": "A", "when": {"silent_s": 60}}), "view"),
        ("/v1/alerts/a", json!({"name": "A", "when": {"silent_s": 60}, "view": "nowhere"}), "view"),
        ("/v1/alerts/a", json!({"name": "A", "when": {"pulse": true}, "view": "all-opens"}), "view"),
        ("/v1/alerts/a", json!({"name": "A", "when": {"silent_s": 0}, "view": "all-opens"}), "when.silent_s"),
        ("/v1/alerts/a", json!({"name": "A", "when": {"silent_s": 9, "pulse": true}, "view": "all-opens"}), "when"),
        ("/v1/alerts/a", json!({"name": "A", "when": {"first_by": "browser"}, "view": "all-opens"}), "when.first_by"),
        ("/v1/alerts/a", json!({"name": "A", "when": {"pulse": true}, "between": {"from": "9", "to": "17:00"}}), "between"),
        (
            "/v1/alerts/a",
            json!({"name": "A", "when": {"pulse": true}, "between": {"from": "09:00", "to": "17:00", "zone": "Mars"}}),
            "between.zone",
        ),
    ] {
        let told = app.put(&key, path, &body.to_string()).await;
        assert_eq!((told.status.as_u16(), &told.json()["errors"][0]["path"]), (422, &json!(fault)), "{body}: {}", told.text());
    }
    put(&app, &key, "/v1/alerts/a", json!({"name": "A", "when": {"pulse": true}})).await;
    assert_eq!(app.post(&key, "/v1/alerts/a/acknowledge", "{}").await.code(), (409, "not_firing".to_owned()));
    app.finish().await;
}
