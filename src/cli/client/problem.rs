//! A refusal of the server (RFC 9457), and how it is shown.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::cli::terminal::plain;

/// Faults that are shown of one refusal; the rest is counted.
const FAULTS_SHOWN_MAX: usize = 20;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct Fault {
    /// Which field.
    #[serde(default)]
    pub path: String,
    /// Which rule, as a stable word.
    #[serde(default)]
    pub code: String,
    /// The rule and its cure.
    #[serde(default)]
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Faults repeat words of whoever sent the draft.
        if !self.path.is_empty() {
            write!(f, "{}: ", plain(&self.path))?;
        }
        write!(f, "{} [{}]", plain(&self.message), plain(&self.code))
    }
}

/// A refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// The rule, as a stable word.
    #[serde(default)]
    pub code: String,
    /// What happened, in short.
    #[serde(default)]
    pub title: String,
    /// What happened, and what to do.
    #[serde(default)]
    pub detail: String,
    /// The fields at fault.
    #[serde(default)]
    pub errors: Vec<Fault>,
    /// When to try again.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// Reads the body of an answer; what is no problem document still says its status.
    pub fn read(status: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        let mut problem: Self = serde_json::from_slice(body).unwrap_or_default();
        problem.status = status;
        problem.retry_after = retry_after;
        problem
    }

    fn headline(&self) -> &str {
        match (self.detail.as_str(), self.title.as_str()) {
            ("", "") => "the server refused",
            ("", title) => title,
            (detail, _) => detail,
        }
    }

    fn cure(&self) -> Option<&'static str> {
        match self.status {
            300..=399 => Some("it leads to another address; give that one with --url, as in https://tidings.example.org"),
            401 => Some("give a key with --key or TIDINGS_KEY; `tidings key create --scope ingest,read` makes one"),
            403 if self.code != "event_forbidden" => Some("use a key with the scope that this needs: ingest to send, read to read"),
            _ => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", plain(self.headline()), self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        f.write_str(")")?;
        for fault in self.errors.iter().take(FAULTS_SHOWN_MAX) {
            write!(f, "\n  {fault}")?;
        }
        if self.errors.len() > FAULTS_SHOWN_MAX {
            write!(f, "\n  and {} more", self.errors.len() - FAULTS_SHOWN_MAX)?;
        }
        if let Some(cure) = self.cure() {
            write!(f, "\n  {cure}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Problem;

    #[test]
    fn says_field_rule_and_cure() {
        for (status, body, want) in [
            (
                422,
                r#"{"title":"Invalid","status":422,"code":"draft_invalid","detail":"the draft has faults","errors":[{"path":"flavor","code":"required","message":"is required"}]}"#,
                "the draft has faults (422 draft_invalid)\n  flavor: is required [required]",
            ),
            (503, "upstream is away", "the server refused (503)"),
            (404, r#"{"title":"Not found","code":"not_found"}"#, "Not found (404 not_found)"),
            (
                401,
                "",
                "the server refused (401)\n  give a key with --key or TIDINGS_KEY; `tidings key create --scope ingest,read` makes one",
            ),
        ] {
            assert_eq!(Problem::read(status, body.as_bytes(), None).to_string(), want);
        }
    }
}
