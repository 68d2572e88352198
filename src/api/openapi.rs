//! The OpenAPI 3.1 document, made from the route table: each route carries what is said of it, and what it needs is put in from
//! its row, so that the two cannot disagree.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, PathItem, Ref, ResponseBuilder, SecurityRequirement};

use super::authenticate::SESSION_COOKIE;
use super::authorise::Needs;
use super::read::DECLARED;
use super::routes::routes;
use super::sent::{CloudEvent, Draft, FilterSetDoc, FilterSetQuery};
use super::tight::tightened;
use crate::auth::Scope;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Tidings", description = "A real-time activity feed server: durable, filtered on the server, provably complete."),
    components(schemas(
        crate::wire::ActivityView,
        super::activities::ReceiptBody,
        super::activities::ResultDoc,
        super::activities::ReceiptsBody,
        super::history::ExclusionDoc,
        super::error::ProblemBody,
        super::error::FaultBody,
        FilterSetDoc,
        FilterSetQuery,
        Draft,
        CloudEvent,
    ))
)]
struct Document;

/// The document, built anew, before it is tightened.
pub fn built() -> Value {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    let frames = crate::session::protocol::FrameSchemas::openapi().components.unwrap_or_default();
    components.schemas.extend(frames.schemas);
    components.add_security_scheme("key", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()));
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE))));
    components.add_security_scheme("ticket", SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::new("ticket"))));
    for route in routes() {
        let Some(operation) = route.operation.map(|operation| operation()) else { continue };
        for (name, schema) in operation.schemas {
            let known = components.schemas.insert(name.clone(), schema.clone());
            // One name is one thing, or what stands under it is what came last.
            debug_assert!(name.starts_with("ListBody_") || known.is_none_or(|known| known == schema), "two schemas are called {name}");
        }
        let mut described = operation.described;
        describe(&mut described, route.needs);
        let item = document.paths.paths.entry(route.path.to_owned()).or_default();
        put(item, route.method, described);
    }
    let mut document = serde_json::to_value(document).unwrap_or_default();
    for schema in document["components"]["schemas"].as_object_mut().into_iter().flat_map(|schemas| schemas.values_mut()) {
        if let Some(declared) = schema.get_mut(DECLARED).map(Value::take) {
            *schema = declared;
        }
    }
    document
}

fn put(item: &mut PathItem, method: &str, operation: Operation) {
    let slot = match method {
        "GET" => &mut item.get,
        "POST" => &mut item.post,
        "PUT" => &mut item.put,
        "PATCH" => &mut item.patch,
        _ => &mut item.delete,
    };
    *slot = Some(operation);
}

/// What every operation shares: who may call it, and how it fails.
fn describe(operation: &mut Operation, needs: Needs) {
    let scopes: Vec<_> = needs.scopes().map(Scope::as_str).collect();
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
    shared.push(("503", "The server is busy or restarting; `Retry-After` says when to come again"));
    for (status, description) in shared {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new().description(description).content("application/problem+json", content).build();
        operation.responses.responses.entry(status.to_owned()).or_insert(response.into());
    }
}

/// The document as it is served.
pub fn tight() -> Value {
    tightened(built())
}

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec_pretty(&tight()).unwrap_or_default().into());

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
        let document = super::tight();
        let paths = document["paths"].as_object().expect("paths").values();
        let names = paths.flat_map(|path| path.as_object().expect("methods").values().map(|o| o["operationId"].as_str().expect("a name")));
        let names: Vec<_> = names.collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = super::tight();
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
