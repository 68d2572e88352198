//! Members of the demo, one of each role: the page of the sign-in lets one choose whom to be.

use crate::app::Running;
use crate::auth::{Actor, Operator, Role, SecretKey};
use crate::cli::CliError;
use crate::clock::Clock;
use crate::domain::{Events, Key};
use crate::store::{CredentialKind, Joining, NewCredential, NewMember};

/// Makes those that are not there yet. Whoever was removed or changed stays so.
///
/// # Errors
/// When the store refuses.
pub async fn make(running: &Running) -> Result<(), CliError> {
    let (store, key) = (&running.store, Key::trusted(super::WORKSPACE));
    let Some(workspace) = store.keyring.workspace_by_key(Operator::assume(), key).await.map_err(CliError::failed)? else { return Ok(()) };
    if !store.members.members(workspace.id).await.map_err(CliError::failed)?.is_empty() {
        return Ok(());
    }
    for role in Role::ALL {
        let secret = SecretKey::generate(CredentialKind::Invitation.as_str()).map_err(CliError::failed)?;
        let now = Clock::System.now();
        let invitation = NewCredential::new(CredentialKind::Invitation, secret.hash(), now);
        let name = format!("Demo {}", role.as_str());
        let new = NewMember { email: format!("{}@demo.example", role.as_str()), name, role, events: Events::ALL };
        store.members.invite(workspace.id, new, invitation, Actor::Server).await.map_err(CliError::failed)?;
        store.members.join(secret.hash(), Joining::default(), now).await.map_err(CliError::failed)?;
    }
    Ok(())
}
