//! A real web server's log through the public API, counted by a second reader of the same rules.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use hyper::Method;
use serde_json::Value;
use ua_parser::{Extractor, Regexes};

use crate::app::request;
use crate::child::{ServerProcess, new_key, output, run};

/// 10,000 lines that nobody here wrote, where they are; the project has a small sample of its own.
const REAL_LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/access.log");
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/sample/access.log");
const RULES: &str = include_str!(concat!(env!("OUT_DIR"), "/regexes.yaml"));

/// Where the reference sees more than the rules say: it reads `.{0,100}` as `.*` and finds these words further back.
const BEYOND_THE_RULES: &[&str] = &["360Spider", "slurp", "http://spinn3r.com/robot"];

/// What people call what the rules name otherwise, as far as these logs have it. Written down again, not taken from the
/// server.
const BROWSERS: &[(&str, &str)] = &[
    ("Android", "Android Browser"),
    ("Chrome Frame", "Chrome"),
    ("Chrome Mobile", "Chrome"),
    ("Chrome Mobile iOS", "Chrome"),
    ("Firefox Alpha", "Firefox"),
    ("Firefox Beta", "Firefox"),
    ("Firefox Mobile", "Firefox"),
    ("Firefox iOS", "Firefox"),
    ("IE", "Internet Explorer"),
    ("IE Mobile", "Internet Explorer"),
    ("Mobile Safari", "Safari"),
    ("Mobile Safari UI/WKWebView", "Safari"),
    ("Opera Mobile", "Opera"),
    ("WebKit Nightly", "Safari"),
    ("Yahoo! Slurp", "Yahoo Slurp"),
    ("python-requests", "Python Requests"),
];
const PLATFORMS: &[(&str, &str)] = &[
    ("ATV OS X", "tvOS"),
    ("BlackBerry Tablet OS", "BlackBerry OS"),
    ("Kubuntu", "Ubuntu"),
    ("Mac OS", "macOS"),
    ("Mac OS X", "macOS"),
    ("Symbian OS", "Symbian"),
];

fn shown<'a>(table: &[(&str, &'a str)], family: &'a str) -> &'a str {
    if family.starts_with("Firefox (") {
        return "Firefox";
    }
    table.iter().find(|row| row.0 == family).map_or(family, |row| row.1)
}

type Counts = BTreeMap<String, u64>;

/// How often each browser and each platform stands in these lines, and how many lines the reference cannot judge.
fn expected<'a>(lines: impl Iterator<Item = &'a str>) -> (Counts, Counts, u64) {
    let rules: Regexes<'_> = serde_saphyr::from_str(RULES).expect("rules");
    let reference = Extractor::try_from(rules).expect("rules");
    let mut agents = HashMap::<&str, u64>::new();
    for line in lines {
        *agents.entry(line.split('"').nth(5).expect("an agent")).or_default() += 1;
    }
    let (mut browsers, mut platforms, mut beyond) = (Counts::new(), Counts::new(), 0);
    for (agent, times) in agents {
        if BEYOND_THE_RULES.iter().any(|word| agent.contains(word)) {
            beyond += times;
            continue;
        }
        let (browser, platform, _) = reference.extract(agent);
        if let Some(browser) = browser {
            *browsers.entry(shown(BROWSERS, &browser.family).to_owned()).or_default() += times;
        }
        if let Some(platform) = platform {
            *platforms.entry(shown(PLATFORMS, &platform.os).to_owned()).or_default() += times;
        }
    }
    (browsers, platforms, beyond)
}

/// The four numbers that a replay ends with: accepted, duplicates, rejected, unreadable.
fn tally(told: &str) -> [u64; 4] {
    let numbers: Vec<u64> = told.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().unwrap_or_else(|_| panic!("{told:?} has no four numbers"))
}

fn counted(counts: &Value, field: &str) -> Counts {
    let values = counts["by"][field].as_array().expect("values").iter();
    values.map(|v| (v["value"].as_str().expect("a value").to_owned(), v["count"].as_u64().expect("a count"))).collect()
}

/// Every value that is shown is counted as the reference counts it, but for the lines that it cannot judge.
fn check_counts(counts: &Value, field: &str, want: &Counts, beyond: u64) {
    let found = counted(counts, field);
    assert!(!found.is_empty());
    for (value, count) in &found {
        let want = want.get(value).copied().unwrap_or(0);
        assert!(count.abs_diff(want) <= beyond, "{field} {value}: {count}, and {want} by the reference");
    }
    let whole = counts["rest"][field].as_u64().unwrap_or(0) == 0;
    let missing: Vec<_> = want.iter().filter(|(value, count)| whole && **count > beyond && !found.contains_key(*value)).collect();
    assert!(missing.is_empty(), "{field}: {missing:?} are not shown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_stored_once_and_counted_right() {
    let path = if Path::new(REAL_LOG).exists() { REAL_LOG } else { SAMPLE };
    let log = std::fs::read_to_string(path).expect("a log");
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (key, url) = (new_key(folder.path(), "ingest,read"), server.url());
    let replay = ["replay", path, "--speed", "max", "--event", "web", "--url", &url, "--key", &key];
    let lines = log.lines().count() as u64;
    let first = tally(&output(folder.path(), &replay));
    assert_eq!(first, [lines, 0, 0, 0], "each line is one activity, equal ones too");

    let bearer = format!("Bearer {key}");
    let get = async |path: &str| request(server.address, Method::GET, path, &[("authorization", bearer.as_str())], "").await.json();
    let counts = get("/v1/activities/counts?by=browser,platform,device").await;
    assert_eq!(counts["total"].as_u64(), Some(lines));
    let (browsers, platforms, beyond) = expected(log.lines());
    assert!(beyond * 50 <= lines, "{beyond} lines are not held to anything");
    check_counts(&counts, "browser", &browsers, beyond);
    check_counts(&counts, "platform", &platforms, beyond);
    let devices = counted(&counts, "device");
    assert_eq!(devices.values().sum::<u64>(), lines, "every activity has a class of device: {devices:?}");
    let of = |word: &str| log.lines().filter(|line| line.contains(word)).count() as u64;
    assert!(devices["bot"] >= of("Googlebot/2.1"), "crawlers are told as such: {devices:?}");
    assert!(devices["mobile"] + devices["bot"] >= of("iPhone;"), "{devices:?}");
    // A browser by its other names is the same browser.
    let count_of = async |query: &str| get(&format!("/v1/activities/counts?by=flavor&{query}")).await["total"].clone();
    assert_eq!(count_of("browser=Mozilla").await, count_of("browser=Firefox").await);

    // The whole of it again adds nothing; played at a speed it is a new thing that happens.
    assert_eq!(tally(&output(folder.path(), &replay)), [0, lines, 0, 0]);
    assert_eq!(get("/v1/activities/counts?by=flavor").await["total"], counts["total"]);
    let played = ["replay", SAMPLE, "--speed", "1000000", "--event", "played", "--url", &url, "--key", &key];
    let [accepted, duplicates, ..] = tally(&output(folder.path(), &played));
    assert_eq!((accepted > 20, duplicates), (true, 0));
    let page = get("/v1/activities?event=played&limit=1").await;
    assert_eq!(page["items"][0]["flavor"]["key"], "page.viewed");
    assert!(page["items"][0]["late_ms"].as_u64() < Some(300_000), "it plays now: {page}");
}

#[test]
fn lines_that_are_none_are_told_and_stop_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (key, url) = (new_key(folder.path(), "ingest,read"), server.url());
    let file = folder.path().join("drafts.ndjson");
    let lines = [
        "{\"flavor\":\"a.b\",\"partner\":\"p\"}",
        "hello",
        "",
        "{\"flavor\":\"b\",\"partner\":\"p\"}",
        "{\"flavor\":\"a.c\",\"partner\":\"p\"}",
    ];
    std::fs::write(&file, lines.join("\n")).expect("written");
    let file = file.to_str().expect("utf-8");
    let replay = |args: &[&str]| run(folder.path(), &[&["replay", file, "--url", &url, "--key", &key, "--event", "web"], args].concat());
    let ended = replay(&["--format", "ndjson"]);
    assert_eq!((ended.code, tally(&ended.lines.join(" "))), (Some(1), [2, 0, 1, 1]), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("line 2: ") && ended.stderr.contains("first on line 4: ") && ended.stderr.contains("flavor"),
        "{}",
        ended.stderr
    );
    let ended = replay(&[]);
    assert_eq!((ended.code, tally(&ended.lines.join(" "))), (Some(1), [0, 0, 0, 4]), "no line of a combined log: {}", ended.stderr);
    let missing = run(folder.path(), &["replay", "nowhere.log", "--url", &url, "--key", &key, "--event", "web"]);
    assert!(missing.code == Some(1) && missing.stderr.contains("nowhere.log"), "{missing:?}");
}
