//! Against the UA-Parser project's own crate on the same rules, and against what a person would say.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use tokio_util::task::TaskTracker;
use ua_parser::{Extractor, Regexes};
use uaparser::Parser as _;

use super::{AGENT_PARSED_BYTES_MAX, Agent, PARSER, RULES, UserAgents, cut};
use crate::domain::{Client, Device};
use crate::ingest::display_names::NOTHING;

/// A web server's combined log that lies beside the checkout where it is there.
const LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/access.log");

/// Agents of many kinds, and what a person would call them: device, platform, browser.
#[rustfmt::skip]
const SAMPLE: &[(&str, Device, &str, &str)] = &[
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", Device::Desktop, "Windows 10", "Chrome 142"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", Device::Desktop, "Windows 10", "Edge 142"),
    ("Mozilla/5.0 (Windows NT 6.3; WOW64; Trident/7.0; rv:11.0) like Gecko", Device::Desktop, "Windows 8.1", "Internet Explorer 11"),
    ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", Device::Desktop, "Windows XP", "Internet Explorer 6"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", Device::Desktop, "macOS 10.15", "Safari 18"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0", Device::Desktop, "macOS 10.15", "Firefox 144"),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", Device::Desktop, "Ubuntu", "Firefox 144"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 OPR/125.0.0.0", Device::Desktop, "Linux", "Opera 125"),
    ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", Device::Desktop, "Chrome OS 14541.0", "Chrome 142"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1", Device::Mobile, "iOS 18.1", "Safari 18"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1", Device::Mobile, "iOS 18.1", "Chrome 142"),
    ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", Device::Tablet, "iOS 17.5", "Safari 17"),
    ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36", Device::Mobile, "Android 15", "Chrome 142"),
    ("Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36", Device::Mobile, "Android 14", "Samsung Internet 26"),
    ("Mozilla/5.0 (Android 14; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0", Device::Mobile, "Android 14", "Firefox 144"),
    ("Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", Device::Tablet, "Android 13", "Chrome 142"),
    ("Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15", Device::Console, "", "Safari 13"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/48.0.2564.82 Safari/537.36 Edge/20.02", Device::Console, "Windows 10", "Edge 20"),
    ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36", Device::Tv, "Tizen 6.0", "Safari"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0", Device::EmailClient, "Windows 10", "Thunderbird 128"),
    ("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/8.0; Microsoft Outlook 16.0.5000; ms-office; MSOffice 16)", Device::EmailClient, "Windows 10", "Outlook 2016"),
    ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", Device::EmailClient, "Windows XP", "Gmail"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Device::Bot, "", "Googlebot 2"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) AppleWebKit/536.26 (KHTML, like Gecko) Version/6.0 Mobile/10A5376e Safari/8536.25 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Device::Bot, "iOS 6.0", "Googlebot 2"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36", Device::Bot, "Linux", "Headless Chrome 142"),
    ("curl/8.5.0", Device::Bot, "", "curl 8"),
    ("python-requests/2.32.3", Device::Bot, "", "Python Requests 2"),
    ("Go-http-client/1.1", Device::Bot, "", "Go-http-client 1"),
    ("Embedly +support@embed.ly", Device::Bot, "", ""),
    ("-", Device::Unknown, "", ""),
    ("", Device::Unknown, "", ""),
];

fn told(client: Option<&Client>) -> String {
    match client {
        Some(Client { name, version: Some(version) }) => format!("{name} {version}"),
        Some(Client { name, version: None }) => name.clone(),
        None => String::new(),
    }
}

/// Distinct agents of the log and how often each stands there; the sample where the log is not there.
fn agents() -> BTreeMap<String, usize> {
    let Ok(log) = std::fs::read_to_string(LOG) else {
        println!("{LOG} is not there: only the {} agents of the sample are compared", SAMPLE.len());
        return SAMPLE.iter().map(|row| (row.0.to_owned(), 1)).collect();
    };
    let mut agents = BTreeMap::new();
    for agent in log.lines().filter_map(|line| line.split('"').nth(5)) {
        *agents.entry(agent.to_owned()).or_default() += 1;
    }
    agents
}

#[test]
fn says_what_a_person_would_say() {
    for (agent, device, platform, browser) in SAMPLE {
        let found = Agent::parse(agent);
        let found = (found.device, told(found.platform.as_ref()), told(found.browser.as_ref()));
        assert_eq!(found, (*device, (*platform).to_owned(), (*browser).to_owned()), "{agent}");
    }
}

/// Where the two differ on the log, and why: the reference widens bounded repetitions (`.{0,100}` becomes `.*`), so it
/// finds these words further back than the rules allow.
const BEYOND_THE_RULES: &[&str] = &["360Spider", "slurp", "http://spinn3r.com/robot"];

#[test]
fn agrees_with_the_reference_on_real_agents() {
    let rules = std::str::from_utf8(RULES).expect("text");
    let reference: Regexes<'_> = serde_saphyr::from_str(rules).expect("rules");
    let reference = Extractor::try_from(reference).expect("rules");
    let ours = PARSER.as_ref().expect("rules");
    for agent in agents().keys().filter(|agent| !BEYOND_THE_RULES.iter().any(|word| agent.contains(word))) {
        let (browser, platform, device) = reference.extract(agent);
        let found = ours.parse(agent);
        let text = |text: &Option<_>| text.as_ref().map(ToString::to_string).filter(|text: &String| !text.is_empty());
        let want = browser.map(|b| (b.family.to_string(), b.major.map(str::to_owned)));
        let got = (found.user_agent.family.to_string(), text(&found.user_agent.major));
        assert_eq!(got, want.unwrap_or((NOTHING.to_owned(), None)), "browser of {agent}");
        let want = platform.map(|p| (p.os.to_string(), text(&p.major), text(&p.minor)));
        let got = (found.os.family.to_string(), text(&found.os.major), text(&found.os.minor));
        assert_eq!(got, want.unwrap_or((NOTHING.to_owned(), None, None)), "platform of {agent}");
        let want = device.map_or(NOTHING.to_owned(), |d| d.device.to_string());
        assert_eq!(found.device.family, want, "device of {agent}");
    }
}

#[test]
fn counts_of_a_real_log_look_right() {
    let agents = agents();
    if agents.values().sum::<usize>() != 10_000 {
        return;
    }
    let mut counts = BTreeMap::<String, usize>::new();
    for (agent, times) in &agents {
        let found = Agent::parse(agent);
        let name = |client: Option<Client>| client.map_or("none".to_owned(), |client| client.name);
        for value in [found.device.as_str().to_owned(), name(found.platform), name(found.browser)] {
            *counts.entry(value).or_default() += times;
        }
    }
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    let lines_with = |word: &str| agents.iter().filter(|(agent, _)| agent.contains(word)).map(|(_, times)| times).sum::<usize>();
    assert_eq!(count("Ubuntu"), lines_with("Ubuntu"));
    assert_eq!(count("Googlebot") + count("Googlebot-Image") + count("Googlebot-Mobile"), lines_with("Googlebot"));
    for (name, want) in COUNTED {
        assert_eq!(count(name), *want, "{name}");
    }
}

/// As the list of agents was when it was read through; a change of rules or tables shows here.
const COUNTED: &[(&str, usize)] = &[
    ("Windows", 3_315),
    ("macOS", 1_444),
    ("Linux", 1_457),
    ("iOS", 429),
    ("Android", 204),
    ("Chrome", 3_087),
    ("Firefox", 2_633),
    ("Internet Explorer", 487),
    ("Safari", 376),
    ("desktop", 6_803),
    ("mobile", 307),
    ("tablet", 94),
    ("bot", 2_538),
    ("email_client", 3),
    ("unknown", 255),
];

#[tokio::test]
async fn a_look_up_is_remembered_and_cut() {
    let tasks = TaskTracker::new();
    let agents = UserAgents::start(&tasks);
    let long = format!("curl/8.5.0 {}", "ä".repeat(2_000));
    let (first, second) = tokio::join!(agents.look_up(&long), agents.look_up(&long));
    assert_eq!(first.device, Device::Bot);
    assert!(Arc::ptr_eq(&first, &second));
    let same_to_us = format!("{}ö and more", cut(&long));
    assert!(cut(&long).len() <= AGENT_PARSED_BYTES_MAX);
    assert!(Arc::ptr_eq(&first, &agents.look_up(&same_to_us).await));
    tasks.close();
    tasks.wait().await;
}

#[test]
fn the_rules_are_there() {
    assert!(LazyLock::force(&PARSER).is_some());
}
