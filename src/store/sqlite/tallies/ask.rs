//! A filter set as tests on the columns of a cube: which values pass is found once, with the very SQL that a scan has.

use std::collections::HashSet;

use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::super::filter_sql::{push_partners, push_rows};
use super::super::records::{Column, column_of};
use super::cube::{Cube, NUMBERS, Test, place_of};
use crate::auth::WorkspaceId;
use crate::domain::{Actor, Device, Grade};
use crate::filter::{Clause, Field, FilterSet, ValueForm};
use crate::store::StoreError;

/// The tests that a combination passes when its activities match. `None` when combinations cannot tell: words, ids, URL
/// prefixes, a column that was left out. Memberships are read as of now.
pub(in super::super) async fn tests_of(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    filter: &FilterSet,
    cube: &Cube,
) -> Result<Option<Vec<Test>>, StoreError> {
    if !filter.words().is_empty() || !filter.clauses().iter().all(|clause| answers(cube, clause)) {
        return Ok(None);
    }
    let mut tests = Vec::with_capacity(filter.clauses().len());
    for clause in filter.clauses() {
        let Some(column) = place_of(clause.field) else { return Ok(None) };
        let mut passes = match column.checked_sub(NUMBERS.len()) {
            None => of_numbers(connection, workspace, clause, &cube.numbers[column].values).await?,
            Some(at) => cube.texts[at].values.iter().map(|text| has_text(clause, text)).collect(),
        };
        if clause.negated {
            passes.iter_mut().for_each(|pass| *pass = !*pass);
        }
        tests.push(Test { column, passes });
    }
    // The one that leaves the fewest values comes first, so that the others have less to look at.
    tests.sort_by_key(|test| test.passes.iter().filter(|pass| **pass).count());
    Ok(Some(tests))
}

fn answers(cube: &Cube, clause: &Clause) -> bool {
    cube.keeps(clause.field) && !clause.values.iter().any(|value| matches!(clause.form(value), ValueForm::UrlPrefix(_)))
}

async fn of_numbers(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    clause: &Clause,
    values: &[i64],
) -> Result<Vec<bool>, StoreError> {
    if let Some(Column::Traits(shift)) = column_of(clause.field) {
        return Ok(values.iter().map(|traits| has_word(clause, traits >> shift & 15)).collect());
    }
    let mut sql = QueryBuilder::new("with wanted (id) as (");
    if !push_partners(&mut sql, workspace, clause) {
        push_rows(&mut sql, workspace, clause);
    }
    // As one text: a tag may have thousands of partners, and sqlx pays for every row.
    sql.push(") select ifnull(group_concat(id, ','), '') from wanted");
    let ids: String = sql.build_query_scalar().fetch_one(connection).await?;
    let ids: HashSet<i64> = ids.split(',').filter_map(|id| id.parse().ok()).collect();
    Ok(values.iter().map(|id| ids.contains(id)).collect())
}

fn has_word(clause: &Clause, number: i64) -> bool {
    let word = u8::try_from(number).ok().and_then(|number| match clause.field {
        Field::Actor => Actor::from_number(number).map(Actor::as_str),
        Field::Device => Device::from_number(number).map(Device::as_str),
        _ => Grade::from_number(number).map(Grade::as_str),
    });
    word.is_some_and(|word| clause.values.iter().any(|value| **value == *word))
}

fn has_text(clause: &Clause, text: &str) -> bool {
    clause.values.iter().any(|value| match clause.form(value) {
        ValueForm::Family(family) => text.starts_with(family),
        _ => **value == *text,
    })
}
