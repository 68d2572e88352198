//! `replay`: logs as other programs write them, and what is said where nothing could be done.

use std::io::Write as _;

use serde_json::Value;

use super::get;
use crate::child::{Ended, ServerProcess, new_key, run, run_with_input};

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A line of a combined log; `who` is what stands before the time.
fn line(who: &str, second: u32, request: &str, agent: &str) -> String {
    format!("{who} [22/Nov/2026:09:14:{second:02} +0000] \"{request}\" 200 512 \"-\" \"{agent}\"\n")
}

fn lines(who: &[&str]) -> String {
    (1..).zip(who).map(|(second, who)| line(who, second, &format!("GET /hall-{second}/ HTTP/1.1"), AGENT)).collect()
}

struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    args: &'static [&'static str],
    /// Accepted, and unreadable.
    counts: [u64; 2],
    code: i32,
    /// What standard error says.
    says: &'static str,
}

fn case(name: &'static str, bytes: impl Into<Vec<u8>>, accepted: u64) -> Case {
    Case { name, bytes: bytes.into(), args: &[], counts: [accepted, 0], code: 0, says: "" }
}

fn refused(name: &'static str, bytes: impl Into<Vec<u8>>, args: &'static [&'static str], unreadable: u64, says: &'static str) -> Case {
    Case { name, bytes: bytes.into(), args, counts: [0, unreadable], code: 1, says }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory")
}

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn cases() -> Vec<Case> {
    let usual = lines(&["192.0.2.1 - -", "192.0.2.2 - -", "192.0.2.3 - -"]);
    let common: String = usual.lines().map(|line| format!("{}\n", line.split(" \"-\"").next().expect("part"))).collect();
    let drafts = "{\"flavor\":\"a.b\",\"partner\":\"p\"}\n{\"flavor\":\"a.b\",\"partner\":\"p\",\"properties\":{\"n\":1.10}}\n";
    let ndjson = &["--format", "ndjson"][..];
    vec![
        case("usual", usual.clone(), 3),
        case(
            "site in front",
            lines(&["shop.example:443 192.0.2.1 - -", "www.shop.example:80 192.0.2.2 - -", "shop.example 2001:db8::3 - -"]),
            3,
        ),
        case("names", lines(&["crawl-7.bots.example - -", "kiosk-3 - -", "- - -"]), 3),
        case("lists", lines(&["203.0.113.7, 198.51.100.4 - -", "203.0.113.8,198.51.100.4 - -", "unknown, 203.0.113.9 - -"]), 3),
        case("ports and zones", lines(&["192.0.2.1:51234 - -", "[2001:db8::2]:443 - -", "2001:db8::3%eth0 - -"]), 3),
        case("users", lines(&["192.0.2.1 - CN=Desk [north],O=Fair", "192.0.2.2 - desk[2]", "192.0.2.3 - desk@fair.example"]), 3),
        case("agent with a tab", line("192.0.2.1 - -", 1, "GET /a/ HTTP/1.1", "Reader/2.1\t(kiosk)"), 1),
        case("long agent", line("192.0.2.1 - -", 1, "GET /a/ HTTP/1.1", &"x".repeat(20_000)), 1),
        case(
            "odd bytes",
            [usual.as_bytes(), b"192.0.2.9 - - [22/Nov/2026:09:14:09 +0000] \"GET /\xff\x01/ HTTP/1.1\" 200 1 \"\xfe\" \"\0\"\n"].concat(),
            4,
        ),
        case("mark", format!("\u{feff}{usual}"), 3),
        case("cr alone", usual.replace('\n', "\r"), 3),
        case("crlf", usual.replace('\n', "\r\n"), 3),
        case("utf-16", utf16(&usual), 3),
        case("gzip", gzip(usual.as_bytes()), 3),
        case("common", common, 3),
        case("equal lines", format!("{usual}{usual}"), 6),
        Case { counts: [3, 1], says: "line 1: ", ..case("one bad line", format!("hello world\n{usual}"), 3) },
        Case { args: ndjson, ..case("drafts", drafts, 2) },
        Case { args: ndjson, ..case("drafts with a mark", format!("\u{feff}{drafts}"), 2) },
        refused(
            "iis",
            "#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time c-ip\r\n2026-11-22 09:14:01 192.0.2.1\r\n",
            &[],
            3,
            "IIS",
        ),
        refused("cloudfront", "#Version: 1.0\n#Fields: date time c-ip\n2026-11-22\t09:14:01\t192.0.2.1\n", &[], 3, "CloudFront"),
        refused("json", "{\"level\":\"info\",\"request\":{\"uri\":\"/\"}}\n", &[], 1, "JSON"),
        refused("json that is no draft", "{\"level\":\"info\",\"request\":{\"uri\":\"/\"}}\n", ndjson, 1, "no drafts"),
        refused("a log that is no draft", usual, ndjson, 3, "--format combined"),
        refused("zip", "PK\x03\x04\0\0", &[], 0, "zip"),
        refused("empty", "", &[], 0, "no line"),
        refused("html", "<html>\n</html>\n", &[], 2, "HTML"),
    ]
}

fn counts(ended: &Ended) -> Vec<u64> {
    ended.lines.iter().flat_map(|line| line.split_whitespace()).filter_map(|word| word.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dialect_is_read_or_refused_in_words() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (key, url) = (new_key(folder.path(), "ingest,read"), server.url());
    let file = folder.path().join("a.log");
    let path = file.to_str().expect("utf-8");
    for (number, case) in cases().iter().enumerate() {
        let event = format!("event-{number}");
        std::fs::write(&file, &case.bytes).expect("written");
        let replay = [&["replay", path, "--event", &event, "--url", &url, "--key", &key], case.args].concat();
        let ended = run(folder.path(), &replay);
        assert_eq!(ended.code, Some(case.code), "{}: {ended:?}", case.name);
        assert!(ended.stderr.contains(case.says), "{}: {ended:?}", case.name);
        let [accepted, unreadable] = case.counts;
        if case.code == 1 {
            assert_eq!(ended.stderr.trim_end().lines().count(), 1, "one sentence: {}: {ended:?}", case.name);
        }
        if !ended.lines.is_empty() {
            assert_eq!(counts(&ended), [accepted, 0, 0, unreadable], "{}: {ended:?}", case.name);
        }
        let again = run(folder.path(), &replay);
        assert!(again.lines.is_empty() || counts(&again) == [0, accepted, 0, unreadable], "the same again: {}: {again:?}", case.name);
        let stored = get(&server, &key, &format!("/v1/activities/counts?by=flavor&event={event}")).await["total"].clone();
        assert_eq!(stored, accepted, "{}", case.name);
    }
    // The same lines are other activities of another event, and standard input is a file as well.
    let usual = lines(&["192.0.2.1 - -"]);
    let replay = ["replay", "-", "--event", "piped", "--url", &url, "--key", &key];
    let ended = run_with_input(folder.path(), &replay, &usual);
    assert_eq!((ended.code, counts(&ended)), (Some(0), vec![1, 0, 0, 0]), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_pages_become_activities() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (key, url) = (new_key(folder.path(), "ingest,read"), server.url());
    let requests = [
        "GET /hall-a/ HTTP/1.1",
        "CONNECT relay.example:443 HTTP/1.1",
        "OPTIONS * HTTP/1.0",
        "GET @scan.example/x HTTP/1.1",
        "GET %. HTTP/1.1",
        "GET /../../secret HTTP/1.1",
        "GET http://other.example/b/c HTTP/1.1",
    ];
    let mut log: String =
        (1..).zip(requests).map(|(second, request)| line("shop.example:443 192.0.2.1 - -", second, request, "-")).collect();
    log.push_str(&line("192.0.2.1 - -", 30, "\\x16\\x03\\x01", "-"));
    let replay = ["replay", "-", "--event", "web", "--url", &url, "--key", &key];
    let ended = run_with_input(folder.path(), &replay, &log);
    assert_eq!((ended.code, counts(&ended)), (Some(0), vec![3, 0, 0, 1, 4]), "{ended:?}");
    assert!(
        ended.stderr.contains("4 requests ask for no page") && ended.stderr.contains("CONNECT relay.example:443 on line 2"),
        "{ended:?}"
    );
    let page = get(&server, &key, "/v1/activities").await;
    let found: Vec<[&str; 2]> = page["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| [&item["partner"]["key"], &item["source_url"]].map(|value| value.as_str().expect("text")))
        .collect();
    let want =
        [["b", "http://other.example/b/c"], ["secret", "https://shop.example/../../secret"], ["hall-a", "https://shop.example/hall-a/"]];
    assert_eq!(found, want);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_wrong_time_stops_no_play() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (key, url) = (new_key(folder.path(), "ingest,read"), server.url());
    let log = lines(&["192.0.2.1 - -", "192.0.2.2 - -", "192.0.2.3 - -"]).replace("2026:09:14:02", "1971:09:14:02");
    let ended = run_with_input(folder.path(), &["replay", "-", "--speed", "60", "--event", "web", "--url", &url, "--key", &key], &log);
    assert_eq!((ended.code, counts(&ended)), (Some(0), vec![3, 0, 0, 0]), "{ended:?}");
    assert_eq!(ended.stderr.matches("this gap and others are cut").count(), 1, "{ended:?}");
    let page: Value = get(&server, &key, "/v1/activities").await;
    assert!(page["items"].as_array().expect("items").iter().all(|item| item["late_ms"].as_u64() < Some(300_000)), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_new_partners_than_a_key_may_make_are_told_in_words() {
    let folder = tempfile::tempdir().expect("folder");
    let config = folder.path().join("tidings.toml");
    std::fs::write(&config, "[rate]\nthings_per_minute = 5\n").expect("written");
    let server = ServerProcess::serve_with(folder.path(), 0, &["--config", config.to_str().expect("utf-8")]);
    let (key, url) = (new_key(folder.path(), "ingest,read"), server.url());
    let log = lines(&["192.0.2.1 - -"; 7]);
    let replay = ["replay", "-", "--event", "web", "--url", &url, "--key", &key];
    let ended = run_with_input(folder.path(), &replay, &log);
    assert_eq!((ended.code, counts(&ended)), (Some(1), vec![4, 0, 3, 0]), "{ended:?}");
    for words in
        ["3 times, first on line 5: partner: \"hall-5\" is new", "at most 5 things on first sight a minute; send it again in", "PUT"]
    {
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    }
    let again = run_with_input(folder.path(), &replay, &log);
    assert_eq!(counts(&again)[1], 4, "what was stored is not stored twice: {again:?}");
}
