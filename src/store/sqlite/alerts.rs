//! Alerts and channels, inside the writer's transaction: what an alert names, and what keeps that from being deleted.

use sqlx::sqlite::Sqlite;
use sqlx::{AssertSqlSafe, QueryBuilder};

use super::put::Place;
use super::things::{ThingRow, sql};
use super::writer::Transaction;
use crate::auth::WorkspaceId;
use crate::domain::Key;
use crate::store::{ALERTS_MAX, Alert, CHANNELS_MAX, MissingThing, NamedKind, Outcome, StoreError, Thing};

impl Transaction<'_> {
    /// Holds that the view of an alert is there and no private one, and that its channels are.
    pub(super) async fn check_alert(&mut self, workspace: WorkspaceId, alert: &Alert) -> Result<Option<Outcome>, StoreError> {
        let mut missing = Vec::new();
        if let Some(view) = &alert.view {
            let place = Place { workspace, kind: NamedKind::View, event: None };
            let record = self.standing(&place, view).await?.and_then(|standing| standing.record);
            let is_there = record.is_some_and(|record| match &record.thing {
                Thing::View { view, .. } => view.owner.is_none() && view.is_within(&alert.events, true),
                _ => false,
            });
            if !is_there {
                missing.push(MissingThing { kind: NamedKind::View, key: view.as_str().to_owned() });
            }
        }
        let place = Place { workspace, kind: NamedKind::Channel, event: None };
        for channel in alert.channels() {
            let is_there = self.standing(&place, channel).await?.is_some_and(|standing| standing.record.is_some());
            if !is_there && missing.iter().all(|known| known.key != channel.as_str()) {
                missing.push(MissingThing { kind: NamedKind::Channel, key: channel.as_str().to_owned() });
            }
        }
        Ok((!missing.is_empty()).then_some(Outcome::Missing(missing)))
    }

    /// Whether there are as many of a kind as there may be.
    pub(super) async fn full(&mut self, place: &Place) -> Result<Option<Outcome>, StoreError> {
        let most = match place.kind {
            NamedKind::Alert => ALERTS_MAX,
            NamedKind::Channel => CHANNELS_MAX,
            _ => return Ok(None),
        };
        let text = format!("select count(*) from {} where workspace_id = ? and deleted = 0", sql(place.kind).table);
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(text)).bind(place.workspace.number()).fetch_one(&mut *self.connection).await?;
        Ok((usize::try_from(count).unwrap_or(usize::MAX) >= most).then_some(Outcome::Full { kind: place.kind, most }))
    }

    /// The alert that looks at a view, for people.
    pub(super) async fn alert_of(&mut self, workspace: WorkspaceId, view: &Key) -> Result<Option<String>, StoreError> {
        let found = self.find_alert(workspace, |alert| alert.view.as_ref() == Some(view)).await?;
        Ok(found.map(|alert| format!("the alert {alert}: let it look at another view first")))
    }

    /// The alert that tells by a channel, for people.
    pub(super) async fn alert_to(&mut self, workspace: WorkspaceId, channel: &Key) -> Result<Option<String>, StoreError> {
        let found = self.find_alert(workspace, |alert| alert.channels().any(|to| to == channel)).await?;
        Ok(found.map(|alert| format!("the alert {alert}: let it tell by another channel first")))
    }

    async fn find_alert(&mut self, workspace: WorkspaceId, is_it: impl Fn(&Alert) -> bool) -> Result<Option<Key>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(sql(NamedKind::Alert).select);
        query.push("where k.workspace_id = ").push_bind(workspace.number()).push(" and k.deleted = 0 order by k.folded");
        let rows: Vec<ThingRow> = query.build_query_as().fetch_all(&mut *self.connection).await?;
        for row in rows {
            let record = row.record(NamedKind::Alert)?;
            if matches!(&record.thing, Thing::Alert { alert, .. } if is_it(alert)) {
                return Ok(Some(record.key));
            }
        }
        Ok(None)
    }
}
