//! Every route, with another workspace's key, with too little scope, and with a key of another event; `callers.rs` asks each
//! with every other kind of credential.

use hyper::Method;
use serde_json::{Value, json};
use tidings::api::authorise::Needs;
use tidings::api::routes::routes;

use crate::app::{Answer, TestApp};
use crate::live::sse::Stream;
use crate::live::watcher::Watcher;

/// What only the first workspace knows.
pub const MARK: &str = "only-ours";

/// What another workspace's key may find behind a route.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Finds {
    /// Nothing: 404.
    Nothing,
    /// Something of its own, without a word of the other's.
    Own,
    /// Nothing to do it with: this status, without a word of the other's.
    Refused(u16),
    /// The same for everybody, with this status.
    Public(u16),
    /// A stream or socket, which brings only what is its own.
    Stream,
}

/// Each route, what a stranger finds there, and a body that the route takes.
const MATRIX: &[(&str, &str, Finds, &str)] = &[
    ("POST", "/v1/activities", Finds::Own, r#"{"flavor":"page.viewed","event":"theirs","partner":"theirs"}"#),
    ("GET", "/v1/activities", Finds::Own, ""),
    ("GET", "/v1/activities/counts", Finds::Own, ""),
    ("GET", "/v1/activities/histogram", Finds::Own, ""),
    ("GET", "/v1/activities/export", Finds::Own, ""),
    ("GET", "/v1/activities/stream", Finds::Stream, ""),
    ("GET", "/v1/activities/{id}", Finds::Nothing, ""),
    ("GET", "/v1/activities/{id}/why", Finds::Nothing, ""),
    ("POST", "/v1/activities/{id}/amend", Finds::Nothing, r#"{"grade":"human","grade_reasons":["theirs"]}"#),
    ("DELETE", "/v1/activities/{id}", Finds::Nothing, ""),
    ("POST", "/v1/activities:retract", Finds::Own, r#"{"filter":{"flavor":["onlyours.viewed"]}}"#),
    ("GET", "/v1/ws", Finds::Stream, ""),
    ("GET", "/v1/events", Finds::Own, ""),
    ("PUT", "/v1/events/{event}", Finds::Own, r#"{"name":"theirs"}"#),
    ("GET", "/v1/events/{event}", Finds::Nothing, ""),
    ("PATCH", "/v1/events/{event}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("DELETE", "/v1/events/{event}", Finds::Nothing, ""),
    ("GET", "/v1/events/{event}/partners", Finds::Nothing, ""),
    ("POST", "/v1/events/{event}/partners", Finds::Nothing, r#"{"items":[{"key":"only-ours","name":"theirs"}]}"#),
    ("POST", "/v1/events/{event}/partners:import", Finds::Nothing, "Name\ntheirs\n"),
    ("GET", "/v1/events/{event}/imports", Finds::Nothing, ""),
    ("GET", "/v1/imports/{id}", Finds::Nothing, ""),
    ("DELETE", "/v1/imports/{id}", Finds::Nothing, ""),
    ("PATCH", "/v1/events/{event}/partners/{partner}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("DELETE", "/v1/events/{event}/partners/{partner}", Finds::Nothing, ""),
    ("PATCH", "/v1/events/{event}/messages/{message}", Finds::Nothing, r#"{"subject":"theirs"}"#),
    ("DELETE", "/v1/events/{event}/messages/{message}", Finds::Nothing, ""),
    ("PATCH", "/v1/events/{event}/campaigns/{campaign}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("DELETE", "/v1/events/{event}/campaigns/{campaign}", Finds::Nothing, ""),
    ("PUT", "/v1/events/{event}/partners/{partner}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("GET", "/v1/events/{event}/partners/{partner}", Finds::Nothing, ""),
    ("GET", "/v1/events/{event}/partners/{partner}/messages", Finds::Nothing, ""),
    ("GET", "/v1/events/{event}/messages", Finds::Nothing, ""),
    ("PUT", "/v1/events/{event}/messages/{message}", Finds::Nothing, r#"{"subject":"theirs"}"#),
    ("GET", "/v1/events/{event}/messages/{message}", Finds::Nothing, ""),
    ("GET", "/v1/events/{event}/messages/{message}/recipients", Finds::Nothing, ""),
    ("POST", "/v1/events/{event}/messages/{message}/recipients", Finds::Nothing, r#"{"add":["only-ours"]}"#),
    ("GET", "/v1/events/{event}/campaigns", Finds::Nothing, ""),
    ("PUT", "/v1/events/{event}/campaigns/{campaign}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("GET", "/v1/events/{event}/campaigns/{campaign}", Finds::Nothing, ""),
    ("GET", "/v1/views", Finds::Own, ""),
    ("GET", "/v1/views/{view}", Finds::Nothing, ""),
    ("PUT", "/v1/views/{view}", Finds::Own, r#"{"name":"theirs"}"#),
    ("PATCH", "/v1/views/{view}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("DELETE", "/v1/views/{view}", Finds::Nothing, ""),
    ("GET", "/v1/flavors", Finds::Own, ""),
    ("GET", "/v1/flavors/{flavor}", Finds::Nothing, ""),
    ("POST", "/v1/keys", Finds::Own, r#"{"scopes":["read"]}"#),
    ("GET", "/v1/keys", Finds::Own, ""),
    ("DELETE", "/v1/keys/{id}", Finds::Nothing, ""),
    ("POST", "/v1/shares", Finds::Own, r#"{"view":"all-opens"}"#),
    ("POST", "/v1/shares:each", Finds::Refused(422), r#"{"view":"all-opens","event":"theirs","tag":"theirs"}"#),
    ("GET", "/v1/shares", Finds::Own, ""),
    ("DELETE", "/v1/shares/{id}", Finds::Nothing, ""),
    ("GET", "/v1/webhooks", Finds::Own, ""),
    ("GET", "/v1/webhooks/{webhook}", Finds::Nothing, ""),
    ("PUT", "/v1/webhooks/{webhook}", Finds::Own, r#"{"url":"https://hooks.example/","view":"all-opens","enabled":false}"#),
    ("DELETE", "/v1/webhooks/{webhook}", Finds::Nothing, ""),
    ("POST", "/v1/webhooks/{webhook}/redeliver", Finds::Nothing, "{}"),
    ("POST", "/v1/webhooks/{webhook}/secret", Finds::Nothing, ""),
    ("GET", "/v1/channels", Finds::Own, ""),
    ("GET", "/v1/channels/{channel}", Finds::Nothing, ""),
    ("PUT", "/v1/channels/{channel}", Finds::Own, r#"{"kind":"slack","url":"https://hooks.example/"}"#),
    ("PATCH", "/v1/channels/{channel}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("DELETE", "/v1/channels/{channel}", Finds::Nothing, ""),
    ("POST", "/v1/channels/{channel}/secret", Finds::Nothing, ""),
    ("GET", "/v1/alerts", Finds::Own, ""),
    ("GET", "/v1/alerts/{alert}", Finds::Nothing, ""),
    ("PUT", "/v1/alerts/{alert}", Finds::Own, r#"{"name":"theirs","when":{"pulse":true}}"#),
    ("PATCH", "/v1/alerts/{alert}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("DELETE", "/v1/alerts/{alert}", Finds::Nothing, ""),
    ("GET", "/v1/alerts/{alert}/history", Finds::Nothing, ""),
    ("POST", "/v1/alerts/{alert}/acknowledge", Finds::Nothing, "{}"),
    ("POST", "/v1/alerts/{alert}/mute", Finds::Nothing, "{}"),
    ("POST", "/v1/alerts/{alert}/test", Finds::Nothing, ""),
    ("GET", "/v1/alerts:mute", Finds::Own, ""),
    ("POST", "/v1/alerts:mute", Finds::Own, "{}"),
    ("GET", "/v1/walls", Finds::Own, ""),
    ("GET", "/v1/walls/{wall}", Finds::Nothing, ""),
    ("PUT", "/v1/walls/{wall}", Finds::Own, r#"{"name":"theirs","views":["all-opens"]}"#),
    ("PATCH", "/v1/walls/{wall}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("DELETE", "/v1/walls/{wall}", Finds::Nothing, ""),
    ("POST", "/v1/walls/{wall}/screens", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("POST", "/v1/walls/{wall}/banner", Finds::Nothing, "{}"),
    ("POST", "/v1/screens", Finds::Public(201), ""),
    ("GET", "/v1/screens/wait", Finds::Public(400), ""),
    ("GET", "/v1/screens", Finds::Own, ""),
    ("PATCH", "/v1/screens/{id}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("DELETE", "/v1/screens/{id}", Finds::Nothing, ""),
    ("POST", "/v1/screens/{id}/orders", Finds::Nothing, r#"{"say":"blink"}"#),
    ("GET", "/v1/screen", Finds::Refused(403), ""),
    ("GET", "/v1/system", Finds::Own, ""),
    ("GET", "/v1/system/stream", Finds::Stream, ""),
    ("POST", "/v1/tickets", Finds::Own, ""),
    ("GET", "/v1/session", Finds::Own, ""),
    ("POST", "/v1/session", Finds::Public(401), r#"{"key":"td_key_nobodys"}"#),
    ("DELETE", "/v1/session", Finds::Own, ""),
    // Who came by a key has no password, and no second factor.
    ("PUT", "/v1/session/password", Finds::Refused(409), r#"{"new":"words that nobody expects"}"#),
    ("POST", "/v1/session/second", Finds::Refused(409), r#"{"password":"words that nobody expects"}"#),
    ("PUT", "/v1/session/second", Finds::Refused(409), r#"{"secret":"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP","code":"123456"}"#),
    ("POST", "/v1/session/second:remove", Finds::Refused(409), r#"{"password":"words that nobody expects"}"#),
    ("GET", "/v1/sessions", Finds::Own, ""),
    ("DELETE", "/v1/sessions", Finds::Own, ""),
    ("DELETE", "/v1/sessions/{id}", Finds::Nothing, ""),
    ("GET", "/v1/audit", Finds::Own, ""),
    ("GET", "/v1/members", Finds::Own, ""),
    ("PATCH", "/v1/members/{id}", Finds::Nothing, r#"{"role":"owner"}"#),
    ("DELETE", "/v1/members/{id}", Finds::Nothing, ""),
    ("POST", "/v1/members/{id}/reset", Finds::Nothing, ""),
    ("POST", "/v1/invitations", Finds::Own, r#"{"email":"theirs@theirs.example","role":"viewer"}"#),
    ("GET", "/v1/retention", Finds::Own, ""),
    ("PUT", "/v1/retention", Finds::Own, r#"{"days":30}"#),
    ("GET", "/v1/workspace", Finds::Own, ""),
    ("GET", "/v1/openapi.json", Finds::Public(200), ""),
    ("GET", "/docs", Finds::Public(200), ""),
    ("GET", "/docs/style.css", Finds::Public(200), ""),
    ("GET", "/docs/script.js", Finds::Public(200), ""),
    ("GET", "/signin", Finds::Public(200), ""),
    ("POST", "/signin", Finds::Public(415), r#"{"link":"td_link_nobodys"}"#),
    ("GET", "/a/style.css", Finds::Public(200), ""),
    ("GET", "/a/{secret}", Finds::Public(404), ""),
    ("POST", "/a/{secret}", Finds::Public(415), "{}"),
    ("GET", "/signin/style.css", Finds::Public(200), ""),
    ("GET", "/signin/press.js", Finds::Public(200), ""),
];

pub fn row(method: &str, path: &str) -> (Finds, &'static str) {
    let found = MATRIX.iter().find(|(m, p, ..)| (*m, *p) == (method, path));
    let (.., finds, body) = found.unwrap_or_else(|| panic!("{method} {path} is missing from the tenancy matrix"));
    (*finds, body)
}

/// A workspace with one of everything, all called [`MARK`]; the id of its activity and the number of its key.
pub async fn furnished(app: &TestApp) -> (String, String) {
    let key = app.key("ingest,read,admin").await;
    let made = app.post(&key, "/v1/keys", &format!(r#"{{"name":"{MARK}","scopes":["read"]}}"#)).await;
    let sent = format!(r#"{{"flavor":"onlyours.viewed","event":"{MARK}","partner":"{MARK}","message":"{MARK}","campaign":"{MARK}"}}"#);
    let sent = app.post(&key, "/v1/activities", &sent).await;
    let invited = app.post(&key, "/v1/invitations", &format!(r#"{{"email":"{MARK}@{MARK}.example","role":"admin"}}"#)).await;
    assert_eq!((invited.status.as_u16(), &invited.json()["id"]), (201, &json!(1)), "{}", invited.text());
    let view = format!(r#"{{"name":"{MARK}","filter":{{"partner":["{MARK}"]}}}}"#);
    assert_eq!(app.put(&key, &format!("/v1/views/{MARK}"), &view).await.status, 201);
    let wall = format!(r#"{{"name":"{MARK}","views":["{MARK}"]}}"#);
    assert_eq!(app.put(&key, &format!("/v1/walls/{MARK}"), &wall).await.status, 201);
    let channel = format!(r#"{{"name":"{MARK}","kind":"slack","url":"https://{MARK}.example/"}}"#);
    assert_eq!(app.put(&key, &format!("/v1/channels/{MARK}"), &channel).await.status, 201);
    let alert = format!(r#"{{"name":"{MARK}","view":"{MARK}","when":{{"silent_s":604800}},"to":["{MARK}"]}}"#);
    assert_eq!(app.put(&key, &format!("/v1/alerts/{MARK}"), &alert).await.status, 201);
    assert_eq!((made.status.as_u16(), sent.status.as_u16()), (201, 201), "{} {}", made.text(), sent.text());
    (sent.json()["id"].as_str().expect("id").to_owned(), made.json()["id"].to_string())
}

/// What an answer says, but for what each has of its own.
fn told_of(answer: &Answer) -> Value {
    match serde_json::from_slice(&answer.body) {
        Ok(Value::Object(mut object)) => {
            object.remove("request_id");
            // Each screen that waits has a code of its own.
            if object.remove("poll").is_some() {
                object.remove("code");
            }
            Value::Object(object)
        }
        Ok(other) => other,
        Err(_) => Value::from(answer.text()),
    }
}

pub fn path_of(path: &str, activity: &str, key: &str) -> String {
    let id = match path {
        // The first of all members is ours.
        _ if path.starts_with("/v1/members") => "1",
        _ if ["/v1/keys", "/v1/screens", "/v1/sessions"].iter().any(|of| path.starts_with(of)) => key,
        _ => activity,
    };
    ["{event}", "{partner}", "{message}", "{campaign}", "{view}", "{webhook}", "{wall}", "{channel}", "{alert}"]
        .iter()
        .fold(path.replace("{id}", id).replace("{flavor}", "onlyours.viewed"), |p, name| p.replace(name, MARK))
}

#[tokio::test]
async fn nothing_crosses_the_border() {
    let app = TestApp::start().await;
    let (activity, key) = furnished(&app).await;
    let stranger = app.key_of("theirs", "ingest,read,admin", None).await;
    for route in routes() {
        let (finds, body) = row(route.method, route.path);
        // A stream does not end by itself; its own test looks into it.
        if finds == Finds::Stream {
            continue;
        }
        let path = path_of(route.path, &activity, &key);
        // In a fresh workspace each time: making the event first would open the way to what is in it.
        let owner = match finds {
            Finds::Own => app.key_of(&format!("theirs-{}", route.path.len()), "ingest,read,admin", None).await,
            _ => stranger.clone(),
        };
        let method: Method = route.method.parse().expect("method");
        let answer = app.call(method, &owner, &path, body).await;
        let case = format!("{} {path}: {} {}", route.method, answer.status, answer.text());
        match finds {
            Finds::Nothing => assert_eq!(answer.status, 404, "{case}"),
            Finds::Own => assert!(answer.status.is_success(), "{case}"),
            Finds::Refused(status) => assert_eq!(answer.status, status, "{case}"),
            Finds::Public(status) => {
                assert_eq!(answer.status, status, "{case}");
                let own = app.key("ingest,read,admin").await;
                for other in ["", own.as_str()] {
                    let same = app.call(route.method.parse().expect("method"), other, &path, body).await;
                    assert_eq!((same.status, told_of(&same)), (answer.status, told_of(&answer)), "{case}, whoever asks");
                }
            }
            Finds::Stream => {}
        }
        let told = answer.text().replace(&path, "");
        let names_it_itself = route.method == "PUT" || finds == Finds::Nothing;
        assert!(names_it_itself || !told.contains(MARK) && !told.contains("onlyours"), "{case}");
    }
    app.finish().await;
}

#[tokio::test]
async fn no_stream_brings_what_is_not_its_own() {
    let app = TestApp::start().await;
    furnished(&app).await;
    let (owner, bound) = (app.key("ingest,read,admin").await, app.key_of("default", "ingest,read", Some("theirs")).await);
    let stranger = app.key_of("theirs", "ingest,read,admin", None).await;
    let ticket = async |key: &str| app.post(key, "/v1/tickets", "").await.json()["ticket"].as_str().expect("a ticket").to_owned();
    let session = app.post("", "/v1/session", &json!({ "key": stranger }).to_string()).await;
    let cookie = session.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    assert_eq!(
        routes().iter().filter(|r| row(r.method, r.path).0 == Finds::Stream).count(),
        3,
        "each is looked into: those of activities here, that of the system in its own test"
    );
    // Each by every way to ask: a key of another workspace, one of another event, and what is made from them.
    let mut streams = Vec::new();
    for query in [String::new(), format!("partner={MARK}")] {
        let query = format!("{query}&").trim_start_matches('&').to_owned();
        streams.push(("stranger", Stream::open(&app, &stranger, &query, "").await));
        streams.push(("stranger", Stream::open(&app, "", &query, &format!("cookie: {cookie}\r\n")).await));
        streams.push(("stranger", Stream::open(&app, "", &format!("{query}ticket={}", ticket(&stranger).await), "").await));
        streams.push(("bound", Stream::open(&app, &bound, &query, "").await));
        streams.push(("bound", Stream::open(&app, "", &format!("{query}ticket={}", ticket(&bound).await), "").await));
    }
    let mut sockets = vec![
        ("stranger", Watcher::connect(&app, &stranger).await),
        ("stranger", Watcher::connect_by(app.address(), &[("cookie", &cookie)]).await),
        ("bound", Watcher::connect(&app, &bound).await),
    ];
    for (_, socket) in &mut sockets {
        let begun = socket.subscribe(json!({})).await;
        assert_eq!(begun["items"], json!([]), "{begun}");
    }
    for (who, stream) in &mut streams {
        let begun = stream.next().await;
        assert_eq!((begun.word.as_str(), &begun.data["items"]), ("subscribed", &json!([])), "{who}: {begun:?}");
    }
    // What is not theirs comes first, then something that is, also for those that ask for the partner by name.
    let ours = format!(r#"{{"flavor":"onlyours.viewed","event":"{MARK}","partner":"{MARK}","message":"{MARK}"}}"#);
    let theirs = format!(r#"{{"flavor":"page.viewed","event":"theirs","partner":"{MARK}"}}"#);
    for (key, body) in [(&owner, &ours), (&owner, &ours), (&stranger, &theirs), (&bound, &theirs)] {
        assert_eq!(app.post(key, "/v1/activities", body).await.status, 201);
    }
    let only_own = |who: &str, items: &Value| {
        let items = items.as_array().expect("items");
        assert!(items.len() == 1 && items[0]["event"]["key"] == "theirs", "{who}: {items:?}");
    };
    for (who, socket) in &mut sockets {
        only_own(who, &socket.expect("activities").await["items"]);
    }
    for (who, stream) in &mut streams {
        let mut came = stream.next().await;
        while came.word == "position" {
            came = stream.next().await;
        }
        assert_eq!(came.word, "activities", "{who}: {came:?}");
        only_own(who, &came.data["items"]);
    }
    drop((streams, sockets));
    app.finish().await;
}

#[tokio::test]
async fn no_route_opens_without_its_scope() {
    let app = TestApp::start().await;
    let (activity, number) = furnished(&app).await;
    let keys = [("ingest", app.key("ingest").await), ("read", app.key("read").await), ("admin", app.key("admin").await)];
    for route in routes().iter().filter(|r| r.needs != Needs::Nothing) {
        let (_, body) = row(route.method, route.path);
        let path = path_of(route.path, &activity, &number);
        let method: Method = route.method.parse().expect("method");
        let nobody = app.call(method.clone(), "", &path, body).await;
        assert_eq!(nobody.code(), (401, "unauthorised".to_owned()), "{} {path}", route.method);
        assert!(nobody.header("www-authenticate").starts_with("Bearer"), "{path}");
        for (scope, key) in &keys {
            let enough = route.needs.rights().is_empty() || route.needs.scopes().any(|needed| needed.as_str() == *scope);
            if !enough {
                let answer = app.call(method.clone(), key, &path, body).await;
                assert_eq!(answer.code(), (403, "scope_missing".to_owned()), "{} {path} with {scope}", route.method);
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_key_of_one_event_knows_no_other() {
    let app = TestApp::start().await;
    let (activity, _) = furnished(&app).await;
    let bound = app.key_of("default", "ingest,read,admin", Some("expo")).await;
    for route in routes().iter().filter(|r| r.path.contains("{event}")) {
        let (_, body) = row(route.method, route.path);
        let answer = app.call(route.method.parse().expect("method"), &bound, &path_of(route.path, &activity, "0"), body).await;
        assert_eq!(answer.code(), (403, "event_forbidden".to_owned()), "{} {}", route.method, route.path);
    }
    let why = format!("/v1/activities/{activity}/why");
    let one = format!("/v1/activities/{activity}");
    for (path, want) in [
        ("/v1/activities?event=only-ours", (403, "event_forbidden")),
        ("/v1/activities/counts?message=only-ours/only-ours", (403, "event_forbidden")),
        ("/v1/activities/histogram?not.event=only-ours", (403, "event_forbidden")),
        ("/v1/activities/stream?event=only-ours", (403, "event_forbidden")),
        (one.as_str(), (404, "not_found")),
        (why.as_str(), (404, "not_found")),
    ] {
        assert_eq!(app.get(&bound, path).await.code(), (want.0, want.1.to_owned()), "{path}");
    }
    for path in ["/v1/activities", "/v1/activities/counts?by=event,partner,flavor", "/v1/events", "/v1/flavors", "/v1/keys"] {
        let answer = app.get(&bound, path).await;
        assert!(answer.status.is_success() && !answer.text().contains(MARK), "{path}: {}", answer.text());
    }
    let other = app.post(&bound, "/v1/activities", r#"{"flavor":"a.b","event":"only-ours","partner":"p"}"#).await;
    assert_eq!(other.code(), (403, "event_forbidden".to_owned()));
    let sent = app.post(&bound, "/v1/activities", r#"{"flavor":"a.b","partner":"p"}"#).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    let counts = app.get(&bound, "/v1/activities/counts?by=event").await.json();
    assert_eq!(counts["by"]["event"], serde_json::json!([{"value":"expo","label":"expo","count":1}]));
    assert_eq!(app.post(&bound, "/v1/keys", r#"{"scopes":["read"],"event":"only-ours"}"#).await.code().0, 403);
    assert_eq!(app.post(&bound, "/v1/keys", r#"{"scopes":["read"]}"#).await.json()["event"], "expo");
    app.finish().await;
}
