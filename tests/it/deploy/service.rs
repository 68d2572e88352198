//! systemd's unit.

use std::fs;
use std::process::Command;

use tidings::app::drain_max;

use super::{configured, read, seconds, tool};
use crate::child::BINARY;

const UNIT: &str = "deploy/tidings.service";

/// Section, name and value of every line.
fn settings(text: &str) -> Vec<(String, String, String)> {
    let (mut section, mut found) = (String::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
        } else {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{line:?} is no setting"));
            found.push((section.clone(), name.to_owned(), value.to_owned()));
        }
    }
    found
}

#[test]
fn the_unit_says_what_the_server_does() {
    let settings = settings(&read(UNIT));
    let all = |name: &str| settings.iter().filter(|s| s.0 == "Service" && s.1 == name).map(|s| s.2.as_str()).collect::<Vec<_>>();
    let one = |name: &str| match all(name)[..] {
        [value] => value,
        ref other => panic!("{name}: {other:?}"),
    };
    let variables: Vec<_> = all("Environment").into_iter().map(|pair| pair.split_once('=').expect("NAME=VALUE")).collect();
    let config = configured(&variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>());
    assert_eq!((one("Type"), one("Restart")), ("notify", "on-failure"));
    assert!(one("ExecStart").ends_with("/tidings serve"));
    let stop = seconds(one("TimeoutStopSec"));
    assert!(stop > drain_max(&config.http).as_secs(), "{stop} s are less than a drain takes at most");
    assert_eq!(one("TimeoutStartSec"), "infinity", "a large database is brought up to date before it is served");
    assert!(seconds(one("WatchdogSec")) >= 20, "a probe may take 2 s, and may fail once");
    assert!(config.database_url().expect("a file").file().starts_with(format!("/var/lib/{}", one("StateDirectory"))));
    assert!(config.listen.starts_with("127.0.0.1:"), "TLS is in front of it");
    assert!(one("User") != "root" && !one("User").is_empty());
    let files: usize = one("LimitNOFILE").parse().expect("a number");
    assert!(files > config.http.connections_max + 1_000, "{files} files are too few for the connections");
    for hardening in ["NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictNamespaces", "MemoryDenyWriteExecute", "LockPersonality"] {
        assert_eq!(one(hardening), "yes", "{hardening}");
    }
    assert_eq!((one("ProtectSystem"), one("CapabilityBoundingSet")), ("strict", ""));
    assert!(one("RestrictAddressFamilies").split(' ').any(|family| family == "AF_UNIX"), "by which systemd is told");
}

#[test]
#[ignore = "needs systemd-analyze, which make test brings"]
fn systemd_takes_the_unit() {
    let folder = tempfile::tempdir().expect("folder");
    let unit = folder.path().join("tidings.service");
    fs::write(&unit, read(UNIT).replace("/usr/local/bin/tidings", BINARY)).expect("written");
    let analyze = tool("systemd-analyze");
    let verified = Command::new(&analyze).args(["verify", "--man=no"]).arg(&unit).output().expect("it runs");
    let told = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !told.contains("tidings.service:"), "{told}");
    // In tenths: what it may still do if somebody takes it over.
    let secure = Command::new(&analyze).args(["security", "--offline=true", "--threshold=20", "--no-pager"]).arg(&unit).output();
    let secure = secure.expect("it runs");
    assert!(secure.status.success(), "{}", String::from_utf8_lossy(&secure.stdout));
}
