//! Device, platform and browser from a user agent, by the rules of the UA-Parser project.
//!
//! Behind one function and a cache. The rules are built once in a process, beside start-up, on a blocking thread. An
//! agent that is not in the cache takes some hundred microseconds, and a hostile one milliseconds: such work runs on a
//! bounded number of blocking threads, never on a task that serves others. It never fails: what the rules do not know
//! stays unknown.

use std::sync::{Arc, LazyLock};

use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use uaparser::{Parser as _, UserAgentParser};

use super::display_names::{Families, browser_name, device_class, platform_name};
use crate::domain::{Client, Device};

/// Bytes of an agent that the rules look at; what follows them is ignored, for the time a rule takes grows with it.
pub const AGENT_PARSED_BYTES_MAX: usize = 512;
/// Agents that are remembered; the least used go first. About 700 bytes each.
pub const AGENT_CACHE_ENTRIES_MAX: usize = 8_192;
/// Agents that are parsed at the same time; others wait their turn, one of each request.
pub const AGENT_WORKERS_MAX: usize = 2;

static RULES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/regexes.yaml"));

/// Unicode is off in the expressions: it makes them four times as large and twice as slow, and the rules are ASCII.
static PARSER: LazyLock<Option<UserAgentParser>> = LazyLock::new(|| {
    let built = UserAgentParser::builder().with_unicode_support(false).build_from_bytes(RULES);
    built.inspect_err(|fault| tracing::error!(%fault, "the embedded user agent rules cannot be read; every agent stays unknown")).ok()
});

/// What an agent tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Class of device.
    pub device: Device,
    /// Operating system.
    pub platform: Option<Client>,
    /// Browser or program.
    pub browser: Option<Client>,
}

impl Agent {
    /// The agent of which nothing is known.
    pub const UNKNOWN: Self = Self { device: Device::Unknown, platform: None, browser: None };

    /// Applies the rules now, on this thread. Everything but tests and benches asks [`UserAgents::look_up`].
    pub fn parse(agent: &str) -> Self {
        let agent = cut(agent);
        let Some(parser) = PARSER.as_ref() else { return Self::UNKNOWN };
        let found = parser.parse(agent);
        let families = Families { browser: &found.user_agent.family, platform: &found.os.family, device: &found.device.family };
        let client = |name: &str, version| Client { name: name.to_owned(), version };
        Self {
            device: device_class(families, agent),
            platform: platform_name(families.platform)
                .map(|name| client(name, platform_version(found.os.major.as_deref(), found.os.minor.as_deref()))),
            browser: browser_name(families.browser).map(|name| client(name, found.user_agent.major.as_deref().map(str::to_owned))),
        }
    }
}

/// Looks agents up. Cheap to clone; all clones share one cache.
#[derive(Debug, Clone)]
pub struct UserAgents {
    cache: Arc<Cache<String, Arc<Agent>>>,
    workers: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl UserAgents {
    /// Begins to build the rules and returns at once; the first look-ups wait for them.
    pub fn start(tasks: &TaskTracker) -> Self {
        tasks.spawn_blocking(|| {
            LazyLock::force(&PARSER);
        });
        Self {
            cache: Arc::new(Cache::new(AGENT_CACHE_ENTRIES_MAX)),
            workers: Arc::new(Semaphore::new(AGENT_WORKERS_MAX)),
            tasks: tasks.clone(),
        }
    }

    /// What the agent tells. Ready at once when it is remembered. Of several that ask for the same new agent one parses
    /// it and the others wait.
    pub async fn look_up(&self, agent: &str) -> Arc<Agent> {
        let agent = cut(agent);
        if let Some(found) = self.cache.get(agent) {
            return found;
        }
        let parsed = self.cache.get_or_insert_async(agent, self.parse_elsewhere(agent)).await;
        parsed.unwrap_or_else(|Lost| Arc::new(Agent::UNKNOWN))
    }

    async fn parse_elsewhere(&self, agent: &str) -> Result<Arc<Agent>, Lost> {
        let _permit = self.workers.acquire().await.map_err(|_| Lost)?;
        let agent = agent.to_owned();
        self.tasks.spawn_blocking(move || Arc::new(Agent::parse(&agent))).await.map_err(|_| Lost)
    }
}

/// The blocking thread is gone: the process ends. Not remembered.
struct Lost;

fn cut(agent: &str) -> &str {
    &agent[..agent.floor_char_boundary(AGENT_PARSED_BYTES_MAX)]
}

/// `10`, `10.15`, `8.1`: the second part only where it is a number above 0 or there is more to tell apart.
fn platform_version(major: Option<&str>, minor: Option<&str>) -> Option<String> {
    let major = major?;
    match minor {
        Some(minor) if minor.bytes().all(|b| b.is_ascii_digit()) => Some(format!("{major}.{minor}")),
        _ => Some(major.to_owned()),
    }
}

#[cfg(test)]
mod tests;
