//! How the drafts of a body are written: what its `Content-Type` says, and, where that is not it, what the text shows.

use serde::de::IgnoredAny;

use super::body::JSON_SPACE;

/// Characters of a sender's `Content-Type` that are repeated.
const SHOWN_CHARS_MAX: usize = 100;
/// Lines of a body that are looked at to tell one object a line from one object.
const LINES_LOOKED_AT: usize = 3;

/// The name of JSON, of one object a line, and of CloudEvents, one and many.
const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const CLOUD_EVENT: &str = "application/cloudevents+json";
const CLOUD_EVENTS: &str = "application/cloudevents-batch+json";

/// Every usual name of one object a line; `text/` in front of them is usual too.
const LINES_NAMES: [&str; 7] = ["x-ndjson", "ndjson", "jsonl", "x-jsonl", "x-jsonlines", "jsonlines", "json-lines"];

/// How the drafts of a body are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// One JSON object or an array of them.
    Json,
    /// One JSON object a line.
    Lines,
    /// One CloudEvent.
    CloudEvent,
    /// An array of CloudEvents.
    CloudEventBatch,
    /// The data of one CloudEvent, whose attributes stand in headers.
    BinaryEvent,
}

impl BodyForm {
    /// The form of a `Content-Type`; none is JSON, and so is `text/plain`, which browsers say of any text. `in_headers` is
    /// true where headers hold the attributes of a CloudEvent. `None` for other types, and for a character set that is not
    /// UTF-8.
    pub fn of(content_type: Option<&str>, in_headers: bool) -> Option<Self> {
        let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let charset = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        if let Some((_, charset)) = charset {
            let charset = charset.trim().trim_matches('"');
            if !["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known)) {
                return None;
            }
        }
        match essence.as_str() {
            CLOUD_EVENT => return Some(Self::CloudEvent),
            CLOUD_EVENTS => return Some(Self::CloudEventBatch),
            "" | JSON | "text/json" | "text/plain" => return Some(if in_headers { Self::BinaryEvent } else { Self::Json }),
            essence if in_headers => return essence.ends_with("+json").then_some(Self::BinaryEvent),
            _ => {}
        }
        let name = essence.strip_prefix("application/").or_else(|| essence.strip_prefix("text/"))?;
        LINES_NAMES.contains(&name).then_some(Self::Lines)
    }

    /// The `Content-Type` that says so.
    const fn name(self) -> &'static str {
        match self {
            Self::Json | Self::BinaryEvent => JSON,
            Self::Lines => NDJSON,
            Self::CloudEvent => CLOUD_EVENT,
            Self::CloudEventBatch => CLOUD_EVENTS,
        }
    }
}

/// A `Content-Type` that is not taken, short enough to repeat.
pub(super) fn shown(content_type: Option<&str>) -> String {
    content_type.unwrap_or_default().chars().take(SHOWN_CHARS_MAX).collect()
}

/// The `Content-Type` that a body would need, as far as its text shows it.
pub(super) fn needed(body: &[u8]) -> &'static str {
    let text = str::from_utf8(body).unwrap_or_default().trim_start_matches('\u{feff}').trim_matches(JSON_SPACE);
    let event = text.contains("\"specversion\"");
    match text.as_bytes().first() {
        Some(b'{') if is_lines(text) => NDJSON,
        Some(b'{') if event => CLOUD_EVENT,
        Some(b'[') if event => CLOUD_EVENTS,
        _ => JSON,
    }
}

/// The `Content-Type` that a body of a form that it does not have would need, where it would be sound under that.
pub(super) fn needed_instead(form: BodyForm, body: &[u8]) -> Option<&'static str> {
    let needed = needed(body);
    let sound = needed == NDJSON || serde_json::from_slice::<IgnoredAny>(body).is_ok();
    (sound && needed != form.name()).then_some(needed)
}

/// True when there are several lines, and the first ones are an object each.
fn is_lines(text: &str) -> bool {
    let mut lines =
        text.split(['\n', '\r']).map(|line| line.trim_matches(JSON_SPACE)).filter(|line| !line.is_empty()).take(LINES_LOOKED_AT);
    let first = lines.by_ref().take(2).filter(|line| line.starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok()).count();
    first == 2 && lines.all(|line| line.starts_with('{'))
}

#[cfg(test)]
mod tests {
    use super::{BodyForm, needed, needed_instead};

    #[test]
    fn types_by_table() {
        for (given, in_headers, want) in [
            (None, false, Some(BodyForm::Json)),
            (Some(""), false, Some(BodyForm::Json)),
            (Some("Application/JSON; charset=\"UTF-8\""), false, Some(BodyForm::Json)),
            (Some("text/plain;charset=UTF-8"), false, Some(BodyForm::Json)),
            (Some("application/x-ndjson"), false, Some(BodyForm::Lines)),
            (Some("application/ndjson"), false, Some(BodyForm::Lines)),
            (Some("application/jsonl; charset=utf-8"), false, Some(BodyForm::Lines)),
            (Some("application/x-jsonlines"), false, Some(BodyForm::Lines)),
            (Some("application/jsonlines"), false, Some(BodyForm::Lines)),
            (Some("text/x-ndjson"), false, Some(BodyForm::Lines)),
            (Some("application/cloudevents+json"), true, Some(BodyForm::CloudEvent)),
            (Some("application/cloudevents-batch+json"), false, Some(BodyForm::CloudEventBatch)),
            (Some("application/json"), true, Some(BodyForm::BinaryEvent)),
            (Some("application/vnd.shop+json"), true, Some(BodyForm::BinaryEvent)),
            (Some("application/vnd.shop+json"), false, None),
            (Some("application/x-ndjson"), true, None),
            (Some("application/json; charset=latin1"), false, None),
            (Some("application/x-www-form-urlencoded"), false, None),
            (Some("?"), false, None),
        ] {
            assert_eq!(BodyForm::of(given, in_headers), want, "{given:?}");
        }
    }

    #[test]
    fn texts_show_their_type() {
        for (text, want) in [
            ("{}", "application/json"),
            ("{\n\"a\": {}\n}", "application/json"),
            ("[{}]", "application/json"),
            ("\u{feff}{}\n{}\n", "application/x-ndjson"),
            ("{}\r{}\r", "application/x-ndjson"),
            ("{\"specversion\":\"1.0\"}", "application/cloudevents+json"),
            ("[{\"specversion\":\"1.0\"}]", "application/cloudevents-batch+json"),
            ("a=b", "application/json"),
        ] {
            assert_eq!(needed(text.as_bytes()), want, "{text}");
        }
        for (form, text, want) in [
            (BodyForm::Json, "{}\n{}", Some("application/x-ndjson")),
            (BodyForm::Json, "{}\n{", None),
            (BodyForm::Json, "{", None),
            (BodyForm::Lines, "[{}]", Some("application/json")),
            (BodyForm::Lines, "{\n}", Some("application/json")),
            (BodyForm::Lines, "{}\n{", None),
            (BodyForm::CloudEvent, "[{\"specversion\":\"1.0\"}]", Some("application/cloudevents-batch+json")),
        ] {
            assert_eq!(needed_instead(form, text.as_bytes()), want, "{text}");
        }
    }
}
