//! Views: a filter set with a name, kept for the team or for oneself.

use serde::Serialize;
use serde_json::{Value, json};

use super::Noun;
use super::channels::begin;
use crate::api::Api;
use crate::api::authorise::{event_forbidden, right_missing};
use crate::api::buckets::parse_zone;
use crate::api::error::{PRECONDITION_FAILED, Problem};
use crate::api::read::rule::{Flag, KeyText, Name, OneOf, Rule};
use crate::api::read::{Fields, Read};
use crate::auth::{Principal, Right};
use crate::domain::Invalid;
use crate::domain::limits::FILTER_BYTES_MAX;
use crate::export::Column;
use crate::filter::FilterSet;
use crate::store::{At, NamedKind, Record, Thing, View};

/// Bytes of a view: a filter set at its limit, every letter of it escaped, and little else.
const VIEW_BYTES_MAX: usize = 6 * FILTER_BYTES_MAX + 16 * 1024;
/// What a list may show of an activity.
const COLUMNS: &[&str] = Column::WORDS;
/// Widths of a chart's buckets.
const CHARTS: &[&str] = &["minute", "hour", "day"];

/// A view.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = View)]
pub struct ViewBody {
    /// Its key, as first spelled.
    key: String,
    /// Its name.
    name: String,
    /// `feed`: a view of activities.
    kind: &'static str,
    /// Key of the one event that it is of; null is all.
    #[schema(required = true)]
    event: Option<String>,
    /// Which activities are in it, in canonical form.
    #[schema(value_type = crate::api::sent::FilterSetDoc)]
    filter: FilterSet,
    /// What a list shows of each, in this order; empty is the usual.
    columns: Vec<String>,
    /// Width of the chart's buckets: `minute`, `hour` or `day`; null is no chart.
    #[schema(required = true)]
    chart: Option<String>,
    /// IANA time zone; null is that of the event, or else UTC.
    #[schema(required = true)]
    zone: Option<String>,
    /// True for one that only its maker sees.
    private: bool,
    /// True for the one that is shown first for its event.
    default: bool,
}

/// What is sent.
pub struct ViewDraft {
    name: String,
    view: View,
    private: bool,
}

/// A filter set.
pub(in crate::api) struct Filter;
/// An IANA time zone.
pub(super) struct Zone;

impl Rule for Filter {
    type Out = FilterSet;

    fn read(&self, value: &Value) -> Result<FilterSet, Invalid> {
        FilterSet::from_json(value)
    }

    fn schema(&self) -> Value {
        json!({"type": "object"})
    }
}

impl Rule for Zone {
    type Out = String;

    fn read(&self, value: &Value) -> Result<String, Invalid> {
        let text = value.as_str().ok_or_else(|| Invalid::one("", "not_text", "must be text"))?;
        parse_zone(text).map(|_| text.to_owned())
    }

    fn schema(&self) -> Value {
        json!({"type": "string", "maxLength": 64, "pattern": "^[A-Za-z][A-Za-z0-9_+/-]*$", "format": "iana-time-zone"})
    }
}

impl Read for ViewDraft {
    const NAME: &'static str = "ViewDraft";
    const ABOUT: &'static str = "A view as it is sent: what is left out is as in an empty one.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", Name, "What people read.");
        fields.optional("kind", OneOf(&["feed"]), "`feed`: a view of activities, as when left out.");
        let event = fields.optional("event", KeyText, "Key of the one event that it is of; all without it.");
        let filter = fields.optional("filter", Filter, "A FilterSet; everything without it.").unwrap_or_default();
        let mut columns: Vec<String> = Vec::new();
        for column in fields.list("columns", OneOf(COLUMNS), COLUMNS.len(), "What a list shows of each, in this order.") {
            if !columns.iter().any(|known| known == column) {
                columns.push(column.to_owned());
            }
        }
        let chart = fields.optional("chart", OneOf(CHARTS), "Width of the chart's buckets.").map(str::to_owned);
        let zone = fields.optional("zone", Zone, "IANA time zone; that of the event without it, or else UTC.");
        let private = fields.optional("private", Flag, "True for one that only you see.").unwrap_or_default();
        let default = fields.optional("default", Flag, "True for the one that is shown first for its event.").unwrap_or_default();
        let view = View { event, filter, columns, chart, zone, owner: None, default };
        Some(Self { name: name?, view, private })
    }
}

/// The noun.
pub struct Views;

impl Noun for Views {
    /// Alerts that look at it look at what it says now.
    async fn follow(api: &Api, at: &At, _: bool, _: Option<&mut ViewBody>) -> Result<(), Problem> {
        if api.alerts.has(at.workspace) {
            begin(api, at, None).await;
        }
        Ok(())
    }

    const KIND: NamedKind = NamedKind::View;
    const LIST: &'static str = "/v1/views";
    const ONE: &'static str = "/v1/views/{view}";
    const A: &'static str = "a view";
    const MANY: &'static str = "views";
    const BODY_BYTES_MAX: usize = VIEW_BYTES_MAX;
    const IS_CHECKED: bool = true;
    type Draft = ViewDraft;
    type Body = ViewBody;

    fn thing(draft: ViewDraft, by: &Principal) -> Thing {
        let ViewDraft { name, mut view, private } = draft;
        view.owner = private.then(|| View::owner_of(by.actor));
        Thing::View { name, view: Box::new(view) }
    }

    fn body(record: Record) -> Option<ViewBody> {
        let Thing::View { name, view } = record.thing else { return None };
        let View { event, filter, columns, chart, zone, owner, default } = *view;
        let event = event.map(|event| event.to_string());
        Some(ViewBody {
            key: record.key.to_string(),
            name,
            kind: "feed",
            event,
            filter,
            columns,
            chart,
            zone,
            private: owner.is_some(),
            default,
        })
    }

    /// A private one exists for its maker; one that is of another event, or names one, does not exist for who is bound to an event.
    fn is_seen(record: &Record, by: &Principal) -> bool {
        let Thing::View { view, .. } = &record.thing else { return false };
        view.is_seen_by(by.actor, &by.grant.events)
    }

    fn check(new: Option<&Thing>, now: Option<&Record>, by: &Principal) -> Result<(), Problem> {
        if now.is_some_and(|now| !Self::is_seen(now, by)) {
            return Err(Problem::invalid(
                PRECONDITION_FAILED,
                Invalid::one("view", "key_taken", "a view that you do not see has this key; choose another"),
            ));
        }
        for thing in new.into_iter().chain(now.map(|now| &now.thing)) {
            let Thing::View { view, .. } = thing else { continue };
            if view.owner.is_none() && !by.grant.rights.has(Right::Views) {
                return Err(right_missing(by, Right::Views));
            }
            if !view.is_within(&by.grant.events, false) {
                return Err(event_forbidden(&by.grant.events, "views of other events, or of all"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::COLUMNS;

    /// A column is a field of the activity as it is read, or the company of its partner.
    #[test]
    fn columns_are_of_the_activity() {
        let document = crate::api::openapi::built();
        let fields = &document["components"]["schemas"]["Activity"]["properties"];
        for column in COLUMNS.iter().filter(|column| **column != "company") {
            assert!(fields[*column].is_object(), "{column}");
        }
    }
}
