//! Fields that only enrich never decide over an activity: what cannot be used of them is left out, cut or read, and told.

use serde_json::{Value, json};

use super::{accepted, parse_body, with};
use crate::domain::NewActivity;
use crate::domain::limits::USER_AGENT_BYTES_MAX;

/// The activity, and path and code of every warning.
fn told(fields: Value) -> (NewActivity, Vec<(String, &'static str)>) {
    let mut drafts = parse_body("application/json", &with(fields.clone()).to_string()).expect("parses");
    let activity = drafts.items.remove(0).unwrap_or_else(|invalid| panic!("{fields}: {invalid}"));
    let warnings = drafts.warnings.into_iter().flat_map(|(index, faults)| {
        assert_eq!(index, 0);
        faults
    });
    (activity, warnings.map(|fault| (fault.path, fault.code)).collect())
}

#[test]
fn an_empty_text_is_an_absent_field() {
    let fields = [
        "id",
        "message",
        "campaign",
        "actor",
        "occurred_at",
        "source_url",
        "referrer_url",
        "user_agent",
        "device",
        "platform",
        "browser",
        "ip",
        "properties",
    ];
    let absent = accepted(&with(json!({})));
    for field in fields {
        assert_eq!(told(json!({field: ""})), (absent.clone(), Vec::new()), "{field}");
    }
    let version = told(json!({"browser": {"name": "Chrome", "version": ""}})).0.browser.expect("given");
    assert_eq!((version.name.as_str(), version.version), ("Chrome", None));
}

#[test]
fn what_cannot_be_used_is_told() {
    let long_query = format!("https://ads.example/click?{}", "q".repeat(3_000));
    let long_path = format!("https://ads.example/{}", "q".repeat(3_000));
    for (fields, want) in [
        (json!({"referrer_url": "about:blank"}), ("referrer_url", "url_form")),
        (json!({"referrer_url": "android-app://example.mailapp/"}), ("referrer_url", "url_form")),
        (json!({"source_url": "javascript:alert(1)"}), ("source_url", "url_form")),
        (json!({"source_url": "https://a.example/\t"}), ("source_url", "")),
        (json!({"source_url": "https://a.example/\tb"}), ("source_url", "bad_character")),
        (json!({"referrer_url": long_query}), ("referrer_url", "too_long")),
        (json!({"referrer_url": long_path}), ("referrer_url", "too_long")),
        (json!({"user_agent": "a".repeat(5_000)}), ("user_agent", "too_long")),
        (json!({"user_agent": "Reader\t1"}), ("user_agent", "bad_character")),
        (json!({"ip": "203.0.113.9:80"}), ("ip", "ip_form")),
        (json!({"ip": "203.0.113.7, 198.51.100.4"}), ("ip", "ip_form")),
        (json!({"ip": "kiosk-3"}), ("ip", "ip_form")),
    ] {
        let want: Vec<(String, &str)> =
            [want].into_iter().filter(|w| !w.1.is_empty()).map(|(path, code)| (path.to_owned(), code)).collect();
        assert_eq!(told(fields.clone()).1, want, "{fields}");
    }
    let (activity, _) = told(json!({"referrer_url": long_query, "source_url": "https://reader:secret@user.example/a"}));
    assert_eq!(activity.referrer_url.expect("cut").as_str(), "https://ads.example/click");
    assert_eq!(activity.source_url.expect("kept").as_str(), "https://user.example/a");
    // Several at once, and by the agent as it is kept.
    let agent = format!("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 {}", "x".repeat(USER_AGENT_BYTES_MAX));
    let (activity, warnings) = told(json!({"user_agent": agent, "ip": "-", "referrer_url": "-"}));
    assert_eq!(activity.browser.expect("read").name, "Firefox");
    assert_eq!(warnings.iter().map(|w| w.0.as_str()).collect::<Vec<_>>(), ["referrer_url", "user_agent", "ip"]);
}

#[test]
fn warnings_stand_beside_their_draft() {
    let good = with(json!({})).to_string();
    let odd = with(json!({"referrer_url": "about:blank"})).to_string();
    let refused = with(json!({"referrer_url": "about:blank", "partner": 7})).to_string();
    let drafts = parse_body("application/x-ndjson", &[&*good, &odd, &refused, &good, &odd].join("\n")).expect("parses");
    assert_eq!(drafts.items.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, true, true]);
    assert_eq!(drafts.warnings.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 4]);
    let event = json!({"specversion": "1.0", "type": "a.b", "source": "s", "id": "1", "data": {"event": "e", "partner": "p", "ip": "x"}});
    let drafts = parse_body("application/cloudevents+json", &event.to_string()).expect("parses");
    assert_eq!(drafts.warnings[0].1[0].path, "data.ip");
}
