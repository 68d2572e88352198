//! Alerts: what is told to whom, when a view or the server itself is not as it should be.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Noun;
use super::channels::begin;
use super::views::Zone;
use super::walls::{clock, minute};
use crate::api::Api;
use crate::api::authorise::event_forbidden;
use crate::api::error::Problem;
use crate::api::read::rule::{Flag, KeyText, Name, Rule, Whole};
use crate::api::read::{Fields, Read};
use crate::api::routes::NAMES_BYTES_MAX;
use crate::auth::Principal;
use crate::consumers::alerts::Stands;
use crate::domain::{Events, Invalid, Key, UnixMs};
use crate::store::{Alert, At, Between, COUNT_MAX, FirstBy, Mute, NamedKind, Record, STEPS_MAX, TO_MAX, Then, Thing, When};

/// Seconds between two notices of an alert where nothing is said.
const COOLDOWN_S: u32 = 300;
/// Seconds that an alert looks back at most: a week.
const SPAN_S_MAX: u32 = 7 * 86_400;

/// An alert, with how it stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Alert)]
pub struct AlertBody {
    /// Its key, as first spelled.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Key of the view that it looks at; null where it is about the server.
    #[schema(required = true)]
    pub view: Option<String>,
    /// When it fires: one of `{"count","within_s"}`, `{"silent_s"}`, `{"first_by"}`, `{"source_silent"}`, `{"pulse":true}`.
    #[schema(value_type = Object)]
    pub when: Value,
    /// Keys of the channels that are told.
    pub to: Vec<String>,
    /// Seconds between two notices that it fires.
    pub cooldown_s: u32,
    /// The hours in which it stands; null is always.
    #[schema(required = true)]
    pub between: Option<BetweenBody>,
    /// False while it rests.
    pub enabled: bool,
    /// What to do when it fires.
    #[schema(required = true)]
    pub note: Option<String>,
    /// Whom else to tell while nobody has acknowledged.
    pub then: Vec<ThenBody>,
    /// `ok` or `firing`.
    pub state: &'static str,
    /// Since when it is so; null until it was first looked at.
    #[schema(required = true, format = DateTime)]
    pub since: Option<String>,
    /// Why it fires, for people.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// How many it counts now, as many as it counts to: activities within its time, new values, silent sources.
    pub count: u64,
    /// When somebody was last told that it fires.
    #[schema(required = true, format = DateTime)]
    pub last_notified_at: Option<String>,
    /// Who is on it.
    #[schema(required = true)]
    pub acknowledged_by: Option<String>,
    /// Since when.
    #[schema(required = true, format = DateTime)]
    pub acknowledged_at: Option<String>,
    /// Why nobody is told for a while.
    #[schema(required = true)]
    pub mute: Option<MuteBody>,
    /// When the last activity of its view came, as far as it has to know that.
    #[schema(required = true, format = DateTime)]
    pub last_at: Option<String>,
}

/// The hours in which an alert stands; over midnight where they turn.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Between)]
pub struct BetweenBody {
    /// `09:00`: from then on.
    from: String,
    /// `17:30`: up to then.
    to: String,
    /// IANA time zone.
    zone: String,
}

/// Whom else to tell.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Then)]
pub struct ThenBody {
    /// Seconds since it fires.
    after_s: u32,
    /// Keys of channels.
    to: Vec<String>,
}

/// Why nobody is told.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Mute)]
pub struct MuteBody {
    /// Until when.
    #[schema(format = DateTime)]
    pub until: String,
    /// Why.
    pub why: String,
    /// Who said so.
    pub by: String,
}

impl MuteBody {
    /// As it is read, while it counts.
    pub fn of(mute: Option<Mute>, now: UnixMs) -> Option<Self> {
        let Mute { until_ms, why, by } = mute.filter(|mute| mute.until_ms > now.0)?;
        Some(Self { until: UnixMs(until_ms).to_string(), why, by })
    }
}

/// What is sent.
pub struct AlertDraft {
    name: String,
    alert: Alert,
}

/// When an alert fires, in one of five forms.
struct WhenRule;
/// Hours of a day in a zone.
struct BetweenRule;
/// Whom else to tell.
struct ThenRule;

const SPAN: Whole = Whole { least: 1, most: SPAN_S_MAX };
const COUNT: Whole = Whole { least: 1, most: COUNT_MAX };

fn exactly<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Map<String, Value>> {
    value.as_object().filter(|fields| fields.len() == names.len() && names.iter().all(|name| fields.contains_key(*name)))
}

impl Rule for WhenRule {
    type Out = When;

    fn read(&self, value: &Value) -> Result<When, Invalid> {
        let of =
            |fields: &Map<String, Value>, name: &'static str, rule: &Whole| rule.read(&fields[name]).map_err(|fault| fault.under(name));
        if let Some(fields) = exactly(value, &["count", "within_s"]) {
            let (count, within_s) = (of(fields, "count", &COUNT)?, of(fields, "within_s", &SPAN)?);
            return Ok(When::Count { count, within_s });
        }
        if let Some(fields) = exactly(value, &["silent_s"]) {
            return Ok(When::Silent(of(fields, "silent_s", &SPAN)?));
        }
        if let Some(fields) = exactly(value, &["first_by"]) {
            let field = fields["first_by"].as_str().and_then(FirstBy::parse);
            return field
                .map(When::FirstBy)
                .ok_or_else(|| Invalid::one("first_by", "unknown_word", format!("must be one of: {}", FirstBy::WORDS.join(" "))));
        }
        if let Some(fields) = exactly(value, &["source_silent"]) {
            let name = Name.read(&fields["source_silent"]).map_err(|fault| fault.under("source_silent"))?;
            return Ok(When::SourceSilent(Some(name).filter(|name| name != "any")));
        }
        if exactly(value, &["pulse"]).is_some_and(|fields| fields["pulse"] == true) {
            return Ok(When::Pulse);
        }
        const FORM: &str = r#"must be one of {"count":n,"within_s":s}, {"silent_s":s}, {"first_by":"partner"}, {"source_silent":NAME or "any"}, {"pulse":true}"#;
        Err(Invalid::one("", "when_form", FORM))
    }

    fn schema(&self) -> Value {
        let one = |properties: Value| {
            let required: Vec<_> = properties.as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect();
            json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
        };
        json!({"oneOf": [
            one(json!({"count": COUNT.schema(), "within_s": SPAN.schema()})),
            one(json!({"silent_s": SPAN.schema()})),
            one(json!({"first_by": {"type": "string", "enum": FirstBy::WORDS}})),
            one(json!({"source_silent": Name.schema()})),
            one(json!({"pulse": {"type": "boolean", "enum": [true]}})),
        ]})
    }
}

impl Rule for BetweenRule {
    type Out = Between;

    fn read(&self, value: &Value) -> Result<Between, Invalid> {
        let fields = value.as_object();
        let known = fields.is_some_and(|fields| fields.keys().all(|name| ["from", "to", "zone"].contains(&name.as_str())));
        let time = |name: &str| fields.and_then(|fields| fields.get(name)).and_then(Value::as_str).and_then(minute);
        let zone = fields.and_then(|fields| fields.get("zone")).filter(|zone| !zone.is_null());
        let zone = zone.map(|zone| Zone.read(zone).map_err(|fault| fault.under("zone"))).transpose()?;
        match (time("from"), time("to")) {
            (Some(from), Some(to)) if known => Ok(Between { from, to, zone: zone.unwrap_or_else(|| "UTC".to_owned()) }),
            _ => Err(Invalid::one(
                "",
                "between_form",
                r#"must be two times and a zone, as in {"from":"09:00","to":"17:30","zone":"Europe/Berlin"}"#,
            )),
        }
    }

    fn schema(&self) -> Value {
        let time = json!({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"});
        json!({"type": "object", "properties": {"from": time, "to": time, "zone": Zone.schema()}, "required": ["from", "to"],
            "additionalProperties": false})
    }
}

impl Rule for ThenRule {
    type Out = Then;

    fn read(&self, value: &Value) -> Result<Then, Invalid> {
        let form = || Invalid::one("", "then_form", r#"must say when and whom, as in {"after_s":600,"to":["lead"]}"#);
        let fields = exactly(value, &["after_s", "to"]).ok_or_else(form)?;
        let after_s = SPAN.read(&fields["after_s"]).map_err(|fault| fault.under("after_s"))?;
        let to = fields["to"].as_array().filter(|to| (1..=TO_MAX).contains(&to.len())).ok_or_else(form)?;
        let to = to.iter().enumerate().map(|(at, one)| KeyText.read(one).map_err(|fault| fault.under(&format!("to[{at}]"))));
        Ok(Then { after_s, to: to.collect::<Result<_, _>>()? })
    }

    fn schema(&self) -> Value {
        let to = json!({"type": "array", "items": KeyText.schema(), "minItems": 1, "maxItems": TO_MAX});
        json!({"type": "object", "properties": {"after_s": SPAN.schema(), "to": to}, "required": ["after_s", "to"],
            "additionalProperties": false})
    }
}

impl Read for AlertDraft {
    const NAME: &'static str = "AlertDraft";
    const ABOUT: &'static str = "An alert as it is sent.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", Name, "What people call it, and what a notice begins with.");
        let view = fields.optional("view", KeyText, "Key of the view that it looks at, not a private one; of the server, none.");
        const WHEN: &str = "When it fires: so many activities of the view, at least, within so many seconds; none for so long; a value that no \
            activity of the view had before; who sends by the key of this name, or anybody, broke its rhythm; nothing can be stored or delivered. \
            Times are those of receipt.";
        let when = fields.required("when", WhenRule, WHEN);
        let to = fields.list("to", KeyText, TO_MAX, "Keys of the channels that are told.");
        let cooldown = Whole { least: 0, most: SPAN_S_MAX };
        let cooldown_s = fields.optional("cooldown_s", cooldown, "Seconds between two notices that it fires; 300 without it.");
        let between = fields.optional(
            "between",
            BetweenRule,
            "The hours in which it stands; always without it. Silence counts from their beginning.",
        );
        let enabled = fields.optional("enabled", Flag, "False to let it rest.").unwrap_or(true);
        let note = fields.optional("note", Name, "What to do when it fires, in your words.");
        let then = fields.list("then", ThenRule, STEPS_MAX, "Whom else to tell while nobody has acknowledged, in the order of time.");
        if let Some(when) = &when {
            match (when.is_of_view(), view.is_some()) {
                (true, false) => fields.fault("view", "view_or_server", "is required: the view whose activities it looks at"),
                (false, true) => fields.fault("view", "view_or_server", "is of no use here: this is about the server; leave it out"),
                _ => {}
            }
        }
        if then.windows(2).any(|two| two[0].after_s >= two[1].after_s) {
            fields.fault("then", "not_in_order", "must be in the order of time, each later than the one before");
        }
        let cooldown_s = cooldown_s.unwrap_or(COOLDOWN_S);
        let alert = Alert { view, when: when?, to: each_once(to), cooldown_s, between, enabled, note, then, events: Events::ALL };
        Some(Self { name: name?, alert })
    }
}

fn each_once(keys: Vec<Key>) -> Vec<Key> {
    let mut once: Vec<Key> = Vec::new();
    for key in keys {
        if !once.contains(&key) {
            once.push(key);
        }
    }
    once
}

fn when_of(when: &When) -> Value {
    match when {
        When::Count { count, within_s } => json!({"count": count, "within_s": within_s}),
        When::Silent(silent_s) => json!({"silent_s": silent_s}),
        When::FirstBy(field) => json!({"first_by": field.as_str()}),
        When::SourceSilent(name) => json!({"source_silent": name.as_deref().unwrap_or("any")}),
        When::Pulse => json!({"pulse": true}),
    }
}

/// The noun.
pub struct AlertsNoun;

impl Noun for AlertsNoun {
    const KIND: NamedKind = NamedKind::Alert;
    const LIST: &'static str = "/v1/alerts";
    const ONE: &'static str = "/v1/alerts/{alert}";
    const A: &'static str = "an alert";
    const MANY: &'static str = "alerts";
    const BODY_BYTES_MAX: usize = NAMES_BYTES_MAX;
    const IS_CHECKED: bool = true;
    const IS_LIVE: bool = true;
    type Draft = AlertDraft;
    type Body = AlertBody;

    fn thing(draft: AlertDraft, by: &Principal) -> Thing {
        let AlertDraft { name, mut alert } = draft;
        alert.events = by.grant.events.clone();
        Thing::Alert { name, alert: Box::new(alert) }
    }

    fn body(record: Record) -> Option<AlertBody> {
        let Thing::Alert { name, alert } = record.thing else { return None };
        let Alert { view, when, to, cooldown_s, between, enabled, note, then, .. } = *alert;
        let words = |keys: Vec<Key>| keys.iter().map(ToString::to_string).collect();
        Some(AlertBody {
            key: record.key.to_string(),
            name,
            view: view.map(|view| view.to_string()),
            when: when_of(&when),
            to: words(to),
            cooldown_s,
            between: between.map(|hours| BetweenBody { from: clock(hours.from), to: clock(hours.to), zone: hours.zone }),
            enabled,
            note,
            then: then.into_iter().map(|then| ThenBody { after_s: then.after_s, to: words(then.to) }).collect(),
            state: "ok",
            since: None,
            reason: None,
            count: 0,
            last_notified_at: None,
            acknowledged_by: None,
            acknowledged_at: None,
            mute: None,
            last_at: None,
        })
    }

    /// Who is bound to events sees the alerts of those who are.
    fn is_seen(record: &Record, by: &Principal) -> bool {
        let Thing::Alert { alert, .. } = &record.thing else { return false };
        by.grant.events.cover(&alert.events)
    }

    fn check(new: Option<&Thing>, now: Option<&Record>, by: &Principal) -> Result<(), Problem> {
        let bound = &by.grant.events;
        if bound.is_all() {
            return Ok(());
        }
        if now.is_some_and(|now| !Self::is_seen(now, by)) {
            return Err(event_forbidden(bound, "alerts of other events, or of all"));
        }
        match new {
            Some(Thing::Alert { alert, .. }) if !alert.when.is_of_view() => Err(event_forbidden(bound, "alerts about the server")),
            _ => Ok(()),
        }
    }

    fn tell(api: &Api, at: &At, body: &mut AlertBody) {
        let Some(stands) = api.alerts.stands(at.workspace, &at.key) else { return };
        let Stands { is_firing, since, reason, count, notified_at, acknowledged, mute, last_at } = stands;
        body.state = if is_firing { "firing" } else { "ok" };
        (body.since, body.count, body.reason) = (Some(since.to_string()), count, Some(reason).filter(|_| is_firing));
        body.last_notified_at = notified_at.map(|at| at.to_string());
        if let Some((by, at)) = acknowledged {
            (body.acknowledged_by, body.acknowledged_at) = (Some(by), Some(at.to_string()));
        }
        body.mute = MuteBody::of(mute, api.clock.now());
        body.last_at = last_at.map(|at| at.to_string());
    }

    async fn follow(api: &Api, at: &At, created: bool, _: Option<&mut AlertBody>) -> Result<(), Problem> {
        begin(api, at, created.then(|| at.key.clone())).await;
        Ok(())
    }
}
