//! Corrections in the log: their rows, and reading them with the activities that they correct.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::filter_sql::push_list;
use super::place::{place, seq_of};
use super::rows::{EntryRow, SELECT_ENTRY, kind};
use crate::auth::WorkspaceId;
use crate::domain::{
    ActivityEntry, ActivityId, AmendedEntry, Amendment, EntryKind, Erasure, Grade, Graded, MembershipSet, Memberships, Range, Seq,
};
use crate::filter::FilterSet;
use crate::store::{Correction, StoreError};
use crate::wire::regrade;

/// Rows in one look-up.
const LOOK_UP_MAX: usize = 500;
/// Corrections that one page looks at; it ends at the last of them.
pub(super) const PAGE_CORRECTIONS_MAX: usize = 4_096;

/// An amendment or an erasure as the column `body` keeps it: nothing else of the activity is in it.
#[derive(Debug, Serialize, Deserialize)]
struct CorrectionBody {
    target: Seq,
    id: uuid::Uuid,
    event: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<GradedBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<GradedBody>,
    /// Of an amendment: the salted hash of the body that it left. None in databases of before there was a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct GradedBody {
    grade: String,
    reasons: Vec<Arc<str>>,
}

impl GradedBody {
    fn of(graded: &Graded) -> Self {
        Self { grade: graded.grade.as_str().to_owned(), reasons: graded.reasons.clone() }
    }

    fn graded(self) -> Result<Graded, StoreError> {
        let grade =
            Grade::parse(&self.grade).map_err(|_| StoreError::Corrupt(format!("an amendment has the unknown grade {}", self.grade)))?;
        Ok(Graded { grade, reasons: self.reasons })
    }
}

/// The body of an amendment, which left a body with this hash.
pub(super) fn amendment_body(amendment: &Amendment, left: &str) -> Result<String, StoreError> {
    let Amendment { target, id, event, before, after } = amendment;
    let (before, after) = (Some(GradedBody::of(before)), Some(GradedBody::of(after)));
    text_of(&CorrectionBody { target: *target, id: id.0, event: event.clone(), before, after, left: Some(left.to_owned()) })
}

/// The body of an erasure.
pub(super) fn erasure_body(erasure: &Erasure) -> Result<String, StoreError> {
    let Erasure { target, id, event } = erasure;
    text_of(&CorrectionBody { target: *target, id: id.0, event: event.clone(), before: None, after: None, left: None })
}

fn text_of(body: &CorrectionBody) -> Result<String, StoreError> {
    serde_json::to_string(body).map_err(|e| StoreError::Corrupt(e.to_string()))
}

fn body_of(text: &str) -> Result<CorrectionBody, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(format!("a correction cannot be read: {e}")))
}

/// What the body of an amendment says.
pub(super) fn amendment_of(text: &str) -> Result<Amendment, StoreError> {
    let CorrectionBody { target, id, event, before, after, .. } = body_of(text)?;
    let missing = || StoreError::Corrupt("an amendment has no grades".to_owned());
    let (before, after) = (before.ok_or_else(missing)?.graded()?, after.ok_or_else(missing)?.graded()?);
    Ok(Amendment { target, id: ActivityId(id), event, before, after })
}

/// What the body of an erasure says.
pub(super) fn erasure_of(text: &str) -> Result<Erasure, StoreError> {
    let CorrectionBody { target, id, event, .. } = body_of(text)?;
    Ok(Erasure { target, id: ActivityId(id), event })
}

/// What an activity is with this grade.
pub(super) fn graded(row: &ActivityEntry, graded: &Graded) -> Result<ActivityEntry, StoreError> {
    let body = std::str::from_utf8(&row.body).ok().and_then(|body| regrade(body, graded));
    let body = body.ok_or_else(|| StoreError::Corrupt("the body of an activity has no grade".to_owned()))?;
    let mut facts = row.facts.clone();
    facts.grade = graded.grade;
    Ok(ActivityEntry { facts, body: body.into() })
}

/// Gives amendments that were read from the log the activities that they amend, as each left it; none to those whose activity
/// was erased since.
pub(super) async fn with_rows(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    kinds: &mut [&mut EntryKind],
) -> Result<(), StoreError> {
    let targets = kinds.iter().filter_map(|kind| target_of(kind));
    let rows = rows_at(connection, workspace, targets.collect()).await?;
    for kind in kinds {
        if let EntryKind::Amendment(entry) = &**kind
            && let Some(row) = rows.get(&entry.amendment.target)
        {
            let row = Some(Arc::new(graded(row, &entry.amendment.after)?));
            **kind = EntryKind::Amendment(Arc::new(AmendedEntry { amendment: entry.amendment.clone(), row }));
        }
    }
    Ok(())
}

fn target_of(kind: &EntryKind) -> Option<Seq> {
    match kind {
        EntryKind::Amendment(entry) => Some(entry.amendment.target),
        _ => None,
    }
}

/// The activities that stand at some places; those that were erased are left out.
async fn rows_at(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    mut seqs: Vec<Seq>,
) -> Result<HashMap<Seq, ActivityEntry>, StoreError> {
    seqs.sort_unstable();
    seqs.dedup();
    let mut found = HashMap::with_capacity(seqs.len());
    for part in seqs.chunks(LOOK_UP_MAX) {
        let mut sql = QueryBuilder::new(SELECT_ENTRY);
        sql.push(" where n.kind = 0 and n.occurred_at is not null and n.place in ");
        push_list(&mut sql, part.iter().map(|seq| place(workspace, *seq)));
        let rows: Vec<EntryRow> = sql.build_query_as().fetch_all(&mut *connection).await?;
        for row in rows {
            found.insert(seq_of(row.place), row.activity()?);
        }
    }
    Ok(found)
}

/// The corrections of a range as a filter set is told of them, in order, and how far they were looked for: all of the range,
/// or up to the last of as many as one page looks at. Relies on `entries_barrier`.
pub(super) async fn corrections_in(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    filter: &FilterSet,
    range: Range,
) -> Result<(Vec<Correction>, Seq), StoreError> {
    let rows: Vec<(i64, i64, String)> = sqlx::query_as(
        "select place, kind, body from entries indexed by entries_barrier
         where kind <> 0 and kind in (?, ?) and place > ? and place <= ? order by place limit ?",
    )
    .bind(kind::AMENDMENT)
    .bind(kind::ERASURE)
    .bind(place(workspace, range.low))
    .bind(place(workspace, range.high))
    .bind(i64::try_from(PAGE_CORRECTIONS_MAX).unwrap_or(i64::MAX))
    .fetch_all(&mut *connection)
    .await?;
    let reached = if rows.len() < PAGE_CORRECTIONS_MAX { range.high } else { rows.last().map_or(range.high, |(place, ..)| seq_of(*place)) };
    let mut entries = Vec::with_capacity(rows.len());
    for (place, number, body) in rows {
        let kind = match number {
            kind::AMENDMENT => EntryKind::Amendment(Arc::new(AmendedEntry { amendment: amendment_of(&body)?, row: None })),
            _ => EntryKind::Erasure(Arc::new(erasure_of(&body)?)),
        };
        entries.push((seq_of(place), kind));
    }
    with_rows(connection, workspace, &mut entries.iter_mut().map(|(_, kind)| kind).collect::<Vec<_>>()).await?;
    let memberships = match filter.asks_membership() {
        true => memberships_of(connection, workspace, entries.iter().filter_map(|(_, kind)| target_of(kind)).collect()).await?,
        false => HashMap::new(),
    };
    let nothing = Memberships::default();
    let told = entries.iter().filter_map(|(at, kind)| {
        let memberships = target_of(kind).and_then(|target| memberships.get(&target)).unwrap_or(&nothing);
        Correction::of(*at, kind, filter, memberships)
    });
    Ok((told.collect(), reached))
}

/// What the partners of the activities at some places belong to now.
async fn memberships_of(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    mut seqs: Vec<Seq>,
) -> Result<HashMap<Seq, Memberships>, StoreError> {
    seqs.sort_unstable();
    seqs.dedup();
    let mut found: HashMap<Seq, Memberships> = HashMap::new();
    for part in seqs.chunks(LOOK_UP_MAX) {
        for (set, select) in [
            (
                MembershipSet::Message,
                "select n.place, m.folded from entries n join recipients r on r.partner_id = n.partner_id and r.removed = 0
                 join messages m on m.id = r.message_id where n.place in ",
            ),
            (
                MembershipSet::Tag,
                "select n.place, t.folded from entries n join partner_tags t on t.partner_id = n.partner_id where n.place in ",
            ),
        ] {
            let mut sql = QueryBuilder::new(select);
            push_list(&mut sql, part.iter().map(|seq| place(workspace, *seq)));
            let rows: Vec<(i64, String)> = sql.build_query_as().fetch_all(&mut *connection).await?;
            for (place, value) in rows {
                found.entry(seq_of(place)).or_default().set(set, &value.into(), true);
            }
        }
    }
    Ok(found)
}
