//! Webhooks, against a receiver that is away, answers in vain, cuts off, and is there again.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::app::{STUCK, TestApp};

/// What came, and what is to be answered.
#[derive(Default)]
struct Desk {
    /// Every request.
    came: Vec<Came>,
    /// Statuses of the next answers; 200 when there are none. 0 cuts the connection off.
    answers: VecDeque<u16>,
}

/// One request.
#[derive(Clone)]
struct Came {
    id: String,
    at: String,
    signatures: String,
    raw: Bytes,
    body: Value,
}

#[derive(Clone, Default)]
struct Receiver {
    desk: Arc<Mutex<Desk>>,
    news: Arc<Notify>,
}

impl Receiver {
    async fn start() -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let (receiver, address) = (Self::default(), listener.local_addr().expect("bound"));
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
        (receiver, address)
    }

    async fn take(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::io::Error> {
        let header = |name: &str| request.headers().get(name).expect(name).to_str().expect("text").to_owned();
        let (id, at, signatures) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        let status = {
            let mut desk = self.desk.lock().expect("whole");
            let told = serde_json::from_slice(&body).expect("json");
            desk.came.push(Came { id, at, signatures, raw: body, body: told });
            desk.answers.pop_front().unwrap_or(200)
        };
        self.news.notify_one();
        match status {
            0 => Err(std::io::Error::other("cut off")),
            status => Ok(Response::builder().status(status).body(Full::new(Bytes::from_static(b"noted"))).expect("a response")),
        }
    }

    fn answers(&self, statuses: &[u16]) {
        self.desk.lock().expect("whole").answers.extend(statuses);
    }

    /// Waits until what came is as it should be.
    async fn until(&self, what: impl Fn(&[Came]) -> bool) -> Vec<Came> {
        let waiting = async {
            loop {
                let news = self.news.notified();
                let came = self.desk.lock().expect("whole").came.clone();
                if what(&came) {
                    return came;
                }
                news.await;
            }
        };
        tokio::time::timeout(STUCK, waiting).await.expect("it comes")
    }
}

fn seqs(came: &[Came]) -> Vec<u64> {
    let items = came.iter().flat_map(|came| came.body["items"].as_array().expect("items"));
    items.map(|item| item["seq"].as_u64().expect("a seq")).collect()
}

async fn send(app: &TestApp, key: &str, count: usize) {
    let draft = |n: usize| json!({"flavor": if n.is_multiple_of(2) { "message.opened" } else { "page.viewed" }, "event": "expo", "partner": "acme"});
    let drafts: Vec<Value> = (0..count).map(draft).collect();
    assert_eq!(app.post(key, "/v1/activities", &json!(drafts).to_string()).await.status, 200);
}

async fn hooked(app: &TestApp, key: &str, address: SocketAddr, more: Value) -> Value {
    let mut body = json!({"url": format!("http://{address}/in"), "view": "all-opens"});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let made = app.put(key, "/v1/webhooks/desk", &body.to_string()).await;
    assert!(made.status.is_success(), "{}", made.text());
    made.json()
}

fn signed_by(secret: &str, came: &Came) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    mac.update(format!("{}.{}.", came.id, came.at).as_bytes());
    mac.update(&came.raw);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

async fn opens(app: &TestApp, key: &str) -> Vec<u64> {
    let page = app.get(key, "/v1/activities?view=all-opens&limit=1000").await.json();
    page["items"].as_array().expect("items").iter().rev().map(|item| item["seq"].as_u64().expect("a seq")).collect()
}

#[tokio::test]
async fn a_receiver_that_was_away_has_exactly_what_the_view_has() {
    let mut app = TestApp::start_with(|config| config.webhooks.allow_loopback = true).await;
    let key = app.key("ingest,read,admin").await;
    let (receiver, address) = Receiver::start().await;
    send(&app, &key, 4).await;
    receiver.answers(&[500, 0, 503]);
    let made = hooked(&app, &key, address, json!({})).await;
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{made}");
    send(&app, &key, 700).await;
    // Tried in vain, it does not wait for its time when it is asked to go on.
    for attempt in 1..=3 {
        receiver.until(|came| came.len() >= attempt).await;
        let told = async {
            loop {
                let told = app.get(&key, "/v1/webhooks/desk").await.json();
                if told["state"] == "failing" && told["next_at"].is_string() {
                    return told;
                }
            }
        };
        let told = tokio::time::timeout(STUCK, told).await.expect("it is told");
        assert_eq!(told["answered"], [json!(500), Value::Null, json!(503)][attempt - 1], "{told}");
        if attempt == 2 {
            app.restart().await;
        }
        assert_eq!(app.post(&key, "/v1/webhooks/desk/redeliver", "{}").await.status, 200);
    }
    let want: Vec<u64> = opens(&app, &key).await.into_iter().filter(|seq| *seq > 4).collect();
    let came = receiver.until(|came| seqs(&came[3.min(came.len())..]).len() >= want.len()).await;
    assert_eq!(seqs(&came[3..]), want, "everything once, in order");
    let first: Vec<_> = came[..4].iter().map(|came| (came.id.clone(), came.raw.clone())).collect();
    assert!(first.windows(2).all(|two| two[0] == two[1]), "what is tried again is the same");
    assert!(came[3..].iter().all(|came| came.body["items"].as_array().is_some_and(|items| items.len() <= 100)));
    let secret = made["secret"].as_str().expect("a secret");
    for came in &came {
        assert_eq!((came.body["type"].as_str(), came.body["view"].as_str()), (Some("activities"), Some("all-opens")));
        assert_eq!(came.signatures, signed_by(secret, came));
    }
    assert_eq!(app.get(&key, "/v1/webhooks").await.json()["items"][0]["secret"], Value::Null, "shown once");
    app.finish().await;
}

#[tokio::test]
async fn corrections_are_sent_and_a_cursor_sends_again() {
    let app = TestApp::start_with(|config| config.webhooks.allow_loopback = true).await;
    let key = app.key("ingest,read,admin").await;
    let (receiver, address) = Receiver::start().await;
    send(&app, &key, 3).await;
    let begin = app.get(&key, "/v1/activities?limit=1").await.json()["newer"].as_str().expect("a cursor").to_owned();
    hooked(&app, &key, address, json!({})).await;
    send(&app, &key, 3).await;
    let came = receiver.until(|came| seqs(came).len() == 2).await;
    let id = came.last().expect("one").body["items"][0]["id"].as_str().expect("an id").to_owned();
    let amended = app.post(&key, &format!("/v1/activities/{id}/amend"), r#"{"grade":"machine","grade_reasons":["known_scanner"]}"#).await;
    assert_eq!(amended.status, 200, "{}", amended.text());
    let came = receiver.until(|came| came.iter().any(|came| came.body["amended"].is_array())).await;
    let told = &came.last().expect("one").body["amended"][0];
    assert_eq!((&told["id"], &told["grade"]), (&json!(id), &json!("machine")));
    app.call(Method::DELETE, &key, &format!("/v1/activities/{id}"), "").await;
    let came = receiver.until(|came| came.iter().any(|came| came.body["erased"].is_array())).await;
    assert_eq!(came.last().expect("one").body["erased"][0]["id"], json!(id));
    let before = came.len();
    assert_eq!(app.post(&key, "/v1/webhooks/desk/redeliver", &json!({ "after": begin }).to_string()).await.status, 200);
    let again = receiver.until(|came| came.len() > before && !seqs(&came[before..]).is_empty()).await;
    let left: Vec<u64> = opens(&app, &key).await.into_iter().filter(|seq| *seq > 3).collect();
    assert_eq!(seqs(&again[before..]), left, "what is left, once more");
    app.finish().await;
}

#[tokio::test]
async fn gone_is_gone_and_a_new_secret_signs_beside_the_old() {
    let app = TestApp::start_with(|config| config.webhooks.allow_loopback = true).await;
    let key = app.key("ingest,read,admin").await;
    let (receiver, address) = Receiver::start().await;
    let old = hooked(&app, &key, address, json!({})).await["secret"].as_str().expect("a secret").to_owned();
    let new = app.post(&key, "/v1/webhooks/desk/secret", "").await.json()["secret"].as_str().expect("a secret").to_owned();
    assert_ne!(old, new);
    receiver.answers(&[410]);
    send(&app, &key, 1).await;
    let came = receiver.until(|came| came.len() == 1).await;
    assert_eq!(came[0].signatures, format!("{} {}", signed_by(&new, &came[0]), signed_by(&old, &came[0])), "signed with both");
    let ended = async {
        loop {
            let told = app.get(&key, "/v1/webhooks/desk").await.json();
            if told["state"] == "ended" {
                return;
            }
        }
    };
    tokio::time::timeout(STUCK, ended).await.expect("it ends");
    send(&app, &key, 1).await;
    // Put again it goes on where it stood.
    let put = hooked(&app, &key, address, json!({})).await;
    assert_eq!(put["secret"], Value::Null, "it has one");
    let came = receiver.until(|came| seqs(&came[1.min(came.len())..]).len() == 2).await;
    assert_eq!(seqs(&came[1..]), opens(&app, &key).await);
    assert_eq!(app.call(Method::DELETE, &key, "/v1/views/all-opens", "").await.code(), (409, "in_use".to_owned()));
    assert_eq!(app.call(Method::DELETE, &key, "/v1/webhooks/desk", "").await.status, 204);
    assert_eq!(app.get(&key, "/v1/webhooks/desk").await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn nothing_is_sent_home() {
    let app = TestApp::start().await;
    let key = app.key("read,admin").await;
    let put = async |body: Value| app.put(&key, "/v1/webhooks/desk", &body.to_string()).await;
    for url in ["http://hooks.example/", "https://localhost/", "https://0x7f.1/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/"]
    {
        let refused = put(json!({"url": url, "view": "all-opens"})).await;
        assert_eq!(
            (refused.code(), refused.json()["errors"][0]["path"].as_str()),
            ((422, "receiver_forbidden".to_owned()), Some("url")),
            "{url}"
        );
    }
    for (body, code) in [
        (json!({"view": "all-opens"}), (422, "invalid")),
        (json!({"url": "nonsense", "view": "all-opens"}), (422, "invalid")),
        (json!({"url": "https://hooks.example/", "view": "none"}), (404, "view_unknown")),
    ] {
        let refused = put(body.clone()).await;
        assert_eq!(refused.code(), (code.0, code.1.to_owned()), "{body}: {}", refused.text());
    }
    let reader = app.key("read").await;
    assert_eq!(app.get(&reader, "/v1/webhooks").await.code(), (403, "scope_missing".to_owned()));
    app.finish().await;
}
