//! An erasure: of the row only its place and its id are left, and the log gets an entry that says so.

use std::sync::Arc;

use super::amend::Found;
use super::audit::{Action, AuditRow};
use super::corrections::erasure_body;
use super::place::place;
use super::writer::Transaction;
use crate::auth::{Actor, WorkspaceId};
use crate::domain::{ActivityId, EntryKind, Erasure, Events};
use crate::store::{Outcome, StoreError};

impl Transaction<'_> {
    /// Erases an activity. `within` are the events that exist for whoever asks.
    pub(super) async fn erase(&mut self, workspace: WorkspaceId, id: ActivityId, within: Events, by: Actor) -> Result<Outcome, StoreError> {
        let target = match self.find_target(workspace, id, &within).await? {
            Found::Nothing => return Ok(Outcome::NoActivity),
            Found::Shell => return Ok(Outcome::Gone),
            Found::Activity(target) => *target,
        };
        let (now, salt) = (self.now, self.salts.next()?);
        let log = self.log(workspace).await?;
        let (at, _) = log.advance(now);
        let erasure = Erasure { target: target.seq, id, event: target.row.facts.event.clone() };
        let body = erasure_body(&erasure)?;
        let row = log.add(workspace, EntryKind::Erasure(Arc::new(erasure)), body, None, salt)?;
        self.pending.entries.push(row);
        // What was there is overwritten in the file too, not only let go of.
        sqlx::query("pragma secure_delete = on").execute(&mut *self.connection).await?;
        sqlx::query(
            "update entries set occurred_at = null, event_id = null, partner_id = null, message_id = null, campaign_id = null,
             flavor = null, traits = null, platform = null, browser = null, source_host = null, referrer_host = null,
             search = null, body = null, corrected = ?, proof = ? where place = ?",
        )
        .bind(at.cast_signed())
        .bind(target.proof.unsalted().encode())
        .bind(place(workspace, target.seq))
        .execute(&mut *self.connection)
        .await?;
        sqlx::query("pragma secure_delete = off").execute(&mut *self.connection).await?;
        self.keep_share(workspace, at, &target, None).await?;
        self.audit.push(AuditRow::of_activity(workspace, by, Action::Removed, target.seq, Vec::new()));
        Ok(Outcome::Erased)
    }
}
