//! Live sample traffic, sent to the demo's own server over HTTP like anybody's.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::story::Story;
use crate::cli::client::{Batch, Client, Refusals, send_batch};
use crate::clock::Clock;

/// What is due within this time goes in one request, in milliseconds.
const TOGETHER_MS: u64 = 30;

/// Tells the story as it happens until `shutdown`. What the server refuses is logged; the story goes on.
pub async fn play(client: Client, seed: u64, shutdown: CancellationToken) {
    // A story that is told to its end would be over; this one never is.
    let _ = shutdown.run_until_cancelled(tell(client, seed)).await;
}

async fn tell(mut client: Client, seed: u64) {
    let clock = Clock::System;
    let mut batch = Batch::default();
    for (number, beat) in Story::live(seed, clock.now()).enumerate() {
        let ahead = beat.at.ms_since(clock.now());
        if ahead > TOGETHER_MS {
            send(&mut client, &mut batch).await;
            tokio::time::sleep(Duration::from_millis(beat.at.ms_since(clock.now()))).await;
        }
        let draft = serde_json::Value::Object(beat.draft(true)).to_string();
        if batch.is_full_for(&draft) {
            send(&mut client, &mut batch).await;
        }
        batch.push(number as u64, &draft);
    }
}

async fn send(client: &mut Client, batch: &mut Batch) {
    if batch.is_empty() {
        return;
    }
    let mut refusals = Refusals::default();
    let waiting = |error: &_| tracing::warn!(%error, "the demo's server does not take activities; waiting");
    let sent = send_batch(client, batch, waiting, |line, fault| refusals.note(line, fault), |_, _| {}).await;
    if let Err(error) = sent {
        tracing::warn!(%error, "sample activities were not sent");
    }
    for refusal in refusals.lines() {
        tracing::warn!(refusal, "a sample activity was refused");
    }
}
