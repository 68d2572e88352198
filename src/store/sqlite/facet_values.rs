//! From counts of stored numbers and folded texts to the values that are listed.
//!
//! Values are ranked first, by what is small (numbers, folded keys, counts), and only those that are listed get a name
//! (`facet_names.rs`): of 150,000 partners a hundred are. What needs a look at each of them ends with the budget, the least
//! frequent last, and says so.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, QueryBuilder};

use super::error::unsigned;
use super::facet_candidates::{Candidate, Candidates, chosen, keep_chosen, of_clients, of_flavors, of_hosts, of_words, ranked};
use super::facet_names::{self, DirectoryRow, select_directory};
use super::filter_sql::push_list;
use super::scan::ScanLimits;
use crate::auth::WorkspaceId;
use crate::domain::{Actor, Device, Grade, Seq};
use crate::filter::{Field, FilterSet, ValueForm};
use crate::store::{FacetQuery, FacetValue, StoreError};
use crate::tallies::Tally;

/// Values of one field that are listed from the directory at most.
const DIRECTORY_VALUES_MAX: i64 = 10_000;

/// The values of one field.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub values: Vec<FacetValue>,
    /// Activities of values that are not listed.
    pub rest: u64,
    /// Different values that activities have, listed or not.
    pub different: u64,
    /// False when the budget ended it before everything was looked at: counts are the least that there are.
    pub whole: bool,
}

/// Lists values for one read, as long as its budget lasts.
pub(super) struct Values<'q> {
    pub workspace: WorkspaceId,
    pub query: &'q FacetQuery,
    ends: Instant,
    step: usize,
}

impl<'q> Values<'q> {
    /// The budget begins now: that of the scan was another.
    pub(super) fn new(workspace: WorkspaceId, query: &'q FacetQuery, limits: ScanLimits) -> Self {
        Self { workspace, query, ends: Instant::now() + limits.budget, step: limits.numbers.max(1) }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.ends
    }

    /// The caller's own, whose values are listed whatever their rank.
    fn filter(&self) -> &'q FilterSet {
        &self.query.filter
    }

    /// The event, when only one is asked for.
    fn only_event(&self) -> Option<Arc<str>> {
        self.query.within.and(&self.query.filter).only_event().cloned()
    }

    /// The values of one field, and how many activities have values that are not listed.
    pub(super) async fn list(&self, connection: &mut SqliteConnection, field: Field, mut tally: Tally) -> Result<Listed, StoreError> {
        let mut whole = true;
        match field {
            Field::Message => (tally.numbers, whole) = self.messages_of(connection, &tally).await?,
            Field::Tag => (tally.texts, whole) = self.tags_of(connection, &tally).await?,
            _ => {}
        }
        let mut unlisted = 0;
        let candidates = match field {
            Field::Event | Field::Partner | Field::Message | Field::About | Field::Campaign => {
                let (candidates, left, all) = self.of_directory(connection, field, &tally).await?;
                (unlisted, whole) = (left, whole && all);
                candidates
            }
            Field::Tag => self.of_tags(connection, tally).await?,
            Field::Platform | Field::Browser => of_clients(self.filter(), field, tally),
            Field::Actor => of_words(self.filter(), field, &tally, |n| Actor::from_number(n).map(Actor::as_str)),
            Field::Device => of_words(self.filter(), field, &tally, |n| Device::from_number(n).map(Device::as_str)),
            Field::Grade => of_words(self.filter(), field, &tally, |n| Grade::from_number(n).map(Grade::as_str)),
            Field::Flavor => of_flavors(self.filter(), tally),
            Field::Source | Field::Referrer => of_hosts(self.filter(), field, tally),
            Field::Id => Candidates::new(),
        };
        let different = candidates.values().filter(|candidate| candidate.count > 0).count() as u64;
        let (mut listed, rest) = ranked(candidates, self.query.values_max);
        facet_names::give(connection, self.workspace, field, &mut listed).await?;
        let values = listed.into_iter().map(|c| FacetValue { value: c.value, label: c.label, count: c.count }).collect();
        Ok(Listed { values, rest: rest + unlisted, different, whole })
    }

    /// Counts by message: an activity counts for each message that its partner is a recipient of. Relies on
    /// `recipients_partner`.
    async fn messages_of(&self, connection: &mut SqliteConnection, tally: &Tally) -> Result<(HashMap<i64, u64>, bool), StoreError> {
        const SUMS: &str = "select r.message_id, sum(j.value ->> 1) from json_each(?) j join recipients r on r.partner_id = j.value ->> 0
             where r.removed = 0 group by r.message_id";
        let mut counts = HashMap::new();
        for part in by_count(tally).chunks(self.step) {
            let rows: Vec<(i64, i64)> = sqlx::query_as(SUMS).bind(pairs_of(part)).fetch_all(&mut *connection).await?;
            for (message, count) in rows {
                *counts.entry(message).or_default() += unsigned(count)?;
            }
            if part.len() == self.step && self.is_over() {
                return Ok((counts, false));
            }
        }
        Ok((counts, true))
    }

    /// Counts by folded tag.
    async fn tags_of(&self, connection: &mut SqliteConnection, tally: &Tally) -> Result<(HashMap<String, (u64, Seq)>, bool), StoreError> {
        const SUMS: &str = "select t.folded, sum(j.value ->> 1) from json_each(?) j join partner_tags t on t.partner_id = j.value ->> 0
             group by t.folded";
        let mut counts: HashMap<String, (u64, Seq)> = HashMap::new();
        for part in by_count(tally).chunks(self.step) {
            let rows: Vec<(String, i64)> = sqlx::query_as(SUMS).bind(pairs_of(part)).fetch_all(&mut *connection).await?;
            for (tag, count) in rows {
                counts.entry(tag).or_default().0 += unsigned(count)?;
            }
            if part.len() == self.step && self.is_over() {
                return Ok((counts, false));
            }
        }
        Ok((counts, true))
    }

    /// What the directory has, what it does not list at all, and whether every number was looked at that can count.
    async fn of_directory(
        &self,
        connection: &mut SqliteConnection,
        field: Field,
        tally: &Tally,
    ) -> Result<(Candidates, u64, bool), StoreError> {
        let mut rows = match self.only_event().as_deref() {
            Some(event) => self.directory_of(connection, field, event).await?,
            None => Vec::new(),
        };
        let kept: HashSet<i64> = rows.iter().map(|row| row.id).collect();
        let named = self.chosen_rows(connection, field).await?;
        rows.extend(named.into_iter().filter(|row| !kept.contains(&row.id)));
        let known: HashSet<i64> = rows.iter().map(|row| row.id).collect();
        let others: Vec<(i64, u64)> = by_count(tally).into_iter().filter(|(id, _)| !known.contains(id)).collect();
        let (folded, left, whole) = self.folded_of(connection, field, &others).await?;

        let counted = |id: i64| tally.numbers.get(&id).copied().unwrap_or(0);
        let of_rows = rows.iter().map(|row| (row.id, row.folded.as_str(), Some(row)));
        let mut all: Vec<(i64, &str, Option<&DirectoryRow>)> = of_rows.chain(folded.iter().map(|(id, key)| (*id, &**key, None))).collect();
        // Where a key stands in several events, the name is that of the one that counts most.
        all.sort_unstable_by_key(|(id, ..)| (std::cmp::Reverse(counted(*id)), *id));
        let mut candidates = Candidates::new();
        for (id, key, row) in all {
            let fresh = || match row {
                Some(row) => Candidate { value: row.key.clone(), label: Some(row.name.clone()), ..Candidate::default() },
                None => Candidate { named_by: Some(id), ..Candidate::default() },
            };
            let slot = candidates.entry(key.to_owned()).or_insert_with(fresh);
            slot.count += counted(id);
            slot.kept |= kept.contains(&id);
        }
        for (value, form) in chosen(self.filter(), field) {
            let ValueForm::InEvent { event, key } = form else { continue };
            let Some(row) = rows.iter().find(|row| row.event == event && row.folded == key) else { continue };
            let of_event = Candidate {
                value: format!("{}/{}", row.event_key, row.key),
                label: Some(row.name.clone()),
                count: counted(row.id),
                kept: true,
                named_by: None,
            };
            candidates.insert(value.to_owned(), of_event);
        }
        keep_chosen(&mut candidates, self.filter(), field);
        Ok((candidates, left, whole))
    }

    /// The folded keys of rows, the most frequent first; the activities of those whose key was not looked up; and false
    /// when one of them might belong to a key that was.
    async fn folded_of(
        &self,
        connection: &mut SqliteConnection,
        field: Field,
        rows: &[(i64, u64)],
    ) -> Result<(Vec<(i64, String)>, u64, bool), StoreError> {
        // One key may stand in several events; then all of them count together.
        let meets = field != Field::Event && rows.len() > self.step && self.has_events(connection).await?;
        let sql = format!(
            "select ifnull(group_concat(k.id || ' ' || k.folded, char(10)), '') from json_each(?) j join {} k on k.id = j.value",
            facet_names::table(field)
        );
        let (mut folded, mut done) = (Vec::new(), 0);
        for part in rows.chunks(self.step) {
            let ids: Vec<String> = part.iter().map(|(id, _)| id.to_string()).collect();
            // As one text: sqlx pays for every row.
            let text: String =
                sqlx::query_scalar(AssertSqlSafe(sql.clone())).bind(format!("[{}]", ids.join(","))).fetch_one(&mut *connection).await?;
            let pairs = text.lines().filter_map(|line| line.split_once(' '));
            folded.extend(pairs.filter_map(|(id, key)| Some((id.parse().ok()?, key.to_owned()))));
            done += part.len();
            let last_listed = rows.get(self.query.values_max.saturating_sub(1)).map_or(0, |(_, count)| *count);
            let decided = !meets && rows.get(done).is_some_and(|(_, count)| *count < last_listed);
            if done < rows.len() && (decided || self.is_over()) {
                let left = rows[done..].iter().map(|(_, count)| count).sum();
                return Ok((folded, left, !meets));
            }
        }
        Ok((folded, 0, true))
    }

    /// True when the workspace has more than one event.
    async fn has_events(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let events: i64 = sqlx::query_scalar("select count(*) from (select 1 from events where workspace_id = ? limit 2)")
            .bind(self.workspace.number())
            .fetch_one(connection)
            .await?;
        Ok(events > 1)
    }

    /// The rows that the filter names, in whatever event.
    async fn chosen_rows(&self, connection: &mut SqliteConnection, field: Field) -> Result<Vec<DirectoryRow>, StoreError> {
        let keys: Vec<String> = chosen(self.filter(), field)
            .map(|(value, form)| match form {
                ValueForm::InEvent { key, .. } => key.to_owned(),
                _ => value.to_owned(),
            })
            .collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = QueryBuilder::new(select_directory(field));
        sql.push(" and k.workspace_id = ").push_bind(self.workspace.number()).push(" and k.folded in ");
        push_list(&mut sql, keys.into_iter());
        sql.push(" limit ").push_bind(DIRECTORY_VALUES_MAX);
        Ok(sql.build_query_as().fetch_all(connection).await?)
    }

    /// All there is of a kind in one event (or, for events, in the workspace).
    async fn directory_of(&self, connection: &mut SqliteConnection, field: Field, event: &str) -> Result<Vec<DirectoryRow>, StoreError> {
        let mut sql = QueryBuilder::new(select_directory(field));
        sql.push(" and k.deleted = 0 and e.deleted = 0 and e.workspace_id = ").push_bind(self.workspace.number());
        if field != Field::Event {
            sql.push(" and e.folded = ").push_bind(event.to_owned());
        }
        sql.push(" order by k.folded limit ").push_bind(DIRECTORY_VALUES_MAX);
        Ok(sql.build_query_as().fetch_all(connection).await?)
    }

    async fn of_tags(&self, connection: &mut SqliteConnection, tally: Tally) -> Result<Candidates, StoreError> {
        let unspelled =
            |folded: String, count| (folded.clone(), Candidate { value: folded, count, named_by: Some(0), ..Candidate::default() });
        let mut candidates: Candidates = tally.texts.into_iter().map(|(folded, (count, _))| unspelled(folded, count)).collect();
        for (value, _) in chosen(self.filter(), Field::Tag) {
            candidates.entry(value.to_owned()).or_insert_with(|| unspelled(value.to_owned(), 0).1).kept = true;
        }
        let Some(event) = self.only_event() else { return Ok(candidates) };
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select t.folded, min(t.tag) from events e join partners p on p.event_id = e.id
             join partner_tags t on t.partner_id = p.id where e.workspace_id = ? and e.folded = ?
             group by t.folded order by t.folded limit ?",
        )
        .bind(self.workspace.number())
        .bind(event)
        .bind(DIRECTORY_VALUES_MAX)
        .fetch_all(&mut *connection)
        .await?;
        for (folded, tag) in rows {
            let slot = candidates.entry(folded).or_default();
            (slot.value, slot.kept, slot.named_by) = (tag, true, None);
        }
        Ok(candidates)
    }
}

/// Numbers and their counts, the most frequent first.
fn by_count(tally: &Tally) -> Vec<(i64, u64)> {
    let mut pairs: Vec<(i64, u64)> = tally.numbers.iter().map(|(number, count)| (*number, *count)).collect();
    pairs.sort_unstable_by_key(|(number, count)| (std::cmp::Reverse(*count), *number));
    pairs
}

/// Numbers and counts as a JSON list of pairs.
fn pairs_of(pairs: &[(i64, u64)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(number, count)| format!("[{number},{count}]")).collect();
    format!("[{}]", pairs.join(","))
}
