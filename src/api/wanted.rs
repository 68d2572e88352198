//! What a request asks for: a filter set, the view that stands beside it, and what exists for whoever asks.

use super::Api;
use super::authenticate::Caller;
use super::error::{Problem, VIEW_FORBIDDEN, VIEW_UNKNOWN};
use super::query::Query;
use crate::auth::Principal;
use crate::domain::Key;
use crate::filter::{Conjunction, FilterSet};
use crate::session::only_views;
use crate::store::View;

/// Ends the reading of a query: what is left of it is a filter set, within the view that it names.
///
/// # Errors
/// As [`Query::finish_filter`] and [`viewed`].
pub async fn wanted(api: &Api, caller: &Caller, query: Query<'_>) -> Result<Conjunction, Problem> {
    Ok(wanted_by(api, caller, query).await?.0)
}

/// The same, and the view that stands beside it.
///
/// # Errors
/// As [`wanted`].
pub async fn wanted_by(api: &Api, caller: &Caller, query: Query<'_>) -> Result<(Conjunction, Option<Viewed>), Problem> {
    let (own, named) = query.finish_filter(&caller.principal)?;
    let viewed = viewed(api, caller, named).await?;
    let view = viewed.as_ref().map(|viewed| viewed.view.wanted()).unwrap_or_default();
    Ok((Conjunction { grant: granted(&caller.principal), view, own }, viewed))
}

/// A view that was asked for.
pub struct Viewed {
    /// Its key, as it was named.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// All else.
    pub view: View,
}

/// Everything that exists for somebody.
pub fn granted(principal: &Principal) -> FilterSet {
    FilterSet::granted(&principal.grant.events, principal.grant.partner.as_ref())
}

/// The view that is named, or that the caller is confined to.
///
/// # Errors
/// [`VIEW_UNKNOWN`] when there is none that the caller sees, [`VIEW_FORBIDDEN`] when it is confined to another.
pub async fn viewed(api: &Api, caller: &Caller, named: Option<Key>) -> Result<Option<Viewed>, Problem> {
    let grant = &caller.principal.grant;
    let key = match grant.views.as_deref() {
        Some(only) if named.as_ref().map_or(only.is_empty(), |named| !only.contains(named)) => {
            return Err(Problem::new(VIEW_FORBIDDEN, only_views(only)));
        }
        only => named.or_else(|| only?.first().cloned()),
    };
    let Some(key) = key else { return Ok(None) };
    let turn = api.store.turn(caller.reader()).await?;
    let found = turn.seen_view(key.clone(), caller.principal.actor, &grant.events).await?;
    let unknown = || Problem::new(VIEW_UNKNOWN, format!("view: there is no view {key} here; GET /v1/views lists those there are"));
    let (name, view) = found.ok_or_else(unknown)?;
    Ok(Some(Viewed { key, name, view }))
}
