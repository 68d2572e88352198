//! Opening a database for a command that may run beside a server.

use super::CliError;
use crate::auth::Operator;
use crate::clock::Clock;
use crate::config::{self, Config, ConfigError};
use crate::domain::Key;
use crate::store::{DatabaseUrl, OpenFor, Store, WorkspaceRecord};

/// Which database.
#[derive(Debug, clap::Args)]
pub struct Database {
    /// The database; sqlite:tidings.db when left out
    #[arg(long, env = "TIDINGS_DATABASE", value_name = "URL")]
    pub database: Option<String>,
}

impl Database {
    /// Which it is.
    ///
    /// # Errors
    /// When it is none of this version.
    pub fn url(&self) -> Result<DatabaseUrl, CliError> {
        let given = match &self.database {
            Some(given) => Some(given.clone()),
            None => config::given("TIDINGS_DATABASE", &|name: &str| std::env::var(name).ok()).map_err(CliError::usage)?,
        };
        let text = given.unwrap_or_else(|| Config::default().database);
        DatabaseUrl::parse(&text).map_err(|fault| CliError::usage(ConfigError::Database(fault)))
    }

    /// Opens it, making it when it is not there, also while a server runs on it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(&self) -> Result<Store, CliError> {
        self.open_as(OpenFor::Beside).await
    }

    /// Opens it for oneself.
    ///
    /// # Errors
    /// When it cannot be opened, or a server has it.
    pub async fn open_alone(&self) -> Result<Store, CliError> {
        self.open_as(OpenFor::Oneself).await
    }

    async fn open_as(&self, open_for: OpenFor) -> Result<Store, CliError> {
        Store::open(&self.url()?, Clock::System, open_for).await.map_err(CliError::failed)
    }
}

/// The workspace with this key.
///
/// # Errors
/// When there is none.
pub async fn workspace(store: &Store, key: &str) -> Result<WorkspaceRecord, CliError> {
    let parsed = Key::parse(key).map_err(|fault| CliError::usage(fault.under("--workspace")))?;
    let found = store.keyring.workspace_by_key(Operator::assume(), parsed).await.map_err(CliError::failed)?;
    found.ok_or_else(|| CliError::failed(format!("there is no workspace {key}; create it with `tidings workspace create {key}`")))
}
