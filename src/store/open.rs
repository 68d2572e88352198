//! Which database is meant, and opening it: the one place that knows which kinds there are.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::sqlite::{self, SqliteOptions, SqliteStore};
use super::{Copied, CopyOptions, Store, StoreError};
use crate::auth::Operator;
use crate::clock::Clock;

/// How the URL of a database begins that is one file.
const FILE_SCHEME: &str = "sqlite:";
/// How those of a database server begin.
const SERVER_SCHEMES: [&str; 2] = ["postgres:", "postgresql:"];

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    file: PathBuf,
}

/// The text names no database of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// It is none of any kind.
    #[error("{0:?} is no database of this version; use sqlite:FILE")]
    Unknown(String),
    /// It is on a server. The text is not repeated, as a password may stand in it.
    #[error("a database on a PostgreSQL server is not built into this version yet; use sqlite:FILE")]
    NotBuiltIn,
}

impl DatabaseUrl {
    /// Reads `sqlite:FILE`.
    ///
    /// # Errors
    /// [`DatabaseUrlError`].
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        if SERVER_SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            return Err(DatabaseUrlError::NotBuiltIn);
        }
        let file = text.strip_prefix(FILE_SCHEME).map(|rest| rest.strip_prefix("//").unwrap_or(rest));
        // What is kept in memory would be gone with the process, and 2xx means durable.
        let file = file.filter(|f| !f.is_empty() && *f != ":memory:");
        file.map(Self::of_file).ok_or_else(|| DatabaseUrlError::Unknown(text.to_owned()))
    }

    /// The database in a file.
    pub fn of_file(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }

    /// Its file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Copies it to a file, beside a running server too; the file is there only when it is whole, durable and checked.
    ///
    /// # Errors
    /// [`StoreError`], and there is no new file.
    pub async fn backup(&self, operator: Operator, to: &Path, options: &CopyOptions) -> Result<Copied, StoreError> {
        sqlite::backup(operator, &self.file, to, options).await
    }

    /// Puts a copy of a backup in its place, with a new epoch for every log. Nobody may have it open.
    ///
    /// # Errors
    /// [`StoreError`], and it is as it was.
    pub async fn restore(&self, operator: Operator, from: &Path, clock: &Clock, options: &CopyOptions) -> Result<Copied, StoreError> {
        sqlite::restore(operator, from, &self.file, clock, options).await
    }

    /// Removes it with whatever stands beside it. Nobody may have it open.
    ///
    /// # Errors
    /// When something is there and cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        sqlite::files::remove(&self.file)
    }

    /// Gives it another place. Nobody may have it open.
    ///
    /// # Errors
    /// When it cannot be moved; it is where it was then.
    pub fn move_to(&self, to: &Self) -> io::Result<()> {
        sqlite::files::move_to(&self.file, &to.file)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FILE_SCHEME}{}", self.file.display())
    }
}

/// For whom a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenFor {
    /// A server, or a command that must be alone: a second one is refused.
    Oneself,
    /// A command that may read and write beside a server.
    Beside,
}

impl Store {
    /// Opens a database, makes it when it is not there, and brings it up to date.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when somebody else has it, or it is newer than this program;
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`] when it cannot be read or written.
    pub async fn open(url: &DatabaseUrl, clock: Clock, open_for: OpenFor) -> Result<Self, StoreError> {
        let options = SqliteOptions { exclusive: open_for == OpenFor::Oneself, ..SqliteOptions::default() };
        Ok(SqliteStore::open(&url.file, clock, options).await?.store())
    }
}

#[cfg(test)]
mod tests {
    use super::{DatabaseUrl, DatabaseUrlError};

    #[test]
    fn urls() {
        for (text, file) in [
            ("sqlite:a.db", Some("a.db")),
            ("sqlite:///x/a.db", Some("/x/a.db")),
            ("mysql://h/d", None),
            ("a.db", None),
            ("sqlite:", None),
            ("sqlite::memory:", None),
        ] {
            let read = DatabaseUrl::parse(text);
            assert_eq!(read.as_ref().ok().and_then(|url| url.file().to_str()), file, "{text}");
            assert!(read.is_ok() || read == Err(DatabaseUrlError::Unknown(text.to_owned())));
        }
        for text in ["postgres://user:secret@h/d", "postgresql:///d"] {
            let told = DatabaseUrl::parse(text).expect_err(text);
            assert_eq!(told, DatabaseUrlError::NotBuiltIn);
            assert!(!told.to_string().contains("secret"));
        }
        assert_eq!(DatabaseUrl::of_file("x y.db").to_string(), "sqlite:x y.db");
    }
}
