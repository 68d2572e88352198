//! The rules of the house, read off the source: who may use whom, and what stays where.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor. A room may use the floors below its own (of smaller number), and what [`EXCEPTIONS`] lists.
const FLOORS: &[&[&str]] = &[
    &["domain", "telemetry", "clock"],
    &["filter", "auth", "wire"],
    &["store", "hub", "cluster"],
    &["ingest", "session"],
    &["api", "capture", "ops", "outlets", "web"],
    &["config", "app", "cli", "main"],
];

/// Uses on one floor that are meant.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("clock", "domain", "a clock tells a time of the domain"),
    ("web", "api", "a page that is not there is told in the same form as everything else"),
    ("api", "web", "the dashboard is the fallback of the route table"),
    ("hub", "store", "records only: batches, items, snapshots and names; the test below holds it to that"),
];

/// What the hub may name of the store: plain records, no trait and no handle.
const HUB_RECORDS: &[&str] = &["ChangedName", "Head", "Item", "LogBatch", "MembershipSnapshot", "NamedKind"];

/// Lines of one file; beyond it a newcomer no longer finds the way.
const FILE_LINES_MAX: usize = 500;

struct Source {
    /// Path below `src`, with `/`.
    path: String,
    /// The code without comments, and without what is only built for tests.
    code: String,
    lines: usize,
}

impl Source {
    fn room(&self) -> &str {
        let first = self.path.split('/').next().expect("a path");
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().expect("a name");
        ["tests.rs", "model.rs", "memory_log.rs", "generators.rs"].contains(&name)
            || self.path.split('/').any(|part| part == "tests" || part == "contract")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let entries: Vec<PathBuf> = fs::read_dir(&folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a source");
                let shown = path.strip_prefix(&root).expect("below").to_string_lossy().replace('\\', "/");
                found.push(Source { path: shown, lines: text.lines().count(), code: strip(&text) });
            }
        }
    }
    assert!(found.len() > 50, "the sources are found");
    found
}

/// Takes out comments and everything from the test module on.
fn strip(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().expect("a first part");
    code.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn floor(room: &str) -> usize {
    FLOORS
        .iter()
        .position(|rooms| rooms.contains(&room))
        .unwrap_or_else(|| panic!("{room} has no floor: give it one in architecture and here"))
}

fn rooms_used(code: &str) -> BTreeSet<&str> {
    let name_end = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    code.split("crate::").skip(1).map(|rest| &rest[..name_end(rest)]).filter(|name| name.starts_with(|c: char| c.is_lowercase())).collect()
}

#[test]
fn rooms_use_only_the_floors_below() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|s| s.path != "lib.rs" && !s.is_test()) {
        let room = source.room();
        for used in rooms_used(&source.code).into_iter().filter(|used| *used != room) {
            let meant = EXCEPTIONS.iter().any(|(from, to, _)| *from == room && *to == used);
            if floor(used) >= floor(room) && !meant && floor(room) < 5 {
                faults.push(format!("{} uses {used}", source.path));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_hub_knows_records_of_the_store_and_nothing_else() {
    for source in sources().iter().filter(|s| s.room() == "hub" && !s.is_test()) {
        for rest in source.code.split("crate::store::").skip(1) {
            let list = if let Some(inner) = rest.strip_prefix('{') { inner.split('}').next() } else { rest.split([';', ' ', ')']).next() };
            for name in list.expect("names").split(',').map(str::trim).filter(|n| !n.is_empty()) {
                assert!(HUB_RECORDS.contains(&name), "{} names {name} of the store", source.path);
            }
        }
    }
}

#[test]
fn libraries_stay_in_their_rooms() {
    let check_text = |text: &str, allowed: &dyn Fn(&Source) -> bool| {
        for source in sources().iter().filter(|s| !s.is_test() && s.code.contains(text)) {
            assert!(allowed(source), "{} mentions {text}", source.path);
        }
    };
    let check = |library: &str, allowed: &dyn Fn(&Source) -> bool| check_text(&format!("{library}::"), allowed);
    check("sqlx", &|s| s.path.starts_with("store/"));
    check("axum", &|s| {
        ["api", "capture", "ops", "web"].contains(&s.room())
            || ["session/ws.rs", "session/sse.rs", "session/socket.rs"].contains(&s.path.as_str())
    });
    check_text("Operator::assume(", &|s| ["app", "cli", "store"].contains(&s.room()));
    check("tokio", &|s| !["domain", "filter", "auth", "wire"].contains(&s.room()));
    check("std::fs", &|s| !["domain", "filter", "auth", "wire", "hub", "session"].contains(&s.room()));
}

#[test]
fn domain_and_filter_read_no_clock() {
    for source in sources().iter().filter(|s| ["domain", "filter"].contains(&s.room()) && !s.is_test()) {
        for word in ["Instant::now", "SystemTime", "Timestamp::now", "Clock"] {
            assert!(!source.code.contains(word), "{} says {word}", source.path);
        }
    }
}

#[test]
fn files_are_named_by_what_they_own_and_stay_short() {
    for source in sources() {
        let words: Vec<_> = source.path.trim_end_matches(".rs").split('/').collect();
        for banned in ["utils", "util", "helpers", "common", "manager", "types", "misc"] {
            assert!(!words.contains(&banned), "{} is named {banned}", source.path);
        }
        let max = if source.is_test() { FILE_LINES_MAX * 2 } else { FILE_LINES_MAX };
        assert!(source.lines <= max, "{} has {} lines: split it by noun", source.path, source.lines);
    }
}

#[test]
fn every_module_says_what_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for source in sources() {
        let text = fs::read_to_string(root.join(&source.path)).expect("a source");
        assert!(text.starts_with("//!") || text.starts_with("#![doc"), "{} does not open with what it is", source.path);
    }
}
