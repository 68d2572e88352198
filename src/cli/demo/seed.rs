//! The week of history, made durable before anybody is served.
//!
//! It is written to a file of its own that gets its name when it is whole: a demo that was interrupted begins again.

use std::path::{Path, PathBuf};
use std::{fs, io};

use indicatif::ProgressBar;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::beat::Beat;
use super::cast::{CAMPAIGNS, EVENT, EVENT_NAME, MESSAGES, PARTNERS};
use super::story::Story;
use crate::auth::{Actor, Operator, WorkspaceId};
use crate::clock::Clock;
use crate::domain::{ActivityId, Events, Key, UnixMs};
use crate::ingest::{BodyError, DraftContext, UserAgents, parse};
use crate::store::{At, Change, Condition, DatabaseUrl, OpenFor, Quota, Store, StoreError, Thing};

/// The same story is told each time.
const SEED: u64 = 2_026;
/// How far back the history of a demo goes, in milliseconds.
pub const HISTORY_MS: i64 = 7 * 86_400_000;
/// Activities that are recorded in one transaction lie at most so far apart, in milliseconds: senders batch as well, and
/// each transaction is a sync of the disk.
const TRANSACTION_MS_MAX: i64 = 60_000;
/// The newest, which are looked at first, lie at most this share of their age apart.
const TRANSACTION_AGE_SHARE: i64 = 120;
/// Activities in one transaction.
const TRANSACTION_BEATS_MAX: usize = 500;

/// Why there is no history.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file could not be written.
    #[error("{}: {}", path.display(), error)]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sample drafts are no drafts: a fault of this program.
    #[error("a sample draft was refused: {0}")]
    Draft(String),
}

impl From<BodyError> for SeedError {
    fn from(error: BodyError) -> Self {
        Self::Draft(error.to_string())
    }
}

/// Makes a database with the sample event and its history from `begin` to `end`; how many activities it holds.
///
/// # Errors
/// [`SeedError`]; then there is no file at `path`.
pub async fn seed(path: &Path, begin: UnixMs, end: UnixMs, bar: &ProgressBar) -> Result<u64, SeedError> {
    let unfinished = DatabaseUrl::of_file(beside(path, ".unfinished"));
    let failed = |error| SeedError::File { path: path.to_owned(), error };
    unfinished.remove().map_err(failed)?;
    let clock = Clock::manual(begin);
    let store = Store::open(&unfinished, clock.clone(), OpenFor::Oneself).await?;
    let told = tell(&store, &clock, begin, end, bar).await;
    store.close().await?;
    let told = told?;
    unfinished.move_to(&DatabaseUrl::of_file(path)).map_err(failed)?;
    Ok(told)
}

/// `path` with something behind its name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Removes a file that may not be there.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove(path: &Path) -> Result<(), SeedError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SeedError::File { path: path.to_owned(), error }),
        _ => Ok(()),
    }
}

async fn tell(store: &Store, clock: &Clock, begin: UnixMs, end: UnixMs, bar: &ProgressBar) -> Result<u64, SeedError> {
    let found = store.keyring.workspace_by_key(Operator::assume(), Key::trusted(super::WORKSPACE)).await?;
    let Some(workspace) = found.map(|w| w.id) else {
        return Err(StoreError::Corrupt("the new database has no workspace".to_owned()).into());
    };
    store.log.commit(directory(workspace)).await?;
    let tasks = TaskTracker::new();
    let agents = UserAgents::start(&tasks);
    let beats: Vec<Beat> = Story::history(SEED, begin, end).collect();
    bar.set_length(beats.len() as u64);
    let new_id = |_: UnixMs| ActivityId(Uuid::now_v7());
    for part in parts(&beats, end) {
        let Some(last) = part.last() else { continue };
        clock.set(last.at);
        let context =
            DraftContext { now: last.at, bound: &Events::ALL, event_headers: &[], made_id: None, new_id: &new_id, agents: &agents };
        let body: Vec<String> = part.iter().map(|beat| serde_json::Value::Object(beat.draft(true)).to_string()).collect();
        let drafts = parse(Some("application/x-ndjson"), body.join("\n").as_bytes(), &context).await?;
        let activities = drafts.items.into_iter().collect::<Result<Vec<_>, _>>().map_err(|e| SeedError::Draft(e.to_string()))?;
        store.log.commit(vec![Change::Append { workspace, activities, create_unknown: false, quota: Quota::default() }]).await?;
        bar.inc(part.len() as u64);
    }
    tasks.close();
    tasks.wait().await;
    Ok(beats.len() as u64)
}

/// Neighbours in time, for one transaction each.
fn parts(beats: &[Beat], end: UnixMs) -> impl Iterator<Item = &[Beat]> {
    let mut rest = beats;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let apart = ((end.0 - first.at.0) / TRANSACTION_AGE_SHARE).min(TRANSACTION_MS_MAX);
        let near = rest.iter().take(TRANSACTION_BEATS_MAX).take_while(|b| b.at.0 - first.at.0 <= apart).count();
        let (part, after) = rest.split_at(near);
        rest = after;
        Some(part)
    })
}

/// Event, partners, messages with recipients, campaigns.
fn directory(workspace: WorkspaceId) -> Vec<Change> {
    // The keys of the cast are keys: a test holds it to that.
    let key = Key::trusted;
    let event = key(EVENT);
    let put = |at, thing| Change::Put { at, thing, condition: Condition::None, by: Actor::Server };
    let within = |named: &str| At::within(workspace, event.clone(), key(named));
    let mut changes = vec![put(At::top(workspace, event.clone()), Thing::Event { name: EVENT_NAME.to_owned() })];
    changes.extend(PARTNERS.iter().map(|partner| {
        let thing = Thing::Partner {
            name: partner.name.to_owned(),
            email: Some(format!("{}@example.com", partner.key)),
            company: Some(partner.company.to_owned()),
            tags: partner.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        put(within(partner.key), thing)
    }));
    for message in MESSAGES {
        let named = key(message.key);
        let recipients = message.recipients().map(|at| key(PARTNERS[at].key)).collect();
        changes.push(put(within(message.key), Thing::Message { subject: message.subject.to_owned() }));
        changes.push(Change::Recipients {
            workspace,
            event: event.clone(),
            message: named,
            add: recipients,
            remove: Vec::new(),
            by: Actor::Server,
        });
    }
    changes.extend(CAMPAIGNS.iter().map(|(campaign, name)| put(within(campaign), Thing::Campaign { name: (*name).to_owned() })));
    changes
}

#[cfg(test)]
mod tests {
    use super::{HISTORY_MS, SEED, Story, TRANSACTION_BEATS_MAX, parts};
    use crate::domain::UnixMs;

    #[test]
    fn parts_are_near_and_whole() {
        let end = UnixMs(1_795_000_000_000);
        let beats: Vec<_> = Story::history(SEED, UnixMs(end.0 - HISTORY_MS), end).collect();
        let parts: Vec<_> = parts(&beats, end).collect();
        assert_eq!(parts.concat(), beats);
        assert!(parts.iter().all(|part| !part.is_empty() && part.len() <= TRANSACTION_BEATS_MAX));
        assert!(parts.len() < 3_500, "{} transactions", parts.len());
    }

    #[tokio::test]
    async fn a_seeded_database_holds_the_story() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("demo.db");
        let end = UnixMs(1_795_000_000_000);
        let told = super::seed(&path, UnixMs(end.0 - 7_200_000), end, &indicatif::ProgressBar::hidden()).await.expect("seeded");
        let url = super::DatabaseUrl::of_file(&path);
        let store = super::Store::open(&url, super::Clock::manual(end), super::OpenFor::Oneself).await.expect("opens");
        let operator = super::Operator::assume();
        let default = super::Key::trusted(super::super::WORKSPACE);
        let workspace = store.keyring.workspace_by_key(operator, default).await.expect("read").expect("there").id;
        let head = store.log.head(workspace).await.expect("head");
        // Tags and recipients are entries too.
        assert!(head.seq >= told, "{} < {told}", head.seq);
        assert!(head.recorded_at <= end && end.0 - head.recorded_at.0 < 3_600_000);
        store.close().await.expect("closed");
    }
}
