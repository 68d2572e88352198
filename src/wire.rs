//! The one JSON of an activity: the same bytes in a frame, a page and an export. They change by an amendment only
//! (`correction`).

mod correction;
mod mask;

use bytes::Bytes;
use serde::Serialize;
use serde::Serializer;

use crate::domain::{Client, NewActivity, Properties, Seq, UnixMs};

pub use mask::{A_PARTNER, masked, masked_corrections, masked_items};

pub use correction::{AmendedView, Effect, ErasedView, encode_amended, encode_erased, reasons_of, regrade};

/// An activity as it is read. Made once, when it is recorded; from then on its bytes are copied, not made again.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Activity)]
pub struct ActivityView<'a> {
    /// The sender's UUID, or a UUIDv7 of the server.
    #[schema(value_type = String, format = Uuid)]
    pub id: &'a str,
    /// Place in the log of the workspace.
    pub seq: Seq,
    /// What was done.
    pub flavor: FlavorView<'a>,
    /// At which event.
    pub event: NamedView<'a>,
    /// By whom, or by somebody that partner reached.
    pub partner: PartnerView<'a>,
    /// The message it names.
    pub message: Option<MessageView<'a>>,
    /// The invite campaign it names.
    pub campaign: Option<NamedView<'a>>,
    /// `partner`, `invitee` or `unknown`.
    pub actor: &'static str,
    /// When it was done, by the sender's clock.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    pub occurred_at: UnixMs,
    /// When it was made durable.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    pub recorded_at: UnixMs,
    /// `recorded_at` minus `occurred_at` in milliseconds, never negative.
    pub late_ms: u64,
    /// Class of device.
    pub device: &'static str,
    /// Operating system.
    #[schema(value_type = Option<ClientView>)]
    pub platform: Option<&'a Client>,
    /// Browser or mail program.
    #[schema(value_type = Option<ClientView>)]
    pub browser: Option<&'a Client>,
    /// Where it happened.
    pub source_url: Option<&'a str>,
    /// The page before.
    pub referrer_url: Option<&'a str>,
    /// `human`, `machine` or `unclear`.
    pub grade: &'static str,
    /// Why that grade.
    pub grade_reasons: &'a [&'static str],
    /// Whatever else the sender told: flat, text, number or boolean.
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    pub properties: &'a Properties,
}

/// A flavor and what people read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ActivityFlavor)]
pub struct FlavorView<'a> {
    /// As in `message.opened`.
    pub key: &'a str,
    /// As in `Opened the message`.
    pub label: &'a str,
}

/// An event or a campaign.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ActivityNamed)]
pub struct NamedView<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its name at the moment of recording.
    pub name: &'a str,
}

/// A partner.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ActivityPartner)]
pub struct PartnerView<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its name at the moment of recording.
    pub name: &'a str,
    /// Its company at the moment of recording.
    pub company: Option<&'a str>,
}

/// A message.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ActivityMessage)]
pub struct MessageView<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its subject at the moment of recording.
    pub subject: &'a str,
}

/// A platform or a browser.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ClientView {
    /// Display name, as in `Windows` or `Internet Explorer`.
    pub name: String,
    /// As in `10` or `142`.
    pub version: Option<String>,
}

/// Names and labels at the moment of recording.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Spelling of the event's key, as first given.
    pub event_key: &'a str,
    /// Name of the event.
    pub event: &'a str,
    /// Spelling of the partner's key.
    pub partner_key: &'a str,
    /// Name of the partner.
    pub partner: &'a str,
    /// Company of the partner.
    pub company: Option<&'a str>,
    /// Spelling of the message's key and its subject.
    pub message: Option<(&'a str, &'a str)>,
    /// Spelling of the campaign's key and its name.
    pub campaign: Option<(&'a str, &'a str)>,
    /// Label of the flavor.
    pub flavor_label: &'a str,
}

fn as_text<S: Serializer>(at: &UnixMs, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// Makes the bytes of an activity that gets this place in the log at this time.
pub fn encode_activity(activity: &NewActivity, names: &Names<'_>, seq: Seq, recorded_at: UnixMs) -> Bytes {
    let mut id = [0u8; uuid::fmt::Hyphenated::LENGTH];
    let view = ActivityView {
        id: activity.id.0.hyphenated().encode_lower(&mut id),
        seq,
        flavor: FlavorView { key: activity.flavor.as_str(), label: names.flavor_label },
        event: NamedView { key: names.event_key, name: names.event },
        partner: PartnerView { key: names.partner_key, name: names.partner, company: names.company },
        message: names.message.map(|(key, subject)| MessageView { key, subject }),
        campaign: names.campaign.map(|(key, name)| NamedView { key, name }),
        actor: activity.actor.as_str(),
        occurred_at: activity.occurred_at,
        recorded_at,
        late_ms: recorded_at.ms_since(activity.occurred_at),
        device: activity.device.as_str(),
        platform: activity.platform.as_ref(),
        browser: activity.browser.as_ref(),
        source_url: activity.source_url.as_ref().map(crate::domain::WebUrl::as_str),
        referrer_url: activity.referrer_url.as_ref().map(crate::domain::WebUrl::as_str),
        grade: activity.grade.as_str(),
        grade_reasons: &activity.grade_reasons,
        properties: &activity.properties,
    };
    let mut bytes = Vec::with_capacity(768);
    // Writing to memory cannot fail, and every map key is text.
    match serde_json::to_writer(&mut bytes, &view) {
        Ok(()) => bytes.into(),
        Err(never) => unreachable!("an activity is always JSON: {never}"),
    }
}
