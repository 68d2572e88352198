//! From counts of stored numbers and folded texts to the values that people read and filters take.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::sqlite::SqliteConnection;
use sqlx::{FromRow, QueryBuilder};

use super::error::unsigned;
use super::filter_sql::push_list;
use super::records::Tally;
use crate::auth::WorkspaceId;
use crate::domain::{Actor, Device, Flavor, Grade};
use crate::filter::{Field, FilterSet, ValueForm};
use crate::store::{FacetQuery, FacetValue, StoreError};

/// Values of one field that are listed from the directory at most.
const DIRECTORY_VALUES_MAX: i64 = 10_000;
/// Numbers in one look-up.
const LOOK_UP_MAX: usize = 500;

/// A value before it is ordered and cut.
#[derive(Debug, Default, Clone)]
struct Candidate {
    value: String,
    label: Option<String>,
    count: u64,
    /// Listed whatever its rank: chosen by the filter, or of the directory of the one event.
    kept: bool,
}

/// A row of the directory that a field counts by.
#[derive(Debug, FromRow)]
struct DirectoryRow {
    id: i64,
    event: String,
    event_key: String,
    folded: String,
    key: String,
    name: String,
}

/// The values of one field, and how many activities have values that are not listed.
pub(super) async fn list_values(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    query: &FacetQuery,
    field: Field,
    mut tally: Tally,
) -> Result<(Vec<FacetValue>, u64), StoreError> {
    match field {
        Field::Message => tally.numbers = messages_of(connection, &tally).await?.into_iter().collect(),
        Field::Tag => tally.texts = tags_of(connection, &tally).await?.into_iter().map(|(tag, count)| (tag, (count, 0))).collect(),
        _ => {}
    }
    let candidates = match field {
        Field::Event | Field::Partner | Field::Message | Field::About | Field::Campaign => {
            of_directory(connection, workspace, &query.filter, field, &tally).await?
        }
        Field::Tag => of_tags(connection, workspace, &query.filter, tally).await?,
        Field::Platform => of_clients(connection, &query.filter, field, "$.platform.name", tally).await?,
        Field::Browser => of_clients(connection, &query.filter, field, "$.browser.name", tally).await?,
        Field::Actor => of_words(&query.filter, field, &tally, |n| Actor::from_number(n).map(Actor::as_str)),
        Field::Device => of_words(&query.filter, field, &tally, |n| Device::from_number(n).map(Device::as_str)),
        Field::Grade => of_words(&query.filter, field, &tally, |n| Grade::from_number(n).map(Grade::as_str)),
        Field::Flavor => of_flavors(&query.filter, tally),
        Field::Source | Field::Referrer => of_hosts(&query.filter, field, tally),
        Field::Id => BTreeMap::new(),
    };
    Ok(ranked(candidates, query.values_max))
}

/// Counts by message: an activity counts for each message that its partner is a recipient of. Relies on
/// `recipients_partner`.
async fn messages_of(connection: &mut SqliteConnection, tally: &Tally) -> Result<Vec<(i64, u64)>, StoreError> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "select r.message_id, sum(j.value ->> 1) from json_each(?) j join recipients r on r.partner_id = j.value ->> 0
         where r.removed = 0 group by r.message_id",
    )
    .bind(pairs_of(tally))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|(message, count)| Ok((message, unsigned(count)?))).collect()
}

/// Counts by folded tag.
async fn tags_of(connection: &mut SqliteConnection, tally: &Tally) -> Result<Vec<(String, u64)>, StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select t.folded, sum(j.value ->> 1) from json_each(?) j join partner_tags t on t.partner_id = j.value ->> 0 group by t.folded",
    )
    .bind(pairs_of(tally))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|(tag, count)| Ok((tag, unsigned(count)?))).collect()
}

/// Numbers and counts as a JSON list of pairs.
fn pairs_of(tally: &Tally) -> String {
    let pairs: Vec<String> = tally.numbers.iter().map(|(number, count)| format!("[{number},{count}]")).collect();
    format!("[{}]", pairs.join(","))
}

/// Most frequent first, then by value; the rest is summed up.
fn ranked(candidates: BTreeMap<String, Candidate>, values_max: usize) -> (Vec<FacetValue>, u64) {
    let mut all: Vec<_> = candidates.into_iter().collect();
    all.sort_by(|(a_key, a), (b_key, b)| b.count.cmp(&a.count).then_with(|| a_key.cmp(b_key)));
    let (mut values, mut rest, mut free) = (Vec::new(), 0, values_max);
    for (_, candidate) in all {
        let ranks = candidate.count > 0 && free > 0;
        if ranks || candidate.kept {
            free -= usize::from(ranks);
            values.push(FacetValue { value: candidate.value, label: candidate.label, count: candidate.count });
        } else {
            rest += candidate.count;
        }
    }
    (values, rest)
}

/// The values of a field that the filter names, wanted or not.
fn chosen(filter: &FilterSet, field: Field) -> impl Iterator<Item = (&str, ValueForm<'_>)> {
    filter.clauses().iter().filter(move |c| c.field == field).flat_map(|c| c.values.iter().map(|v| (&**v, c.form(v))))
}

/// The event, when the filter names exactly one.
fn only_event(filter: &FilterSet) -> Option<&str> {
    match filter.clause(Field::Event, false)?.values.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

async fn of_directory(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    filter: &FilterSet,
    field: Field,
    tally: &Tally,
) -> Result<BTreeMap<String, Candidate>, StoreError> {
    let listed = match only_event(filter) {
        Some(event) => directory_of(connection, workspace, field, event).await?,
        None => Vec::new(),
    };
    let listed_ids: BTreeSet<i64> = listed.iter().map(|row| row.id).collect();
    let ids: Vec<i64> = tally.numbers.keys().copied().filter(|id| !listed_ids.contains(id)).collect();
    let mut rows = listed;
    for part in ids.chunks(LOOK_UP_MAX) {
        let mut sql = QueryBuilder::new(select_directory(field));
        sql.push(" and k.id in ");
        push_list(&mut sql, part.iter().copied());
        rows.extend(sql.build_query_as::<DirectoryRow>().fetch_all(&mut *connection).await?);
    }
    let keys = chosen(filter, field).map(|(value, form)| match form {
        ValueForm::InEvent { key, .. } => key.to_owned(),
        _ => value.to_owned(),
    });
    let known: BTreeSet<i64> = rows.iter().map(|row| row.id).collect();
    let mut sql = QueryBuilder::new(select_directory(field));
    sql.push(" and k.workspace_id = ").push_bind(workspace.number()).push(" and k.folded in ");
    push_list(&mut sql, keys);
    let named: Vec<DirectoryRow> = sql.build_query_as().fetch_all(&mut *connection).await?;
    rows.extend(named.into_iter().filter(|row| !known.contains(&row.id)));

    let mut candidates: BTreeMap<String, Candidate> = BTreeMap::new();
    // Where a key stands in several events, the name is that of the one that counts most.
    rows.sort_by_key(|row| (std::cmp::Reverse(tally.numbers.get(&row.id).copied().unwrap_or(0)), row.id));
    for row in &rows {
        let count = tally.numbers.get(&row.id).copied().unwrap_or(0);
        let kept = listed_ids.contains(&row.id);
        let slot = candidates.entry(row.folded.clone()).or_insert_with(|| Candidate {
            value: row.key.clone(),
            label: Some(row.name.clone()),
            ..Candidate::default()
        });
        slot.count += count;
        slot.kept |= kept;
    }
    for (value, form) in chosen(filter, field) {
        let ValueForm::InEvent { event, key } = form else { continue };
        let Some(row) = rows.iter().find(|row| row.event == event && row.folded == key) else { continue };
        candidates.insert(
            value.to_owned(),
            Candidate {
                value: format!("{}/{}", row.event_key, row.key),
                label: Some(row.name.clone()),
                count: tally.numbers.get(&row.id).copied().unwrap_or(0),
                kept: true,
            },
        );
    }
    keep_chosen(&mut candidates, filter, field);
    Ok(candidates)
}

/// Makes sure that what the filter names is listed, at 0 when nothing has it.
fn keep_chosen(candidates: &mut BTreeMap<String, Candidate>, filter: &FilterSet, field: Field) {
    for (value, _) in chosen(filter, field) {
        let fresh = || Candidate { value: value.to_owned(), ..Candidate::default() };
        candidates.entry(value.to_owned()).or_insert_with(fresh).kept = true;
    }
}

/// All there is of a kind in one event (or, for events, in the workspace).
async fn directory_of(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    field: Field,
    event: &str,
) -> Result<Vec<DirectoryRow>, StoreError> {
    let mut sql = QueryBuilder::new(select_directory(field));
    sql.push(" and e.workspace_id = ").push_bind(workspace.number());
    if field != Field::Event {
        sql.push(" and e.folded = ").push_bind(event.to_owned());
    }
    sql.push(" order by k.folded limit ").push_bind(DIRECTORY_VALUES_MAX);
    Ok(sql.build_query_as().fetch_all(connection).await?)
}

fn select_directory(field: Field) -> &'static str {
    match field {
        Field::Partner => {
            "select k.id, e.folded as event, e.key as event_key, k.folded, k.key, k.name
             from partners k join events e on e.id = k.event_id where true"
        }
        Field::Campaign => {
            "select k.id, e.folded as event, e.key as event_key, k.folded, k.key, k.name
             from campaigns k join events e on e.id = k.event_id where true"
        }
        Field::Message | Field::About => {
            "select k.id, e.folded as event, e.key as event_key, k.folded, k.key, k.name
             from messages k join events e on e.id = k.event_id where true"
        }
        _ => {
            "select k.id, e.folded as event, e.key as event_key, k.folded, k.key, k.name
             from events k join events e on e.id = k.id where true"
        }
    }
}

async fn of_tags(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    filter: &FilterSet,
    tally: Tally,
) -> Result<BTreeMap<String, Candidate>, StoreError> {
    let mut candidates: BTreeMap<String, Candidate> = BTreeMap::new();
    for (folded, (count, _)) in tally.texts {
        candidates.insert(folded.clone(), Candidate { value: folded, count, ..Candidate::default() });
    }
    keep_chosen(&mut candidates, filter, Field::Tag);
    if let Some(event) = only_event(filter) {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select t.folded, min(t.tag) from events e join partners p on p.event_id = e.id
             join partner_tags t on t.partner_id = p.id where e.workspace_id = ? and e.folded = ?
             group by t.folded order by t.folded limit ?",
        )
        .bind(workspace.number())
        .bind(event)
        .bind(DIRECTORY_VALUES_MAX)
        .fetch_all(&mut *connection)
        .await?;
        for (folded, tag) in rows {
            let slot = candidates.entry(folded).or_default();
            (slot.value, slot.kept) = (tag, true);
        }
    }
    // The spelling of those that the event does not list.
    let folded: Vec<String> = candidates.keys().cloned().collect();
    for part in folded.chunks(LOOK_UP_MAX) {
        let mut sql = QueryBuilder::new("select folded, min(tag) from partner_tags where workspace_id = ");
        sql.push_bind(workspace.number()).push(" and folded in ");
        push_list(&mut sql, part.iter().cloned());
        let rows: Vec<(String, String)> = sql.push(" group by folded").build_query_as().fetch_all(&mut *connection).await?;
        for (folded, tag) in rows {
            if let Some(slot) = candidates.get_mut(&folded) {
                slot.value = tag;
            }
        }
    }
    Ok(candidates)
}

/// Platforms and browsers: the column is folded, the display name stands in the body of any activity that has it.
async fn of_clients(
    connection: &mut SqliteConnection,
    filter: &FilterSet,
    field: Field,
    path: &'static str,
    tally: Tally,
) -> Result<BTreeMap<String, Candidate>, StoreError> {
    let samples: Vec<i64> = tally.texts.values().map(|(_, place)| *place).collect();
    let mut names: HashMap<i64, String> = HashMap::new();
    for part in samples.chunks(LOOK_UP_MAX) {
        let mut sql = QueryBuilder::new("select place, json_extract(body, ");
        sql.push_bind(path).push(") from entries where place in ");
        push_list(&mut sql, part.iter().copied());
        let rows: Vec<(i64, String)> = sql.build_query_as().fetch_all(&mut *connection).await?;
        names.extend(rows);
    }
    let mut candidates = BTreeMap::new();
    for (folded, (count, place)) in tally.texts {
        let value = names.remove(&place).unwrap_or_else(|| folded.clone());
        candidates.insert(folded, Candidate { value, count, ..Candidate::default() });
    }
    keep_chosen(&mut candidates, filter, field);
    Ok(candidates)
}

fn of_words(filter: &FilterSet, field: Field, tally: &Tally, word: impl Fn(u8) -> Option<&'static str>) -> BTreeMap<String, Candidate> {
    let named = tally.numbers.iter().filter_map(|(number, count)| Some((word(u8::try_from(*number).ok()?)?, *count)));
    let mut candidates: BTreeMap<String, Candidate> =
        named.map(|(word, count)| (word.to_owned(), Candidate { value: word.to_owned(), count, ..Candidate::default() })).collect();
    keep_chosen(&mut candidates, filter, field);
    candidates
}

fn of_flavors(filter: &FilterSet, tally: Tally) -> BTreeMap<String, Candidate> {
    let families: Vec<(String, u64)> = chosen(filter, Field::Flavor)
        .filter_map(|(value, form)| match form {
            ValueForm::Family(family) => {
                let members = tally.texts.iter().filter(|(flavor, _)| flavor.starts_with(family));
                Some((value.to_owned(), members.map(|(_, (count, _))| count).sum()))
            }
            _ => None,
        })
        .collect();
    let mut candidates = BTreeMap::new();
    for (flavor, (count, _)) in tally.texts {
        candidates.insert(flavor.clone(), Candidate { value: flavor, count, ..Candidate::default() });
    }
    keep_chosen(&mut candidates, filter, Field::Flavor);
    for candidate in candidates.values_mut().filter(|c| !c.value.ends_with('*')) {
        candidate.label = Some(Flavor::trusted(&candidate.value).label());
    }
    for (family, count) in families {
        if let Some(slot) = candidates.get_mut(&family) {
            slot.count = count;
        }
    }
    candidates
}

fn of_hosts(filter: &FilterSet, field: Field, tally: Tally) -> BTreeMap<String, Candidate> {
    let mut candidates = BTreeMap::new();
    for (host, (count, _)) in tally.texts {
        candidates.insert(host.clone(), Candidate { value: host, count, ..Candidate::default() });
    }
    keep_chosen(&mut candidates, filter, field);
    for (prefix, count) in tally.prefixes {
        if let Some(slot) = candidates.get_mut(&prefix) {
            slot.count = count;
        }
    }
    candidates
}
