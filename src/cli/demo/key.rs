//! The demo's key: made once and kept in a file beside the database, so that it is the same after a restart.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::app::Running;
use crate::auth::{Operator, Scope, Scopes, SecretKey};
use crate::cli::CliError;
use crate::clock::Clock;
use crate::domain::Key;
use crate::store::{CredentialKind, NewCredential};

/// The key in the file, or a new one that is put there.
///
/// # Errors
/// When the file or the store cannot be used.
pub async fn of(running: &Running, file: &Path) -> Result<String, CliError> {
    let keyring = &running.store.keyring;
    let kept = fs::read_to_string(file).ok().and_then(|text| SecretKey::parse(text.trim()));
    if let Some(secret) = kept {
        let found = keyring.find_credential(secret.hash()).await.map_err(CliError::failed)?;
        if found.is_some_and(|c| c.kind == CredentialKind::Key && c.revoked_at.is_none()) {
            return Ok(secret.expose().to_owned());
        }
    }
    let workspace = keyring.workspace_by_key(Operator::assume(), Key::trusted(super::WORKSPACE)).await.map_err(CliError::failed)?;
    let workspace = workspace.ok_or_else(|| CliError::failed("the database has no workspace `default`; begin afresh with --reset"))?;
    let secret = SecretKey::generate(CredentialKind::Key.as_str()).map_err(CliError::failed)?;
    let new = NewCredential {
        kind: CredentialKind::Key,
        hash: secret.hash(),
        name: "Demo".to_owned(),
        scopes: Scopes::of(&Scope::ALL),
        event: None,
        origins: Vec::new(),
        confined: None,
        wall: None,
        parent: None,
        rate_per_s: None,
        created_at: Clock::System.now(),
        expires_at: None,
    };
    keyring.create_credential(workspace.id, new).await.map_err(CliError::failed)?;
    keep(file, secret.expose()).map_err(|e| CliError::failed(format!("{}: {e}", file.display())))?;
    Ok(secret.expose().to_owned())
}

/// Writes the key where only its owner can read it.
fn keep(file: &Path, secret: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    writeln!(file, "{secret}")
}
