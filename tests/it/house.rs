//! The rules of the house, read off the source: who may use whom, and what stays where.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor. A room may use the floors below its own (of smaller number), and what [`EXCEPTIONS`] lists.
const FLOORS: &[&[&str]] = &[
    &["domain", "telemetry", "clock", "seeds"],
    &["filter", "auth", "wire"],
    &["store", "hub", "outbound", "screens", "tallies", "cluster"],
    &["publish", "consumers", "export", "import", "ingest", "session", "system"],
    &["api", "capture", "ops", "outlets", "web"],
    &["config", "app", "cli", "main"],
];

/// Uses on one floor that are meant.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("clock", "domain", "a clock tells a time of the domain"),
    ("web", "api", "a page that is not there is told in the same form as everything else"),
    ("api", "web", "the dashboard is the fallback of the route table"),
    ("ingest", "publish", "it leaves what is durable there"),
    ("store", "tallies", "it counts by their arithmetic"),
    ("hub", "store", "records only: batches, items, snapshots and names; the test below holds it to that"),
];

/// What the hub may name of the store: plain records, no trait and no handle.
const HUB_RECORDS: &[&str] = &["ChangedName", "Correction", "Head", "Item", "LogBatch", "MembershipSnapshot", "NamedKind"];

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
            || self.path.split('/').any(|part| ["tests", "contract", "model"].contains(&part))
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

/// Takes out comments and what is only built for tests; what comes after it stays.
fn strip(text: &str) -> String {
    let lines = text.lines().filter(|l| !l.trim_start().starts_with("//"));
    let mut left = lines.collect::<Vec<_>>().join("\n");
    while let Some(at) = left.find("#[cfg(test)]") {
        let end = at + end_of_item(&left[at..]);
        left.replace_range(at..end, "");
    }
    left
}

/// Where the item at the beginning of the text ends: at its semicolon or comma, at the brace that closes its body, or
/// before one that closes what it stands in. What is within texts and characters does not count.
fn end_of_item(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let literal = end_of_literal(rest);
        if literal > 0 {
            at += literal;
            continue;
        }
        match c {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' if depth == 0 => return at,
            '}' | ']' | ')' => {
                depth -= 1;
                // The attribute itself is in brackets.
                if depth == 0 && c == '}' {
                    return at + 1;
                }
            }
            ';' | ',' if depth == 0 => return at + 1,
            _ => {}
        }
        at += c.len_utf8();
    }
    text.len()
}

/// How long the text or character is that begins here; 0 when none does.
fn end_of_literal(rest: &str) -> usize {
    let raw = rest.strip_prefix('r').map(|more| more.len() - more.trim_start_matches('#').len());
    if let Some(signs) = raw
        && rest[1 + signs..].starts_with('"')
    {
        let close = format!("\"{}", "#".repeat(signs));
        let begin = signs + 2;
        return rest[begin..].find(&close).map_or(rest.len(), |end| begin + end + close.len());
    }
    let quote = match rest.chars().next() {
        Some('"') => '"',
        // A lifetime has no second quote behind its first letter.
        Some('\'') if rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'') => '\'',
        _ => return 0,
    };
    let mut escaped = false;
    let end = rest[1..].find(|c| {
        let is_end = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    });
    end.map_or(rest.len(), |end| 1 + end + 1)
}

fn floor(room: &str) -> usize {
    FLOORS
        .iter()
        .position(|rooms| rooms.contains(&room))
        .unwrap_or_else(|| panic!("{room} has no floor: give it one in architecture and here"))
}

/// The rooms that a source names: by `crate::room`, by `crate::{room, other::{..}}`, or by climbing out with `super::`.
fn rooms_used(code: &str, depth: usize) -> BTreeSet<String> {
    let climbed = "super::".repeat(depth);
    let starts = code.match_indices("crate::").map(|(at, word)| at + word.len());
    let climbs = code.match_indices(climbed.as_str()).map(|(at, word)| at + word.len());
    let mut found = BTreeSet::new();
    for start in starts.chain(climbs) {
        let rest = &code[start..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(parts_of_group(group).into_iter().map(first_name)),
            None => drop(found.insert(first_name(rest))),
        }
    }
    found.into_iter().filter(|name| name.starts_with(|c: char| c.is_lowercase())).collect()
}

fn first_name(text: &str) -> String {
    let text = text.trim_start();
    text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())].to_owned()
}

/// What stands between the commas of a `use` group, its opening brace left out.
fn parts_of_group(group: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut parts) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[begin..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts
}

#[test]
fn the_reader_of_sources_sees_what_is_there() {
    let rooms = |code: &str, depth| rooms_used(code, depth).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(rooms("use crate::store::Store;", 1), "store");
    assert_eq!(rooms("use crate::{api::{self, Api}, hub, domain::Seq};", 1), "api domain hub");
    assert_eq!(rooms("use super::super::session::x; use super::near;", 2), "session");
    assert_eq!(rooms("use crate::Thing;", 1), "");
    let text = "use a;\n#[cfg(test)]\nmod tests {\n    const T: &str = \"}\";\n    const C: char = '{';\n    const R: &str = r#\"a } \"quoted\"\"#;\n    fn f<'a>(_: &'a str) {}\n}\nuse crate::api::x;\n\
                #[cfg(test)]\npub(crate) mod contract;\nuse crate::hub::y;";
    let left = strip(text);
    assert!(!left.contains("mod tests") && !left.contains("contract") && !left.contains("fn f"), "{left}");
    assert_eq!(rooms(&left, 1), "api hub");
}

#[test]
fn rooms_use_only_the_floors_below() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|s| s.path != "lib.rs" && !s.is_test()) {
        let room = source.room();
        // Below `src`, a file stands as deep as its path has parts; `super` as often leads to the crate.
        let depth = source.path.trim_end_matches("/mod.rs").split('/').count();
        for used in rooms_used(&source.code, depth).into_iter().filter(|used| *used != room) {
            let meant = EXCEPTIONS.iter().any(|(from, to, _)| *from == room && *to == used);
            if floor(&used) >= floor(room) && !meant && floor(room) < 5 {
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
    check("sqlx", &|s| s.path.starts_with("store/sqlite/"));
    check("rusqlite", &|s| s.path.starts_with("store/sqlite/"));
    check("axum", &|s| {
        ["api", "capture", "ops", "web"].contains(&s.room())
            || ["session/ws.rs", "session/sse.rs", "session/socket.rs"].contains(&s.path.as_str())
    });
    check_text("Operator::assume(", &|s| ["app", "cli", "store"].contains(&s.room()));
    check("tokio", &|s| !["domain", "filter", "auth", "wire"].contains(&s.room()));
    check("std::fs", &|s| !["domain", "filter", "auth", "wire", "hub", "session"].contains(&s.room()));
}

/// What may be said of one kind of database above its own folder: how its URL looks, which everybody must know who names one.
const DATABASE_URL_FORM: &str = "sqlite:";
/// The one file that knows which kinds of database there are, and the list of the room's files.
const KNOW_THE_DATABASES: [&str; 2] = ["store/open.rs", "store/mod.rs"];

#[test]
fn one_database_is_spoken_of_in_its_own_folder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for source in sources().iter().filter(|s| !s.path.starts_with("store/sqlite/") && !KNOW_THE_DATABASES.contains(&s.path.as_str())) {
        // Comments too: what they promise must hold for another database. What only tests build may use this one.
        let text = fs::read_to_string(root.join(&source.path)).expect("a source");
        let comments: String = text.lines().filter(|l| l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let code = if source.is_test() { "" } else { source.code.as_str() };
        let said = format!("{comments}\n{code}").to_lowercase().replace(DATABASE_URL_FORM, "");
        for word in ["sqlite", "sqlx", "pragma", "data_version", "-wal", "-shm"] {
            assert!(!said.contains(word), "{} says {word}", source.path);
        }
    }
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
