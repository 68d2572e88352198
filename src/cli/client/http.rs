//! One keep-alive connection for requests, one at a time.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper::header;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::{ClientError, Problem, Server};

/// Bytes of an answer; a longer one is an error.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a connection may take to open, in seconds.
const CONNECT_S_MAX: u64 = 5;
/// How long an answer may take, in seconds.
const ANSWER_S_MAX: u64 = 60;
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

struct Line {
    sender: SendRequest<Full<Bytes>>,
    connection: Pin<Box<Connection<TokioIo<TcpStream>, Full<Bytes>>>>,
}

/// Asks one server, over one connection that is kept open and opened again when it broke.
pub struct Client {
    server: Server,
    line: Option<Line>,
}

impl Client {
    /// A client that connects when it is first used.
    pub fn new(server: Server) -> Self {
        Self { server, line: None }
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

    async fn once(&mut self, method: &Method, path: &str, body: Option<(&'static str, Bytes)>) -> Result<Answer, ClientError> {
        let reused = self.line.is_some();
        match self.exchange(method, path, body.clone()).await {
            // The server may have closed a connection that stood idle: that says nothing about this request.
            Err(ClientError::Broken { .. }) if reused => self.exchange(method, path, body).await,
            other => other,
        }
    }

    async fn exchange(&mut self, method: &Method, path: &str, body: Option<(&'static str, Bytes)>) -> Result<Answer, ClientError> {
        let request = self.request(method, path, body)?;
        let Line { mut sender, mut connection } = match self.line.take() {
            Some(line) => line,
            None => self.open().await?,
        };
        let (answer, kept) = {
            let answer = tokio::time::timeout(Duration::from_secs(ANSWER_S_MAX), receive(&mut sender, request));
            tokio::pin!(answer);
            let before_its_end = tokio::select! {
                biased;
                answer = &mut answer => Some(answer),
                _ = &mut connection => None,
            };
            match before_its_end {
                Some(answer) => (answer, Some(connection)),
                // It may end once the answer is whole but not yet taken. Where it ended before the request was taken, only
                // dropping it tells the sender so.
                None => {
                    drop(connection);
                    (answer.await, None)
                }
            }
        };
        let (status, retry_after, body) =
            answer.map_err(|_| self.broken(&format!("no answer in {ANSWER_S_MAX} s")))?.map_err(|why| self.broken(&why))?;
        self.line = kept.map(|connection| Line { sender, connection });
        match status {
            200..=299 => Ok(Answer { body }),
            _ => Err(ClientError::Refused(Problem::read(status, &body, retry_after))),
        }
    }

    fn request(&self, method: &Method, path: &str, body: Option<(&'static str, Bytes)>) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, &self.server.authority);
        if let Some(authorization) = &self.server.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let body = match body {
            None => Bytes::new(),
            Some((content_type, body)) => {
                request = request.header(header::CONTENT_TYPE, content_type);
                body
            }
        };
        request.body(Full::new(body)).map_err(|e| self.unexpected(&e))
    }

    async fn open(&self) -> Result<Line, ClientError> {
        let unreachable = |why: String| ClientError::Unreachable { url: self.server.url.clone(), why };
        let connecting = tokio::time::timeout(Duration::from_secs(CONNECT_S_MAX), TcpStream::connect(&self.server.authority));
        let stream = connecting.await.map_err(|_| unreachable(format!("no connection in {CONNECT_S_MAX} s")))?;
        let stream = stream.map_err(|e| unreachable(e.to_string()))?;
        // Small requests must not wait for the acknowledgement of the one before.
        stream.set_nodelay(true).map_err(|e| unreachable(e.to_string()))?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|e| unreachable(e.to_string()))?;
        Ok(Line { sender, connection: Box::pin(connection) })
    }

    fn broken(&self, why: &str) -> ClientError {
        ClientError::Broken { url: self.server.url.clone(), why: why.to_owned() }
    }

    fn unexpected(&self, why: &dyn std::fmt::Display) -> ClientError {
        ClientError::Unexpected { url: self.server.url.clone(), why: why.to_string() }
    }
}

type Received = (u16, Option<Duration>, Bytes);

async fn receive(sender: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> Result<Received, String> {
    sender.ready().await.map_err(|e| e.to_string())?;
    let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await.map_err(|e| e.to_string())?.to_bytes();
    Ok((status, retry_after.map(Duration::from_secs), body))
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
