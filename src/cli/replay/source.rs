//! From a line of a file to a draft with an id and a time.

use serde_json::json;

use super::combined::LogLine;
use super::repeats::Repeats;
use crate::cli::client::DraftLine;
use crate::cli::text::Wanted;
use crate::domain::UnixMs;

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A web server's combined log, or the common one
    Combined,
    /// Drafts of activities, one JSON object a line
    Ndjson,
}

impl Format {
    /// What its lines are.
    pub const fn wanted(self) -> Wanted {
        match self {
            Self::Combined => Wanted::Log,
            Self::Ndjson => Wanted::Drafts,
        }
    }
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
    /// True at a numeric speed: each play is new, so no id of the file counts.
    pub plays: bool,
}

/// A draft that waits for its time.
#[derive(Debug, PartialEq)]
pub struct Timed {
    /// When it happened, by the log; `None` when the draft does not say.
    pub at: Option<UnixMs>,
    draft: DraftLine,
}

/// Why a line makes no draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoDraft {
    /// It could be read and asks for no page.
    NoPage(String),
    /// It could not be read: what is wrong with it, for people.
    Unreadable(String),
}

impl Timed {
    /// Reads one line.
    ///
    /// # Errors
    /// [`NoDraft`].
    pub fn read(line: &[u8], settings: &Settings, repeats: &mut Repeats) -> Result<Self, NoDraft> {
        // Logs hold whatever clients sent, in whatever encoding.
        let text = String::from_utf8_lossy(line);
        let (at, mut draft) = match settings.format {
            Format::Combined => {
                let parsed = LogLine::parse(&text).map_err(|e| NoDraft::Unreadable(e.to_string()))?;
                let no_page = || NoDraft::NoPage(format!("{} {}", parsed.method, parsed.target));
                let mut draft = DraftLine::default();
                for (name, value) in parsed.draft(&settings.site).ok_or_else(no_page)? {
                    draft.set(&name, &value);
                }
                (Some(parsed.at), draft)
            }
            Format::Ndjson => {
                let draft = DraftLine::read(line).map_err(NoDraft::Unreadable)?;
                if !draft.has("flavor") && !draft.has("partner") {
                    return Err(NoDraft::Unreadable("is an object without \"flavor\" and \"partner\", so no draft".to_owned()));
                }
                (draft.text("occurred_at").and_then(|text| UnixMs::parse(&text).ok()), draft)
            }
        };
        if let Some(event) = &settings.event {
            draft.fill("event", &json!(event));
        }
        if settings.plays || !draft.has("id") {
            let id = repeats.next_id(&draft.text("event").unwrap_or_default(), text.trim());
            draft.set("id", &json!(id.to_string()));
        }
        Ok(Self { at, draft })
    }

    /// The draft as JSON, as having happened at `at`.
    pub fn draft(mut self, at: Option<UnixMs>) -> String {
        if let Some(at) = at {
            self.draft.set("occurred_at", &json!(at.to_string()));
        }
        self.draft.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, NoDraft, Repeats, Settings, Timed};
    use crate::domain::UnixMs;

    fn settings(format: Format, plays: bool) -> Settings {
        Settings { format, event: Some("expo-2026".into()), site: "http://a.example".into(), plays }
    }

    fn read(line: &str, format: Format, plays: bool) -> Result<Timed, NoDraft> {
        Timed::read(line.as_bytes(), &settings(format, plays), &mut Repeats::new(if plays { "1".to_owned() } else { String::new() }))
    }

    #[test]
    fn keeps_what_a_draft_says() {
        let line = r#"{"id":"0198c7a2-4d1e-7000-8000-000000000000","flavor":"a.b","partner":"p","event":"e","occurred_at":"2026-01-01T00:00:00Z","properties":{"n":1.10,"half":"\ud83d"}}"#;
        let timed = read(line, Format::Ndjson, false).expect("valid");
        assert_eq!(timed.at.map(|t| t.to_string()).as_deref(), Some("2026-01-01T00:00:00.000Z"));
        assert_eq!(timed.draft(None), line);
    }

    #[test]
    fn ids_hold_at_full_speed_and_differ_by_play() {
        let line = r#"{"flavor":"a.b","partner":"p"}"#;
        let id = |plays: bool| {
            let text = read(line, Format::Ndjson, plays).expect("valid").draft(Some(UnixMs(0)));
            let draft: serde_json::Value = serde_json::from_str(&text).expect("json");
            assert_eq!((&draft["event"], &draft["occurred_at"]), (&"expo-2026".into(), &"1970-01-01T00:00:00.000Z".into()));
            draft["id"].as_str().expect("id").to_owned()
        };
        assert_eq!(id(false), id(false));
        assert_ne!(id(true), id(false));
    }

    #[test]
    fn tells_what_is_no_draft() {
        for (format, line) in
            [(Format::Ndjson, "[1]"), (Format::Ndjson, "{"), (Format::Ndjson, "{\"level\":\"info\"}"), (Format::Combined, "hello")]
        {
            assert!(matches!(read(line, format, false), Err(NoDraft::Unreadable(_))), "{line}");
        }
        let connect = r#"192.0.2.92 - - [19/May/2026:09:30:02 +0000] "CONNECT relay.example:443 HTTP/1.1" 405 512 "-" "-""#;
        assert_eq!(read(connect, Format::Combined, false), Err(NoDraft::NoPage("CONNECT relay.example:443".into())));
    }
}
