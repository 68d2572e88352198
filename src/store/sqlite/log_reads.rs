//! Head, memberships, whole entries, one activity.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::chain::entry_mark;
use super::corrections::{erasure_of, with_rows};
use super::place::{place, seq_of};
use super::rows::{EntryRow, SELECT_ENTRY};
use super::scan::head;
use crate::auth::WorkspaceId;
use crate::domain::{ActivityId, Entry, Mark, MembershipSet, Memberships, Seq};
use crate::store::{Head, LogBatch, MembershipSnapshot, PartnerMemberships, StoreError, StoredActivity, UnderId};

/// Entries in one answer at most.
const ENTRIES_MAX: usize = 1_000;

impl SqliteStore {
    pub(super) async fn read_head(&self, workspace: WorkspaceId) -> Result<Head, StoreError> {
        let mut connection = self.inner.apart.acquire().await?;
        head(&mut connection, workspace).await
    }

    pub(super) async fn read_mark(&self, workspace: WorkspaceId, seq: Seq) -> Result<Option<Mark>, StoreError> {
        let mut connection = self.inner.apart.acquire().await?;
        entry_mark(&mut connection, workspace, seq).await
    }

    pub(super) async fn read_memberships(&self, workspace: WorkspaceId) -> Result<MembershipSnapshot, StoreError> {
        let mut transaction = self.inner.readers.begin().await?;
        let snapshot = snapshot_within(&mut transaction, workspace).await;
        transaction.rollback().await?;
        snapshot
    }

    pub(super) async fn read_entries(&self, workspace: WorkspaceId, after: Seq, limit: usize) -> Result<LogBatch, StoreError> {
        let limit = u64::try_from(limit.min(ENTRIES_MAX)).unwrap_or(0);
        let mut transaction = self.inner.apart.begin().await?;
        let read = async {
            let head = head(&mut transaction, workspace).await?;
            let sql = AssertSqlSafe(format!("{SELECT_ENTRY} where n.place > ? and n.place <= ? order by n.place"));
            let rows: Vec<EntryRow> = sqlx::query_as(sql)
                .bind(place(workspace, after))
                .bind(place(workspace, after.saturating_add(limit)))
                .fetch_all(&mut *transaction)
                .await?;
            let mut entries: Vec<Entry> = rows.into_iter().map(EntryRow::entry).collect::<Result<_, _>>()?;
            let mut kinds: Vec<_> = entries.iter_mut().map(|entry| &mut entry.kind).collect();
            with_rows(&mut transaction, workspace, &mut kinds).await?;
            Ok(LogBatch { workspace, epoch: head.epoch, pruned: head.pruned, entries: entries.into_iter().map(Arc::new).collect() })
        };
        let batch = read.await;
        transaction.rollback().await?;
        batch
    }

    pub(super) async fn read_activity(&self, workspace: WorkspaceId, id: ActivityId) -> Result<UnderId, StoreError> {
        let mut transaction = self.inner.readers.begin().await?;
        let found = activity_within(&mut transaction, workspace, id).await;
        transaction.rollback().await?;
        found
    }
}

async fn activity_within(connection: &mut SqliteConnection, workspace: WorkspaceId, id: ActivityId) -> Result<UnderId, StoreError> {
    let sql = AssertSqlSafe(format!(
        "{SELECT_ENTRY} where n.kind = 0 and n.place =
         (select workspace_id << 40 | seq from activity_ids where workspace_id = ? and id = ?)"
    ));
    let row: Option<EntryRow> =
        sqlx::query_as(sql).bind(workspace.number()).bind(id.0.as_bytes().to_vec()).fetch_optional(&mut *connection).await?;
    let Some(row) = row else { return Ok(UnderId::Nothing) };
    let place = row.place;
    if row.body.is_none() {
        let erasure: String = sqlx::query_scalar(
            "select body from entries where place = (select (place >> 40 << 40) + corrected from entries where place = ?)",
        )
        .bind(place)
        .fetch_one(connection)
        .await?;
        return Ok(UnderId::Erased { event: erasure_of(&erasure)?.event });
    }
    let rows: Vec<(bool, String)> = sqlx::query_as(
        "select 0, m.folded from entries n join recipients r on r.partner_id = n.partner_id and r.removed = 0
         join messages m on m.id = r.message_id where n.place = ?1
         union all select 1, t.folded from entries n join partner_tags t on t.partner_id = n.partner_id where n.place = ?1",
    )
    .bind(place)
    .fetch_all(&mut *connection)
    .await?;
    let mut memberships = Memberships::default();
    for (is_tag, value) in rows {
        memberships.set(set_of(is_tag), &value.into(), true);
    }
    Ok(UnderId::Activity(StoredActivity { seq: seq_of(place), entry: Arc::new(row.activity()?), memberships }))
}

fn set_of(is_tag: bool) -> MembershipSet {
    if is_tag { MembershipSet::Tag } else { MembershipSet::Message }
}

async fn snapshot_within(connection: &mut SqliteConnection, workspace: WorkspaceId) -> Result<MembershipSnapshot, StoreError> {
    let head = head(connection, workspace).await?;
    let rows: Vec<(i64, String, String, bool, String)> = sqlx::query_as(
        "select p.id, e.folded, p.folded, 0, m.folded from recipients r join partners p on p.id = r.partner_id
         join events e on e.id = p.event_id join messages m on m.id = r.message_id where r.removed = 0 and m.workspace_id = ?1
         union all
         select p.id, e.folded, p.folded, 1, t.folded from partner_tags t join partners p on p.id = t.partner_id
         join events e on e.id = p.event_id where t.workspace_id = ?1",
    )
    .bind(workspace.number())
    .fetch_all(connection)
    .await?;
    // Each text is kept once, however many partners share it.
    let mut texts: BTreeMap<String, Arc<str>> = BTreeMap::new();
    let mut shared = |text: String| texts.entry(text).or_insert_with_key(|text| text.as_str().into()).clone();
    let mut partners: BTreeMap<i64, PartnerMemberships> = BTreeMap::new();
    for (id, event, partner, is_tag, value) in rows {
        let of_partner = partners.entry(id).or_insert_with(|| PartnerMemberships {
            event: shared(event),
            partner: partner.into(),
            memberships: Memberships::default(),
        });
        of_partner.memberships.set(set_of(is_tag), &shared(value), true);
    }
    Ok(MembershipSnapshot { head, partners: partners.into_values().collect() })
}
