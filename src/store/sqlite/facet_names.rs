//! The names of the values that a facet lists: what a filter takes, and what people read.

use std::collections::HashMap;

use sqlx::sqlite::SqliteConnection;
use sqlx::{FromRow, QueryBuilder};

use super::facet_candidates::Candidate;
use super::filter_sql::push_list;
use super::place::{place, seq_of};
use super::scan::head;
use crate::auth::WorkspaceId;
use crate::filter::Field;
use crate::store::StoreError;

/// Numbers in one look-up.
const LOOK_UP_MAX: usize = 500;
/// The newest seqs in which another activity is looked for where the one that told a name is erased.
const NAMED_SEQS_MAX: u64 = 65_536;

/// A row of the directory that a field counts by.
#[derive(Debug, FromRow)]
pub(super) struct DirectoryRow {
    pub id: i64,
    pub event: String,
    pub event_key: String,
    pub folded: String,
    pub key: String,
    pub name: String,
}

/// Gives every value its name, where it has none yet.
pub(super) async fn give(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    field: Field,
    listed: &mut [Candidate],
) -> Result<(), StoreError> {
    match field {
        Field::Event | Field::Partner | Field::Message | Field::About | Field::Campaign => of_directory(connection, field, listed).await,
        Field::Tag => of_tags(connection, workspace, listed).await,
        Field::Platform => of_clients(connection, workspace, ("platform", "$.platform.name"), listed).await,
        Field::Browser => of_clients(connection, workspace, ("browser", "$.browser.name"), listed).await,
        _ => Ok(()),
    }
}

/// What has no name yet, by what tells it.
fn unnamed(listed: &mut [Candidate]) -> Vec<(i64, &mut Candidate)> {
    listed.iter_mut().filter_map(|candidate| Some((candidate.named_by?, candidate))).collect()
}

async fn of_directory(connection: &mut SqliteConnection, field: Field, listed: &mut [Candidate]) -> Result<(), StoreError> {
    for part in unnamed(listed).chunks_mut(LOOK_UP_MAX) {
        let mut sql = QueryBuilder::new(select_directory(field));
        sql.push(" and k.id in ");
        push_list(&mut sql, part.iter().map(|(id, _)| *id));
        let rows: Vec<DirectoryRow> = sql.build_query_as().fetch_all(&mut *connection).await?;
        let mut rows: HashMap<i64, DirectoryRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        for (id, candidate) in part {
            if let Some(row) = rows.remove(id) {
                (candidate.value, candidate.label) = (row.key, Some(row.name));
            }
        }
    }
    Ok(())
}

/// The spelling of tags that the event does not list.
async fn of_tags(connection: &mut SqliteConnection, workspace: WorkspaceId, listed: &mut [Candidate]) -> Result<(), StoreError> {
    for part in unnamed(listed).chunks_mut(LOOK_UP_MAX) {
        let mut sql = QueryBuilder::new("select folded, min(tag) from partner_tags where workspace_id = ");
        sql.push_bind(workspace.number()).push(" and folded in ");
        push_list(&mut sql, part.iter().map(|(_, candidate)| candidate.value.clone()));
        let rows: Vec<(String, String)> = sql.push(" group by folded").build_query_as().fetch_all(&mut *connection).await?;
        let mut rows: HashMap<String, String> = rows.into_iter().collect();
        for (_, candidate) in part {
            if let Some(tag) = rows.remove(&candidate.value) {
                candidate.value = tag;
            }
        }
    }
    Ok(())
}

/// Display names, from the bodies of activities that have them.
async fn of_clients(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    (column, path): (&'static str, &'static str),
    listed: &mut [Candidate],
) -> Result<(), StoreError> {
    // Seqs; tallies that versions before have saved name places.
    let place_of = |seq: i64| place(workspace, seq_of(seq));
    for part in unnamed(listed).chunks_mut(LOOK_UP_MAX) {
        let mut sql = QueryBuilder::new("select place, json_extract(body, ");
        sql.push_bind(path).push(") from entries where place in ");
        push_list(&mut sql, part.iter().map(|(seq, _)| place_of(*seq)));
        let rows: Vec<(i64, Option<String>)> = sql.build_query_as().fetch_all(&mut *connection).await?;
        let mut names: HashMap<i64, String> = rows.into_iter().filter_map(|(place, name)| Some((place, name?))).collect();
        for (seq, candidate) in part {
            match names.remove(&place_of(*seq)) {
                Some(name) => candidate.value = name,
                // It was erased.
                None => candidate.value = another(connection, workspace, (column, path), &candidate.value).await?,
            }
        }
    }
    Ok(())
}

/// The display name of a folded one, from one of the newest activities that has it; else as it is, which a filter takes too.
async fn another(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    (column, path): (&'static str, &'static str),
    folded: &str,
) -> Result<String, StoreError> {
    let head = head(connection, workspace).await?.seq;
    let mut sql = QueryBuilder::new("select json_extract(body, ");
    sql.push_bind(path).push(") from entries not indexed where kind = 0 and ").push(column).push(" = ").push_bind(folded.to_owned());
    sql.push(" and place > ").push_bind(place(workspace, head.saturating_sub(NAMED_SEQS_MAX)));
    sql.push(" and place <= ").push_bind(place(workspace, head)).push(" order by place desc limit 1");
    let name: Option<Option<String>> = sql.build_query_scalar().fetch_optional(connection).await?;
    Ok(name.flatten().unwrap_or_else(|| folded.to_owned()))
}

/// The table whose rows a field counts by.
pub(super) const fn table(field: Field) -> &'static str {
    match field {
        Field::Partner => "partners",
        Field::Campaign => "campaigns",
        Field::Message | Field::About => "messages",
        _ => "events",
    }
}

pub(super) fn select_directory(field: Field) -> &'static str {
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
