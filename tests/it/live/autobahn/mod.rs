//! The cases of the Autobahn test suite, chapters 1 to 7 and 9, as far as they can be put to this server.
//!
//! The suite wants an echo. Here a word `ping` with text is answered by `pong` with that text, so a case's text goes out and
//! comes back in JSON; binary messages are refused by `tidings.v1` (1008). Numbers are those of the suite. Every verdict is
//! printed; each must be *ok*, or *non-strict* where the suite says so too.

mod close;
mod framing;
mod limits;
mod utf8;

use super::raw::{BINARY, CLOSE, CONTINUATION, Came, FIN, PING, PONG, Raw, TEXT, close as close_frame, frame};
use crate::app::TestApp;

/// What a case awaits, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Want {
    /// The text comes back.
    Echo(String),
    /// A pong with this payload.
    Pong(Vec<u8>),
    /// A word of our own: an `error` with this code.
    Fault(&'static str),
    /// A close with this code, and the end.
    Close(u16),
    /// A close without a code, and the end.
    CloseBare,
}

/// One case.
struct Case {
    number: String,
    /// What is sent, in pieces that go out one by one.
    send: Vec<Vec<u8>>,
    want: Vec<Want>,
    /// True where the suite asks for the answer before the last byte, and takes a later one as *non-strict*.
    late: bool,
}

impl Case {
    fn new(number: impl Into<String>, send: Vec<Vec<u8>>, want: Vec<Want>) -> Self {
        Self { number: number.into(), send, want, late: false }
    }

    fn late(self) -> Self {
        Self { late: true, ..self }
    }
}

/// The word that brings a text back.
fn echo(text: &str) -> Vec<u8> {
    word(text.as_bytes())
}

/// The same with any bytes for the text.
fn word(text: &[u8]) -> Vec<u8> {
    [b"{\"type\":\"ping\",\"t\":\"", text, b"\"}"].concat()
}

/// A message in fragments, each a frame.
fn fragments(opcode: u8, parts: &[&[u8]]) -> Vec<Vec<u8>> {
    let last = parts.len() - 1;
    let first = |at: usize| (if at == 0 { opcode } else { CONTINUATION }) | if at == last { FIN } else { 0 };
    parts.iter().enumerate().map(|(at, part)| frame(first(at), part)).collect()
}

/// Bytes in pieces of one.
fn chopped(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.iter().map(|byte| vec![*byte]).collect()
}

/// Puts every case to a server and prints the verdicts.
async fn judge(cases: Vec<Case>) {
    let app = TestApp::start().await;
    let key = app.key("read").await;
    let mut failed = Vec::new();
    for case in cases {
        let mut raw = Raw::connect(&app, &key).await;
        for piece in &case.send {
            raw.send(piece).await;
        }
        let closes = case.want.iter().any(|want| matches!(want, Want::Close(_) | Want::CloseBare));
        if !closes {
            // A case that leaves the connection open ends with a close of ours, which is answered.
            raw.send(&close_frame(1000, "")).await;
        }
        let came: Vec<Came> = raw.rest().await;
        let ended = |want: &[Want]| if closes { want.to_vec() } else { [want, &[Want::Close(1000)]].concat() };
        let verdict = match read(&came) {
            Some(got) if got != ended(&case.want) => "failed",
            None => "failed",
            Some(_) if case.late => "non-strict",
            Some(_) => "ok",
        };
        println!("{:<10} {verdict}", case.number);
        if verdict == "failed" {
            failed.push(format!("{}: wanted {:?}, came {came:?}", case.number, case.want));
        }
    }
    app.finish().await;
    assert!(failed.is_empty(), "{failed:#?}");
}

/// What came in the terms of a case; `None` when the connection was cut.
fn read(came: &[Came]) -> Option<Vec<Want>> {
    let (last, frames) = came.split_last()?;
    if *last != Came::End {
        return None;
    }
    let want = |came: &Came| match came {
        Came::Frame(TEXT, payload) => {
            let said: serde_json::Value = serde_json::from_slice(payload).ok()?;
            match said["type"].as_str()? {
                "pong" => Some(Want::Echo(said["t"].as_str()?.to_owned())),
                "error" => ["bad_frame"].into_iter().find(|code| said["code"] == **code).map(Want::Fault),
                _ => None,
            }
        }
        Came::Frame(PONG, payload) => Some(Want::Pong(payload.clone())),
        Came::Frame(CLOSE, payload) if payload.is_empty() => Some(Want::CloseBare),
        Came::Frame(CLOSE, payload) => Some(Want::Close(u16::from_be_bytes(payload.get(..2)?.try_into().ok()?))),
        _ => None,
    };
    frames.iter().map(want).collect()
}
