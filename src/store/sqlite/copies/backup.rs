//! A backup: the whole database as of one moment, in one file, beside a running server too.

use std::path::Path;

use super::super::files;
use super::pages::{Source, copy_pages};
use super::unfinished::Unfinished;
use super::{Copied, CopyOptions, CopyStage, interrupted, is_same, look_through, refuse_leftovers};
use crate::auth::Operator;
use crate::store::StoreError;

/// Copies a database to a file, which is there only when it is whole, durable and checked. The database is not changed, nor
/// brought up to date.
///
/// # Errors
/// [`StoreError::Refused`] when there is no such database, the place is taken, or it was told to end;
/// [`StoreError::Corrupt`] when the copy is not whole; [`StoreError::Unavailable`] when the disk is full or fails. There is no
/// new file then.
pub async fn backup(_operator: Operator, database: &Path, to: &Path, options: &CopyOptions) -> Result<Copied, StoreError> {
    let (database, to) = (files::resolve(database), files::resolve(to));
    if !database.is_file() {
        return Err(StoreError::Refused(format!("there is no database {}", database.display())));
    }
    refuse_place(&database, &to, options)?;
    let unfinished = Unfinished::begin(&to)?;
    copy_pages(&database, Source::InUse, unfinished.path(), options).await?;
    unfinished.sync()?;
    (options.told)(CopyStage::Checking);
    let looked = options.end.run_until_cancelled(look_through(unfinished.path(), &database)).await;
    let copied = looked.ok_or_else(interrupted)??;
    // Something may have come there meanwhile.
    refuse_place(&database, &to, options)?;
    unfinished.name()?;
    Ok(copied)
}

fn refuse_place(database: &Path, to: &Path, options: &CopyOptions) -> Result<(), StoreError> {
    if is_same(database, to) {
        return Err(StoreError::Refused(format!("{} is the database itself; choose another name", to.display())));
    }
    if to.is_dir() {
        return Err(StoreError::Refused(format!("{} is a folder; name a file in it", to.display())));
    }
    if to.exists() && !options.replace {
        return Err(StoreError::Refused(format!("{} is there already; choose another name, or --force replaces it", to.display())));
    }
    refuse_leftovers(to)
}
