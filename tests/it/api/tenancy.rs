//! Every route, with another workspace's key, with too little scope, and with a key of another event.

use hyper::Method;
use tidings::api::authorise::Needs;
use tidings::api::routes::routes;
use tidings::auth::Scope;

use crate::app::TestApp;

/// What only the first workspace knows.
const MARK: &str = "only-ours";

/// What another workspace's key may find behind a route.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Finds {
    /// Nothing: 404.
    Nothing,
    /// Something of its own, without a word of the other's.
    Own,
    /// The same for everybody.
    Public,
    /// A stream or socket: its own tests look into it.
    Stream,
}

/// Each route, what a stranger finds there, and a body that the route takes.
const MATRIX: &[(&str, &str, Finds, &str)] = &[
    ("POST", "/v1/activities", Finds::Own, r#"{"flavor":"page.viewed","event":"theirs","partner":"theirs"}"#),
    ("GET", "/v1/activities", Finds::Own, ""),
    ("GET", "/v1/activities/counts", Finds::Own, ""),
    ("GET", "/v1/activities/histogram", Finds::Own, ""),
    ("GET", "/v1/activities/stream", Finds::Stream, ""),
    ("GET", "/v1/activities/{id}", Finds::Nothing, ""),
    ("GET", "/v1/activities/{id}/why", Finds::Nothing, ""),
    ("GET", "/v1/ws", Finds::Stream, ""),
    ("GET", "/v1/events", Finds::Own, ""),
    ("PUT", "/v1/events/{event}", Finds::Own, r#"{"name":"theirs"}"#),
    ("GET", "/v1/events/{event}", Finds::Nothing, ""),
    ("GET", "/v1/events/{event}/partners", Finds::Nothing, ""),
    ("PUT", "/v1/events/{event}/partners/{partner}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("GET", "/v1/events/{event}/partners/{partner}", Finds::Nothing, ""),
    ("GET", "/v1/events/{event}/messages", Finds::Nothing, ""),
    ("PUT", "/v1/events/{event}/messages/{message}", Finds::Nothing, r#"{"subject":"theirs"}"#),
    ("GET", "/v1/events/{event}/messages/{message}", Finds::Nothing, ""),
    ("GET", "/v1/events/{event}/messages/{message}/recipients", Finds::Nothing, ""),
    ("POST", "/v1/events/{event}/messages/{message}/recipients", Finds::Nothing, r#"{"add":["only-ours"]}"#),
    ("GET", "/v1/events/{event}/campaigns", Finds::Nothing, ""),
    ("PUT", "/v1/events/{event}/campaigns/{campaign}", Finds::Nothing, r#"{"name":"theirs"}"#),
    ("GET", "/v1/events/{event}/campaigns/{campaign}", Finds::Nothing, ""),
    ("GET", "/v1/flavors", Finds::Own, ""),
    ("POST", "/v1/keys", Finds::Own, r#"{"scopes":["read"]}"#),
    ("GET", "/v1/keys", Finds::Own, ""),
    ("DELETE", "/v1/keys/{id}", Finds::Nothing, ""),
    ("POST", "/v1/tickets", Finds::Own, ""),
    ("GET", "/v1/session", Finds::Own, ""),
    ("POST", "/v1/session", Finds::Public, r#"{"key":"td_key_nobodys"}"#),
    ("DELETE", "/v1/session", Finds::Own, ""),
    ("GET", "/v1/workspace", Finds::Own, ""),
    ("GET", "/v1/openapi.json", Finds::Public, ""),
    ("GET", "/docs", Finds::Public, ""),
    ("GET", "/docs/style.css", Finds::Public, ""),
    ("GET", "/signin", Finds::Public, ""),
];

fn row(method: &str, path: &str) -> (Finds, &'static str) {
    let found = MATRIX.iter().find(|(m, p, ..)| (*m, *p) == (method, path));
    let (.., finds, body) = found.unwrap_or_else(|| panic!("{method} {path} is missing from the tenancy matrix"));
    (*finds, body)
}

/// A workspace with one of everything, all called [`MARK`]; the id of its activity and the number of its key.
async fn furnished(app: &TestApp) -> (String, String) {
    let key = app.key("ingest,read,admin").await;
    let made = app.post(&key, "/v1/keys", &format!(r#"{{"name":"{MARK}","scopes":["read"]}}"#)).await;
    let sent = format!(r#"{{"flavor":"onlyours.viewed","event":"{MARK}","partner":"{MARK}","message":"{MARK}","campaign":"{MARK}"}}"#);
    let sent = app.post(&key, "/v1/activities", &sent).await;
    assert_eq!((made.status.as_u16(), sent.status.as_u16()), (201, 201), "{} {}", made.text(), sent.text());
    (sent.json()["id"].as_str().expect("id").to_owned(), made.json()["id"].to_string())
}

fn path_of(path: &str, activity: &str, key: &str) -> String {
    let id = if path.starts_with("/v1/keys") { key } else { activity };
    ["{event}", "{partner}", "{message}", "{campaign}"].iter().fold(path.replace("{id}", id), |p, name| p.replace(name, MARK))
}

#[tokio::test]
async fn nothing_crosses_the_border() {
    let app = TestApp::start().await;
    let (activity, key) = furnished(&app).await;
    let stranger = app.key_of("theirs", "ingest,read,admin", None).await;
    for route in routes() {
        let (finds, body) = row(route.method, route.path);
        // A stream does not end by itself.
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
            Finds::Public | Finds::Stream => {}
        }
        let told = answer.text().replace(&path, "");
        let names_it_itself = route.method == "PUT" || finds == Finds::Nothing;
        assert!(names_it_itself || !told.contains(MARK) && !told.contains("onlyours"), "{case}");
    }
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
            let enough = match route.needs {
                Needs::Nothing | Needs::Credential => true,
                Needs::Scope(needed) => needed.as_str() == *scope,
                Needs::Stream => *scope == Scope::Read.as_str(),
                Needs::ReadOrAdmin => *scope != Scope::Ingest.as_str(),
            };
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
