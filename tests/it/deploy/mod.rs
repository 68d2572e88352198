//! What `deploy/` holds: read as those read it who run it, and held to what the server does.
//!
//! Tests that need a program which is not part of the project are ignored by a plain run; `make test` brings it and runs them.

mod container;
mod litestream;
mod proxies;
mod service;
mod supervised;
mod telling;
mod watching;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tidings::config::Config;

/// The file of the project with this name.
fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

/// What a server makes of these variables; every one of ours must be known.
fn configured(variables: &[(String, String)]) -> Config {
    let find = |name: &str| variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    let asked = std::cell::RefCell::new(Vec::new());
    let config = Config::load(None, |name| {
        asked.borrow_mut().push(name.to_owned());
        find(name)
    });
    for (name, _) in variables.iter().filter(|(name, _)| name.starts_with("TIDINGS_")) {
        assert!(asked.borrow().contains(name), "{name} is no variable of the server");
    }
    config.expect("a configuration")
}

/// Seconds of `90s`, `90` or `75s`.
fn seconds(text: &str) -> u64 {
    text.trim_end_matches('s').parse().unwrap_or_else(|_| panic!("{text:?} is no number of seconds"))
}

/// A program that the project does not bring, by the script that finds or brings it.
fn tool(name: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci").join(name);
    let told = Command::new(&script).stderr(Stdio::inherit()).output().expect("the script runs");
    assert!(told.status.success(), "{} brings nothing", script.display());
    PathBuf::from(String::from_utf8(told.stdout).expect("a path").trim())
}
