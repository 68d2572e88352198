//! A backup in place of a database: as it was, in a log of its own.
//!
//! Every log gets a new epoch: what was appended after the backup was made is gone, and a reader who has seen it is told so.
//! The backup stays as it is; what is put in place is a copy of it, brought up to date and looked through.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use sqlx::sqlite::SqliteConnection;

use super::super::keyring::new_epoch;
use super::super::{SqliteOptions, SqliteStore, files};
use super::pages::{Source, copy_pages};
use super::unfinished::{Unfinished, sync_folder};
use super::{BESIDE, Copied, CopyOptions, CopyStage, LAID_OVER, identify, interrupted, is_same, look_through};
use crate::auth::Operator;
use crate::clock::Clock;
use crate::domain::UnixMs;
use crate::store::StoreError;

/// How long one waits for another program that has the old database open.
const OLD_WAIT: Duration = Duration::from_secs(2);

/// What every database begins with.
const HEADER: &[u8; 16] = b"SQLite format 3\0";

/// Puts a copy of the backup `from` where the database `to` is, or is to be. Nothing of an old database is touched before
/// the copy is whole and durable, and then it is moved aside.
///
/// # Errors
/// [`StoreError::Refused`] when a server has the database, it is there and may not be replaced, or the backup is none;
/// [`StoreError::Corrupt`] when the backup is not whole. The database is as it was then.
pub async fn restore(_operator: Operator, from: &Path, to: &Path, clock: &Clock, options: &CopyOptions) -> Result<Copied, StoreError> {
    let to = files::resolve(to);
    if !from.is_file() {
        return Err(StoreError::Refused(format!("there is no backup {}", from.display())));
    }
    if is_same(from, &to) {
        return Err(StoreError::Refused(format!("{} is the database itself; name a backup of it", from.display())));
    }
    // Held until all is done: no server may begin on what is being replaced.
    let mut lock = files::lock(&to)?;
    let is_there = to.exists() || LAID_OVER.iter().any(|end| files::beside(&to, end).exists());
    if to.exists() {
        lock.take_itself(&to)?;
    }
    if is_there && !options.replace {
        let text = format!("there is a database at {}; name another place, or --force moves it aside", to.display());
        return Err(StoreError::Refused(text));
    }
    let unfinished = Unfinished::begin(&to)?;
    copy_pages(from, Source::AtRest, unfinished.path(), options).await?;
    (options.told)(CopyStage::Checking);
    let prepared = options.end.run_until_cancelled(prepare(unfinished.path(), from, clock)).await;
    let mut copied = prepared.ok_or_else(interrupted)??;
    unfinished.sync()?;
    if is_there {
        copied.aside = Some(move_aside(&to, clock.now())?);
    }
    unfinished.name()?;
    drop(lock);
    Ok(copied)
}

/// Brings the copy up to date, makes its logs others than those that the backup was made of, and looks it through.
async fn prepare(path: &Path, shown: &Path, clock: &Clock) -> Result<Copied, StoreError> {
    // Before it is opened as a database of ours, for that would make one of whatever it is.
    identify(path, shown).await?;
    // Not for itself alone: nobody else knows of it, and a lock would leave a file beside it.
    let store = SqliteStore::open(path, clock.clone(), SqliteOptions { exclusive: false, ..SqliteOptions::default() }).await?;
    let renewed = renew(store.inner.writer.lock().await.connection().await?).await;
    store.close().await?;
    renewed?;
    debug_assert!(LAID_OVER.iter().all(|end| !files::beside(path, end).exists()), "who closes last puts the log into the file");
    look_through(path, shown).await
}

/// A new epoch for every log, and no way in that is used once: it may have been used since.
async fn renew(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let workspaces: Vec<i64> = sqlx::query_scalar("select id from workspaces").fetch_all(&mut *connection).await?;
    for workspace in workspaces {
        sqlx::query("update workspaces set epoch = ? where id = ?").bind(new_epoch()?).bind(workspace).execute(&mut *connection).await?;
    }
    sqlx::query("delete from credentials where kind in ('link', 'ticket')").execute(connection).await?;
    Ok(())
}

/// Gives the old database another name, with what belongs to it.
fn move_aside(database: &Path, now: UnixMs) -> Result<PathBuf, StoreError> {
    // Best it is one file, with its log put into it: then there is no moment at which half of it is away.
    close_whole(database)?;
    let aside = free_name(database, now);
    let refused = |fault: std::io::Error| StoreError::Refused(format!("cannot move {} aside: {fault}", database.display()));
    for end in LAID_OVER {
        match fs::rename(files::beside(database, end), files::beside(&aside, end)) {
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => return Err(refused(fault)),
            _ => {}
        }
    }
    // An index of the log, made anew by whoever opens it.
    let _ = fs::remove_file(files::beside(database, "-shm"));
    if database.exists() {
        // A second name first: whatever happens now, there is never no database, in whose place a server would make one.
        fs::hard_link(database, &aside).or_else(|_| fs::rename(database, &aside)).map_err(refused)?;
    }
    sync_folder(database)?;
    Ok(aside)
}

/// Puts the log of a database into it, where it can be read at all, and refuses one that somebody else has open.
fn close_whole(database: &Path) -> Result<(), StoreError> {
    // Of a file too short to be one, SQLite would throw the log away.
    let mut begins = [0; HEADER.len()];
    if File::open(database).and_then(|mut file| file.read_exact(&mut begins)).is_err() || begins != *HEADER {
        return Ok(());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(old) = Connection::open_with_flags(database, flags) else { return Ok(()) };
    // Leaving the log behind wants the file for oneself.
    let mode = old.busy_timeout(OLD_WAIT).and_then(|()| old.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0)));
    let is_held = match &mode {
        Ok(mode) => String::as_str(mode) == "wal",
        Err(fault) => fault.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy),
    };
    match is_held {
        true => Err(StoreError::Refused(format!("another program has {} open; end it first", database.display()))),
        // What cannot be read is moved as it is.
        false => Ok(()),
    }
}

/// `DATABASE.replaced-20261126T054325Z`, with a number behind it where there is one already.
fn free_name(database: &Path, now: UnixMs) -> PathBuf {
    let at: String = now.to_string().chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    let named = |ending: &str| files::beside(database, &format!(".replaced-{at}Z{ending}"));
    let is_free = |path: &PathBuf| std::iter::once("").chain(BESIDE).all(|end| !files::beside(path, end).exists());
    let numbered = (2..).map(|number| named(&format!("-{number}")));
    std::iter::once(named("")).chain(numbered).find(is_free).unwrap_or_else(|| named(""))
}
