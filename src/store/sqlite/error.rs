//! From failures of the driver to failures of the store: what is worth trying again, and what is not.

use sqlx::migrate::MigrateError;

use crate::store::StoreError;

/// The file is not what it should be (`SQLITE_CORRUPT`, `SQLITE_NOTADB`): trying again does not help.
const BROKEN_CODES: [u32; 2] = [11, 26];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let primary = error.as_database_error().and_then(sqlx::error::DatabaseError::code).and_then(|c| c.parse::<u32>().ok());
        match (&error, primary.map(|code| code & 0xff)) {
            (_, Some(code)) if BROKEN_CODES.contains(&code) => Self::Corrupt(error.to_string()),
            (sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound, _) => {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => {
                Self::Refused(format!("the database is newer than this program (it has migration {version}); use the newer program"))
            }
            MigrateError::VersionMismatch(version) => {
                Self::Refused(format!("the database was made by another build (its migration {version} differs); use that build"))
            }
            MigrateError::Execute(inner) | MigrateError::ExecuteMigration(inner, _) => inner.into(),
            other => Self::Refused(format!("the database could not be migrated: {other}")),
        }
    }
}

/// `SQLITE_READONLY`.
const READ_ONLY_CODE: u32 = 8;

/// True when the file cannot be written.
pub(super) fn is_read_only(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).and_then(|c| c.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == READ_ONLY_CODE)
}

/// A number of the database that must not be negative.
pub(super) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt(format!("{number} stands where no negative number may")))
}
