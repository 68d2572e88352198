//! What each column shows of an activity.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::Deserialize;

use crate::domain::UnixMs;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// A text.
    Text(String),
    /// A whole number.
    Number(u64),
    /// A time, on the wall clock of the file's zone.
    Time(Box<Zoned>),
}

impl Cell {
    fn text(text: Option<String>) -> Self {
        text.filter(|text| !text.is_empty()).map_or(Self::Empty, Self::Text)
    }
}

macro_rules! columns {
    ($($name:ident = $word:literal, [$($heading:literal),+];)+) => {
        /// A column of a view: one or two of a file, as what has a key and a name has both.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Column { $(#[doc = concat!("`", $word, "`.")] $name),+ }

        impl Column {
            /// Every column, in the usual order.
            pub const ALL: &[Self] = &[$(Self::$name),+];
            /// The word of each.
            pub const WORDS: &[&str] = &[$($word),+];

            /// The column of a word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)+ _ => None }
            }

            /// What stands above it.
            pub const fn headings(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($heading),+]),+ }
            }
        }
    };
}

columns! {
    OccurredAt = "occurred_at", ["occurred_at"];
    RecordedAt = "recorded_at", ["recorded_at"];
    Flavor = "flavor", ["flavor", "flavor_label"];
    Event = "event", ["event", "event_name"];
    Partner = "partner", ["partner", "partner_name"];
    Company = "company", ["company"];
    Message = "message", ["message", "message_subject"];
    Campaign = "campaign", ["campaign", "campaign_name"];
    Actor = "actor", ["actor"];
    Device = "device", ["device"];
    Platform = "platform", ["platform"];
    Browser = "browser", ["browser"];
    SourceUrl = "source_url", ["source_url"];
    ReferrerUrl = "referrer_url", ["referrer_url"];
    Grade = "grade", ["grade"];
    LateMs = "late_ms", ["late_ms"];
    Properties = "properties", ["properties"];
    Id = "id", ["id"];
}

/// What a file shows where a view names no columns: all there are.
pub const USUAL: &[Column] = Column::ALL;

/// An activity as it is read from its JSON, as far as columns need it.
#[derive(Debug, Deserialize)]
struct Activity {
    id: String,
    flavor: Flavor,
    event: Named,
    partner: Partner,
    message: Option<Message>,
    campaign: Option<Named>,
    actor: String,
    occurred_at: String,
    recorded_at: String,
    late_ms: u64,
    device: String,
    platform: Option<Client>,
    browser: Option<Client>,
    source_url: Option<String>,
    referrer_url: Option<String>,
    grade: String,
    properties: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Flavor {
    key: String,
    label: String,
}

#[derive(Debug, Deserialize)]
struct Named {
    key: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Partner {
    key: String,
    name: String,
    company: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Message {
    key: String,
    subject: String,
}

#[derive(Debug, Deserialize)]
struct Client {
    name: String,
    version: Option<String>,
}

impl Client {
    fn whole(self) -> String {
        self.version.map_or(self.name.clone(), |version| format!("{} {version}", self.name))
    }
}

/// One row: the cells of these columns, as many as their headings.
///
/// # Errors
/// When it is not the JSON of an activity.
pub fn row(body: &[u8], columns: &[Column], zone: &TimeZone) -> Result<Vec<Cell>, serde_json::Error> {
    let mut activity: Activity = serde_json::from_slice(body)?;
    let mut cells = Vec::with_capacity(columns.len() * 2);
    for column in columns {
        let a = &mut activity;
        let one = |text: &str| Cell::text(Some(text.to_owned()));
        match column {
            Column::OccurredAt => cells.push(time(&a.occurred_at, zone)),
            Column::RecordedAt => cells.push(time(&a.recorded_at, zone)),
            Column::Flavor => cells.extend([one(&a.flavor.key), one(&a.flavor.label)]),
            Column::Event => cells.extend([one(&a.event.key), one(&a.event.name)]),
            Column::Partner => cells.extend([one(&a.partner.key), one(&a.partner.name)]),
            Column::Company => cells.push(Cell::text(a.partner.company.clone())),
            Column::Message => {
                let (key, subject) = a.message.as_ref().map(|m| (m.key.clone(), m.subject.clone())).unzip();
                cells.extend([Cell::text(key), Cell::text(subject)]);
            }
            Column::Campaign => {
                let (key, name) = a.campaign.as_ref().map(|c| (c.key.clone(), c.name.clone())).unzip();
                cells.extend([Cell::text(key), Cell::text(name)]);
            }
            Column::Actor => cells.push(one(&a.actor)),
            Column::Device => cells.push(one(&a.device)),
            Column::Platform => cells.push(Cell::text(a.platform.take().map(Client::whole))),
            Column::Browser => cells.push(Cell::text(a.browser.take().map(Client::whole))),
            Column::SourceUrl => cells.push(Cell::text(a.source_url.clone())),
            Column::ReferrerUrl => cells.push(Cell::text(a.referrer_url.clone())),
            Column::Grade => cells.push(one(&a.grade)),
            Column::LateMs => cells.push(Cell::Number(a.late_ms)),
            Column::Properties => {
                let any = (!a.properties.is_empty()).then(|| serde_json::to_string(&a.properties).unwrap_or_default());
                cells.push(Cell::text(any));
            }
            Column::Id => cells.push(one(&a.id)),
        }
    }
    Ok(cells)
}

fn time(text: &str, zone: &TimeZone) -> Cell {
    let at = UnixMs::parse(text).ok().and_then(|at| Timestamp::from_millisecond(at.0).ok());
    at.map_or(Cell::Empty, |at| Cell::Time(Box::new(at.to_zoned(zone.clone()))))
}

/// A text that no spreadsheet takes for a formula: one that begins as one does gets an apostrophe, but for a plain number and a
/// telephone number.
pub fn tame(text: String) -> String {
    if !text.starts_with(['=', '+', '-', '@', '\t', '\r']) || is_number(&text) || is_telephone(&text) {
        return text;
    }
    format!("'{text}")
}

/// `-12`, `+3.5`, `-1e6` is no plain number.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(part)
}

/// `+49 30 1234567`, with what people put between digits.
fn is_telephone(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('+') else { return false };
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.bytes().all(|b| b.is_ascii_digit() || b == b' ')
}

#[cfg(test)]
mod tests {
    use super::{Column, tame};

    #[test]
    fn what_begins_as_a_formula_is_tamed() {
        for (text, tamed) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
            ("+1-2", "'+1-2"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("-", "'-"),
            ("+", "'+"),
            ("-1.", "'-1."),
            ("-1e6", "'-1e6"),
            ("-12", "-12"),
            ("-12.5", "-12.5"),
            ("+3", "+3"),
            ("+49 30 1234567", "+49 30 1234567"),
            ("Acme", "Acme"),
            ("", ""),
            (" =1", " =1"),
        ] {
            assert_eq!(tame(text.to_owned()), tamed, "{text:?}");
        }
    }

    #[test]
    fn every_word_has_a_column() {
        for (word, column) in Column::WORDS.iter().zip(Column::ALL) {
            assert_eq!(Column::parse(word), Some(*column));
            assert_eq!(column.headings()[0], *word);
        }
    }
}
