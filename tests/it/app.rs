//! A whole server for a test: port 0, a folder of its own, the real store, and the proof that nothing is left of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tidings::app::{self, Leftovers, Running};
use tidings::auth::{Operator, Scopes, SecretKey};
use tidings::clock::Clock;
use tidings::config::Config;
use tidings::domain::{Key, UnixMs};
use tidings::store::{CredentialKind, NewCredential};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long anything in a test may take before it counts as stuck. Never what a test is about.
pub const STUCK: Duration = Duration::from_secs(30);

/// A server and the folder that it lives in.
pub struct TestApp {
    running: Option<Running>,
    folder: tempfile::TempDir,
    config: Config,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("utf-8")
    }

    /// Status and `code` of a problem, for tables of cases.
    pub fn code(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap_or("").to_owned())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().expect("text"))
    }
}

impl TestApp {
    /// A server as it comes.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server that is told something else.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::begin(change, Clock::System, false).await
    }

    /// A server whose time of day is told.
    pub async fn start_at(clock: Clock) -> Self {
        Self::begin(|_| {}, clock, false).await
    }

    /// A demo.
    pub async fn start_demo() -> Self {
        Self::begin(|_| {}, Clock::System, true).await
    }

    async fn begin(change: impl FnOnce(&mut Config), clock: Clock, demo: bool) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let mut config = Config {
            database: format!("sqlite:{}", folder.path().join("tidings.db").display()),
            listen: "127.0.0.1:0".to_owned(),
            ops_listen: "127.0.0.1:0".to_owned(),
            ..Config::default()
        };
        change(&mut config);
        let running = app::start(&config, clock, demo).await.expect("starts");
        Self { running: Some(running), folder, config }
    }

    /// Where the database is.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("tidings.db")
    }

    pub fn running(&self) -> &Running {
        self.running.as_ref().expect("runs")
    }

    /// Drains, proves that nothing is left, and starts again on the same files.
    pub async fn restart(&mut self) {
        self.restart_after(|_| {}).await;
    }

    /// The same, with something done to the database while nobody has it open.
    pub async fn restart_after(&mut self, between: impl FnOnce(&Path)) {
        let left = self.running.take().expect("runs").finish().await;
        assert_eq!(left, Leftovers::default());
        between(&self.database());
        self.running = Some(app::start(&self.config, Clock::System, false).await.expect("starts again"));
    }

    /// Waits until what was acknowledged is with the hub: a receipt comes as soon as an activity is durable, and a stream that
    /// begins at once may begin before it.
    pub async fn published(&self) {
        let round = tokio::time::timeout(STUCK, self.running().ready.round()).await;
        // A server whose writer stands still is a test of its own, which posts nothing that could be waited for.
        let _ = round;
    }

    /// Drains and proves that nothing is left.
    pub async fn finish(mut self) {
        let running = self.running.take().expect("runs");
        let left = tokio::time::timeout(STUCK, running.finish()).await.expect("drains");
        assert_eq!(left, Leftovers::default());
        assert!(self.folder.path().exists());
    }

    pub fn address(&self) -> SocketAddr {
        self.running().api_addr
    }

    /// A key of the workspace `default`: scopes as in `ingest,read`.
    pub async fn key(&self, scopes: &str) -> String {
        self.key_of("default", scopes, None).await
    }

    /// A key of a workspace, which is made when it is not there.
    pub async fn key_of(&self, workspace: &str, scopes: &str, event: Option<&str>) -> String {
        self.keep_key(workspace, scopes, event, None).await
    }

    async fn keep_key(&self, workspace: &str, scopes: &str, event: Option<&str>, expires_at: Option<UnixMs>) -> String {
        let (keyring, operator, key) = (&self.running().store.keyring, Operator::assume(), Key::parse(workspace).expect("key"));
        let found = keyring.workspace_by_key(operator, key.clone()).await.expect("reads");
        let workspace = match found {
            Some(found) => found,
            None => keyring.create_workspace(operator, key, workspace.to_owned()).await.expect("made"),
        };
        let secret = SecretKey::generate("key").expect("random");
        let new = NewCredential {
            scopes: scopes.parse::<Scopes>().expect("scopes"),
            events: event.map(|e| Key::parse(e).expect("key")).into(),
            expires_at,
            ..NewCredential::new(CredentialKind::Key, secret.hash(), Clock::System.now())
        };
        keyring.create_credential(workspace.id, new).await.expect("kept");
        secret.expose().to_owned()
    }

    /// A key of a workspace that is there, and whose time is over.
    pub async fn expired_key_of(&self, workspace: &str, scopes: &str) -> String {
        self.keep_key(workspace, scopes, None, Some(UnixMs(1))).await
    }

    /// Presses the button of a sign-in page, as its form does.
    pub async fn press(&self, link: &str, to: &str, extra: &[(&str, &str)]) -> Answer {
        let link = link.split_once("link=").map_or(link, |(_, link)| link);
        let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("link", link).append_pair("to", to).finish();
        let headers = [&[("content-type", "application/x-www-form-urlencoded")][..], extra].concat();
        self.request(Method::POST, "/signin", &headers, body).await
    }

    pub async fn get(&self, key: &str, path: &str) -> Answer {
        self.call(Method::GET, key, path, "").await
    }

    pub async fn post(&self, key: &str, path: &str, body: &str) -> Answer {
        self.call(Method::POST, key, path, body).await
    }

    pub async fn put(&self, key: &str, path: &str, body: &str) -> Answer {
        self.call(Method::PUT, key, path, body).await
    }

    /// One request with a key (none when empty) and a JSON body (none when empty).
    pub async fn call(&self, method: Method, key: &str, path: &str, body: &str) -> Answer {
        let mut headers = Vec::new();
        let bearer = format!("Bearer {key}");
        if !key.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        self.request(method, path, &headers, body.to_owned()).await
    }

    /// One request as told, on a connection of its own.
    pub async fn request(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        request(self.address(), method, path, headers, body).await
    }

    /// Sends bytes as they are and reads until the server closes.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut socket = TcpStream::connect(self.address()).await.expect("connects");
        // A server that has refused may close before everything is sent.
        let _ = socket.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(STUCK, socket.read_to_end(&mut answer)).await.expect("the server closes");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends bytes as they are and reads the head of the answer, with what came of the body, then leaves.
    pub async fn head(&self, bytes: &[u8]) -> String {
        head(self.address(), bytes).await
    }
}

/// Sends bytes as they are to any address and reads the head of the answer, with what came of the body, then leaves.
pub async fn head(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.expect("connects");
    socket.write_all(bytes).await.expect("sent");
    let mut answer = Vec::new();
    let whole = async {
        while !answer.windows(4).any(|w| w == b"\r\n\r\n") || answer.starts_with(b"HTTP/1.1 4") && !answer.ends_with(b"}") {
            if socket.read_buf(&mut answer).await.expect("reads") == 0 {
                break;
            }
        }
    };
    tokio::time::timeout(STUCK, whole).await.expect("answers");
    String::from_utf8_lossy(&answer).into_owned()
}

/// One request to any address, on a connection of its own.
pub async fn request(address: SocketAddr, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let socket = TcpStream::connect(address).await.expect("connects");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.expect("http");
    let connection = tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path).header("host", address.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).expect("request");
    let answer = tokio::time::timeout(STUCK, sender.send_request(request)).await.expect("answers").expect("answers");
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.expect("whole").to_bytes();
    drop(sender);
    let _ = connection.await;
    Answer { status: parts.status, headers: parts.headers, body }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if self.running.is_some() && !std::thread::panicking() {
            panic!("a test has to end with finish(), which proves that nothing is left");
        }
    }
}
