//! Which server, and by which key.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::header::HeaderValue;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::{ClientError, tls};

/// The options that name a server.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// Address of the server
    #[arg(long, env = "TIDINGS_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub url: String,
    /// Key to send and read with, as `tidings key create` prints it
    #[arg(long, env = "TIDINGS_KEY", hide_env_values = true, value_name = "KEY")]
    pub key: Option<String>,
    /// A file that holds the key instead
    #[arg(long, env = "TIDINGS_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Certificates in PEM to trust beside those of this machine, for https: an authority's, or the server's own
    #[arg(long, env = "TIDINGS_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

/// A server that can be connected to.
#[derive(Clone)]
pub struct Server {
    /// As in `http://127.0.0.1:8080`.
    pub url: String,
    /// `host:port`, for the socket and the `Host` header.
    pub authority: String,
    /// The name that its certificate must be for; `None` where it is spoken to in the clear.
    pub secure: Option<ServerName<'static>>,
    /// Whom to trust then.
    pub tls: Arc<ClientConfig>,
    /// `Bearer KEY`, marked as sensitive.
    pub authorization: Option<HeaderValue>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.url)
    }
}

impl Target {
    /// Checks the options.
    ///
    /// # Errors
    /// [`ClientError::Url`] and [`ClientError::Key`], with the cure.
    pub fn server(&self) -> Result<Server, ClientError> {
        let wrong = |why: &str| ClientError::Url(format!("{why}; give it as in http://127.0.0.1:8080"));
        let parsed = url::Url::parse(&self.url).map_err(|_| wrong("is not a URL"))?;
        let (scheme, port) = match parsed.scheme() {
            "http" => ("http", 80),
            "https" => ("https", 443),
            _ => return Err(wrong("must begin with http:// or https://")),
        };
        let Some(host) = parsed.host_str() else { return Err(wrong("names no host")) };
        if !matches!(parsed.path(), "" | "/") || parsed.query().is_some() {
            return Err(wrong("must end after the port"));
        }
        let authority = format!("{host}:{}", parsed.port().unwrap_or(port));
        let (secure, tls) = match scheme {
            "https" => {
                let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
                    .map_err(|_| wrong("names a host that no certificate can"))?;
                (Some(name), tls::trusting(self.ca_file.as_deref())?)
            }
            _ => (None, tls::nobody_trusted()?),
        };
        let authorization = match self.secret()?.as_deref().map(str::trim).filter(|k| !k.is_empty()) {
            None => None,
            Some(key) => {
                let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ClientError::Key)?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        Ok(Server { url: format!("{scheme}://{authority}"), authority, secure, tls, authorization })
    }

    fn secret(&self) -> Result<Option<String>, ClientError> {
        match (&self.key, &self.key_file) {
            (Some(_), Some(_)) => Err(ClientError::KeyFile("a key is given as well; keep one of them".to_owned())),
            (key, None) => Ok(key.clone()),
            (None, Some(file)) => match std::fs::read_to_string(file) {
                Ok(text) => Ok(Some(text)),
                Err(fault) => Err(ClientError::KeyFile(format!("cannot read {}: {fault}", file.display()))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    fn target() -> Target {
        Target { url: "http://a.example".into(), key: None, key_file: None, ca_file: None }
    }

    #[test]
    fn reads_addresses() {
        let server = |url: &str| Target { url: url.into(), ..target() }.server().map(|s| s.authority);
        for (given, want) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://localhost/", "localhost:80"),
            ("http://[::1]:9000", "[::1]:9000"),
            ("https://a.example", "a.example:443"),
        ] {
            assert_eq!(server(given).expect(given), want);
        }
        for bad in ["127.0.0.1:8080", "ftp://a.example", "http://a.example/v1", ""] {
            assert!(server(bad).expect_err(bad).to_string().starts_with("url: "), "{bad}");
        }
    }

    #[test]
    fn hides_the_key() {
        let target = Target { key: Some("td_key_secret".into()), ..target() };
        let server = target.server().expect("valid");
        assert!(!format!("{server:?}").contains("secret"));
        assert!(Target { key: Some("td\n".to_owned() + "x"), ..target.clone() }.server().is_err());
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("key");
        std::fs::write(&file, "td_key_other\n").expect("written");
        let of_file = Target { key: None, key_file: Some(file.clone()), ..target.clone() };
        assert_eq!(of_file.server().expect("valid").authorization.expect("a key"), "Bearer td_key_other");
        assert!(Target { key_file: Some(file), ..target.clone() }.server().is_err(), "both");
        assert!(Target { key: None, key_file: Some("/nowhere".into()), ..target }.server().is_err());
    }
}
