//! What activities become: ids looked up, names found or created, rows and entries planned.
//!
//! The database is asked first, for all activities at once and only for what is not remembered; then everything is
//! planned in memory. In the steady state an append asks for ids only.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteArguments;
use uuid::Uuid;

use super::error::unsigned;
use super::names::{NameKey, Named};
use super::place::new_place;
use super::rows::{NewActivityColumns, NewEntryRow, kind};
use super::statements::{ManyRows, sizes};
use super::writer::{NewIdRow, NewThingRow, Transaction, bind};
use crate::auth::WorkspaceId;
use crate::domain::limits::OCCURRED_AHEAD_MS_MAX;
use crate::domain::{
    ActivityEntry, Entry, EntryKind, Facts, Key, MembershipChange, MembershipSet, NewActivity, Property, SearchText, Seq, UnixMs, fold,
};
use crate::store::{AppendResult, MissingThing, NamedKind, Outcome, StoreError};
use crate::wire::{Names as BodyNames, encode_activity};

/// One request: whose log, its activities, whether unknown things are created.
pub(super) type Unit = (WorkspaceId, Vec<NewActivity>, bool);

const SELECT_IDS: ManyRows = ManyRows {
    head: "select id, seq, recorded_at, content_hash from activity_ids where workspace_id = ? and id in (",
    row: "?",
    tail: ")",
};
const SELECT_RECIPIENTS: ManyRows =
    ManyRows { head: "select message_id, partner_id from recipients where (message_id, partner_id) in (values ", row: "(?,?)", tail: ")" };

/// What was stored under an id before.
#[derive(Debug, Clone, Copy)]
struct Known {
    seq: Seq,
    recorded_at: UnixMs,
    content_hash: [u8; 16],
}

/// What one run of appends knows.
#[derive(Debug, Default)]
struct Run {
    ids: HashMap<(WorkspaceId, Uuid), Known>,
    things: HashMap<NameKey, Arc<Named>>,
    /// Pairs of message and partner that have a row. Kept here too: what the writer remembers may be dropped any time.
    recipients: HashSet<(i64, i64)>,
}

/// The things that one activity names.
struct Things {
    event: Arc<Named>,
    partner: Arc<Named>,
    message: Option<Arc<Named>>,
    campaign: Option<Arc<Named>>,
}

/// Partners that became recipients within one unit, by message, in the order in which they were met.
type Observed = Vec<MembershipChange>;

impl Transaction<'_> {
    /// Plans the units in order; each adds its outcome.
    pub(super) async fn append(&mut self, units: Vec<Unit>) -> Result<(), StoreError> {
        if units.is_empty() {
            return Ok(());
        }
        for (workspace, ..) in &units {
            self.log(*workspace).await?;
        }
        let mut run = Run::default();
        self.find_ids(&units, &mut run).await?;
        self.find_things(&units, &mut run).await?;
        self.find_recipients(&units, &mut run).await?;
        for (workspace, activities, create_unknown) in units {
            let mut observed = Observed::new();
            let mut results = Vec::with_capacity(activities.len());
            for activity in activities {
                results.push(self.place_activity(&mut run, workspace, activity, create_unknown, &mut observed)?);
            }
            for change in observed {
                self.add_membership(workspace, change)?;
            }
            self.outcomes.push(Outcome::Appended(results));
        }
        Ok(())
    }

    /// Looks up the ids that senders gave: only those can have been there before.
    async fn find_ids(&mut self, units: &[Unit], run: &mut Run) -> Result<(), StoreError> {
        let mut wanted: BTreeMap<WorkspaceId, HashSet<Uuid>> = BTreeMap::new();
        for (workspace, activities, _) in units {
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
    async fn find_things(&mut self, units: &[Unit], run: &mut Run) -> Result<(), StoreError> {
        let all = || units.iter().flat_map(|(workspace, activities, _)| activities.iter().map(move |a| (workspace.number(), a)));
        let events: Vec<NameKey> = all().map(|(workspace, a)| (NamedKind::Event, workspace, a.event.folded().clone())).collect();
        let mut absent = self.find(run, events).await?;
        let mut inner = Vec::new();
        for (workspace, activity) in all() {
            let Some(event) = run.things.get(&(NamedKind::Event, workspace, activity.event.folded().clone())) else { continue };
            inner.push((NamedKind::Partner, event.id, activity.partner.folded().clone()));
            inner.extend(activity.message.as_ref().map(|key| (NamedKind::Message, event.id, key.folded().clone())));
            inner.extend(activity.campaign.as_ref().map(|key| (NamedKind::Campaign, event.id, key.folded().clone())));
        }
        absent |= self.find(run, inner).await?;
        if absent {
            for kind in [NamedKind::Event, NamedKind::Partner, NamedKind::Message, NamedKind::Campaign] {
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
            for named in self.select_things(kind, owner, folded).await? {
                found += 1;
                self.learn(run, (kind, owner, named.folded.clone()), Arc::new(named));
            }
        }
        Ok(found < total)
    }

    fn learn(&mut self, run: &mut Run, key: NameKey, named: Arc<Named>) {
        self.names.put(key.clone(), named.clone());
        run.things.insert(key, named);
    }

    /// Learns which pairs of message and partner have a row already.
    async fn find_recipients(&mut self, units: &[Unit], run: &mut Run) -> Result<(), StoreError> {
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

    /// Gives one activity its place, or says why not.
    fn place_activity(
        &mut self,
        run: &mut Run,
        workspace: WorkspaceId,
        activity: NewActivity,
        create_unknown: bool,
        observed: &mut Observed,
    ) -> Result<AppendResult, StoreError> {
        if let Some(known) = run.ids.get(&(workspace, activity.id.0)).filter(|_| activity.id_given) {
            return Ok(match known.content_hash == activity.content_hash {
                true => AppendResult::Duplicate { seq: known.seq, recorded_at: known.recorded_at },
                false => AppendResult::Conflict { seq: known.seq },
            });
        }
        let things = match self.things_of(run, workspace, &activity, create_unknown) {
            Ok(things) => things,
            Err(missing) => return Ok(AppendResult::Missing(missing)),
        };
        // History is searched back to a time by `recorded_at`, so nothing may stand later than it was recorded by more
        // than senders may be ahead, whatever a clock does between acceptance and here.
        let at_least = self.now.max(UnixMs(activity.occurred_at.0.saturating_sub(OCCURRED_AHEAD_MS_MAX)));
        let Some(log) = self.logs.get_mut(&workspace) else { return Err(StoreError::Corrupt("the log is not open".to_owned())) };
        let (seq, recorded_at) = log.advance(at_least);
        let label = self.names.label(&activity.flavor);
        let body = encode_activity(&activity, &things.body_names(&label), seq, recorded_at);
        let facts = facts_of(&activity, &things, &label);
        let text = String::from_utf8(body.to_vec()).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        let entry = Arc::new(ActivityEntry { facts: facts.clone(), body });
        log.entries.push(Arc::new(Entry { seq, recorded_at, kind: EntryKind::Activity(entry) }));
        let known = Known { seq, recorded_at, content_hash: activity.content_hash };
        self.pending.ids.push(known.row(workspace, &activity));
        run.ids.insert((workspace, activity.id.0), known);
        let columns = NewActivityColumns {
            occurred_at: activity.occurred_at.0,
            event_id: things.event.id,
            partner_id: things.partner.id,
            message_id: things.message.as_ref().map(|m| m.id),
            campaign_id: things.campaign.as_ref().map(|c| c.id),
            facts,
        };
        self.pending.entries.push(NewEntryRow {
            place: new_place(workspace, seq)?,
            kind: kind::ACTIVITY,
            recorded_at: recorded_at.0,
            activity: Some(columns),
            body: text,
        });
        if self.names.meets_flavor(workspace.number(), &activity.flavor) {
            self.pending.flavors.push((workspace.number(), activity.flavor.shared().clone()));
        }
        if activity.flavor.makes_recipient() {
            self.observe(run, &things, observed);
        }
        Ok(AppendResult::Stored { seq, recorded_at })
    }

    /// Makes the partner an observed recipient, unless it has a row already (a removal by hand wins).
    fn observe(&mut self, run: &mut Run, things: &Things, observed: &mut Observed) {
        let Some(message) = &things.message else { return };
        if !run.recipients.insert((message.id, things.partner.id)) {
            return;
        }
        self.names.put_recipient(message.id, things.partner.id);
        self.pending.recipients.push((message.id, things.partner.id));
        let (event, value, partner) = (&things.event.folded, &message.folded, things.partner.folded.clone());
        match observed.iter_mut().find(|c| c.event == *event && c.value == *value) {
            Some(change) => change.added.push(partner),
            None => observed.push(MembershipChange {
                event: event.clone(),
                set: MembershipSet::Message,
                value: value.clone(),
                added: vec![partner],
                removed: Vec::new(),
            }),
        }
    }

    /// The things that an activity names, created where that is allowed. Nothing is created when one is missing.
    fn things_of(&mut self, run: &mut Run, workspace: WorkspaceId, activity: &NewActivity, create: bool) -> Result<Things, MissingThing> {
        let owner = workspace.number();
        let event = self.thing(run, workspace, NamedKind::Event, owner, &activity.event, create)?;
        let mut inner = |kind, key: &Key| self.thing(run, workspace, kind, event.id, key, create);
        Ok(Things {
            partner: inner(NamedKind::Partner, &activity.partner)?,
            message: activity.message.as_ref().map(|key| inner(NamedKind::Message, key)).transpose()?,
            campaign: activity.campaign.as_ref().map(|key| inner(NamedKind::Campaign, key)).transpose()?,
            event,
        })
    }

    fn thing(
        &mut self,
        run: &mut Run,
        workspace: WorkspaceId,
        kind: NamedKind,
        owner: i64,
        key: &Key,
        create: bool,
    ) -> Result<Arc<Named>, MissingThing> {
        let name_key = (kind, owner, key.folded().clone());
        if let Some(named) = run.things.get(&name_key) {
            return Ok(named.clone());
        }
        let missing = || MissingThing { kind, key: key.as_str().to_owned() };
        let next = self.next_ids.get_mut(&kind).filter(|_| create).ok_or_else(missing)?;
        let id = *next;
        *next += 1;
        let text: Arc<str> = key.as_str().into();
        let folded = key.folded().clone();
        self.pending.things.push(NewThingRow {
            kind,
            id,
            workspace_id: workspace.number(),
            event_id: owner,
            key: text.clone(),
            folded: folded.clone(),
        });
        let named = Arc::new(Named { id, key: text.clone(), folded, name: text, company: None });
        self.learn(run, name_key, named.clone());
        Ok(named)
    }
}

/// Pairs of message and partner, both there already, that activities make recipients.
fn recipients_of(units: &[Unit], run: &Run) -> HashSet<(i64, i64)> {
    let mut pairs = HashSet::new();
    for (workspace, activities, _) in units {
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

impl Known {
    fn row(&self, workspace: WorkspaceId, activity: &NewActivity) -> NewIdRow {
        NewIdRow {
            workspace_id: workspace.number(),
            id: activity.id.0.as_bytes().to_vec(),
            seq: i64::try_from(self.seq).unwrap_or(i64::MAX),
            recorded_at: self.recorded_at.0,
            content_hash: self.content_hash.to_vec(),
        }
    }
}

impl Things {
    fn body_names<'a>(&'a self, label: &'a str) -> BodyNames<'a> {
        BodyNames {
            event_key: &self.event.key,
            event: &self.event.name,
            partner_key: &self.partner.key,
            partner: &self.partner.name,
            company: self.partner.company.as_deref(),
            message: self.message.as_ref().map(|m| (&*m.key, &*m.name)),
            campaign: self.campaign.as_ref().map(|c| (&*c.key, &*c.name)),
            flavor_label: label,
        }
    }
}

/// What filters ask of the activity, with the names of this moment.
fn facts_of(activity: &NewActivity, things: &Things, label: &str) -> Facts {
    let numbers: Vec<String> =
        activity.properties.values().filter_map(|p| if let Property::Number(n) = p { Some(n.to_string()) } else { None }).collect();
    let texts = activity.properties.values().filter_map(|p| if let Property::Text(text) = p { Some(text.as_str()) } else { None });
    let parts = [&*things.partner.name, things.partner.company.as_deref().unwrap_or_default(), label];
    let parts = parts.into_iter().chain(texts).chain(numbers.iter().map(String::as_str));
    let folded = |client: &Option<crate::domain::Client>| client.as_ref().map(|c| Arc::from(fold(&c.name)));
    Facts {
        id: activity.id,
        event: things.event.folded.clone(),
        partner: things.partner.folded.clone(),
        flavor: activity.flavor.shared().clone(),
        message: things.message.as_ref().map(|m| m.folded.clone()),
        campaign: things.campaign.as_ref().map(|c| c.folded.clone()),
        actor: activity.actor,
        device: activity.device,
        grade: activity.grade,
        platform: folded(&activity.platform),
        browser: folded(&activity.browser),
        source_host: activity.source_url.as_ref().map(|u| u.host().clone()),
        referrer_host: activity.referrer_url.as_ref().map(|u| u.host().clone()),
        search: SearchText::of(activity.source_url.as_ref(), activity.referrer_url.as_ref(), parts),
    }
}
