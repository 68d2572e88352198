//! One line for people from one activity.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::cli::terminal::plain;

/// From how late on a row says so, in milliseconds; the page marks the same.
const LATE_MS_MIN: u64 = 5 * 60 * 1000;
/// Columns kept for the label.
const LABEL_COLUMNS: usize = 30;
/// Columns kept for partner and message.
const WHO_COLUMNS: usize = 44;

#[derive(Deserialize)]
struct Activity {
    flavor: Labelled,
    event: Named,
    partner: Named,
    message: Option<Subject>,
    campaign: Option<Named>,
    recorded_at: String,
    late_ms: u64,
    device: String,
    platform: Option<Name>,
    browser: Option<Name>,
    source_url: Option<String>,
    grade: String,
}

#[derive(Deserialize)]
struct Labelled {
    key: String,
    label: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Subject {
    subject: String,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

/// How rows are drawn.
#[derive(Debug, Clone)]
pub struct Style {
    /// True to colour them.
    pub colour: bool,
    /// In whose time.
    pub zone: TimeZone,
}

impl Style {
    /// A row: time, what, who and about what, with what, and how late where it was late.
    ///
    /// # Errors
    /// What is not as expected in the JSON.
    pub fn row(&self, json: &str) -> Result<String, serde_json::Error> {
        let activity: Activity = serde_json::from_str(json)?;
        let time = match activity.recorded_at.parse::<jiff::Timestamp>() {
            Ok(at) => at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string(),
            Err(_) => plain(&activity.recorded_at),
        };
        let label = self.paint(hue(&activity.flavor.key), &padded(&activity.flavor.label, LABEL_COLUMNS));
        let mut who = activity.partner.name.clone();
        match (&activity.message, &activity.campaign) {
            (Some(message), _) => _ = write!(who, " · {}", message.subject),
            (None, Some(campaign)) => _ = write!(who, " · {}", campaign.name),
            (None, None) => {}
        }
        let who = padded(&who, WHO_COLUMNS);
        let details = self.paint(DIM, &details(&activity));
        let late = match activity.late_ms {
            LATE_MS_MIN.. => format!("  {}", self.paint(YELLOW, &format!("{} late", span(activity.late_ms)))),
            _ => String::new(),
        };
        Ok(format!("{}  {label}  {who}  {details}{late}", self.paint(DIM, &time)).trim_end().to_owned())
    }

    /// A line across, with words in it.
    pub fn rule(&self, words: &str) -> String {
        let words = plain(words);
        self.paint(DIM, &format!("──── {words} {}", "─".repeat(60usize.saturating_sub(words.chars().count()))))
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.colour {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

const DIM: &str = "2";
const YELLOW: &str = "33";

/// A colour for each family of flavors, the same in every run.
fn hue(flavor: &str) -> &'static str {
    match flavor.split('.').next().unwrap_or("") {
        "message" => "36",
        "invite" => "35",
        "content" => "32",
        "registration" | "form" => "1;32",
        "dashboard" | "report" => "34",
        "page" => "37",
        "ad" => "33",
        _ => "1",
    }
}

fn details(activity: &Activity) -> String {
    let mut parts = Vec::new();
    let name = |part: &Option<Name>| part.as_ref().map(|p| p.name.clone());
    match (name(&activity.platform), name(&activity.browser)) {
        (None, None) if activity.device != "unknown" => parts.push(activity.device.clone()),
        (platform, browser) => parts.extend(platform.into_iter().chain(browser)),
    }
    if activity.grade == "machine" {
        parts.push("machine".to_owned());
    }
    if let Some(path) = activity.source_url.as_deref().and_then(|u| url::Url::parse(u).ok()).map(|u| u.path().to_owned()) {
        parts.push(path);
    }
    parts.push(activity.event.name.clone());
    plain(&parts.join(" · "))
}

/// `6 min`, `3 h`, `2 d`.
fn span(ms: u64) -> String {
    let minutes = ms / 60_000;
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1_440),
    }
}

fn padded(text: &str, columns: usize) -> String {
    let text = plain(text);
    let length = text.chars().count();
    match length > columns {
        true => text.chars().take(columns - 1).chain(['…']).collect(),
        false => text.chars().chain(std::iter::repeat_n(' ', columns - length)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, span};
    use crate::domain::turns_direction;

    const ACTIVITY: &str = r#"{"id":"x","seq":1,"flavor":{"key":"message.opened","label":"Opened the message"},
        "event":{"key":"expo-2026","name":"Expo 2026"},"partner":{"key":"acme","name":"Acme Inc","company":null},
        "message":{"key":"welcome","subject":"Welcome"},"campaign":null,"actor":"partner",
        "occurred_at":"2026-11-22T09:14:03.120Z","recorded_at":"2026-11-22T09:14:03.120Z","late_ms":0,"device":"desktop",
        "platform":{"name":"Windows","version":"10"},"browser":{"name":"Chrome","version":"142"},
        "source_url":"https://expo.example/m/welcome?x=1","referrer_url":null,"grade":"unclear","grade_reasons":[],"properties":{}}"#;

    fn style(colour: bool) -> Style {
        Style { colour, zone: jiff::tz::TimeZone::UTC }
    }

    #[test]
    fn a_row_says_when_what_who_and_with_what() {
        let row = style(false).row(ACTIVITY).expect("valid");
        assert_eq!(
            row,
            "09:14:03  Opened the message              Acme Inc · Welcome                            Windows · Chrome · /m/welcome · Expo 2026"
        );
        let late = ACTIVITY.replace("\"late_ms\":0", "\"late_ms\":360000");
        assert!(style(false).row(&late).expect("valid").ends_with("  6 min late"));
    }

    #[test]
    fn nothing_speaks_to_the_terminal() {
        let evil = ACTIVITY.replace("Acme Inc", "Acme\\u001b[2J\\n\u{202e}Inc").replace("Expo 2026", "Expo\u{2067}\u{200f}");
        let row = style(false).row(&evil).expect("valid");
        assert!(!row.contains(|c: char| c.is_control() || turns_direction(c)), "{row:?}");
        assert!(row.contains("\\u{202e}Inc") && row.contains("Expo\\u{2067}\\u{200f}"), "{row:?}");
        assert!(!style(false).rule("a\u{1b}[2Jb").contains(char::is_control));
        assert!(style(true).row(ACTIVITY).expect("valid").contains("\u{1b}[36m"));
    }

    #[test]
    fn spans_by_table() {
        for (ms, want) in [(360_000, "6 min"), (7_200_000, "2 h"), (259_200_000, "3 d")] {
            assert_eq!(span(ms), want);
        }
    }
}
