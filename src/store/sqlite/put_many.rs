//! Many partners put at once, inside the writer's transaction: what a thousand single puts would leave, in few statements, with
//! one entry of the log a tag and one notice.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteArguments;

use super::names::Named;
use super::put::{Place, missing_event};
use super::statements::{ManyRows, sizes};
use super::things::{ThingRow, sql};
use super::writer::{Transaction, bind};
use crate::auth::{Actor, WorkspaceId};
use crate::domain::{Key, MembershipChange, MembershipSet, fold};
use crate::store::{Existing, NamedKind, Outcome, Record, StoreError, Thing};

const INSERT_PARTNERS: ManyRows = ManyRows {
    head: "insert into partners (id, workspace_id, event_id, key, folded, name, email, company, words) values ",
    row: "(?,?,?,?,?,?,?,?,?)",
    tail: "",
};
const INSERT_TAGS: ManyRows =
    ManyRows { head: "insert into partner_tags (partner_id, workspace_id, folded, tag) values ", row: "(?,?,?,?)", tail: "" };

/// Who got or lost a tag, by its fold.
type Moves = BTreeMap<String, (Vec<Arc<str>>, Vec<Arc<str>>)>;

/// What was there under a key.
struct Before {
    id: i64,
    /// `None` when it was deleted.
    record: Option<Record>,
}

/// A partner that is to be written.
struct Written {
    named: Arc<Named>,
    thing: Thing,
    /// True when it has a row from before.
    has_row: bool,
}

impl Transaction<'_> {
    /// Makes or replaces many partners of one event.
    pub(super) async fn put_many(
        &mut self,
        workspace: WorkspaceId,
        event: &Key,
        partners: Vec<(Key, Thing)>,
        existing: Existing,
        by: Actor,
    ) -> Result<Outcome, StoreError> {
        let Some(holder) = self.event(workspace, event).await? else { return Ok(missing_event(event)) };
        let place = Place { workspace, kind: NamedKind::Partner, event: Some(holder.clone()) };
        // By fold, so that the entries of the log list partners in one order whatever the order of the request.
        let wanted: BTreeMap<Arc<str>, (Key, Thing)> =
            partners.into_iter().map(|(key, thing)| (key.folded().clone(), (key, thing.settled()))).collect();
        let mut before = self.partners_by_key(holder.id, wanted.keys().cloned().collect()).await?;
        let (mut created, mut replaced, mut unchanged) = (0, 0, 0);
        let (mut written, mut moves) = (Vec::new(), Moves::new());
        for (folded, (key, thing)) in wanted {
            let (id, record) = match before.remove(&folded) {
                Some(Before { id, record }) => (Some(id), record),
                None => (None, None),
            };
            match &record {
                Some(record) if existing == Existing::Keep || record.thing == thing => {
                    unchanged += 1;
                    continue;
                }
                Some(_) => replaced += 1,
                None => created += 1,
            }
            let (has_row, id) = match id {
                Some(id) => (true, id),
                None => (false, self.next_id(NamedKind::Partner).await?),
            };
            let spelled = record.as_ref().map_or(&key, |record| &record.key);
            let (_, company) = thing.contact();
            let company = company.map(Into::into);
            let named = Arc::new(Named { id, key: spelled.as_str().into(), folded: folded.clone(), name: thing.name().into(), company });
            let had = record.as_ref().map(|record| record.thing.tags()).unwrap_or_default();
            note_moves(&mut moves, &folded, had, thing.tags());
            self.note(&place, &named, record.as_ref(), &thing, by);
            self.changed.push(place.changed(&named));
            self.names.put((NamedKind::Partner, holder.id, folded), named.clone());
            written.push(Written { named, thing, has_row });
        }
        self.write_partners(&place, &written).await?;
        if !moves.is_empty() {
            self.log(workspace).await?;
        }
        for (tag, (added, removed)) in moves {
            let (event, value) = (holder.folded.clone(), tag.into());
            self.add_membership(workspace, MembershipChange { event, set: MembershipSet::Tag, value, added, removed })?;
        }
        Ok(Outcome::ManyPut { created, replaced, unchanged })
    }

    async fn partners_by_key(&mut self, event: i64, folded: Vec<Arc<str>>) -> Result<HashMap<Arc<str>, Before>, StoreError> {
        let statement = ManyRows { head: sql(NamedKind::Partner).select_many, row: "?", tail: ")" };
        let total = folded.len();
        let mut folded = folded.into_iter();
        let mut found = HashMap::with_capacity(total);
        for size in sizes(total) {
            let mut arguments = SqliteArguments::default();
            bind(&mut arguments, event)?;
            for key in folded.by_ref().take(size) {
                bind(&mut arguments, key)?;
            }
            let text = AssertSqlSafe(self.statements.text(statement, size));
            let rows: Vec<ThingRow> = sqlx::query_as_with(text, arguments).fetch_all(&mut *self.connection).await?;
            for row in rows {
                let (id, deleted) = (row.id, row.deleted);
                let record = row.record(NamedKind::Partner)?;
                found.insert(record.key.folded().clone(), Before { id, record: (!deleted).then_some(record) });
            }
        }
        Ok(found)
    }

    /// Writes the rows of partners and all their tags.
    async fn write_partners(&mut self, place: &Place, written: &[Written]) -> Result<(), StoreError> {
        let (event, workspace) = (place.owner(), place.workspace.number());
        for Written { named, thing, .. } in written.iter().filter(|one| one.has_row) {
            self.write(place, named, thing).await?;
            sqlx::query("delete from partner_tags where partner_id = ?").bind(named.id).execute(&mut *self.connection).await?;
        }
        let fresh: Vec<&Written> = written.iter().filter(|one| !one.has_row).collect();
        self.insert(INSERT_PARTNERS, fresh, |to, Written { named, thing, .. }| {
            let (email, company) = thing.contact();
            bind(to, named.id)?;
            bind(to, workspace)?;
            bind(to, event)?;
            bind(to, named.key.clone())?;
            bind(to, named.folded.clone())?;
            bind(to, thing.name().to_owned())?;
            bind(to, email.map(str::to_owned))?;
            bind(to, company.map(str::to_owned))?;
            bind(to, thing.words(&Key::trusted(&named.key)))
        })
        .await?;
        let tags = written.iter().flat_map(|one| one.thing.tags().iter().map(|tag| (one.named.id, tag.clone()))).collect();
        self.insert(INSERT_TAGS, tags, |to, (partner, tag): (i64, String)| {
            bind(to, partner)?;
            bind(to, workspace)?;
            bind(to, fold(&tag).into_owned())?;
            bind(to, tag)
        })
        .await
    }
}

/// Notes which tags a partner gets and loses; another spelling of a tag is the same tag.
fn note_moves(moves: &mut Moves, partner: &Arc<str>, had: &[String], has: &[String]) {
    let folds = |tags: &[String]| tags.iter().map(|tag| fold(tag).into_owned()).collect::<std::collections::BTreeSet<_>>();
    let (had, has) = (folds(had), folds(has));
    for tag in has.difference(&had) {
        moves.entry(tag.clone()).or_default().0.push(partner.clone());
    }
    for tag in had.difference(&has) {
        moves.entry(tag.clone()).or_default().1.push(partner.clone());
    }
}
