//! Counts by value: each field without its own clauses, under all others.
//!
//! Fields without clauses share one scan: what matches is gathered once per window and grouped by each of them.
//! What the counts become as values is in `facet_values.rs`.

use std::collections::{BTreeMap, HashMap};

use sqlx::sqlite::SqliteConnection;
use sqlx::{FromRow, QueryBuilder};

use super::SqliteStore;
use super::error::unsigned;
use super::facet_values::list_values;
use super::filter_sql::{REFERRER_MARK, SOURCE_MARK};
use super::scan::{Pace, Range, Scan, head, seq_before};
use crate::auth::WorkspaceId;
use crate::filter::{Field, FilterSet, ValueForm};
use crate::store::{FacetQuery, Facets, StoreError};

/// Counts of one field by what is stored: a number (of a row, of a word) or a text.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub numbers: HashMap<i64, u64>,
    /// Count, and the place of one activity that has the text.
    pub texts: HashMap<String, (u64, i64)>,
    /// Counts of chosen URL prefixes.
    pub prefixes: BTreeMap<String, u64>,
}

/// Fields that are counted under the same filter set.
struct Group {
    filter: FilterSet,
    fields: Vec<Field>,
    /// Chosen URL prefixes, which no column holds.
    prefixes: Vec<(Field, String)>,
    with_total: bool,
}

#[derive(Debug, FromRow)]
struct CountRow {
    field: i64,
    number: Option<i64>,
    word: Option<String>,
    count: i64,
    sample: i64,
}

const TOTAL: i64 = -1;
const PREFIX: i64 = -2;

impl SqliteStore {
    pub(super) async fn read_facets(&self, workspace: WorkspaceId, query: FacetQuery) -> Result<Facets, StoreError> {
        let mut transaction = self.inner.readers.begin().await?;
        let facets = self.facets_within(&mut transaction, workspace, &query).await;
        transaction.rollback().await?;
        facets
    }

    async fn facets_within(
        &self,
        connection: &mut SqliteConnection,
        workspace: WorkspaceId,
        query: &FacetQuery,
    ) -> Result<Facets, StoreError> {
        let head = head(connection, workspace).await?;
        let groups = groups_of(query);
        let mut scans = Vec::with_capacity(groups.len());
        for group in &groups {
            scans.push((group, Scan::plan(connection, workspace, &group.filter, query.since, query.until).await?));
        }
        let whole = Range { low: head.pruned, high: head.seq };
        let mut left = Range { low: seq_before(connection, workspace, whole, query.since).await?, high: head.seq };
        let (mut total, mut tallies) = (0, BTreeMap::<Field, Tally>::new());
        let mut pace = Pace::new(self.inner.scan);
        while !left.is_empty() {
            let window = pace.newest(left);
            for (group, scan) in &scans {
                total += count_group(connection, group, scan, window, &mut tallies).await?;
            }
            left.high = window.low;
            if pace.step() {
                break;
            }
        }
        let (mut by, mut rest) = (Vec::with_capacity(query.by.len()), Vec::with_capacity(query.by.len()));
        for field in &query.by {
            let tally = tallies.remove(field).unwrap_or_default();
            let (values, unlisted) = list_values(connection, workspace, query, *field, tally).await?;
            by.push((*field, values));
            rest.push((*field, unlisted));
        }
        Ok(Facets { head, total, complete: left.is_empty(), by, rest })
    }
}

/// Fields without clauses go together, under the whole filter set; each other one goes alone.
fn groups_of(query: &FacetQuery) -> Vec<Group> {
    let mut groups = vec![Group { filter: query.filter.clone(), fields: Vec::new(), prefixes: Vec::new(), with_total: true }];
    for field in query.by.iter().copied() {
        let filter = query.filter.without(field);
        if filter == query.filter {
            groups[0].fields.push(field);
            continue;
        }
        let clauses = query.filter.clauses().iter().filter(|c| c.field == field);
        let values = clauses.flat_map(|c| c.values.iter().map(move |v| (c.form(v), v)));
        let prefixes = values.filter(|(form, _)| matches!(form, ValueForm::UrlPrefix(_))).map(|(_, v)| (field, v.to_string())).collect();
        groups.push(Group { filter, fields: vec![field], prefixes, with_total: false });
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
    let mut sql = QueryBuilder::new("with m as materialized (select place");
    for column in columns_of(&group.fields) {
        sql.push(", ").push(column);
    }
    for (index, (field, prefix)) in group.prefixes.iter().enumerate() {
        let mark = if *field == Field::Source { SOURCE_MARK } else { REFERRER_MARK };
        sql.push(", instr(search, ").push_bind(format!("{mark}{prefix}")).push(") > 0 as x").push(index);
    }
    scan.push_from(&mut sql, window);
    sql.push(") select -1 as field, null as number, null as word, count(*) as count, 0 as sample from m");
    for field in &group.fields {
        sql.push(" union all ").push(select_of(*field));
    }
    for index in 0..group.prefixes.len() {
        sql.push(" union all select -2, ").push(index).push(", null, ifnull(sum(x").push(index).push("), 0), 0 from m");
    }
    let rows: Vec<CountRow> = sql.build_query_as().fetch_all(connection).await?;
    let mut total = 0;
    for row in rows {
        let count = unsigned(row.count)?;
        match row.field {
            TOTAL if group.with_total => total = count,
            TOTAL => {}
            PREFIX => {
                let at = row.number.and_then(|n| usize::try_from(n).ok()).and_then(|n| group.prefixes.get(n));
                let Some((field, prefix)) = at else { continue };
                *tallies.entry(*field).or_default().prefixes.entry(prefix.clone()).or_default() += count;
            }
            field => {
                let field = usize::try_from(field).ok().and_then(|n| Field::ALL.get(n));
                let Some(tally) = field.map(|field| tallies.entry(*field).or_default()) else { continue };
                match (row.number, row.word) {
                    (Some(number), _) => *tally.numbers.entry(number).or_default() += count,
                    (None, Some(word)) => {
                        let slot = tally.texts.entry(word).or_insert((0, row.sample));
                        slot.0 += count;
                    }
                    (None, None) => {}
                }
            }
        }
    }
    Ok(total)
}

/// The columns that some fields are counted by, each once.
fn columns_of(fields: &[Field]) -> Vec<&'static str> {
    let mut columns: Vec<_> = fields
        .iter()
        .map(|field| match field {
            Field::Event => "event_id",
            Field::Partner | Field::Message | Field::Tag => "partner_id",
            Field::About => "message_id",
            Field::Campaign => "campaign_id",
            Field::Flavor => "flavor",
            Field::Actor | Field::Device | Field::Grade => "traits",
            Field::Platform => "platform",
            Field::Browser => "browser",
            Field::Source => "source_host",
            Field::Referrer => "referrer_host",
            Field::Id => "id",
        })
        .collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// Counts by one field over what was gathered in `m`; the first column is the field's place in [`Field::ALL`]. What
/// an activity lacks is not counted.
fn select_of(field: Field) -> &'static str {
    match field {
        Field::Event => "select 0, event_id, null, count(*), 0 from m group by event_id",
        Field::Partner => "select 1, partner_id, null, count(*), 0 from m group by partner_id",
        Field::Flavor => "select 2, null, flavor, count(*), 0 from m group by flavor",
        // Relies on `recipients_partner`: an activity counts for each message that its partner is a recipient of.
        Field::Message => {
            "select 3, r.message_id, null, sum(c.n), 0 from (select partner_id, count(*) as n from m group by partner_id) c
             join recipients r on r.partner_id = c.partner_id where r.removed = 0 group by r.message_id"
        }
        Field::About => "select 4, message_id, null, count(*), 0 from m where message_id is not null group by message_id",
        Field::Actor => "select 5, traits & 15, null, count(*), 0 from m group by traits & 15",
        Field::Campaign => "select 6, campaign_id, null, count(*), 0 from m where campaign_id is not null group by campaign_id",
        Field::Tag => {
            "select 7, null, t.folded, sum(c.n), 0 from (select partner_id, count(*) as n from m group by partner_id) c
             join partner_tags t on t.partner_id = c.partner_id group by t.folded"
        }
        Field::Device => "select 8, traits >> 4 & 15, null, count(*), 0 from m group by traits >> 4 & 15",
        Field::Platform => "select 9, null, platform, count(*), max(place) from m where platform is not null group by platform",
        Field::Browser => "select 10, null, browser, count(*), max(place) from m where browser is not null group by browser",
        Field::Source => "select 11, null, source_host, count(*), 0 from m where source_host is not null group by source_host",
        Field::Referrer => "select 12, null, referrer_host, count(*), 0 from m where referrer_host is not null group by referrer_host",
        Field::Grade => "select 13, traits >> 8 & 15, null, count(*), 0 from m group by traits >> 8 & 15",
        // Every id is there once: nobody counts by it.
        Field::Id => "select 14, null, null, count(*), 0 from m",
    }
}

#[cfg(test)]
mod tests {
    use super::select_of;
    use crate::filter::Field;

    #[test]
    fn each_select_names_its_field() {
        for (index, field) in Field::ALL.into_iter().enumerate() {
            assert!(select_of(field).starts_with(&format!("select {index}, ")), "{field:?}");
        }
    }
}
