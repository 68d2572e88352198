//! Channels: ways to tell somebody, outside of Tidings.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::Noun;
use crate::api::Api;
use crate::api::authorise::check_whole;
use crate::api::error::{INTERNAL, INVALID, Problem, RECEIVER_FORBIDDEN};
use crate::api::read::rule::{Email, Name, OneOf, Rule};
use crate::api::read::{Fields, Read};
use crate::api::webhooks::Address;
use crate::auth::Principal;
use crate::consumers::new_secret;
use crate::domain::Invalid;
use crate::outbound::FORBIDDEN;
use crate::store::{At, Channel, ChannelKind, MAIL_TO_MAX, NamedKind, Record, Thing};

/// Bytes of the largest body: a form of one's own, every letter of it escaped, and little else.
const CHANNEL_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a form of one's own.
const FORM_BYTES_MAX: usize = 8 * 1024;

/// A channel.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Channel)]
pub struct ChannelBody {
    /// Its key, as first spelled.
    pub key: String,
    /// Its name.
    pub name: String,
    /// `webhook`, `slack` (Teams and others by a body of their own), `alertmanager`, `pagerduty`, `heartbeat` or `email`.
    pub kind: &'static str,
    /// Where it tells to.
    #[schema(required = true)]
    pub url: Option<String>,
    /// Addresses of mail.
    pub to: Vec<String>,
    /// Which service of PagerDuty.
    #[schema(required = true)]
    pub routing_key: Option<String>,
    /// What is sent in the place of Slack's own form.
    #[schema(required = true)]
    pub body: Option<String>,
    /// When something was last sent, since the server began.
    #[schema(required = true, format = DateTime)]
    pub said_at: Option<String>,
    /// Why that was not taken.
    #[schema(required = true)]
    pub fault: Option<String>,
    /// What it signs with, where it was just made or replaced: shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// What is sent.
pub struct ChannelDraft {
    name: Option<String>,
    channel: Channel,
}

/// One address of mail, or several.
struct MailTo;
/// JSON with places for what is told.
struct Form;

impl Rule for MailTo {
    type Out = Vec<String>;

    fn read(&self, value: &Value) -> Result<Vec<String>, Invalid> {
        let many = match value {
            Value::Array(many) => many.as_slice(),
            one => std::slice::from_ref(one),
        };
        if many.len() > MAIL_TO_MAX {
            return Err(Invalid::one("", "too_many", format!("has {} addresses; at most {MAIL_TO_MAX}", many.len())));
        }
        many.iter().map(|one| Email.read(one)).collect()
    }

    fn schema(&self) -> Value {
        json!({"type": "array", "items": Email.schema(), "maxItems": MAIL_TO_MAX})
    }
}

impl Rule for Form {
    type Out = String;

    fn read(&self, value: &Value) -> Result<String, Invalid> {
        let text = value.as_str().ok_or_else(|| Invalid::one("", "not_text", "must be text that holds JSON"))?;
        if text.len() > FORM_BYTES_MAX {
            return Err(Invalid::one("", "too_long", format!("is {} bytes; at most {FORM_BYTES_MAX}", text.len())));
        }
        let form: Value = serde_json::from_str(text).map_err(|fault| Invalid::one("", "not_json", format!("is no JSON: {fault}")))?;
        let is_told = ["{title}", "{text}"].iter().any(|place| text.contains(place));
        match form.is_object() && is_told {
            true => Ok(text.to_owned()),
            false => Err(Invalid::one("", "form", r#"must be an object that says {title} or {text}, as in {"text":"{title}"}"#)),
        }
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "maxLength": FORM_BYTES_MAX, "pattern": r#"^\{"[a-z]{1,9}":"\{title\}"\}$"#})
    }
}

impl Read for ChannelDraft {
    const NAME: &'static str = "ChannelDraft";
    const ABOUT: &'static str = "A channel as it is sent: each kind has fields of its own.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.optional("name", Name, "What people call it; its kind without it.");
        let kind = fields.required("kind", OneOf(ChannelKind::WORDS), "How it tells.").and_then(ChannelKind::parse);
        const URL: &str =
            "Where it tells to; of `alertmanager` without `/api/v2/alerts`, of `pagerduty` only where it is another than the usual.";
        let url = fields.optional("url", Address, URL);
        let to = fields.optional("to", MailTo, "Addresses, of `email`.").unwrap_or_default();
        let routing_key = fields.optional("routing_key", Name, "The integration key, of `pagerduty`.");
        const BODY: &str =
            "Of `slack`: JSON that is sent in the place of its own form, with `{title}`, `{text}` and `{link}` in its texts.";
        let body = fields.optional("body", Form, BODY);
        if fields.is_fine()
            && let Some(kind) = kind
        {
            let needs = |fields: &mut Fields, path: &str| fields.fault(path, "kind_field", format!("is required of {}", kind.as_str()));
            let strange = |fields: &mut Fields, path: &str| {
                fields.fault(path, "kind_field", format!("is no field of {}; leave it out", kind.as_str()));
            };
            match kind {
                ChannelKind::Email if to.is_empty() => needs(fields, "to"),
                ChannelKind::Pagerduty if routing_key.is_none() => needs(fields, "routing_key"),
                ChannelKind::Email | ChannelKind::Pagerduty => {}
                _ if url.is_none() => needs(fields, "url"),
                _ => {}
            }
            for (path, is_given, of) in [
                ("url", url.is_some(), kind != ChannelKind::Email),
                ("to", !to.is_empty(), kind == ChannelKind::Email),
                ("routing_key", routing_key.is_some(), kind == ChannelKind::Pagerduty),
                ("body", body.is_some(), kind == ChannelKind::Slack),
            ] {
                if is_given && !of {
                    strange(fields, path);
                }
            }
        }
        Some(Self { name, channel: Channel { kind: kind?, url, to, routing_key, body } })
    }
}

/// The noun.
pub struct ChannelsNoun;

impl Noun for ChannelsNoun {
    const KIND: NamedKind = NamedKind::Channel;
    const LIST: &'static str = "/v1/channels";
    const ONE: &'static str = "/v1/channels/{channel}";
    const A: &'static str = "a channel";
    const MANY: &'static str = "channels";
    const BODY_BYTES_MAX: usize = CHANNEL_BYTES_MAX;
    const IS_CHECKED: bool = true;
    const IS_LIVE: bool = true;
    type Draft = ChannelDraft;
    type Body = ChannelBody;

    fn thing(draft: ChannelDraft, _: &Principal) -> Thing {
        let ChannelDraft { name, channel } = draft;
        Thing::Channel { name: name.unwrap_or_else(|| channel.kind.as_str().to_owned()), channel: Box::new(channel) }
    }

    fn body(record: Record) -> Option<ChannelBody> {
        let Thing::Channel { name, channel } = record.thing else { return None };
        let Channel { kind, url, to, routing_key, body } = *channel;
        let (key, kind) = (record.key.to_string(), kind.as_str());
        Some(ChannelBody { key, name, kind, url, to, routing_key, body, said_at: None, fault: None, secret: None })
    }

    /// A channel tells of every event.
    fn check(_: Option<&Thing>, _: Option<&Record>, by: &Principal) -> Result<(), Problem> {
        check_whole(by, "channels, which tell of every event")
    }

    fn is_seen(_: &Record, by: &Principal) -> bool {
        by.grant.events.is_all()
    }

    fn settle(api: &Api, thing: &mut Thing) -> Result<(), Problem> {
        let Thing::Channel { channel, .. } = thing else { return Ok(()) };
        let Some(url) = &mut channel.url else { return Ok(()) };
        let parsed = api.webhooks.outbound.parse(url).map_err(|fault| {
            let code = if fault.faults.iter().any(|fault| fault.code == FORBIDDEN) { RECEIVER_FORBIDDEN } else { INVALID };
            Problem::invalid(code, fault.under("url"))
        })?;
        *url = parsed.to_string();
        Ok(())
    }

    fn tell(api: &Api, at: &At, body: &mut ChannelBody) {
        let said = api.alerts.said(at.workspace, &at.key);
        (body.said_at, body.fault) = said.map_or((None, None), |said| (Some(said.at.to_string()), said.fault));
    }

    async fn follow(api: &Api, at: &At, created: bool, body: Option<&mut ChannelBody>) -> Result<(), Problem> {
        if let Some(body) = body
            && body.kind == ChannelKind::Webhook.as_str()
        {
            let secret = fresh_secret()?;
            // One that is made again under its key has another.
            if api.alerts.secret(at.workspace, &at.key, secret.clone(), !created).await? {
                body.secret = Some(secret);
            }
        }
        begin(api, at, None).await;
        Ok(())
    }
}

/// A new secret to sign with.
///
/// # Errors
/// [`INTERNAL`] where the machine has no randomness to give.
pub fn fresh_secret() -> Result<String, Problem> {
    new_secret().map_err(|fault| {
        tracing::error!(%fault, "the machine has no randomness to give");
        Problem::new(INTERNAL, INTERNAL.cure)
    })
}

/// The alerts of a workspace are looked at anew, and begin where there were none.
pub async fn begin(api: &Api, at: &At, made: Option<crate::domain::Key>) {
    api.alerts.changed(at.workspace, made);
    api.consumers.add(Arc::new(api.alerts.of(at.workspace)), Some(at.workspace)).await;
    api.alerts.read_anew(at.workspace).await;
}
