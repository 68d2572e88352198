//! The one table of routes: whoever looks for a handler, or for who may call it, finds it here.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{self, MethodRouter};

use super::authorise::{Gate, Needs, gate};
use super::edge::{edge, unknown_method, unknown_path};
use super::{
    Api, activities, credentials, directory, docs, facets, flavors, history, messages, openapi, recipients, session, streams, workspace,
};
use crate::auth::Scope;

/// One route.
pub struct Route {
    /// Its method.
    pub method: &'static str,
    /// Its path, with `{parameters}`.
    pub path: &'static str,
    /// What it needs of its caller.
    pub needs: Needs,
    handler: MethodRouter<Arc<Api>>,
}

fn get<H: Handler<T, Arc<Api>>, T: 'static>(path: &'static str, needs: Needs, handler: H) -> Route {
    Route { method: "GET", path, needs, handler: routing::get(handler) }
}

fn post<H: Handler<T, Arc<Api>>, T: 'static>(path: &'static str, needs: Needs, handler: H) -> Route {
    Route { method: "POST", path, needs, handler: routing::post(handler) }
}

fn put<H: Handler<T, Arc<Api>>, T: 'static>(path: &'static str, needs: Needs, handler: H) -> Route {
    Route { method: "PUT", path, needs, handler: routing::put(handler) }
}

fn delete<H: Handler<T, Arc<Api>>, T: 'static>(path: &'static str, needs: Needs, handler: H) -> Route {
    Route { method: "DELETE", path, needs, handler: routing::delete(handler) }
}

/// Every route of the API.
pub fn routes() -> Vec<Route> {
    use Needs::{Credential, Nothing, ReadOrAdmin, Stream};
    const INGEST: Needs = Needs::Scope(Scope::Ingest);
    const READ: Needs = Needs::Scope(Scope::Read);
    const ADMIN: Needs = Needs::Scope(Scope::Admin);
    vec![
        post("/v1/activities", INGEST, activities::submit),
        get("/v1/activities", READ, history::page),
        get("/v1/activities/counts", READ, facets::counts),
        get("/v1/activities/histogram", READ, facets::histogram),
        get("/v1/activities/stream", Stream, streams::events),
        get("/v1/activities/{id}", READ, history::one),
        get("/v1/activities/{id}/why", READ, history::why),
        get("/v1/ws", Stream, streams::socket),
        get("/v1/events", ReadOrAdmin, directory::events),
        put("/v1/events/{event}", ADMIN, directory::put_event),
        get("/v1/events/{event}", ReadOrAdmin, directory::event),
        get("/v1/events/{event}/partners", ReadOrAdmin, directory::partners),
        put("/v1/events/{event}/partners/{partner}", ADMIN, directory::put_partner),
        get("/v1/events/{event}/partners/{partner}", ReadOrAdmin, directory::partner),
        get("/v1/events/{event}/messages", ReadOrAdmin, messages::messages),
        put("/v1/events/{event}/messages/{message}", ADMIN, messages::put_message),
        get("/v1/events/{event}/messages/{message}", ReadOrAdmin, messages::message),
        get("/v1/events/{event}/messages/{message}/recipients", ReadOrAdmin, recipients::list),
        post("/v1/events/{event}/messages/{message}/recipients", ADMIN, recipients::change),
        get("/v1/events/{event}/campaigns", ReadOrAdmin, messages::campaigns),
        put("/v1/events/{event}/campaigns/{campaign}", ADMIN, messages::put_campaign),
        get("/v1/events/{event}/campaigns/{campaign}", ReadOrAdmin, messages::campaign),
        get("/v1/flavors", ReadOrAdmin, flavors::flavors),
        post("/v1/keys", ADMIN, credentials::create_key),
        get("/v1/keys", ADMIN, credentials::keys),
        delete("/v1/keys/{id}", ADMIN, credentials::revoke_key),
        post("/v1/tickets", READ, credentials::create_ticket),
        get("/v1/session", Credential, session::session),
        post("/v1/session", Nothing, session::sign_in),
        delete("/v1/session", Credential, session::sign_out),
        get("/v1/workspace", Credential, workspace::workspace),
        get("/v1/openapi.json", Nothing, openapi::document),
        get("/docs", Nothing, docs::page),
        get("/docs/style.css", Nothing, docs::style),
        get("/signin", Nothing, session::by_link),
    ]
}

/// The routes as a service: gate before each, headers on every answer, the page for everything else.
pub fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for Route { path, needs, handler, .. } in routes() {
        let gated = Gate { api: api.clone(), path, needs };
        router = router.route(path, handler.route_layer(from_fn_with_state(gated, gate)));
    }
    router
        .route("/v1/{*rest}", routing::any(unknown_path))
        .fallback(crate::web::serve)
        .method_not_allowed_fallback(unknown_method)
        .layer(from_fn(edge))
        .with_state(api)
}

#[cfg(test)]
mod tests {
    use super::{Needs, routes};

    #[test]
    fn every_route_is_in_the_document_with_what_it_needs() {
        let document = serde_json::to_value(super::openapi::built()).expect("json");
        let mut documented: usize =
            document["paths"].as_object().expect("paths").values().map(|p| p.as_object().map_or(0, serde_json::Map::len)).sum();
        for route in routes().iter().filter(|r| r.path.starts_with("/v1") && !r.path.ends_with(".json")) {
            let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
            assert!(operation.is_object(), "{} {} is not in the OpenAPI document", route.method, route.path);
            assert_eq!(operation["security"].as_array().is_some_and(|s| !s.is_empty()), route.needs != Needs::Nothing, "{}", route.path);
            documented -= 1;
        }
        assert_eq!(documented, 0, "the document has a path that is no route");
    }
}
