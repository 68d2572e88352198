//! `serve`, `config` and `check`.

use std::fs;
use std::io::{Read as _, Write as _};

use serde_json::json;

use super::numbered;
use crate::child::{Process, ServerProcess, new_key, output, run, run_with_input};
use crate::live::watcher::Watcher;

#[test]
fn serving_is_told_once_and_refused_twice() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let second = run(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--ops-listen", "off"]);
    assert!(second.code == Some(1) && second.lines.is_empty(), "{second:?}");
    assert!(second.stderr.contains("another tidings server") && second.stderr.contains("stop it first"), "{}", second.stderr);
    assert_eq!(server.terminate(), Some(0), "which also proves that there was one line");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_end_says_goodbye() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let mut watcher = Watcher::connect_to(server.address, &new_key(folder.path(), "read")).await;
    watcher.subscribe(json!({})).await;
    let ending = tokio::task::spawn_blocking(|| server.terminate());
    let bye = watcher.expect("bye").await;
    assert!(bye["reconnect_after_ms"].is_u64(), "{bye}");
    assert_eq!(watcher.closed().await.0, 1012);
    assert_eq!(ending.await.expect("ended"), Some(0));
}

#[test]
fn who_says_it_twice_does_not_wait_for_the_drain() {
    let folder = tempfile::tempdir().expect("folder");
    let patient = folder.path().join("patient.toml");
    fs::write(&patient, "[http]\ndrain_timeout_s = 3600\n").expect("written");
    let server = ServerProcess::serve_with(folder.path(), 0, &["--config", patient.to_str().expect("utf-8")]);
    let key = new_key(folder.path(), "ingest");
    // A request that will never end holds up the drain.
    let mut held = std::net::TcpStream::connect(server.address).expect("connects");
    let head = format!(
        "POST /v1/activities HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n"
    );
    held.write_all(head.as_bytes()).expect("sent");
    let mut asked = [0; 25];
    held.read_exact(&mut asked).expect("asked for its body");
    assert_eq!(server.terminate_twice(), Some(1), "at once, and told as not drained");
}

#[test]
fn what_cannot_be_served_is_told_with_its_cure() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    fs::write(folder.path().join("garbage.db"), "no database, though a file".repeat(100)).expect("written");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let taken = taken.local_addr().expect("an address").to_string();
    let check = |args: &[&str], code: i32, words: &[&str]| {
        let ended = run(folder.path(), &[&["serve", "--ops-listen", "off"], args].concat());
        assert!(ended.code == Some(code) && ended.lines.is_empty(), "{args:?}: {ended:?}");
        assert!(!ended.stderr.contains("panicked"), "{args:?}: {}", ended.stderr);
        for word in words {
            assert!(ended.stderr.contains(word), "{args:?}: {word:?} is missing in {}", ended.stderr);
        }
    };
    let any = "127.0.0.1:0";
    check(&["--listen", &taken], 1, &[&taken, "--listen"]);
    check(&["--listen", "127.0.0.1"], 2, &["127.0.0.1:8080"]);
    check(&["--listen", any, "--database", &at("garbage.db")], 1, &["garbage.db", "not a database"]);
    check(&["--listen", any, "--database", &at("nowhere/a.db")], 1, &["nowhere/a.db", "folder"]);
    check(&["--listen", any, "--database", &format!("sqlite:{}", folder.path().display())], 1, &["unable to open"]);
    check(&["--listen", any, "--database", "sqlite::memory:"], 2, &["sqlite:FILE"]);
    check(&["--listen", any, "--database", "postgres://localhost/tidings"], 2, &["sqlite:FILE"]);
    check(&["--listen", any, "--bus", "nats://localhost"], 2, &["--bus"]);
    check(&["--listen", any, "--log", "=,="], 2, &["--log"]);
    check(&["--listen", any, "--origin", "desk.example"], 2, &["https://desk.example"]);
    check(&["--listen", any, "--config", "nowhere.toml"], 2, &["nowhere.toml"]);
    check(&["--colour"], 2, &["--colour"]);
}

#[test]
fn a_taken_ops_address_is_a_warning_and_not_the_end() {
    let folder = tempfile::tempdir().expect("folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let ops = taken.local_addr().expect("an address").to_string();
    let mut serving = Process::start(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--ops-listen", &ops]);
    assert!(serving.line().starts_with("listening on http://127.0.0.1:"), "it serves");
    let ended = serving.terminate();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for word in ["WARN", &ops, "/metrics", "--ops-listen"] {
        assert!(ended.stderr.contains(word), "{word} is missing in {}", ended.stderr);
    }
}

#[test]
fn listening_beyond_this_machine_warns_of_what_can_be_read() {
    for (listen, warns) in [("0.0.0.0:0", true), ("[::]:0", true), ("127.0.0.1:0", false), ("[::1]:0", false)] {
        let folder = tempfile::tempdir().expect("folder");
        let mut serving = Process::start(folder.path(), &["serve", "--listen", listen, "--ops-listen", "off"]);
        serving.line();
        let ended = serving.terminate();
        assert_eq!(ended.stderr.contains("without TLS"), warns, "{listen}: {}", ended.stderr);
    }
}

#[test]
fn what_is_not_there_is_not_in_the_help() {
    let folder = tempfile::tempdir().expect("folder");
    let help = output(folder.path(), &["serve", "--help"]);
    assert!(!help.contains("not in this version") && !help.contains("--bus"), "{help}");
    assert!(output(folder.path(), &["config"]).contains("ops_listen = \"127.0.0.1:9464\""));
}

#[test]
fn used_wrongly_and_asked_for_help_are_two_things() {
    let folder = tempfile::tempdir().expect("folder");
    for (args, code) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["serve", "--help"], 0),
        (&[], 2),
        (&["fly"], 2),
        (&["key", "create", "--scope", "fly"], 2),
        (&["key", "create"], 2),
        (&["key", "create", "--scope", "read", "--event", "a/b"], 2),
        (&["tail", "--since", "yesterday"], 2),
        (&["tail", "--device", "phone"], 2),
        (&["replay"], 2),
        (&["workspace", "create", "a b"], 2),
    ] {
        let ended = run(folder.path(), args);
        assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
        assert_eq!(ended.lines.is_empty(), code != 0, "answers go to standard output, faults do not: {args:?}");
    }
    assert!(!folder.path().join("tidings.db").exists(), "nothing was made by what was refused");
}

#[test]
fn the_configuration_reads_back() {
    let folder = tempfile::tempdir().expect("folder");
    let text = output(folder.path(), &["config"]);
    let file = folder.path().join("tidings.toml");
    fs::write(&file, &text).expect("written");
    let file = file.to_str().expect("utf-8");
    assert_eq!(output(folder.path(), &["config", "--config", file]), text);
    let listens = output(folder.path(), &["config", "--config", file, "--listen", "127.0.0.1:7"]);
    assert!(listens.contains("listen = \"127.0.0.1:7\""), "an option is over the file: {listens}");
    fs::write(file, "colour = \"red\"\n").expect("written");
    let refused = run(folder.path(), &["config", "--config", file]);
    assert!(refused.code == Some(2) && refused.stderr.contains("colour"), "{refused:?}");
}

#[test]
fn damage_is_found() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (key, url) = (new_key(folder.path(), "ingest"), server.url());
    let drafts: Vec<_> = (0..7).map(|n| numbered("acme", n)).collect();
    let sent = run_with_input(folder.path(), &["post", "--url", &url, "--key", &key, "-"], &drafts.join("\n"));
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    assert!(output(folder.path(), &["check"]).ends_with("tidings.db: whole\n"), "beside a running server too");
    let refused = run(folder.path(), &["check", "--forget-tallies"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("another tidings server"), "{refused:?}");
    assert_eq!(server.terminate(), Some(0));
    assert!(output(folder.path(), &["check", "--forget-tallies"]).ends_with("tidings.db: whole\n"));
    for (change, word) in [
        ("delete from entries where place & 1099511627775 = 3", "after entry 2 comes entry 4"),
        ("delete from entries where place & 1099511627775 = 1", "begins with entry 2"),
        ("delete from entries where place & 1099511627775 = 7", "ends with entry 6"),
        ("update workspaces set seq = seq + 1 where key = 'default'", "its head is 8"),
        ("update entries set recorded_at = 0 where place & 1099511627775 = 5", "entry 5 was recorded before entry 4"),
        ("delete from activity_ids where seq = 6", "does not agree with activity 6"),
        ("update activity_ids set recorded_at = recorded_at + 1 where seq = 6", "does not agree with activity 6"),
    ] {
        let copy = tempfile::tempdir().expect("folder");
        let file = copy.path().join("tidings.db");
        fs::copy(folder.path().join("tidings.db"), &file).expect("copied");
        let changed = rusqlite::Connection::open(&file).expect("opens").execute(change, []).expect("altered");
        assert_eq!(changed, 1, "{change}");
        let ended = run(copy.path(), &["check"]);
        let told = ended.lines.join("\n");
        assert!(ended.code == Some(1) && told.starts_with("default: ") && told.contains(word), "{change}: {told}");
    }
    assert_eq!(run(&folder.path().join("nowhere"), &["check"]).code, Some(1), "what is not there is not whole");
}
