//! Counts by value: each field without its own clauses, under all others.
//!
//! What tallies can tell is taken from them, up to their seq; the rest is scanned. Fields without clauses share one scan.
//! What the counts become as values is in `facet_values.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::error::unsigned;
use super::facet_values::Values;
use super::records::{Columns, Records};
use super::scan::{Pace, Range, Scan, head, recorded_at, seq_before};
use super::tallies::ask::tests_of;
use super::tallies::for_read;
use super::tallies::saved::off_thread;
use crate::auth::WorkspaceId;
use crate::domain::{Seq, UnixMs};
use crate::filter::{Field, FilterSet, ValueForm};
use crate::store::{FacetQuery, Facets, Head, StoreError};
use crate::tallies::{Counted, Cube, Question, Tally};

/// Seqs in one window: some 100 bytes of record each.
const FACET_WINDOW_SEQS_MAX: u64 = 65_536;

/// Fields that are counted under the same filter set.
#[derive(Debug, Clone)]
struct Group {
    filter: FilterSet,
    fields: Vec<Field>,
    /// Chosen URL prefixes, which no column holds.
    prefixes: Vec<(Field, String)>,
    with_total: bool,
    /// Rows above this are scanned; what is below is counted by tallies, or none of it can match.
    above: Seq,
}

/// What tallies are to tell, and whether the sum is the total.
#[derive(Debug)]
struct Told {
    question: Question,
    with_total: bool,
}

impl SqliteStore {
    pub(super) async fn read_facets(&self, workspace: WorkspaceId, query: FacetQuery) -> Result<Facets, StoreError> {
        let cube = self.inner.tallies.take(workspace).await;
        let mut transaction = self.inner.readers.begin().await?;
        let facets = self.facets_within(&mut transaction, workspace, &query, cube).await;
        transaction.rollback().await?;
        facets
    }

    async fn facets_within(
        &self,
        connection: &mut SqliteConnection,
        workspace: WorkspaceId,
        query: &FacetQuery,
        cube: Option<Arc<Cube>>,
    ) -> Result<Facets, StoreError> {
        let head = head(connection, workspace).await?;
        let whole = Range { low: head.pruned, high: head.seq };
        let above = seq_before(connection, workspace, whole, query.since).await?;
        let mut groups = groups_of(query, above);
        let (mut total, mut tallies) = (0, BTreeMap::<Field, Tally>::new());
        if let Some(cube) = usable(connection, workspace, query, head, cube).await? {
            let (scanned, told) = divide(connection, workspace, &cube, groups).await?;
            groups = scanned;
            for (with_total, (sum, counted)) in ask(cube, told).await? {
                total += if with_total { sum } else { 0 };
                counted.into_iter().for_each(|(field, tally)| tallies.entry(field).or_default().add(tally));
            }
        }
        let mut scans = Vec::with_capacity(groups.len());
        for group in &groups {
            scans.push((group, Scan::plan(connection, workspace, &group.filter, query.since, query.until).await?));
        }
        let mut left = Range { low: groups.iter().map(|group| group.above).min().unwrap_or(head.seq), high: head.seq };
        let mut pace = Pace::new(self.inner.scan).at_most(FACET_WINDOW_SEQS_MAX);
        while !left.is_empty() {
            let window = pace.newest(left);
            for (group, scan) in &scans {
                let window = Range { low: window.low.max(group.above), ..window };
                if !window.is_empty() {
                    total += count_group(connection, group, scan, window, &mut tallies).await?;
                }
            }
            left.high = window.low;
            if pace.step() {
                break;
            }
        }
        let values = Values::new(workspace, query, self.inner.scan);
        let mut whole = true;
        let (mut by, mut rest, mut different) = (Vec::new(), Vec::new(), Vec::new());
        for field in &query.by {
            let tally = tallies.remove(field).unwrap_or_default();
            let listed = values.list(connection, *field, tally).await?;
            by.push((*field, listed.values));
            rest.push((*field, listed.rest));
            different.push((*field, listed.different));
            whole &= listed.whole;
        }
        let counted_back_to = match left.is_empty() {
            true => None,
            false => recorded_at(connection, workspace, Range { low: left.high, high: head.seq }).await?.map(|(_, at)| at),
        };
        Ok(Facets { head, total, complete: left.is_empty() && whole, counted_back_to, by, rest, different })
    }
}

/// The tallies, where they count what is asked for: they are true, and all that they hold lies in the span of time.
async fn usable(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    query: &FacetQuery,
    head: Head,
    cube: Option<Arc<Cube>>,
) -> Result<Option<Arc<Cube>>, StoreError> {
    let Some(cube) = cube else { return Ok(None) };
    let (first, last) = cube.occurred.unwrap_or((i64::MAX, i64::MIN));
    let spans = query.since.is_none_or(|UnixMs(since)| since <= first) && query.until.is_none_or(|UnixMs(until)| until > last);
    for_read(spans.then_some(cube), connection, workspace, head).await
}

/// Divides groups into what tallies tell up to their seq, and what is scanned.
async fn divide(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    cube: &Cube,
    groups: Vec<Group>,
) -> Result<(Vec<Group>, Vec<Told>), StoreError> {
    let (mut scanned, mut told) = (Vec::new(), Vec::new());
    for mut group in groups {
        let tests = match group.prefixes.is_empty() {
            true => tests_of(connection, workspace, &group.filter, cube).await?,
            false => None,
        };
        if let Some(tests) = tests {
            let (kept, left_out): (Vec<Field>, Vec<Field>) = group.fields.iter().partition(|field| cube.keeps(**field));
            if !left_out.is_empty() {
                scanned.push(Group { fields: left_out, with_total: false, ..group.clone() });
            }
            group.fields.clone_from(&kept);
            group.above = group.above.max(cube.seq);
            told.push(Told { question: Question { tests, fields: kept }, with_total: group.with_total });
        }
        scanned.push(group);
    }
    Ok((scanned, told))
}

/// Asks the tallies.
async fn ask(cube: Arc<Cube>, told: Vec<Told>) -> Result<Vec<(bool, Counted)>, StoreError> {
    off_thread(move || told.iter().map(|told| (told.with_total, cube.count(&told.question))).collect()).await
}

/// Fields without clauses go together, under the whole filter set; each other one goes alone.
fn groups_of(query: &FacetQuery, above: Seq) -> Vec<Group> {
    let whole = query.within.and(&query.filter);
    let mut groups = vec![Group { filter: whole, fields: Vec::new(), prefixes: Vec::new(), with_total: true, above }];
    for field in query.by.iter().copied() {
        let without = query.filter.without(field);
        if without == query.filter {
            groups[0].fields.push(field);
            continue;
        }
        let filter = query.within.and(&without);
        let clauses = query.filter.clauses().iter().filter(|c| c.field == field);
        let values = clauses.flat_map(|c| c.values.iter().map(move |v| (c.form(v), v)));
        let prefixes = values.filter(|(form, _)| matches!(form, ValueForm::UrlPrefix(_))).map(|(_, v)| v.to_string());
        // Once, though it may be wanted and not wanted.
        let prefixes = prefixes.collect::<BTreeSet<_>>().into_iter().map(|prefix| (field, prefix)).collect();
        groups.push(Group { filter, fields: vec![field], prefixes, with_total: false, above });
    }
    groups
}

/// Counts one window of one group; returns how many match, where that is asked for.
async fn count_group(
    connection: &mut SqliteConnection,
    group: &Group,
    scan: &Scan<'_>,
    window: Range,
    tallies: &mut BTreeMap<Field, Tally>,
) -> Result<u64, StoreError> {
    let columns = Columns::of(&group.fields);
    let mut sql = QueryBuilder::new("select count(*), ");
    columns.push(&mut sql, &group.prefixes);
    scan.push_from(&mut sql, window);
    let (total, records): (i64, Option<String>) = sql.build_query_as().fetch_one(connection).await?;
    let mut records = Records(records.as_deref().unwrap_or_default());
    while !records.0.is_empty() {
        let record =
            records.next(&columns, group.prefixes.len()).ok_or_else(|| StoreError::Corrupt("a count cannot be read".to_owned()))?;
        for field in &group.fields {
            columns.count(*field, &record, tallies.entry(*field).or_default());
        }
        for ((field, prefix), begins) in group.prefixes.iter().zip(&record.prefixes) {
            let slot = tallies.entry(*field).or_default().prefixes.entry(prefix.clone()).or_default();
            *slot += u64::from(*begins);
        }
    }
    if group.with_total { unsigned(total) } else { Ok(0) }
}
