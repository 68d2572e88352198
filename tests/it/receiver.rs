//! A server that is sent to: it keeps what came, and answers as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::app::STUCK;

/// One request.
#[derive(Debug, Clone)]
pub struct Came {
    /// Method and path, as in `POST /in`.
    pub line: String,
    pub headers: HeaderMap,
    pub raw: Bytes,
    /// The body as JSON; null where it is none.
    pub body: Value,
}

impl Came {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

/// What came, and the statuses of the next answers: 200 when there are none.
#[derive(Default)]
struct Desk {
    came: Vec<Came>,
    answers: VecDeque<u16>,
}

#[derive(Clone)]
pub struct Receiver {
    desk: Arc<Mutex<Desk>>,
    news: Arc<Notify>,
    address: SocketAddr,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("bound");
        let receiver = Self { desk: Arc::default(), news: Arc::default(), address };
        tokio::spawn({
            let receiver = receiver.clone();
            async move {
                while let Ok((socket, _)) = listener.accept().await {
                    let receiver = receiver.clone();
                    let service = service_fn(move |request| receiver.clone().take(request));
                    tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service));
                }
            }
        });
        receiver
    }

    async fn take(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::io::Error> {
        let line = format!("{} {}", request.method(), request.uri());
        let headers = request.headers().clone();
        let raw = request.into_body().collect().await.expect("a body").to_bytes();
        let status = {
            let mut desk = self.desk.lock().expect("whole");
            let body = serde_json::from_slice(&raw).unwrap_or_default();
            desk.came.push(Came { line, headers, raw, body });
            desk.answers.pop_front().unwrap_or(200)
        };
        self.news.notify_one();
        Ok(Response::builder().status(status).body(Full::new(Bytes::from_static(b"noted"))).expect("a response"))
    }

    /// Where it is.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What the next are answered with.
    pub fn answers(&self, statuses: &[u16]) {
        self.desk.lock().expect("whole").answers.extend(statuses);
    }

    /// What came so far.
    pub fn came(&self) -> Vec<Came> {
        self.desk.lock().expect("whole").came.clone()
    }

    /// Waits until what came is as it should be.
    pub async fn until(&self, what: impl Fn(&[Came]) -> bool) -> Vec<Came> {
        let waiting = async {
            loop {
                let news = self.news.notified();
                let came = self.came();
                if what(&came) {
                    return came;
                }
                news.await;
            }
        };
        match tokio::time::timeout(STUCK, waiting).await {
            Ok(came) => came,
            Err(_) => panic!("it does not come: {:#?}", self.came().iter().map(|came| (&came.line, &came.body)).collect::<Vec<_>>()),
        }
    }

    /// Waits for so many.
    pub async fn came_to(&self, count: usize) -> Vec<Came> {
        self.until(|came| came.len() >= count).await
    }
}
