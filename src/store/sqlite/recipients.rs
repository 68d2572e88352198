//! Recipients by hand, inside the writer's transaction, and who no longer is one because one side of it is gone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteArguments;

use super::audit::{Action, AuditRow};
use super::names::Named;
use super::statements::{ManyRows, sizes};
use super::writer::{Transaction, bind};
use crate::auth::{Actor, WorkspaceId};
use crate::domain::limits::RECIPIENTS_PER_REQUEST_MAX;
use crate::domain::{Key, MembershipChange, MembershipSet};
use crate::store::{MissingThing, NamedKind, Outcome, StoreError};

impl Transaction<'_> {
    /// Adds and removes recipients by hand. A key that is in both lists is removed.
    pub(super) async fn change_recipients(
        &mut self,
        workspace: WorkspaceId,
        event: &Key,
        message: &Key,
        (add, remove): (&[Key], &[Key]),
        by: Actor,
    ) -> Result<Outcome, StoreError> {
        let Some(holder) = self.event(workspace, event).await? else { return Ok(super::put::missing_event(event)) };
        let mut missing = Vec::new();
        let found = self.select_things(NamedKind::Message, holder.id, vec![message.folded().clone()]).await?.pop();
        if found.is_none() {
            missing.push(MissingThing { kind: NamedKind::Message, key: message.as_str().to_owned() });
        }
        // By fold, so that the entry of the log lists partners in one order whatever the order of the request.
        let mut wanted: BTreeMap<Arc<str>, (&Key, bool)> = BTreeMap::new();
        wanted.extend(add.iter().map(|key| (key.folded().clone(), (key, true))));
        wanted.extend(remove.iter().map(|key| (key.folded().clone(), (key, false))));
        let partners = self.select_things(NamedKind::Partner, holder.id, wanted.keys().cloned().collect()).await?;
        let partners: HashMap<Arc<str>, Named> = partners.into_iter().map(|p| (p.folded.clone(), p)).collect();
        let absent = wanted.iter().filter(|(folded, _)| !partners.contains_key(*folded));
        missing.extend(absent.map(|(_, (key, _))| MissingThing { kind: NamedKind::Partner, key: key.as_str().to_owned() }));
        let Some(message) = found.filter(|_| missing.is_empty()) else { return Ok(Outcome::Missing(missing)) };

        let now: Vec<(i64,)> = sqlx::query_as("select partner_id from recipients where message_id = ? and removed = 0")
            .bind(message.id)
            .fetch_all(&mut *self.connection)
            .await?;
        let now: HashSet<i64> = now.into_iter().map(|(id,)| id).collect();
        let (mut added, mut removed, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for (folded, (_, member)) in &wanted {
            let Some(partner) = partners.get(folded) else { continue };
            match (now.contains(&partner.id), member) {
                (false, true) => added.push(folded.clone()),
                (true, false) => removed.push(folded.clone()),
                (true, true) => continue,
                // Kept all the same: an activity seen later does not make it a recipient.
                (false, false) => {}
            }
            rows.push((partner.id, !member));
            self.names.put_recipient(message.id, partner.id);
        }
        self.write_recipients(message.id, rows).await?;
        let outcome = Outcome::Recipients { added: added.len(), removed: removed.len(), total: now.len() + added.len() - removed.len() };
        if !added.is_empty() || !removed.is_empty() {
            let (kind, number, fields) = (NamedKind::Message, message.id, vec!["recipients"]);
            self.audit.push(AuditRow { workspace, by, action: Action::Changed, kind: kind.as_str(), number, fields });
            self.log(workspace).await?;
            let (event, value) = (holder.folded.clone(), message.folded.clone());
            self.add_membership(workspace, MembershipChange { event, set: MembershipSet::Message, value, added, removed })?;
        }
        Ok(outcome)
    }

    async fn write_recipients(&mut self, message: i64, rows: Vec<(i64, bool)>) -> Result<(), StoreError> {
        const UPSERT: ManyRows = ManyRows {
            head: "insert into recipients (message_id, partner_id, source, removed) values ",
            row: "(?,?,0,?)",
            tail: " on conflict (message_id, partner_id) do update set source = excluded.source, removed = excluded.removed",
        };
        let total = rows.len();
        let mut rows = rows.into_iter();
        for size in sizes(total) {
            let mut arguments = SqliteArguments::default();
            for (partner, removed) in rows.by_ref().take(size) {
                bind(&mut arguments, message)?;
                bind(&mut arguments, partner)?;
                bind(&mut arguments, removed)?;
            }
            let text = AssertSqlSafe(self.statements.text(UPSERT, size));
            sqlx::query_with(text, arguments).execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    /// Takes a message away from all its recipients, and whoever was taken off by hand is forgotten: if the message comes again,
    /// it is a new one. Entries hold as many partners as one change may.
    pub(super) async fn drop_message(&mut self, workspace: WorkspaceId, event: &Named, message: &Named) -> Result<(), StoreError> {
        let sql = "select p.id, p.folded, r.removed from recipients r join partners p on p.id = r.partner_id where r.message_id = ?
             order by p.folded";
        let rows: Vec<(i64, String, bool)> = sqlx::query_as(sql).bind(message.id).fetch_all(&mut *self.connection).await?;
        sqlx::query("delete from recipients where message_id = ?").bind(message.id).execute(&mut *self.connection).await?;
        rows.iter().for_each(|(partner, ..)| self.names.forget_recipient(message.id, *partner));
        let were: Vec<Arc<str>> = rows.into_iter().filter(|(.., removed)| !removed).map(|(_, folded, _)| folded.into()).collect();
        for part in were.chunks(RECIPIENTS_PER_REQUEST_MAX) {
            self.left(workspace, event, MembershipSet::Message, &message.folded, part.to_vec()).await?;
        }
        Ok(())
    }

    /// Takes a partner away from all messages, in the same way.
    pub(super) async fn drop_recipient(&mut self, workspace: WorkspaceId, event: &Named, partner: &Named) -> Result<(), StoreError> {
        let sql = "select m.id, m.folded, r.removed from recipients r join messages m on m.id = r.message_id where r.partner_id = ?
             order by m.folded";
        let rows: Vec<(i64, String, bool)> = sqlx::query_as(sql).bind(partner.id).fetch_all(&mut *self.connection).await?;
        // The index begins with the partner, so both kinds of rows are found by it.
        sqlx::query("delete from recipients where partner_id = ?").bind(partner.id).execute(&mut *self.connection).await?;
        for (message, folded, removed) in rows {
            self.names.forget_recipient(message, partner.id);
            if !removed {
                self.left(workspace, event, MembershipSet::Message, &folded.into(), vec![partner.folded.clone()]).await?;
            }
        }
        Ok(())
    }

    /// Says in the log who no longer belongs to something.
    async fn left(
        &mut self,
        workspace: WorkspaceId,
        event: &Named,
        set: MembershipSet,
        value: &Arc<str>,
        removed: Vec<Arc<str>>,
    ) -> Result<(), StoreError> {
        self.log(workspace).await?;
        let (event, value) = (event.folded.clone(), value.clone());
        self.add_membership(workspace, MembershipChange { event, set, value, added: Vec::new(), removed })
    }
}
