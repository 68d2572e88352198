//! Copies the pages of a database as they were at one moment, while others go on writing.
//!
//! SQLite's backup begins anew whenever somebody writes between two of its steps, and so never ends beside a busy server.
//! Here its source holds one read transaction from the first step to the last: the pages are those of its beginning, and
//! the write-ahead log keeps what comes meanwhile. (`VACUUM INTO` would do as well and takes as long, but cannot be paced,
//! asked how far it is, or told to end, and reads a fragmented file out of order.)

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use tokio::task::spawn_blocking;

use super::super::files;
use super::{BESIDE, CopyOptions, CopyStage, interrupted, unreadable};
use crate::store::StoreError;

/// Bytes that are copied in one step.
const STEP_BYTES: u64 = 1024 * 1024;
/// How long one waits for another program that has the source locked, in all.
const BUSY_WAIT_MAX: Duration = Duration::from_secs(10);
/// How long between two looks, where one waits.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Who may have the source open meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A server, and the command line beside it.
    InUse,
    /// Nobody, unless what lies beside it says otherwise: it may be on a disk that cannot be written.
    AtRest,
}

/// Copies `from` into the empty file `to`. Not durable yet.
///
/// # Errors
/// [`StoreError`] when either cannot be read or written, or it was told to end.
pub(super) async fn copy_pages(from: &Path, source: Source, to: &Path, options: &CopyOptions) -> Result<(), StoreError> {
    let (from, to, options) = (from.to_owned(), to.to_owned(), options.clone());
    let copied = spawn_blocking(move || copy(&from, source, &to, &options)).await;
    copied.unwrap_or_else(|lost| Err(StoreError::Unavailable(format!("the copy was not made: {lost}"))))
}

fn copy(from: &Path, source: Source, to: &PathBuf, options: &CopyOptions) -> Result<(), StoreError> {
    let source = open_source(from, source)?;
    // From here on it reads one state.
    source.execute_batch("begin; select count(*) from sqlite_master")?;
    let page_bytes: u64 = source.pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0))?.into();
    let step_pages = i32::try_from(STEP_BYTES / page_bytes.max(1)).unwrap_or(1).max(1);
    let mut target = Connection::open(to)?;
    // It is synced as a whole, once, and nobody would roll it back.
    target.execute_batch("pragma synchronous = off")?;
    let copying = Backup::new(&source, &mut target)?;
    let begun = Instant::now();
    let mut busy_since = None;
    loop {
        let step = copying.step(step_pages)?;
        let (pages, left) = (copying.progress().pagecount, copying.progress().remaining);
        let bytes = u64::try_from(pages - left).unwrap_or(0) * page_bytes;
        (options.told)(CopyStage::Copying { bytes, of: u64::try_from(pages).unwrap_or(0) * page_bytes });
        match step {
            StepResult::Done => break,
            StepResult::More => {
                busy_since = None;
                pace(bytes, begun, options)?;
            }
            _ => {
                let since = *busy_since.get_or_insert_with(Instant::now);
                if since.elapsed() > BUSY_WAIT_MAX {
                    return Err(StoreError::Unavailable(format!("another program has {} locked", from.display())));
                }
                pause(LOOK_EVERY, options)?;
            }
        }
    }
    drop(copying);
    target.close().map_err(|(_, fault)| fault)?;
    Ok(source.close().map_err(|(_, fault)| fault)?)
}

/// The source, by the way that changes least about it.
fn open_source(from: &Path, source: Source) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let is_alone = BESIDE.iter().all(|end| !files::beside(from, end).exists());
    let opened = if source == Source::AtRest && is_alone {
        let absolute = std::path::absolute(from).map_err(|fault| unreadable(from, &fault))?;
        let mut address =
            url::Url::from_file_path(&absolute).map_err(|()| StoreError::Refused(format!("{} is no path", from.display())))?;
        address.set_query(Some("immutable=1"));
        Connection::open_with_flags(address.as_str(), flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        // Whoever closes a database last puts its log into it, and for that must be able to write.
        let writing = Connection::open_with_flags(from, flags | OpenFlags::SQLITE_OPEN_READ_WRITE);
        writing.or_else(|_| Connection::open_with_flags(from, flags | OpenFlags::SQLITE_OPEN_READ_ONLY))?
    };
    opened.busy_timeout(BUSY_WAIT_MAX)?;
    Ok(opened)
}

/// Waits where it would be faster than it may.
fn pace(bytes: u64, begun: Instant, options: &CopyOptions) -> Result<(), StoreError> {
    let due = options.bytes_per_s.map_or(0.0, |rate| bytes as f64 / rate.max(1) as f64);
    loop {
        let early = due - begun.elapsed().as_secs_f64();
        pause(Duration::from_secs_f64(early.clamp(0.0, LOOK_EVERY.as_secs_f64())), options)?;
        if early <= LOOK_EVERY.as_secs_f64() {
            return Ok(());
        }
    }
}

fn pause(wait: Duration, options: &CopyOptions) -> Result<(), StoreError> {
    if options.end.is_cancelled() {
        return Err(interrupted());
    }
    if !wait.is_zero() {
        std::thread::sleep(wait);
    }
    Ok(())
}
