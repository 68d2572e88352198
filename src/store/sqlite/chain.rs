//! What tells one history of a log from another: a hash that runs over its entries.
//!
//! `leaf(n) = SHA-256(salt(n) || bytes of the entry)` and `chain(n) = SHA-256(chain(n-1) || seq || kind || leaf(n))`; chain(0) is
//! made of the epoch. A row keeps its salt, its leaf and its mark, the first bytes of chain(n), which cursors carry: whoever
//! comes with a mark that this log does not have there has read another one, whatever the seq says. A leaf is of the bytes as
//! they were recorded and never changes. An amendment holds the salted hash of the body that it left; an erasure takes the
//! salt away, and with it every way to tell from the leaf what was there.

use sha2::{Digest as _, Sha256};
use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;

use super::place::{place, seq_of};
use crate::auth::WorkspaceId;
use crate::domain::{Epoch, MARK_BYTES, Mark, Range, Seq};
use crate::store::{Head, StoreError};

/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// Bytes of a hash.
const HASH_BYTES: usize = 32;
/// Bytes of the column `proof`.
const PROOF_BYTES: usize = SALT_BYTES + HASH_BYTES + MARK_BYTES;
/// Salts that are asked of the system at once.
const SALTS_AT_ONCE: usize = 256;
/// Rows of a log without a chain that one transaction links.
const BUILD_ROWS: i64 = 4_096;
/// Rows between two words of how far that is.
const BUILD_TOLD_EVERY: i64 = 100 * BUILD_ROWS;
/// Rows of one statement.
const ROWS_AT_ONCE: usize = 512;

/// What makes a leaf tell nothing by itself.
pub(super) type Salt = [u8; SALT_BYTES];
/// A hash.
pub(super) type Hash = [u8; HASH_BYTES];

/// The running hash of a log up to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chain(pub Hash);

/// What a row keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proof {
    /// Nothing but zeros once the entry was erased.
    pub salt: Salt,
    pub leaf: Hash,
    pub mark: Mark,
}

/// Salts in store: each entry takes one.
#[derive(Debug, Default)]
pub(super) struct Salts {
    random: Vec<u8>,
}

impl Chain {
    /// That of a log without entries.
    pub fn begin(epoch: Epoch) -> Self {
        Self(Sha256::digest(epoch.0.to_be_bytes()).into())
    }

    /// With one more entry.
    pub fn next(self, seq: Seq, kind: i64, leaf: &Hash) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(seq.to_be_bytes());
        hash.update(kind.to_be_bytes());
        hash.update(leaf);
        Self(hash.finalize().into())
    }

    /// What cursors carry of it.
    pub fn mark(self) -> Mark {
        let mut mark = [0; MARK_BYTES];
        mark.copy_from_slice(&self.0[..MARK_BYTES]);
        Mark(mark)
    }

    /// As the database keeps it.
    pub fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let hash = bytes.try_into().map_err(|_| StoreError::Corrupt(format!("a chain of {} bytes", bytes.len())))?;
        Ok(Self(hash))
    }
}

impl Proof {
    /// Links an entry, which `body` are the bytes of.
    pub fn link(chain: &mut Chain, salt: Salt, seq: Seq, kind: i64, body: &[u8]) -> Self {
        let leaf = leaf(&salt, body);
        *chain = chain.next(seq, kind, &leaf);
        Self { salt, leaf, mark: chain.mark() }
    }

    /// As the column keeps it.
    pub fn encode(&self) -> Vec<u8> {
        [&self.salt[..], &self.leaf, &self.mark.0].concat()
    }

    /// Reads the column.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        if bytes.len() != PROOF_BYTES {
            return Err(StoreError::Corrupt(format!("a proof of {} bytes", bytes.len())));
        }
        let mut proof = Self { salt: [0; SALT_BYTES], leaf: [0; HASH_BYTES], mark: Mark::default() };
        proof.salt.copy_from_slice(&bytes[..SALT_BYTES]);
        proof.leaf.copy_from_slice(&bytes[SALT_BYTES..SALT_BYTES + HASH_BYTES]);
        proof.mark.0.copy_from_slice(&bytes[SALT_BYTES + HASH_BYTES..]);
        Ok(proof)
    }

    /// The same without the salt: nobody can tell any more what the leaf is of.
    pub fn unsalted(self) -> Self {
        Self { salt: [0; SALT_BYTES], ..self }
    }
}

/// The salted hash of a body.
pub(super) fn leaf(salt: &Salt, body: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(body);
    hash.finalize().into()
}

/// A hash as text.
pub(super) fn hex(hash: &Hash) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(2 * HASH_BYTES), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Salts {
    /// One that nobody can guess.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the machine has no randomness to give.
    pub fn next(&mut self) -> Result<Salt, StoreError> {
        if self.random.is_empty() {
            self.random.resize(SALTS_AT_ONCE * SALT_BYTES, 0);
            if let Err(fault) = getrandom::fill(&mut self.random) {
                self.random.clear();
                return Err(StoreError::Unavailable(format!("no randomness for a salt: {fault}")));
            }
        }
        let mut salt = [0; SALT_BYTES];
        salt.copy_from_slice(&self.random.split_off(self.random.len() - SALT_BYTES));
        Ok(salt)
    }
}

/// The mark of a place, where this log still has it: of its end, or of an entry.
pub(super) async fn mark_at(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    head: &Head,
    seq: Seq,
) -> Result<Option<Mark>, StoreError> {
    if seq == head.seq { Ok(head.mark) } else { entry_mark(connection, workspace, seq).await }
}

/// The mark of an entry that is there.
pub(super) async fn entry_mark(connection: &mut SqliteConnection, workspace: WorkspaceId, seq: Seq) -> Result<Option<Mark>, StoreError> {
    let proof: Option<Option<Vec<u8>>> =
        sqlx::query_scalar("select proof from entries where place = ?").bind(place(workspace, seq)).fetch_optional(connection).await?;
    proof.flatten().map(|proof| Ok(Proof::decode(&proof)?.mark)).transpose()
}

/// The chain behind a range whose rows are still there.
pub(super) async fn chain_after(
    connection: &mut SqliteConnection,
    workspace: WorkspaceId,
    begin: Chain,
    range: Range,
) -> Result<Chain, StoreError> {
    let rows: Vec<(i64, i64, Vec<u8>)> =
        sqlx::query_as("select place, kind, proof from entries where place > ? and place <= ? order by place")
            .bind(place(workspace, range.low))
            .bind(place(workspace, range.high))
            .fetch_all(connection)
            .await?;
    rows.iter().try_fold(begin, |chain, (place, kind, proof)| Ok(chain.next(seq_of(*place), *kind, &Proof::decode(proof)?.leaf)))
}

/// Links logs that were made before there was a chain.
pub(super) async fn build(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut salts = Salts::default();
    let mut told = 0;
    while let Some((workspace, linked, of)) = build_step(connection, &mut salts, BUILD_ROWS).await? {
        told += BUILD_ROWS;
        if told >= BUILD_TOLD_EVERY || linked == of {
            tracing::info!(workspace, linked, of, "a log is linked, so that cursors know its history");
            told = 0;
        }
    }
    Ok(())
}

/// Links so many entries of a log, durably, and tells of which, how far that is and how far it goes; none when every log is
/// linked. It goes on where it was interrupted.
async fn build_step(connection: &mut SqliteConnection, salts: &mut Salts, rows: i64) -> Result<Option<(i64, i64, i64)>, StoreError> {
    let unlinked: Option<(i64, i64, i64, i64)> =
        sqlx::query_as("select id, epoch, seq, pruned from workspaces where chain is null order by id limit 1")
            .fetch_optional(&mut *connection)
            .await?;
    let Some((number, epoch, head, pruned)) = unlinked else { return Ok(None) };
    let begin = Chain::begin(Epoch(epoch.cast_unsigned()));
    let reached: Option<(i64, Vec<u8>)> = sqlx::query_as("select seq, chain from chain_building where workspace_id = ?")
        .bind(number)
        .fetch_optional(&mut *connection)
        .await?;
    let (at, mut chain) = match reached {
        Some((seq, chain)) => (seq, Chain::read(&chain)?),
        None => (pruned, begin),
    };
    let found: Vec<(i64, i64, Option<String>)> =
        sqlx::query_as("select place, kind, body from entries where place > ? and place <= ? order by place limit ?")
            .bind(number << 40 | at)
            .bind(number << 40 | head)
            .bind(rows)
            .fetch_all(&mut *connection)
            .await?;
    let at = found.last().map_or(head, |(place, ..)| seq_of(*place).cast_signed());
    let mut linked = Vec::with_capacity(found.len());
    for (place, kind, body) in found {
        let (is_shell, body) = (body.is_none(), body.unwrap_or_default());
        let proof = Proof::link(&mut chain, salts.next()?, seq_of(place), kind, body.as_bytes());
        linked.push((place, if is_shell { proof.unsalted() } else { proof }));
    }
    sqlx::query("begin immediate").execute(&mut *connection).await?;
    let ends = (at == head).then_some(begin);
    match write_step(connection, (number, at, chain), &linked, ends).await {
        Ok(()) => sqlx::query("commit").execute(&mut *connection).await?,
        Err(fault) => {
            sqlx::query("rollback").execute(&mut *connection).await?;
            return Err(fault);
        }
    };
    Ok(Some((number, at, head)))
}

/// Writes what was linked, and how far that is; with where the log begins, that it is linked whole.
async fn write_step(
    connection: &mut SqliteConnection,
    (workspace, seq, chain): (i64, i64, Chain),
    linked: &[(i64, Proof)],
    ends: Option<Chain>,
) -> Result<(), StoreError> {
    for part in linked.chunks(ROWS_AT_ONCE) {
        let mut sql = QueryBuilder::new("update entries set proof = v.column2 from (values ");
        let mut rows = sql.separated(",");
        for (place, proof) in part {
            rows.push("(").push_bind_unseparated(*place).push_unseparated(",").push_bind_unseparated(proof.encode()).push_unseparated(")");
        }
        sql.push(") v where entries.place = v.column1");
        sql.build().execute(&mut *connection).await?;
    }
    match ends {
        Some(begin) => {
            sqlx::query("update workspaces set chain = ?, chain_pruned = ? where id = ?")
                .bind(chain.0.to_vec())
                .bind(begin.0.to_vec())
                .bind(workspace)
                .execute(&mut *connection)
                .await?;
            sqlx::query("delete from chain_building where workspace_id = ?").bind(workspace).execute(connection).await?;
        }
        None => {
            sqlx::query("insert or replace into chain_building (workspace_id, seq, chain) values (?, ?, ?)")
                .bind(workspace)
                .bind(seq)
                .bind(chain.0.to_vec())
                .execute(connection)
                .await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
