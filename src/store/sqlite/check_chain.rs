//! Whether a log is what was recorded: its chain is hashed anew, and every body held to what it is to be.

use sqlx::sqlite::SqliteConnection;

use super::chain::{Chain, Proof, hex, leaf};
use super::place::{place, seq_of};
use super::rows::kind;
use crate::auth::WorkspaceId;
use crate::domain::Seq;
use crate::store::StoreError;

/// Rows of one statement.
const ROWS: i64 = 4_096;
/// Faults of one log that are told.
const FAULTS_MAX: usize = 20;

/// An entry, and of an activity that was corrected what its last correction says of it.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    place: i64,
    kind: i64,
    body: Option<String>,
    proof: Option<Vec<u8>>,
    left: Option<String>,
}

/// What is wrong in a log that was pruned up to a place.
pub(super) async fn faults(connection: &mut SqliteConnection, workspace: WorkspaceId, pruned: Seq) -> Result<Vec<String>, StoreError> {
    let ends: (Option<Vec<u8>>, Option<Vec<u8>>) = sqlx::query_as("select chain_pruned, chain from workspaces where id = ?")
        .bind(workspace.number())
        .fetch_one(&mut *connection)
        .await?;
    let (Some(begin), Some(end)) = ends else { return Ok(vec!["the log is not linked".to_owned()]) };
    let (mut chain, end) = (Chain::read(&begin)?, Chain::read(&end)?);
    let (mut at, mut texts) = (place(workspace, pruned), Vec::new());
    loop {
        let rows: Vec<Row> = sqlx::query_as(
            "select n.place, n.kind, n.body, n.proof, a.body ->> '$.left' as left from entries n
             left join entries a on n.corrected is not null and a.place = (n.place >> 40 << 40 | n.corrected)
             where n.place > ? and n.place <= ? order by n.place limit ?",
        )
        .bind(at)
        .bind(place(workspace, Seq::MAX))
        .bind(ROWS)
        .fetch_all(&mut *connection)
        .await?;
        let Some(last) = rows.last().map(|row| row.place) else { break };
        at = last;
        for row in rows {
            let seq = seq_of(row.place);
            let Some(proof) = row.proof.as_deref().and_then(|proof| Proof::decode(proof).ok()) else {
                texts.push(format!("entry {seq} is not linked"));
                return Ok(texts);
            };
            chain = chain.next(seq, row.kind, &proof.leaf);
            if chain.mark() != proof.mark {
                texts.push(format!("entry {seq} does not follow from what stands before it"));
                // Nor does anything after it.
                return Ok(texts);
            }
            texts.extend(otherwise(seq, &row, &proof));
            if texts.len() >= FAULTS_MAX {
                return Ok(texts);
            }
        }
    }
    if chain != end {
        texts.push("the log does not end as its head says".to_owned());
    }
    Ok(texts)
}

/// How the body of an entry is other than it is to be.
fn otherwise(seq: Seq, row: &Row, proof: &Proof) -> Option<String> {
    let Some(body) = &row.body else {
        let is_erased = row.kind == kind::ACTIVITY && *proof == proof.unsalted();
        return (!is_erased).then(|| format!("entry {seq} has lost its body, or can still be told from its hash"));
    };
    let is = leaf(&proof.salt, body.as_bytes());
    match &row.left {
        Some(left) => (hex(&is) != *left).then(|| format!("activity {seq} is not as its last amendment left it")),
        None => (is != proof.leaf).then(|| format!("entry {seq} is not as it was recorded")),
    }
}
