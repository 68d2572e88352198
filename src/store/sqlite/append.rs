//! What activities become: each gets its place, a receipt, a row and an entry, or the reason why not.
//!
//! The database is asked first (`lookups.rs`), for all activities at once; then everything is planned in memory and
//! written together. In the steady state an append asks for ids only.

use std::borrow::Cow;
use std::sync::Arc;

use super::lookups::{Known, Run};
use super::names::Named;
use super::rows::NewActivityColumns;
use super::writer::{NewIdRow, NewThingRow, Transaction};
use crate::auth::WorkspaceId;
use crate::domain::limits::OCCURRED_AHEAD_MS_MAX;
use crate::domain::{
    ActivityEntry, Cursor, EntryKind, Facts, Key, MembershipChange, MembershipSet, NewActivity, Property, SearchText, UnixMs, fold,
};
use crate::store::{AppendResult, MissingThing, NamedKind, Outcome, OverQuota, Quota, Reached, StoreError};
use crate::wire::{Names as BodyNames, encode_activity};

/// One request.
pub(super) struct Unit {
    /// Whose log.
    pub workspace: WorkspaceId,
    /// Its activities.
    pub activities: Vec<NewActivity>,
    /// Whether unknown things are created.
    pub create_unknown: bool,
    /// And how many.
    pub quota: Quota,
}

impl Unit {
    /// Its activities, each with the number of the workspace.
    pub(super) fn each(&self) -> impl Iterator<Item = (i64, &NewActivity)> {
        self.activities.iter().map(|activity| (self.workspace.number(), activity))
    }
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
        for unit in &units {
            self.log(unit.workspace).await?;
        }
        let mut run = Run::default();
        self.find_ids(&units, &mut run).await?;
        self.find_things(&units, &mut run).await?;
        self.find_flavors(&units, &mut run).await?;
        self.find_recipients(&units, &mut run).await?;
        for Unit { workspace, activities, create_unknown, quota } in units {
            let mut observed = Observed::new();
            let mut results = Vec::with_capacity(activities.len());
            for activity in activities {
                results.push(self.place_activity(&mut run, workspace, activity, (create_unknown, &quota), &mut observed)?);
            }
            for change in observed {
                self.add_membership(workspace, change)?;
            }
            let cursor = self.position_after(workspace, &results).await?;
            self.outcomes.push(Outcome::Appended { cursor, results });
        }
        Ok(())
    }

    /// The position after the last of these that is in the log; the end of the log when none is.
    async fn position_after(&mut self, workspace: WorkspaceId, results: &[AppendResult]) -> Result<Cursor, StoreError> {
        let places = results.iter().filter_map(|result| match result {
            AppendResult::Stored { seq, .. } | AppendResult::Duplicate { seq, .. } => Some(*seq),
            AppendResult::Conflict { .. } | AppendResult::Missing(_) | AppendResult::OverQuota(_) => None,
        });
        let last = match places.max() {
            Some(seq) => seq,
            None => self.log(workspace).await?.head.seq,
        };
        self.cursor(workspace, last).await
    }

    /// Gives one activity its place, or says why not.
    fn place_activity(
        &mut self,
        run: &mut Run,
        workspace: WorkspaceId,
        activity: NewActivity,
        (create_unknown, quota): (bool, &Quota),
        observed: &mut Observed,
    ) -> Result<AppendResult, StoreError> {
        if let Some(known) = run.ids.get(&(workspace, activity.id.0)).filter(|_| activity.id_given) {
            return Ok(match known.content_hash == activity.content_hash {
                true => AppendResult::Duplicate { seq: known.seq, recorded_at: known.recorded_at },
                false => AppendResult::Conflict { seq: known.seq },
            });
        }
        let flavor = (workspace.number(), activity.flavor.shared().clone());
        let flavor_is_new = !run.flavors.contains(&flavor);
        let things = match self.things_of(run, workspace, &activity, false) {
            Ok(things) if !flavor_is_new => things,
            Err(missing) if !create_unknown => return Ok(AppendResult::Missing(missing)),
            _ => {
                if let Some(over) = self.make_room(run, workspace, &activity, quota)? {
                    return Ok(AppendResult::OverQuota(over));
                }
                match self.things_of(run, workspace, &activity, create_unknown) {
                    Ok(things) => things,
                    Err(missing) => return Ok(AppendResult::Missing(missing)),
                }
            }
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
        self.pending.entries.push(log.add(workspace, EntryKind::Activity(entry), text, Some(columns), self.salts.next()?)?);
        if flavor_is_new {
            run.flavors.insert(flavor.clone());
            self.names.put_flavor(flavor.clone());
            self.pending.flavors.push(flavor);
        }
        if activity.flavor.makes_recipient() {
            self.observe(run, &things, observed);
        }
        Ok(AppendResult::Stored { seq, recorded_at })
    }

    /// Counts what an activity is about to make, all of it, or tells why it may not.
    fn make_room(
        &mut self,
        run: &Run,
        workspace: WorkspaceId,
        activity: &NewActivity,
        quota: &Quota,
    ) -> Result<Option<OverQuota>, StoreError> {
        let unseen = unseen(run, workspace, activity);
        let Some((field, key)) = unseen.first() else { return Ok(None) };
        let over = |reached| Ok(Some(OverQuota { field, key: (*key).to_owned(), reached }));
        let Some(log) = self.logs.get_mut(&workspace) else { return Err(StoreError::Corrupt("the log is not open".to_owned())) };
        let things = u32::try_from(unseen.len()).unwrap_or(u32::MAX);
        let made = log.made + u64::from(things);
        if let Some(most) = quota.workspace_max.filter(|most| made > *most) {
            return over(Reached::Workspace(most));
        }
        if let Some(Err(spent)) = quota.sender.as_ref().map(|sender| self.held.take(sender, things)) {
            return over(Reached::Sender(spent));
        }
        log.made = made;
        Ok(None)
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
        let buried = run.buried.remove(&name_key);
        let id = buried.unwrap_or(*next);
        *next += i64::from(buried.is_none());
        let text: Arc<str> = key.as_str().into();
        let folded = key.folded().clone();
        self.pending.things.push(NewThingRow {
            kind,
            id,
            again: buried.is_some(),
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

/// What an activity would make, each by its field and its key.
fn unseen<'a>(run: &Run, workspace: WorkspaceId, activity: &'a NewActivity) -> Vec<(&'static str, &'a str)> {
    let owner = workspace.number();
    let event = run.things.get(&(NamedKind::Event, owner, activity.event.folded().clone()));
    let inner = [
        (NamedKind::Partner, Some(&activity.partner)),
        (NamedKind::Message, activity.message.as_ref()),
        (NamedKind::Campaign, activity.campaign.as_ref()),
    ];
    let inner = inner.into_iter().filter_map(|(kind, key)| {
        let is_there = |key: &Key| event.is_some_and(|event| run.things.contains_key(&(kind, event.id, key.folded().clone())));
        key.filter(|key| !is_there(key)).map(|key| (kind.as_str(), key.as_str()))
    });
    let event_is_new = event.is_none().then(|| (NamedKind::Event.as_str(), activity.event.as_str()));
    let flavor_is_new = !run.flavors.contains(&(owner, activity.flavor.shared().clone()));
    let flavor = flavor_is_new.then(|| ("flavor", activity.flavor.as_str()));
    event_is_new.into_iter().chain(inner).chain(flavor).collect()
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
    let values: Vec<Cow<'_, str>> = activity
        .properties
        .values()
        .map(|property| match property {
            Property::Text(text) => Cow::Borrowed(text.as_str()),
            Property::Number(number) => Cow::Owned(number.to_string()),
            Property::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        })
        .collect();
    let parts = [&*things.partner.name, things.partner.company.as_deref().unwrap_or_default(), label];
    let parts = parts.into_iter().chain(values.iter().map(|value| &**value));
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
