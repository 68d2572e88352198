//! An amendment: the row's body and grade are written anew, and the log gets an entry that says so.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, FromRow};

use super::audit::{Action, AuditRow};
use super::chain::{Proof, hex, leaf};
use super::corrections::{amendment_body, erasure_of, graded as with_grade};
use super::error::unsigned;
use super::place::{new_place, place, seq_of};
use super::rows::{EntryRow, SELECT_ENTRY, traits};
use super::writer::Transaction;
use crate::auth::{Actor, WorkspaceId};
use crate::domain::{ActivityEntry, ActivityId, AmendedEntry, Amendment, EntryKind, Events, Graded, Seq};
use crate::store::{Outcome, StoreError};
use crate::tallies::Share;
use crate::wire::reasons_of;

/// An activity that is to be corrected.
pub(super) struct Target {
    pub seq: Seq,
    /// As it stands.
    pub row: ActivityEntry,
    pub share: Share,
    /// Place of the last entry that amended it, or its own.
    pub corrected: Seq,
    pub proof: Proof,
}

/// What stands under an id.
pub(super) enum Found {
    Activity(Box<Target>),
    /// It was erased.
    Shell,
    Nothing,
}

/// The numbers that an activity counts for.
#[derive(Debug, FromRow)]
struct NumberRow {
    place: i64,
    occurred_at: Option<i64>,
    event_id: Option<i64>,
    partner_id: Option<i64>,
    message_id: Option<i64>,
    campaign_id: Option<i64>,
    traits: Option<i64>,
    corrected: Option<i64>,
    proof: Vec<u8>,
}

impl Transaction<'_> {
    /// Amends the grade of an activity. `within` are the events that exist for whoever asks.
    pub(super) async fn amend(
        &mut self,
        workspace: WorkspaceId,
        id: ActivityId,
        within: Events,
        after: Graded,
        by: Actor,
    ) -> Result<Outcome, StoreError> {
        let target = match self.find_target(workspace, id, &within).await? {
            Found::Nothing => return Ok(Outcome::NoActivity),
            Found::Shell => return Ok(Outcome::Gone),
            Found::Activity(target) => *target,
        };
        let unreadable = || StoreError::Corrupt(format!("the body of activity {} has no grade", target.seq));
        let reasons = std::str::from_utf8(&target.row.body).ok().and_then(reasons_of).ok_or_else(unreadable)?;
        let before = Graded { grade: target.row.facts.grade, reasons };
        if before == after {
            return Ok(Outcome::Amended { cursor: self.cursor(workspace, target.corrected).await? });
        }
        let row = with_grade(&target.row, &after)?;
        let event = row.facts.event.clone();
        let amendment = Amendment { target: target.seq, id, event, before, after };
        let (text, traits) = (text_of(&row)?, traits(row.facts.actor, row.facts.device, row.facts.grade));
        // Of the body that it leaves, salted as the row is: whoever checks the log holds the row to it.
        let body = amendment_body(&amendment, &hex(&leaf(&target.proof.salt, text.as_bytes())))?;
        let entry = AmendedEntry { amendment, row: Some(Arc::new(row)) };
        let (now, salt) = (self.now, self.salts.next()?);
        let log = self.log(workspace).await?;
        let (at, _) = log.advance(now);
        let row = log.add(workspace, EntryKind::Amendment(Arc::new(entry)), body, None, salt)?;
        self.pending.entries.push(row);
        sqlx::query("update entries set body = ?, traits = ?, corrected = ? where place = ?")
            .bind(text)
            .bind(traits)
            .bind(at.cast_signed())
            .bind(place(workspace, target.seq))
            .execute(&mut *self.connection)
            .await?;
        self.keep_share(workspace, at, &target, Some(target.share.with_traits(traits))).await?;
        self.audit.push(AuditRow::of_activity(workspace, by, Action::Changed, target.seq, vec!["grade"]));
        Ok(Outcome::Amended { cursor: self.cursor(workspace, at).await? })
    }

    /// The activity of an id, as whoever asks may see it.
    pub(super) async fn find_target(&mut self, workspace: WorkspaceId, id: ActivityId, within: &Events) -> Result<Found, StoreError> {
        let numbers: Option<NumberRow> = sqlx::query_as(
            "select place, occurred_at, event_id, partner_id, message_id, campaign_id, traits, corrected, proof from entries
             where kind = 0 and place = (select workspace_id << 40 | seq from activity_ids where workspace_id = ? and id = ?)",
        )
        .bind(workspace.number())
        .bind(id.0.as_bytes().to_vec())
        .fetch_optional(&mut *self.connection)
        .await?;
        let Some(numbers) = numbers else { return Ok(Found::Nothing) };
        let (seq, is_within) = (seq_of(numbers.place), |event: &str| within.has_folded(event));
        let corrected = unsigned(numbers.corrected.unwrap_or(seq.cast_signed()))?;
        let Some(occurred_at) = numbers.occurred_at else {
            let body: String = sqlx::query_scalar("select body from entries where place = ?")
                .bind(place(workspace, corrected))
                .fetch_one(&mut *self.connection)
                .await?;
            return Ok(if is_within(&erasure_of(&body)?.event) { Found::Shell } else { Found::Nothing });
        };
        let sql = AssertSqlSafe(format!("{SELECT_ENTRY} where n.place = ?"));
        let row: EntryRow = sqlx::query_as(sql).bind(numbers.place).fetch_one(&mut *self.connection).await?;
        let row = row.activity()?;
        if !is_within(&row.facts.event) {
            return Ok(Found::Nothing);
        }
        let ids = [numbers.event_id, numbers.partner_id, numbers.message_id, numbers.campaign_id, numbers.traits];
        let facts = &row.facts;
        let texts = [
            Some(&facts.flavor),
            facts.platform.as_ref(),
            facts.browser.as_ref(),
            facts.source_host.as_ref(),
            facts.referrer_host.as_ref(),
        ];
        let share = Share::new(ids.map(Option::unwrap_or_default), texts.map(|text| text.map_or("", |text| &**text)), occurred_at);
        let proof = Proof::decode(&numbers.proof)?;
        Ok(Found::Activity(Box::new(Target { seq, row, share, corrected, proof })))
    }

    /// Keeps what tallies that count the activity already must subtract and add.
    pub(super) async fn keep_share(
        &mut self,
        workspace: WorkspaceId,
        at: Seq,
        target: &Target,
        after: Option<Share>,
    ) -> Result<(), StoreError> {
        sqlx::query("insert into corrections (place, target, before, after) values (?, ?, ?, ?)")
            .bind(new_place(workspace, at)?)
            .bind(target.seq.cast_signed())
            .bind(target.share.encode())
            .bind(after.map(|share| share.encode()))
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }
}

fn text_of(row: &ActivityEntry) -> Result<String, StoreError> {
    String::from_utf8(row.body.to_vec()).map_err(|e| StoreError::Corrupt(e.to_string()))
}
