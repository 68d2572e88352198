//! Requests over HTTP/1.1, in the clear or by TLS, on connections that are kept.

use std::error::Error as _;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::header;
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use serde::de::DeserializeOwned;

use super::{ClientError, Problem, Server, tls};

/// Bytes of an answer; a longer one is an error.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a connection may take to open, in seconds.
const CONNECT_S_MAX: u64 = 5;
/// How long an answer may take, in seconds.
const ANSWER_S_MAX: u64 = 60;
/// How long an answer that is read piece by piece may take, in seconds.
const LONG_ANSWER_S_MAX: u64 = 24 * 3_600;
/// The first wait before a retry where the server names none, in milliseconds; it doubles.
const RETRY_MS_FIRST: u64 = 250;
/// The longest wait before a retry, in milliseconds, whoever names it.
const RETRY_MS_MAX: u64 = 30_000;

/// What the server answered with success.
#[derive(Debug)]
pub struct Answer {
    /// The body.
    pub body: Bytes,
}

/// How often a passing failure is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Tries after the first.
    pub retries_max: u32,
}

impl Patience {
    /// About a minute of trouble is sat out.
    pub const MINUTE: Self = Self { retries_max: 8 };
}

/// Asks one server. A connection that broke is opened again.
#[derive(Clone)]
pub struct Client {
    server: Server,
    http: reqwest::Client,
}

impl Client {
    /// A client that connects when it is first used.
    ///
    /// # Errors
    /// When the library cannot be set up, which no input causes.
    pub fn new(server: Server) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(server.tls.as_ref().clone())
            .connect_timeout(Duration::from_secs(CONNECT_S_MAX))
            .timeout(Duration::from_secs(ANSWER_S_MAX))
            // The server that was named is asked, and no other; a tail would not go by a proxy either.
            .no_proxy()
            .redirect(Policy::none())
            .build();
        let http = http.map_err(|fault| ClientError::Unexpected { url: server.url.clone(), why: cause(&fault) })?;
        Ok(Self { server, http })
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// [`ClientError`]; passing failures are tried again for about a minute.
    pub async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, ClientError> {
        let answer = self.send(&Method::GET, path, None, Patience::MINUTE, |_| {}).await?;
        self.decode(&answer)
    }

    /// Sends a body of some content type. `waiting` is told each wait before a retry.
    ///
    /// # Errors
    /// [`ClientError`] when the server refused, or passing failures outlasted the patience.
    pub async fn send(
        &mut self,
        method: &Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
        patience: Patience,
        mut waiting: impl FnMut(&ClientError),
    ) -> Result<Answer, ClientError> {
        let mut tried = 0;
        loop {
            let error = match self.once(method, path, body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !error.is_passing() || tried >= patience.retries_max {
                return Err(error);
            }
            waiting(&error);
            tokio::time::sleep(retry_wait(&error, tried)).await;
            tried += 1;
        }
    }

    /// Reads an answer's JSON.
    ///
    /// # Errors
    /// [`ClientError::Unexpected`] when it is something else.
    pub fn decode<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, ClientError> {
        serde_json::from_slice(&answer.body).map_err(|e| self.unexpected(&e))
    }

    async fn once(&self, method: &Method, path: &str, body: Option<(&'static str, Bytes)>) -> Result<Answer, ClientError> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.server.url));
        if let Some(authorization) = &self.server.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if let Some((content_type, body)) = body {
            request = request.header(header::CONTENT_TYPE, content_type).body(body);
        }
        let answer = request.send().await.map_err(|fault| self.fault(&fault))?;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        let body = self.body(answer).await?;
        match status {
            200..=299 => Ok(Answer { body }),
            _ => Err(ClientError::Refused(Problem::read(status, &body, retry_after.map(Duration::from_secs)))),
        }
    }

    /// Begins an answer that is read piece by piece, by [`Client::next_piece`].
    ///
    /// # Errors
    /// [`ClientError`] when the server refused or cannot be reached.
    pub async fn open(&self, path: &str) -> Result<Response, ClientError> {
        let mut request = self.http.get(format!("{}{path}", self.server.url)).timeout(Duration::from_secs(LONG_ANSWER_S_MAX));
        if let Some(authorization) = &self.server.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let answer = request.send().await.map_err(|fault| self.fault(&fault))?;
        match answer.status().as_u16() {
            200..=299 => Ok(answer),
            status => Err(ClientError::Refused(Problem::read(status, &self.body(answer).await?, None))),
        }
    }

    /// The next piece of an answer; `None` at its end.
    ///
    /// # Errors
    /// [`ClientError::Broken`] where it is cut off.
    pub async fn next_piece(&self, answer: &mut Response) -> Result<Option<Bytes>, ClientError> {
        answer.chunk().await.map_err(|fault| self.fault(&fault))
    }

    async fn body(&self, mut answer: Response) -> Result<Bytes, ClientError> {
        let mut body = BytesMut::new();
        while let Some(part) = answer.chunk().await.map_err(|fault| self.fault(&fault))? {
            if body.len() + part.len() > ANSWER_BYTES_MAX {
                return Err(self.broken("the answer is too long"));
            }
            body.extend_from_slice(&part);
        }
        Ok(body.freeze())
    }

    fn fault(&self, fault: &reqwest::Error) -> ClientError {
        let url = self.server.url.clone();
        match tls::refusal(fault, &url) {
            Some(refused) => refused,
            None if fault.is_connect() && fault.is_timeout() => {
                ClientError::Unreachable { url, why: format!("no connection in {CONNECT_S_MAX} s") }
            }
            None if fault.is_connect() => ClientError::Unreachable { url, why: cause(fault) },
            None if fault.is_timeout() => self.broken(&format!("no answer in {ANSWER_S_MAX} s")),
            None => self.broken(&cause(fault)),
        }
    }

    fn broken(&self, why: &str) -> ClientError {
        ClientError::Broken { url: self.server.url.clone(), why: why.to_owned() }
    }

    fn unexpected(&self, why: &dyn std::fmt::Display) -> ClientError {
        ClientError::Unexpected { url: self.server.url.clone(), why: why.to_string() }
    }
}

/// Asks a server of this machine in the clear; status and text, or why there is no answer.
///
/// # Errors
/// What the system said.
pub async fn look(at: SocketAddr, path: &str) -> Result<(u16, String), String> {
    let tls = tls::nobody_trusted().map_err(|fault| fault.to_string())?;
    let url = format!("http://{at}");
    let client = Client::new(Server { authority: at.to_string(), url, secure: None, tls, authorization: None });
    let client = client.map_err(|fault| fault.to_string())?;
    let answer = client.http.get(format!("{}{path}", client.server.url)).send().await.map_err(|fault| cause(&fault))?;
    let status = answer.status().as_u16();
    let body = client.body(answer).await.map_err(|fault| fault.to_string())?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// What lies at the bottom of a fault: what is above says only that a request failed.
fn cause(fault: &reqwest::Error) -> String {
    let mut deepest = fault.source();
    while let Some(next) = deepest.and_then(|fault| fault.source()) {
        deepest = Some(next);
    }
    deepest.map_or_else(|| fault.to_string(), ToString::to_string)
}

fn retry_wait(error: &ClientError, tried: u32) -> Duration {
    let named = match error {
        ClientError::Refused(problem) => problem.retry_after,
        _ => None,
    };
    let own = Duration::from_millis(RETRY_MS_FIRST << tried.min(10));
    named.unwrap_or(own).min(Duration::from_millis(RETRY_MS_MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{ClientError, Problem};
    use super::retry_wait;

    #[test]
    fn waits_as_told_or_doubling() {
        let told = |s| ClientError::Refused(Problem { status: 429, retry_after: Some(Duration::from_secs(s)), ..Problem::default() });
        let broken = ClientError::Broken { url: String::new(), why: String::new() };
        for (error, tried, want_ms) in
            [(&told(2), 5, 2_000), (&told(900), 0, 30_000), (&broken, 0, 250), (&broken, 3, 2_000), (&broken, 40, 30_000)]
        {
            assert_eq!(retry_wait(error, tried), Duration::from_millis(want_ms), "{error:?} {tried}");
        }
    }
}
