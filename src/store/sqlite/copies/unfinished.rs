//! A file that is being made for a place: `PLACE.unfinished`, until it is whole and durable and gets its name.
//!
//! Whatever ends the making before that leaves nothing at the place. What a killed program left is taken over by the next;
//! two that make one for the same place at once do not meet. Must be dropped after SQLite has closed the file: a descriptor
//! that closes takes SQLite's own locks with it.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::super::files;
use super::BESIDE;
use crate::store::StoreError;

/// What its name ends with.
const ENDING: &str = ".unfinished";

/// The file, which is removed unless it got its name.
#[derive(Debug)]
pub(super) struct Unfinished {
    path: PathBuf,
    place: PathBuf,
    file: File,
    named: bool,
}

impl Unfinished {
    /// Begins an empty one that only its owner may read.
    pub(super) fn begin(place: &Path) -> Result<Self, StoreError> {
        let path = files::beside(place, ENDING);
        loop {
            let opened = files::private().read(true).create(true).truncate(false).open(&path);
            let file = opened.map_err(|fault| unusable(&path, &fault))?;
            // SQLite's locks are of another kind on Linux and do not meet this one. Elsewhere they might.
            if cfg!(target_os = "linux") {
                match file.try_lock() {
                    Ok(()) => {}
                    Err(TryLockError::WouldBlock) => {
                        return Err(StoreError::Refused(format!("{} is being made by another program; wait for it", place.display())));
                    }
                    Err(TryLockError::Error(fault)) => return Err(unusable(&path, &fault)),
                }
            }
            // Who had it may have given it its name just now: then this is no longer ours to empty.
            let (held, there) = (file.metadata().ok(), fs::metadata(&path).ok());
            if held.zip(there).is_none_or(|(held, there)| (held.dev(), held.ino()) != (there.dev(), there.ino())) {
                continue;
            }
            file.set_len(0).map_err(|fault| unusable(&path, &fault))?;
            let unfinished = Self { path, place: place.to_owned(), file, named: false };
            unfinished.remove_beside();
            return Ok(unfinished);
        }
    }

    /// Where it is meanwhile.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts all of it on the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(|fault| unusable(&self.path, &fault))
    }

    /// Gives it its name, for good: what had that name before is no longer there.
    pub(super) fn name(mut self) -> Result<(), StoreError> {
        self.sync()?;
        fs::rename(&self.path, &self.place).map_err(|fault| unusable(&self.place, &fault))?;
        self.named = true;
        sync_folder(&self.place)
    }

    fn remove_beside(&self) {
        for end in BESIDE {
            // What is not there need not be removed, and what cannot be is nobody's database.
            let _ = fs::remove_file(files::beside(&self.path, end));
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.named {
            let _ = fs::remove_file(&self.path);
            self.remove_beside();
        }
    }
}

/// Makes names in the folder of a file durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|fault| unusable(folder, &fault))
}

fn unusable(path: &Path, fault: &std::io::Error) -> StoreError {
    match fault.kind() {
        std::io::ErrorKind::NotFound => files::no_folder(path),
        _ => StoreError::Refused(format!("cannot write {}: {fault}", path.display())),
    }
}
