//! What tallies want to know of the directory to answer a filter set: found with the very SQL that a scan has. Memberships
//! are read as of now.

use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::super::filter_sql::{push_partners, push_rows};
use crate::auth::WorkspaceId;
use crate::filter::{Clause, FilterSet};
use crate::store::StoreError;
use crate::tallies::{Cube, Kinds, Minutes, Rows, Test, wants_rows};

/// The tests that a combination passes when its activities match; `None` when combinations cannot tell.
pub(in super::super) async fn tests_of(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    filter: &FilterSet,
    cube: &Cube,
) -> Result<Option<Vec<Test>>, StoreError> {
    if !cube.can_tell(filter) {
        return Ok(None);
    }
    let mut rows = Vec::with_capacity(filter.clauses().len());
    for clause in filter.clauses() {
        rows.push(rows_of(connection, workspace, clause).await?);
    }
    Ok(Some(cube.tests(filter, &rows)))
}

/// The kinds of counts by minute that match.
pub(in super::super) async fn kinds_of(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    filter: &FilterSet,
    minutes: &Minutes,
) -> Result<Kinds, StoreError> {
    let mut rows = Vec::with_capacity(filter.clauses().len());
    for clause in filter.clauses() {
        rows.push(if Minutes::can_tell(clause) { rows_of(connection, workspace, clause).await? } else { Rows::new() });
    }
    Ok(minutes.kinds_of(filter, &rows))
}

/// Numbers of the rows that a clause names, where it wants them.
async fn rows_of(connection: &mut SqliteConnection, workspace: WorkspaceId, clause: &Clause) -> Result<Rows, StoreError> {
    if !wants_rows(clause) {
        return Ok(Rows::new());
    }
    let mut sql = QueryBuilder::new("with wanted (id) as (");
    if !push_partners(&mut sql, workspace, clause) {
        push_rows(&mut sql, workspace, clause);
    }
    // As one text: a tag may have thousands of partners, and sqlx pays for every row.
    sql.push(") select ifnull(group_concat(id, ','), '') from wanted");
    let ids: String = sql.build_query_scalar().fetch_one(connection).await?;
    Ok(ids.split(',').filter_map(|id| id.parse().ok()).collect())
}
