//! The one table of routes: whoever looks for a handler, or for who may call it, finds it here.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{self, MethodRouter};

use super::authorise::{Gate, Needs, gate};
use super::cors::cors;
use super::edge::{edge, unknown_method, unknown_path};
use super::nouns::{self, flavors, partners, recipients};
use super::operation::{Operation, of};
use super::{
    Api, activities, alerts, audit, corrections, credentials, docs, export, facets, history, imports, notice, openapi, pairing, people,
    retention, retract, screens, session, shares, signin, streams, system, webhooks, workspace,
};
use crate::auth::Right;
use crate::domain::limits::REQUEST_BYTES_MAX;

/// Bytes of a body where nobody is known yet: a key and little else. Nobody can make the server read or parse more than
/// this without showing who it is.
const STRANGER_BYTES_MAX: usize = 4 * 1024;
/// Bytes of a body of a few names.
pub const NAMES_BYTES_MAX: usize = 16 * 1024;
/// Bytes of recipients: 10,000 keys of 128 bytes, some of their letters escaped.
const RECIPIENTS_BYTES_MAX: usize = 2 * 1024 * 1024;

/// One route.
pub struct Route {
    /// Its method.
    pub method: &'static str,
    /// Its path, with `{parameters}`.
    pub path: &'static str,
    /// What it needs of its caller.
    pub needs: Needs,
    /// Bytes of its largest body; 0 where none is read.
    pub body_bytes_max: usize,
    /// True where it keeps to the view that its caller is confined to, and to its mask.
    pub keeps_to_view: bool,
    /// What answers.
    pub handler: MethodRouter<Arc<Api>>,
    /// What the document says of it; nothing of a page for people.
    pub operation: Option<fn() -> Operation>,
}

fn get<H: Handler<T, Arc<Api>>, T: 'static>(path: &'static str, needs: Needs, handler: H, operation: fn() -> Operation) -> Route {
    Route {
        method: "GET",
        path,
        needs,
        body_bytes_max: 0,
        keeps_to_view: false,
        handler: routing::get(handler),
        operation: Some(operation),
    }
}

fn post<H: Handler<T, Arc<Api>>, T: 'static>(
    path: &'static str,
    needs: Needs,
    body_bytes_max: usize,
    handler: H,
    operation: fn() -> Operation,
) -> Route {
    Route { method: "POST", path, needs, body_bytes_max, keeps_to_view: false, handler: routing::post(handler), operation: Some(operation) }
}

fn put<H: Handler<T, Arc<Api>>, T: 'static>(
    path: &'static str,
    needs: Needs,
    body_bytes_max: usize,
    handler: H,
    operation: fn() -> Operation,
) -> Route {
    Route { method: "PUT", path, needs, body_bytes_max, keeps_to_view: false, handler: routing::put(handler), operation: Some(operation) }
}

fn patch<H: Handler<T, Arc<Api>>, T: 'static>(
    path: &'static str,
    needs: Needs,
    body_bytes_max: usize,
    handler: H,
    operation: fn() -> Operation,
) -> Route {
    Route {
        method: "PATCH",
        path,
        needs,
        body_bytes_max,
        keeps_to_view: false,
        handler: routing::patch(handler),
        operation: Some(operation),
    }
}

fn delete<H: Handler<T, Arc<Api>>, T: 'static>(path: &'static str, needs: Needs, handler: H, operation: fn() -> Operation) -> Route {
    Route {
        method: "DELETE",
        path,
        needs,
        body_bytes_max: 0,
        keeps_to_view: false,
        handler: routing::delete(handler),
        operation: Some(operation),
    }
}

/// A page for people, or a part of one, open to all.
fn page<H: Handler<T, Arc<Api>>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route {
        method: "GET",
        path,
        needs: Needs::Nothing,
        body_bytes_max: 0,
        keeps_to_view: false,
        handler: routing::get(handler),
        operation: None,
    }
}

impl Route {
    /// It keeps to the view that its caller is confined to, and to its mask.
    fn keeping(self) -> Self {
        Self { keeps_to_view: true, ..self }
    }
}

/// Every route of the API: path, what it needs, bytes of its largest body, handler, what the document says of it. A noun of the
/// directory has five rows: list, get, put, patch, delete.
pub fn routes() -> Vec<Route> {
    use Needs::{Credential, Nothing, Stream};
    const INGEST: Needs = Needs::Right(Right::Ingest);
    const READ: Needs = Needs::Right(Right::Read);
    const DIRECTORY: Needs = Needs::Right(Right::Directory);
    const WEBHOOKS: Needs = Needs::Right(Right::Webhooks);
    const SHARES: Needs = Needs::Right(Right::Shares);
    const OPERATE: Needs = Needs::Right(Right::Operate);
    const WALLS: Needs = Needs::Right(Right::Walls);
    const ALERTS: Needs = Needs::Right(Right::Alerts);
    const ACKNOWLEDGE: Needs = Needs::Right(Right::Acknowledge);
    const ALERTED: Needs = Needs::AnyOf(&[Right::Read, Right::Alerts, Right::Acknowledge]);
    const KEYS: Needs = Needs::Right(Right::Keys);
    const MEMBERS: Needs = Needs::Right(Right::Members);
    // What one may change one may see.
    const SEEN: Needs = Needs::AnyOf(&[Right::Read, Right::Directory]);
    const RETAIN: Needs = Needs::Right(Right::Retain);
    const KEPT: Needs = Needs::AnyOf(&[Right::Read, Right::Retain]);
    let mut table = vec![
        post("/v1/activities", INGEST, REQUEST_BYTES_MAX, activities::submit, of::<activities::__path_submit>),
        get("/v1/activities", READ, history::page, of::<history::__path_page>).keeping(),
        get("/v1/activities/counts", READ, facets::counts, of::<facets::__path_counts>).keeping(),
        get("/v1/activities/histogram", READ, facets::histogram, of::<facets::__path_histogram>).keeping(),
        get("/v1/activities/export", Needs::Right(Right::Export), export::export, of::<export::__path_export>).keeping(),
        get("/v1/activities/stream", Stream, streams::events, of::<streams::__path_events>).keeping(),
        get("/v1/activities/{id}", READ, history::one, of::<history::__path_one>),
        get("/v1/activities/{id}/why", READ, history::why, of::<history::__path_why>),
        post(
            "/v1/activities/{id}/amend",
            Needs::Right(Right::Correct),
            NAMES_BYTES_MAX,
            corrections::amend,
            of::<corrections::__path_amend>,
        ),
        delete("/v1/activities/{id}", Needs::Right(Right::Erase), corrections::erase, of::<corrections::__path_erase>),
        post("/v1/activities:retract", Needs::Right(Right::Erase), NAMES_BYTES_MAX, retract::retract, of::<retract::__path_retract>),
        get("/v1/ws", Stream, streams::socket, of::<streams::__path_socket>).keeping(),
        get("/v1/events/{event}/messages/{message}/recipients", SEEN, recipients::list, of::<recipients::__path_list>),
        post(
            "/v1/events/{event}/messages/{message}/recipients",
            DIRECTORY,
            RECIPIENTS_BYTES_MAX,
            recipients::change,
            of::<recipients::__path_change>,
        ),
        get("/v1/events/{event}/partners/{partner}/messages", SEEN, recipients::received, of::<recipients::__path_received>),
        post("/v1/events/{event}/partners", DIRECTORY, REQUEST_BYTES_MAX, partners::put_many, of::<partners::__path_put_many>),
        post("/v1/events/{event}/partners:import", DIRECTORY, crate::import::LIST_BYTES_MAX, imports::import, of::<imports::__path_import>),
        get("/v1/events/{event}/imports", DIRECTORY, imports::undo::list, of::<imports::undo::__path_list>),
        get("/v1/imports/{id}", DIRECTORY, imports::undo::look, of::<imports::undo::__path_look>),
        delete("/v1/imports/{id}", DIRECTORY, imports::undo::take_back, of::<imports::undo::__path_take_back>),
        get("/v1/flavors", SEEN, flavors::list, of::<flavors::__path_list>),
        get("/v1/flavors/{flavor}", SEEN, flavors::one, of::<flavors::__path_one>),
        post("/v1/keys", KEYS, NAMES_BYTES_MAX, credentials::create_key, of::<credentials::__path_create_key>),
        get("/v1/keys", KEYS, credentials::keys, of::<credentials::__path_keys>),
        delete("/v1/keys/{id}", KEYS, credentials::revoke_key, of::<credentials::__path_revoke_key>),
        post("/v1/shares", SHARES, NAMES_BYTES_MAX, shares::create_share, of::<shares::__path_create_share>),
        post("/v1/shares:each", SHARES, REQUEST_BYTES_MAX, shares::create_shares, of::<shares::__path_create_shares>),
        get("/v1/shares", SHARES, shares::shares, of::<shares::__path_shares>),
        delete("/v1/shares/{id}", SHARES, shares::revoke_share, of::<shares::__path_revoke_share>),
        post("/v1/tickets", READ, 0, credentials::create_ticket, of::<credentials::__path_create_ticket>).keeping(),
        get("/v1/session", Credential, session::session, of::<session::__path_session>).keeping(),
        post("/v1/session", Nothing, STRANGER_BYTES_MAX, session::sign_in, of::<session::__path_sign_in>),
        delete("/v1/session", Credential, session::sign_out, of::<session::__path_sign_out>).keeping(),
        put("/v1/session/password", Credential, NAMES_BYTES_MAX, people::account::put_password, of::<people::account::__path_put_password>),
        post("/v1/session/second", Credential, NAMES_BYTES_MAX, people::account::make_second, of::<people::account::__path_make_second>),
        put("/v1/session/second", Credential, NAMES_BYTES_MAX, people::account::put_second, of::<people::account::__path_put_second>),
        post(
            "/v1/session/second:remove",
            Credential,
            NAMES_BYTES_MAX,
            people::account::remove_second,
            of::<people::account::__path_remove_second>,
        ),
        get("/v1/sessions", Credential, people::sessions::list, of::<people::sessions::__path_list>),
        delete("/v1/sessions", Credential, people::sessions::end_others, of::<people::sessions::__path_end_others>),
        delete("/v1/sessions/{id}", Credential, people::sessions::end, of::<people::sessions::__path_end>),
        get("/v1/audit", Needs::Right(Right::Audit), audit::audit, of::<audit::__path_audit>),
        get("/v1/members", MEMBERS, people::members::list, of::<people::members::__path_list>),
        patch("/v1/members/{id}", MEMBERS, NAMES_BYTES_MAX, people::members::change, of::<people::members::__path_change>),
        delete("/v1/members/{id}", MEMBERS, people::members::remove, of::<people::members::__path_remove>),
        post("/v1/members/{id}/reset", MEMBERS, 0, people::invitations::reset, of::<people::invitations::__path_reset>),
        post("/v1/invitations", MEMBERS, NAMES_BYTES_MAX, people::invitations::invite, of::<people::invitations::__path_invite>),
        get("/v1/retention", KEPT, retention::retention, of::<retention::__path_retention>),
        put("/v1/retention", RETAIN, NAMES_BYTES_MAX, retention::put_retention, of::<retention::__path_put_retention>),
        get("/v1/webhooks", WEBHOOKS, webhooks::webhooks, of::<webhooks::__path_webhooks>),
        get("/v1/webhooks/{webhook}", WEBHOOKS, webhooks::webhook, of::<webhooks::__path_webhook>),
        put("/v1/webhooks/{webhook}", WEBHOOKS, NAMES_BYTES_MAX, webhooks::put_webhook, of::<webhooks::__path_put_webhook>),
        delete("/v1/webhooks/{webhook}", WEBHOOKS, webhooks::delete_webhook, of::<webhooks::__path_delete_webhook>),
        post("/v1/webhooks/{webhook}/redeliver", WEBHOOKS, NAMES_BYTES_MAX, webhooks::redeliver, of::<webhooks::__path_redeliver>),
        post("/v1/webhooks/{webhook}/secret", WEBHOOKS, 0, webhooks::rotate_secret, of::<webhooks::__path_rotate_secret>),
        get("/v1/alerts/{alert}/history", ALERTED, alerts::history, of::<alerts::__path_history>),
        post("/v1/alerts/{alert}/acknowledge", ACKNOWLEDGE, NAMES_BYTES_MAX, alerts::acknowledge, of::<alerts::__path_acknowledge>),
        post("/v1/alerts/{alert}/mute", ACKNOWLEDGE, NAMES_BYTES_MAX, alerts::mute, of::<alerts::__path_mute>),
        post("/v1/alerts/{alert}/test", ACKNOWLEDGE, 0, alerts::test, of::<alerts::__path_test>),
        get("/v1/alerts:mute", ALERTED, alerts::muted, of::<alerts::__path_muted>),
        post("/v1/alerts:mute", ACKNOWLEDGE, NAMES_BYTES_MAX, alerts::mute_all, of::<alerts::__path_mute_all>),
        post("/v1/channels/{channel}/secret", ALERTS, 0, alerts::rotate_channel, of::<alerts::__path_rotate_channel>),
        post("/v1/screens", Nothing, 0, pairing::begin, of::<pairing::__path_begin>),
        get("/v1/screens/wait", Nothing, pairing::wait, of::<pairing::__path_wait>),
        get("/v1/screens", WALLS, screens::list, of::<screens::__path_list>),
        patch("/v1/screens/{id}", WALLS, NAMES_BYTES_MAX, screens::change, of::<screens::__path_change>),
        delete("/v1/screens/{id}", WALLS, screens::revoke_screen, of::<screens::__path_revoke_screen>),
        post("/v1/screens/{id}/orders", WALLS, NAMES_BYTES_MAX, screens::order, of::<screens::__path_order>),
        post("/v1/walls/{wall}/screens", WALLS, NAMES_BYTES_MAX, pairing::pair, of::<pairing::__path_pair>),
        post("/v1/walls/{wall}/banner", WALLS, NAMES_BYTES_MAX, screens::banner, of::<screens::__path_banner>),
        get("/v1/screen", Credential, screens::task, of::<screens::__path_task>).keeping(),
        get("/v1/system", OPERATE, system::system, of::<system::__path_system>).keeping(),
        get("/v1/system/stream", OPERATE, system::system_stream, of::<system::__path_system_stream>).keeping(),
        get("/v1/workspace", Credential, workspace::workspace, of::<workspace::__path_workspace>),
        page("/v1/openapi.json", openapi::document),
        page("/docs", docs::page),
        page("/docs/style.css", docs::style),
        page("/docs/script.js", docs::script),
        page("/signin", signin::ask),
        Route { method: "POST", body_bytes_max: STRANGER_BYTES_MAX, handler: routing::post(signin::enter), ..page("/signin", signin::ask) },
        page("/a/style.css", notice::style),
        page("/a/{secret}", notice::show),
        Route {
            method: "POST",
            body_bytes_max: STRANGER_BYTES_MAX,
            handler: routing::post(notice::acknowledge),
            ..page("/a/{secret}", notice::show)
        },
        page("/signin/style.css", signin::style),
        page("/signin/press.js", signin::press),
    ];
    table.extend(nouns::rows::<nouns::events::Events>(SEEN, DIRECTORY));
    table.extend(nouns::rows::<nouns::partners::Partners>(SEEN, DIRECTORY));
    table.extend(nouns::rows::<nouns::messages::Messages>(SEEN, DIRECTORY));
    table.extend(nouns::rows::<nouns::campaigns::Campaigns>(SEEN, DIRECTORY));
    table.extend(nouns::rows::<nouns::walls::Walls>(Needs::AnyOf(&[Right::Read, Right::Walls]), WALLS));
    table.extend(nouns::rows::<nouns::channels::ChannelsNoun>(ALERTS, ALERTS));
    table.extend(nouns::rows::<nouns::alerts::AlertsNoun>(ALERTED, ALERTS));
    table.extend(nouns::rows::<nouns::views::Views>(READ, Needs::AnyOf(&[Right::Views, Right::OwnViews])));
    table
}

/// The routes as a service: gate before each, headers on every answer, the page for everything else.
pub fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for Route { path, needs, body_bytes_max, keeps_to_view, handler, .. } in routes() {
        let gated = Gate { api: api.clone(), path, needs, body_bytes_max, keeps_to_view };
        router = router.route(path, handler.route_layer(from_fn_with_state(gated, gate)));
    }
    router
        .route("/v1/{*rest}", routing::any(unknown_path))
        .fallback(crate::web::serve)
        .method_not_allowed_fallback(unknown_method)
        .layer(from_fn(edge))
        .layer(from_fn_with_state(api.clone(), cors))
        .with_state(api)
}

#[cfg(test)]
mod tests {
    use super::{Needs, routes};
    use crate::auth::table::COMING;
    use crate::auth::{Right, Rights, Role, Scope};

    #[test]
    fn every_right_is_needed_by_a_route_or_is_coming() {
        let needed = routes().iter().fold(Rights::NONE, |rights, route| rights.with(route.needs.rights()));
        for right in Right::ALL {
            let word = right.as_str();
            assert!(needed.has(*right) || COMING.has(*right), "no route needs {word}: name it in auth::table::COMING, or take it out");
            assert!(!needed.has(*right) || !COMING.has(*right), "a route needs {word} now: take it out of auth::table::COMING");
        }
    }

    #[test]
    fn every_route_opens_to_some_key_and_to_the_owner() {
        for route in routes().iter().filter(|route| !route.needs.rights().is_empty()) {
            assert!(route.needs.scopes().next().is_some(), "{} {} opens to no scope", route.method, route.path);
            assert!(Role::Owner.rights().meets(route.needs.rights()), "{} {}", route.method, route.path);
        }
        assert_eq!(Needs::Stream.scopes().collect::<Vec<_>>(), [Scope::Read]);
    }

    #[test]
    fn nobody_unknown_is_read_at_length() {
        for route in routes() {
            let strange = route.needs == Needs::Nothing;
            assert!(!strange || route.body_bytes_max <= super::STRANGER_BYTES_MAX, "{} {}", route.method, route.path);
            assert!(route.method != "GET" || route.body_bytes_max == 0, "{}", route.path);
        }
    }

    #[test]
    fn every_route_is_in_the_document_with_what_it_needs() {
        let document = super::openapi::built();
        for route in routes().iter().filter(|r| r.path.starts_with("/v1") && !r.path.ends_with(".json")) {
            let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
            assert!(operation.is_object(), "{} {} is not in the OpenAPI document", route.method, route.path);
            assert_eq!(operation["security"].as_array().is_some_and(|s| !s.is_empty()), route.needs != Needs::Nothing, "{}", route.path);
            let stands = route.operation.and_then(|operation| operation().stands);
            assert!(stands.is_none_or(|stands| stands == format!("{} {}", route.method, route.path)), "{} {}", route.method, route.path);
        }
    }
}
