//! The type of an activity, and the standard set that every workspace starts with.

use std::fmt;
use std::sync::Arc;

use super::invalid::Invalid;
use super::limits::FLAVOR_BYTES_MAX;
use super::vocabulary::Actor;

/// `noun.verb`, as in `dashboard.viewed`: `[a-z0-9_]+(\.[a-z0-9_]+)+`, at most 64 bytes. An open vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flavor(Arc<str>);

/// A flavor of the standard set.
#[derive(Debug, Clone, Copy)]
pub struct StandardFlavor {
    /// The flavor itself.
    pub key: &'static str,
    /// What people read.
    pub label: &'static str,
    /// Who acts, unless the sender says otherwise.
    pub actor: Actor,
}

const fn standard(key: &'static str, label: &'static str, actor: Actor) -> StandardFlavor {
    StandardFlavor { key, label, actor }
}

/// The set that is seeded in every workspace.
pub const STANDARD_FLAVORS: &[StandardFlavor] = &[
    standard("dashboard.viewed", "Dashboard viewed", Actor::Partner),
    standard("dashboard.link_clicked", "Dashboard link clicked", Actor::Partner),
    standard("message.sent", "Message sent", Actor::Partner),
    standard("message.delivered", "Message delivered", Actor::Partner),
    standard("message.opened", "Opened the message", Actor::Partner),
    standard("message.link_clicked", "Clicked a link in the message", Actor::Partner),
    standard("invite.email_sent", "Email invite sent", Actor::Partner),
    standard("invite.email_opened", "Email invite opened", Actor::Invitee),
    standard("invite.link_clicked", "Invite link clicked", Actor::Invitee),
    standard("content.shared", "Shared content", Actor::Partner),
    standard("content.downloaded", "Downloaded content", Actor::Partner),
    standard("page.viewed", "Page viewed", Actor::Unknown),
    standard("page.link_clicked", "Page link clicked", Actor::Unknown),
    standard("form.submitted", "Form submitted", Actor::Unknown),
    standard("registration.started", "Registration started", Actor::Invitee),
    standard("registration.completed", "Registration completed", Actor::Invitee),
    standard("report.viewed", "Report viewed", Actor::Partner),
    standard("ad.viewed", "Ad viewed", Actor::Unknown),
    standard("ad.clicked", "Ad clicked", Actor::Unknown),
];

impl Flavor {
    /// Reads a flavor.
    ///
    /// # Errors
    /// One fault with the rule that is broken; its path is empty, for the caller to fill in.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > FLAVOR_BYTES_MAX {
            let message = format!("is {} bytes; a flavor is at most {FLAVOR_BYTES_MAX} bytes", text.len());
            return Err(Invalid::one("", "too_long", message));
        }
        let well_formed = text.contains('.')
            && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')));
        if !well_formed {
            let message = "must be noun.verb in a-z, 0-9 and '_', as in dashboard.viewed";
            return Err(Invalid::one("", "flavor_form", message));
        }
        Ok(Self(text.into()))
    }

    /// A flavor read back from the store, which holds only parsed ones.
    pub fn trusted(text: &str) -> Self {
        Self(text.into())
    }

    /// The text, which is its own fold.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shared text.
    pub fn shared(&self) -> &Arc<str> {
        &self.0
    }

    /// The entry of the standard set, if it is one.
    pub fn standard(&self) -> Option<&'static StandardFlavor> {
        STANDARD_FLAVORS.iter().find(|s| s.key == self.as_str())
    }

    /// What people read: the standard label, or one made from the key (`booth.scan_done` is "Booth scan done").
    pub fn label(&self) -> String {
        if let Some(standard) = self.standard() {
            return standard.label.to_owned();
        }
        let words = self.0.replace(['.', '_'], " ");
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        match words.chars().next() {
            Some(first) => first.to_uppercase().chain(words.chars().skip(1)).collect(),
            None => self.0.to_string(),
        }
    }

    /// Who acts by default.
    pub fn default_actor(&self) -> Actor {
        self.standard().map_or(Actor::Unknown, |s| s.actor)
    }

    /// True for the flavors that, naming a message, make the partner a recipient of it.
    pub fn makes_recipient(&self) -> bool {
        matches!(self.as_str(), "message.sent" | "message.delivered")
    }
}

impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Flavor, STANDARD_FLAVORS};

    #[test]
    fn parses_by_rule() {
        for bad in ["", "viewed", ".viewed", "a.", "a..b", "A.b", "a.b c", "a.*", "ä.b"] {
            assert!(Flavor::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["a.b", "a.b.c", "page_2.viewed"] {
            assert!(Flavor::parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn labels_standard_and_made() {
        assert_eq!(Flavor::trusted("invite.email_sent").label(), "Email invite sent");
        assert_eq!(Flavor::trusted("booth.scan_done").label(), "Booth scan done");
        for standard in STANDARD_FLAVORS {
            assert!(Flavor::parse(standard.key).is_ok(), "{}", standard.key);
        }
    }
}
