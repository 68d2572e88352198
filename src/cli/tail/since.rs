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
    /// True when there was more than [`HISTORY_ITEMS_MAX`], or more than the server would search through.
    pub cut: bool,
}

#[derive(Deserialize)]
struct PageBody {
    items: Vec<Box<RawValue>>,
    older: Option<String>,
    newer: String,
    complete: bool,
}

/// Reads what happened since a time, back from the head of the log as of now.
///
/// # Errors
/// [`ClientError`].
pub async fn history(client: &mut Client, filter: &FilterSet, since: UnixMs) -> Result<History, ClientError> {
    let mut history = History::default();
    let mut before = String::new();
    loop {
        let query = filter.to_query();
        let path = format!("/v1/activities?{query}{}since={since}&limit={PAGE_ITEMS}{before}", if query.is_empty() { "" } else { "&" });
        let page: PageBody = client.get(&path).await?;
        history.position.get_or_insert(page.newer);
        let last = page.items.len() < PAGE_ITEMS;
        history.items.extend(page.items);
        match page.older {
            Some(older) if !last && history.items.len() < HISTORY_ITEMS_MAX => before = format!("&before={older}"),
            _ => {
                history.cut = !page.complete || !last;
                break;
            }
        }
    }
    history.items.reverse();
    Ok(history)
}

#[cfg(test)]
mod tests {
    use super::Since;
    use crate::domain::{Cursor, Epoch};

    #[test]
    fn reads_cursors_and_spans() {
        let cursor = Cursor { epoch: Epoch(7), seq: 42 }.to_string();
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
}
