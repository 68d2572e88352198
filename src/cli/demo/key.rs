//! Secrets of the demo: made once and kept in files beside the database, so that they are the same after a restart.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::app::Running;
use crate::auth::{Actor, Operator, Scope, Scopes, SecretKey, WorkspaceId};
use crate::cli::CliError;
use crate::clock::Clock;
use crate::domain::Key;
use crate::store::{At, Change, Condition, CredentialKind, Layout, NewCredential, Thing, Wall};

/// The wall of the demo.
const WALL: &str = "hall";

/// The key in the file, or a new one that is put there.
///
/// # Errors
/// When the file or the store cannot be used.
pub async fn of(running: &Running, file: &Path) -> Result<String, CliError> {
    kept(running, file, CredentialKind::Key, "Demo", None).await
}

/// The secret of the demo's screen, and its walls, unless they are there.
///
/// # Errors
/// When the file or the store cannot be used.
pub async fn of_screen(running: &Running, file: &Path) -> Result<String, CliError> {
    let workspace = workspace(running).await?;
    let feed = Wall { views: vec![Key::trusted("all-activities")], rotate_s: 30, ..Wall::default() };
    let system = Wall { layout: Layout::System, rotate_s: 30, ..Wall::default() };
    for (key, name, wall) in [(WALL, "Hall", feed), ("control-room", "Control room", system)] {
        let at = At::top(workspace, Key::trusted(key));
        let thing = Thing::Wall { name: name.to_owned(), wall: Box::new(wall) };
        // Whoever has changed it has changed it.
        let put = Change::Put { at, thing, condition: Condition::Absent, by: Actor::Server };
        running.ingest.change(put).await.map_err(|refused| CliError::failed(format!("the wall cannot be made: {refused:?}")))?;
    }
    kept(running, file, CredentialKind::Screen, "Hall, by its address", Some(Key::trusted(WALL))).await
}

async fn workspace(running: &Running) -> Result<WorkspaceId, CliError> {
    let key = Key::trusted(super::WORKSPACE);
    let found = running.store.keyring.workspace_by_key(Operator::assume(), key).await.map_err(CliError::failed)?;
    Ok(found.ok_or_else(|| CliError::failed("the database has no workspace `default`; begin afresh with --reset"))?.id)
}

async fn kept(running: &Running, file: &Path, kind: CredentialKind, name: &str, wall: Option<Key>) -> Result<String, CliError> {
    let keyring = &running.store.keyring;
    let kept = fs::read_to_string(file).ok().and_then(|text| SecretKey::parse(text.trim()));
    if let Some(secret) = kept {
        let found = keyring.find_credential(secret.hash()).await.map_err(CliError::failed)?;
        if found.is_some_and(|c| c.kind == kind && c.revoked_at.is_none()) {
            return Ok(secret.expose().to_owned());
        }
    }
    let secret = SecretKey::generate(kind.as_str()).map_err(CliError::failed)?;
    let new = NewCredential {
        name: name.to_owned(),
        // What a screen may do its wall says.
        scopes: if wall.is_some() { Scopes::of(&[]) } else { Scopes::of(&Scope::ALL) },
        wall,
        ..NewCredential::new(kind, secret.hash(), Clock::System.now())
    };
    keyring.create_credential(workspace(running).await?, new).await.map_err(CliError::failed)?;
    keep(file, secret.expose()).map_err(|e| CliError::failed(format!("{}: {e}", file.display())))?;
    Ok(secret.expose().to_owned())
}

/// Writes a secret where only its owner can read it.
fn keep(file: &Path, secret: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    writeln!(file, "{secret}")
}
