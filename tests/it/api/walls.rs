//! Walls and their screens: pairing, what a screen reads and what it does not, what it says, and what it is told.

use hyper::Method;
use serde_json::{Value, json};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::{Answer, STUCK, TestApp};
use crate::live::watcher::{Watcher, seqs};

struct Hall {
    app: TestApp,
    key: String,
}

async fn hall() -> Hall {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let opens = r#"{"name":"Opened","filter":{"flavor":["message.opened"]}}"#;
    assert_eq!(app.put(&key, "/v1/views/opens", opens).await.status, 201);
    let hall = Hall { app, key };
    hall.put_wall("hall", json!({"name": "Hall", "views": ["opens", "all-shares"]})).await;
    hall
}

/// A screen that waits to be paired.
struct Waiting(TcpStream, String);

impl Waiting {
    async fn at(app: &TestApp, path: &str) -> Self {
        let mut socket = TcpStream::connect(app.address()).await.expect("connects");
        socket.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.expect("sent");
        Self(socket, String::new())
    }

    async fn until(&mut self, wanted: &str) {
        while !self.1.contains(wanted) {
            let mut some = [0; 1_024];
            let read = tokio::time::timeout(STUCK, self.0.read(&mut some)).await.expect("something comes").expect("read");
            assert!(read > 0, "{wanted} was awaited: {}", self.1);
            self.1.push_str(&String::from_utf8_lossy(&some[..read]));
        }
    }
}

impl Hall {
    async fn put_wall(&self, key: &str, body: Value) {
        let put = self.app.put(&self.key, &format!("/v1/walls/{key}"), &body.to_string()).await;
        assert!(put.status.is_success(), "{}", put.text());
    }

    async fn sent(&self, partner: &str, flavor: &str) {
        let draft = json!({"flavor": flavor, "event": "expo", "partner": partner, "source_url": "https://shop.example/cart?user=7"});
        assert_eq!(self.app.post(&self.key, "/v1/activities", &draft.to_string()).await.status, 201);
    }

    /// A screen that somebody has paired by its code: its number and its cookie.
    async fn paired(&self, wall: &str) -> (String, String) {
        let begun = self.app.post("", "/v1/screens", "").await.json();
        let wait = format!("/v1/screens/wait?poll={}", begun["poll"].as_str().expect("a poll"));
        let mut waiting = Waiting::at(&self.app, &wait).await;
        waiting.until("event: waiting").await;
        let body = json!({"code": begun["code"], "name": "Stage left"});
        let made = self.app.post(&self.key, &format!("/v1/walls/{wall}/screens"), &body.to_string()).await;
        assert_eq!((made.status.as_u16(), &made.json()["url"]), (201, &Value::Null), "{}", made.text());
        waiting.until("event: paired").await;
        let again = self.app.get("", &wait).await;
        let cookie = again.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        assert!(cookie.starts_with("tidings_screen=td_screen_") && again.text().contains("event: paired"), "{}", again.text());
        (made.json()["id"].to_string(), cookie)
    }

    async fn get(&self, cookie: &str, path: &str) -> Answer {
        self.app.request(Method::GET, path, &[("cookie", cookie)], "").await
    }

    async fn screen(&self, number: &str) -> Value {
        let listed = self.app.get(&self.key, "/v1/screens").await.json();
        let found = listed["items"]
            .as_array()
            .expect("items")
            .iter()
            .find(|screen| screen["id"] == serde_json::from_str::<Value>(number).expect("a number"));
        found.cloned().unwrap_or_else(|| panic!("{number} is not in {listed}"))
    }

    async fn watching(&self, cookie: &str) -> Watcher {
        self.app.published().await;
        Watcher::connect_by(self.app.address(), &[("cookie", cookie)]).await
    }
}

#[tokio::test]
async fn a_wall_is_what_was_put_and_says_what_is_wrong() {
    let Hall { app, key } = hall().await;
    let whole = json!({"name": "Whole", "layout": "numbers", "views": ["opens"], "rotate_s": 60, "size": "xl", "theme": "light",
        "mask": "names", "zone": "Europe/Berlin", "night": {"from": "22:00", "to": "06:30"}, "language": "de", "overscan": 3,
        "banner": {"text": "Lunch", "until": "2030-01-01T12:00:00.000Z"}});
    let put = app.put(&key, "/v1/walls/whole", &whole.to_string()).await;
    let mut read = put.json();
    assert_eq!((put.status.as_u16(), read["key"].take()), (201, json!("whole")));
    read.as_object_mut().expect("an object").remove("key");
    assert_eq!(read, whole);
    let standard = app.get(&key, "/v1/walls/hall").await.json();
    assert_eq!(
        (&standard["layout"], &standard["rotate_s"], &standard["size"], &standard["theme"]),
        (&json!("feed"), &json!(30), &json!("l"), &json!("dark"))
    );
    let patched = app.call(Method::PATCH, &key, "/v1/walls/whole", r#"{"night":null,"mask":null}"#).await.json();
    assert_eq!((&patched["night"], &patched["mask"], &patched["size"]), (&Value::Null, &Value::Null, &json!("xl")));
    for (body, path, code) in [
        (json!({"name": "x"}), "views", "no_view"),
        (json!({"name": "x", "views": ["none"]}), "view", "unknown_view"),
        (json!({"name": "x", "views": ["opens"], "layout": "map"}), "layout", "unknown_word"),
        (json!({"name": "x", "views": ["opens"], "rotate_s": 1}), "rotate_s", "out_of_range"),
        (json!({"name": "x", "views": ["opens"], "night": {"from": "25:00", "to": "06:00"}}), "night", "night_form"),
        (json!({"name": "x", "views": ["opens"], "night": {"from": "6:00", "to": "07:00"}}), "night", "night_form"),
        (json!({"name": "x", "views": ["opens"], "zone": "Mars/Olympus"}), "zone", "unknown_zone"),
        (json!({"name": "x", "views": ["opens"], "banner": {"text": "Lunch"}}), "banner", "banner_form"),
    ] {
        let refused = app.put(&key, "/v1/walls/x", &body.to_string()).await;
        let fault = &refused.json()["errors"][0];
        assert_eq!((refused.status.as_u16(), &fault["path"], &fault["code"]), (422, &json!(path), &json!(code)), "{body}");
    }
    let system = app.put(&key, "/v1/walls/ops", r#"{"name":"Operations","layout":"system","views":["opens"]}"#).await;
    assert_eq!((system.status.as_u16(), &system.json()["views"]), (201, &json!([])), "it shows no activities");
    let private = app.put(&key, "/v1/views/mine", r#"{"name":"Mine","private":true}"#).await;
    assert_eq!(private.status, 201);
    assert_eq!(
        app.put(&key, "/v1/walls/x", r#"{"name":"x","views":["mine"]}"#).await.code(),
        (422, "invalid".to_owned()),
        "nobody else sees it"
    );
    // What it shows stays while it shows it.
    let in_use = app.call(Method::DELETE, &key, "/v1/views/opens", "").await;
    assert_eq!(in_use.code(), (409, "in_use".to_owned()));
    assert!(in_use.text().contains("the wall hall"), "{}", in_use.text());
    app.finish().await;
}

#[tokio::test]
async fn a_screen_is_paired_by_its_code_and_reads_its_wall_alone() {
    let hall = hall().await;
    hall.sent("acme", "message.opened").await;
    hall.sent("acme", "page.viewed").await;
    let (number, cookie) = hall.paired("hall").await;
    let task = hall.get(&cookie, "/v1/screen").await;
    assert!(task.header("set-cookie").starts_with(&cookie) && task.header("set-cookie").contains("Max-Age=34560000"), "it is renewed");
    let task = task.json();
    assert_eq!(
        (&task["name"], &task["wall"]["key"], &task["views"][1]["key"]),
        (&json!("Stage left"), &json!("hall"), &json!("all-shares"))
    );
    // Each of its views, the first where none is named, and nothing else.
    let rows = |answer: Answer| answer.json()["items"].as_array().map(Vec::len);
    assert_eq!(rows(hall.get(&cookie, "/v1/activities").await), Some(1));
    assert_eq!(rows(hall.get(&cookie, "/v1/activities?view=all-shares").await), Some(0));
    assert_eq!(hall.get(&cookie, "/v1/activities?view=all-activities").await.code(), (403, "view_forbidden".to_owned()));
    for path in ["/v1/events", "/v1/walls", "/v1/screens", "/v1/keys", "/v1/activities/export?format=csv"] {
        assert_eq!(hall.get(&cookie, path).await.code(), (403, "right_missing".to_owned()), "{path}");
    }
    // Such a browser is nobody's; whoever is signed in there too is asked for by the other cookie.
    assert_eq!(hall.get(&cookie, "/v1/session").await.code(), (401, "unauthorised".to_owned()));
    let signed_in = hall.app.post("", "/v1/session", &json!({"key": hall.key}).to_string()).await;
    let both = format!("{}; {cookie}", signed_in.header("set-cookie").split(';').next().expect("a cookie"));
    assert_eq!(hall.get(&both, "/v1/session").await.status, 200);
    assert_eq!(hall.get(&both, "/v1/screen").await.code(), (403, "right_missing".to_owned()));
    let as_screen = hall.app.request(Method::GET, "/v1/screen", &[("cookie", &both), ("tidings-screen", "1")], "").await;
    assert_eq!(as_screen.status, 200);
    // Live, by name and by default; not by another name.
    let mut watcher = hall.watching(&cookie).await;
    assert_eq!(seqs(&watcher.subscribe(json!({})).await), [1]);
    watcher.say(json!({"type":"subscribe","sub":"t","view":"all-activities"})).await;
    assert_eq!(watcher.expect("error").await["code"], "view_forbidden");
    hall.sent("globex", "message.opened").await;
    assert_eq!(seqs(&watcher.expect("activities").await), [3]);
    // Revoked, all of it ends.
    let revoked = hall.app.call(Method::DELETE, &hall.key, &format!("/v1/screens/{number}"), "").await;
    assert_eq!(revoked.status, 204);
    assert_eq!(watcher.closed().await.0, 4401);
    assert_eq!(hall.get(&cookie, "/v1/screen").await.status, 401);
    assert_eq!(hall.app.get(&hall.key, "/v1/screens").await.json()["items"], json!([]));
    hall.app.finish().await;
}

#[tokio::test]
async fn what_its_wall_says_holds_for_a_screen_at_once() {
    let hall = hall().await;
    hall.sent("acme", "message.opened").await;
    let (number, cookie) = hall.paired("hall").await;
    let mut watcher = hall.watching(&cookie).await;
    let begun = watcher.subscribe(json!({})).await;
    assert_eq!(
        (&begun["items"][0]["partner"]["key"], &begun["items"][0]["source_url"]),
        (&json!("acme"), &json!("https://shop.example/cart?user=7"))
    );
    // Masked from now on: the stream ends, the credential does not.
    hall.put_wall("hall", json!({"name": "Hall", "views": ["opens"], "mask": "names"})).await;
    assert_eq!(watcher.closed().await.0, 4401);
    let mut watcher = hall.watching(&cookie).await;
    let begun = watcher.subscribe(json!({})).await;
    assert_eq!(
        (&begun["items"][0]["partner"]["name"], &begun["items"][0]["source_url"]),
        (&json!("A partner"), &json!("https://shop.example/"))
    );
    assert_eq!(hall.get(&cookie, "/v1/activities?view=all-shares").await.code(), (403, "view_forbidden".to_owned()));
    assert_eq!(hall.get(&cookie, "/v1/activities?partner=acme").await.code(), (403, "field_masked".to_owned()));
    // Another wall, another picture.
    hall.put_wall("shares", json!({"name": "Shares", "views": ["all-shares"]})).await;
    let moved = hall.app.call(Method::PATCH, &hall.key, &format!("/v1/screens/{number}"), r#"{"wall":"shares","name":"Café"}"#).await;
    assert_eq!((&moved.json()["wall"], &moved.json()["name"]), (&json!("shares"), &json!("Café")));
    assert_eq!(watcher.closed().await.0, 4401);
    assert_eq!(hall.get(&cookie, "/v1/screen").await.json()["wall"]["key"], "shares");
    let nowhere = hall.app.call(Method::PATCH, &hall.key, &format!("/v1/screens/{number}"), r#"{"wall":"none"}"#).await;
    assert_eq!(nowhere.json()["errors"][0]["code"], "unknown_wall");
    // A wall that is shown stays.
    let in_use = hall.app.call(Method::DELETE, &hall.key, "/v1/walls/shares", "").await;
    assert!(in_use.code() == (409, "in_use".to_owned()) && in_use.text().contains("Café"), "{}", in_use.text());
    assert_eq!(hall.app.call(Method::DELETE, &hall.key, "/v1/walls/hall", "").await.status, 204);
    hall.app.finish().await;
}

#[tokio::test]
async fn a_screen_proves_its_picture_and_follows_orders() {
    let hall = hall().await;
    let (number, cookie) = hall.paired("hall").await;
    assert_eq!(hall.screen(&number).await["state"], "new");
    let mut watcher = hall.watching(&cookie).await;
    let begun = watcher.subscribe(json!({})).await;
    let now = hall.get(&cookie, "/v1/screen").await.json()["server_time"].clone();
    let seen = |more: Value| {
        let mut word = json!({"type":"seen","sub":"s","position":begun["position"],"painted_at":now,
            "fps":60,"build":"418","width":1920,"height":1080});
        word.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        word
    };
    let answered = async |watcher: &mut Watcher| {
        watcher.say(json!({"type":"ping","t":1})).await;
        watcher.expect("pong").await;
    };
    watcher.say(seen(json!({}))).await;
    answered(&mut watcher).await;
    let screen = hall.screen(&number).await;
    assert_eq!(
        (&screen["state"], &screen["width"], &screen["height"], &screen["build"], &screen["old_build"]),
        (&json!("live"), &json!(1920), &json!(1080), &json!("418"), &json!(true))
    );
    watcher.say(seen(json!({"painted_at": "2020-01-01T00:00:00Z"}))).await;
    answered(&mut watcher).await;
    assert_eq!(hall.screen(&number).await["state"], "clock");
    for (more, code) in
        [(json!({"painted_at": "noon"}), "bad_frame"), (json!({"position": "x"}), "cursor_invalid"), (json!({"sub": "t"}), "sub_unknown")]
    {
        watcher.say(seen(more)).await;
        assert_eq!(watcher.expect("error").await["code"], code);
    }
    // Whoever is no screen has painted nothing that counts.
    let mut desk = Watcher::connect(&hall.app, &hall.key).await;
    desk.subscribe(json!({})).await;
    desk.say(seen(json!({}))).await;
    assert_eq!(desk.expect("error").await["code"], "bad_frame");
    // An order, and a banner, are news of its wall.
    let told = hall.app.post(&hall.key, &format!("/v1/screens/{number}/orders"), r#"{"say":"blink"}"#).await;
    assert_eq!(told.status, 204);
    let changed = watcher.expect("changed").await;
    assert_eq!((&changed["what"], &changed["keys"]), (&json!("wall"), &json!(["hall"])));
    let task = hall.get(&cookie, "/v1/screen").await.json();
    assert_eq!(task["order"]["say"], "blink");
    let banner = json!({"text": "Doors close", "until": "2099-01-01T00:00:00Z"}).to_string();
    assert_eq!(hall.app.post(&hall.key, "/v1/walls/hall/banner", &banner).await.json()["banner"]["text"], "Doors close");
    assert_eq!(watcher.expect("changed").await["keys"], json!(["hall"]));
    assert_eq!(hall.get(&cookie, "/v1/screen").await.json()["wall"]["banner"]["text"], "Doors close");
    let endless = hall.app.post(&hall.key, "/v1/walls/hall/banner", r#"{"text":"Doors close"}"#).await;
    assert_eq!(endless.json()["errors"][0]["path"], "until");
    assert_eq!(hall.app.post(&hall.key, "/v1/walls/hall/banner", "{}").await.json()["banner"], Value::Null);
    hall.app.finish().await;
}

#[tokio::test]
async fn a_wall_of_the_team_shows_what_fires_and_one_for_visitors_does_not() {
    let hall = hall().await;
    hall.put_wall("visitors", json!({"name": "Foyer", "views": ["all-opens"], "mask": "names"})).await;
    let (_, team) = hall.paired("hall").await;
    let (_, visitors) = hall.paired("visitors").await;
    let mut watcher = hall.watching(&team).await;
    watcher.subscribe(json!({})).await;
    let wall = hall.app.get(&hall.key, "/v1/walls/hall").await.json();
    let alert = |view: &str| json!({"name": "Rush", "view": view, "when": {"count": 1, "within_s": 600}}).to_string();
    let view = wall["views"][0].as_str().expect("a view");
    assert_eq!(hall.app.put(&hall.key, "/v1/alerts/rush", &alert(view)).await.status, 201);
    assert_eq!(hall.app.put(&hall.key, "/v1/alerts/other", &alert("all-registrations")).await.status, 201);
    hall.sent("acme", "message.opened").await;
    hall.sent("acme", "registration.completed").await;
    let asking = async {
        loop {
            let task = hall.get(&team, "/v1/screen").await.json();
            if task["alerts"].as_array().is_some_and(|alerts| !alerts.is_empty()) {
                return task["alerts"].clone();
            }
            watcher.expect("changed").await;
        }
    };
    let told = tokio::time::timeout(STUCK, asking).await.expect("it is told");
    assert_eq!((told.as_array().map(Vec::len), &told[0]["name"], &told[0]["acknowledged_by"]), (Some(1), &json!("Rush"), &Value::Null));
    assert_eq!(hall.get(&visitors, "/v1/screen").await.json()["alerts"], json!([]));
    hall.app.finish().await;
}

#[tokio::test]
async fn codes_are_not_guessed() {
    let hall = hall().await;
    let tried = async |code: &str| {
        let body = json!({"code": code, "name": "Guessed"}).to_string();
        hall.app.post(&hall.key, "/v1/walls/hall/screens", &body).await.code()
    };
    for _ in 0..10 {
        assert_eq!(tried("AAAAAA").await, (404, "code_unknown".to_owned()));
    }
    assert_eq!(tried("AAAAAA").await, (429, "rate_limited".to_owned()));
    // Not even the right one: whoever guesses has to wait.
    let code = hall.app.post("", "/v1/screens", "").await.json()["code"].as_str().expect("a code").to_owned();
    assert_eq!(tried(&code).await.0, 429);
    assert_eq!(hall.app.get(&hall.key, "/v1/screens").await.json()["items"], json!([]));
    let unknown = hall.app.get("", "/v1/screens/wait?poll=nobodys").await;
    assert_eq!(unknown.code(), (404, "poll_unknown".to_owned()));
    hall.app.finish().await;
}

/// A player that keeps nothing has an address of its own, which survives restarts of the server.
#[tokio::test]
async fn an_address_of_its_own_needs_no_code() {
    let mut hall = hall().await;
    let made = hall.app.post(&hall.key, "/v1/walls/hall/screens", r#"{"name":"Player"}"#).await.json();
    let url = made["url"].as_str().expect("an address").to_owned();
    let (page, secret) = url.split_once('#').expect("a fragment");
    assert_eq!(page, format!("http://{}/wall", hall.app.address()));
    hall.app.restart().await;
    assert_eq!(hall.app.get(secret, "/v1/screen").await.json()["name"], "Player");
    let ticket = hall.app.post(secret, "/v1/tickets", "").await.json()["ticket"].as_str().expect("a ticket").to_owned();
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
    let head = hall.app.head(format!("GET /v1/ws?ticket={ticket} HTTP/1.1\r\nhost: x\r\n{upgrade}\r\n\r\n").as_bytes()).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    hall.app.finish().await;
}

/// The addresses of the page are no wrong links: whoever opens one is answered as for a page.
#[tokio::test]
async fn the_addresses_of_the_page_are_its_own() {
    let app = TestApp::start().await;
    for (path, status) in [("/s", 200), ("/screens", 200), ("/system", 200), ("/webhooks", 200), ("/nowhere", 404)] {
        let answer = app.request(Method::GET, path, &[("accept", "text/html")], "").await;
        assert_eq!(answer.status, status, "{path}");
    }
    app.finish().await;
}
