//! What activities become: each gets its place, a receipt, a row and an entry, or the reason why not.
//!
//! The database is asked first (`lookups.rs`), for all activities at once; then everything is planned in memory and
//! written together. In the steady state an append asks for ids only.

use std::sync::Arc;

use super::lookups::{Known, Run};
use super::names::Named;
use super::place::new_place;
use super::rows::{NewActivityColumns, NewEntryRow, kind};
use super::writer::{NewIdRow, NewThingRow, Transaction};
use crate::auth::WorkspaceId;
use crate::domain::limits::OCCURRED_AHEAD_MS_MAX;
use crate::domain::{
    ActivityEntry, Entry, EntryKind, Facts, Key, MembershipChange, MembershipSet, NewActivity, Property, SearchText, UnixMs, fold,
};
use crate::store::{AppendResult, MissingThing, NamedKind, Outcome, StoreError};
use crate::wire::{Names as BodyNames, encode_activity};

/// One request: whose log, its activities, whether unknown things are created.
pub(super) type Unit = (WorkspaceId, Vec<NewActivity>, bool);

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
