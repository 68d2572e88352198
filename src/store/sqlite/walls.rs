//! Walls, inside the writer's transaction: which views they show, and what keeps them from being deleted.

use sqlx::QueryBuilder;
use sqlx::sqlite::Sqlite;

use super::put::Place;
use super::things::{ThingRow, sql};
use super::writer::Transaction;
use crate::auth::WorkspaceId;
use crate::domain::Key;
use crate::store::{MissingThing, NamedKind, Outcome, StoreError, Thing, Wall};

impl Transaction<'_> {
    /// Holds that the views of a wall are there, and are no private ones.
    pub(super) async fn check_wall(&mut self, workspace: WorkspaceId, wall: &Wall) -> Result<Option<Outcome>, StoreError> {
        let place = Place { workspace, kind: NamedKind::View, event: None };
        let mut missing = Vec::new();
        for key in &wall.views {
            let record = self.standing(&place, key).await?.and_then(|standing| standing.record);
            let is_there = record.is_some_and(|record| match &record.thing {
                Thing::View { view, .. } => view.owner.is_none() && view.is_within(&wall.events, true),
                _ => false,
            });
            if !is_there {
                missing.push(MissingThing { kind: NamedKind::View, key: key.as_str().to_owned() });
            }
        }
        Ok((!missing.is_empty()).then_some(Outcome::Missing(missing)))
    }

    /// The wall that shows a view, for people.
    pub(super) async fn wall_of(&mut self, workspace: WorkspaceId, view: &Key) -> Result<Option<String>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(sql(NamedKind::Wall).select);
        query.push("where k.workspace_id = ").push_bind(workspace.number()).push(" and k.deleted = 0 order by k.folded");
        let rows: Vec<ThingRow> = query.build_query_as().fetch_all(&mut *self.connection).await?;
        for row in rows {
            let record = row.record(NamedKind::Wall)?;
            if matches!(&record.thing, Thing::Wall { wall, .. } if wall.views.contains(view)) {
                return Ok(Some(format!("the wall {}: let it show another view first", record.key)));
            }
        }
        Ok(None)
    }

    /// The screen that shows a wall, for people.
    pub(super) async fn screen_of(&mut self, workspace: WorkspaceId, wall: &Key) -> Result<Option<String>, StoreError> {
        // By `credentials_screens`.
        let sql = "select 'the screen ' || name || ': revoke it first, or let it show another wall' from credentials
             where kind = 'screen' and workspace_id = ? and wall = ? and revoked_at is null limit 1";
        let found = sqlx::query_scalar(sql).bind(workspace.number()).bind(wall.folded().to_string());
        Ok(found.fetch_optional(&mut *self.connection).await?)
    }
}
