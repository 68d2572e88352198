//! The directory as it is now: one thing, or a page of a list by folded key.

use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::error::unsigned;
use crate::auth::WorkspaceId;
use crate::domain::Key;
use crate::store::{
    Answer, CampaignRecord, Directory, EventRecord, List, ListQuery, MessageRecord, PartnerRecord, RecipientRecord, RecipientSource,
    StoreError,
};

/// Items of one list page at most.
const LIST_ITEMS_MAX: usize = 1_000;

/// An event, or a campaign, or a message: something with a key, a name and a number of those in it.
#[derive(Debug, FromRow)]
struct NamedRow {
    key: String,
    name: String,
    held: i64,
}

#[derive(Debug, FromRow)]
struct PartnerRow {
    key: String,
    name: String,
    email: Option<String>,
    company: Option<String>,
    /// A list of texts as JSON.
    tags: String,
    source: Option<i64>,
}

impl PartnerRow {
    fn record(self) -> Result<PartnerRecord, StoreError> {
        let tags = serde_json::from_str(&self.tags).map_err(|e| StoreError::Corrupt(format!("tags cannot be read: {e}")))?;
        Ok(PartnerRecord { key: Key::trusted(&self.key), name: self.name, email: self.email, company: self.company, tags })
    }

    fn recipient(self) -> Result<RecipientRecord, StoreError> {
        let source = if self.source == Some(0) { RecipientSource::Manual } else { RecipientSource::Observed };
        Ok(RecipientRecord { source, partner: self.record()? })
    }
}

/// Binds of a list: `?1` workspace, `?2` folded key of the event or null, `?3` the folded key to begin after (or, for
/// one thing, the key itself), `?4` how many, `?5` folded key of the message or null.
struct Asked {
    workspace: WorkspaceId,
    event: Option<Key>,
    message: Option<Key>,
    limit: usize,
    text: String,
}

impl Asked {
    fn list(workspace: WorkspaceId, event: Option<Key>, query: &ListQuery) -> Self {
        let (limit, text) = (query.limit.clamp(1, LIST_ITEMS_MAX), query.after.clone().unwrap_or_default());
        Self { workspace, event, message: None, limit, text }
    }

    fn one(workspace: WorkspaceId, event: Option<Key>, key: &Key) -> Self {
        Self { workspace, event, message: None, limit: 1, text: key.folded().to_string() }
    }

    async fn rows<R>(&self, connection: &mut SqliteConnection, sql: &'static str) -> Result<Vec<R>, StoreError>
    where
        R: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
    {
        // One more than asked for tells whether there are more.
        Ok(sqlx::query_as(sql)
            .bind(self.workspace.number())
            .bind(self.event.as_ref().map(|e| e.folded().clone()))
            .bind(self.text.clone())
            .bind(i64::try_from(self.limit + 1).unwrap_or(i64::MAX))
            .bind(self.message.as_ref().map(|m| m.folded().clone()))
            .fetch_all(connection)
            .await?)
    }
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

fn event_record(row: NamedRow) -> Result<EventRecord, StoreError> {
    Ok(EventRecord { key: Key::trusted(&row.key), name: row.name, partners: unsigned(row.held)? })
}

fn message_record(row: NamedRow) -> Result<MessageRecord, StoreError> {
    Ok(MessageRecord { key: Key::trusted(&row.key), subject: row.name, recipients: unsigned(row.held)? })
}

fn campaign_record(row: NamedRow) -> CampaignRecord {
    CampaignRecord { key: Key::trusted(&row.key), name: row.name }
}

const EVENT: &str = "select e.key, e.name, (select count(*) from partners p where p.event_id = e.id) as held
    from events e where e.workspace_id = ?1 and e.folded = ?3";
const EVENTS: &str = "select e.key, e.name, (select count(*) from partners p where p.event_id = e.id) as held
    from events e where e.workspace_id = ?1 and (?2 is null or e.folded = ?2) and e.folded > ?3 order by e.folded limit ?4";
const MESSAGE: &str = "select k.key, k.name, (select count(*) from recipients r where r.message_id = k.id and r.removed = 0) as held
    from events e join messages k on k.event_id = e.id where e.workspace_id = ?1 and e.folded = ?2 and k.folded = ?3";
const MESSAGES: &str = "select k.key, k.name, (select count(*) from recipients r where r.message_id = k.id and r.removed = 0) as held
    from events e join messages k on k.event_id = e.id where e.workspace_id = ?1 and e.folded = ?2 and k.folded > ?3
    order by k.folded limit ?4";
const CAMPAIGN: &str = "select k.key, k.name, 0 as held
    from events e join campaigns k on k.event_id = e.id where e.workspace_id = ?1 and e.folded = ?2 and k.folded = ?3";
const CAMPAIGNS: &str = "select k.key, k.name, 0 as held
    from events e join campaigns k on k.event_id = e.id where e.workspace_id = ?1 and e.folded = ?2 and k.folded > ?3
    order by k.folded limit ?4";
const PARTNER: &str = "select k.key, k.name, k.email, k.company, null as source,
    (select json_group_array(t.tag order by t.folded) from partner_tags t where t.partner_id = k.id) as tags
    from events e join partners k on k.event_id = e.id where e.workspace_id = ?1 and e.folded = ?2 and k.folded = ?3";
const PARTNERS: &str = "select k.key, k.name, k.email, k.company, null as source,
    (select json_group_array(t.tag order by t.folded) from partner_tags t where t.partner_id = k.id) as tags
    from events e join partners k on k.event_id = e.id where e.workspace_id = ?1 and e.folded = ?2 and k.folded > ?3
    order by k.folded limit ?4";
const RECIPIENTS: &str = "select k.key, k.name, k.email, k.company, r.source,
    (select json_group_array(t.tag order by t.folded) from partner_tags t where t.partner_id = k.id) as tags
    from events e join messages m on m.event_id = e.id join partners k on k.event_id = e.id
    join recipients r on r.message_id = m.id and r.partner_id = k.id and r.removed = 0
    where e.workspace_id = ?1 and e.folded = ?2 and m.folded = ?5 and k.folded > ?3 order by k.folded limit ?4";

impl SqliteStore {
    async fn asked<R>(&self, asked: &Asked, sql: &'static str) -> Result<Vec<R>, StoreError>
    where
        R: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
    {
        let mut connection = self.inner.readers.acquire().await?;
        asked.rows(&mut connection, sql).await
    }
}

impl Directory for SqliteStore {
    fn events(&self, workspace: WorkspaceId, only: Option<Key>, query: ListQuery) -> Answer<'_, List<EventRecord>> {
        Box::pin(async move {
            let asked = Asked::list(workspace, only, &query);
            list_of(self.asked(&asked, EVENTS).await?, asked.limit, |e: &EventRecord| &e.key, event_record)
        })
    }

    fn event(&self, workspace: WorkspaceId, event: Key) -> Answer<'_, Option<EventRecord>> {
        Box::pin(async move {
            let rows = self.asked(&Asked::one(workspace, None, &event), EVENT).await?;
            rows.into_iter().next().map(event_record).transpose()
        })
    }

    fn partners(&self, workspace: WorkspaceId, event: Key, query: ListQuery) -> Answer<'_, List<PartnerRecord>> {
        Box::pin(async move {
            let asked = Asked::list(workspace, Some(event), &query);
            list_of(self.asked(&asked, PARTNERS).await?, asked.limit, |p: &PartnerRecord| &p.key, PartnerRow::record)
        })
    }

    fn partner(&self, workspace: WorkspaceId, event: Key, partner: Key) -> Answer<'_, Option<PartnerRecord>> {
        Box::pin(async move {
            let rows: Vec<PartnerRow> = self.asked(&Asked::one(workspace, Some(event), &partner), PARTNER).await?;
            rows.into_iter().next().map(PartnerRow::record).transpose()
        })
    }

    fn messages(&self, workspace: WorkspaceId, event: Key, query: ListQuery) -> Answer<'_, List<MessageRecord>> {
        Box::pin(async move {
            let asked = Asked::list(workspace, Some(event), &query);
            list_of(self.asked(&asked, MESSAGES).await?, asked.limit, |m: &MessageRecord| &m.key, message_record)
        })
    }

    fn message(&self, workspace: WorkspaceId, event: Key, message: Key) -> Answer<'_, Option<MessageRecord>> {
        Box::pin(async move {
            let rows = self.asked(&Asked::one(workspace, Some(event), &message), MESSAGE).await?;
            rows.into_iter().next().map(message_record).transpose()
        })
    }

    fn campaigns(&self, workspace: WorkspaceId, event: Key, query: ListQuery) -> Answer<'_, List<CampaignRecord>> {
        Box::pin(async move {
            let asked = Asked::list(workspace, Some(event), &query);
            list_of(self.asked(&asked, CAMPAIGNS).await?, asked.limit, |c: &CampaignRecord| &c.key, |row| Ok(campaign_record(row)))
        })
    }

    fn campaign(&self, workspace: WorkspaceId, event: Key, campaign: Key) -> Answer<'_, Option<CampaignRecord>> {
        Box::pin(async move {
            let rows: Vec<NamedRow> = self.asked(&Asked::one(workspace, Some(event), &campaign), CAMPAIGN).await?;
            Ok(rows.into_iter().next().map(campaign_record))
        })
    }

    fn recipients(&self, workspace: WorkspaceId, event: Key, message: Key, query: ListQuery) -> Answer<'_, List<RecipientRecord>> {
        Box::pin(async move {
            let asked = Asked { message: Some(message), ..Asked::list(workspace, Some(event), &query) };
            let rows = self.asked(&asked, RECIPIENTS).await?;
            list_of(rows, asked.limit, |r: &RecipientRecord| &r.partner.key, PartnerRow::recipient)
        })
    }

    fn flavors(&self, workspace: WorkspaceId) -> Answer<'_, Vec<String>> {
        Box::pin(async move {
            let flavors = sqlx::query_scalar("select flavor from flavors where workspace_id = ? order by flavor")
                .bind(workspace.number())
                .fetch_all(&self.inner.readers)
                .await?;
            Ok(flavors)
        })
    }
}
