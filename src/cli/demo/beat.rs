//! One activity of the story, as a draft.

use serde_json::{Map, Value, json};
use uuid::Builder;

use super::cast::{EVENT, PARTNERS};
use super::chance::Chance;
use super::step::Step;
use crate::domain::UnixMs;

/// Host of the sample event's pages.
const SITE: &str = "https://expo.example.com";

/// One activity.
#[derive(Debug, Clone, PartialEq)]
pub struct Beat {
    /// When it is sent.
    pub at: UnixMs,
    /// When it was done.
    pub occurred_at: UnixMs,
    /// What.
    pub step: Step,
    /// By whom: a place in [`PARTNERS`].
    pub partner: usize,
    /// About which message.
    pub message: Option<&'static str>,
    /// In which campaign.
    pub campaign: Option<&'static str>,
    /// With what.
    pub user_agent: Option<&'static str>,
    /// The page before, where told.
    pub referrer: Option<&'static str>,
    /// Decides the small things: page, address, properties, id.
    pub salt: u64,
}

impl Beat {
    /// The draft of the activity. With `identified` it has an id that is the same whenever the story is told again.
    pub fn draft(&self, identified: bool) -> Map<String, Value> {
        let mut chance = Chance::new(self.salt);
        let mut draft = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                draft.insert(name.to_owned(), value);
            }
        };
        put("id", identified.then(|| json!(self.id(&mut chance.clone()).to_string())));
        put("flavor", Some(json!(self.step.flavor())));
        put("event", Some(json!(EVENT)));
        put("partner", Some(json!(PARTNERS[self.partner].key)));
        put("message", self.message.map(|m| json!(m)));
        put("campaign", self.campaign.map(|c| json!(c)));
        put("occurred_at", Some(json!(self.occurred_at.to_string())));
        put("source_url", self.source_url(&mut chance).map(|u| json!(u)));
        put("referrer_url", self.referrer.map(|r| json!(r)));
        put("user_agent", self.user_agent.map(|a| json!(a)));
        put("ip", Some(json!(address(&mut chance))));
        put("properties", self.properties(&mut chance));
        draft
    }

    fn id(&self, chance: &mut Chance) -> uuid::Uuid {
        let mut random = [0u8; 10];
        random[..8].copy_from_slice(&chance.number().to_le_bytes());
        random[8..].copy_from_slice(&chance.number().to_le_bytes()[..2]);
        Builder::from_unix_timestamp_millis(self.occurred_at.0.unsigned_abs(), &random).into_uuid()
    }

    fn source_url(&self, chance: &mut Chance) -> Option<String> {
        let partner = PARTNERS[self.partner].key;
        let path = match self.step {
            Step::Sent | Step::Delivered | Step::Scanned | Step::Opened | Step::InviteOpened => return None,
            Step::MessageClicked => format!("/m/{}", self.message.unwrap_or("welcome")),
            Step::Dashboard | Step::DashboardClicked | Step::Shared | Step::Invited => format!("/partners/{partner}/dashboard"),
            Step::Report => format!("/partners/{partner}/report"),
            Step::Downloaded => format!("/partners/{partner}/files"),
            Step::InviteClicked => format!("/i/{partner}"),
            Step::RegistrationStarted | Step::Registered => format!("/register?invite={partner}"),
            Step::Form => format!("/exhibitors/{partner}/meet"),
            Step::AdViewed | Step::AdClicked => "/hall-map".to_owned(),
            Step::Page | Step::PageClicked | Step::Crawled => match chance.between(0, 6) {
                0 => "/program".to_owned(),
                1 => "/speakers".to_owned(),
                2 => "/tickets".to_owned(),
                3 => "/venue".to_owned(),
                _ => format!("/exhibitors/{partner}"),
            },
        };
        Some(format!("{SITE}{path}"))
    }

    fn properties(&self, chance: &mut Chance) -> Option<Value> {
        Some(match self.step {
            Step::Shared => json!({"network": chance.one_of(&["linkedin", "mastodon", "newsletter", "link"])}),
            Step::Downloaded => json!({"file": chance.one_of(&["booth-card.pdf", "logo-pack.zip", "banner-728x90.png"])}),
            Step::Invited => json!({"contacts": chance.between(1, 4)}),
            Step::Form => json!({"form": "meeting request"}),
            Step::Registered => match chance.between(0, 4) {
                0 => json!({"ticket": "vip", "amount": 349}),
                1 => json!({"ticket": "student", "amount": 29}),
                _ => json!({"ticket": "standard", "amount": 149}),
            },
            Step::AdViewed | Step::AdClicked => json!({"placement": chance.one_of(&["hall-map", "sidebar", "program-footer"])}),
            _ => return None,
        })
    }
}

/// An address of the ranges that are kept for documentation (RFC 5737).
fn address(chance: &mut Chance) -> String {
    let net = chance.one_of(&["192.0.2", "198.51.100", "203.0.113"]);
    format!("{net}.{}", chance.between(1, 255))
}

#[cfg(test)]
mod tests {
    use super::{Beat, Step};
    use crate::domain::UnixMs;

    #[test]
    fn a_draft_is_whole_and_the_same_each_time() {
        let beat = Beat {
            at: UnixMs(1_000),
            occurred_at: UnixMs(900),
            step: Step::Registered,
            partner: 0,
            message: None,
            campaign: Some("vip"),
            user_agent: Some("x"),
            referrer: None,
            salt: 7,
        };
        assert_eq!(beat.draft(true), beat.draft(true));
        assert!(!beat.draft(false).contains_key("id"));
        let draft = beat.draft(true);
        assert_eq!(draft["source_url"], "https://expo.example.com/register?invite=acme");
        assert_eq!(draft["occurred_at"], "1970-01-01T00:00:00.900Z");
        assert!(!draft.contains_key("message") && draft["properties"]["amount"].is_u64());
    }
}
