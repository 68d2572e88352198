//! The directory as it is now: one thing, or a page of a list by folded key. What is deleted is not there.

use sqlx::sqlite::SqliteConnection;
use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::SqliteStore;
use super::things::{ThingRow, sql};
use crate::auth::WorkspaceId;
use crate::domain::{Events, Key};
use crate::store::{Answer, At, Directory, List, ListQuery, NamedKind, RecipientRecord, RecipientSource, Record, StoreError};

/// Items of one list page at most.
const LIST_ITEMS_MAX: usize = 1_000;

#[derive(Debug, FromRow)]
struct RecipientRow {
    #[sqlx(flatten)]
    partner: ThingRow,
    source: i64,
}

impl RecipientRow {
    fn record(self) -> Result<RecipientRecord, StoreError> {
        let source = if self.source == 0 { RecipientSource::Manual } else { RecipientSource::Observed };
        Ok(RecipientRecord { source, partner: self.partner.record(NamedKind::Partner)? })
    }
}

/// Begins the select of what stands in the workspace, or in the event.
fn selecting(kind: NamedKind, workspace: WorkspaceId, event: Option<&Key>) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(sql(kind).select);
    query.push("where k.deleted = 0 and ");
    match event.filter(|_| kind != NamedKind::Event) {
        None => {
            query.push("k.workspace_id = ").push_bind(workspace.number());
        }
        Some(event) => push_in_event(&mut query, "k", workspace, event),
    }
    query
}

/// That the row of an alias stands in an event that is there.
fn push_in_event(query: &mut QueryBuilder<Sqlite>, alias: &'static str, workspace: WorkspaceId, event: &Key) {
    query.push(alias).push(".event_id = (select id from events where workspace_id = ").push_bind(workspace.number());
    query.push(" and folded = ").push_bind(event.folded().clone()).push(" and deleted = 0)");
}

/// Adds which page of a list is asked for. One item more tells whether there are more.
fn push_page(query: &mut QueryBuilder<Sqlite>, asked: &ListQuery, limit: usize) {
    query.push(" and k.folded > ").push_bind(asked.after.clone().unwrap_or_default());
    for word in &asked.words {
        query.push(" and instr(ifnull(k.words, k.folded), ").push_bind(word.clone()).push(") > 0");
    }
    query.push(" order by k.folded limit ").push_bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
}

fn list_of<R, T>(
    mut rows: Vec<R>,
    limit: usize,
    key: impl Fn(&T) -> &Key,
    record: impl Fn(R) -> Result<T, StoreError>,
) -> Result<List<T>, StoreError> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let items = rows.into_iter().map(record).collect::<Result<Vec<T>, _>>()?;
    let next = items.last().filter(|_| more).map(|last| key(last).folded().to_string());
    Ok(List { items, next })
}

/// The row of one thing by its owner (workspace or event) and folded key, deleted or not, as the writer sees it.
pub(super) async fn row_within(
    connection: &mut SqliteConnection,
    kind: NamedKind,
    owner: i64,
    key: &Key,
) -> Result<Option<ThingRow>, StoreError> {
    let in_workspace = kind.is_top();
    let owned_by = if in_workspace { "where k.workspace_id = " } else { "where k.event_id = " };
    let mut query = QueryBuilder::<Sqlite>::new(sql(kind).select);
    query.push(owned_by).push_bind(owner).push(" and k.folded = ").push_bind(key.folded().clone());
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

impl Directory for SqliteStore {
    fn one(&self, kind: NamedKind, at: At) -> Answer<'_, Option<Record>> {
        Box::pin(async move {
            let mut query = selecting(kind, at.workspace, at.event.as_ref());
            query.push(" and k.folded = ").push_bind(at.key.folded().clone());
            let mut connection = self.inner.readers.acquire().await?;
            let row: Option<ThingRow> = query.build_query_as().fetch_optional(&mut *connection).await?;
            row.map(|row| row.record(kind)).transpose()
        })
    }

    fn list(&self, kind: NamedKind, workspace: WorkspaceId, within: Events, asked: ListQuery) -> Answer<'_, List<Record>> {
        Box::pin(async move {
            let limit = asked.limit.clamp(1, LIST_ITEMS_MAX);
            let mut query = selecting(kind, workspace, within.one());
            if let Some(only) = within.keys().filter(|_| kind == NamedKind::Event) {
                query.push(" and k.folded in (");
                let mut among = query.separated(", ");
                for event in only {
                    among.push_bind(event.folded().clone());
                }
                query.push(")");
            }
            push_page(&mut query, &asked, limit);
            let mut connection = self.inner.readers.acquire().await?;
            let rows: Vec<ThingRow> = query.build_query_as().fetch_all(&mut *connection).await?;
            list_of(rows, limit, |record: &Record| &record.key, |row| row.record(kind))
        })
    }

    fn recipients(&self, workspace: WorkspaceId, event: Key, message: Key, asked: ListQuery) -> Answer<'_, List<RecipientRecord>> {
        Box::pin(async move {
            let limit = asked.limit.clamp(1, LIST_ITEMS_MAX);
            let mut query = QueryBuilder::new(
                "select k.id, k.key, k.name, k.email, k.company, 0 as held, k.deleted, r.source,
                 (select json_group_array(t.tag order by t.folded) from partner_tags t where t.partner_id = k.id) as more
                 from messages m join partners k on k.event_id = m.event_id and k.deleted = 0
                 join recipients r on r.message_id = m.id and r.partner_id = k.id and r.removed = 0
                 where m.deleted = 0 and ",
            );
            push_in_event(&mut query, "m", workspace, &event);
            query.push(" and m.folded = ").push_bind(message.folded().clone());
            push_page(&mut query, &asked, limit);
            let mut connection = self.inner.readers.acquire().await?;
            let rows: Vec<RecipientRow> = query.build_query_as().fetch_all(&mut *connection).await?;
            list_of(rows, limit, |recipient: &RecipientRecord| &recipient.partner.key, RecipientRow::record)
        })
    }

    fn received(&self, workspace: WorkspaceId, event: Key, partner: Key, asked: ListQuery) -> Answer<'_, List<Record>> {
        Box::pin(async move {
            let limit = asked.limit.clamp(1, LIST_ITEMS_MAX);
            let mut query = selecting(NamedKind::Message, workspace, Some(&event));
            query.push(" and k.id in (select r.message_id from partners p join recipients r on r.partner_id = p.id and r.removed = 0");
            query.push(" where p.deleted = 0 and p.folded = ").push_bind(partner.folded().clone()).push(" and ");
            push_in_event(&mut query, "p", workspace, &event);
            query.push(")");
            push_page(&mut query, &asked, limit);
            let mut connection = self.inner.readers.acquire().await?;
            let rows: Vec<ThingRow> = query.build_query_as().fetch_all(&mut *connection).await?;
            list_of(rows, limit, |record: &Record| &record.key, |row| row.record(NamedKind::Message))
        })
    }

    fn flavors(&self, workspace: WorkspaceId, asked: ListQuery) -> Answer<'_, List<String>> {
        Box::pin(async move {
            let limit = asked.limit.clamp(1, LIST_ITEMS_MAX);
            let mut connection = self.inner.readers.acquire().await?;
            let mut query = QueryBuilder::<Sqlite>::new("select flavor from flavors where workspace_id = ");
            query.push_bind(workspace.number()).push(" and flavor > ").push_bind(asked.after.unwrap_or_default());
            // What people read of these is made of the same words.
            for word in asked.words {
                query.push(" and instr(flavor, ").push_bind(word).push(") > 0");
            }
            query.push(" order by flavor limit ").push_bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
            let mut items: Vec<String> = query.build_query_scalar().fetch_all(&mut *connection).await?;
            let more = items.len() > limit;
            items.truncate(limit);
            let next = items.last().filter(|_| more).cloned();
            Ok(List { items, next })
        })
    }
}
