//! The configuration as a whole: each component's own, in one file.
//!
//! Defaults, then the TOML file, then `TIDINGS_...` variables (or the files that `TIDINGS_..._FILE` name), then options. A key that nobody knows is refused by name.

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::api::rate::RateConfig;
use crate::api::serve::HttpConfig;
use crate::hub::HubConfig;
use crate::ingest::THINGS_MAX;
use crate::outbound::MailConfig;
use crate::session::SessionConfig;
use crate::store::{DatabaseUrl, DatabaseUrlError};

/// What environment variables begin with.
const VARIABLE_PREFIX: &str = "TIDINGS_";
/// What the name of a variable ends with that names a file to read its value from.
const FILE_SUFFIX: &str = "_FILE";

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything the server can be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where everything is kept: `sqlite:FILE`.
    pub database: String,
    /// Address of the API and the page; port 0 takes a free one.
    pub listen: String,
    /// Under which address people open it, as in `https://desk.example`: links of alerts begin with it. Empty is where it listens.
    pub public_url: String,
    /// Address of `/metrics`, `/live` and `/ready`, or `off`.
    pub ops_listen: String,
    /// `text` or `json`.
    pub log_format: LogFormat,
    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, or by module as in `info,tidings::hub=debug`.
    pub log: String,
    /// Origins of other sites whose pages may use the API and open a WebSocket, as in `https://desk.example`.
    pub origins: Vec<String>,
    /// The listener.
    pub http: HttpConfig,
    /// What one key may send.
    pub rate: RateConfig,
    /// Reading.
    pub reads: ReadsConfig,
    /// Taking activities in.
    pub ingest: IntakeConfig,
    /// The hub.
    pub hub: HubConfig,
    /// Sessions of readers.
    pub session: SessionConfig,
    /// What is sent to addresses that users name.
    pub webhooks: WebhooksConfig,
    /// The server that mail is given to.
    pub mail: MailConfig,
    /// How people sign in.
    pub signin: SignInConfig,
}

/// How people sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignInConfig {
    /// Days that somebody may do nothing before they have to sign in again.
    pub idle_days: NonZeroU16,
}

impl Default for SignInConfig {
    fn default() -> Self {
        const USUAL: NonZeroU16 = NonZeroU16::new(30).unwrap();
        Self { idle_days: USUAL }
    }
}

impl SignInConfig {
    /// The same in milliseconds.
    pub fn idle_ms(&self) -> i64 {
        i64::from(self.idle_days.get()) * 24 * 3_600 * 1_000
    }
}

/// Where webhooks may send to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// True to let them send to this very machine too, by http or https; never to its network.
    pub allow_loopback: bool,
}

/// How much may be under way to the writer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntakeConfig {
    /// Bytes of requests that may be under way, from the first of a body to the commit; a workspace that sends alone may
    /// have half of it. What does not fit is refused with 503.
    pub queue_bytes_max: usize,
    /// Events, partners, messages, campaigns and flavors that the activities of a workspace make on first sight, at most.
    /// What is put into the directory by hand is not counted.
    pub things_max: u64,
}

impl Default for IntakeConfig {
    fn default() -> Self {
        Self { queue_bytes_max: 64 * 1024 * 1024, things_max: THINGS_MAX }
    }
}

/// How long reads may wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadsConfig {
    /// Milliseconds that a request waits for its turn to read; then it is refused with 503.
    pub wait_ms: u64,
}

impl Default for ReadsConfig {
    fn default() -> Self {
        Self { wait_ms: 2_000 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: "sqlite:tidings.db".to_owned(),
            listen: "127.0.0.1:8080".to_owned(),
            public_url: String::new(),
            ops_listen: "127.0.0.1:9464".to_owned(),
            log_format: LogFormat::Text,
            log: "info".to_owned(),
            origins: Vec::new(),
            http: HttpConfig::default(),
            rate: RateConfig::default(),
            reads: ReadsConfig::default(),
            ingest: IntakeConfig::default(),
            hub: HubConfig::default(),
            session: SessionConfig::default(),
            webhooks: WebhooksConfig::default(),
            mail: MailConfig::default(),
            signin: SignInConfig::default(),
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {fault}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        fault: std::io::Error,
    },
    /// The file is not as it should be; the text names the key.
    #[error("the configuration {path} cannot be used: {fault}")]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        fault: Box<toml::de::Error>,
    },
    /// A variable is not as it should be.
    #[error("{variable} cannot be used: {why}")]
    Variable {
        /// Which.
        variable: String,
        /// What is wrong.
        why: String,
    },
    /// A value that makes no sense.
    #[error("{0}")]
    Value(String),
    /// The database is of a kind that this version has not.
    #[error("--database: {0}")]
    Database(#[from] DatabaseUrlError),
}

impl Config {
    /// Defaults, then the file, then the variables that `variable` finds.
    ///
    /// # Errors
    /// [`ConfigError`] that names the file, the key or the variable.
    pub fn load(file: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let from_file = match file {
            None => Self::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|fault| ConfigError::File { path: path.to_owned(), fault })?;
                toml::from_str(&text).map_err(|fault| ConfigError::Form { path: path.to_owned(), fault: Box::new(fault) })?
            }
        };
        let mut table = Table::try_from(&from_file).map_err(|fault| ConfigError::Value(fault.to_string()))?;
        overlay(&mut table, VARIABLE_PREFIX, &variable)?;
        let whole: Self = table
            .try_into()
            .map_err(|fault: toml::de::Error| ConfigError::Value(format!("a variable cannot be used: {}", fault.message())))?;
        whole.check()?;
        Ok(whole)
    }

    /// The whole of it as TOML, which reads back as the same.
    ///
    /// # Errors
    /// [`ConfigError::Value`] when it cannot be written, which no value of it causes.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string_pretty(self).map_err(|fault| ConfigError::Value(fault.to_string()))
    }

    /// The database.
    ///
    /// # Errors
    /// [`ConfigError::Database`] when it is none of this version.
    pub fn database_url(&self) -> Result<DatabaseUrl, ConfigError> {
        Ok(DatabaseUrl::parse(&self.database)?)
    }

    /// Holds values against rules that their types cannot.
    ///
    /// # Errors
    /// [`ConfigError::Value`].
    pub fn check(&self) -> Result<(), ConfigError> {
        if let Some(fault) = self.rate.fault() {
            return Err(ConfigError::Value(fault));
        }
        if let Some(fault) = self.mail.fault() {
            return Err(ConfigError::Value(fault));
        }
        let is_base = |url: &str| (url.starts_with("http://") || url.starts_with("https://")) && !url.ends_with('/');
        if !self.public_url.is_empty() && !is_base(&self.public_url) {
            return Err(ConfigError::Value(format!(
                "public_url: {:?} must be as in https://desk.example, without a / at its end",
                self.public_url
            )));
        }
        let bad = self.origins.iter().find(|o| !(o.starts_with("http://") || o.starts_with("https://")) || o.ends_with('/'));
        match bad {
            Some(origin) => Err(ConfigError::Value(format!("origins: {origin:?} must be as in https://desk.example, without a path"))),
            None => Ok(()),
        }
    }
}

/// Lays `TIDINGS_HTTP_IDLE_TIMEOUT_S` over `http.idle_timeout_s`, and so on for every key there is.
fn overlay(table: &mut Table, prefix: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
    for (key, value) in table.iter_mut() {
        let name = format!("{prefix}{}", key.to_uppercase());
        if let Value::Table(inner) = value {
            overlay(inner, &format!("{name}_"), variable)?;
        } else if let Some(text) = given(&name, variable)? {
            *value = like(value, &text).map_err(|why| ConfigError::Variable { variable: name, why })?;
        }
    }
    Ok(())
}

/// What a variable says, or the file that `NAME_FILE` names, without the line end at its end: so a secret is in no environment.
///
/// # Errors
/// [`ConfigError::Variable`] when both are set, or the file cannot be read.
pub fn given(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<Option<String>, ConfigError> {
    let of_file = format!("{name}{FILE_SUFFIX}");
    match (variable(name), variable(&of_file)) {
        (said, None) => Ok(said),
        (Some(_), Some(_)) => Err(ConfigError::Variable { variable: of_file, why: format!("{name} is set as well; keep one of them") }),
        (None, Some(path)) => match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(fault) => Err(ConfigError::Variable { variable: of_file, why: format!("cannot read {path}: {fault}") }),
        },
    }
}

fn like(value: &Value, text: &str) -> Result<Value, String> {
    match value {
        Value::Integer(_) => text.trim().parse().map(Value::Integer).map_err(|_| format!("{text:?} is no whole number")),
        Value::Float(_) => text.trim().parse().map(Value::Float).map_err(|_| format!("{text:?} is no number")),
        Value::Boolean(_) => text.trim().parse().map(Value::Boolean).map_err(|_| format!("{text:?} must be true or false")),
        Value::Array(_) => Ok(text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(Value::from).collect::<Vec<_>>().into()),
        _ => Ok(Value::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("tidings.toml");
        std::fs::write(&path, file).expect("written");
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Config::load(Some(&path), find).map_err(|fault| fault.to_string())
    }

    #[test]
    fn what_it_prints_reads_back() {
        let printed = Config::default().to_toml().expect("toml");
        assert_eq!(load(&printed, &[]).expect("reads back").to_toml().expect("toml"), printed);
    }

    #[test]
    fn a_variable_wins_over_the_file() {
        let config = load(
            "listen = \"127.0.0.1:1\"\n[http]\nidle_timeout_s = 5\nhead_timeout_s = 6",
            &[
                ("TIDINGS_LISTEN", "127.0.0.1:2"),
                ("TIDINGS_HTTP_IDLE_TIMEOUT_S", "7"),
                ("TIDINGS_ORIGINS", "https://a.example, https://b.example"),
            ],
        )
        .expect("valid");
        assert_eq!((config.listen.as_str(), config.http.idle_timeout_s, config.http.head_timeout_s), ("127.0.0.1:2", 7, 6));
        assert_eq!(config.origins, ["https://a.example", "https://b.example"]);
    }

    #[test]
    fn a_variable_may_stand_in_a_file() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("listen");
        std::fs::write(&path, "127.0.0.1:3\r\n").expect("written");
        let path = path.to_str().expect("utf-8");
        let config = load("", &[("TIDINGS_LISTEN_FILE", path)]).expect("valid");
        assert_eq!(config.listen, "127.0.0.1:3");
        let both = load("", &[("TIDINGS_LISTEN_FILE", path), ("TIDINGS_LISTEN", "127.0.0.1:4")]).expect_err("both");
        assert!(both.contains("TIDINGS_LISTEN_FILE") && both.contains("keep one"), "{both}");
        let none = load("", &[("TIDINGS_HTTP_IDLE_TIMEOUT_S_FILE", "/nowhere")]).expect_err("no file");
        assert!(none.contains("TIDINGS_HTTP_IDLE_TIMEOUT_S_FILE") && none.contains("/nowhere"), "{none}");
    }

    #[test]
    fn faults_are_named() {
        for (file, variables, named) in [
            ("colour = 1", &[][..], "colour"),
            ("[http]\ncolour = 1", &[], "colour"),
            ("listen = 5", &[], "listen"),
            ("", &[("TIDINGS_HTTP_IDLE_TIMEOUT_S", "soon")], "TIDINGS_HTTP_IDLE_TIMEOUT_S"),
            ("public_url = \"desk.example\"", &[], "public_url"),
            ("[mail]\nhost = \"mail.example\"", &[], "mail.from"),
            ("[mail]\ntls = \"some\"", &[], "tls"),
            ("[rate]\ndrafts_burst = 10", &[], "drafts_burst"),
            ("[rate]\nthings_per_minute = 4", &[], "rate.things_per_minute is 4; it must be at least 5"),
            ("[ingest]\nthings_max = -1", &[], "things_max"),
            ("origins = [\"desk.example\"]", &[], "origins"),
            ("[http]\ntrusted_proxies = [\"proxy\"]", &[], "trusted_proxies"),
            ("", &[("TIDINGS_HTTP_TRUSTED_PROXIES", "10.0.0.0/99")], "10.0.0.0/99"),
        ] {
            let told = load(file, variables).expect_err(file);
            assert!(told.contains(named), "{told}");
        }
    }
}
