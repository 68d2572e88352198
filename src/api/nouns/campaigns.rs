//! Invite campaigns of an event.

use serde::Serialize;

use super::Noun;
use crate::api::read::rule::Name;
use crate::api::read::{Fields, Read};
use crate::api::routes::NAMES_BYTES_MAX;
use crate::auth::Principal;
use crate::store::{NamedKind, Record, Thing};

/// A campaign.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Campaign)]
pub struct CampaignBody {
    /// Its key, as first spelled.
    key: String,
    /// Its name.
    name: String,
}

/// What is sent.
pub struct CampaignDraft {
    name: String,
}

impl Read for CampaignDraft {
    const NAME: &'static str = "CampaignDraft";
    const ABOUT: &'static str = "A campaign as it is sent.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", Name, "What people read.");
        Some(Self { name: name? })
    }
}

/// The noun.
pub struct Campaigns;

impl Noun for Campaigns {
    const KIND: NamedKind = NamedKind::Campaign;
    const LIST: &'static str = "/v1/events/{event}/campaigns";
    const ONE: &'static str = "/v1/events/{event}/campaigns/{campaign}";
    const A: &'static str = "a campaign";
    const MANY: &'static str = "the campaigns of an event";
    const BODY_BYTES_MAX: usize = NAMES_BYTES_MAX;
    type Draft = CampaignDraft;
    type Body = CampaignBody;

    fn thing(draft: CampaignDraft, _: &Principal) -> Thing {
        Thing::Campaign { name: draft.name }
    }

    fn body(record: Record) -> Option<CampaignBody> {
        let Thing::Campaign { name } = record.thing else { return None };
        Some(CampaignBody { key: record.key.to_string(), name })
    }
}
