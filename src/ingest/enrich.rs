//! What can be derived of an activity beyond what its sender says. Pure, and never a reason to refuse.
//!
//! What a sender gives wins over what a user agent tells. The referrer needs nothing here: filters take its host.

use super::display_names::{given_browser, given_platform};
use super::given::DraftField;
use super::user_agent::Agent;
use crate::domain::{Client, Device, Grade};

/// The reason of a grade until activities are graded.
pub const NOT_GRADED: &str = "not_graded";
/// The reason of the grade of what says itself that it is a program.
pub const DECLARED_BOT: &str = "declared_bot";

/// What can be told of an activity without looking at others: a declared bot is a machine.
pub(super) const fn grade(device: Device) -> (Grade, &'static str) {
    match device {
        Device::Bot => (Grade::Machine, DECLARED_BOT),
        _ => (Grade::Unclear, NOT_GRADED),
    }
}

/// What a draft says of its device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct GivenClient {
    pub(super) device: Option<Device>,
    pub(super) platform: Option<Client>,
    pub(super) browser: Option<Client>,
}

/// Device, platform and browser: each as given, else as the agent tells.
pub(super) fn client(given: GivenClient, agent: Option<&Agent>) -> Agent {
    let agent = agent.unwrap_or(&Agent::UNKNOWN);
    Agent {
        device: given.device.unwrap_or(agent.device),
        platform: given.platform.or_else(|| agent.platform.clone()),
        browser: given.browser.or_else(|| agent.browser.clone()),
    }
}

/// The spelling under which a given platform or browser is shown.
pub(super) fn given_name(field: DraftField, name: &str) -> &str {
    match field {
        DraftField::Platform => given_platform(name),
        _ => given_browser(name),
    }
}

#[cfg(test)]
mod tests {
    use super::{GivenClient, client};
    use crate::domain::{Client, Device};
    use crate::ingest::Agent;

    #[test]
    fn what_is_given_wins() {
        let named = |name: &str| Some(Client { name: name.to_owned(), version: None });
        let agent = Agent { device: Device::Mobile, platform: named("iOS"), browser: named("Safari") };
        assert_eq!(client(GivenClient::default(), Some(&agent)), agent);
        assert_eq!(client(GivenClient::default(), None), Agent::UNKNOWN);
        let given = GivenClient { device: Some(Device::Tv), platform: None, browser: named("Kiosk") };
        let want = Agent { device: Device::Tv, platform: named("iOS"), browser: named("Kiosk") };
        assert_eq!(client(given, Some(&agent)), want);
    }
}
