//! The connection of a tail: opened, listened to, and opened again when it breaks.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc::Receiver;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};

use super::filter::parse_line;
use super::follow::Follow;
use super::frames::{self, Word};
use super::printer::Printer;
use crate::cli::CliError;
use crate::cli::client::{ClientError, Problem, Server, Socket, connect};

/// The first wait before connecting again, in milliseconds; it doubles.
const BACKOFF_MS_FIRST: u64 = 200;
/// The longest wait before connecting again, in milliseconds.
const BACKOFF_MS_MAX: u64 = 10_000;
/// How often something is heard, where the server has not said yet, in milliseconds.
const HEARTBEAT_MS_DEFAULT: u64 = 15_000;
const READ_BUFFER_BYTES: usize = 64 * 1024;

/// A tail that runs.
pub struct Stream {
    /// Where.
    pub server: Server,
    /// What it knows.
    pub follow: Follow,
    /// How many of the newest a fresh view begins with.
    pub backfill: usize,
    /// Where its output goes.
    pub printer: Printer,
    /// Filters that somebody types.
    pub typed: Receiver<String>,
}

enum End {
    /// Nobody reads the output any more.
    Unread,
    /// The server closed or was lost; it may say when to come back.
    Lost { why: String, after_ms: Option<u64> },
    /// There is no use in coming back.
    Refused(String),
}

impl Stream {
    /// Runs until nobody reads the output, or the server refuses.
    ///
    /// # Errors
    /// The refusal.
    pub async fn run(mut self) -> Result<(), CliError> {
        let mut tried = 0;
        let mut told = String::new();
        loop {
            let position = self.follow.position().map(str::to_owned);
            let (why, after_ms) = match connect(&self.server, READ_BUFFER_BYTES).await {
                Ok(socket) => match self.listen(socket).await? {
                    End::Unread => return Ok(()),
                    End::Refused(why) => return Err(CliError::failed(why)),
                    End::Lost { why, after_ms } => (why, after_ms),
                },
                Err(error) if error.is_passing() && (self.follow.position().is_some() || tried > 0) => {
                    (in_short(&error), asked_wait(&error))
                }
                // The very first try tells a wrong address at once.
                Err(error) => return Err(error.into()),
            };
            // A connection that brought something starts the waits from the beginning.
            tried = if self.follow.position() == position.as_deref() { tried + 1 } else { 1 };
            // A server that is away for an hour is told once, not a thousand times.
            if tried == 1 || told != why {
                self.printer.note(&format!("reconnecting: {why}"));
                told = why;
            }
            if !self.pause(wait_ms(tried, after_ms, jitter())).await {
                return Ok(());
            }
        }
    }

    /// Waits; a filter typed meanwhile is kept for the next connection.
    async fn pause(&mut self, ms: u64) -> bool {
        let waiting = sleep(Duration::from_millis(ms));
        tokio::pin!(waiting);
        loop {
            tokio::select! {
                () = &mut waiting => return true,
                Some(line) = self.typed.recv() => { self.typed_filter(&line); }
            }
        }
    }

    async fn listen(&mut self, mut socket: Socket) -> Result<End, CliError> {
        let (filter, shown) = self.follow.connected();
        if !self.printer.print(shown) {
            return Ok(End::Unread);
        }
        let subscribe = frames::subscribe(&filter, self.follow.position(), self.backfill);
        if let Err(error) = socket.send(Message::text(subscribe)).await {
            return Ok(lost(&error));
        }
        let (mut silence_max, mut after_ms, mut subscribed) = (frames::silence_max(HEARTBEAT_MS_DEFAULT), None, false);
        loop {
            let heard = tokio::select! {
                heard = timeout(silence_max, socket.next()) => heard,
                Some(line) = self.typed.recv() => {
                    if let Some(frame) = self.typed_filter(&line)
                        && let Err(error) = socket.send(Message::text(frame)).await
                    {
                        return Ok(lost(&error));
                    }
                    continue;
                }
            };
            let text = match heard {
                Err(_) => return Ok(End::Lost { why: "nothing was heard for too long".to_owned(), after_ms: None }),
                Ok(None) => return Ok(End::Lost { why: "the connection ended".to_owned(), after_ms }),
                Ok(Some(Err(error))) => return Ok(lost(&error)),
                Ok(Some(Ok(Message::Text(text)))) => text,
                Ok(Some(Ok(Message::Close(frame)))) => {
                    return Ok(closed(frame.map(|f| (u16::from(f.code), f.reason.to_string())), after_ms));
                }
                Ok(Some(Ok(_))) => continue,
            };
            let word =
                Word::read(&text).map_err(|e| CliError::failed(format!("the server sent what this program does not understand: {e}")))?;
            match &word {
                Word::Welcome { heartbeat_ms } => silence_max = frames::silence_max(*heartbeat_ms),
                Word::Bye { reconnect_after_ms, .. } => after_ms = Some(*reconnect_after_ms),
                Word::Subscribed { .. } => subscribed = true,
                Word::Error { code, message, .. } if !subscribed => return Ok(End::Refused(format!("{message} [{code}]"))),
                _ => {}
            }
            if !self.printer.print(self.follow.hear(word)) {
                return Ok(End::Unread);
            }
        }
    }

    /// The frame that asks for a typed filter; a line that is none is told, and changes nothing.
    fn typed_filter(&mut self, line: &str) -> Option<String> {
        match parse_line(line) {
            Ok(filter) => {
                let reference = self.follow.refilter(filter.clone());
                Some(frames::refilter(&filter, self.backfill, reference))
            }
            Err(invalid) => {
                self.printer.note(&format!("{invalid}; the filter stays as it was"));
                None
            }
        }
    }
}

fn lost(error: &WebSocketError) -> End {
    let why = match error {
        WebSocketError::Io(_) | WebSocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => "the connection broke".to_owned(),
        other => format!("the connection broke: {other}"),
    };
    End::Lost { why, after_ms: None }
}

/// Why the server cannot be reached, for somebody who has reached it before.
fn in_short(error: &ClientError) -> String {
    match error {
        ClientError::Unreachable { url, .. } => format!("nothing answers at {url}"),
        other => other.to_string(),
    }
}

/// What a close means. 4401 and 4403 will not change by coming back.
fn closed(frame: Option<(u16, String)>, after_ms: Option<u64>) -> End {
    match frame {
        Some((4401, reason)) => End::Refused(format!("the key is no longer good: {reason}")),
        Some((4403, reason)) => End::Refused(format!("this key may not read that: {reason}")),
        Some((code, reason)) => End::Lost { why: format!("the server closed the connection ({code} {reason})"), after_ms },
        None => End::Lost { why: "the server closed the connection".to_owned(), after_ms },
    }
}

fn asked_wait(error: &ClientError) -> Option<u64> {
    match error {
        ClientError::Refused(Problem { retry_after: Some(wait), .. }) => u64::try_from(wait.as_millis()).ok(),
        _ => None,
    }
}

/// Half of the wait is fixed and half by chance, so that many readers do not come back in one moment.
fn wait_ms(tried: u32, asked_ms: Option<u64>, chance: u64) -> u64 {
    let base = BACKOFF_MS_FIRST << tried.saturating_sub(1).min(10);
    let base = base.max(asked_ms.unwrap_or(0)).min(BACKOFF_MS_MAX);
    base / 2 + chance % (base / 2 + 1)
}

fn jitter() -> u64 {
    fastrand::u64(..)
}

#[cfg(test)]
mod tests {
    use super::{End, closed, wait_ms};

    #[test]
    fn waits_grow_and_are_bounded() {
        for (tried, asked, chance, want) in [
            (1, None, 0, 100),
            (1, None, 100, 200),
            (3, None, 0, 400),
            (60, None, u64::MAX, 5_000 + u64::MAX % 5_001),
            (1, Some(2_000), 0, 1_000),
        ] {
            assert_eq!(wait_ms(tried, asked, chance), want, "{tried} {asked:?}");
        }
    }

    #[test]
    fn only_a_refusal_ends_it() {
        for (code, refused) in [(1001, false), (1012, false), (4408, false), (4429, false), (4401, true), (4403, true)] {
            assert_eq!(matches!(closed(Some((code, String::new())), None), End::Refused(_)), refused, "{code}");
        }
    }
}
