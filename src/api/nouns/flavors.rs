//! Flavors: the standard set, and what the workspace has met beyond it. They are made by what is sent, so they are read only.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::api::Api;
use crate::api::authenticate::Caller;
use crate::api::error::{PARAMETER_INVALID, Problem};
use crate::api::extract::{Listing, NoQuery, Path};
use crate::api::lists::{ListBody, ListParams};
use crate::domain::{Flavor, STANDARD_FLAVORS, fold};
use crate::filter::{Field, FilterSet};
use crate::store::{FacetQuery, List, ListQuery};

/// Flavors that a list for a key of one event looks for, beyond the standard set.
const BOUND_FLAVORS_MAX: usize = 1_000;

/// A flavor.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Flavor)]
pub struct FlavorBody {
    /// As in `message.opened`.
    key: String,
    /// What people read.
    label: String,
    /// Who acts unless the sender says otherwise: `partner`, `invitee` or `unknown`.
    actor: &'static str,
    /// True when it is of the standard set.
    standard: bool,
}

/// List flavors: the standard set, then those that the workspace has met.
#[utoipa::path(get, path = "/v1/flavors", tag = "Directory", params(ListParams),
    responses((status = 200, description = "Flavors: the standard set first, each part by key", body = ListBody<FlavorBody>)))]
pub async fn list(State(api): State<Arc<Api>>, caller: Caller, Listing(query): Listing) -> Result<Json<ListBody<FlavorBody>>, Problem> {
    let (mut items, met_after) = standard(query.after.as_deref(), &query.words);
    let more = items.len() > query.limit;
    items.truncate(query.limit);
    let mut next = items.last().filter(|_| more).cloned();
    let room = query.limit - items.len();
    if !more {
        // One more than there is room for tells whether there are more.
        let met = met(&api, &caller, ListQuery { after: met_after, limit: room.max(1), words: query.words }).await?;
        let all = met.next.is_none() && met.items.len() <= room;
        items.extend(met.items.into_iter().take(room));
        next = items.last().filter(|_| !all).cloned();
    }
    Ok(Json(ListBody::of(List { items, next }, |key| FlavorBody::of(&Flavor::trusted(&key)))))
}

/// Read a flavor: one of the standard set, or one that the workspace has met.
#[utoipa::path(get, path = "/v1/flavors/{flavor}", tag = "Directory", params(("flavor" = String, Path, description = "The flavor")),
    responses((status = 200, description = "As it is now", body = FlavorBody)))]
pub async fn one(State(api): State<Arc<Api>>, caller: Caller, path: Path, _: NoQuery) -> Result<Json<FlavorBody>, Problem> {
    let flavor = Flavor::parse(path.text("flavor")).map_err(|fault| Problem::invalid(PARAMETER_INVALID, fault.under("flavor")))?;
    let is_there = flavor.standard().is_some() || {
        // The first of those that have it in them, in their order, is itself or none.
        let mut after = None;
        loop {
            let asked = ListQuery { after, words: vec![flavor.to_string()], ..ListQuery::first(BOUND_FLAVORS_MAX) };
            let found = met(&api, &caller, asked).await?;
            if found.items.iter().any(|key| key == flavor.as_str()) {
                break true;
            }
            let Some(next) = found.next else { break false };
            after = Some(next);
        }
    };
    if is_there { Ok(Json(FlavorBody::of(&flavor))) } else { Err(Problem::not_found("flavor")) }
}

impl FlavorBody {
    fn of(flavor: &Flavor) -> Self {
        Self {
            key: flavor.to_string(),
            label: flavor.label(),
            actor: flavor.default_actor().as_str(),
            standard: flavor.standard().is_some(),
        }
    }
}

/// The flavors of the standard set after one, in their order, and after which of the others the list goes on.
fn standard(after: Option<&str>, words: &[String]) -> (Vec<String>, Option<String>) {
    let has = |key: &String| has_words(key, words);
    let mut keys = STANDARD_FLAVORS.iter().map(|standard| standard.key.to_owned());
    match after {
        Some(after) if !keys.clone().any(|key| key == after) => (Vec::new(), Some(after.to_owned())),
        Some(after) => {
            let _before = keys.find(|key| key == after);
            (keys.filter(has).collect(), None)
        }
        None => (keys.filter(has).collect(), None),
    }
}

/// Whether each word stands somewhere in a flavor or in what people read of it.
fn has_words(key: &str, words: &[String]) -> bool {
    let label = Flavor::trusted(key).label();
    let label = fold(&label);
    words.iter().all(|word| key.contains(word.as_str()) || label.contains(word.as_str()))
}

/// Flavors that the caller's workspace, or the events that it is bound to, has met beyond the standard set.
async fn met(api: &Api, caller: &Caller, query: ListQuery) -> Result<List<String>, Problem> {
    let (workspace, turn) = (caller.principal.workspace, api.store.turn(caller.reader()).await?);
    let Some(events) = caller.principal.grant.events.keys() else { return Ok(turn.directory().flavors(workspace, query).await?) };
    // What other events have met does not exist for who is bound to some.
    let within = FilterSet::of_events(events);
    let by = FacetQuery {
        filter: FilterSet::default(),
        within,
        by: vec![Field::Flavor],
        since: None,
        until: None,
        values_max: BOUND_FLAVORS_MAX,
    };
    let found = turn.log().facets(workspace, by).await?;
    let is_met = |key: &String| {
        Flavor::trusted(key).standard().is_none() && query.after.as_ref().is_none_or(|after| key > after) && has_words(key, &query.words)
    };
    let mut items: Vec<String> = found.by.into_iter().flat_map(|(_, values)| values).map(|v| v.value).filter(is_met).collect();
    items.sort_unstable();
    let more = items.len() > query.limit;
    items.truncate(query.limit);
    let next = items.last().filter(|_| more).cloned();
    Ok(List { items, next })
}

#[cfg(test)]
mod tests {
    use super::standard;
    use crate::domain::STANDARD_FLAVORS;

    #[test]
    fn words_are_looked_for_in_key_and_label() {
        let found = |words: &[&str]| standard(None, &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).0;
        assert_eq!(found(&["email", "sent"]), ["invite.email_sent"]);
        assert!(found(&["the"]).contains(&"message.opened".to_owned()), "Opened the message");
        assert!(found(&["nothing.like"]).is_empty());
    }

    #[test]
    fn the_standard_set_goes_on_and_then_the_others_begin() {
        let (first, last) = (STANDARD_FLAVORS[0].key, STANDARD_FLAVORS[STANDARD_FLAVORS.len() - 1].key);
        for (after, left, met_after) in [
            (None, STANDARD_FLAVORS.len(), None),
            (Some(first), STANDARD_FLAVORS.len() - 1, None),
            (Some(last), 0, None),
            (Some("acme.made"), 0, Some("acme.made")),
        ] {
            let (keys, goes_on) = standard(after, &[]);
            assert_eq!((keys.len(), goes_on.as_deref()), (left, met_after), "{after:?}");
        }
    }
}
