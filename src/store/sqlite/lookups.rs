//! What appends ask the database before they are planned: ids that were given before, names, recipients. Each once for
//! all activities, and only for what the writer does not remember.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteArguments;
use uuid::Uuid;

use super::append::Unit;
use super::error::unsigned;
use super::names::{FlavorKey, NameKey, Named};
use super::statements::{ManyRows, sizes};
use super::writer::{Transaction, bind};
use crate::auth::WorkspaceId;
use crate::domain::{Seq, UnixMs};
use crate::store::{NamedKind, StoreError};

const SELECT_IDS: ManyRows = ManyRows {
    head: "select id, seq, recorded_at, content_hash from activity_ids where workspace_id = ? and id in (",
    row: "?",
    tail: ")",
};
const SELECT_FLAVORS: ManyRows =
    ManyRows { head: "select flavor from flavors where workspace_id = ? and flavor in (", row: "?", tail: ")" };
const SELECT_RECIPIENTS: ManyRows =
    ManyRows { head: "select message_id, partner_id from recipients where (message_id, partner_id) in (values ", row: "(?,?)", tail: ")" };

/// What was stored under an id before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub seq: Seq,
    pub recorded_at: UnixMs,
    pub content_hash: [u8; 16],
}

/// What one run of appends knows.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub ids: HashMap<(WorkspaceId, Uuid), Known>,
    pub things: HashMap<NameKey, Arc<Named>>,
    /// Numbers of things that were deleted: what names one makes it anew under its old number.
    pub buried: HashMap<NameKey, i64>,
    /// Pairs of message and partner that have a row. Kept here too: what the writer remembers may be dropped any time.
    pub recipients: HashSet<(i64, i64)>,
    /// Flavors that are standard, or that the workspace has met.
    pub flavors: HashSet<FlavorKey>,
}

impl Run {
    /// The number of a thing that is there or was.
    fn number(&self, key: &NameKey) -> Option<i64> {
        self.things.get(key).map(|named| named.id).or_else(|| self.buried.get(key).copied())
    }
}

impl Transaction<'_> {
    /// Looks up the ids that senders gave: only those can have been there before.
    pub(super) async fn find_ids(&mut self, units: &[Unit], run: &mut Run) -> Result<(), StoreError> {
        let mut wanted: BTreeMap<WorkspaceId, HashSet<Uuid>> = BTreeMap::new();
        for Unit { workspace, activities, .. } in units {
            let given = activities.iter().filter(|a| a.id_given).map(|a| a.id.0);
            wanted.entry(*workspace).or_default().extend(given);
        }
        for (workspace, ids) in wanted {
            let total = ids.len();
            let mut ids = ids.into_iter();
            for size in sizes(total) {
                let mut arguments = SqliteArguments::default();
                bind(&mut arguments, workspace.number())?;
                for id in ids.by_ref().take(size) {
                    bind(&mut arguments, id.as_bytes().to_vec())?;
                }
                let text = AssertSqlSafe(self.statements.text(SELECT_IDS, size));
                let rows: Vec<(Vec<u8>, i64, i64, Vec<u8>)> = sqlx::query_as_with(text, arguments).fetch_all(&mut *self.connection).await?;
                for (id, seq, recorded_at, hash) in rows {
                    let bad = |_| StoreError::Corrupt("an id or a content hash has the wrong length".to_owned());
                    let id = Uuid::from_slice(&id).map_err(|e| StoreError::Corrupt(e.to_string()))?;
                    let content_hash = hash.as_slice().try_into().map_err(bad)?;
                    run.ids.insert((workspace, id), Known { seq: unsigned(seq)?, recorded_at: UnixMs(recorded_at), content_hash });
                }
            }
        }
        Ok(())
    }

    /// Finds the things that the activities name, events first, and makes sure that there are numbers for new ones.
    pub(super) async fn find_things(&mut self, units: &[Unit], run: &mut Run) -> Result<(), StoreError> {
        let all = || units.iter().flat_map(Unit::each);
        let events: Vec<NameKey> = all().map(|(workspace, a)| (NamedKind::Event, workspace, a.event.folded().clone())).collect();
        let mut absent = self.find(run, events).await?;
        let mut inner = Vec::new();
        for (workspace, activity) in all() {
            // What an event held that is deleted still has its number, too.
            let Some(event) = run.number(&(NamedKind::Event, workspace, activity.event.folded().clone())) else { continue };
            inner.push((NamedKind::Partner, event, activity.partner.folded().clone()));
            inner.extend(activity.message.as_ref().map(|key| (NamedKind::Message, event, key.folded().clone())));
            inner.extend(activity.campaign.as_ref().map(|key| (NamedKind::Campaign, event, key.folded().clone())));
        }
        absent |= self.find(run, inner).await?;
        if absent {
            for kind in NamedKind::OF_ACTIVITIES {
                self.load_next_id(kind).await?;
            }
        }
        Ok(())
    }

    /// Finds things among the remembered ones, then in the database. True when some are not there.
    async fn find(&mut self, run: &mut Run, keys: Vec<NameKey>) -> Result<bool, StoreError> {
        let mut wanted: BTreeMap<(NamedKind, i64), Vec<Arc<str>>> = BTreeMap::new();
        let mut asked = HashSet::new();
        for key in keys {
            if run.things.contains_key(&key) || asked.contains(&key) {
                continue;
            }
            if let Some(named) = self.names.get(&key) {
                run.things.insert(key, named);
            } else {
                wanted.entry((key.0, key.1)).or_default().push(key.2.clone());
                asked.insert(key);
            }
        }
        let mut found = 0;
        let total = asked.len();
        for ((kind, owner), folded) in wanted {
            for (named, deleted) in self.select_rows(kind, owner, folded).await? {
                let key = (kind, owner, named.folded.clone());
                if deleted {
                    run.buried.insert(key, named.id);
                } else {
                    found += 1;
                    self.learn(run, key, Arc::new(named));
                }
            }
        }
        Ok(found < total)
    }

    pub(super) fn learn(&mut self, run: &mut Run, key: NameKey, named: Arc<Named>) {
        self.names.put(key.clone(), named.clone());
        run.things.insert(key, named);
    }

    /// Learns which flavors the workspaces have met.
    pub(super) async fn find_flavors(&mut self, units: &[Unit], run: &mut Run) -> Result<(), StoreError> {
        let mut wanted: BTreeMap<i64, HashSet<Arc<str>>> = BTreeMap::new();
        for (workspace, activity) in units.iter().flat_map(Unit::each) {
            let key = (workspace, activity.flavor.shared().clone());
            if run.flavors.contains(&key) {
                continue;
            }
            if self.names.knows_flavor(&key) || activity.flavor.standard().is_some() {
                run.flavors.insert(key);
            } else {
                wanted.entry(key.0).or_default().insert(key.1);
            }
        }
        for (workspace, flavors) in wanted {
            let total = flavors.len();
            let mut flavors = flavors.into_iter();
            for size in sizes(total) {
                let mut arguments = SqliteArguments::default();
                bind(&mut arguments, workspace)?;
                for flavor in flavors.by_ref().take(size) {
                    bind(&mut arguments, flavor)?;
                }
                let text = AssertSqlSafe(self.statements.text(SELECT_FLAVORS, size));
                let rows: Vec<String> = sqlx::query_scalar_with(text, arguments).fetch_all(&mut *self.connection).await?;
                for flavor in rows {
                    let key: FlavorKey = (workspace, flavor.into());
                    self.names.put_flavor(key.clone());
                    run.flavors.insert(key);
                }
            }
        }
        Ok(())
    }

    /// Learns which pairs of message and partner have a row already.
    pub(super) async fn find_recipients(&mut self, units: &[Unit], run: &mut Run) -> Result<(), StoreError> {
        let (known, wanted): (Vec<_>, Vec<_>) =
            recipients_of(units, run).into_iter().partition(|(message, partner)| self.names.knows_recipient(*message, *partner));
        run.recipients.extend(known);
        let total = wanted.len();
        let mut wanted = wanted.into_iter();
        for size in sizes(total) {
            let mut arguments = SqliteArguments::default();
            for (message, partner) in wanted.by_ref().take(size) {
                bind(&mut arguments, message)?;
                bind(&mut arguments, partner)?;
            }
            let text = AssertSqlSafe(self.statements.text(SELECT_RECIPIENTS, size));
            let rows: Vec<(i64, i64)> = sqlx::query_as_with(text, arguments).fetch_all(&mut *self.connection).await?;
            for (message, partner) in rows {
                self.names.put_recipient(message, partner);
                run.recipients.insert((message, partner));
            }
        }
        Ok(())
    }
}

/// Pairs of message and partner, both there already, that activities make recipients.
fn recipients_of(units: &[Unit], run: &Run) -> HashSet<(i64, i64)> {
    let mut pairs = HashSet::new();
    for Unit { workspace, activities, .. } in units {
        for activity in activities.iter().filter(|a| a.flavor.makes_recipient()) {
            let event = run.things.get(&(NamedKind::Event, workspace.number(), activity.event.folded().clone()));
            let (Some(event), Some(message)) = (event, &activity.message) else { continue };
            let message = run.things.get(&(NamedKind::Message, event.id, message.folded().clone()));
            let partner = run.things.get(&(NamedKind::Partner, event.id, activity.partner.folded().clone()));
            pairs.extend(message.zip(partner).map(|(message, partner)| (message.id, partner.id)));
        }
    }
    pairs
}
