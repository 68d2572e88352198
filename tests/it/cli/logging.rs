//! What the log tells: one line a request, the life of a session, and no secret, however much is asked for.

use hyper::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::{Answer, head, request};
use crate::child::{ServerProcess, new_key};
use crate::live::watcher::{Watcher, open};

/// Words that a client writes where secrets stand. None of them is a good one.
const WRITTEN: [&str; 9] = [
    "td_key_canaryinanaddress",
    "td_key_canaryinaquery",
    "td_key_canaryinaheader",
    "td_session_canaryinacookie",
    "td_ticket_canaryinaquery",
    "td_link_canaryinaform",
    "canary-idempotency",
    "canary@acme.example",
    "canary-request-id",
];

async fn call(server: &ServerProcess, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut headers = headers.to_vec();
    if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
        headers.push(("content-type", "application/json"));
    }
    request(server.address, method, path, &headers, body.to_owned()).await
}

fn text(answer: &Answer, field: &str) -> String {
    answer.json()[field].as_str().unwrap_or_else(|| panic!("{field} in {}", answer.text())).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_the_log() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve_with(folder.path(), 0, &["--log", "trace", "--log-format", "json"]);
    let key = new_key(folder.path(), "ingest,read,admin");
    let bearer = format!("Bearer {key}");
    let (own, as_key) = (server.url(), [("authorization", bearer.as_str())]);
    let mut secrets: Vec<String> = WRITTEN.iter().map(|word| (*word).to_owned()).chain([key.clone()]).collect();

    // Everything by which somebody shows who they are, made and used.
    let made = call(&server, Method::POST, "/v1/keys", &as_key, r#"{"scopes":["read"]}"#).await;
    let site = json!({"kind": "site", "event": "expo", "origins": ["https://shop.example"]}).to_string();
    let site = text(&call(&server, Method::POST, "/v1/keys", &as_key, &site).await, "key");
    let signed_in = call(&server, Method::POST, "/v1/session", &[("origin", &own)], &json!({ "key": key }).to_string()).await;
    let session = signed_in.header("set-cookie").split([';', '=']).nth(1).expect("a cookie").to_owned();
    let cookie = format!("tidings_session={session}");
    let as_session = [("cookie", cookie.as_str()), ("origin", own.as_str())];
    let by_session = text(&call(&server, Method::POST, "/v1/keys", &as_session, r#"{"scopes":["ingest"]}"#).await, "key");
    let mut tickets = Vec::new();
    for who in [&as_key[..], &as_session, &as_key] {
        tickets.push(text(&call(&server, Method::POST, "/v1/tickets", who, "").await, "ticket"));
    }
    let draft = json!({"flavor": "page.viewed", "event": "expo", "partner": "acme"}).to_string();
    let idempotent = [as_key[0], ("idempotency-key", WRITTEN[6]), ("x-request-id", WRITTEN[8])];
    assert_eq!(call(&server, Method::POST, "/v1/activities", &idempotent, &draft).await.status, 201);
    let partner = json!({"name": "Acme", "email": WRITTEN[7]}).to_string();
    assert_eq!(call(&server, Method::PUT, "/v1/events/expo/partners/acme", &as_session, &partner).await.status, 200);
    let by_site = format!("Bearer {site}");
    assert_eq!(call(&server, Method::POST, "/v1/activities", &[("authorization", &by_site)], &draft).await.status, 201);
    let stream =
        head(server.address, format!("GET /v1/activities/stream?ticket={} HTTP/1.1\r\nhost: x\r\n\r\n", tickets[0]).as_bytes()).await;
    assert!(stream.starts_with("HTTP/1.1 200"), "{stream}");
    let mut watcher = Watcher::connect_by(server.address, &[("cookie", &cookie)]).await;
    watcher.subscribe(json!({})).await;
    let number = made.json()["id"].to_string();
    assert_eq!(call(&server, Method::DELETE, &format!("/v1/keys/{number}"), &as_key, "").await.status, 204);
    assert_eq!(call(&server, Method::DELETE, "/v1/session", &as_session, "").await.status, 204);
    assert_eq!(watcher.closed().await.0, 4401);

    // People: a link, a password, and the cookie that comes of them.
    let invitation = json!({"email": "ada@engines.example", "role": "viewer"}).to_string();
    let link = text(&call(&server, Method::POST, "/v1/invitations", &as_key, &invitation).await, "url");
    let link = link.split_once("link=").expect("a link").1.to_owned();
    let password = "canary quiet lamp twelve";
    let joined = json!({"link": link, "password": password}).to_string();
    let joined = call(&server, Method::POST, "/v1/session", &[("origin", &own)], &joined).await;
    assert_eq!(joined.status, 201, "{}", joined.text());
    let failed = json!({"email": "ada@engines.example", "password": format!("{password}s")}).to_string();
    assert_eq!(call(&server, Method::POST, "/v1/session", &[("origin", &own)], &failed).await.status, 401);
    secrets.extend([link, password.to_owned(), joined.header("set-cookie").split([';', '=']).nth(1).expect("a cookie").to_owned()]);

    // What is no good stands in the same places.
    let wrong = [
        ("authorization", "Bearer td_key_canaryinaheader"),
        ("authorization", "Basic td_key_canaryinaheader"),
        ("cookie", "tidings_session=td_session_canaryinacookie"),
    ];
    for who in wrong {
        assert_eq!(call(&server, Method::GET, "/v1/activities", &[who], "").await.status, 401, "{who:?}");
    }
    for path in [
        "/td_key_canaryinanaddress",
        "/v1/td_key_canaryinanaddress",
        "/v1/events/td_key_canaryinanaddress",
        "/v1/activities?key=td_key_canaryinaquery",
        "/v1/activities?after=td_key_canaryinaquery",
        "/v1/activities/stream?ticket=td_ticket_canaryinaquery",
        "/signin?link=td_link_canaryinaform",
    ] {
        call(&server, Method::GET, path, &as_key, "").await;
    }
    call(&server, Method::POST, "/signin", &[("content-type", "application/x-www-form-urlencoded")], "link=td_link_canaryinaform").await;
    call(&server, Method::POST, "/v1/session", &[], r#"{"key":"td_key_canaryinaheader","td_key_canaryinaquery":1}"#).await;
    call(&server, Method::POST, "/v1/activities", &as_key, "td_key_canaryinaquery").await;
    assert!(open(server.address, "td_key_canaryinaheader", &[]).await.is_err());
    head(server.address, b"GET /td_key_canaryinanaddress\r\n\r\n").await;

    secrets.extend([text(&made, "key"), site, session, by_session].into_iter().chain(tickets));
    let said = server.said();
    assert!(said.lines().count() > 30 && said.contains(r#""level":"DEBUG""#), "at this level more is told: {said}");
    for line in said.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line["level"].is_string()), "not JSON: {line}");
    }
    for secret in secrets {
        let told = said.lines().find(|line| line.contains(&secret));
        assert_eq!(told, None, "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_one_line_and_a_session_two() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve_with(folder.path(), 0, &["--log-format", "json"]);
    let key = new_key(folder.path(), "ingest,read,admin");
    let bearer = format!("Bearer {key}");
    let as_key = [("authorization", bearer.as_str())];
    let draft = json!({"flavor": "page.viewed", "event": "expo", "partner": "acme"}).to_string();
    let mut want = Vec::new();
    for (method, path, headers, body, route) in [
        (Method::POST, "/v1/activities", &as_key[..], draft.as_str(), "/v1/activities"),
        (Method::GET, "/v1/events/expo/partners/acme?limit=1", &as_key, "", "/v1/events/{event}/partners/{partner}"),
        (Method::GET, "/v1/activities", &[], "", "/v1/activities"),
        (Method::GET, "/v1/nowhere", &as_key, "", "/v1/{*rest}"),
        (Method::GET, "/nowhere", &as_key, "", "page"),
        (Method::DELETE, "/v1/activities", &as_key, "", "/v1/activities"),
    ] {
        let answer = call(&server, method.clone(), path, headers, body).await;
        let known = route.starts_with("/v1/") && !headers.is_empty() && answer.status != 404 && answer.status != 405;
        // The gate of a route finds out who asks.
        let known = known || path.starts_with("/v1/events");
        let (workspace, actor) = if known { (json!(1), json!("key:2")) } else { (Value::Null, Value::Null) };
        want.push((
            answer.header("x-request-id").to_owned(),
            json!({"level": "INFO", "message": "request", "method": method.as_str(),
            "route": route, "status": answer.status.as_u16(), "bytes_in": body.len(), "bytes_out": answer.body.len(),
            "workspace": workspace, "actor": actor}),
        ));
    }
    let mut watcher = Watcher::connect_to(server.address, &key).await;
    watcher.subscribe(json!({})).await;
    let stream = format!("GET /v1/activities/stream HTTP/1.1\r\nhost: x\r\nauthorization: {bearer}\r\n\r\n");
    let mut events = TcpStream::connect(server.address).await.expect("connects");
    events.write_all(stream.as_bytes()).await.expect("sent");
    let mut begun = Vec::new();
    while !String::from_utf8_lossy(&begun).contains("event: subscribed") {
        assert!(events.read_buf(&mut begun).await.expect("reads") > 0, "it ends early");
    }
    let said = server.said();
    assert_eq!(watcher.closed().await.0, 1012);
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |id: &str| lines.iter().filter(|line| line["request_id"] == id).collect::<Vec<_>>();
    for (id, want) in want {
        let told = of(&id);
        assert_eq!((id.len(), told.len()), (16, 1), "{want}: {told:?}");
        for (field, value) in want.as_object().expect("an object") {
            assert_eq!(&told[0][field], value, "{field} of {}", told[0]);
        }
        assert!(told[0]["ms"].as_f64().is_some_and(|ms| ms > 0.0), "{}", told[0]);
    }
    for (by, route, status, reason) in [("websocket", "/v1/ws", 101, "restart"), ("events", "/v1/activities/stream", 200, "restart")] {
        let came = lines.iter().find(|line| line["message"] == "reader came" && line["by"] == by).expect("a reader");
        let [told, left] = ["request", "reader left"].map(|message| {
            let id = came["request_id"].as_str().expect("an id");
            of(id).into_iter().find(|line| line["message"] == message).unwrap_or_else(|| panic!("no {message} of {id}: {said}"))
        });
        assert_eq!((&told["route"], &told["status"]), (&json!(route), &json!(status)), "{told}");
        assert_eq!(
            (&left["actor"], &left["workspace"], &left["session"], &left["reason"]),
            (&json!("key:2"), &json!(1), &came["session"], &json!(reason))
        );
        assert!(left["frames"].as_u64() >= Some(1) && left["bytes"].as_u64() > Some(10) && left["lags"] == 0, "{left}");
    }
}
