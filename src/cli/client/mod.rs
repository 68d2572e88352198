//! How the command line speaks to a server: HTTP/1.1 and WebSocket, in the clear or by TLS, with a bearer key.
//!
//! It never retries what could be done twice: every draft that the command line sends has an id. It never prints a key.

mod batch;
mod draft_line;
mod http;
mod problem;
mod socket;
mod target;
mod tls;

pub use batch::{Batch, Refusals, Tally, send_batch};
pub use draft_line::DraftLine;
pub use http::{Client, Patience, look};
pub use problem::{Fault, Problem};
pub use socket::{Socket, connect};
pub use target::{Server, Target};

use super::CliError;

/// Why the server could not be asked, or would not answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `--url` is not usable.
    #[error("url: {0}")]
    Url(String),
    /// `--key` cannot be a key.
    #[error("key: holds a character that no key has; give it as `tidings key create` printed it")]
    Key,
    /// `--key-file` is not usable.
    #[error("key-file: {0}")]
    KeyFile(String),
    /// `--ca-file` is not usable.
    #[error("ca-file: {0}")]
    CaFile(String),
    /// The server shows a certificate that is not trusted.
    #[error("the certificate of {url} is not trusted ({why}); name the authority that signed it, or itself, with --ca-file")]
    Untrusted {
        /// Where.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing answers there.
    #[error("nothing answers at {url} ({why}); start a server with `tidings serve` or `tidings demo`, or name another with --url")]
    Unreachable {
        /// Where.
        url: String,
        /// What the system said.
        why: String,
    },
    /// The connection broke before the answer was there.
    #[error("the connection to {url} broke: {why}")]
    Broken {
        /// Where.
        url: String,
        /// What the system said.
        why: String,
    },
    /// The server refused.
    #[error("{0}")]
    Refused(Problem),
    /// The server answered with what this program does not understand.
    #[error("{url} answered with something unexpected ({why}); is it a Tidings server of this version?")]
    Unexpected {
        /// Where.
        url: String,
        /// What was wrong with it.
        why: String,
    },
}

impl ClientError {
    /// True when the same may work a little later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } => true,
            Self::Refused(problem) => matches!(problem.status, 429 | 502 | 503 | 504),
            Self::Url(_) | Self::Key | Self::KeyFile(_) | Self::CaFile(_) | Self::Untrusted { .. } | Self::Unexpected { .. } => false,
        }
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Url(_) | ClientError::Key | ClientError::KeyFile(_) | ClientError::CaFile(_) => Self::usage(error.to_string()),
            other => Self::failed(other.to_string()),
        }
    }
}
