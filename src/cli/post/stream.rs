//! Drafts from standard input.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::draft::new_id;
use crate::cli::CliError;
use crate::cli::client::{Batch, Client, ClientError, DraftLine, Fault, Tally, send_batch};
use crate::cli::text::{LINE_BYTES_MAX, Line, STANDARD_INPUT, TextReader, Unread, Wanted};

/// A batch that is not full is sent when no line came for so long, in milliseconds: `tail -f log | tidings post -` is live.
const IDLE_MS: u64 = 100;

/// Sends every line as a draft, in batches; tells each line that is at fault.
///
/// # Errors
/// When the server cannot be used, when there was no draft at all, or at the end when a line was rejected.
pub async fn run(client: &mut Client, event: Option<&str>) -> Result<(), CliError> {
    let mut lines = TextReader::open(Path::new(STANDARD_INPUT)).map_err(broken)?;
    let mut sender = Sender { client, batch: Batch::default(), tally: Tally::default() };
    let mut unread = Unread::new(Wanted::Drafts);
    while let Some(Line { number, bytes }) = next_line(&mut lines, &mut sender).await? {
        if bytes.as_ref().is_some_and(|line| line.trim_ascii().is_empty()) {
            continue;
        }
        let read = match &bytes {
            Some(line) => draft_line(line, event),
            None => Err(format!("is longer than {LINE_BYTES_MAX} bytes")),
        };
        let shown = match &read {
            Ok(_) => unread.some_read(),
            Err(why) => unread.note(number, bytes.as_deref().unwrap_or_default(), why),
        };
        shown.iter().for_each(|text| eprintln!("{text}"));
        if let Ok(draft) = read {
            sender.push(number, &draft.to_string()).await?;
        }
        if unread.is_hopeless() {
            break;
        }
    }
    sender.flush().await?;
    let Tally { accepted, duplicates, rejected } = sender.tally;
    let rejected = rejected + unread.count;
    println!("{accepted} accepted, {duplicates} duplicates, {rejected} rejected");
    match (unread.sentence(), rejected) {
        (Some(given), _) => Err(CliError::failed(format!("standard input: {given}"))),
        (None, 0) => Ok(()),
        (None, n) => Err(CliError::failed(format!("{n} of the lines were rejected; the reasons stand above"))),
    }
}

fn broken(fault: std::io::Error) -> CliError {
    CliError::failed(format!("standard input: {fault}"))
}

async fn next_line(lines: &mut TextReader, sender: &mut Sender<'_>) -> Result<Option<Line>, CliError> {
    if !sender.batch.is_empty() {
        match timeout(Duration::from_millis(IDLE_MS), lines.next()).await {
            Ok(line) => return line.map_err(broken),
            Err(_) => sender.flush().await?,
        }
    }
    lines.next().await.map_err(broken)
}

fn draft_line(line: &[u8], event: Option<&str>) -> Result<DraftLine, String> {
    let mut draft = DraftLine::read(line)?;
    if let Some(event) = event {
        draft.fill("event", &json!(event));
    }
    if !draft.has("id") {
        draft.set("id", &new_id());
    }
    Ok(draft)
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
        let warned = |line: u64, fault: &Fault| eprintln!("line {line}: warning: {fault}");
        let answer = send_batch(self.client, &mut self.batch, waiting, refused, warned).await?;
        self.tally += &answer;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::draft_line;

    #[test]
    fn fills_in_event_and_id() {
        for (line, event, want) in [(r#"{"event":"a"}"#, Some("b"), "a"), ("{}", Some("b"), "b")] {
            let draft = draft_line(line.as_bytes(), event).expect(line);
            assert_eq!(draft.text("event").as_deref(), Some(want));
            assert!(draft.text("id").is_some_and(|id| id.len() == 36));
        }
        let kept = draft_line(br#"{"id":"x"}"#, None).expect("read");
        assert_eq!(kept.to_string(), r#"{"id":"x"}"#);
    }
}
