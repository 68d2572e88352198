//! Partners of an event, one by one and many at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::{Noun, changed, unexpected};
use crate::api::Api;
use crate::api::authenticate::Caller;
use crate::api::body::Sent;
use crate::api::error::Problem;
use crate::api::extract::{NoQuery, Path};
use crate::api::read::rule::{Email, KeyText, Name, OneOf};
use crate::api::read::{Fields, Read, documented};
use crate::auth::Principal;
use crate::domain::limits::{PARTNERS_PER_REQUEST_MAX, TAGS_MAX, TAGS_PER_REQUEST_MAX};
use crate::domain::{Key, fold};
use crate::store::{Change, Existing, NamedKind, Outcome, Record, Thing};

/// Bytes of a partner: 64 tags of 512 bytes each, every letter of them escaped.
const PARTNER_BYTES_MAX: usize = 256 * 1024;

/// A partner.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Partner)]
pub struct PartnerBody {
    /// Its key, as first spelled.
    key: String,
    /// Its name.
    name: String,
    /// Its email address.
    #[schema(required = true)]
    email: Option<String>,
    /// Its company.
    #[schema(required = true)]
    company: Option<String>,
    /// Its tags.
    tags: Vec<String>,
}

/// What is sent.
pub struct PartnerDraft {
    name: String,
    email: Option<String>,
    company: Option<String>,
    tags: Vec<String>,
}

impl Read for PartnerDraft {
    const NAME: &'static str = "PartnerDraft";
    const ABOUT: &'static str = "A partner as it is sent: what is left out is empty then.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", Name, "What people read.");
        let email = fields.optional("email", Email, "Its email address.");
        let company = fields.optional("company", Name, "Its company.");
        let tags = fields.list("tags", Name, TAGS_MAX, "At most 64.");
        Some(Self { name: name?, email, company, tags })
    }
}

/// The noun.
pub struct Partners;

impl Noun for Partners {
    const KIND: NamedKind = NamedKind::Partner;
    const LIST: &'static str = "/v1/events/{event}/partners";
    const ONE: &'static str = "/v1/events/{event}/partners/{partner}";
    const A: &'static str = "a partner";
    const MANY: &'static str = "the partners of an event";
    const BODY_BYTES_MAX: usize = PARTNER_BYTES_MAX;
    type Draft = PartnerDraft;
    type Body = PartnerBody;

    fn thing(draft: PartnerDraft, _: &Principal) -> Thing {
        let PartnerDraft { name, email, company, tags } = draft;
        Thing::Partner { name, email, company, tags }
    }

    fn body(record: Record) -> Option<PartnerBody> {
        let Thing::Partner { name, email, company, tags } = record.thing else { return None };
        Some(PartnerBody { key: record.key.to_string(), name, email, company, tags })
    }
}

/// One of many.
struct PartnerItem {
    key: Key,
    partner: PartnerDraft,
}

impl Read for PartnerItem {
    const NAME: &'static str = "PartnerItem";
    const ABOUT: &'static str = "A partner as it is sent, with its key.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let key = fields.required("key", KeyText, "Its key.");
        let partner = PartnerDraft::read(fields);
        Some(Self { key: key?, partner: partner? })
    }
}

/// Many partners.
struct PartnersDraft {
    items: Vec<PartnerItem>,
    existing: Existing,
}

documented!(PartnersDraft);

impl Read for PartnersDraft {
    const NAME: &'static str = "PartnersDraft";
    const ABOUT: &'static str = "Partners to be made or replaced, all or none.";

    fn read(fields: &mut Fields) -> Option<Self> {
        const EXISTING: &str =
            "What happens to those that are there: `replace` (as when left out), or `keep`, which leaves them as they are.";
        let items: Vec<PartnerItem> = fields.objects("items", PARTNERS_PER_REQUEST_MAX, "At most 10,000, each key once.");
        let existing = fields.optional("existing", OneOf(&["replace", "keep"]), EXISTING);
        // Only where all could be read is the place of one its place in the request.
        if fields.is_fine() {
            let mut first = HashMap::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                if let Some(other) = first.insert(&item.key, index) {
                    fields.fault(&format!("items[{index}].key"), "repeated", format!("is that of items[{other}] too; name a partner once"));
                }
            }
            let tags: HashSet<_> = items.iter().flat_map(|item| &item.partner.tags).map(|tag| fold(tag)).collect();
            if tags.len() > TAGS_PER_REQUEST_MAX {
                let rule = format!("have {} different tags; at most {TAGS_PER_REQUEST_MAX} in one request", tags.len());
                fields.fault("items", "too_many_tags", rule);
            }
        }
        let existing = if existing == Some("keep") { Existing::Keep } else { Existing::Replace };
        Some(Self { items, existing })
    }
}

/// What became of many partners.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = PartnersPut)]
pub struct PartnersPutBody {
    /// How many were not there before.
    created: usize,
    /// How many were there, and are others now.
    replaced: usize,
    /// How many were there and are as they were.
    unchanged: usize,
}

/// Make or replace many partners at once: all, or none where one is at fault.
///
/// Faults are told at their places, as in `items[3].name`. Who is there already is replaced whole, or, with `existing` `keep`,
/// left as it is. Readers are told once that partners have changed.
#[utoipa::path(post, path = "/v1/events/{event}/partners", tag = "Directory",
    params(("event" = String, Path, description = "Key of the event")), request_body = PartnersDraft,
    responses((status = 200, description = "What became of them", body = PartnersPutBody)))]
pub async fn put_many(
    State(api): State<Arc<Api>>,
    caller: Caller,
    path: Path,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Json<PartnersPutBody>, Problem> {
    let (workspace, event) = (caller.principal.workspace, path.event(&caller.principal)?);
    let PartnersDraft { items, existing } = sent.read().await?;
    drop(sent);
    let partners = items.into_iter().map(|item| (item.key, Partners::thing(item.partner, &caller.principal))).collect();
    match changed(&api, Change::PutMany { workspace, event, partners, existing, by: caller.principal.actor }).await? {
        Outcome::ManyPut { created, replaced, unchanged } => Ok(Json(PartnersPutBody { created, replaced, unchanged })),
        other => Err(unexpected(&other)),
    }
}
