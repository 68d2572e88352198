//! Which server, and by which key.

use std::fmt;

use hyper::header::HeaderValue;

use super::ClientError;

/// The options that name a server.
#[derive(Debug, Clone, clap::Args)]
pub struct Target {
    /// Address of the server
    #[arg(long, env = "TIDINGS_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub url: String,
    /// Key to send and read with, as `tidings key create` prints it
    #[arg(long, env = "TIDINGS_KEY", hide_env_values = true, value_name = "KEY")]
    pub key: Option<String>,
}

/// A server that can be connected to.
#[derive(Clone)]
pub struct Server {
    /// As in `http://127.0.0.1:8080`, for people.
    pub url: String,
    /// `host:port`, for the socket and the `Host` header.
    pub authority: String,
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
        if parsed.scheme() == "https" {
            return Err(wrong("https is not spoken here (put the command beside the server, or through a tunnel)"));
        }
        if parsed.scheme() != "http" {
            return Err(wrong("must begin with http://"));
        }
        let Some(host) = parsed.host_str() else { return Err(wrong("names no host")) };
        if !matches!(parsed.path(), "" | "/") || parsed.query().is_some() {
            return Err(wrong("must end after the port"));
        }
        let authority = format!("{host}:{}", parsed.port().unwrap_or(80));
        let authorization = match self.key.as_deref().map(str::trim).filter(|k| !k.is_empty()) {
            None => None,
            Some(key) => {
                let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ClientError::Key)?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        Ok(Server { url: format!("http://{authority}"), authority, authorization })
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn reads_addresses() {
        let server = |url: &str| Target { url: url.into(), key: None }.server().map(|s| s.authority);
        for (given, want) in
            [("http://127.0.0.1:8080", "127.0.0.1:8080"), ("http://localhost/", "localhost:80"), ("http://[::1]:9000", "[::1]:9000")]
        {
            assert_eq!(server(given).expect(given), want);
        }
        for bad in ["127.0.0.1:8080", "https://a.example", "ftp://a.example", "http://a.example/v1", ""] {
            assert!(server(bad).expect_err(bad).to_string().starts_with("url: "), "{bad}");
        }
    }

    #[test]
    fn hides_the_key() {
        let target = Target { url: "http://a.example".into(), key: Some("td_key_secret".into()) };
        let server = target.server().expect("valid");
        assert!(!format!("{server:?}").contains("secret"));
        assert!(Target { key: Some("td\n".to_owned() + "x"), ..target }.server().is_err());
    }
}
