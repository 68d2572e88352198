//! Many drafts in one request, and what became of each.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use bytes::Bytes;
use reqwest::Method;
use serde::Deserialize;

use super::{Client, ClientError, Fault, Patience};

/// Drafts in one request.
pub const BATCH_DRAFTS_MAX: usize = 500;
/// Bytes in one request, well under what the server takes.
pub const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Distinct faults that a tally tells apart; more are counted together.
const FAULTS_KEPT_MAX: usize = 50;

/// Drafts as NDJSON, each with the line that it came from.
#[derive(Debug, Default)]
pub struct Batch {
    body: Vec<u8>,
    lines: Vec<u64>,
}

impl Batch {
    /// Adds one draft, as one line of JSON.
    pub fn push(&mut self, line: u64, draft: &str) {
        self.body.extend_from_slice(draft.as_bytes());
        self.body.push(b'\n');
        self.lines.push(line);
    }

    /// True while it holds no draft.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// True when it should be sent before another draft of this size is added.
    pub fn is_full_for(&self, draft: &str) -> bool {
        self.lines.len() >= BATCH_DRAFTS_MAX || self.body.len() + draft.len() + 1 > BATCH_BYTES_MAX
    }
}

/// What became of a batch.
#[derive(Debug, Default, Deserialize)]
pub struct BatchAnswer {
    /// Stored now.
    pub accepted: u64,
    /// Stored before, with the same content.
    pub duplicates: u64,
    /// Refused.
    pub rejected: u64,
    /// One per draft, in order.
    pub results: Vec<DraftResult>,
}

/// What became of one draft.
#[derive(Debug, Deserialize)]
pub struct DraftResult {
    /// Which draft of the batch.
    pub index: usize,
    /// What is wrong with it; empty when it was stored.
    #[serde(default)]
    pub errors: Vec<Fault>,
    /// What was left out, cut or read of it although it was stored.
    #[serde(default)]
    pub warnings: Vec<Fault>,
}

/// Counts over many batches.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Stored.
    pub accepted: u64,
    /// Were stored before.
    pub duplicates: u64,
    /// Refused by the server.
    pub rejected: u64,
}

impl AddAssign<&BatchAnswer> for Tally {
    fn add_assign(&mut self, answer: &BatchAnswer) {
        self.accepted += answer.accepted;
        self.duplicates += answer.duplicates;
        self.rejected += answer.rejected;
    }
}

/// Refusals by field and rule, with the first line that met each.
#[derive(Debug, Default)]
pub struct Refusals {
    by_rule: BTreeMap<(String, String), Refusal>,
    others: u64,
}

#[derive(Debug)]
struct Refusal {
    shown: String,
    first_line: u64,
    count: u64,
}

impl Refusals {
    /// Counts one refused line.
    pub fn note(&mut self, line: u64, fault: &Fault) {
        let rule = (fault.path.clone(), fault.code.clone());
        if let Some(refusal) = self.by_rule.get_mut(&rule) {
            refusal.count += 1;
        } else if self.by_rule.len() < FAULTS_KEPT_MAX {
            self.by_rule.insert(rule, Refusal { shown: fault.to_string(), first_line: line, count: 1 });
        } else {
            self.others += 1;
        }
    }

    /// One text line for each rule.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> =
            self.by_rule.values().map(|r| format!("{} times, first on line {}: {}", r.count, r.first_line, r.shown)).collect();
        if self.others > 0 {
            lines.push(format!("{} times for other reasons", self.others));
        }
        lines
    }
}

/// Sends a batch and empties it; each fault of a refused draft is told with its line, and each warning of a stored one. Passing failures are tried again: every
/// draft has an id, so nothing is stored twice.
///
/// # Errors
/// [`ClientError`] when the batch as a whole was refused or could not be sent.
pub async fn send_batch(
    client: &mut Client,
    batch: &mut Batch,
    waiting: impl FnMut(&ClientError),
    mut refused: impl FnMut(u64, &Fault),
    mut warned: impl FnMut(u64, &Fault),
) -> Result<BatchAnswer, ClientError> {
    let batch = std::mem::take(batch);
    let body = Some(("application/x-ndjson", Bytes::from(batch.body)));
    let answer = client.send(&Method::POST, "/v1/activities", body, Patience::MINUTE, waiting).await?;
    let answer: BatchAnswer = client.decode(&answer)?;
    for result in &answer.results {
        let line = batch.lines.get(result.index).copied().unwrap_or(0);
        result.errors.iter().for_each(|fault| refused(line, fault));
        result.warnings.iter().for_each(|fault| warned(line, fault));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::{BATCH_DRAFTS_MAX, Batch, Fault, Refusals};

    #[test]
    fn is_full_by_drafts() {
        let mut batch = Batch::default();
        for line in 0..BATCH_DRAFTS_MAX as u64 {
            assert!(!batch.is_full_for("{}"));
            batch.push(line, "{}");
        }
        assert!(batch.is_full_for("{}"));
    }

    #[test]
    fn groups_refusals_by_rule() {
        let fault = |path: &str| Fault { path: path.into(), code: "required".into(), message: "is required".into() };
        let mut refusals = Refusals::default();
        refusals.note(3, &fault("event"));
        refusals.note(9, &fault("event"));
        refusals.note(4, &fault("flavor"));
        assert_eq!(
            refusals.lines(),
            ["2 times, first on line 3: event: is required [required]", "1 times, first on line 4: flavor: is required [required]"]
        );
    }
}
