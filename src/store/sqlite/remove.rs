//! Things taken out of the directory, inside the writer's transaction: out of lists and reads, and their memberships by entries of
//! the log. Number and folded key stay, so that filters by key go on to find what names them.

use std::sync::Arc;

use super::audit::{Action, AuditRow};
use super::names::Named;
use super::put::{Place, Standing};
use super::things::sql;
use super::writer::Transaction;
use crate::auth::Actor;
use crate::domain::Key;
use crate::store::{At, Condition, MissingThing, NamedKind, Outcome, Record, StoreError};

impl Transaction<'_> {
    /// Takes one thing away.
    pub(super) async fn remove(&mut self, at: At, kind: NamedKind, condition: &Condition, by: Actor) -> Result<Outcome, StoreError> {
        let place = match self.place(kind, &at).await? {
            Ok(place) => place,
            Err(missing) => return Ok(missing),
        };
        let Some(Standing { id, record: Some(record) }) = self.standing(&place, &at.key).await? else {
            return Ok(Outcome::Missing(vec![MissingThing { kind, key: at.key.as_str().to_owned() }]));
        };
        if !condition.holds(Some(&record)) {
            return Ok(Outcome::Refused { kind, now: Some(record) });
        }
        if let Some(by) = used_by(kind, &record) {
            return Ok(Outcome::InUse { kind, by });
        }
        if let Some(view) = self.view_of(&place, &record.key).await? {
            return Ok(Outcome::InUse { kind, by: format!("the view {view}") });
        }
        let outlet = match kind {
            NamedKind::View => self.outlet_of(place.workspace, &record.key).await?,
            NamedKind::Wall => self.screen_of(place.workspace, &record.key).await?,
            NamedKind::Channel => self.alert_to(place.workspace, &record.key).await?,
            _ => None,
        };
        if let Some(by) = outlet {
            return Ok(Outcome::InUse { kind, by });
        }
        let named = Named {
            id,
            key: record.key.as_str().into(),
            folded: record.key.folded().clone(),
            name: record.thing.name().into(),
            company: None,
        };
        match (kind, &place.event) {
            (NamedKind::Partner, Some(event)) => {
                self.put_tags(place.workspace, event, &named, record.thing.tags(), &[]).await?;
                self.drop_recipient(place.workspace, event, &named).await?;
            }
            (NamedKind::Message, Some(event)) => self.drop_message(place.workspace, event, &named).await?,
            (NamedKind::Event, _) => self.remove_inner(&place, &Arc::new(named.clone()), by).await?,
            _ => {}
        }
        self.bury(&place, &named, by).await?;
        Ok(Outcome::Removed)
    }

    /// An event that goes takes along what is left in it: its messages and campaigns.
    async fn remove_inner(&mut self, place: &Place, event: &Arc<Named>, by: Actor) -> Result<(), StoreError> {
        for kind in [NamedKind::Message, NamedKind::Campaign] {
            let inner = Place { workspace: place.workspace, kind, event: Some(event.clone()) };
            let text = format!("select id, key, name from {} where event_id = ? and deleted = 0 order by folded", sql(kind).table);
            let rows: Vec<(i64, String, String)> =
                sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(event.id).fetch_all(&mut *self.connection).await?;
            for (id, key, name) in rows {
                let folded = Key::trusted(&key).folded().clone();
                let named = Named { id, key: key.into(), folded, name: name.into(), company: None };
                if kind == NamedKind::Message {
                    // It has no recipient where the event has no partner; those who were taken off by hand are forgotten.
                    self.drop_message(place.workspace, event, &named).await?;
                }
                self.bury(&inner, &named, by).await?;
            }
        }
        Ok(())
    }

    /// Marks the row of a thing as deleted; nobody finds it any more but by what names it.
    async fn bury(&mut self, place: &Place, named: &Named, by: Actor) -> Result<(), StoreError> {
        sqlx::query(sql(place.kind).bury).bind(named.id).execute(&mut *self.connection).await?;
        self.names.forget(&(place.kind, place.owner(), named.folded.clone()));
        self.changed.push(place.changed(named));
        let (workspace, kind, number) = (place.workspace, place.kind, named.id);
        self.audit.push(AuditRow { workspace, by, action: Action::Removed, kind: kind.as_str(), number, fields: Vec::new() });
        Ok(())
    }
}

/// What a thing is in use by, where that keeps it.
fn used_by(kind: NamedKind, record: &Record) -> Option<String> {
    match (kind, record.held) {
        (NamedKind::Event, 1) => Some("1 partner".to_owned()),
        (NamedKind::Event, held @ 2..) => Some(format!("{held} partners")),
        _ => None,
    }
}
