//! The files of a database: which one is meant, who may read it, and which server has it.
//!
//! A database is the file itself, whatever names it has. Its files are for their owner alone: they hold addresses and
//! hashes of keys. Must never close a descriptor of the database while SQLite has it open: the system would drop SQLite's
//! own locks with it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// Read and write for the owner, nothing for anybody else.
#[cfg(unix)]
const PRIVATE_MODE: u32 = 0o600;
/// What the names of the other files end with.
const BESIDE: [&str; 3] = ["-wal", "-shm", ".lock"];

/// Held while a server has a database.
#[derive(Debug)]
pub(super) struct Lock {
    /// The file itself: the same under every name.
    _itself: Option<File>,
    /// `FILE.lock`: for systems where the database cannot be locked beside SQLite's own locks.
    _beside: File,
}

/// The path of the database itself, links followed.
pub(super) fn resolve(path: &Path) -> PathBuf {
    if let Ok(found) = fs::canonicalize(path) {
        return found;
    }
    // It is made there: its folder may be a link as well.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// Makes the database when it is not there, and sees that nobody but its owner may read what belongs to it.
pub(super) fn make_private(path: &Path) -> Result<(), StoreError> {
    match private().create_new(true).open(path) {
        Ok(_) => {}
        Err(fault) if fault.kind() == ErrorKind::AlreadyExists => {}
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Err(no_folder(path)),
        Err(fault) => return Err(StoreError::Refused(format!("cannot make {}: {fault}", path.display()))),
    }
    let names = BESIDE.map(|end| beside(path, end));
    for path in std::iter::once(path).chain(names.iter().map(PathBuf::as_path)) {
        // A file of somebody else is theirs to close.
        if let Err(fault) = tighten(path)
            && fault.kind() != ErrorKind::NotFound
        {
            tracing::warn!(file = %path.display(), %fault, "others may read this file; give it to the user of the server, mode 0600");
        }
    }
    Ok(())
}

/// Removes a database with what stands beside it.
pub fn remove(path: &Path) -> io::Result<()> {
    remove_beside(path)?;
    absent_is_well(fs::remove_file(path))
}

/// Gives a database another name, and removes what stands beside it: a closed one is whole in its file.
pub fn move_to(path: &Path, to: &Path) -> io::Result<()> {
    remove_beside(path)?;
    fs::rename(path, to)
}

fn remove_beside(path: &Path) -> io::Result<()> {
    BESIDE.iter().try_for_each(|end| absent_is_well(fs::remove_file(beside(path, end))))
}

fn absent_is_well(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|fault| if fault.kind() == ErrorKind::NotFound { Ok(()) } else { Err(fault) })
}

/// Refuses a database that cannot be written: what it is sent would be refused one by one, for ever.
pub(super) fn refuse_read_only(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(found) if found.permissions().readonly() => Err(read_only()),
        _ => Ok(()),
    }
}

/// What a read-only database is told with.
pub(super) fn read_only() -> StoreError {
    StoreError::Refused(
        "the database is read-only; make the file and its folder writable for the user of the server (chmod u+w)".to_owned(),
    )
}

/// Takes the database for this process; the system gives it up when the process ends, however it ends.
pub(super) fn lock(path: &Path) -> Result<Lock, StoreError> {
    let opened = private().create(true).truncate(false).open(beside(path, ".lock"));
    let file = opened.map_err(|fault| match fault.kind() {
        ErrorKind::NotFound => no_folder(path),
        _ => StoreError::Refused(format!("cannot make the lock file beside {}: {fault}", path.display())),
    })?;
    take(&file, path)?;
    Ok(Lock { _itself: None, _beside: file })
}

impl Lock {
    /// Takes the file itself too, which must be there: another server may have come to it by another name.
    pub(super) fn take_itself(&mut self, path: &Path) -> Result<(), StoreError> {
        // SQLite's locks are of another kind on Linux and do not meet this one. Elsewhere they might.
        if cfg!(target_os = "linux") {
            let file = File::open(path).map_err(|fault| StoreError::Refused(format!("cannot read {}: {fault}", path.display())))?;
            if let Err(refused) = take(&file, path) {
                // See the head of this module: if this very process serves the file, closing would drop SQLite's locks.
                std::mem::forget(file);
                return Err(refused);
            }
            self._itself = Some(file);
        }
        Ok(())
    }
}

fn take(file: &File, path: &Path) -> Result<(), StoreError> {
    let shown = path.display();
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::Refused(format!("another tidings server has {shown} open; stop it first, or serve another file")))
        }
        Err(TryLockError::Error(fault)) => Err(StoreError::Refused(format!("cannot lock {shown}: {fault}"))),
    }
}

/// What is told where a file cannot be made since there is no folder for it.
pub(super) fn no_folder(path: &Path) -> StoreError {
    StoreError::Refused(format!("there is no folder for {}; make it first", path.display()))
}

/// A path with something behind its name.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// How a file that only its owner may read is made.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE_MODE);
    options
}

/// Takes from everybody but the owner what they may do with a file.
#[cfg(unix)]
fn tighten(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)?.permissions().mode();
    // What its owner may not do stays so.
    if mode & 0o077 == 0 { Ok(()) } else { fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700)) }
}

#[cfg(not(unix))]
fn tighten(_: &Path) -> io::Result<()> {
    Ok(())
}
