//! A server of one build, its workspaces and keys, and what the system says of its process.

use std::path::PathBuf;

use crate::client::Client;
use crate::machine::{LOAD_CORE, Outcome, Server, TIDINGS, output};

/// A binary under measurement.
#[derive(Clone)]
pub struct Build {
    /// What the tables call it.
    pub name: &'static str,
    binary: PathBuf,
}

impl Build {
    /// The build before, if it is named, and this one.
    pub fn all() -> Vec<Self> {
        let before = std::env::var_os("TIDINGS_BEFORE").map(|path| Self { name: "before", binary: path.into() });
        before.into_iter().chain([Self { name: "now", binary: TIDINGS.into() }]).collect()
    }

    /// A server on a database of its own.
    pub fn start(&self) -> Outcome<Tidings> {
        let files = tempfile::tempdir()?;
        let file = files.path().join("tidings.db");
        let database = format!("sqlite:{}", file.display());
        let args = ["serve", "--database", &database, "--listen", "127.0.0.1:0", "--ops-listen", "off", "--log", "error"];
        let config = files.path().join("tidings.toml");
        // Thousands of connections come from this one machine.
        std::fs::write(&config, "[http]\nconnections_max = 20000\n")?;
        let server = Server::start(&self.binary, &[&args[..], &["--config", &config.display().to_string()]].concat())?;
        Ok(Tidings { server, file, database, binary: self.binary.clone(), _files: files })
    }
}

/// A server that runs.
pub struct Tidings {
    server: Server,
    file: PathBuf,
    database: String,
    binary: PathBuf,
    _files: tempfile::TempDir,
}

impl Tidings {
    /// Where it is: host and port.
    pub fn authority(&self) -> &str {
        self.server.url.trim_start_matches("http://")
    }

    /// Makes a workspace, other than `default`.
    pub fn workspace(&self, name: &str) -> Outcome<()> {
        output(LOAD_CORE, &self.binary, &["workspace", "create", name, "--database", &self.database]).map(drop)
    }

    /// A key of a workspace, with every scope.
    pub fn key(&self, workspace: &str) -> Outcome<String> {
        let args = ["key", "create", "--database", &self.database, "--workspace", workspace, "--scope", "ingest,read,admin"];
        Ok(output(LOAD_CORE, &self.binary, &args)?.trim().to_owned())
    }

    /// A connection with a key.
    pub async fn connect(&self, key: &str) -> Outcome<Client> {
        Client::connect(self.authority(), key).await
    }

    /// MiB of its write-ahead log.
    pub fn wal_mib(&self) -> f64 {
        let name = format!("{}-wal", self.file.display());
        std::fs::metadata(name).map_or(0.0, |data| data.len() as f64 / 1_048_576.0)
    }

    /// MiB of memory that it holds.
    pub fn rss_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1_024.0
    }
}
