//! From a line of a file to a draft with an id and a time.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::combined::LogLine;
use crate::domain::UnixMs;

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A web server's combined log
    Combined,
    /// Drafts of activities, one JSON object a line
    Ndjson,
}

/// What is put into every draft.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How the file is written.
    pub format: Format,
    /// The event of drafts that name none.
    pub event: Option<String>,
    /// What paths of a combined log are put behind, without a slash at the end.
    pub site: String,
    /// Makes ids of one play differ from those of another: the log plays *now*, so it is not the same thing happening.
    /// Empty at full speed, where the ids, like the times, are those of the log.
    pub play: String,
}

/// A draft that waits for its time.
#[derive(Debug, PartialEq)]
pub struct Timed {
    /// When it happened, by the log; `None` when the draft does not say.
    pub at: Option<UnixMs>,
    draft: Map<String, Value>,
}

impl Timed {
    /// Reads one line.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn read(line: &str, settings: &Settings) -> Result<Self, String> {
        let (at, mut draft) = match settings.format {
            Format::Combined => {
                let parsed = LogLine::parse(line).map_err(|e| e.to_string())?;
                (Some(parsed.at), parsed.draft(&settings.site))
            }
            Format::Ndjson => {
                let draft: Map<String, Value> = serde_json::from_str(line).map_err(|e| format!("is no JSON object: {e}"))?;
                let at = draft.get("occurred_at").and_then(Value::as_str).and_then(|t| UnixMs::parse(t).ok());
                (at, draft)
            }
        };
        if let Some(event) = &settings.event {
            draft.entry("event").or_insert_with(|| json!(event));
        }
        if !draft.contains_key("id") || !settings.play.is_empty() {
            draft.insert("id".into(), json!(id_of(line, &settings.play).to_string()));
        }
        Ok(Self { at, draft })
    }

    /// The draft as JSON, as having happened at `at`.
    pub fn draft(mut self, at: Option<UnixMs>) -> String {
        if let Some(at) = at {
            self.draft.insert("occurred_at".into(), json!(at.to_string()));
        }
        Value::Object(self.draft).to_string()
    }
}

/// UUIDv5 of the line in the URL namespace, or of play, line feed and line.
fn id_of(line: &str, play: &str) -> Uuid {
    match play {
        "" => Uuid::new_v5(&Uuid::NAMESPACE_URL, line.as_bytes()),
        play => Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{play}\n{line}").as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, Settings, Timed};
    use crate::domain::UnixMs;

    fn settings(format: Format, play: &str) -> Settings {
        Settings { format, event: Some("expo-2026".into()), site: "http://a.example".into(), play: play.into() }
    }

    #[test]
    fn keeps_what_a_draft_says() {
        let line = r#"{"id":"0198c7a2-4d1e-7000-8000-000000000000","flavor":"a.b","partner":"p","event":"e","occurred_at":"2026-01-01T00:00:00Z"}"#;
        let timed = Timed::read(line, &settings(Format::Ndjson, "")).expect("valid");
        assert_eq!(timed.at.map(|t| t.to_string()).as_deref(), Some("2026-01-01T00:00:00.000Z"));
        let draft: serde_json::Value = serde_json::from_str(&timed.draft(None)).expect("json");
        assert_eq!((&draft["event"], &draft["occurred_at"]), (&"e".into(), &"2026-01-01T00:00:00Z".into()));
        assert_eq!(draft["id"], "0198c7a2-4d1e-7000-8000-000000000000");
    }

    #[test]
    fn ids_hold_at_full_speed_and_differ_by_play() {
        let line = r#"{"flavor":"a.b","partner":"p"}"#;
        let id = |play: &str| {
            let text = Timed::read(line, &settings(Format::Ndjson, play)).expect("valid").draft(Some(UnixMs(0)));
            let draft: serde_json::Value = serde_json::from_str(&text).expect("json");
            assert_eq!((&draft["event"], &draft["occurred_at"]), (&"expo-2026".into(), &"1970-01-01T00:00:00.000Z".into()));
            draft["id"].as_str().expect("id").to_owned()
        };
        assert_eq!(id(""), id(""));
        assert_eq!(id("1"), id("1"));
        assert_ne!(id("1"), id(""));
        assert_ne!(id("1"), id("2"));
    }

    #[test]
    fn tells_what_is_no_draft() {
        for (format, line) in [(Format::Ndjson, "[1]"), (Format::Ndjson, "{"), (Format::Combined, "hello")] {
            assert!(Timed::read(line, &settings(format, "")).is_err(), "{line}");
        }
    }
}
