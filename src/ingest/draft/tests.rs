//! Tables of drafts and what is said of them.

use serde_json::{Value, json};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{DraftContext, Drafts, EVENT_FORBIDDEN, parse};
use crate::domain::limits::{DRAFT_BYTES_MAX, REQUEST_BYTES_MAX, REQUEST_DRAFTS_MAX};
use crate::domain::{ActivityId, Actor, Client, Device, Grade, Invalid, Key, NewActivity, Property, UnixMs};
use crate::ingest::{BodyError, EventHeader, UserAgents};

/// 2026-11-22T09:14:03.120Z.
const NOW: UnixMs = UnixMs(1_795_338_843_120);

/// Parses as a key would that is bound to `bound`, on a runtime of its own.
fn parse_bound(content_type: Option<&str>, body: &[u8], bound: Option<&str>) -> Result<Drafts, BodyError> {
    parse_with(content_type, body, |context| context.bound_event = bound)
}

/// Parses a request whose headers make an id and hold the attributes of an event.
fn parse_made(made: ActivityId, headers: &[EventHeader<'_>], body: &str) -> Result<Drafts, BodyError> {
    parse_with(None, body.as_bytes(), |told| *told = Told { bound_event: None, made_id: Some(made), headers })
}

/// What a request says beside its body.
#[derive(Default)]
struct Told<'a> {
    bound_event: Option<&'a str>,
    made_id: Option<ActivityId>,
    headers: &'a [EventHeader<'a>],
}

fn parse_with<'a>(content_type: Option<&str>, body: &[u8], tell: impl FnOnce(&mut Told<'a>)) -> Result<Drafts, BodyError> {
    let mut told = Told::default();
    tell(&mut told);
    let Told { bound_event: bound, made_id, headers: event_headers } = told;
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    let _entered = runtime.enter();
    let bound = bound.map(Key::trusted);
    let agents = UserAgents::start(&TaskTracker::new());
    let new_id = |_| ActivityId(Uuid::from_u128(7));
    let context = DraftContext { now: NOW, bound: &bound.clone().into(), event_headers, made_id, new_id: &new_id, agents: &agents };
    runtime.block_on(parse(content_type, body, &context))
}

fn parse_body(content_type: &str, body: &str) -> Result<Drafts, BodyError> {
    parse_bound(Some(content_type), body.as_bytes(), None)
}

fn one(draft: &str) -> Result<NewActivity, Invalid> {
    let drafts = parse_body("application/json", draft).expect("a body that parses");
    assert!(!drafts.many);
    drafts.items.into_iter().next().expect("one draft")
}

fn accepted(draft: &Value) -> NewActivity {
    one(&draft.to_string()).unwrap_or_else(|invalid| panic!("{draft}: {invalid}"))
}

/// The least draft, with some fields set or (by null) left out.
fn with(fields: Value) -> Value {
    let mut draft = json!({"flavor": "page.viewed", "event": "expo", "partner": "acme"});
    let object = draft.as_object_mut().expect("an object");
    object.extend(fields.as_object().expect("fields").clone());
    draft
}

/// Path and code of every fault of a draft.
fn check(draft: &str, want: &[(&str, &str)]) {
    let invalid = one(draft).expect_err(draft);
    let found: Vec<_> = invalid.faults.iter().map(|fault| (fault.path.as_str(), fault.code)).collect();
    assert_eq!(found, want, "{draft}");
    assert!(invalid.faults.iter().all(|fault| !fault.message.is_empty()), "{draft}");
}

#[test]
fn the_least_draft_gets_defaults() {
    let activity = accepted(&with(json!({})));
    assert_eq!(activity.id, ActivityId(Uuid::from_u128(7)));
    assert!(!activity.id_given);
    assert_eq!((activity.occurred_at, activity.actor, activity.device), (NOW, Actor::Unknown, Device::Unknown));
    assert_eq!((activity.grade, activity.grade_reasons), (Grade::Unclear, vec!["not_graded"]));
    assert_eq!(accepted(&with(json!({"flavor": "message.opened"}))).actor, Actor::Partner);
}

#[test]
fn what_says_that_it_is_a_program_is_a_machine() {
    for (fields, grade, reason) in
        [(json!({"device": "bot"}), Grade::Machine, "declared_bot"), (json!({"device": "desktop"}), Grade::Unclear, "not_graded")]
    {
        let activity = accepted(&with(fields));
        assert_eq!((activity.grade, activity.grade_reasons), (grade, vec![reason]));
    }
}

#[test]
fn a_full_draft_is_read_whole() {
    let activity = accepted(&json!({
        "id": "0198c7a2-4d1e-7000-8000-000000000000", "flavor": "message.opened", "event": "Expo-2026", "partner": "acme",
        "message": "welcome", "campaign": "invite-1", "actor": "invitee", "occurred_at": "2026-11-22T10:14:03.12+01:00",
        "source_url": "https://Example.com/a?b=c", "referrer_url": "http://www.google.com/", "device": null,
        "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        "platform": null, "browser": null, "ip": "203.0.113.9",
        "properties": {"amount": 12, "note": "two\nlines", "paid": true, "gone": null, "ratio": 0.5}
    }));
    assert!(activity.id_given);
    assert_eq!(activity.event.as_str(), "Expo-2026");
    assert_eq!((activity.occurred_at, activity.actor, activity.device), (NOW, Actor::Invitee, Device::Desktop));
    let named = |name: &str, version: &str| Some(Client { name: name.to_owned(), version: Some(version.to_owned()) });
    assert_eq!((activity.platform, activity.browser), (named("macOS", "10.15"), named("Chrome", "142")));
    assert_eq!(activity.source_url.expect("given").as_str(), "https://Example.com/a?b=c");
    assert_eq!(activity.properties.keys().collect::<Vec<_>>(), ["amount", "note", "paid", "ratio"]);
    assert_eq!(activity.properties["note"], Property::Text("two\nlines".to_owned()));
}

#[test]
fn what_is_given_of_a_client_wins() {
    let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 7_0_4 like Mac OS X) AppleWebKit/537.51.1 (KHTML, like Gecko) Version/7.0 Mobile/11B554a Safari/9537.53";
    let client = |name: &str, version: Option<&str>| Some(Client { name: name.to_owned(), version: version.map(str::to_owned) });
    for (fields, device, platform, browser) in [
        (json!({}), Device::Mobile, client("iOS", Some("7.0")), client("Safari", Some("7"))),
        (json!({"device": "tv"}), Device::Tv, client("iOS", Some("7.0")), client("Safari", Some("7"))),
        (json!({"browser": "IE", "platform": "OSX"}), Device::Mobile, client("macOS", None), client("Internet Explorer", None)),
        (
            json!({"browser": {"name": "mozilla", "version": "142.0"}, "platform": {"name": "Haiku"}}),
            Device::Mobile,
            client("Haiku", None),
            client("Firefox", Some("142.0")),
        ),
    ] {
        let mut draft = with(fields.clone());
        draft["user_agent"] = json!(agent);
        let activity = accepted(&draft);
        assert_eq!((activity.device, activity.platform, activity.browser), (device, platform, browser), "{fields}");
    }
}

#[test]
fn every_fault_of_a_draft_is_told_at_once() {
    check("{}", &[("event", "required"), ("flavor", "required"), ("partner", "required")]);
    check(
        r#"{"flavor":"Viewed","event":"a b","partner":7,"message":"..","occured_at":"x","occurred_at":"x","source_url":7,
            "device":"fridge","ip":{},"actor":"me","id":"7","properties":{"a":[1],"b":{"c":1}},"platform":{"version":1,"x":1}}"#,
        &[
            ("occured_at", "unknown_field"),
            ("id", "uuid_form"),
            ("flavor", "flavor_form"),
            ("event", "bad_character"),
            ("partner", "wrong_type"),
            ("message", "dot_key"),
            ("actor", "unknown_value"),
            ("occurred_at", "time_form"),
            ("source_url", "wrong_type"),
            ("device", "unknown_value"),
            ("platform.x", "unknown_field"),
            ("platform.name", "required"),
            ("platform.version", "wrong_type"),
            ("ip", "wrong_type"),
            ("properties.a", "wrong_type"),
            ("properties.b", "wrong_type"),
        ],
    );
}

#[test]
fn each_rule_is_told_by_its_place() {
    let properties = |count: usize, value: &str| (0..count).map(|n| (format!("p{n}"), json!(value))).collect::<serde_json::Map<_, _>>();
    for (fields, path, code) in [
        (json!({"flavor": null}), "flavor", "required"),
        (json!({"flavor": "a.".repeat(40)}), "flavor", "too_long"),
        (json!({"partner": "a".repeat(129)}), "partner", "too_long"),
        (json!({"partner": "a\u{0}"}), "partner", "bad_character"),
        (json!({"campaign": "a/b"}), "campaign", "bad_character"),
        (json!({"occurred_at": "2026-11-22T09:19:03.121Z"}), "occurred_at", "too_far_ahead"),
        (json!({"occurred_at": "1969-12-31T23:59:59Z"}), "occurred_at", "too_early"),
        (json!({"occurred_at": 1_795_338_843}), "occurred_at", "wrong_type"),
        (json!({"flavor": ""}), "flavor", "flavor_form"),
        (json!({"partner": ""}), "partner", "empty"),
        (json!({"event": ""}), "event", "required"),
        (json!({"partner": ".."}), "partner", "dot_key"),
        (json!({"campaign": "."}), "campaign", "dot_key"),
        (json!({"partner": "a\u{202e}b"}), "partner", "bad_character"),
        (json!({"user_agent": "a\u{0}b"}), "user_agent", "bad_character"),
        (json!({"source_url": "https://a/\u{0}"}), "source_url", "bad_character"),
        (json!({"user_agent": ["a"]}), "user_agent", "wrong_type"),
        (json!({"browser": " "}), "browser", "empty"),
        (json!({"browser": "a\tb"}), "browser", "bad_character"),
        (json!({"browser": {"name": "a".repeat(129)}}), "browser.name", "too_long"),
        (json!({"platform": true}), "platform", "wrong_type"),
        (json!({"device": {"name": "mobile"}}), "device", "wrong_type"),
        (json!({"platform": {"name": ""}}), "platform.name", "empty"),
        (json!({"ip": 7}), "ip", "wrong_type"),
        (json!({"properties": {"a": {"b": 1}}}), "properties.a", "wrong_type"),
        (json!({"properties": []}), "properties", "wrong_type"),
        (json!({"properties": {"": 1}}), "properties", "empty"),
        (json!({"properties": {"a\nb": 1}}), "properties.a\nb", "bad_character"),
        (json!({"properties": {"a": "\u{0}"}}), "properties.a", "bad_character"),
        (json!({"properties": properties(33, "")}), "properties", "too_many"),
        (json!({"properties": {"a": "x".repeat(4_090)}}), "properties", "too_large"),
        (json!({"properties": properties(20, &"\u{1}".repeat(40))}), "properties", "too_large"),
        (json!({"properties": {"a": "x".repeat(DRAFT_BYTES_MAX)}}), "", "too_large"),
    ] {
        check(&with(fields).to_string(), &[(path, code)]);
    }
    accepted(&with(json!({"occurred_at": "2026-11-22T09:19:03.120Z"})));
    accepted(&with(json!({"properties": properties(32, "x")})));
    accepted(&with(json!({"properties": {"a": "x".repeat(4_088)}})));
    accepted(&with(json!({"user_agent": "-", "properties": {}})));
}

#[test]
fn a_name_given_twice_is_refused() {
    let least = r#""flavor":"a.b","event":"e","partner":"p""#;
    check(&format!(r#"{{{least},"partner":"q"}}"#), &[("partner", "duplicate_field")]);
    check(&format!(r#"{{{least},"message":null,"message":"m"}}"#), &[("message", "duplicate_field")]);
    check(&format!(r#"{{{least},"properties":{{"a":1,"\u0061":2}}}}"#), &[("properties.a", "duplicate_field")]);
    check(&format!(r#"{{{least},"browser":{{"name":"a","name":"b"}}}}"#), &[("browser.name", "duplicate_field")]);
}

#[test]
fn a_bound_key_knows_one_event() {
    let judged = |draft: Value| parse_bound(None, draft.to_string().as_bytes(), Some("Expo")).expect("parses").items.remove(0);
    let filled = judged(with(json!({"event": null}))).expect("filled in");
    assert_eq!(filled.event.as_str(), "Expo");
    let named = judged(with(json!({"event": "eXPO"}))).expect("the same by fold");
    assert_eq!(named.content_hash, filled.content_hash);
    let other = judged(with(json!({"event": "other"}))).expect_err("forbidden");
    assert_eq!((other.faults[0].path.as_str(), other.faults[0].code), ("event", EVENT_FORBIDDEN));
}

#[test]
fn many_are_judged_one_by_one() {
    let good = with(json!({})).to_string();
    for (content_type, body) in [
        ("application/json", format!("[{good}, {{}} ,\n{good}]")),
        ("Application/JSON; charset=\"UTF-8\"", format!("\u{feff}[{good},{{}},{good}]")),
        ("application/x-ndjson", format!("{good}\n{{}}\n{good}\n")),
        ("application/x-ndjson", format!("\r\n{good}\r\n\r\n  {{}}\t\n\n{good}")),
        ("application/jsonl", format!("{good}\r{{}}\r{good}\r")),
        ("text/plain;charset=UTF-8", format!("[{good},{{}},{good}]")),
    ] {
        let drafts = parse_body(content_type, &body).expect(&body);
        assert!(drafts.many);
        assert_eq!(drafts.items.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true], "{body}");
    }
    assert_eq!(parse_body("application/json", " [ ] ").expect("empty").items.len(), 0);
    assert!(parse_body("application/x-ndjson", &good).expect("one line").many);
}

#[test]
fn what_does_not_parse_is_refused_whole_by_its_place() {
    let good = with(json!({})).to_string();
    let at = |content_type: &str, body: &str| match parse_body(content_type, body) {
        Err(BodyError::Malformed { line, column, .. }) => (line, column),
        other => panic!("{body}: {other:?}"),
    };
    for (body, want) in [
        ("{", (1, 1)),
        ("nonsense", (1, 2)),
        ("{\"a\":1}x", (1, 8)),
        ("[{}\n,{},\n]", (3, 1)),
        ("[{}, {\"a\": tru}]", (1, 15)),
        ("[{},\n{\"id\": \"\\ud80\"}]", (2, 14)),
        ("[{},{\"id\": \"\\x\"}]", (1, 14)),
        ("{\"properties\":{\"a\":1e}}", (1, 22)),
        ("{\"a\":\"\u{1}\"}", (1, 6)),
    ] {
        assert_eq!(at("application/json", body), want, "{body:?}");
    }
    assert_eq!(at("application/x-ndjson", &format!("{good}\n\n{good}x\n")), (3, good.len() + 1));
    assert_eq!(at("application/x-ndjson", &format!("{good}\n  {{\"a\" 1}}")), (2, 8));
    assert_eq!(at("application/x-ndjson", &format!("{good}\r{good}\r\n  {{\"a\" 1}}")), (3, 8));
    let bytes = [b"[\n\"".as_slice(), &[0xff], b"\"]"].concat();
    let not_text = parse_bound(None, &bytes, None).expect_err("not UTF-8");
    assert!(matches!(not_text, BodyError::Malformed { line: 2, column: 2, .. }), "{not_text}");
}

#[test]
fn other_bodies_are_refused_whole() {
    let many = format!("[{}]", vec!["{}"; REQUEST_DRAFTS_MAX + 1].join(","));
    let lines = "{}\n".repeat(REQUEST_DRAFTS_MAX + 1);
    let large = " ".repeat(REQUEST_BYTES_MAX + 1);
    for (content_type, body, want) in [
        ("application/json", "", "body_empty"),
        ("application/json", " \n", "body_empty"),
        ("application/x-ndjson", "\n\r\n", "body_empty"),
        ("application/json", "7", "not_an_object"),
        ("application/json", "[{},7]", "not_an_object"),
        ("application/json", "[[{}]]", "not_an_object"),
        ("application/x-ndjson", "{}\n[]", "not_an_object"),
        ("application/cloudevents+json", "[]", "not_an_object"),
        ("application/cloudevents-batch+json", "{}", "not_an_array"),
        ("application/json", &many, "too_many_drafts"),
        ("application/x-ndjson", &lines, "too_many_drafts"),
        ("application/json", &large, "body_too_large"),
        ("text/plain", "hello", "malformed_json"),
        ("application/json; charset=latin1", "{}", "unsupported_media_type"),
        ("application/x-www-form-urlencoded", "{}", "unsupported_media_type"),
        ("text/xml", "{}", "unsupported_media_type"),
    ] {
        let refused = parse_body(content_type, body).expect_err(content_type);
        assert_eq!(refused.code(), want, "{content_type} {:.40}", body);
    }
    assert!(matches!(parse_body("application/json", "[{},7]"), Err(BodyError::NotAnObject { index: 1 })));
}

#[test]
fn depth_is_harmless() {
    let deep = "[".repeat(1_000_000);
    assert_eq!(parse_body("application/json", &deep).expect_err("cut off").code(), "malformed_json");
    let (open, close) = (r#"{"a":"#.repeat(2_000), "}".repeat(2_000));
    check(
        &format!(r#"{{"flavor":"a.b","event":"e","partner":"p","properties":{{"a":{open}1{close}}}}}"#),
        &[("properties.a", "wrong_type")],
    );
    check(&format!(r#"{{"flavor":"a.b","event":"e","partner":"p","x":{open}1{close}}}"#), &[("x", "unknown_field")]);
    check(&format!(r#"{{"flavor":"a.b","event":"e","partner":{open}1{close}}}"#), &[("partner", "wrong_type")]);
}

#[test]
fn what_is_json_and_no_text_is_the_fault_of_its_own_draft() {
    let good = with(json!({})).to_string();
    let half = |fields: &str| format!(r#"{{"flavor":"a.b","event":"e","partner":"p",{fields}}}"#);
    for (fields, path, code) in [
        (r#""properties":{"comment":"nice \ud83d"}"#, "properties.comment", "half_surrogate"),
        (r#""properties":{"comment":"\ude00 nice"}"#, "properties.comment", "half_surrogate"),
        (r#""properties":{"a\ud83d\n":"nice"}"#, "properties.a\u{fffd}\n", "half_surrogate"),
        (r#""\ud83dx":1"#, "\u{fffd}x", "half_surrogate"),
        (r#""message":"\ud83d""#, "message", "half_surrogate"),
        (r#""user_agent":"\ud83d\ud83d""#, "user_agent", "half_surrogate"),
        (r#""browser":{"name":"\ud83d"}"#, "browser.name", "half_surrogate"),
        (r#""platform":"\ud83d""#, "platform", "half_surrogate"),
        (r#""properties":"\ud83d""#, "properties", "half_surrogate"),
        (r#""properties":{"n":1e400}"#, "properties.n", "inexact_number"),
        (r#""properties":{"n":12345678901234567890123}"#, "properties.n", "inexact_number"),
        (r#""properties":{"n":18446744073709551616}"#, "properties.n", "inexact_number"),
        (r#""properties":{"n":100000000000000000000.5}"#, "properties.n", "inexact_number"),
        (r#""occurred_at":1e400"#, "occurred_at", "wrong_type"),
    ] {
        let bad = half(fields);
        check(&bad, &[(path, code)]);
        for (content_type, body) in
            [("application/json", format!("[{good},{bad},{good}]")), ("application/x-ndjson", format!("{good}\n{bad}\n{good}"))]
        {
            let drafts = parse_body(content_type, &body).expect(&body);
            assert_eq!(drafts.items.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true], "{body}");
        }
    }
    let told = one(&half(r#""properties":{"comment":"\ud83d"}"#)).expect_err("half").to_string();
    assert!(told.contains("half of a surrogate pair"), "{told}");
    let told = one(&half(r#""properties":{"n":1e400}"#)).expect_err("large").to_string();
    assert!(told.contains("send it as text"), "{told}");
    // Passed over is passed over, whatever it holds; a whole pair is a character.
    check(&half(r#""colour":"\ud83d""#), &[("colour", "unknown_field")]);
    let whole = one(&half(r#""properties":{"\ud83d\ude00":"\ud83d\ude00"}"#)).expect("whole");
    assert_eq!(whole.properties["\u{1f600}"], Property::Text("\u{1f600}".to_owned()));
}

#[test]
fn other_types_are_told_what_they_need() {
    let good = with(json!({})).to_string();
    for (content_type, body, code, needed) in [
        ("application/x-www-form-urlencoded", good.clone(), "unsupported_media_type", "would need application/json"),
        ("text/csv", format!("{good}\n{good}"), "unsupported_media_type", "would need application/x-ndjson"),
        ("application/json", format!("{good}\n{good}"), "malformed_json", "would need Content-Type: application/x-ndjson"),
        ("application/x-ndjson", format!("[{good}]"), "not_an_object", "would need Content-Type: application/json"),
        ("application/x-ndjson", "{\n\"a\":1\n}".to_owned(), "malformed_json", "would need Content-Type: application/json"),
        ("application/cloudevents+json", "[{\"specversion\":1}]".to_owned(), "not_an_object", "application/cloudevents-batch+json"),
    ] {
        let refused = parse_body(content_type, &body).expect_err(&body);
        assert!(refused.code() == code && refused.to_string().contains(needed), "{content_type} {body}: {refused}");
    }
    let told = one(r#"{"specversion":"1.0"}"#).expect_err("an event").to_string();
    assert!(told.contains("application/cloudevents+json"), "{told}");
    for (body, told) in [(&[0x1f, 0x8b, 8][..], "Content-Encoding: gzip"), (&[0xff, 0xfe, b'{', 0], "UTF-16")] {
        let refused = parse_bound(None, body, None).expect_err("no text");
        assert!(refused.to_string().contains(told), "{refused}");
    }
}

#[test]
fn a_made_id_is_for_one_draft_without_an_id() {
    let made = ActivityId(Uuid::from_u128(9));
    let judged = |body: &str| parse_made(made, &[], body);
    let good = with(json!({})).to_string();
    let activity = judged(&good).expect("parses").items.remove(0).expect("sound");
    assert_eq!((activity.id, activity.id_given), (made, true));
    assert!(judged(&format!("[{good}]")).expect("parses").items[0].is_ok(), "one in an array is one");
    let named = with(json!({"id": "0198c7a2-4d1e-7000-8000-000000000000"})).to_string();
    for (body, code) in [(format!("[{good},{good}]"), "one_id_for_many"), (named, "id_beside_made_id")] {
        assert_eq!(judged(&body).expect_err("refused").code(), code, "{body}");
    }
}

mod cloudevents;
mod content;
mod enriching;
