//! Walls: what hangs in a hall, and how it is shown.

use serde::Serialize;
use serde_json::{Value, json};

use super::Noun;
use super::views::Zone;
use crate::api::Api;
use crate::api::authorise::event_forbidden;
use crate::api::error::Problem;
use crate::api::read::rule::{KeyText, Name, OneOf, Rule, Whole};
use crate::api::read::{Fields, Read};
use crate::api::routes::NAMES_BYTES_MAX;
use crate::api::shares::MaskRule;
use crate::auth::Principal;
use crate::domain::{Events, Invalid, Mask, UnixMs};
use crate::store::{At, Banner, Layout, NamedKind, Night, Record, Size, Theme, Thing, WALL_VIEWS_MAX, Wall};

/// Seconds that a view is shown when nothing is said.
const ROTATE_S: u32 = 30;
/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// Languages that walls speak.
const LANGUAGES: &[&str] = &["de", "en"];

/// A wall.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Wall)]
pub struct WallBody {
    /// Its key, as first spelled.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it draws: `feed`, `numbers` or `system`.
    pub layout: &'static str,
    /// Keys of its views, in the order that they are shown.
    pub views: Vec<String>,
    /// Seconds that each is shown.
    pub rotate_s: u32,
    /// From how far it is read: `m` 3, `l` 5, `xl` 10 metres.
    pub size: &'static str,
    /// `dark` or `light`.
    pub theme: &'static str,
    /// What is left out: `contact` or `names`; null leaves out nothing.
    #[schema(required = true)]
    pub mask: Option<&'static str>,
    /// IANA time zone; null is that of the view, or else UTC.
    #[schema(required = true)]
    pub zone: Option<String>,
    /// When it is dimmed.
    #[schema(required = true)]
    pub night: Option<NightBody>,
    /// Language of its words; null is that of the screen.
    #[schema(required = true)]
    pub language: Option<String>,
    /// Percent of the picture that the set cuts off at each edge.
    pub overscan: u8,
    /// What hangs over it.
    #[schema(required = true)]
    pub banner: Option<BannerBody>,
}

/// When a wall is dimmed, in its zone; over midnight where they turn.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Night)]
pub struct NightBody {
    /// `22:00`: from then on.
    from: String,
    /// `06:30`: up to then.
    to: String,
}

/// What hangs over a wall for a while.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Banner)]
pub struct BannerBody {
    /// What it says.
    text: String,
    /// When it goes by itself.
    #[schema(format = DateTime)]
    until: String,
}

impl From<Banner> for BannerBody {
    fn from(banner: Banner) -> Self {
        Self { text: banner.text, until: banner.until.to_string() }
    }
}

/// What is sent.
pub struct WallDraft {
    name: String,
    wall: Wall,
}

/// Two times of a day.
struct NightRule;
/// A text with an end.
struct BannerRule;

impl Rule for NightRule {
    type Out = Night;

    fn read(&self, value: &Value) -> Result<Night, Invalid> {
        let fields = value.as_object().filter(|fields| fields.len() == 2);
        let time = |name: &str| fields.and_then(|fields| fields.get(name)).and_then(Value::as_str).and_then(minute);
        match (time("from"), time("to")) {
            (Some(from), Some(to)) => Ok(Night { from, to }),
            _ => Err(Invalid::one("", "night_form", r#"must be two times, as in {"from":"22:00","to":"06:30"}"#)),
        }
    }

    fn schema(&self) -> Value {
        let time = json!({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"});
        json!({"type": "object", "properties": {"from": time, "to": time}, "required": ["from", "to"], "additionalProperties": false})
    }
}

impl Rule for BannerRule {
    type Out = Banner;

    fn read(&self, value: &Value) -> Result<Banner, Invalid> {
        let form =
            || Invalid::one("", "banner_form", r#"must be a text and its end, as in {"text":"Lunch","until":"2026-11-26T13:00:00Z"}"#);
        let fields = value.as_object().filter(|fields| fields.len() == 2).ok_or_else(form)?;
        let text = Name.read(fields.get("text").ok_or_else(form)?).map_err(|fault| fault.under("text"))?;
        let until = fields.get("until").and_then(Value::as_str).ok_or_else(form)?;
        Ok(Banner { text, until: UnixMs::parse(until).map_err(|fault| fault.under("until"))? })
    }

    fn schema(&self) -> Value {
        let until = json!({"type": "string", "format": "date-time"});
        json!({"type": "object", "properties": {"text": Name.schema(), "until": until}, "required": ["text", "until"],
            "additionalProperties": false})
    }
}

/// `22:00` as a minute of the day.
pub(super) fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
    let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
    (hour * 60 + minute < DAY && minute < 60).then_some(hour * 60 + minute)
}

pub(super) fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

impl Read for WallDraft {
    const NAME: &'static str = "WallDraft";
    const ABOUT: &'static str = "A wall as it is sent: a feed of at least one view, unless it says otherwise.";

    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", Name, "What people call it.");
        let layout = fields.optional("layout", OneOf(Layout::WORDS), "What it draws; `feed` without it.");
        let layout = layout.and_then(Layout::parse).unwrap_or_default();
        let mut views = Vec::new();
        for view in fields.list(
            "views",
            KeyText,
            WALL_VIEWS_MAX,
            "Keys of its views, none of them private, in the order that they are shown; the layout `system` has none.",
        ) {
            if !views.contains(&view) {
                views.push(view);
            }
        }
        let rotate = Whole { least: 5, most: 3_600 };
        let rotate_s = fields.optional("rotate_s", rotate, "Seconds that each view is shown; 30 without it.").unwrap_or(ROTATE_S);
        let size = fields.optional("size", OneOf(Size::WORDS), "From how far it is read: `m` 3, `l` 5, `xl` 10 metres; `l` without it.");
        let theme = fields.optional("theme", OneOf(Theme::WORDS), "`dark`, as without it, or `light`.");
        const MASK: &str =
            "What is left out: `\"contact\"` (or true), `\"names\"`, or nothing with false. Where visitors see it, `\"names\"`.";
        let mask = fields.optional("mask", MaskRule, MASK).flatten();
        let zone = fields.optional("zone", Zone, "IANA time zone; that of the view without it, or else UTC.");
        let night = fields.optional("night", NightRule, "When it is dimmed, in its zone.");
        let language = fields.optional("language", OneOf(LANGUAGES), "Language of its words; that of the screen without it.");
        let overscan =
            fields.optional("overscan", Whole { least: 0, most: 10 }, "Percent of the picture that the set cuts off at each edge.");
        let banner = fields.optional("banner", BannerRule, "What hangs over it for a while.");
        if layout != Layout::System && views.is_empty() && fields.is_fine() {
            fields.fault("views", "no_view", "name at least one view; a wall of the layout system alone needs none");
        }
        // It shows no activities, and its screens read none.
        if layout == Layout::System {
            views.clear();
        }
        let wall = Wall {
            layout,
            views,
            rotate_s,
            size: size.and_then(Size::parse).unwrap_or_default(),
            theme: theme.and_then(Theme::parse).unwrap_or_default(),
            mask,
            zone,
            night,
            language: language.map(str::to_owned),
            overscan: overscan.and_then(|percent| u8::try_from(percent).ok()).unwrap_or_default(),
            banner,
            events: Events::ALL,
        };
        Some(Self { name: name?, wall })
    }
}

/// The noun.
pub struct Walls;

impl WallBody {
    /// A wall as it is read.
    pub fn of(key: String, name: String, wall: Wall) -> Self {
        let Wall { layout, views, rotate_s, size, theme, mask, zone, night, language, overscan, banner, .. } = wall;
        Self {
            key,
            name,
            layout: layout.as_str(),
            views: views.iter().map(ToString::to_string).collect(),
            rotate_s,
            size: size.as_str(),
            theme: theme.as_str(),
            mask: mask.map(Mask::as_str),
            zone,
            night: night.map(|night| NightBody { from: clock(night.from), to: clock(night.to) }),
            language,
            overscan,
            banner: banner.map(BannerBody::from),
        }
    }
}

impl Noun for Walls {
    const KIND: NamedKind = NamedKind::Wall;
    const LIST: &'static str = "/v1/walls";
    const ONE: &'static str = "/v1/walls/{wall}";
    const A: &'static str = "a wall";
    const MANY: &'static str = "walls";
    const BODY_BYTES_MAX: usize = NAMES_BYTES_MAX;
    const IS_CHECKED: bool = true;
    type Draft = WallDraft;
    type Body = WallBody;

    fn thing(draft: WallDraft, by: &Principal) -> Thing {
        let WallDraft { name, mut wall } = draft;
        wall.events = by.grant.events.clone();
        Thing::Wall { name, wall: Box::new(wall) }
    }

    fn body(record: Record) -> Option<WallBody> {
        let Thing::Wall { name, wall } = record.thing else { return None };
        Some(WallBody::of(record.key.to_string(), name, *wall))
    }

    /// Who is bound to events sees the walls of those who are.
    fn is_seen(record: &Record, by: &Principal) -> bool {
        let Thing::Wall { wall, .. } = &record.thing else { return false };
        by.grant.events.cover(&wall.events)
    }

    fn check(_: Option<&Thing>, now: Option<&Record>, by: &Principal) -> Result<(), Problem> {
        match now.filter(|now| !Self::is_seen(now, by)) {
            Some(_) => Err(event_forbidden(&by.grant.events, "walls of other events, or of all")),
            None => Ok(()),
        }
    }

    /// Its screens read by it: those that are open come back by what it says now.
    async fn follow(api: &Api, at: &At, _: bool, _: Option<&mut WallBody>) -> Result<(), Problem> {
        let screens = api.store.keyring.screens(at.workspace).await?;
        let of_it: Vec<i64> = screens.iter().filter(|screen| screen.wall.as_ref() == Some(&at.key)).map(|screen| screen.number).collect();
        if !of_it.is_empty() {
            api.readers.revoked(&of_it);
        }
        Ok(())
    }
}
