//! The OpenAPI 3.1 document, made from the handlers. What a route needs is put in from the route table, so that the two
//! cannot disagree.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder, SecurityRequirement};
use utoipa::{OpenApi as _, PartialSchema, ToSchema};

use super::authenticate::SESSION_COOKIE;
use super::authorise::Needs;
use super::routes::routes;
use super::{activities, credentials, directory, facets, flavors, history, messages, recipients, session, streams, workspace};
use crate::domain::limits::{FILTER_VALUES_MAX, REQUEST_DRAFTS_MAX};
use crate::filter::Field;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Tidings", description = "A real-time activity feed server: durable, filtered on the server, provably complete."),
    paths(
        activities::submit,
        history::page,
        history::one,
        history::why,
        facets::counts,
        facets::histogram,
        streams::events,
        streams::socket,
        directory::events,
        directory::put_event,
        directory::event,
        directory::partners,
        directory::put_partner,
        directory::partner,
        messages::messages,
        messages::put_message,
        messages::message,
        recipients::list,
        recipients::change,
        messages::campaigns,
        messages::put_campaign,
        messages::campaign,
        flavors::flavors,
        credentials::create_key,
        credentials::keys,
        credentials::revoke_key,
        credentials::create_ticket,
        session::session,
        session::sign_in,
        session::sign_out,
        workspace::workspace,
    ),
    components(schemas(
        crate::wire::ActivityView,
        activities::ReceiptBody,
        activities::ResultDoc,
        history::ExclusionDoc,
        super::error::ProblemBody,
        super::error::FaultBody,
        FilterSetDoc,
        FilterSetQuery,
        Draft,
        Drafts,
        Answered,
        CloudEvent,
        activities::ReceiptsBody,
    ))
)]
struct Document;

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
    /// Where it happened: http or https.
    source_url: Option<String>,
    /// The page before: http or https.
    referrer_url: Option<String>,
    /// From which device, platform and browser are read where they are not given.
    user_agent: Option<String>,
    /// Class of device.
    device: Option<String>,
    /// Operating system: a name, or a name and a version.
    platform: Option<serde_json::Value>,
    /// Browser: a name, or a name and a version.
    browser: Option<serde_json::Value>,
    /// The address it came from; masked before anything is stored.
    ip: Option<String>,
    /// At most 32, flat: text, number or boolean; 4 KiB.
    properties: Option<std::collections::BTreeMap<String, serde_json::Value>>,
}

/// A name.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the directory reads")]
pub struct NameDraft {
    /// What people read.
    #[schema(max_length = 512)]
    name: String,
}

/// A subject.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the directory reads")]
pub struct SubjectDraft {
    /// What people read.
    #[schema(max_length = 512)]
    subject: String,
}

/// A partner as it is sent: what is left out is empty then.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the directory reads")]
pub struct PartnerDraft {
    /// What people read.
    #[schema(max_length = 512)]
    name: String,
    /// Its email address.
    email: Option<String>,
    /// Its company.
    company: Option<String>,
    /// At most 64.
    tags: Option<Vec<String>>,
}

/// Partners to add to, and to remove from, the recipients.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the directory reads")]
pub struct RecipientsDraft {
    /// Keys of partners, at most 10,000.
    add: Option<Vec<String>>,
    /// Keys of partners, at most 10,000; an activity seen later does not bring them back.
    remove: Option<Vec<String>>,
}

/// A key to be made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read")]
pub struct KeyDraft {
    /// What people call it.
    name: Option<String>,
    /// One or more of `ingest`, `read`, `admin`.
    scopes: Vec<String>,
    /// Key of the only event that exists for it.
    event: Option<String>,
}

/// Either a key, or, on a demo server, `demo`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read")]
pub struct SessionDraft {
    /// A key with the scope read.
    key: Option<String>,
    /// True to sign in to a demo.
    demo: Option<bool>,
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

/// On what condition something is put.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what directory::only_new reads")]
pub struct CreateParams {
    /// `*`: only where nothing has the key yet, compared by fold. Without it what is there is replaced.
    #[param(rename = "If-None-Match", pattern = r"^\*$")]
    if_none_match: Option<String>,
}

/// Which page of a list.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what lists::asked reads")]
pub struct ListParams {
    /// Items at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// The document, built anew.
pub fn built() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    let frames = crate::session::protocol::FrameSchemas::openapi().components.unwrap_or_default();
    components.schemas.extend(frames.schemas);
    components.add_security_scheme("key", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()));
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE))));
    components.add_security_scheme("ticket", SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::new("ticket"))));
    for route in routes() {
        if let Some(operation) = document.paths.paths.get_mut(route.path).and_then(|item| operation(item, route.method)) {
            describe(operation, route.needs);
        }
    }
    document
}

fn operation<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    match method {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "PUT" => item.put.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => None,
    }
}

/// What every operation shares: who may call it, and how it fails.
fn describe(operation: &mut Operation, needs: Needs) {
    let scopes: &[&str] = match &needs {
        Needs::Nothing | Needs::Credential => &[],
        Needs::Scope(scope) => &[scope.as_str()],
        Needs::Stream => &["read"],
        Needs::ReadOrAdmin => &["read", "admin"],
    };
    let mut ways = vec!["key", "session"];
    if needs == Needs::Stream {
        ways.push("ticket");
    }
    let mut shared = vec![("400", "The request cannot be read; `errors` names what is at fault")];
    if needs != Needs::Nothing {
        operation.security = Some(ways.into_iter().map(|way| SecurityRequirement::new(way, scopes.iter().copied())).collect());
        shared.push(("401", "No credential, or none that counts"));
        shared.push(("403", "The credential may not do this"));
    }
    shared.push(("404", "There is no such thing, or not for this credential"));
    if operation.request_body.is_some() {
        shared.push(("408", "The body took too long"));
        shared.push(("413", "The body is too large"));
        shared.push(("415", "This type of body is not taken"));
        shared.push(("422", "Fields are at fault; `errors` names each"));
    }
    shared.push(("410", "The cursor cannot be continued"));
    if operation.parameters.iter().flatten().any(|parameter| parameter.name.eq_ignore_ascii_case(header::IF_NONE_MATCH.as_str())) {
        shared.push(("412", "Something has the key already; `errors` names it"));
    }
    shared.push(("503", "The server is busy or restarting; `Retry-After` says when to come again"));
    for (status, description) in shared {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new().description(description).content("application/problem+json", content).build();
        operation.responses.responses.entry(status.to_owned()).or_insert(response.into());
    }
}

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec_pretty(&built()).unwrap_or_default().into());

/// `GET /v1/openapi.json`.
pub async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], DOCUMENT.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    /// Every name that a `$ref` of the value points to.
    fn targets(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| targets(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| targets(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let document = serde_json::to_value(super::built()).expect("json");
        let paths = document["paths"].as_object().expect("paths").values();
        let names = paths.flat_map(|path| path.as_object().expect("methods").values().map(|o| o["operationId"].as_str().expect("a name")));
        let names: Vec<_> = names.collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = serde_json::to_value(super::built()).expect("json");
        let mut found = BTreeSet::new();
        targets(&document, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for target in found {
            let place = target.strip_prefix('#').expect("in the document");
            assert!(document.pointer(place).is_some(), "{target} is not in the document");
        }
    }

    /// The page's wire types are generated from this file, so a change of the API is seen where it is reviewed.
    #[test]
    fn the_document_is_as_reviewed() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api/snapshots/openapi.json");
        let built = String::from_utf8(super::DOCUMENT.to_vec()).expect("utf-8") + "\n";
        if std::env::var_os("TIDINGS_ACCEPT").is_some() {
            std::fs::write(file, &built).expect("writable");
        }
        let reviewed = std::fs::read_to_string(file).unwrap_or_default();
        let line = built.lines().zip(reviewed.lines()).position(|(a, b)| a != b);
        assert!(built == reviewed, "the API differs from {file} from line {line:?} on; review, then accept it with TIDINGS_ACCEPT=1");
    }
}
