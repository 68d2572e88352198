//! Copies of a database: made beside a running server (`backup.rs`), and put in place of one (`restore.rs`).
//!
//! A copy is of one moment: `pages.rs` holds one snapshot from the first page to the last. It is made in a file of another
//! name (`unfinished.rs`), made durable and looked through, and only then gets its own. Must never overwrite what it was not
//! told to, and never put a database where the write-ahead log of another lies: SQLite would lay that over it.

mod backup;
mod pages;
mod restore;
#[cfg(test)]
mod tests;
mod unfinished;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio_util::sync::CancellationToken;

use super::check::check_within;
use super::error::unsigned;
use super::files;
use super::open::newest_version;
use crate::store::{Finding, StoreError};

pub use backup::backup;
pub use restore::restore;

/// Faults that are told of a copy that is not whole.
const FAULTS_TOLD_MAX: usize = 3;
/// What may lie beside a database and belongs to it.
const BESIDE: [&str; 3] = ["-wal", "-journal", "-shm"];
/// Of these, what SQLite would lay over a database that it finds them beside.
const LAID_OVER: [&str; 2] = ["-wal", "-journal"];

/// How a copy is made.
#[derive(Clone)]
pub struct CopyOptions {
    /// True to put it where something is already: a backup then takes the place of another file, a restored database that
    /// of one which is moved aside.
    pub replace: bool,
    /// Bytes a second at most, so that who serves beside it keeps the disk; `None` is as fast as it goes.
    pub bytes_per_s: Option<u64>,
    /// Told to end, it ends within a moment and leaves nothing.
    pub end: CancellationToken,
    /// Told how far it is, some hundred times.
    pub told: Arc<dyn Fn(CopyStage) + Send + Sync>,
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyStage {
    /// Pages are being copied.
    Copying {
        /// Bytes copied.
        bytes: u64,
        /// Bytes that there are.
        of: u64,
    },
    /// All of it is there, and is being read.
    Checking,
}

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Bytes of its file.
    pub bytes: u64,
    /// Workspaces in it.
    pub workspaces: u64,
    /// Entries of all their logs.
    pub entries: u64,
    /// False where it is of an older version of the database: then SQLite's own check was made, and the logs were not
    /// looked through.
    pub looked_through: bool,
    /// Where the database went in whose place it is.
    pub aside: Option<PathBuf>,
}

/// Opens a copy that nobody else has, reads all of it, and tells what it holds.
///
/// # Errors
/// [`StoreError::Corrupt`] with what is wrong; [`StoreError::Refused`] when it is no database of this program, or of a newer one.
async fn look_through(path: &Path, shown: &Path) -> Result<Copied, StoreError> {
    let mut connection = open_copy(path).await?;
    let looked = look_within(&mut connection, path, shown).await;
    connection.close().await?;
    looked
}

/// Refuses what is no database of this program, or of a newer one.
async fn identify(path: &Path, shown: &Path) -> Result<(), StoreError> {
    let mut connection = open_copy(path).await?;
    let version = known_version(&mut connection, shown).await;
    connection.close().await?;
    version.map(drop)
}

async fn open_copy(path: &Path) -> Result<SqliteConnection, StoreError> {
    // Nothing is made beside it: no log, no index of one.
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    Ok(options.disable_statement_logging().connect().await?)
}

async fn look_within(connection: &mut SqliteConnection, path: &Path, shown: &Path) -> Result<Copied, StoreError> {
    let looked_through = known_version(connection, shown).await? == newest_version();
    let found = if looked_through {
        check_within(connection).await?
    } else {
        let told: Vec<String> = sqlx::query_scalar("pragma integrity_check").fetch_all(&mut *connection).await?;
        told.into_iter().filter(|line| line != "ok").map(|text| Finding { workspace: None, text }).collect()
    };
    refuse_faults(&found, shown)?;
    let (workspaces, entries) =
        sqlx::query_as("select count(*), coalesce(sum(seq - pruned), 0) from workspaces").fetch_one(connection).await?;
    let bytes = fs::metadata(path).map_err(|fault| unreadable(path, &fault))?.len();
    Ok(Copied { bytes, workspaces: unsigned(workspaces)?, entries: unsigned(entries)?, looked_through, aside: None })
}

/// The newest migration that was applied, which this program has.
async fn known_version(connection: &mut SqliteConnection, shown: &Path) -> Result<i64, StoreError> {
    let sql = "select max(version) from _sqlx_migrations where success";
    let found = sqlx::query_scalar::<_, Option<i64>>(sql).fetch_one(connection).await;
    match found.map_err(StoreError::from) {
        Ok(Some(version)) if version <= newest_version() => Ok(version),
        Ok(Some(_)) => {
            let text = format!("{} is of a newer version than this program; use the program of that version", shown.display());
            Err(StoreError::Refused(text))
        }
        Err(StoreError::Corrupt(text)) => Err(StoreError::Corrupt(text)),
        // No such table, or an empty one.
        Ok(None) | Err(_) => Err(StoreError::Refused(format!("{} is no database of Tidings", shown.display()))),
    }
}

fn refuse_faults(found: &[Finding], shown: &Path) -> Result<(), StoreError> {
    if found.is_empty() {
        return Ok(());
    }
    let told: Vec<_> = found.iter().take(FAULTS_TOLD_MAX).map(|finding| finding.text.as_str()).collect();
    let more = found.len().saturating_sub(FAULTS_TOLD_MAX);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    Err(StoreError::Corrupt(format!("{} is not whole: {}{more}; `tidings check` tells all of it", shown.display(), told.join("; "))))
}

/// Refuses a place where SQLite would lay over a new file what is left of another.
fn refuse_leftovers(place: &Path) -> Result<(), StoreError> {
    let left = LAID_OVER.map(|end| files::beside(place, end)).into_iter().find(|path| fs::metadata(path).is_ok_and(|m| m.len() > 0));
    match left {
        None => Ok(()),
        Some(left) => Err(StoreError::Refused(format!(
            "{} lies beside it, so {} is a database in use or one that was not closed; choose another name",
            left.display(),
            place.display()
        ))),
    }
}

/// True when both names are of one file.
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let of = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    of(one).is_some_and(|one| Some(one) == of(other))
}

fn unreadable(path: &Path, fault: &std::io::Error) -> StoreError {
    StoreError::Refused(format!("cannot read {}: {fault}", path.display()))
}

/// What is told when it was told to end.
fn interrupted() -> StoreError {
    StoreError::Refused("told to end before it was done; nothing was kept".to_owned())
}
