//! Who and what is in the sample event. All companies are invented.

/// Key of the sample event.
pub const EVENT: &str = "expo-2026";
/// Name of the sample event.
pub const EVENT_NAME: &str = "Expo 2026";

/// A partner of the sample event.
#[derive(Debug)]
pub struct Partner {
    /// Its key.
    pub key: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its company.
    pub company: &'static str,
    /// Its tags.
    pub tags: &'static [&'static str],
    /// How busy it is: 0 never does anything, 5 a lot.
    pub busy: u8,
}

/// A message of the sample event.
#[derive(Debug)]
pub struct Message {
    /// Its key.
    pub key: &'static str,
    /// Its subject.
    pub subject: &'static str,
    /// Partners with this tag get it; everybody where there is none.
    pub tag: Option<&'static str>,
    /// When it went out, in hours before the end of the history.
    pub hours_ago: i64,
}

/// A campaign of the sample event: key and name.
pub const CAMPAIGNS: &[(&str, &str)] = &[("early-bird", "Early bird invites"), ("vip", "VIP evening")];

/// Messages of the sample event.
pub const MESSAGES: &[Message] = &[
    Message { key: "welcome", subject: "Welcome to Expo 2026", tag: None, hours_ago: 150 },
    Message { key: "booth-guide", subject: "Your booth guide", tag: Some("exhibitor"), hours_ago: 100 },
    Message { key: "share-kit", subject: "Your share kit is ready", tag: Some("sponsor"), hours_ago: 52 },
];

const fn partner(key: &'static str, name: &'static str, company: &'static str, tags: &'static [&'static str], busy: u8) -> Partner {
    Partner { key, name, company, tags, busy }
}

const GOLD: &[&str] = &["sponsor", "gold", "exhibitor"];
const SILVER: &[&str] = &["sponsor", "silver"];
const BOOTH: &[&str] = &["exhibitor"];
const FIRST: &[&str] = &["exhibitor", "first-timer"];
const SPEAKER: &[&str] = &["speaker"];
const MEDIA: &[&str] = &["media"];

/// Partners of the sample event.
pub const PARTNERS: &[Partner] = &[
    partner("acme", "Acme Inc", "Acme", GOLD, 5),
    partner("globex", "Globex Corporation", "Globex", GOLD, 5),
    partner("auroralabs", "Aurora Labs", "Aurora Laboratories", GOLD, 4),
    partner("bluefern", "Bluefern Robotics", "Bluefern", GOLD, 4),
    partner("cobaltfinch", "Cobalt & Finch", "Cobalt & Finch LLP", SILVER, 3),
    partner("deltaworks", "Deltaworks Optics", "Deltaworks", SILVER, 3),
    partner("emberline", "Emberline", "Emberline Energy", SILVER, 4),
    partner("farholm", "Farholm Logistics", "Farholm", SILVER, 2),
    partner("greyharbor", "Grey Harbor Press", "Grey Harbor", MEDIA, 3),
    partner("halcyonbio", "Halcyon Bio", "Halcyon Biosciences", BOOTH, 3),
    partner("ironbark", "Ironbark Tools", "Ironbark", BOOTH, 2),
    partner("juniperdata", "Juniper Data Co-op", "Juniper Data", BOOTH, 4),
    partner("kitewell", "Kitewell", "Kitewell Systems", BOOTH, 3),
    partner("lumenara", "Lumenara", "Lumenara Lighting", BOOTH, 2),
    partner("marrowstone", "Marrowstone Foods", "Marrowstone", BOOTH, 1),
    partner("nordlys", "Nordlys Forlag", "Nordlys", MEDIA, 2),
    partner("oakandiron", "Oak & Iron", "Oak & Iron GmbH", BOOTH, 2),
    partner("pinecrest", "Pinecrest Health", "Pinecrest", BOOTH, 3),
    partner("quillon", "Quillon Security", "Quillon", SILVER, 4),
    partner("redmesa", "Red Mesa Mapping", "Red Mesa", FIRST, 2),
    partner("saltmarsh", "Saltmarsh Ceramics", "Saltmarsh", FIRST, 1),
    partner("tidewater", "Tidewater Instruments", "Tidewater", BOOTH, 2),
    partner("umbral", "Umbral Audio", "Umbral", FIRST, 3),
    partner("vantablue", "Vantablue", "Vantablue Paints", BOOTH, 1),
    partner("wrenfield", "Wrenfield University", "Wrenfield", SPEAKER, 2),
    partner("xylotek", "Xylotek", "Xylotek Materials", FIRST, 2),
    partner("yarrowmill", "Yarrow Mill", "Yarrow Mill Textiles", BOOTH, 1),
    partner("zephyrline", "Zephyrline", "Zephyrline Air", SILVER, 3),
    partner("altostrata", "Altostrata", "Altostrata Weather", SPEAKER, 2),
    partner("birchgate", "Birchgate Legal", "Birchgate", BOOTH, 0),
    partner("cinderpath", "Cinderpath Games", "Cinderpath", FIRST, 4),
    partner("duskwood", "Duskwood Films", "Duskwood", MEDIA, 1),
    partner("eastquay", "East Quay Catering", "East Quay", BOOTH, 0),
    partner("fjordnet", "Fjordnet", "Fjordnet AS", BOOTH, 2),
    partner("glasspoint", "Glasspoint Analytics", "Glasspoint", SPEAKER, 3),
    partner("hartmoor", "Hartmoor Cycles", "Hartmoor", FIRST, 2),
    partner("inkwell", "Inkwell Weekly", "Inkwell", MEDIA, 2),
    partner("jadepeak", "Jadepeak 翠峰", "Jadepeak", FIRST, 1),
    partner("kleinstadt", "Kleinstadt Straßenbau", "Kleinstadt", BOOTH, 0),
    partner("lodestar", "Lodestar Travel", "Lodestar", SILVER, 0),
];

impl Message {
    /// Places in [`PARTNERS`] of those who get it.
    pub fn recipients(&self) -> impl Iterator<Item = usize> {
        let tag = self.tag;
        PARTNERS.iter().enumerate().filter(move |(_, p)| tag.is_none_or(|tag| p.tags.contains(&tag))).map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{CAMPAIGNS, EVENT, MESSAGES, PARTNERS};
    use crate::domain::Key;

    #[test]
    fn keys_are_keys_and_unique() {
        let keys = PARTNERS.iter().map(|p| p.key);
        let all: Vec<_> = keys.chain(MESSAGES.iter().map(|m| m.key)).chain(CAMPAIGNS.iter().map(|c| c.0)).chain([EVENT]).collect();
        assert!(all.iter().all(|k| Key::parse(k).is_ok()));
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        assert_eq!(PARTNERS.len(), 40);
    }

    #[test]
    fn every_message_has_recipients() {
        for message in MESSAGES {
            assert!(message.recipients().count() >= 8, "{}", message.key);
        }
    }
}
