//! `post`: one, many, and what is at fault.

use serde_json::json;

use super::{get, numbered};
use crate::child::{Process, ServerProcess, free_port, new_key, output, run, run_with_input};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posting_tells_each_line_at_fault() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (key, url) = (new_key(folder.path(), "ingest,read"), server.url());
    let to = ["--url", &url, "--key", &key];
    let one = ["post", "--event", "expo", "--partner", "acme", "--flavor", "content.shared", "--property", "network=linkedin"];
    let receipt = output(folder.path(), &[&one[..], &to].concat());
    assert!(receipt.starts_with("stored at ") && receipt.trim_end().ends_with("seq 1"), "{receipt}");
    let lines = [
        r#"{"flavor":"page.viewed","event":"expo","partner":"acme"}"#,
        r#"{"flavor":"viewed","event":"expo"}"#,
        "",
        "hello",
        r#"{"flavor":"page.viewed","partner":"globex"}"#,
    ];
    let many = run_with_input(folder.path(), &[&["post"], &to[..], &["--event", "expo", "-"]].concat(), &lines.join("\n"));
    assert_eq!((many.code, many.lines), (Some(1), vec!["2 accepted, 0 duplicates, 2 rejected".to_owned()]), "{}", many.stderr);
    let told = |line: &str, word: &str| many.stderr.lines().any(|l| l.starts_with(line) && l.contains(word));
    assert!(told("line 2: ", "partner: ") && told("line 2: ", "flavor: ") && told("line 4: ", "no JSON"), "{}", many.stderr);
    let page = get(&server, &key, "/v1/activities").await;
    let items = page["items"].as_array().expect("items");
    assert_eq!(items.len(), 3, "the good ones are stored");
    assert_eq!(items[2]["properties"], json!({"network":"linkedin"}));
    // What is written is sent, whatever wrote it; what reads back as another value is told by its field.
    let lines = "\u{feff}{\"flavor\":\"a.b\",\"partner\":\"p\",\"properties\":{\"n\":1.10}}\r{\"flavor\":\"a.b\",\"partner\":\"p\",\"properties\":{\"n\":1e400}}\r";
    let many = run_with_input(folder.path(), &[&["post"], &to[..], &["--event", "expo", "-"]].concat(), lines);
    assert_eq!((many.code, many.lines), (Some(1), vec!["1 accepted, 0 duplicates, 1 rejected".to_owned()]), "{}", many.stderr);
    assert!(many.stderr.contains("line 2: properties.n: "), "{}", many.stderr);
    for (input, says) in [("", "no line"), ("hello\n", "no drafts"), ("[{}]\n", "JSON array")] {
        let none = run_with_input(folder.path(), &[&["post"], &to[..], &["-"]].concat(), input);
        assert!(none.code == Some(1) && none.stderr.lines().count() == 1 && none.stderr.contains(says), "{input}: {none:?}");
    }
    let one =
        ["post", "--event", "expo", "--partner", "acme", "--flavor", "a.b", "--property", "version=1.10", "--property", "commit=1e10"];
    let odd = run(folder.path(), &[&one[..], &["--referrer-url", "about:blank"], &to].concat());
    assert!(odd.code == Some(0) && odd.stderr.starts_with("warning: referrer_url: "), "{odd:?}");
    let page = get(&server, &key, "/v1/activities?limit=1").await;
    assert_eq!(page["items"][0]["properties"], json!({"version":"1.10","commit":"1e10"}));
}

#[test]
fn what_cannot_be_sent_is_told_with_its_cure() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (reads, url) = (new_key(folder.path(), "read"), server.url());
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let check = |args: &[&str], code: i32, cure: &str| {
        let post = ["post", "--event", "expo", "--partner", "acme", "--flavor", "a.b"];
        let ended = run(folder.path(), &[&post[..], args].concat());
        assert!(ended.code == Some(code) && ended.stderr.contains(cure) && ended.lines.is_empty(), "{args:?}: {ended:?}");
    };
    check(&["--url", &url], 1, "tidings key create");
    check(&["--url", &url, "--key", "td_key_wrong"], 1, "tidings key create");
    check(&["--url", &url, "--key", &reads], 1, "ingest to send");
    check(&["--url", &nobody, "--key", &reads], 1, "tidings serve");
    check(&["--url", "127.0.0.1:8080"], 2, "http://127.0.0.1:8080");
    check(&["--url", "ftp://a.example"], 2, "https://");
    check(&["--propery", "a=b"], 2, "--property");
    check(&["--property", "a"], 2, "name=value");
}

/// A sender and a watcher that both know nothing of the kills, and together lose nothing.
#[test]
fn a_sender_outlives_its_server() {
    const PARTS: u64 = 4;
    const PART: u64 = 60;
    let folder = tempfile::tempdir().expect("folder");
    let port = free_port();
    let mut server = ServerProcess::serve(folder.path(), port);
    let (key, url) = (new_key(folder.path(), "ingest,read"), server.url());
    let to = ["--url", &url, "--key", &key];
    output(folder.path(), &[&["post", "--event", "expo", "--partner", "acme", "--flavor", "a.begun"], &to[..]].concat());
    let mut tail = Process::start(folder.path(), &[&["tail", "--json"], &to[..]].concat());
    assert!(tail.line().contains("a.begun"));
    let mut sender = Process::start(folder.path(), &[&["post", "-"], &to[..]].concat());
    for part in 0..PARTS {
        // While the sender's connection stands idle, and while it sends.
        let kill_before = if part % 2 == 1 { 0 } else { PART / 2 };
        for n in part * PART..(part + 1) * PART {
            if n % PART == kill_before && part > 0 {
                server.kill();
                server = ServerProcess::serve(folder.path(), port);
            }
            sender.say(&numbered("acme", n));
        }
        for want in part * PART..(part + 1) * PART {
            let activity: serde_json::Value = serde_json::from_str(&tail.line()).expect("JSON");
            assert_eq!(activity["properties"]["n"], want, "nothing missed, nothing twice, in order");
        }
    }
    let sent = sender.finish();
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    // What was stored and not answered when the server went is a duplicate when it is sent again.
    let numbers: Vec<u64> = sent.lines[0].split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert_eq!((numbers[0] + numbers[1], numbers[2]), (PARTS * PART, 0), "{:?}", sent.lines);
    drop(tail);
    assert_eq!(server.terminate(), Some(0));
}
