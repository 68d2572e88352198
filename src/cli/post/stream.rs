//! Drafts from standard input.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, Stdin};
use tokio::time::timeout;

use super::draft::with_id;
use crate::cli::CliError;
use crate::cli::client::{Batch, Client, ClientError, Fault, Tally, send_batch};

/// A batch that is not full is sent when no line came for so long, in milliseconds: `tail -f log | tidings post -` is live.
const IDLE_MS: u64 = 100;

/// Sends every line as a draft, in batches; tells each line that is at fault.
///
/// # Errors
/// When the server cannot be used, or at the end when a line was rejected.
pub async fn run(client: &mut Client, event: Option<&str>) -> Result<(), CliError> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut sender = Sender { client, batch: Batch::default(), tally: Tally::default() };
    let mut number = 0;
    while let Some(line) = next_line(&mut lines, &mut sender).await? {
        number += 1;
        if line.trim().is_empty() {
            continue;
        }
        match draft_line(&line, event) {
            Ok(draft) => sender.push(number, &draft).await?,
            Err(why) => {
                sender.tally.rejected += 1;
                eprintln!("line {number}: {why}");
            }
        }
    }
    sender.flush().await?;
    let Tally { accepted, duplicates, rejected } = sender.tally;
    println!("{accepted} accepted, {duplicates} duplicates, {rejected} rejected");
    match rejected {
        0 => Ok(()),
        n => Err(CliError::failed(format!("{n} of the lines were rejected; each stands above with its reason"))),
    }
}

async fn next_line(lines: &mut Lines<BufReader<Stdin>>, sender: &mut Sender<'_>) -> Result<Option<String>, CliError> {
    let broken = |e: std::io::Error| CliError::failed(format!("standard input: {e}"));
    if !sender.batch.is_empty() {
        match timeout(Duration::from_millis(IDLE_MS), lines.next_line()).await {
            Ok(line) => return line.map_err(broken),
            Err(_) => sender.flush().await?,
        }
    }
    lines.next_line().await.map_err(broken)
}

fn draft_line(line: &str, event: Option<&str>) -> Result<String, String> {
    let mut draft: Map<String, Value> = serde_json::from_str(line).map_err(|e| {
        format!("is no JSON object ({e}); give one draft a line, as in {{\"flavor\":\"content.shared\",\"partner\":\"acme\"}}")
    })?;
    if let Some(event) = event {
        draft.entry("event").or_insert_with(|| json!(event));
    }
    Ok(Value::Object(with_id(draft)).to_string())
}

struct Sender<'a> {
    client: &'a mut Client,
    batch: Batch,
    tally: Tally,
}

impl Sender<'_> {
    async fn push(&mut self, number: u64, draft: &str) -> Result<(), ClientError> {
        if self.batch.is_full_for(draft) {
            self.flush().await?;
        }
        self.batch.push(number, draft);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), ClientError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let waiting = |error: &ClientError| eprintln!("waiting: {error}");
        let refused = |line: u64, fault: &Fault| eprintln!("line {line}: {fault}");
        let answer = send_batch(self.client, &mut self.batch, waiting, refused).await?;
        self.tally += &answer;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::draft_line;

    #[test]
    fn fills_in_the_event() {
        for (line, event, want) in [(r#"{"event":"a"}"#, Some("b"), "a"), ("{}", Some("b"), "b")] {
            let draft: serde_json::Value = serde_json::from_str(&draft_line(line, event).expect(line)).expect("json");
            assert_eq!(draft["event"], want);
        }
        assert!(draft_line("[]", None).expect_err("list").contains("one draft a line"));
    }
}
