//! Every end of a connection: what was said is out, `bye` comes where it helps, then a close, then the end, never a cut.

use hyper::Method;
use serde_json::{Value, json};

use super::raw::{BINARY, CLOSE, Came, FIN, PING, PONG, Raw, TEXT, frame};
use crate::app::TestApp;

/// Words of the text frames, the code of the close, and whether the connection ended as it should.
fn told(came: &[Came]) -> (Vec<Value>, Option<u16>, bool) {
    let (mut words, mut code) = (Vec::new(), None);
    for came in came {
        match came {
            Came::Frame(TEXT, payload) => words.push(serde_json::from_slice(payload).expect("JSON")),
            Came::Frame(CLOSE, payload) => code = Some(u16::from_be_bytes([payload[0], payload[1]])),
            Came::Frame(..) | Came::End | Came::Reset => {}
        }
    }
    (words, code, came.last() == Some(&Came::End))
}

fn check(what: &str, came: &[Came], want: u16, bye: Option<&str>) -> Vec<Value> {
    let (words, code, whole) = told(came);
    assert_eq!((code, whole), (Some(want), true), "{what}: {came:?}");
    let said = words.iter().find(|word| word["type"] == "bye").map(|word| word["reason"].as_str().expect("a reason"));
    assert_eq!(said, bye, "{what}");
    let last = words.last().map(|word| word["type"] == "bye");
    assert!(bye.is_none() || last == Some(true), "{what}: nothing comes between bye and the close: {words:?}");
    words
}

#[tokio::test]
async fn what_a_client_does_ends_with_a_reason() {
    let app = TestApp::start_with(|config| config.session.words_per_second_max = 50).await;
    let key = app.key("read").await;
    let ping = || frame(FIN | TEXT, br#"{"type":"ping","t":1}"#);
    let cases: [(&str, Vec<u8>, u16, Option<&str>); 7] = [
        ("binary", frame(FIN | BINARY, &[1, 2, 3]), 1008, None),
        ("oversize", frame(FIN | TEXT, &vec![b' '; 70 * 1024]), 1009, None),
        ("far too large", frame(FIN | TEXT, &vec![b' '; 900 * 1024]), 1009, None),
        ("no UTF-8", frame(FIN | TEXT, b"\xff"), 1007, None),
        ("words", ping().repeat(200), 4429, Some("too_many")),
        ("pings", frame(FIN | PING, b"").repeat(500), 4429, Some("too_many")),
        ("pongs", frame(FIN | PONG, b"").repeat(500), 4429, Some("too_many")),
    ];
    for (what, bytes, code, bye) in cases {
        let mut raw = Raw::connect(&app, &key).await;
        raw.send(&bytes).await;
        let words = check(what, &raw.rest().await, code, bye);
        if what == "words" {
            assert!(words.iter().filter(|word| word["type"] == "pong").count() >= 50, "what was answered is out");
        }
    }
    // What the answer to a word is, comes before the answer to the close behind it.
    let mut raw = Raw::connect(&app, &key).await;
    raw.send(&[ping(), frame(FIN | CLOSE, &[])].concat()).await;
    let came = raw.rest().await;
    assert!(matches!(&came[..], [Came::Frame(TEXT, _), Came::Frame(CLOSE, bare), Came::End] if bare.is_empty()), "{came:?}");
    app.finish().await;
}

#[tokio::test]
async fn what_the_server_decides_ends_with_a_reason() {
    let app = TestApp::start().await;
    let (admin, key, other) = (app.key("read,admin").await, app.key("read").await, app.key("ingest,read").await);
    let mut revoked = Raw::connect(&app, &key).await;
    let keys = app.get(&admin, "/v1/keys").await.json();
    let id = keys["items"].as_array().expect("items").iter().find(|k| k["scopes"] == json!(["read"])).expect("it")["id"].to_string();
    let gone = app.call(Method::DELETE, &admin, &format!("/v1/keys/{}", id.trim_matches('"')), "").await;
    assert_eq!(gone.status, 204, "{}", gone.text());
    check("revoked", &revoked.rest().await, 4401, None);
    let mut drained = Raw::connect(&app, &other).await;
    let (came, ()) = tokio::join!(drained.rest(), app.finish());
    check("drain", &came, 1012, Some("restart"));
}

#[tokio::test]
async fn who_half_closes_is_let_go() {
    let app = TestApp::start().await;
    let key = app.key("read").await;
    let mut raw = Raw::connect(&app, &key).await;
    raw.finish_writing().await;
    assert!(matches!(raw.rest().await.last(), Some(Came::End | Came::Reset)));
    app.finish().await;
}
