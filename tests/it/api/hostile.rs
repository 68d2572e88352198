//! What a stranger may try at the edge: it ends in an answer or a close, never in a 5xx, and nothing is held for long.

use futures::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::{STUCK, TestApp};

#[tokio::test]
async fn malformed_heads() {
    let app = TestApp::start().await;
    let long = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(64 * 1024));
    let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(200));
    let path = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(64 * 1024));
    let over = format!("GET /docs HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(32 * 1024));
    let under = format!("GET /docs/style.css HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx: {}\r\n\r\n", "a".repeat(31 * 1024));
    for (bytes, statuses) in [
        ("nonsense\r\n\r\n", &[400][..]),
        ("GET / HTTP/9.9\r\n\r\n", &[400, 505]),
        ("GET / HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n", &[400]),
        ("POST /v1/activities HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n", &[400]),
        ("POST /v1/activities HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", &[400]),
        (long.as_str(), &[431]),
        (many.as_str(), &[431]),
        (path.as_str(), &[414, 431]),
        (over.as_str(), &[431]),
        (under.as_str(), &[200]),
        ("GET / HTTP/1.1\r\n\r\n", &[400]),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", &[400]),
        ("GET / HTTP/1.1\r\nhost: a/b\r\n\r\n", &[400]),
        ("GET /docs/style.css HTTP/1.0\r\n\r\n", &[200]),
    ] {
        let answer = app.raw(bytes.as_bytes()).await;
        let shown: String = bytes.chars().take(60).collect();
        assert!(
            statuses
                .iter()
                .any(|s| answer[..9.min(answer.len())].starts_with("HTTP/1.") && answer[9.min(answer.len())..].starts_with(&s.to_string())),
            "{shown:?}: {answer:?}"
        );
        assert!(
            answer.contains("x-content-type-options: nosniff") && answer.contains("content-security-policy: "),
            "{shown:?}: {answer:?}"
        );
        let is_refused = !statuses.contains(&200);
        assert!(!is_refused || answer.contains("application/problem+json") && answer.contains("\"detail\":"), "{shown:?}: {answer:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn silent_and_slow_heads_are_closed() {
    let app = TestApp::start_with(|config| {
        config.http.head_timeout_s = 1;
        config.http.idle_timeout_s = 1;
    })
    .await;
    assert_eq!(app.raw(b"").await, "", "one that says nothing");
    assert_eq!(app.raw(b"GET / HTTP/1.1\r\nhost: a\r\n").await, "", "one that does not end its head");
    let kept = app.raw(b"GET /docs/style.css HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(kept.starts_with("HTTP/1.1 200"), "one that is kept and then silent: {kept}");
    app.finish().await;
}

#[tokio::test]
async fn a_body_is_waited_for_but_not_for_ever() {
    let app = TestApp::start().await;
    let key = app.key("ingest").await;
    // Told too large: refused before it is sent.
    let head = format!("POST /v1/activities HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n");
    let answer = app.raw(format!("{head}content-length: 99999999\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // In pieces: the server has answered another request since the first came, and waits for the second.
    let draft = r#"{"flavor":"a.b","event":"e","partner":"p"}"#;
    let (first, second) = draft.split_at(10);
    let mut socket = TcpStream::connect(app.address()).await.expect("connects");
    let length = draft.len();
    socket.write_all(format!("{head}connection: close\r\ncontent-length: {length}\r\n\r\n{first}").as_bytes()).await.expect("sent");
    assert_eq!(app.post(&key, "/v1/activities", draft).await.status, 201);
    let mut answer = [0; 1];
    assert!(socket.read(&mut answer).now_or_never().is_none(), "not answered before it is whole");
    socket.write_all(second.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    tokio::time::timeout(STUCK, socket.read_to_string(&mut answer)).await.expect("the server closes").expect("no reset");
    assert!(answer.starts_with("HTTP/1.1 201") && answer.contains("\"seq\":2"), "{answer}");
    // Cut short: nothing of it is stored.
    let mut socket = TcpStream::connect(app.address()).await.expect("connects");
    socket.write_all(format!("{head}content-length: {}\r\n\r\n{draft}", length + 1).as_bytes()).await.expect("sent");
    socket.shutdown().await.expect("closed");
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(STUCK, socket.read_to_end(&mut answer)).await.expect("the server closes");
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
    assert!(app.post(&key, "/v1/activities", draft).await.text().contains("\"seq\":3"));
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_reaches_who_sends_first_and_reads_then() {
    let app = TestApp::start().await;
    let key = app.key("ingest").await;
    let body = " ".repeat(8 * 1024 * 1024);
    for (authorization, want) in [("Bearer wrong", "HTTP/1.1 401"), (&*format!("Bearer {key}"), "HTTP/1.1 413")] {
        let mut socket = TcpStream::connect(app.address()).await.expect("connects");
        let head =
            format!("POST /v1/activities HTTP/1.1\r\nhost: a\r\nauthorization: {authorization}\r\ncontent-length: {}\r\n", body.len());
        socket.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.expect("sent");
        socket.write_all(body.as_bytes()).await.expect("all of it is taken");
        let mut answer = String::new();
        tokio::time::timeout(STUCK, socket.read_to_string(&mut answer)).await.expect("the server closes").expect("no reset");
        assert!(answer.starts_with(want), "{answer}");
    }
    app.finish().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told() {
    let app = TestApp::start_with(|config| config.http.connections_max = 1).await;
    let mut first = TcpStream::connect(app.address()).await.expect("connects");
    first.write_all(b"GET /docs/style.css HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("sent");
    let mut byte = [0u8; 1];
    first.read_exact(&mut byte).await.expect("answers");
    let answer = app.raw(b"").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after") && answer.contains("overloaded"), "{answer}");
    drop(first);
    app.finish().await;
}

#[tokio::test]
async fn odd_credentials_are_refused_in_words() {
    let app = TestApp::start().await;
    let long = format!("Bearer {}", "a".repeat(4_096));
    for value in ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer td_key_x", "Bearer \u{fc}", long.as_str()] {
        let answer = app.request(hyper::Method::GET, "/v1/activities", &[("authorization", value)], "").await;
        assert_eq!(answer.code(), (401, "unauthorised".to_owned()), "{value:?}");
        assert!(!answer.text().contains("td_key_x"), "a secret is in no answer");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_waits_for_nobody_who_sends_slowly() {
    let app = TestApp::start().await;
    let mut socket = TcpStream::connect(app.address()).await.expect("connects");
    let refused = "POST /v1/activities HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
    socket.write_all(refused.as_bytes()).await.expect("sent");
    // The answer comes while most of the body has not; what comes of it after that is taken off, and the next is heard.
    let first = head_of(&mut socket).await;
    assert!(first.starts_with("HTTP/1.1 401"), "{first}");
    let rest = format!("{}GET /docs/style.css HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", " ".repeat(999));
    socket.write_all(rest.as_bytes()).await.expect("sent");
    let mut second = String::new();
    tokio::time::timeout(STUCK, socket.read_to_string(&mut second)).await.expect("answered").expect("whole");
    assert!(second.contains("HTTP/1.1 200"), "{second}");
    app.finish().await;
}

/// What comes until a head and a problem are whole.
async fn head_of(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let whole = async {
        while !(answer.ends_with(b"}") && answer.windows(4).any(|w| w == b"\r\n\r\n")) {
            assert_ne!(socket.read_buf(&mut answer).await.expect("reads"), 0, "closed");
        }
    };
    tokio::time::timeout(STUCK, whole).await.expect("answered");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn faults_weigh_little_more_than_their_cause() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read").await;
    let drafts = format!("[{}]", vec!["{}"; 5_000].join(","));
    let answer = app.post(&key, "/v1/activities", &drafts).await;
    let results = answer.json()["results"].as_array().cloned().expect("results");
    assert_eq!((answer.status.as_u16(), results.len()), (200, 5_000));
    assert!(results.iter().all(|result| result["errors"].as_array().is_some_and(|errors| !errors.is_empty())), "each is told");
    assert!(results[0]["errors"].as_array().map(Vec::len) > Some(1), "the first in full");
    assert!(answer.body.len() < 700_000, "{}", answer.body.len());
    let query = "a&".repeat(15_000);
    let answer = app.get(&key, &format!("/v1/activities?{query}")).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.len() < 8_000, "{}", answer.body.len());
    assert_eq!(answer.json()["errors"].as_array().map(Vec::len), Some(32));
    app.finish().await;
}
