//! How each kind of thing stands in the database: its statements and its rows. A new kind is a table here.
//!
//! A row that is deleted stays, with its number and folded key; whoever selects says whether it is wanted.

use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::error::unsigned;
use crate::domain::Key;
use crate::store::{Alert, Channel, NamedKind, Record, StoreError, Thing, View, Wall};

/// The statements of one kind. Its owner is the workspace (of an event) or the event (of all else).
pub(super) struct Sql {
    /// Its table.
    pub table: &'static str,
    /// Id, key, folded key, name, company and whether it is deleted, of those with an owner and folded keys: `... in (`.
    pub named: &'static str,
    /// The next free number.
    pub next: &'static str,
    /// Many rows that activities make: number, workspace, owner, key, folded key, name.
    pub make: &'static str,
    /// The same for a row that was deleted: key, name, number.
    pub make_again: &'static str,
    /// A whole [`ThingRow`] of the alias `k`; conditions follow.
    pub select: &'static str,
    /// The same of those with an owner and folded keys, deleted or not: `... in (`.
    pub select_many: &'static str,
    /// Writes all of a row but its tags: key, name, words, email and company (or nothing), number.
    pub update: &'static str,
    /// Deletes a row.
    pub bury: &'static str,
}

macro_rules! sql {
    ($table:literal, $owner:literal, $make:literal, $company:literal, $held:literal, $tags:literal, $update:literal, $bury:literal) => {
        Sql {
            table: $table,
            named: concat!(
                "select id, key, folded, name, ",
                $company,
                ", deleted from ",
                $table,
                " where ",
                $owner,
                " = ? and folded in ("
            ),
            next: concat!("select coalesce(max(id), 0) + 1 from ", $table),
            make: concat!("insert into ", $table, " (id, ", $make, ", key, folded, name) values "),
            make_again: concat!("update ", $table, " set deleted = 0, key = ?, name = ? where id = ?"),
            select: concat!("select k.id, k.key, k.name, ", $tags, " as more, ", $held, " as held, k.deleted from ", $table, " k "),
            select_many: concat!(
                "select k.id, k.key, k.name, ",
                $tags,
                " as more, ",
                $held,
                " as held, k.deleted from ",
                $table,
                " k where k.",
                $owner,
                " = ? and k.folded in ("
            ),
            update: concat!("update ", $table, " set deleted = 0, key = ?, name = ?, words = ?", $update, " where id = ?"),
            bury: concat!("update ", $table, " set deleted = 1, words = null", $bury, " where id = ?"),
        }
    };
}

/// Counts are those of an index alone: all, but for the few that are deleted.
const EVENTS: Sql = sql!(
    "events",
    "workspace_id",
    "workspace_id",
    "null",
    "(select count(*) from partners p where p.event_id = k.id) - (select count(*) from partners p where p.event_id = k.id and p.deleted = 1)",
    "null as email, null as company, '[]'",
    "",
    ""
);
const PARTNERS: Sql = sql!(
    "partners",
    "event_id",
    "workspace_id, event_id",
    "company",
    "0",
    "k.email, k.company, (select json_group_array(t.tag order by t.folded) from partner_tags t where t.partner_id = k.id)",
    ", email = ?, company = ?",
    ", email = null, company = null"
);
const MESSAGES: Sql = sql!(
    "messages",
    "event_id",
    "workspace_id, event_id",
    "null",
    "(select count(*) from recipients r where r.message_id = k.id and r.removed = 0)",
    "null as email, null as company, '[]'",
    "",
    ""
);
const CAMPAIGNS: Sql = sql!("campaigns", "event_id", "workspace_id, event_id", "null", "0", "null as email, null as company, '[]'", "", "");

const VIEWS: Sql =
    sql!("views", "workspace_id", "workspace_id", "null", "0", "null as email, null as company, k.body", ", body = ?", ", body = '{}'");

const WALLS: Sql =
    sql!("walls", "workspace_id", "workspace_id", "null", "0", "null as email, null as company, k.body", ", body = ?", ", body = '{}'");

const CHANNELS: Sql =
    sql!("channels", "workspace_id", "workspace_id", "null", "0", "null as email, null as company, k.body", ", body = ?", ", body = '{}'");

const ALERTS: Sql =
    sql!("alerts", "workspace_id", "workspace_id", "null", "0", "null as email, null as company, k.body", ", body = ?", ", body = '{}'");

/// The statements of a kind.
pub(super) const fn sql(kind: NamedKind) -> &'static Sql {
    match kind {
        NamedKind::Event => &EVENTS,
        NamedKind::Partner => &PARTNERS,
        NamedKind::Message => &MESSAGES,
        NamedKind::Campaign => &CAMPAIGNS,
        NamedKind::View => &VIEWS,
        NamedKind::Wall => &WALLS,
        NamedKind::Channel => &CHANNELS,
        NamedKind::Alert => &ALERTS,
    }
}

/// A thing of any kind as it is selected.
#[derive(Debug, FromRow)]
pub(super) struct ThingRow {
    pub id: i64,
    pub key: String,
    pub name: String,
    pub email: Option<String>,
    pub company: Option<String>,
    /// What else it has, as JSON: of a partner its tags, in the order of their folds; of what stands in no event all but its name.
    pub more: String,
    pub held: i64,
    pub deleted: bool,
}

impl ThingRow {
    /// As the store gives it.
    pub(super) fn record(self, kind: NamedKind) -> Result<Record, StoreError> {
        let Self { key, name, email, company, more, held, .. } = self;
        let thing = match kind {
            NamedKind::Event => Thing::Event { name },
            NamedKind::Partner => {
                let tags = serde_json::from_str(&more).map_err(|e| StoreError::Corrupt(format!("tags cannot be read: {e}")))?;
                Thing::Partner { name, email, company, tags }
            }
            NamedKind::Message => Thing::Message { subject: name },
            NamedKind::Campaign => Thing::Campaign { name },
            NamedKind::View => {
                let view = View::from_json(&more).map_err(|e| StoreError::Corrupt(format!("the view {key} cannot be read: {e}")))?;
                Thing::View { name, view: Box::new(view) }
            }
            NamedKind::Wall => {
                let wall = Wall::from_json(&more).map_err(|e| StoreError::Corrupt(format!("the wall {key} cannot be read: {e}")))?;
                Thing::Wall { name, wall: Box::new(wall) }
            }
            NamedKind::Channel => {
                let channel =
                    Channel::from_json(&more).map_err(|e| StoreError::Corrupt(format!("the channel {key} cannot be read: {e}")))?;
                Thing::Channel { name, channel: Box::new(channel) }
            }
            NamedKind::Alert => {
                let alert = Alert::from_json(&more).map_err(|e| StoreError::Corrupt(format!("the alert {key} cannot be read: {e}")))?;
                Thing::Alert { name, alert: Box::new(alert) }
            }
        };
        Ok(Record { key: Key::trusted(&key), thing, held: unsigned(held)? })
    }
}

/// Fills in the words of things that were there before there were any. What was interrupted goes on.
pub(super) async fn fill_words(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    /// Rows in one transaction.
    const STEP: i64 = 1_000;
    let tables: Vec<String> = sqlx::query_scalar("select name from unfolded").fetch_all(&mut *connection).await?;
    for kind in NamedKind::ALL.into_iter().filter(|kind| tables.iter().any(|table| table == sql(*kind).table)) {
        let Sql { table, select, .. } = sql(kind);
        let (wanted, fill) = (
            format!("{select} where k.words is null and k.deleted = 0 and k.name <> k.key and k.id > ? order by k.id limit ?"),
            format!("update {table} set words = ? where id = ?"),
        );
        let mut after = 0;
        loop {
            sqlx::query("begin immediate").execute(&mut *connection).await?;
            let rows: Vec<ThingRow> =
                sqlx::query_as(sqlx::AssertSqlSafe(wanted.clone())).bind(after).bind(STEP).fetch_all(&mut *connection).await?;
            let Some(last) = rows.last().map(|row| row.id) else { break };
            after = last;
            for row in rows {
                let id = row.id;
                let record = row.record(kind)?;
                let words = record.thing.words(&record.key);
                sqlx::query(sqlx::AssertSqlSafe(fill.clone())).bind(words).bind(id).execute(&mut *connection).await?;
            }
            sqlx::query("commit").execute(&mut *connection).await?;
        }
        sqlx::query("delete from unfolded where name = ?").bind(*table).execute(&mut *connection).await?;
        sqlx::query("commit").execute(&mut *connection).await?;
    }
    Ok(())
}
