//! Things put into the directory, inside the writer's transaction. Each change is applied to what is stored, one after another.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteArguments;

use super::audit::{Action, AuditRow};
use super::directory_reads::row_within;
use super::names::Named;
use super::statements::{ManyRows, sizes};
use super::things::sql;
use super::writer::{Transaction, bind};
use crate::auth::{Actor, WorkspaceId};
use crate::domain::{Key, MembershipChange, MembershipSet, fold};
use crate::store::{At, Change, ChangedName, Condition, MissingThing, NamedKind, Outcome, Record, StoreError, Thing};

/// Where a change of one thing is made.
pub(super) struct Place {
    pub workspace: WorkspaceId,
    pub kind: NamedKind,
    /// The event that holds it; `None` for an event itself.
    pub event: Option<Arc<Named>>,
}

impl Place {
    /// The number of what holds it: the event, or the workspace.
    pub fn owner(&self) -> i64 {
        self.event.as_ref().map_or(self.workspace.number(), |event| event.id)
    }

    /// What is announced of a thing whose name has changed, come or gone.
    pub fn changed(&self, named: &Named) -> ChangedName {
        let (event, key) = match &self.event {
            // Of no event: who is bound to one is told nothing of it.
            None if self.kind != NamedKind::Event => ("".into(), named.key.clone()),
            Some(event) => (event.folded.clone(), format!("{}/{}", event.key, named.key).into()),
            None => (named.folded.clone(), named.key.clone()),
        };
        ChangedName { workspace: self.workspace, kind: self.kind, event, key }
    }
}

/// What stands at a place.
pub(super) struct Standing {
    /// Its number, which it has for ever.
    pub id: i64,
    /// What is there; `None` when it was deleted.
    pub record: Option<Record>,
}

impl Transaction<'_> {
    /// Applies one change that is no append.
    pub(super) async fn change_directory(&mut self, change: Change) -> Result<Outcome, StoreError> {
        match change {
            Change::Append { .. }
            | Change::Amend { .. }
            | Change::Erase { .. }
            | Change::Consumed(_)
            | Change::Retain { .. }
            | Change::Prune(_)
            | Change::Probe => Err(StoreError::Corrupt("this is no change of the directory".to_owned())),
            Change::Put { at, thing, condition, by } => self.put(at, thing.settled(), &condition, by).await,
            Change::PutMany { workspace, event, partners, existing, by } => self.put_many(workspace, &event, partners, existing, by).await,
            Change::Remove { at, kind, condition, by } => self.remove(at, kind, &condition, by).await,
            Change::Recipients { workspace, event, message, add, remove, by } => {
                self.change_recipients(workspace, &event, &message, (&add, &remove), by).await
            }
        }
    }

    /// Where a change of this kind is made; the event that is missing, if it is.
    pub(super) async fn place(&mut self, kind: NamedKind, at: &At) -> Result<Result<Place, Outcome>, StoreError> {
        let workspace = at.workspace;
        let Some(event) = &at.event else { return Ok(Ok(Place { workspace, kind, event: None })) };
        let found = self.event(workspace, event).await?;
        Ok(found.map(|event| Place { workspace, kind, event: Some(event) }).ok_or_else(|| missing_event(event)))
    }

    /// What has a key at a place, or had it.
    pub(super) async fn standing(&mut self, place: &Place, key: &Key) -> Result<Option<Standing>, StoreError> {
        let Some(row) = row_within(&mut *self.connection, place.kind, place.owner(), key).await? else { return Ok(None) };
        let (id, deleted) = (row.id, row.deleted);
        let record = if deleted { None } else { Some(row.record(place.kind)?) };
        Ok(Some(Standing { id, record }))
    }

    /// Makes a thing, or replaces it whole. The first spelling of its key stays while it is there.
    async fn put(&mut self, at: At, thing: Thing, condition: &Condition, by: Actor) -> Result<Outcome, StoreError> {
        let place = match self.place(thing.kind(), &at).await? {
            Ok(place) => place,
            Err(missing) => return Ok(missing),
        };
        let standing = self.standing(&place, &at.key).await?;
        let (id, was, before) = match standing {
            Some(Standing { id, record }) => (Some(id), true, record),
            None => (None, false, None),
        };
        if !condition.holds(before.as_ref()) {
            return Ok(Outcome::Refused { kind: place.kind, now: before });
        }
        if before.is_none()
            && let Some(full) = self.full(&place).await?
        {
            return Ok(full);
        }
        let missing = match &thing {
            Thing::View { view, .. } => self.check_view(place.workspace, view).await?,
            Thing::Wall { wall, .. } => self.check_wall(place.workspace, wall).await?,
            Thing::Alert { alert, .. } => self.check_alert(place.workspace, alert).await?,
            _ => None,
        };
        if let Some(missing) = missing {
            return Ok(missing);
        }
        let id = match id {
            Some(id) => id,
            None => self.next_id(place.kind).await?,
        };
        let key = before.as_ref().map_or_else(|| at.key.clone(), |before| before.key.clone());
        let (_, company) = thing.contact();
        let named = Arc::new(Named {
            id,
            key: key.as_str().into(),
            folded: key.folded().clone(),
            name: thing.name().into(),
            company: company.map(Into::into),
        });
        if !was {
            self.make(&place, &named).await?;
        }
        self.write(&place, &named, &thing).await?;
        let tags = before.as_ref().map(|before| before.thing.tags()).unwrap_or_default();
        if let Some(event) = &place.event {
            self.put_tags(place.workspace, event, &named, tags, thing.tags()).await?;
        }
        // Lists show all of a thing, and what is new belongs into them.
        if before.as_ref().is_none_or(|before| before.thing != thing) {
            self.changed.push(place.changed(&named));
        }
        self.note(&place, &named, before.as_ref(), &thing, by);
        if let Thing::View { view, .. } = &thing {
            self.settle_default(&place, &named, view, by).await?;
        }
        self.names.put((place.kind, place.owner(), named.folded.clone()), named);
        // All that is there now, by the same transaction: after it nothing is asked that could fail.
        let (created, held) = (before.is_none(), before.map_or(0, |before| before.held));
        Ok(Outcome::Put { created, record: Record { key, thing, held } })
    }

    /// Notes who has put a thing, where that changed it.
    pub(super) fn note(&mut self, place: &Place, named: &Named, before: Option<&Record>, thing: &Thing, by: Actor) {
        let fields = thing.changes_from(before.map(|before| &before.thing));
        let action = if before.is_some() { Action::Changed } else { Action::Made };
        if !fields.is_empty() {
            self.audit.push(AuditRow { workspace: place.workspace, by, action, kind: place.kind.as_str(), number: named.id, fields });
        }
    }

    /// Adds the row of a thing that was never there.
    async fn make(&mut self, place: &Place, named: &Named) -> Result<(), StoreError> {
        let row = if place.event.is_some() { "(?,?,?,?,?,?)" } else { "(?,?,?,?,?)" };
        let text = format!("{}{row}", sql(place.kind).make);
        let mut insert = sqlx::query(AssertSqlSafe(text)).bind(named.id).bind(place.workspace.number());
        if let Some(event) = &place.event {
            insert = insert.bind(event.id);
        }
        insert.bind(&*named.key).bind(&*named.folded).bind(&*named.name).execute(&mut *self.connection).await?;
        Ok(())
    }

    /// Writes all of a thing but its tags.
    pub(super) async fn write(&mut self, place: &Place, named: &Named, thing: &Thing) -> Result<(), StoreError> {
        let words = thing.words(&Key::trusted(&named.key));
        let mut update = sqlx::query(sql(place.kind).update).bind(&*named.key).bind(thing.name()).bind(words);
        if place.kind == NamedKind::Partner {
            let (email, company) = thing.contact();
            update = update.bind(email).bind(company);
        }
        if let Some(body) = thing.body() {
            update = update.bind(body);
        }
        update.bind(named.id).execute(&mut *self.connection).await?;
        Ok(())
    }

    /// Replaces the tags of a partner; each that comes or goes is an entry of the log, in the order of their folds.
    pub(super) async fn put_tags(
        &mut self,
        workspace: WorkspaceId,
        event: &Named,
        partner: &Named,
        before: &[String],
        wanted: &[String],
    ) -> Result<(), StoreError> {
        if before == wanted {
            return Ok(());
        }
        let by_fold = |tags: &[String]| tags.iter().map(|tag| (fold(tag).into_owned(), tag.clone())).collect::<BTreeMap<_, _>>();
        let (before, wanted) = (by_fold(before), by_fold(wanted));
        sqlx::query("delete from partner_tags where partner_id = ?").bind(partner.id).execute(&mut *self.connection).await?;
        for (folded, tag) in &wanted {
            sqlx::query("insert into partner_tags (partner_id, workspace_id, folded, tag) values (?, ?, ?, ?)")
                .bind(partner.id)
                .bind(workspace.number())
                .bind(folded)
                .bind(tag)
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

    /// The event with this key, if it is there.
    pub(super) async fn event(&mut self, workspace: WorkspaceId, event: &Key) -> Result<Option<Arc<Named>>, StoreError> {
        let found = self.select_things(NamedKind::Event, workspace.number(), vec![event.folded().clone()]).await?;
        Ok(found.into_iter().next().map(Arc::new))
    }

    /// Things of one kind and owner by folded key; what is not there is left out.
    pub(super) async fn select_things(&mut self, kind: NamedKind, owner: i64, folded: Vec<Arc<str>>) -> Result<Vec<Named>, StoreError> {
        let found = self.select_rows(kind, owner, folded).await?;
        Ok(found.into_iter().filter(|(_, deleted)| !deleted).map(|(named, _)| named).collect())
    }

    /// The same with those that were deleted, each with whether it was.
    pub(super) async fn select_rows(
        &mut self,
        kind: NamedKind,
        owner: i64,
        folded: Vec<Arc<str>>,
    ) -> Result<Vec<(Named, bool)>, StoreError> {
        let statement = ManyRows { head: sql(kind).named, row: "?", tail: ")" };
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
            let rows: Vec<(i64, String, String, String, Option<String>, bool)> =
                sqlx::query_as_with(text, arguments).fetch_all(&mut *self.connection).await?;
            found.extend(rows.into_iter().map(|(id, key, folded, name, company, deleted)| {
                let company = company.map(Into::into);
                (Named { id, key: key.into(), folded: folded.into(), name: name.into(), company }, deleted)
            }));
        }
        Ok(found)
    }

    /// Makes sure that the next free number of a kind is known.
    pub(super) async fn load_next_id(&mut self, kind: NamedKind) -> Result<(), StoreError> {
        if !self.next_ids.contains_key(&kind) {
            let next: i64 = sqlx::query_scalar(sql(kind).next).fetch_one(&mut *self.connection).await?;
            self.next_ids.insert(kind, next);
        }
        Ok(())
    }

    /// Takes the next free number of a kind.
    pub(super) async fn next_id(&mut self, kind: NamedKind) -> Result<i64, StoreError> {
        self.load_next_id(kind).await?;
        let next = self.next_ids.get_mut(&kind).ok_or_else(|| StoreError::Corrupt("a number was not loaded".to_owned()))?;
        *next += 1;
        Ok(*next - 1)
    }
}

/// There is no such event.
pub(super) fn missing_event(event: &Key) -> Outcome {
    Outcome::Missing(vec![MissingThing { kind: NamedKind::Event, key: event.as_str().to_owned() }])
}
