//! What this server sends to addresses that its users name: where it may go, and how much of an answer is read.
//!
//! An address is read as browsers read it (WHATWG URL). `https` is taken, and hosts that the whole internet reaches: whoever may
//! name an address must not make the server speak to its own machine or network. Names are resolved once for each attempt, and what
//! they lead to is held to the same before anything is sent. Nothing is redirected.

mod address;
mod mail;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

pub use self::address::is_public;
pub use self::mail::{Mail, MailConfig, MailTls};
use crate::domain::Invalid;

/// How long one attempt may take, from the resolving of the name to the end of the answer.
pub const ATTEMPT_MAX: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an address.
pub const URL_BYTES_MAX: usize = 2_048;
/// The code of the fault of an address that nothing is sent to.
pub const FORBIDDEN: &str = "receiver_forbidden";

/// Finds the addresses of a name.
pub trait Resolver: Send + Sync + 'static {
    /// All of them.
    ///
    /// # Errors
    /// Why there are none.
    fn resolve(&self, name: String, port: u16) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>>;
}

/// The resolver of the system.
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, name: String, port: u16) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, port)).await?.collect()) })
    }
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The beginning of the body, as text.
    pub text: String,
    /// Seconds that the receiver asked to be left alone for.
    pub retry_after_s: Option<u64>,
}

/// Sends.
pub struct Outbound {
    tls: Arc<ClientConfig>,
    resolver: Arc<dyn Resolver>,
    allow_loopback: bool,
}

impl Outbound {
    /// One that trusts whom the system trusts; with `allow_loopback` it may speak to its own machine too, in the clear or not.
    ///
    /// # Errors
    /// Why TLS cannot be spoken, which no input causes.
    pub fn new(resolver: Arc<dyn Resolver>, allow_loopback: bool) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(Self { tls: Arc::new(builder.with_root_certificates(roots).with_no_client_auth()), resolver, allow_loopback })
    }

    /// Reads an address that is to be sent to.
    ///
    /// # Errors
    /// One fault, [`FORBIDDEN`] where nothing may be sent there.
    pub fn parse(&self, text: &str) -> Result<Url, Invalid> {
        if text.len() > URL_BYTES_MAX {
            return Err(Invalid::one("", "too_long", format!("is {} bytes; at most {URL_BYTES_MAX}", text.len())));
        }
        let url = Url::parse(text).map_err(|fault| Invalid::one("", "url_form", format!("is no URL: {fault}")))?;
        let forbidden = |why: &str| Err(Invalid::one("", FORBIDDEN, why.to_owned()));
        if !url.username().is_empty() || url.password().is_some() {
            return forbidden("holds a user or a password, which would be sent and shown; take it out");
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
            }
            Some(Host::Ipv4(ip)) => self.literal(ip.into())?,
            Some(Host::Ipv6(ip)) => self.literal(ip.into())?,
            None => return forbidden("must be https, with a host"),
        };
        match url.scheme() {
            _ if loopback && !self.allow_loopback => forbidden("leads to this machine; name a host that the internet reaches"),
            "https" => Ok(url),
            "http" if loopback => Ok(url),
            _ => forbidden("must be https"),
        }
    }

    /// Whether an address that is written out is of this machine.
    fn literal(&self, ip: IpAddr) -> Result<bool, Invalid> {
        let ip = ip.to_canonical();
        if ip.is_loopback() {
            return Ok(true);
        }
        if is_public(ip) {
            return Ok(false);
        }
        Err(Invalid::one("", FORBIDDEN, format!("{ip} is of a private network, or of none; name a host that the internet reaches")))
    }

    /// Sends a body, or asks where there is none.
    ///
    /// # Errors
    /// Why there was no answer, for people.
    pub async fn send(&self, url: &str, headers: &[(&str, String)], body: Option<Bytes>) -> Result<Answered, String> {
        let sent = tokio::time::timeout(ATTEMPT_MAX, self.attempt(url, headers, body)).await;
        sent.unwrap_or_else(|_| Err(format!("no answer in {} s", ATTEMPT_MAX.as_secs())))
    }

    async fn attempt(&self, url: &str, headers: &[(&str, String)], body: Option<Bytes>) -> Result<Answered, String> {
        // Held to the rules again: they may have changed since it was kept.
        let url = self.parse(url).map_err(|fault| fault.to_string())?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.as_ref().clone())
            .no_proxy()
            .redirect(Policy::none())
            .user_agent(concat!("tidings/", env!("CARGO_PKG_VERSION")));
        if let Some(Host::Domain(name)) = url.host() {
            let port = url.port_or_known_default().unwrap_or(443);
            let found = self.resolver.resolve(name.to_owned(), port).await.map_err(|fault| format!("{name} is not found: {fault}"))?;
            if found.is_empty() {
                return Err(format!("{name} is not found"));
            }
            // One that leads elsewhere too leads elsewhere.
            if let Some(wrong) = found.iter().find(|address| !self.may_reach(address.ip())) {
                return Err(format!("{name} leads to {}, where nothing is sent", wrong.ip()));
            }
            builder = builder.resolve_to_addrs(name, &found);
        }
        let client = builder.build().map_err(|fault| cause(&fault))?;
        let mut request = match body {
            Some(body) => client.post(url).header("content-type", "application/json").body(body),
            None => client.get(url),
        };
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut answer = request.send().await.map_err(|fault| cause(&fault))?;
        let retry_after_s = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
        let status = answer.status().as_u16();
        let mut text = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|fault| cause(&fault))? {
            let room = ANSWER_BYTES_MAX - text.len();
            text.extend_from_slice(&part[..part.len().min(room)]);
            if text.len() == ANSWER_BYTES_MAX {
                break;
            }
        }
        Ok(Answered { status, text: String::from_utf8_lossy(&text).into_owned(), retry_after_s })
    }

    fn may_reach(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        is_public(ip) || self.allow_loopback && ip.is_loopback()
    }
}

/// What is at the bottom of a fault; the library's own words tell the address again.
fn cause(fault: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = fault;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use futures::future::BoxFuture;

    use super::{FORBIDDEN, Outbound, Resolver};

    /// A name that leads where it is told.
    struct Told(Vec<SocketAddr>);

    impl Resolver for Told {
        fn resolve(&self, _: String, _: u16) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
            let found = self.0.clone();
            Box::pin(async move { Ok(found) })
        }
    }

    fn outbound(leads_to: &[&str], allow_loopback: bool) -> Outbound {
        let told = leads_to.iter().map(|text| text.parse().expect("an address")).collect();
        Outbound::new(Arc::new(Told(told)), allow_loopback).expect("TLS")
    }

    #[test]
    fn only_what_the_internet_reaches_is_named() {
        let out = outbound(&[], false);
        for url in ["https://hooks.example/a?b", "https://93.184.216.34/", "https://[2606:2800:220:1::1]:8443/x", "HTTPS://Hooks.Example"] {
            assert!(out.parse(url).is_ok(), "{url}");
        }
        for url in [
            "http://hooks.example/",
            "ftp://hooks.example/",
            "file:///etc/passwd",
            "https://user:secret@hooks.example/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://0.0.0.0/",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[fe80::1]/",
            "https://[fc00::1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[::]/",
            "https://①②⑦.⓪.⓪.①/",
        ] {
            let faults = out.parse(url).expect_err(url).faults;
            assert_eq!(faults[0].code, FORBIDDEN, "{url}");
        }
        for url in ["", "hooks.example", "https://", "https:///x y"] {
            assert!(out.parse(url).is_err(), "{url}");
        }
        let at_home = outbound(&[], true);
        for (url, fine) in [
            ("http://127.0.0.1:9/", true),
            ("http://localhost/", true),
            ("https://[::1]/", true),
            ("http://10.0.0.1/", false),
            ("http://hooks.example/", false),
        ] {
            assert_eq!(at_home.parse(url).is_ok(), fine, "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_followed() {
        for leads_to in [
            &["127.0.0.1:9"][..],
            &["10.0.0.1:9"],
            &["93.184.216.34:9", "192.168.0.1:9"],
            &["[::ffff:169.254.169.254]:9"],
            &["[fe80::1]:9"],
        ] {
            let told = outbound(leads_to, false).send("https://hooks.example/", &[], None).await.expect_err("not sent");
            assert!(told.contains("where nothing is sent"), "{told}");
        }
        assert!(outbound(&[], false).send("https://hooks.example/", &[], None).await.is_err());
    }
}
