//! Where a tail begins: at a cursor, or some time ago.

use std::str::FromStr;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cli::client::{Client, ClientError};
use crate::domain::{Cursor, UnixMs};
use crate::filter::FilterSet;

/// Activities of the time before that are shown; older ones are left out, and that is said.
pub const HISTORY_ITEMS_MAX: usize = 10_000;
const PAGE_ITEMS: usize = 1_000;
/// Pages that end because the search had used up its time, before that is said: some ten seconds.
const SEARCHES_MAX: usize = 40;

/// Where to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Right after this cursor.
    Cursor(String),
    /// So many milliseconds ago.
    Ago(i64),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if Cursor::parse(text).is_ok() {
            return Ok(Self::Cursor(text.to_owned()));
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit_ms = match unit {
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => 0,
        };
        match number.parse::<i64>().ok().and_then(|n| n.checked_mul(unit_ms)) {
            Some(ms) if ms > 0 => Ok(Self::Ago(ms)),
            _ => Err("must be a cursor, or a time ago as in 30s, 10m, 2h or 7d".to_owned()),
        }
    }
}

/// What was recorded before the live stream takes over.
#[derive(Debug, Default)]
pub struct History {
    /// Oldest first.
    pub items: Vec<Box<RawValue>>,
    /// Where the live stream goes on; what the history holds lies before, what comes lies after.
    pub position: Option<String>,
    /// What of that time is not among them.
    pub left_out: LeftOut,
}

/// What a history does not hold.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// Nothing.
    #[default]
    Nothing,
    /// There was more than [`HISTORY_ITEMS_MAX`].
    Older,
    /// The log is too long for the search: it came back to this time.
    NotSearched(Option<String>),
}

impl LeftOut {
    /// What the reader is told, for so many items since a time.
    pub fn note(&self, items: usize, since: UnixMs) -> Option<String> {
        let shown = if items == 0 { "nothing was found".to_owned() } else { format!("shown are the newest {items}") };
        match self {
            Self::Nothing => None,
            Self::Older => Some(format!("older activities are left out; {shown}")),
            Self::NotSearched(back_to) => {
                let searched = back_to.as_ref().map_or_else(|| "in part".to_owned(), |time| format!("back to what was recorded at {time}"));
                Some(format!("the log was searched {searched}; since {since} {shown}, and there may be more before"))
            }
        }
    }
}

#[derive(Deserialize)]
struct PageBody {
    items: Vec<Box<RawValue>>,
    older: Option<String>,
    newer: String,
    complete: bool,
    searched_back_to: Option<String>,
}

/// Reads what happened since a time, back from the head of the log as of now.
///
/// # Errors
/// [`ClientError`].
pub async fn history(client: &mut Client, filter: &FilterSet, since: UnixMs) -> Result<History, ClientError> {
    let mut history = History::default();
    let (mut before, mut searches) = (String::new(), 0);
    loop {
        let query = filter.to_query();
        let path = format!("/v1/activities?{query}{}since={since}&limit={PAGE_ITEMS}{before}", if query.is_empty() { "" } else { "&" });
        let page: PageBody = client.get(&path).await?;
        history.position.get_or_insert(page.newer);
        history.items.extend(page.items);
        searches += usize::from(!page.complete);
        match page.older {
            // Only at the start of what was asked for there is none.
            None => break,
            Some(older) if history.items.len() < HISTORY_ITEMS_MAX && searches < SEARCHES_MAX => before = format!("&before={older}"),
            Some(_) if page.complete => history.left_out = LeftOut::Older,
            Some(_) => history.left_out = LeftOut::NotSearched(page.searched_back_to),
        }
        if history.left_out != LeftOut::Nothing {
            break;
        }
    }
    history.items.reverse();
    Ok(history)
}

#[cfg(test)]
mod tests {
    use super::{LeftOut, Since};
    use crate::domain::{Cursor, Epoch, UnixMs};

    #[test]
    fn reads_cursors_and_spans() {
        let cursor = Cursor { epoch: Epoch(7), seq: 42, mark: None }.to_string();
        for (given, want) in [
            (cursor.as_str(), Since::Cursor(cursor.clone())),
            ("30s", Since::Ago(30_000)),
            ("10m", Since::Ago(600_000)),
            ("2h", Since::Ago(7_200_000)),
            ("7d", Since::Ago(604_800_000)),
        ] {
            assert_eq!(given.parse(), Ok(want), "{given}");
        }
        for bad in ["", "10", "m", "0m", "-1m", "10 m", "yesterday", "99999999999999999999d"] {
            assert!(bad.parse::<Since>().is_err(), "{bad}");
        }
    }

    #[test]
    fn each_reason_has_its_own_words() {
        let note = |left_out: LeftOut, items| left_out.note(items, UnixMs(0)).unwrap_or_default();
        assert_eq!(LeftOut::Nothing.note(0, UnixMs(0)), None);
        assert_eq!(note(LeftOut::Older, 10_000), "older activities are left out; shown are the newest 10000");
        let searched = note(LeftOut::NotSearched(Some("2026-05-03T00:00:00.000Z".to_owned())), 0);
        assert!(
            searched.contains("searched back to what was recorded at 2026-05-03") && searched.contains("nothing was found"),
            "{searched}"
        );
        assert!(!searched.contains("left out"), "{searched}");
    }
}
