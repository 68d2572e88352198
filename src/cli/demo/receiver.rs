//! A small receiver of the demo: what a webhook and an alert send, a page shows.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Bytes of one body.
const BODY_BYTES_MAX: usize = 1 << 20;
/// What the page shows of the newest.
const SHOWN: usize = 20;

/// What came.
#[derive(Default)]
struct Desk {
    batches: u64,
    activities: u64,
    last_seq: u64,
    /// Lines of the page, the newest first.
    lines: VecDeque<String>,
}

/// Starts it on a free port of this machine; where it is.
///
/// # Errors
/// When the machine has no port to give.
pub async fn start(tasks: &TaskTracker, shutdown: CancellationToken) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let desk: Arc<Mutex<Desk>> = Arc::default();
    let inner = tasks.clone();
    tasks.spawn(async move {
        while let Some(Ok((socket, _))) = shutdown.run_until_cancelled(listener.accept()).await {
            let (desk, ends) = (desk.clone(), shutdown.clone());
            inner.spawn(async move {
                let service = service_fn(move |request| answer(desk.clone(), request));
                let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
                // Whoever leaves early has left.
                let _ = ends.run_until_cancelled(connection).await;
            });
        }
    });
    Ok(address)
}

async fn answer(desk: Arc<Mutex<Desk>>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, kind, text) = match *request.method() {
        Method::GET => (StatusCode::OK, "text/html; charset=utf-8", page(&desk.lock().unwrap_or_else(PoisonError::into_inner))),
        Method::POST => match Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await {
            Ok(body) => {
                desk.lock().unwrap_or_else(PoisonError::into_inner).take(&serde_json::from_slice(&body.to_bytes()).unwrap_or_default());
                (StatusCode::OK, "text/plain", String::new())
            }
            Err(_) => (StatusCode::PAYLOAD_TOO_LARGE, "text/plain", String::new()),
        },
        _ => (StatusCode::METHOD_NOT_ALLOWED, "text/plain", String::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    Ok(response)
}

impl Desk {
    fn take(&mut self, body: &Value) {
        if body["type"] == "alert" {
            let of = |name: &str| body[name].as_str().unwrap_or("").to_owned();
            self.tell(format!("{}: {} {} {}", of("at"), of("name"), of("state"), of("reason")));
            return;
        }
        let items = body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        self.batches += 1;
        self.activities += items.len() as u64;
        for item in items {
            self.last_seq = item["seq"].as_u64().unwrap_or(self.last_seq);
            let text = |name: &str, part: &str| item[name][part].as_str().unwrap_or("").to_owned();
            self.tell(format!("{} {}: {}", self.last_seq, text("partner", "name"), text("flavor", "label")));
        }
    }

    fn tell(&mut self, line: String) {
        self.lines.push_front(line);
        self.lines.truncate(SHOWN);
    }
}

fn page(desk: &Desk) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let lines: String = desk.lines.iter().map(|line| format!("<li>{}</li>", escaped(line))).collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"2\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>A receiver</title></head><body><h1>A receiver</h1><p>{} activities in {} batches, the last at place {}.</p><ol reversed>{lines}</ol></body></html>",
        desk.activities, desk.batches, desk.last_seq
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Desk, SHOWN, page};

    #[test]
    fn what_came_is_shown_as_text() {
        let mut desk = Desk::default();
        let item = |seq: u64| json!({"seq": seq, "partner": {"name": "<b>"}, "flavor": {"label": "Opened"}});
        desk.take(&json!({"type": "activities", "items": (1..=30).map(item).collect::<Vec<_>>()}));
        desk.take(&json!({"type": "alert", "name": "Quiet", "state": "firing", "at": "now", "reason": "nothing came"}));
        assert_eq!((desk.activities, desk.batches, desk.last_seq, desk.lines.len()), (30, 1, 30, SHOWN));
        let page = page(&desk);
        assert!(page.contains("<li>now: Quiet firing nothing came</li><li>30 &lt;b&gt;: Opened</li>"), "{page}");
    }
}
