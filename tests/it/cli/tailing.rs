//! `tail`: follows, changes its filter in place, and outlives its server.

use serde_json::Value;

use super::numbered;
use crate::child::{Process, ServerProcess, free_port, new_key, output, run_with_input};

/// The next activity: partner and number.
fn next(tail: &mut Process) -> (String, u64) {
    let line = tail.line();
    let item: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("one JSON object a line: {line}"));
    (item["partner"]["key"].as_str().expect("a key").to_owned(), item["properties"]["n"].as_u64().expect("a number"))
}

fn acme(n: u64) -> (String, u64) {
    ("acme".to_owned(), n)
}

fn globex(n: u64) -> (String, u64) {
    ("globex".to_owned(), n)
}

#[test]
fn a_tail_follows_refilters_and_outlives_its_server() {
    let folder = tempfile::tempdir().expect("folder");
    let port = free_port();
    let server = ServerProcess::serve(folder.path(), port);
    let (key, url) = (new_key(folder.path(), "ingest,read"), server.url());
    let to = ["--url", &url, "--key", &key];
    let post = |drafts: &[String]| {
        let sent = run_with_input(folder.path(), &[&["post", "-"], &to[..]].concat(), &drafts.join("\n"));
        assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    };
    // What is there before shows that it has begun.
    post(&[numbered("acme", 0)]);
    let mut tail = Process::start(folder.path(), &[&["tail", "--partner", "acme", "--json", "--refilter-stdin"], &to[..]].concat());
    assert_eq!(next(&mut tail), acme(0));
    post(&[numbered("globex", 1), numbered("acme", 2)]);
    assert_eq!(next(&mut tail), acme(2));
    server.kill();
    let server = ServerProcess::serve(folder.path(), port);
    post(&(3..200).map(|n| numbered("acme", n)).collect::<Vec<_>>());
    for n in 3..200 {
        assert_eq!(next(&mut tail), acme(n), "nothing missed, nothing twice");
    }
    tail.say("partner=globex");
    assert_eq!(next(&mut tail), globex(1), "what is there under the new filter");
    post(&[numbered("acme", 200), numbered("globex", 201)]);
    assert_eq!(next(&mut tail), globex(201));
    // A line that is no filter changes nothing; one that is typed while the server is away holds when it is back.
    tail.say("colour=red");
    post(&[numbered("globex", 202)]);
    assert_eq!(next(&mut tail), globex(202));
    server.kill();
    tail.say("partner=acme not.partner=globex");
    let server = ServerProcess::serve(folder.path(), port);
    post(&[numbered("globex", 203), numbered("acme", 204)]);
    // Whether the filter changed before 203 or after is the sender's luck: it was typed while nobody listened.
    let came = next(&mut tail);
    let came = if came == globex(203) { next(&mut tail) } else { came };
    assert_eq!(came, acme(204));
    let ended = tail.kill();
    for told in ["resumed: nothing missed", "colour", "now: partner=globex", "reconnecting: "] {
        assert!(ended.stderr.contains(told), "{told} is not told: {}", ended.stderr);
    }
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_tail_prints_rows_for_people() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (key, url) = (new_key(folder.path(), "ingest,read"), server.url());
    let to = ["--url", &url, "--key", &key];
    let post = ["post", "--event", "expo", "--partner", "acme", "--flavor", "content.shared"];
    output(folder.path(), &[&post[..], &to].concat());
    let mut tail = Process::start(folder.path(), &[&["tail", "--since", "1h"], &to[..]].concat());
    let row = tail.line();
    assert!(row.contains("acme") && !row.contains('{') && !row.contains('\x1b'), "{row}");
}
