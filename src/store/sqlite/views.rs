//! Views, inside the writer's transaction: what they are of, which comes first for an event, and what they keep from being deleted.

use sqlx::QueryBuilder;
use sqlx::sqlite::{Sqlite, SqliteConnection};

use super::names::Named;
use super::put::{Place, missing_event};
use super::things::{ThingRow, sql};
use super::writer::Transaction;
use crate::auth::{Actor, WorkspaceId};
use crate::domain::Key;
use crate::filter::Field;
use crate::store::{NamedKind, Outcome, Record, STANDARD_VIEWS, StoreError, Thing, View};

/// The standard set, for a workspace that is made.
pub(super) async fn insert_standard(connection: &mut SqliteConnection, workspace: i64) -> Result<(), StoreError> {
    for (key, name, flavors) in STANDARD_VIEWS {
        let thing = Thing::View { name: name.to_owned(), view: Box::new(View::of_flavors(flavors)) };
        let Thing::View { view, .. } = &thing else { continue };
        sqlx::query("insert into views (workspace_id, key, folded, name, words, body) values (?, ?, ?, ?, ?, ?)")
            .bind(workspace)
            .bind(key)
            .bind(key)
            .bind(name)
            .bind(thing.words(&Key::trusted(key)))
            .bind(view.to_json())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

impl Transaction<'_> {
    /// Holds that the event of a view is there.
    pub(super) async fn check_view(&mut self, workspace: WorkspaceId, view: &View) -> Result<Option<Outcome>, StoreError> {
        let Some(event) = &view.event else { return Ok(None) };
        Ok(self.event(workspace, event).await?.is_none().then(|| missing_event(event)))
    }

    /// A view that comes first for its event takes that from the one that did.
    pub(super) async fn settle_default(&mut self, place: &Place, named: &Named, view: &View, by: Actor) -> Result<(), StoreError> {
        if !view.default {
            return Ok(());
        }
        for (id, before) in self.views(place.workspace).await? {
            let Thing::View { name, view: other } = &before.thing else { continue };
            if id == named.id || !other.default || other.event != view.event || other.owner != view.owner {
                continue;
            }
            let thing = Thing::View { name: name.clone(), view: Box::new(View { default: false, ..(**other).clone() }) };
            let of = Named {
                id,
                key: before.key.as_str().into(),
                folded: before.key.folded().clone(),
                name: name.as_str().into(),
                company: None,
            };
            self.write(place, &of, &thing).await?;
            self.note(place, &of, Some(&before), &thing, by);
            self.changed.push(place.changed(&of));
        }
        Ok(())
    }

    /// The view that keeps a thing from being deleted.
    pub(super) async fn view_of(&mut self, place: &Place, key: &Key) -> Result<Option<Key>, StoreError> {
        let fields: &[Field] = match place.kind {
            NamedKind::Message => &[Field::Message, Field::About],
            NamedKind::Campaign => &[Field::Campaign],
            NamedKind::Event => &[],
            NamedKind::Partner | NamedKind::View | NamedKind::Wall | NamedKind::Channel | NamedKind::Alert => return Ok(None),
        };
        let uses = |view: &View| match &place.event {
            Some(event) => view.names(fields, &event.folded, key.folded()),
            None => view.event.as_ref() == Some(key),
        };
        let views = self.views(place.workspace).await?;
        Ok(views
            .into_iter()
            .find(|(_, record)| matches!(&record.thing, Thing::View { view, .. } if uses(view)))
            .map(|(_, record)| record.key))
    }

    /// What keeps a view from being deleted, for people: a share, a webhook, a wall or an alert.
    pub(super) async fn outlet_of(&mut self, workspace: WorkspaceId, view: &Key) -> Result<Option<String>, StoreError> {
        // By `credentials_shares` and `webhooks_view`.
        let sql =
            "select 'the share ' || id || ': revoke it first' from credentials where kind = 'share' and workspace_id = ?1 and view = ?2
                 and revoked_at is null and (expires_at is null or expires_at > ?3)
             union all select 'the webhook ' || key || ': delete it first' from webhooks where workspace_id = ?1 and view = ?2 limit 1";
        let now = self.now;
        let found = sqlx::query_scalar(sql).bind(workspace.number()).bind(view.folded().to_string()).bind(now.0);
        match found.fetch_optional(&mut *self.connection).await? {
            Some(by) => Ok(Some(by)),
            None => match self.wall_of(workspace, view).await? {
                Some(by) => Ok(Some(by)),
                None => self.alert_of(workspace, view).await,
            },
        }
    }

    async fn views(&mut self, workspace: WorkspaceId) -> Result<Vec<(i64, Record)>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(sql(NamedKind::View).select);
        query.push("where k.workspace_id = ").push_bind(workspace.number()).push(" and k.deleted = 0 order by k.folded");
        let rows: Vec<ThingRow> = query.build_query_as().fetch_all(&mut *self.connection).await?;
        rows.into_iter().map(|row| Ok((row.id, row.record(NamedKind::View)?))).collect()
    }
}
