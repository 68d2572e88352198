//! The command line as a person has it: the real binary, its output, its exit codes.

pub mod copying;
mod demo;
mod health;
mod keys;
mod logging;
mod people;
mod replaying;
mod secure;
mod sending;
mod serving;
mod tailing;

use serde_json::{Value, json};

use crate::app::request;
use crate::child::ServerProcess;

/// What a server answers to a key.
pub async fn get(server: &ServerProcess, key: &str, path: &str) -> Value {
    let bearer = format!("Bearer {key}");
    request(server.address, hyper::Method::GET, path, &[("authorization", &bearer)], "").await.json()
}

/// A draft of a page view, with a number to know it by.
pub fn numbered(partner: &str, n: u64) -> String {
    json!({"flavor":"page.viewed","event":"expo","partner":partner,"properties":{"n":n}}).to_string()
}
