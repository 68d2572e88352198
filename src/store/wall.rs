//! A wall: what hangs in a hall, and how it is shown.

use serde::{Deserialize, Serialize};

use crate::domain::{Events, Key, Mask, UnixMs};

/// Views that a wall shows one after the other at most.
pub const WALL_VIEWS_MAX: usize = 12;

/// What a wall draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Counters, the chart, and the newest in sentences.
    #[default]
    Feed,
    /// Counters with their course, leading partners and flavors.
    Numbers,
    /// Whether the server is well.
    System,
}

/// How far away it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// From 3 metres.
    M,
    /// From 5 metres.
    #[default]
    L,
    /// From 10 metres.
    Xl,
}

/// On which ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Light on dark.
    #[default]
    Dark,
    /// Dark on light.
    Light,
}

impl Layout {
    /// The words used outside.
    pub const WORDS: &[&str] = &["feed", "numbers", "system"];

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Numbers => "numbers",
            Self::System => "system",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Feed, Self::Numbers, Self::System].into_iter().find(|layout| layout.as_str() == word)
    }
}

impl Size {
    /// The words used outside.
    pub const WORDS: &[&str] = &["m", "l", "xl"];

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::M => "m",
            Self::L => "l",
            Self::Xl => "xl",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::M, Self::L, Self::Xl].into_iter().find(|size| size.as_str() == word)
    }
}

impl Theme {
    /// The words used outside.
    pub const WORDS: &[&str] = &["dark", "light"];

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Dark, Self::Light].into_iter().find(|theme| theme.as_str() == word)
    }
}

/// When a wall is dimmed: minutes of the day in its zone, from the one up to the other, over midnight where they turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Night {
    /// The first minute that is dimmed.
    pub from: u16,
    /// The first that is not.
    pub to: u16,
}

/// What hangs over the picture for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// What it says.
    pub text: String,
    /// When it goes by itself.
    pub until: UnixMs,
}

/// All of a wall but its key and name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wall {
    /// What it draws.
    pub layout: Layout,
    /// Keys of its views, in the order that they are shown; none where the layout reads no activities.
    pub views: Vec<Key>,
    /// Seconds that each is shown.
    pub rotate_s: u32,
    /// How far away it is read.
    pub size: Size,
    /// On which ground.
    pub theme: Theme,
    /// What is left out.
    pub mask: Option<Mask>,
    /// IANA time zone; that of the view without it.
    pub zone: Option<String>,
    /// When it is dimmed.
    pub night: Option<Night>,
    /// Language of its words; that of the screen without it.
    pub language: Option<String>,
    /// Percent of the picture that the set cuts off at each edge.
    pub overscan: u8,
    /// What hangs over it.
    pub banner: Option<Banner>,
    /// The events that exist for it: those of whoever made it.
    pub events: Events,
}

/// A wall as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    layout: Layout,
    views: Vec<String>,
    rotate_s: u32,
    size: Size,
    theme: Theme,
    mask: Option<String>,
    zone: Option<String>,
    night: Option<Night>,
    language: Option<String>,
    overscan: u8,
    banner: Option<(String, i64)>,
    event: Option<String>,
}

impl Wall {
    /// As it is kept: the same wall is always the same text.
    pub fn to_json(&self) -> String {
        let Self { layout, views, rotate_s, size, theme, mask, zone, night, language, overscan, banner, events } = self.clone();
        let kept = Kept {
            layout,
            views: views.iter().map(ToString::to_string).collect(),
            rotate_s,
            size,
            theme,
            mask: mask.map(|mask| mask.as_str().to_owned()),
            zone,
            night,
            language,
            overscan,
            banner: banner.map(|banner| (banner.text, banner.until.0)),
            event: events.to_text(),
        };
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let kept: Kept = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let Kept { layout, views, rotate_s, size, theme, mask, zone, night, language, overscan, banner, event } = kept;
        Ok(Self {
            layout,
            views: views.iter().map(|view| Key::trusted(view)).collect(),
            rotate_s,
            size,
            theme,
            // A word that is unknown hides the most.
            mask: mask.map(|word| Mask::parse(&word).unwrap_or(Mask::Names)),
            zone,
            night,
            language,
            overscan,
            banner: banner.map(|(text, until)| Banner { text, until: UnixMs(until) }),
            events: Events::from_text(event.as_deref()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Banner, Layout, Night, Size, Theme, Wall};
    use crate::domain::{Events, Key, Mask, UnixMs};

    #[test]
    fn what_is_kept_reads_back() {
        let wall = Wall {
            layout: Layout::Numbers,
            views: vec![Key::trusted("Opens"), Key::trusted("all-shares")],
            rotate_s: 30,
            size: Size::Xl,
            theme: Theme::Light,
            mask: Some(Mask::Contact),
            zone: Some("Europe/Berlin".to_owned()),
            night: Some(Night { from: 1_320, to: 360 }),
            language: Some("de".to_owned()),
            overscan: 3,
            banner: Some(Banner { text: "Lunch".to_owned(), until: UnixMs(7) }),
            events: Events::only(Key::trusted("expo")),
        };
        for wall in [wall, Wall::default()] {
            assert_eq!(Wall::from_json(&wall.to_json()), Ok(wall));
        }
    }

    #[test]
    fn every_word_reads_back() {
        assert!(Layout::WORDS.iter().all(|word| Layout::parse(word).map(Layout::as_str) == Some(*word)));
        assert!(Size::WORDS.iter().all(|word| Size::parse(word).map(Size::as_str) == Some(*word)));
        assert!(Theme::WORDS.iter().all(|word| Theme::parse(word).map(Theme::as_str) == Some(*word)));
    }
}
