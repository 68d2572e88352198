//! Drafts: what senders send, judged field by field, with all faults at once.
//!
//! A body that does not parse is refused whole; a draft that is wrong is told by its place and the others go on. What
//! leaves here is valid and complete: nothing past this checks a field again. Nothing here is durable yet.

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::IgnoredAny;

use super::address::mask;
use super::body::{BodyError, Cut, cut};
use super::cloudevents::{self, Enveloped, EventHeader};
use super::content::Content;
use super::enrich::{self, GivenClient};
use super::faults::Faults;
use super::form::{self, BodyForm};
use super::given::{DraftField, Given, GivenDraft};
use super::hints::{Hint, address_hint, agent_hint, url_hint};
use super::properties;
use super::user_agent::{Agent, UserAgents};
use crate::domain::limits::{CLIENT_NAME_BYTES_MAX, DRAFT_BYTES_MAX, OCCURRED_AHEAD_MS_MAX, OCCURRED_MS_MIN};
use crate::domain::{ActivityId, Actor, Client, Device, Events, Fault, Flavor, Invalid, Key, NewActivity, UnixMs, WebUrl, has_control};

/// Drafts that are judged before other tasks of the same thread get their turn.
const DRAFTS_PER_TURN: usize = 128;

/// The fault of a draft that names another event than the one its key is bound to. One draft alone is answered with 403.
pub const EVENT_FORBIDDEN: &str = "event_forbidden";

/// What a draft is judged against.
pub struct DraftContext<'a> {
    /// Our time of day.
    pub now: UnixMs,
    /// The events that the sender is bound to.
    pub bound: &'a Events,
    /// The attributes of a CloudEvent that stand in the request's headers; empty where there are none.
    pub event_headers: &'a [EventHeader<'a>],
    /// The id of the one draft, which names none itself.
    pub made_id: Option<ActivityId>,
    /// Makes the id of a draft that has none.
    pub new_id: &'a (dyn Fn(UnixMs) -> ActivityId + Send + Sync),
    /// Looks user agents up.
    pub agents: &'a UserAgents,
}

/// The drafts of one request, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Drafts {
    /// False when the body was one object, which is answered as such.
    pub many: bool,
    /// Each accepted, or all its faults.
    pub items: Vec<Result<NewActivity, Invalid>>,
    /// What was left out, cut or read of accepted ones, by their place in `items`, in order.
    pub warnings: Vec<(usize, Vec<Fault>)>,
}

/// One draft, judged.
struct Judged {
    result: Result<NewActivity, Invalid>,
    warnings: Vec<Fault>,
}

/// Reads every draft of an inflated body.
///
/// # Errors
/// [`BodyError`] when the whole is to be refused; nothing of it may be stored then.
pub async fn parse(content_type: Option<&str>, body: &[u8], context: &DraftContext<'_>) -> Result<Drafts, BodyError> {
    let form = BodyForm::of(content_type, !context.event_headers.is_empty())
        .ok_or_else(|| BodyError::UnsupportedMediaType(form::shown(content_type), form::needed(body)))?;
    parse_as(form, body, context).await.map_err(|fault| fault.needing(form::needed_instead(form, body)))
}

async fn parse_as(form: BodyForm, body: &[u8], context: &DraftContext<'_>) -> Result<Drafts, BodyError> {
    let Cut { body, many, drafts } = cut(form, body)?;
    if context.made_id.is_some() && drafts.len() > 1 {
        return Err(BodyError::OneIdForMany);
    }
    let (mut items, mut warnings) = (Vec::with_capacity(drafts.len()), Vec::new());
    for (index, text) in drafts.into_iter().enumerate() {
        if index % DRAFTS_PER_TURN == DRAFTS_PER_TURN - 1 {
            tokio::task::yield_now().await;
        }
        let judged = parse_one(form, body, text, context).await?;
        if judged.result.is_ok() && !judged.warnings.is_empty() {
            warnings.push((index, judged.warnings));
        }
        items.push(judged.result);
    }
    Ok(Drafts { many, items, warnings })
}

async fn parse_one(form: BodyForm, body: &str, text: &str, context: &DraftContext<'_>) -> Result<Judged, BodyError> {
    let malformed = |fault| BodyError::malformed(body, text, &fault);
    if text.len() > DRAFT_BYTES_MAX {
        serde_json::from_str::<IgnoredAny>(text).map_err(malformed)?;
        let message = format!("is {} bytes; a draft is at most {DRAFT_BYTES_MAX} bytes", text.len());
        return Ok(Judged { result: Err(Invalid::one("", "too_large", message)), warnings: Vec::new() });
    }
    let Enveloped { mut draft, faults: envelope, warnings: passed_over } = match form {
        BodyForm::Json | BodyForm::Lines => Enveloped { draft: GivenDraft::read(text).map_err(malformed)?, ..Enveloped::default() },
        BodyForm::CloudEvent | BodyForm::CloudEventBatch => cloudevents::read(body, text)?,
        BodyForm::BinaryEvent => cloudevents::read_binary(context.event_headers, body, text)?,
    };
    draft.leave_out_empty();
    if context.made_id.is_some() && *draft.get(DraftField::Id) != Given::Absent {
        return Err(BodyError::IdBesideMadeId);
    }
    let agent = match agent_of(&draft) {
        Some(agent) => Some(context.agents.look_up(&agent).await),
        None => None,
    };
    let (judged, mut faults, mut warnings) = judge(draft, agent, context);
    if let Some(place) = cloudevents::places(form) {
        faults.rename(place);
        warnings.rename(place);
        faults.append(envelope);
        warnings.append(passed_over);
    }
    let result = match (faults.into_invalid(), judged) {
        (None, Some(activity)) => Ok(activity),
        (Some(invalid), _) => Err(invalid),
        // Unreachable: what is not judged sound has a fault. Told as one all the same.
        (None, None) => Err(Invalid::one("", "required", "is not a whole draft")),
    };
    Ok(Judged { result, warnings: warnings.into_invalid().unwrap_or_default().faults })
}

/// The agent to look up, unless the draft tells all that it could tell.
fn agent_of<'a>(draft: &'a GivenDraft<'_>) -> Option<Cow<'a, str>> {
    let told = [DraftField::Device, DraftField::Platform, DraftField::Browser].iter().all(|field| *draft.get(*field) != Given::Absent);
    match draft.get(DraftField::UserAgent) {
        Given::Text(agent) if !told => agent_hint(agent).kept,
        _ => None,
    }
}

/// Judges every field. The activity is there exactly when there is no fault; last is what was left out, cut or read.
fn judge(mut draft: GivenDraft<'_>, agent: Option<Arc<Agent>>, context: &DraftContext<'_>) -> (Option<NewActivity>, Faults, Faults) {
    let faults = std::mem::take(&mut draft.faults);
    let given_properties = draft.take(DraftField::Properties);
    let mut judge = Judge { draft: &draft, faults, warnings: Faults::default(), content: Content::new() };

    let id = judge.parsed(DraftField::Id, ActivityId::parse).or(context.made_id);
    let flavor = judge.word(DraftField::Flavor, Flavor::parse, Flavor::as_str);
    let event = judge.event(context.bound);
    let partner = judge.key(DraftField::Partner);
    let message = judge.key(DraftField::Message);
    let campaign = judge.key(DraftField::Campaign);
    judge.require(DraftField::Flavor, "is required, as in \"dashboard.viewed\"");
    judge.require(DraftField::Partner, "is required: the key of the partner, as in \"acme\"");
    let actor = judge.word(DraftField::Actor, Actor::parse, |actor| actor.as_str());
    let occurred_at = judge.occurred_at(context.now);
    let source_url = judge.url(DraftField::SourceUrl);
    let referrer_url = judge.url(DraftField::ReferrerUrl);
    judge.user_agent();
    let device = judge.word(DraftField::Device, Device::parse, |device| device.as_str());
    let given = GivenClient { device, platform: judge.client(DraftField::Platform), browser: judge.client(DraftField::Browser) };
    judge.address();
    let properties = properties::judge(given_properties, &mut judge.faults);
    judge.content.properties(&properties);

    let Judge { faults, warnings, content, .. } = judge;
    let (Some(flavor), Some(event), Some(partner)) = (flavor, event, partner) else { return (None, faults, warnings) };
    let Agent { device, platform, browser } = enrich::client(given, agent.as_deref());
    let (grade, reason) = enrich::grade(device);
    let activity = NewActivity {
        id: id.unwrap_or_else(|| (context.new_id)(context.now)),
        id_given: id.is_some(),
        content_hash: content.hash(),
        actor: actor.unwrap_or_else(|| flavor.default_actor()),
        flavor,
        event,
        partner,
        message,
        campaign,
        occurred_at: occurred_at.unwrap_or(context.now),
        source_url,
        referrer_url,
        device,
        platform,
        browser,
        grade,
        grade_reasons: vec![reason],
        properties,
    };
    (Some(activity), faults, warnings)
}

/// One draft under judgement.
struct Judge<'d, 'a> {
    draft: &'d GivenDraft<'a>,
    faults: Faults,
    warnings: Faults,
    content: Content,
}

impl<'d> Judge<'d, '_> {
    /// The text of a field; anything else but nothing is a fault.
    fn text(&mut self, field: DraftField) -> Option<&'d str> {
        match self.draft.get(field) {
            Given::Absent => None,
            Given::Text(text) => Some(text),
            other => {
                self.faults.wrong_kind(field.name(), other, "give text");
                None
            }
        }
    }

    /// What can be used of a field that only enriches; what cannot is told.
    fn hint<T>(&mut self, field: DraftField, read: impl FnOnce(&'d str) -> Hint<T>) -> Option<T> {
        let text = self.text(field)?;
        if text.contains('\0') {
            self.faults.push(field.name(), "bad_character", "contains U+0000; leave it out");
            return None;
        }
        let Hint { kept, told } = read(text);
        if let Some(fault) = told {
            self.warnings.push(field.name(), fault.code, fault.message);
        }
        kept
    }

    fn parsed<T>(&mut self, field: DraftField, parse: impl FnOnce(&str) -> Result<T, Invalid>) -> Option<T> {
        let parsed = parse(self.text(field)?);
        self.faults.take(field.name(), parsed)
    }

    /// A field whose parsed text is its content.
    fn word<T>(&mut self, field: DraftField, parse: impl FnOnce(&str) -> Result<T, Invalid>, text: impl FnOnce(&T) -> &str) -> Option<T> {
        let parsed = self.parsed(field, parse)?;
        self.content.text(field, text(&parsed));
        Some(parsed)
    }

    fn require(&mut self, field: DraftField, message: &str) {
        if *self.draft.get(field) == Given::Absent {
            self.faults.push(field.name(), "required", message);
        }
    }

    fn key(&mut self, field: DraftField) -> Option<Key> {
        self.word(field, Key::parse, |key| key.folded())
    }

    fn event(&mut self, bound: &Events) -> Option<Key> {
        let given = self.parsed(DraftField::Event, Key::parse);
        let event = match (given, bound.one()) {
            (Some(given), _) if !bound.has(&given) => {
                let cure = if bound.one().is_some() { "leave the field out or name that one" } else { "name one of them" };
                let message = format!("you are bound to {bound}; {cure}");
                self.faults.push(DraftField::Event.name(), EVENT_FORBIDDEN, message);
                None
            }
            (Some(given), _) => Some(given),
            (None, Some(one)) => Some(one.clone()),
            (None, None) => {
                self.require(DraftField::Event, "is required, for you are not bound to one event");
                None
            }
        }?;
        self.content.text(DraftField::Event, event.folded());
        Some(event)
    }

    fn occurred_at(&mut self, now: UnixMs) -> Option<UnixMs> {
        let at = self.parsed(DraftField::OccurredAt, UnixMs::parse)?;
        self.content.number(DraftField::OccurredAt, at.0);
        let path = DraftField::OccurredAt.name();
        if at.0 > now.0.saturating_add(OCCURRED_AHEAD_MS_MAX) {
            let message = format!("is more than 5 minutes ahead of the server's time, {now}; check the sender's clock");
            self.faults.push(path, "too_far_ahead", message);
        } else if at.0 < OCCURRED_MS_MIN {
            self.faults.push(path, "too_early", "is before 1970");
        }
        Some(at)
    }

    fn url(&mut self, field: DraftField) -> Option<WebUrl> {
        let url = self.hint(field, url_hint)?;
        self.content.text(field, url.as_str());
        Some(url)
    }

    fn user_agent(&mut self) {
        if let Some(agent) = self.hint(DraftField::UserAgent, agent_hint) {
            self.content.text(DraftField::UserAgent, &agent);
        }
    }

    fn address(&mut self) {
        if let Some(address) = self.hint(DraftField::Ip, address_hint) {
            self.content.address(DraftField::Ip, mask(address));
        }
    }

    /// A platform or browser: a name, or an object of name and version.
    fn client(&mut self, field: DraftField) -> Option<Client> {
        let members = match self.draft.get(field) {
            Given::Absent => return None,
            Given::Text(name) => {
                let name = self.client_word(field.name(), name)?;
                return Some(self.named(field, &name, None));
            }
            Given::Object(members) => members,
            other => {
                self.faults.wrong_kind(field.name(), other, "give text, or an object with \"name\" and \"version\"");
                return None;
            }
        };
        let (mut name, mut version) = (None, None);
        for (member, value) in &members.kept {
            let path = format!("{}.{}", field.name(), super::faults::quoted(member));
            let place = match member.as_ref() {
                "name" => &mut name,
                "version" => &mut version,
                _ => {
                    self.faults.push(path, "unknown_field", "is not a field here; give \"name\" and \"version\"");
                    continue;
                }
            };
            if place.replace(value).is_some() {
                self.faults.twice(&path);
            }
        }
        let name = self.client_member(&format!("{}.name", field.name()), name, true);
        let version = self.client_member(&format!("{}.version", field.name()), version, false);
        Some(self.named(field, &name?, version))
    }

    fn client_member(&mut self, path: &str, value: Option<&Given<'_>>, required: bool) -> Option<String> {
        match value {
            Some(Given::Text(text)) if text.is_empty() && !required => None,
            Some(Given::Text(text)) => self.client_word(path, text),
            None | Some(Given::Absent) => {
                if required {
                    self.faults.push(path, "required", "is required, as in \"Chrome\" or \"Windows\"");
                }
                None
            }
            Some(other) => {
                self.faults.wrong_kind(path, other, "give text");
                None
            }
        }
    }

    fn client_word(&mut self, path: &str, word: &str) -> Option<String> {
        let trimmed = word.trim();
        if trimmed.is_empty() {
            self.faults.push(path, "empty", "must not be empty; leave it out when it is not known");
        } else if trimmed.len() > CLIENT_NAME_BYTES_MAX {
            self.faults.push(path, "too_long", format!("is {} bytes; at most {CLIENT_NAME_BYTES_MAX} bytes", trimmed.len()));
        } else if has_control(trimmed) {
            self.faults.push(path, "bad_character", "contains a control character; leave it out");
        } else {
            return Some(trimmed.to_owned());
        }
        None
    }

    fn named(&mut self, field: DraftField, name: &str, version: Option<String>) -> Client {
        let client = Client { name: enrich::given_name(field, name).to_owned(), version };
        self.content.client(field, &client);
        client
    }
}

#[cfg(test)]
mod tests;
