//! Changes of the directory inside the writer's transaction. Each is applied to what is stored, one after another.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteArguments;

use super::names::Named;
use super::statements::{ManyRows, sizes};
use super::writer::{Transaction, bind};
use crate::auth::WorkspaceId;
use crate::domain::{Key, MembershipChange, MembershipSet, fold};
use crate::store::{Change, ChangedName, MissingThing, NamedKind, Outcome, StoreError};

/// Where a `Put` puts.
struct Target<'a> {
    workspace: WorkspaceId,
    kind: NamedKind,
    /// The event that holds it; `None` for an event itself.
    event: Option<Arc<Named>>,
    key: &'a Key,
}

impl Transaction<'_> {
    /// Applies one change that is no append.
    pub(super) async fn change_directory(&mut self, change: Change) -> Result<Outcome, StoreError> {
        // Rows get their numbers from the database here, so those handed out before no longer hold.
        self.next_ids.clear();
        match change {
            Change::Append { .. } => Err(StoreError::Corrupt("an append is no change of the directory".to_owned())),
            Change::PutEvent { workspace, event, name } => {
                let target = Target { workspace, kind: NamedKind::Event, event: None, key: &event };
                Ok(Outcome::Put { created: self.put_thing(&target, &name, None, None).await?.1 })
            }
            Change::PutMessage { workspace, event, message, subject } => {
                self.put_inner(workspace, NamedKind::Message, &event, &message, &subject).await
            }
            Change::PutCampaign { workspace, event, campaign, name } => {
                self.put_inner(workspace, NamedKind::Campaign, &event, &campaign, &name).await
            }
            Change::PutPartner { workspace, event, partner, name, email, company, tags } => {
                let Some(holder) = self.event(workspace, &event).await? else { return Ok(missing_event(&event)) };
                let target = Target { workspace, kind: NamedKind::Partner, event: Some(holder.clone()), key: &partner };
                let (named, created) = self.put_thing(&target, &name, company.as_deref(), email.as_deref()).await?;
                self.put_tags(workspace, &holder, &named, &tags).await?;
                Ok(Outcome::Put { created })
            }
            Change::Create(put) => match self.standing(&put).await? {
                Some((kind, named)) => Ok(Outcome::Taken { kind, key: named.key.to_string(), name: named.name.to_string() }),
                None => Box::pin(self.change_directory(*put)).await,
            },
            Change::Recipients { workspace, event, message, add, remove } => {
                self.change_recipients(workspace, &event, &message, &add, &remove).await
            }
        }
    }

    /// What has the key of a `Put` already. No other write comes between this look and the `Put`: both are of the one
    /// writer's transaction.
    async fn standing(&mut self, put: &Change) -> Result<Option<(NamedKind, Named)>, StoreError> {
        let (kind, workspace, event, key) = match put {
            Change::PutEvent { workspace, event, .. } => (NamedKind::Event, workspace, None, event),
            Change::PutPartner { workspace, event, partner, .. } => (NamedKind::Partner, workspace, Some(event), partner),
            Change::PutMessage { workspace, event, message, .. } => (NamedKind::Message, workspace, Some(event), message),
            Change::PutCampaign { workspace, event, campaign, .. } => (NamedKind::Campaign, workspace, Some(event), campaign),
            Change::Append { .. } | Change::Create(_) | Change::Recipients { .. } => {
                return Err(StoreError::Corrupt("only a put creates one thing".to_owned()));
            }
        };
        let owner = match event {
            None => workspace.number(),
            Some(event) => match self.event(*workspace, event).await? {
                Some(holder) => holder.id,
                // The `Put` says that there is no such event.
                None => return Ok(None),
            },
        };
        let found = self.select_things(kind, owner, vec![key.folded().clone()]).await?.pop();
        Ok(found.map(|named| (kind, named)))
    }

    async fn put_inner(
        &mut self,
        workspace: WorkspaceId,
        kind: NamedKind,
        event: &Key,
        key: &Key,
        name: &str,
    ) -> Result<Outcome, StoreError> {
        let Some(holder) = self.event(workspace, event).await? else { return Ok(missing_event(event)) };
        let target = Target { workspace, kind, event: Some(holder), key };
        Ok(Outcome::Put { created: self.put_thing(&target, name, None, None).await?.1 })
    }

    /// Creates or replaces one thing; the first spelling of its key stays. True when it was created.
    async fn put_thing(
        &mut self,
        target: &Target<'_>,
        name: &str,
        company: Option<&str>,
        email: Option<&str>,
    ) -> Result<(Arc<Named>, bool), StoreError> {
        let owner = target.event.as_ref().map_or(target.workspace.number(), |e| e.id);
        let before = self.select_things(target.kind, owner, vec![target.key.folded().clone()]).await?.pop();
        let created = before.is_none();
        let (id, key) = match &before {
            Some(named) => (named.id, named.key.clone()),
            None => (self.insert_thing(target, name).await?, target.key.as_str().into()),
        };
        let named = Arc::new(Named { id, key, folded: target.key.folded().clone(), name: name.into(), company: company.map(Into::into) });
        let sql = match target.kind {
            NamedKind::Event => "update events set name = ? where id = ?",
            NamedKind::Message => "update messages set name = ? where id = ?",
            NamedKind::Campaign => "update campaigns set name = ? where id = ?",
            NamedKind::Partner => "update partners set name = ?, company = ?, email = ? where id = ?",
        };
        let mut update = sqlx::query(sql).bind(name);
        if target.kind == NamedKind::Partner {
            update = update.bind(company).bind(email);
        }
        update.bind(id).execute(&mut *self.connection).await?;
        if before.is_some_and(|b| b.name != named.name || b.company != named.company) {
            self.changed.push(changed_name(target, &named));
        }
        self.names.put((target.kind, owner, named.folded.clone()), named.clone());
        Ok((named, created))
    }

    async fn insert_thing(&mut self, target: &Target<'_>, name: &str) -> Result<i64, StoreError> {
        let sql = match target.kind {
            NamedKind::Event => "insert into events (workspace_id, key, folded, name) values (?, ?, ?, ?) returning id",
            NamedKind::Partner => "insert into partners (event_id, workspace_id, key, folded, name) values (?, ?, ?, ?, ?) returning id",
            NamedKind::Message => "insert into messages (event_id, workspace_id, key, folded, name) values (?, ?, ?, ?, ?) returning id",
            NamedKind::Campaign => "insert into campaigns (event_id, workspace_id, key, folded, name) values (?, ?, ?, ?, ?) returning id",
        };
        let mut insert = sqlx::query_scalar(sql);
        if let Some(event) = &target.event {
            insert = insert.bind(event.id);
        }
        let insert = insert.bind(target.workspace.number()).bind(target.key.as_str()).bind(target.key.folded().clone()).bind(name);
        Ok(insert.fetch_one(&mut *self.connection).await?)
    }

    /// Replaces the tags of a partner; each that comes or goes is an entry of the log, in the order of their folds.
    async fn put_tags(&mut self, workspace: WorkspaceId, event: &Named, partner: &Named, tags: &[String]) -> Result<(), StoreError> {
        let mut wanted: BTreeMap<String, &str> = BTreeMap::new();
        for tag in tags {
            wanted.entry(fold(tag).into_owned()).or_insert(tag);
        }
        let before: Vec<(String, String)> = sqlx::query_as("select folded, tag from partner_tags where partner_id = ?")
            .bind(partner.id)
            .fetch_all(&mut *self.connection)
            .await?;
        let before: BTreeMap<String, String> = before.into_iter().collect();
        if before.len() == wanted.len() && before.iter().zip(&wanted).all(|(b, w)| b.0 == w.0 && b.1 == w.1) {
            return Ok(());
        }
        sqlx::query("delete from partner_tags where partner_id = ?").bind(partner.id).execute(&mut *self.connection).await?;
        for (folded, tag) in &wanted {
            sqlx::query("insert into partner_tags (partner_id, workspace_id, folded, tag) values (?, ?, ?, ?)")
                .bind(partner.id)
                .bind(workspace.number())
                .bind(folded)
                .bind(*tag)
                .execute(&mut *self.connection)
                .await?;
        }
        self.log(workspace).await?;
        let removed = before.keys().filter(|tag| !wanted.contains_key(*tag)).map(|tag| (tag, false));
        let added = wanted.keys().filter(|tag| !before.contains_key(*tag)).map(|tag| (tag, true));
        let mut moves: Vec<_> = removed.chain(added).collect();
        moves.sort_unstable();
        for (tag, member) in moves {
            let (mut added, mut removed) = (Vec::new(), Vec::new());
            if member { &mut added } else { &mut removed }.push(partner.folded.clone());
            let (event, value) = (event.folded.clone(), tag.as_str().into());
            self.add_membership(workspace, MembershipChange { event, set: MembershipSet::Tag, value, added, removed })?;
        }
        Ok(())
    }

    /// Adds and removes recipients by hand. A key that is in both lists is removed.
    async fn change_recipients(
        &mut self,
        workspace: WorkspaceId,
        event: &Key,
        message: &Key,
        add: &[Key],
        remove: &[Key],
    ) -> Result<Outcome, StoreError> {
        let Some(holder) = self.event(workspace, event).await? else { return Ok(missing_event(event)) };
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
        let now: std::collections::HashSet<i64> = now.into_iter().map(|(id,)| id).collect();
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

    async fn event(&mut self, workspace: WorkspaceId, event: &Key) -> Result<Option<Arc<Named>>, StoreError> {
        let found = self.select_things(NamedKind::Event, workspace.number(), vec![event.folded().clone()]).await?;
        Ok(found.into_iter().next().map(Arc::new))
    }

    /// Things of one kind and owner by folded key; what is not there is left out.
    pub(super) async fn select_things(&mut self, kind: NamedKind, owner: i64, folded: Vec<Arc<str>>) -> Result<Vec<Named>, StoreError> {
        let head = match kind {
            NamedKind::Event => "select id, key, folded, name, null from events where workspace_id = ? and folded in (",
            NamedKind::Partner => "select id, key, folded, name, company from partners where event_id = ? and folded in (",
            NamedKind::Message => "select id, key, folded, name, null from messages where event_id = ? and folded in (",
            NamedKind::Campaign => "select id, key, folded, name, null from campaigns where event_id = ? and folded in (",
        };
        let statement = ManyRows { head, row: "?", tail: ")" };
        let total = folded.len();
        let mut folded = folded.into_iter();
        let mut found = Vec::new();
        for size in sizes(total) {
            let mut arguments = SqliteArguments::default();
            bind(&mut arguments, owner)?;
            for key in folded.by_ref().take(size) {
                bind(&mut arguments, key)?;
            }
            let text = AssertSqlSafe(self.statements.text(statement, size));
            let rows: Vec<(i64, String, String, String, Option<String>)> =
                sqlx::query_as_with(text, arguments).fetch_all(&mut *self.connection).await?;
            found.extend(rows.into_iter().map(|(id, key, folded, name, company)| Named {
                id,
                key: key.into(),
                folded: folded.into(),
                name: name.into(),
                company: company.map(Into::into),
            }));
        }
        Ok(found)
    }

    /// Makes sure that the next free number of a kind is known.
    pub(super) async fn load_next_id(&mut self, kind: NamedKind) -> Result<(), StoreError> {
        if self.next_ids.contains_key(&kind) {
            return Ok(());
        }
        let sql = match kind {
            NamedKind::Event => "select coalesce(max(id), 0) + 1 from events",
            NamedKind::Partner => "select coalesce(max(id), 0) + 1 from partners",
            NamedKind::Message => "select coalesce(max(id), 0) + 1 from messages",
            NamedKind::Campaign => "select coalesce(max(id), 0) + 1 from campaigns",
        };
        let next: i64 = sqlx::query_scalar(sql).fetch_one(&mut *self.connection).await?;
        self.next_ids.insert(kind, next);
        Ok(())
    }
}

fn missing_event(event: &Key) -> Outcome {
    Outcome::Missing(vec![MissingThing { kind: NamedKind::Event, key: event.as_str().to_owned() }])
}

fn changed_name(target: &Target<'_>, named: &Named) -> ChangedName {
    let (event, key) = match &target.event {
        Some(event) => (event.folded.clone(), format!("{}/{}", event.key, named.key).into()),
        None => (named.folded.clone(), named.key.clone()),
    };
    ChangedName { workspace: target.workspace, kind: target.kind, event, key }
}
