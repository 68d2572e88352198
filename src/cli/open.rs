//! Opening a database for a command that may run beside a server.

use std::path::PathBuf;

use super::CliError;
use crate::auth::Operator;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::Key;
use crate::store::WorkspaceRecord;
use crate::store::sqlite::{SqliteOptions, SqliteStore};

/// Which database.
#[derive(Debug, clap::Args)]
pub struct Database {
    /// The database, as in sqlite:tidings.db
    #[arg(long, env = "TIDINGS_DATABASE", default_value = "sqlite:tidings.db", value_name = "URL")]
    pub database: String,
}

impl Database {
    /// Its file.
    ///
    /// # Errors
    /// When it is none of this version.
    pub fn file(&self) -> Result<PathBuf, CliError> {
        let config = Config { database: self.database.clone(), ..Config::default() };
        config.database_file().map_err(CliError::usage)
    }

    /// Opens it, making it when it is not there, also while a server runs on it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(&self) -> Result<SqliteStore, CliError> {
        self.open_as(false).await
    }

    /// Opens it for oneself.
    ///
    /// # Errors
    /// When it cannot be opened, or a server has it.
    pub async fn open_alone(&self) -> Result<SqliteStore, CliError> {
        self.open_as(true).await
    }

    async fn open_as(&self, exclusive: bool) -> Result<SqliteStore, CliError> {
        let options = SqliteOptions { exclusive, ..SqliteOptions::default() };
        SqliteStore::open(&self.file()?, Clock::System, options).await.map_err(CliError::failed)
    }
}

/// The workspace with this key.
///
/// # Errors
/// When there is none.
pub async fn workspace(store: &SqliteStore, key: &str) -> Result<WorkspaceRecord, CliError> {
    let parsed = Key::parse(key).map_err(|fault| CliError::usage(fault.under("--workspace")))?;
    let found = store.store().keyring.workspace_by_key(Operator::assume(), parsed).await.map_err(CliError::failed)?;
    found.ok_or_else(|| CliError::failed(format!("there is no workspace {key}; create it with `tidings workspace create {key}`")))
}
