//! What is sent and read elsewhere, as the document describes it: drafts and events by `ingest`, filter sets by `filter`. What
//! `tight.rs` adds to them, a test holds to those readers.

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::limits::{FILTER_VALUES_MAX, REQUEST_DRAFTS_MAX};
use crate::filter::Field;

/// A draft: an activity as it is sent. Only `flavor` and `partner` are required, and `event` unless the key is bound to one.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what ingest reads")]
pub struct Draft {
    /// The sender's UUID: sending it again is safe.
    #[schema(format = Uuid)]
    id: Option<String>,
    /// What was done, as in `message.opened`.
    #[schema(max_length = 64, example = "message.opened")]
    flavor: String,
    /// Key of the event.
    #[schema(max_length = 128, example = "expo-2026")]
    event: Option<String>,
    /// Key of the partner.
    #[schema(max_length = 128, example = "acme")]
    partner: String,
    /// Key of the message it names.
    message: Option<String>,
    /// Key of the invite campaign it names.
    campaign: Option<String>,
    /// `partner`, `invitee` or `unknown`; by default from the flavor.
    actor: Option<String>,
    /// When it was done; now when left out.
    #[schema(format = DateTime)]
    occurred_at: Option<String>,
    /// Where it happened: http or https; what is neither is left out with a warning. User and password are never kept.
    source_url: Option<String>,
    /// The page before, by the same rule.
    referrer_url: Option<String>,
    /// Cut at 2,048 bytes. From which device, platform and browser are read where they are not given.
    user_agent: Option<String>,
    /// Class of device.
    device: Option<String>,
    /// Operating system: a name, or a name and a version.
    platform: Option<serde_json::Value>,
    /// Browser: a name, or a name and a version.
    browser: Option<serde_json::Value>,
    /// The address it came from, with a port or as the first of a list too; masked before anything is stored.
    ip: Option<String>,
    /// At most 32, flat: text, number or boolean; 4 KiB.
    properties: Option<std::collections::BTreeMap<String, serde_json::Value>>,
}

/// A conjunction: each field a set of values (any of them), or under `not` (none of them). `{}` is everything.
#[derive(ToSchema)]
#[schema(as = FilterSet)]
#[expect(dead_code, reason = "describes filter::FilterSet, whose fields are read by name")]
pub struct FilterSetDoc {
    /// Keys of events.
    event: Option<Vec<String>>,
    /// Keys of partners, in every event, or `event/partner` in one.
    partner: Option<Vec<String>>,
    /// Flavors; a value ending in `.*` takes the family.
    flavor: Option<Vec<String>>,
    /// Activities of partners who are recipients of the message, whatever the activity names.
    message: Option<Vec<String>>,
    /// Activities that name the message.
    about: Option<Vec<String>>,
    /// `partner`, `invitee`, `unknown`.
    actor: Option<Vec<String>>,
    /// Keys of campaigns.
    campaign: Option<Vec<String>>,
    /// Tags of the partner.
    tag: Option<Vec<String>>,
    /// Classes of device.
    device: Option<Vec<String>>,
    /// Display names of platforms, and the usual other names.
    platform: Option<Vec<String>>,
    /// Display names of browsers, and the usual other names.
    browser: Option<Vec<String>>,
    /// Hosts of source URLs, or prefixes of them with scheme.
    source: Option<Vec<String>>,
    /// Hosts of referrer URLs, or prefixes of them with scheme.
    referrer: Option<Vec<String>>,
    /// `human`, `machine`, `unclear`.
    grade: Option<Vec<String>>,
    /// UUIDs of activities.
    id: Option<Vec<String>>,
    /// The same fields: none of these values.
    not: Option<std::collections::BTreeMap<String, Vec<String>>>,
    /// Words, each found somewhere in names, label, URLs or property values.
    text: Option<String>,
}

/// The query form of a filter set.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes filter::FilterSet, whose query form is read by name")]
pub struct FilterParams {
    /// Each field of a FilterSet by its name, any number of times; `not.FIELD` for none of these; `text` for words.
    #[param(style = Form, explode, value_type = Option<FilterSetQuery>)]
    filter: Option<String>,
    /// Key of a view, whose filter set must hold too.
    #[param(max_length = 128)]
    view: Option<String>,
}

/// As `partner=acme&partner=globex&not.browser=Chrome&text=pricing`.
pub struct FilterSetQuery;

impl ToSchema for FilterSetQuery {}

impl PartialSchema for FilterSetQuery {
    fn schema() -> RefOr<Schema> {
        let values = || ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::String)).max_items(Some(FILTER_VALUES_MAX));
        let mut query = ObjectBuilder::new().description(Some("The query form of a FilterSet."));
        for field in Field::ALL {
            query = query.property(field.as_str(), values()).property(format!("not.{}", field.as_str()), values());
        }
        query.property("text", ObjectBuilder::new().schema_type(Type::String)).into()
    }
}

/// One draft, or many.
pub struct Drafts;

impl ToSchema for Drafts {}

impl PartialSchema for Drafts {
    fn schema() -> RefOr<Schema> {
        let draft = || Ref::from_schema_name("Draft");
        let many = ArrayBuilder::new().items(draft()).max_items(Some(REQUEST_DRAFTS_MAX));
        OneOfBuilder::new().description(Some("One draft, or many.")).item(draft()).item(many).into()
    }
}

/// The receipt of one draft that was stored before, or what became of many.
pub struct Answered;

impl ToSchema for Answered {}

impl PartialSchema for Answered {
    fn schema() -> RefOr<Schema> {
        let kinds = ["Receipts", "Receipt"].into_iter().map(Ref::from_schema_name);
        let one_of = kinds.fold(OneOfBuilder::new(), OneOfBuilder::item);
        one_of.description(Some("What became of many drafts, or the first receipt of one that was stored before.")).into()
    }
}

/// A CloudEvent 1.0 in JSON: type is the flavor, time `occurred_at`, `data` the rest of a draft.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what ingest reads")]
pub struct CloudEvent {
    /// `1.0`.
    specversion: String,
    /// The flavor.
    r#type: String,
    /// With `id` it makes the id of the activity: a UUIDv5 over source, line feed, id.
    source: String,
    /// Unique within its source.
    id: String,
    /// When it was done; now when left out.
    #[schema(format = DateTime)]
    time: Option<String>,
    /// JSON, or left out.
    datacontenttype: Option<String>,
    /// A draft without flavor, `occurred_at` and id.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}
