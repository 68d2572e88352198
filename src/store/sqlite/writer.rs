//! The one connection that writes, and the one transaction of a commit.
//!
//! Must never answer before the transaction is durable, and must never keep a remembered name past a transaction
//! that failed or was abandoned.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments as _, AssertSqlSafe, Connection as _, Encode, Sqlite, Type};

use super::append::Unit;
use super::audit::AuditRow;
use super::chain::{Chain, Proof, Salt, Salts, entry_mark};
use super::error::unsigned;
use super::names::Names;
use super::place::new_place;
use super::rows::{NewActivityColumns, NewEntryRow, OpenLogRow, membership_body, number_of, traits};
use super::statements::{ManyRows, Statements, sizes};
use super::things::sql;
use crate::auth::WorkspaceId;
use crate::domain::{Cursor, Entry, EntryKind, MembershipChange, Seq, UnixMs};
use crate::store::quota::Held;
use crate::store::{Change, ChangedName, Committed, Head, LogBatch, NamedKind, Outcome, StoreError};

const INSERT_ENTRIES: ManyRows = ManyRows {
    head: "insert or rollback into entries (place, kind, recorded_at, body, occurred_at, event_id, partner_id, message_id, campaign_id,
        flavor, traits, platform, browser, source_host, referrer_host, id, search, proof) values ",
    row: "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    tail: "",
};
const INSERT_IDS: ManyRows = ManyRows {
    head: "insert or rollback into activity_ids (workspace_id, id, seq, recorded_at, content_hash) values ",
    row: "(?,?,?,?,?)",
    tail: "",
};
const INSERT_RECIPIENTS: ManyRows =
    ManyRows { head: "insert into recipients (message_id, partner_id, source, removed) values ", row: "(?,?,1,0)", tail: "" };
const INSERT_FLAVORS: ManyRows = ManyRows { head: "insert or ignore into flavors (workspace_id, flavor) values ", row: "(?,?)", tail: "" };

/// The writer: its connection, what it remembers, and whether a transaction may be left open on it.
pub(super) struct Writer {
    connection: Option<SqliteConnection>,
    names: Names,
    statements: Statements,
    salts: Salts,
    /// True from the start of a transaction to its clean end. A commit whose caller went away leaves it true.
    unfinished: bool,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection) -> Self {
        let (names, statements, salts) = (Names::new(), Statements::default(), Salts::default());
        Self { connection: Some(connection), names, statements, salts, unfinished: false }
    }

    /// Closes the connection.
    pub(super) async fn close(&mut self) -> Result<(), StoreError> {
        match self.connection.take() {
            Some(connection) => Ok(connection.close().await?),
            None => Ok(()),
        }
    }

    /// The connection, outside of any transaction.
    pub(super) async fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        if self.unfinished {
            self.abandon().await;
        }
        self.connection.as_mut().ok_or_else(closed)
    }

    /// Makes all changes durable in one transaction.
    pub(super) async fn commit(&mut self, changes: Vec<Change>, now: UnixMs) -> Result<Committed, StoreError> {
        self.connection().await?;
        let connection = self.connection.as_mut().ok_or_else(closed)?;
        self.unfinished = true;
        let mut transaction = Transaction::new(connection, (&mut self.names, &mut self.statements, &mut self.salts), now);
        let done = async {
            sqlx::query("begin immediate").execute(&mut *transaction.connection).await?;
            transaction.apply(changes).await?;
            transaction.write_all().await?;
            sqlx::query("commit").execute(&mut *transaction.connection).await?;
            Ok(transaction.committed())
        };
        match done.await {
            Ok(committed) => {
                self.unfinished = false;
                Ok(committed)
            }
            Err(error) => {
                self.abandon().await;
                Err(error)
            }
        }
    }

    async fn abandon(&mut self) {
        self.names.clear();
        if let Some(connection) = self.connection.as_mut() {
            // SQLite has already rolled back by itself after some failures; then this one only says so.
            let rolled_back = sqlx::query("rollback").execute(connection).await;
            tracing::debug!(?rolled_back, "a write transaction was given up");
        }
        self.unfinished = false;
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

/// The log of one workspace within the transaction.
#[derive(Debug)]
pub(super) struct OpenLog {
    /// Its head, raised as entries are added.
    pub head: Head,
    /// The hash that runs over its entries.
    chain: Chain,
    /// Entries added.
    pub entries: Vec<Arc<Entry>>,
    /// Things that its activities have made on first sight, raised as they are made.
    pub made: u64,
}

/// Rows that are planned and not written yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub entries: Vec<NewEntryRow>,
    pub ids: Vec<NewIdRow>,
    pub recipients: Vec<(i64, i64)>,
    pub flavors: Vec<(i64, Arc<str>)>,
    pub things: Vec<NewThingRow>,
}

/// A row of `activity_ids`.
#[derive(Debug)]
pub(super) struct NewIdRow {
    pub workspace_id: i64,
    pub id: Vec<u8>,
    pub seq: i64,
    pub recorded_at: i64,
    pub content_hash: Vec<u8>,
}

/// A thing of the directory that was created on first sight: its name is its key.
#[derive(Debug)]
pub(super) struct NewThingRow {
    pub kind: NamedKind,
    pub id: i64,
    /// True when its row is there from before it was deleted.
    pub again: bool,
    pub workspace_id: i64,
    pub event_id: i64,
    pub key: Arc<str>,
    pub folded: Arc<str>,
}

/// One transaction under way.
pub(super) struct Transaction<'w> {
    pub connection: &'w mut SqliteConnection,
    pub names: &'w mut Names,
    pub statements: &'w mut Statements,
    pub salts: &'w mut Salts,
    pub now: UnixMs,
    /// In the order of their numbers, so that batches come out in one order.
    pub logs: BTreeMap<WorkspaceId, OpenLog>,
    pub pending: Pending,
    /// The next free number of each kind, as far as it was asked for.
    pub next_ids: BTreeMap<NamedKind, i64>,
    pub outcomes: Vec<Outcome>,
    pub changed: Vec<ChangedName>,
    /// Given back by itself, unless the transaction comes to its end.
    pub held: Held,
    /// Logs that were pruned.
    pub pruned: Vec<(WorkspaceId, u64)>,
    probe: Option<u64>,
    /// Who has changed what, written at the end.
    pub audit: Vec<AuditRow>,
}

impl<'w> Transaction<'w> {
    fn new(
        connection: &'w mut SqliteConnection,
        (names, statements, salts): (&'w mut Names, &'w mut Statements, &'w mut Salts),
        now: UnixMs,
    ) -> Self {
        let (logs, pending, next_ids) = (BTreeMap::new(), Pending::default(), BTreeMap::new());
        let (outcomes, changed, held) = (Vec::new(), Vec::new(), Held::default());
        let (pruned, probe, audit) = (Vec::new(), None, Vec::new());
        Self { connection, names, statements, salts, now, logs, pending, next_ids, outcomes, changed, held, pruned, probe, audit }
    }

    /// Applies the changes in order. Neighbouring appends are planned together, so that many small ones cost the
    /// statements of one large one.
    async fn apply(&mut self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut appends = Vec::new();
        for change in changes {
            match change {
                Change::Append { workspace, activities, create_unknown, quota } => {
                    appends.push(Unit { workspace, activities, create_unknown, quota });
                }
                other => {
                    self.append(std::mem::take(&mut appends)).await?;
                    self.write_pending().await?;
                    let outcome = match other {
                        Change::Probe => self.probe().await,
                        Change::Consumed(consumed) => self.consumed(consumed).await,
                        Change::Amend { workspace, id, within, graded, by } => self.amend(workspace, id, within, graded, by).await,
                        Change::Erase { workspace, id, within, by } => self.erase(workspace, id, within, by).await,
                        Change::Retain { workspace, retention, by } => self.retain(workspace, retention, by).await,
                        Change::Prune(prune) => self.prune(prune).await,
                        other => self.change_directory(other).await,
                    }?;
                    self.outcomes.push(outcome);
                }
            }
        }
        self.append(appends).await
    }

    /// Overwrites the one row that proves that something can be made durable.
    async fn probe(&mut self) -> Result<Outcome, StoreError> {
        let sql = "update probe set number = number + 1 where id = 1 returning number";
        let number = unsigned(sqlx::query_scalar(sql).fetch_one(&mut *self.connection).await?)?;
        self.probe = Some(number);
        Ok(Outcome::Probed { number })
    }

    /// The log of a workspace, read at most once.
    pub(super) async fn log(&mut self, workspace: WorkspaceId) -> Result<&mut OpenLog, StoreError> {
        use std::collections::btree_map::Entry as Slot;
        match self.logs.entry(workspace) {
            Slot::Occupied(slot) => Ok(slot.into_mut()),
            Slot::Vacant(slot) => {
                let row: OpenLogRow = sqlx::query_as("select epoch, seq, pruned, recorded_at, chain, made from workspaces where id = ?")
                    .bind(workspace.number())
                    .fetch_one(&mut *self.connection)
                    .await?;
                let (head, made) = (row.head.head()?, unsigned(row.made)?);
                let chain = row.head.chain.ok_or_else(|| StoreError::Corrupt("the log is not linked".to_owned()))?;
                Ok(slot.insert(OpenLog { head, chain: Chain::read(&chain)?, entries: Vec::new(), made }))
            }
        }
    }

    /// A place of a log that is open, as a cursor.
    pub(super) async fn cursor(&mut self, workspace: WorkspaceId, seq: Seq) -> Result<Cursor, StoreError> {
        let head = self.log(workspace).await?.head;
        // Those of this transaction stand in one run.
        let added = |log: &OpenLog| Some(log.entries.get(usize::try_from(seq.checked_sub(log.entries.first()?.seq)?).ok()?)?.mark);
        let mark = match self.logs.get(&workspace).and_then(added) {
            Some(mark) => mark,
            None if seq == head.seq => head.mark,
            None => entry_mark(self.connection, workspace, seq).await?,
        };
        Ok(Cursor { epoch: head.epoch, seq, mark })
    }

    /// Adds a membership change to the log, which must be open.
    pub(super) fn add_membership(&mut self, workspace: WorkspaceId, change: MembershipChange) -> Result<(), StoreError> {
        let body = membership_body(&change)?;
        let Some(log) = self.logs.get_mut(&workspace) else { return Ok(()) };
        log.advance(self.now);
        let kind = EntryKind::Membership(Arc::new(change));
        self.pending.entries.push(log.add(workspace, kind, body, None, self.salts.next()?)?);
        Ok(())
    }

    /// Writes everything that is planned, and the heads.
    async fn write_all(&mut self) -> Result<(), StoreError> {
        self.write_pending().await?;
        self.write_audit().await?;
        for (workspace, log) in self.logs.iter().filter(|(_, log)| !log.entries.is_empty()) {
            sqlx::query("update workspaces set seq = ?, recorded_at = ?, made = ?, chain = ? where id = ?")
                .bind(i64::try_from(log.head.seq).unwrap_or(i64::MAX))
                .bind(log.head.recorded_at.0)
                .bind(i64::try_from(log.made).unwrap_or(i64::MAX))
                .bind(log.chain.0.to_vec())
                .bind(workspace.number())
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }

    /// Writes the planned rows, many in one statement.
    pub(super) async fn write_pending(&mut self) -> Result<(), StoreError> {
        let Pending { entries, ids, recipients, flavors, things } = std::mem::take(&mut self.pending);
        self.write_things(things).await?;
        self.insert(INSERT_ENTRIES, entries, bind_entry).await?;
        self.insert(INSERT_IDS, ids, |to, row| {
            bind(to, row.workspace_id)?;
            bind(to, row.id)?;
            bind(to, row.seq)?;
            bind(to, row.recorded_at)?;
            bind(to, row.content_hash)
        })
        .await?;
        self.insert(INSERT_RECIPIENTS, recipients, |to, (message, partner)| {
            bind(to, message)?;
            bind(to, partner)
        })
        .await?;
        self.insert(INSERT_FLAVORS, flavors, |to, (workspace, flavor)| {
            bind(to, workspace)?;
            bind(to, flavor)
        })
        .await
    }

    async fn write_things(&mut self, things: Vec<NewThingRow>) -> Result<(), StoreError> {
        let mut by_kind: BTreeMap<NamedKind, Vec<NewThingRow>> = BTreeMap::new();
        for thing in things {
            if thing.again {
                sqlx::query(sql(thing.kind).make_again)
                    .bind(&*thing.key)
                    .bind(&*thing.key)
                    .bind(thing.id)
                    .execute(&mut *self.connection)
                    .await?;
                continue;
            }
            by_kind.entry(thing.kind).or_default().push(thing);
        }
        for (kind, rows) in by_kind {
            let statement = insert_things(kind);
            self.insert(statement, rows, |to, row| {
                bind(to, row.id)?;
                bind(to, row.workspace_id)?;
                if row.kind != NamedKind::Event {
                    bind(to, row.event_id)?;
                }
                bind(to, row.key.clone())?;
                bind(to, row.folded)?;
                bind(to, row.key)
            })
            .await?;
        }
        Ok(())
    }

    /// Inserts rows in as few statements as there are sizes.
    pub(super) async fn insert<T>(
        &mut self,
        statement: ManyRows,
        rows: Vec<T>,
        bind_row: impl Fn(&mut SqliteArguments, T) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let total = rows.len();
        let mut rows = rows.into_iter();
        for size in sizes(total) {
            let mut arguments = SqliteArguments::default();
            for row in rows.by_ref().take(size) {
                bind_row(&mut arguments, row)?;
            }
            let text = self.statements.text(statement, size);
            sqlx::query_with(AssertSqlSafe(text), arguments).execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    fn committed(&mut self) -> Committed {
        self.held.keep();
        let batches = std::mem::take(&mut self.logs)
            .into_iter()
            .filter(|(_, log)| !log.entries.is_empty())
            .map(|(workspace, log)| LogBatch { workspace, epoch: log.head.epoch, pruned: log.head.pruned, entries: log.entries })
            .collect();
        Committed {
            outcomes: std::mem::take(&mut self.outcomes),
            batches,
            changed: std::mem::take(&mut self.changed),
            pruned: std::mem::take(&mut self.pruned),
            probe: self.probe,
        }
    }
}

impl OpenLog {
    /// The next place and its time, which never goes back.
    pub(super) fn advance(&mut self, at_least: UnixMs) -> (u64, UnixMs) {
        self.head.seq += 1;
        self.head.recorded_at = self.head.recorded_at.max(at_least);
        (self.head.seq, self.head.recorded_at)
    }

    /// Adds what stands at the place that was taken last, and links it; its row.
    pub(super) fn add(
        &mut self,
        workspace: WorkspaceId,
        kind: EntryKind,
        body: String,
        activity: Option<NewActivityColumns>,
        salt: Salt,
    ) -> Result<NewEntryRow, StoreError> {
        let Head { seq, recorded_at, .. } = self.head;
        let number = number_of(&kind);
        let proof = Proof::link(&mut self.chain, salt, seq, number, body.as_bytes());
        self.head.mark = Some(proof.mark);
        self.entries.push(Arc::new(Entry { seq, recorded_at, mark: Some(proof.mark), kind }));
        let place = new_place(workspace, seq)?;
        Ok(NewEntryRow { place, kind: number, recorded_at: recorded_at.0, activity, body, proof: proof.encode() })
    }
}

fn insert_things(kind: NamedKind) -> ManyRows {
    let row = if kind == NamedKind::Event { "(?,?,?,?,?)" } else { "(?,?,?,?,?,?)" };
    ManyRows { head: sql(kind).make, row, tail: "" }
}

/// Binds one value.
pub(super) fn bind<'t, T: Encode<'t, Sqlite> + Type<Sqlite> + 't>(to: &mut SqliteArguments, value: T) -> Result<(), StoreError> {
    to.add(value).map_err(|e| StoreError::Corrupt(format!("a value cannot be bound: {e}")))
}

fn bind_entry(to: &mut SqliteArguments, row: NewEntryRow) -> Result<(), StoreError> {
    bind(to, row.place)?;
    bind(to, row.kind)?;
    bind(to, row.recorded_at)?;
    bind(to, row.body)?;
    let Some(NewActivityColumns { occurred_at, event_id, partner_id, message_id, campaign_id, facts }) = row.activity else {
        (0..13).try_for_each(|_| bind(to, None::<i64>))?;
        return bind(to, row.proof);
    };
    bind(to, occurred_at)?;
    bind(to, event_id)?;
    bind(to, partner_id)?;
    bind(to, message_id)?;
    bind(to, campaign_id)?;
    bind(to, facts.flavor)?;
    bind(to, traits(facts.actor, facts.device, facts.grade))?;
    bind(to, facts.platform)?;
    bind(to, facts.browser)?;
    bind(to, facts.source_host)?;
    bind(to, facts.referrer_host)?;
    bind(to, facts.id.0.as_bytes().to_vec())?;
    bind(to, facts.search.as_str().to_owned())?;
    bind(to, row.proof)
}
