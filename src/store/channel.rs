//! A channel: a way to tell somebody, outside of Tidings.

use serde::{Deserialize, Serialize};

/// Addresses that one mail goes to at most.
pub const MAIL_TO_MAX: usize = 20;
/// Channels of one workspace.
pub const CHANNELS_MAX: usize = 200;

/// How a channel tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// JSON, signed as webhooks are.
    Webhook,
    /// An incoming webhook of Slack, or by a body of one's own of Teams and others.
    Slack,
    /// Prometheus Alertmanager.
    Alertmanager,
    /// PagerDuty, Events API v2.
    Pagerduty,
    /// A sign of life to a service that misses it.
    Heartbeat,
    /// Mail.
    Email,
}

impl ChannelKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Webhook, Self::Slack, Self::Alertmanager, Self::Pagerduty, Self::Heartbeat, Self::Email];
    /// The words used outside.
    pub const WORDS: &[&str] = &["webhook", "slack", "alertmanager", "pagerduty", "heartbeat", "email"];

    /// The word used outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Alertmanager => "alertmanager",
            Self::Pagerduty => "pagerduty",
            Self::Heartbeat => "heartbeat",
            Self::Email => "email",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// All of a channel but its key and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// How it tells.
    pub kind: ChannelKind,
    /// Where to, as a checked address.
    pub url: Option<String>,
    /// Where to, by mail.
    pub to: Vec<String>,
    /// Which service of PagerDuty.
    pub routing_key: Option<String>,
    /// What is sent in the place of Slack's own form: JSON with `{title}`, `{text}` and `{link}` in its texts.
    pub body: Option<String>,
}

impl Channel {
    /// As it is kept.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|fault| fault.to_string())
    }

    /// Its fields by name, each as one text.
    pub fn fields(&self) -> [(&'static str, Option<String>); 5] {
        [
            ("kind", Some(self.kind.as_str().to_owned())),
            ("url", self.url.clone()),
            ("to", (!self.to.is_empty()).then(|| self.to.join(","))),
            ("routing_key", self.routing_key.clone()),
            ("body", self.body.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Channel, ChannelKind};

    #[test]
    fn what_is_kept_reads_back() {
        for kind in ChannelKind::ALL {
            let channel = Channel {
                kind,
                url: Some("https://hooks.example/".to_owned()),
                to: vec!["desk@acme.example".to_owned()],
                routing_key: Some("R1".to_owned()),
                body: Some(r#"{"text":"{title}"}"#.to_owned()),
            };
            assert_eq!(Channel::from_json(&channel.to_json()), Ok(channel));
            assert_eq!(ChannelKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(ChannelKind::WORDS.len(), ChannelKind::ALL.len());
    }
}
