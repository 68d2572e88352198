//! Members: invited, let in, held to what they may see, and gone within a moment.

use hyper::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::live::watcher::Watcher;

const ADA: &str = "horse quiet lamp twelve";

/// Somebody who came by a cookie.
struct Browser<'a> {
    app: &'a TestApp,
    cookie: String,
}

impl Browser<'_> {
    async fn ask(&self, method: Method, path: &str, body: &str) -> Answer {
        let own = format!("http://{}", self.app.address());
        let mut headers = vec![("cookie", self.cookie.as_str()), ("origin", own.as_str())];
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        self.app.request(method, path, &headers, body.to_owned()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, "").await
    }

    async fn watch(&self) -> Watcher {
        Watcher::connect_by(self.app.address(), &[("cookie", &self.cookie)]).await
    }
}

async fn sign_in(app: &TestApp, body: &Value) -> Answer {
    app.post("", "/v1/session", &body.to_string()).await
}

fn browser<'a>(app: &'a TestApp, signed_in: &Answer) -> Browser<'a> {
    assert_eq!(signed_in.status, 201, "{}", signed_in.text());
    Browser { app, cookie: signed_in.header("set-cookie").split(';').next().unwrap_or("").to_owned() }
}

/// The link of an invitation, as a path.
async fn invite(app: &TestApp, by: &str, body: Value) -> String {
    let invited = app.post(by, "/v1/invitations", &body.to_string()).await;
    assert_eq!(invited.status, 201, "{}", invited.text());
    path_of(&invited)
}

fn path_of(answer: &Answer) -> String {
    let url = answer.json()["url"].as_str().expect("a link").to_owned();
    format!("/signin?{}", url.split_once("/signin?").expect("the page of links").1)
}

fn secret(link: &str) -> &str {
    link.split_once("link=").expect("a link").1
}

/// Somebody who has followed an invitation and chosen a password.
async fn member<'a>(app: &'a TestApp, by: &str, email: &str, role: &str, events: Value) -> Browser<'a> {
    let link = invite(app, by, json!({"email": email, "role": role, "events": events})).await;
    browser(app, &sign_in(app, &json!({"link": secret(&link), "password": ADA})).await)
}

async fn number(app: &TestApp, by: &str, email: &str) -> String {
    let members = app.get(by, "/v1/members").await.json();
    let found = members["items"].as_array().and_then(|all| all.iter().find(|member| member["email"] == email).cloned());
    found.unwrap_or_else(|| panic!("no {email} in {members}"))["id"].to_string()
}

#[tokio::test]
async fn an_invitation_is_a_page_with_one_button_and_good_once() {
    let app = TestApp::start().await;
    let admin = app.key("ingest,read,admin").await;
    for (body, path, code) in [
        (json!({"email": "ada", "role": "viewer"}), "email", "email_form"),
        (json!({"email": "ada@engines.example", "role": "king"}), "role", "unknown_word"),
        (json!({"email": "ada@engines.example", "role": "viewer", "events": ["nowhere"]}), "events[0]", "unknown_event"),
        (json!({"email": "ada@engines.example", "role": "viewer", "events": []}), "events", "required"),
        (json!({"email": "ada@engines.example", "role": "owner", "events": ["expo"]}), "events", "owner_of_some"),
    ] {
        let refused = app.post(&admin, "/v1/invitations", &body.to_string()).await;
        let fault = refused.json()["errors"][0].clone();
        assert_eq!((refused.status.as_u16(), &fault["path"], &fault["code"]), (422, &json!(path), &json!(code)), "{body}");
    }
    let first = invite(&app, &admin, json!({"email": "Ada@Engines.example", "role": "editor", "name": "Ada"})).await;
    let link = invite(&app, &admin, json!({"email": "ada@engines.example", "role": "viewer"})).await;
    assert_eq!(app.get("", &first).await.header("location"), "/signin?problem=link", "invited again, the link before ends");
    for method in [Method::HEAD, Method::GET, Method::GET] {
        let page = app.request(method.clone(), &link, &[("accept-language", "de")], "").await;
        assert_eq!((page.status.as_u16(), page.header("set-cookie")), (200, ""), "{method}: looking uses nothing up");
        assert!(
            method == Method::HEAD || page.text().contains("eingeladen") && page.text().contains("Ada@Engines.example"),
            "{}",
            page.text()
        );
    }
    let members = app.get(&admin, "/v1/members").await.json();
    assert_eq!((&members["items"][0]["state"], &members["items"][0]["role"]), (&json!("invited"), &json!("viewer")), "{members}");
    // What is wrong is told on the page, and the link stays good.
    let press = async |password: &str| {
        let form = format!("link={}&name=Ada+L.&password={}", secret(&link), password.replace(' ', "+"));
        let own = format!("http://{}", app.address());
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", own.as_str())];
        app.request(Method::POST, "/signin", &headers, form).await
    };
    for (password, told) in [("short", "12 or more"), ("ada engines 2026", "others try first")] {
        let page = press(password).await;
        assert!(page.status == 422 && page.text().contains(told) && page.text().contains(secret(&link)), "{password}: {}", page.text());
    }
    let entered = press(ADA).await;
    assert_eq!((entered.status.as_u16(), entered.header("location")), (303, "/"), "{}", entered.text());
    let cookie = entered.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let ada = Browser { app: &app, cookie: cookie.split(';').next().expect("a cookie").to_owned() };
    let session = ada.get("/v1/session").await;
    assert!(session.header("set-cookie").contains("Max-Age=2592000"), "it goes on from now");
    let session = session.json();
    assert_eq!((&session["member"]["name"], &session["member"]["role"]), (&json!("Ada L."), &json!("viewer")), "{session}");
    assert_eq!(
        (&session["rights"], &session["scopes"]),
        (&json!(["read", "export", "contacts", "own_views"]), &json!(["read"])),
        "{session}"
    );
    assert_eq!(press(ADA).await.header("location"), "/signin?problem=link", "once");
    let again = app.post(&admin, "/v1/invitations", r#"{"email":"ADA@engines.example","role":"admin"}"#).await;
    assert_eq!(again.code(), (409, "member_exists".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn a_failed_sign_in_tells_nothing() {
    let app = TestApp::start().await;
    let admin = app.key("admin").await;
    member(&app, &admin, "ada@engines.example", "viewer", Value::Null).await;
    let mut told = Vec::new();
    for (email, password, workspace) in [
        ("ada@engines.example", "horse quiet lamp thirteen", Value::Null),
        ("nobody@engines.example", ADA, Value::Null),
        ("ada@engines.example", ADA, json!("elsewhere")),
    ] {
        let failed = sign_in(&app, &json!({"email": email, "password": password, "workspace": workspace})).await;
        assert_eq!((failed.code(), failed.header("set-cookie")), ((401, "sign_in_failed".to_owned()), ""), "{email}");
        let mut body = failed.json();
        body.as_object_mut().expect("an object").remove("request_id");
        told.push(body);
    }
    assert!(told.iter().all(|body| *body == told[0]), "{told:?}");
    let right = json!({"email": " ADA@engines.EXAMPLE", "password": ADA, "workspace": "default"});
    assert_eq!(sign_in(&app, &right).await.status, 201);
    // Whoever tries on waits; nobody else does. Fewer than any address may send of whatever sign-ins.
    let mut tried = 0;
    while sign_in(&app, &json!({"email": "ada@engines.example", "password": "horse quiet lamp 13"})).await.status != 429 {
        tried += 1;
        assert!(tried < 150, "{tried} passwords");
    }
    assert_eq!(sign_in(&app, &json!({"email": "bob@engines.example", "password": ADA})).await.status, 401);
    app.finish().await;
}

#[tokio::test]
async fn a_member_sees_the_events_they_were_given_and_is_gone_at_once() {
    let app = TestApp::start().await;
    let admin = app.key("ingest,read,admin").await;
    for event in ["expo", "fair", "gala"] {
        assert_eq!(app.put(&admin, &format!("/v1/events/{event}"), &json!({"name": event}).to_string()).await.status, 201);
        let sent = json!({"flavor": "page.viewed", "event": event, "partner": format!("acme-{event}")}).to_string();
        assert_eq!(app.post(&admin, "/v1/activities", &sent).await.status, 201);
    }
    let ada = member(&app, &admin, "ada@engines.example", "viewer", json!(["Fair", "expo"])).await;
    let session = ada.get("/v1/session").await.json();
    assert_eq!((&session["event"], &session["events"]), (&Value::Null, &json!(["expo", "Fair"])), "{session}");
    let keys = |items: &Value, of: &str| -> Vec<String> {
        let named =
            items.as_array().expect("items").iter().map(|item| if of.is_empty() { item["key"].clone() } else { item[of]["key"].clone() });
        named.map(|key| key.as_str().expect("a key").to_owned()).collect()
    };
    assert_eq!(keys(&ada.get("/v1/events").await.json()["items"], ""), ["expo", "fair"]);
    assert_eq!(keys(&ada.get("/v1/activities").await.json()["items"], "event"), ["fair", "expo"]);
    let counts = ada.get("/v1/activities/counts?by=event,partner").await.json();
    let values = |field: &str| -> Vec<String> {
        let mut all: Vec<_> = counts["by"][field].as_array().expect("values").iter().map(|one| one["value"].to_string()).collect();
        all.sort();
        all
    };
    assert_eq!((counts["total"].clone(), values("event")), (json!(2), vec!["\"expo\"".to_owned(), "\"fair\"".to_owned()]), "{counts}");
    assert!(values("partner").iter().all(|partner| !partner.contains("gala")), "{counts}");
    for path in ["/v1/activities?event=gala", "/v1/events/gala", "/v1/events/gala/partners", "/v1/activities?partner=gala/acme-gala"] {
        assert_eq!(ada.get(path).await.code(), (403, "event_forbidden".to_owned()), "{path}");
    }
    assert_eq!(
        ada.ask(Method::POST, "/v1/invitations", r#"{"email":"b@b.example","role":"viewer"}"#).await.code(),
        (403, "right_missing".to_owned())
    );
    let mut watcher = ada.watch().await;
    assert_eq!(watcher.subscribe(json!({})).await["items"].as_array().map(Vec::len), Some(2));
    watcher.say(json!({"type": "refilter", "sub": "s", "filter": {"event": ["gala"]}})).await;
    assert_eq!(watcher.expect("error").await["code"], "event_forbidden");
    // What is no longer theirs they have no longer.
    let id = number(&app, &admin, "ada@engines.example").await;
    let changed = app.call(Method::PATCH, &admin, &format!("/v1/members/{id}"), r#"{"role":"editor","events":["expo"]}"#).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["events"]), (200, &json!(["expo"])), "{}", changed.text());
    assert_eq!(watcher.closed().await.0, 4401);
    assert_eq!(ada.get("/v1/activities?event=fair").await.code().0, 403, "the same session, by what they may do now");
    assert_eq!(ada.ask(Method::PUT, "/v1/events/expo/partners/new", r#"{"name":"New"}"#).await.status, 201);
    let mut watcher = ada.watch().await;
    assert_eq!(watcher.subscribe(json!({})).await["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(app.call(Method::DELETE, &admin, &format!("/v1/members/{id}"), "").await.status, 204);
    assert_eq!(watcher.closed().await.0, 4401);
    assert_eq!(ada.get("/v1/session").await.status, 401);
    assert_eq!(sign_in(&app, &json!({"email": "ada@engines.example", "password": ADA})).await.code().1, "sign_in_failed");
    app.finish().await;
}

#[tokio::test]
async fn nobody_gives_what_they_have_not_and_an_owner_stays() {
    let app = TestApp::start().await;
    let admin = app.key("admin").await;
    let owner = member(&app, &admin, "owner@engines.example", "owner", Value::Null).await;
    let deputy = member(&app, &admin, "deputy@engines.example", "admin", Value::Null).await;
    let id = number(&app, &admin, "owner@engines.example").await;
    let path = format!("/v1/members/{id}");
    assert_eq!(owner.ask(Method::PATCH, &path, r#"{"role":"viewer"}"#).await.code(), (409, "last_owner".to_owned()));
    assert_eq!(owner.ask(Method::DELETE, &path, "").await.code(), (409, "last_owner".to_owned()));
    // A key that an admin makes does not do what they may not.
    let made = deputy.ask(Method::POST, "/v1/keys", r#"{"scopes":["read","admin"]}"#).await;
    let key = made.json()["key"].as_str().expect("a key").to_owned();
    assert_eq!(app.get(&key, "/v1/keys").await.status, 200);
    assert_eq!(app.get(&key, "/v1/members").await.status, 403);
    assert_eq!(app.post(&key, "/v1/invitations", r#"{"email":"b@b.example","role":"owner"}"#).await.status, 403);
    // Nor does what comes of it: another key, a browser that is signed in by it, and a key that this one makes.
    let next = app.post(&key, "/v1/keys", r#"{"scopes":["read","admin"]}"#).await.json()["key"].as_str().expect("a key").to_owned();
    let signed_in = browser(&app, &sign_in(&app, &json!({ "key": key })).await);
    assert!(!signed_in.get("/v1/session").await.json()["rights"].as_array().expect("rights").contains(&json!("members")));
    let third = signed_in.ask(Method::POST, "/v1/keys", r#"{"scopes":["read","admin"]}"#).await.json();
    for key in [&next, third["key"].as_str().expect("a key")] {
        assert_eq!((app.get(key, "/v1/keys").await.status.as_u16(), app.get(key, "/v1/members").await.status.as_u16()), (200, 403));
    }
    assert_eq!(signed_in.get("/v1/members").await.status, 403);
    // And stays when they go.
    let id = number(&app, &admin, "deputy@engines.example").await;
    assert_eq!(owner.ask(Method::DELETE, &format!("/v1/members/{id}"), "").await.status, 204);
    assert_eq!((deputy.get("/v1/session").await.status.as_u16(), app.get(&key, "/v1/keys").await.status.as_u16()), (401, 200));
    let second = member(&app, &admin, "second@engines.example", "owner", Value::Null).await;
    assert_eq!(owner.ask(Method::PATCH, &path, r#"{"role":"viewer","name":null}"#).await.status, 200);
    assert_eq!(owner.get("/v1/members").await.code(), (403, "right_missing".to_owned()));
    assert_eq!(second.get("/v1/members").await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn who_is_known_elsewhere_keeps_their_password() {
    let app = TestApp::start().await;
    let (here, there) = (app.key("admin").await, app.key_of("theirs", "admin", None).await);
    let ada = member(&app, &here, "ada@engines.example", "viewer", Value::Null).await;
    let link = invite(&app, &there, json!({"email": "ada@engines.example", "role": "editor"})).await;
    // Whoever made the link has seen it.
    for password in [Value::Null, json!("words of another one")] {
        let refused = sign_in(&app, &json!({"link": secret(&link), "password": password})).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["path"]), (422, &json!("password")), "{}", refused.text());
    }
    let both = browser(&app, &sign_in(&app, &json!({"link": secret(&link), "password": ADA})).await);
    let session = both.get("/v1/session").await.json();
    assert_eq!(
        (&session["workspace"]["key"], session["member"]["workspaces"].as_array().map(Vec::len)),
        (&json!("theirs"), Some(2)),
        "{session}"
    );
    for (workspace, role) in [("default", "viewer"), ("theirs", "editor")] {
        let signed_in = sign_in(&app, &json!({"email": "ada@engines.example", "password": ADA, "workspace": workspace})).await;
        assert_eq!((signed_in.status.as_u16(), &signed_in.json()["member"]["role"]), (201, &json!(role)));
    }
    let id = number(&app, &there, "ada@engines.example").await;
    let reset = app.post(&there, &format!("/v1/members/{id}/reset"), "").await;
    assert_eq!(reset.code(), (409, "member_elsewhere".to_owned()));
    assert_eq!(app.call(Method::DELETE, &there, &format!("/v1/members/{id}"), "").await.status, 204);
    assert_eq!((both.get("/v1/session").await.status.as_u16(), ada.get("/v1/session").await.status.as_u16()), (401, 200));
    app.finish().await;
}

#[tokio::test]
async fn sessions_are_listed_and_end_one_by_one_or_with_the_password() {
    let app = TestApp::start().await;
    let admin = app.key("admin").await;
    let desk = member(&app, &admin, "ada@engines.example", "viewer", Value::Null).await;
    member(&app, &admin, "bob@engines.example", "viewer", Value::Null).await;
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let headers = [("content-type", "application/json"), ("user-agent", firefox)];
    let body = json!({"email": "ada@engines.example", "password": ADA}).to_string();
    let phone = browser(&app, &app.request(Method::POST, "/v1/session", &headers, body).await);
    let sessions = desk.get("/v1/sessions").await.json();
    let all = sessions["items"].as_array().expect("items");
    assert_eq!(all.iter().map(|one| one["current"].clone()).collect::<Vec<_>>(), [json!(false), json!(true)], "{sessions}");
    assert_eq!(all[0]["place"], "Firefox, Linux");
    assert_eq!(app.get(&admin, "/v1/sessions").await.json()["items"].as_array().map(Vec::len), Some(3), "of all");
    let mut watcher = phone.watch().await;
    assert_eq!(desk.ask(Method::DELETE, &format!("/v1/sessions/{}", all[0]["id"]), "").await.status, 204);
    assert_eq!(watcher.closed().await.0, 4401);
    let phone = browser(&app, &sign_in(&app, &json!({"email": "ada@engines.example", "password": ADA})).await);
    // Another password ends all others; the wrong one before ends nothing.
    let change = |password: &str| json!({"password": password, "new": "twelve lamps stay quiet"}).to_string();
    assert_eq!(
        desk.ask(Method::PUT, "/v1/session/password", &change("horse quiet lamp 12")).await.json()["errors"][0]["code"],
        "wrong_password"
    );
    let weak = json!({"password": ADA, "new": "ada.engines123"}).to_string();
    assert_eq!(desk.ask(Method::PUT, "/v1/session/password", &weak).await.json()["errors"][0]["path"], "new");
    assert_eq!(phone.get("/v1/session").await.status, 200);
    assert_eq!(desk.ask(Method::PUT, "/v1/session/password", &change(ADA)).await.status, 204);
    assert_eq!((phone.get("/v1/session").await.status.as_u16(), desk.get("/v1/session").await.status.as_u16()), (401, 200));
    // A reset, from somebody who may, ends them all.
    let id = number(&app, &admin, "ada@engines.example").await;
    let reset = app.post(&admin, &format!("/v1/members/{id}/reset"), "").await;
    let link = path_of(&reset);
    assert!(app.get("", &link).await.text().contains("Choose another password"));
    let back = browser(&app, &sign_in(&app, &json!({"link": secret(&link), "password": ADA})).await);
    assert_eq!((desk.get("/v1/session").await.status.as_u16(), back.get("/v1/session").await.status.as_u16()), (401, 200));
    let other = browser(&app, &sign_in(&app, &json!({"email": "ada@engines.example", "password": ADA})).await);
    assert_eq!(back.ask(Method::DELETE, "/v1/sessions", "").await.status, 204);
    assert_eq!((other.get("/v1/session").await.status.as_u16(), back.get("/v1/session").await.status.as_u16()), (401, 200));
    app.finish().await;
}

#[tokio::test]
async fn with_a_second_factor_a_password_is_not_enough() {
    let app = TestApp::start().await;
    let admin = app.key("admin").await;
    let ada = member(&app, &admin, "ada@engines.example", "owner", Value::Null).await;
    let proof = json!({"password": ADA}).to_string();
    let made = ada.ask(Method::POST, "/v1/session/second", &proof).await;
    let made = made.json();
    let secret = made["secret"].as_str().expect("a secret");
    assert!(made["uri"].as_str().is_some_and(|uri| uri.starts_with("otpauth://totp/Tidings:ada%40engines%2Eexample?secret=")), "{made}");
    assert!(
        made["qr"].as_array().is_some_and(|rows| rows.len() > 20 && rows.iter().all(|row| row.as_str().map(str::len) == Some(rows.len())))
    );
    let password_alone = json!({"email": "ada@engines.example", "password": ADA});
    assert_eq!(sign_in(&app, &password_alone).await.status, 201, "nothing is in force yet");
    let bytes = totp_rs::Secret::Encoded(secret.to_owned()).to_bytes().expect("base32");
    let code_at = |ms: i64| {
        let totp = totp_rs::TOTP::new(totp_rs::Algorithm::SHA1, 6, 0, 30, bytes.clone()).expect("made");
        totp.generate(u64::try_from(ms / 1_000).expect("a time"))
    };
    let now = tidings::clock::Clock::System.now().0;
    let wrong = json!({"password": ADA, "secret": secret, "code": "000000"}).to_string();
    assert_eq!(ada.ask(Method::PUT, "/v1/session/second", &wrong).await.json()["errors"][0]["code"], "wrong_code");
    let unproven = json!({"secret": secret, "code": code_at(now)}).to_string();
    assert_eq!(ada.ask(Method::PUT, "/v1/session/second", &unproven).await.json()["errors"][0]["code"], "wrong_password");
    let right = json!({"password": ADA, "secret": secret, "code": code_at(now)}).to_string();
    let recovery = ada.ask(Method::PUT, "/v1/session/second", &right).await.json();
    let spare = recovery["recovery"][3].as_str().expect("a recovery code").to_owned();
    assert_eq!(sign_in(&app, &password_alone).await.code(), (401, "code_required".to_owned()));
    let with = |code: &str| json!({"email": "ada@engines.example", "password": ADA, "code": code});
    assert_eq!(sign_in(&app, &with(&code_at(now))).await.code().1, "sign_in_failed", "a code is good once");
    assert_eq!(sign_in(&app, &with(&code_at(now + 30_000))).await.status, 201, "that of a clock a little ahead");
    assert_eq!(sign_in(&app, &with(&spare.to_uppercase())).await.status, 201);
    assert_eq!(sign_in(&app, &with(&spare)).await.code().1, "sign_in_failed", "a recovery code is good once");
    assert_eq!(ada.ask(Method::POST, "/v1/session/second:remove", r#"{"password":"horse"}"#).await.status, 422);
    assert_eq!(ada.ask(Method::POST, "/v1/session/second:remove", &proof).await.status, 204);
    assert_eq!(sign_in(&app, &password_alone).await.status, 201);
    app.finish().await;
}

#[tokio::test]
async fn the_first_owner_comes_by_the_link_of_the_first_start() {
    let app = TestApp::start().await;
    let link = app.running().first_owner_link().await.expect("asked").expect("nobody can come in yet");
    let nothing = sign_in(&app, &json!({"link": secret(&link)})).await;
    assert_eq!(nothing.json()["errors"][0]["path"], "email", "{}", nothing.text());
    let other = app.running().first_owner_link().await.expect("asked").expect("a second start");
    let said = json!({"link": secret(&link), "email": "ada@engines.example", "password": ADA, "name": "Ada"});
    let ada = browser(&app, &sign_in(&app, &said).await);
    assert_eq!(ada.get("/v1/session").await.json()["member"]["role"], "owner");
    assert_eq!(sign_in(&app, &said).await.code(), (401, "unauthorised".to_owned()), "once");
    let late = json!({"link": secret(&other), "email": "eve@engines.example", "password": ADA});
    assert_eq!(sign_in(&app, &late).await.code(), (401, "unauthorised".to_owned()), "whoever comes later is no owner");
    assert_eq!(app.running().first_owner_link().await.expect("asked"), None);
    app.finish().await;
}

#[tokio::test]
async fn at_a_demo_one_may_be_whom_one_likes() {
    let app = TestApp::start_demo().await;
    let refused = sign_in(&app, &json!({"demo": true, "role": "viewer"})).await;
    assert_eq!(refused.json()["errors"][0]["code"], "nobody", "{}", refused.text());
    let guest = browser(&app, &sign_in(&app, &json!({"demo": true})).await);
    let link = guest.ask(Method::POST, "/v1/invitations", r#"{"email":"viewer@demo.example","role":"viewer"}"#).await;
    browser(&app, &sign_in(&app, &json!({"link": secret(&path_of(&link))})).await);
    let viewer = browser(&app, &sign_in(&app, &json!({"demo": true, "role": "viewer"})).await);
    assert_eq!(viewer.get("/v1/session").await.json()["member"]["role"], "viewer");
    assert_eq!(viewer.get("/v1/keys").await.status, 403);
    app.finish().await;
}

#[tokio::test]
async fn the_audit_says_who_has_changed_what_and_nothing_of_what_stood_there() {
    let app = TestApp::start().await;
    let admin = app.key("ingest,read,admin").await;
    let ada = member(&app, &admin, "ada@engines.example", "owner", Value::Null).await;
    assert_eq!(ada.ask(Method::PUT, "/v1/events/expo", r#"{"name":"Expo"}"#).await.status, 201);
    assert_eq!(ada.ask(Method::PUT, "/v1/events/expo/partners/acme", r#"{"name":"Acme","email":"canary@acme.example"}"#).await.status, 201);
    assert_eq!(ada.ask(Method::PUT, "/v1/events/expo/partners/acme", r#"{"name":"Acme Inc"}"#).await.status, 200);
    let made = ada.ask(Method::POST, "/v1/keys", r#"{"name":"Tracker","scopes":["ingest"]}"#).await.json();
    assert_eq!(ada.ask(Method::DELETE, &format!("/v1/keys/{}", made["id"]), "").await.status, 204);
    let sent = ada.ask(Method::POST, "/v1/activities", r#"{"flavor":"page.viewed","event":"expo","partner":"acme"}"#).await.json();
    let path = format!("/v1/activities/{}", sent["id"].as_str().expect("an id"));
    assert_eq!(
        ada.ask(Method::POST, &format!("{path}/amend"), r#"{"grade":"machine","grade_reasons":["known_scanner"]}"#).await.status,
        200
    );
    assert_eq!(ada.ask(Method::DELETE, &path, "").await.status, 204);
    assert_eq!(ada.ask(Method::PUT, "/v1/retention", r#"{"days":400}"#).await.status, 200);
    assert_eq!(ada.get("/v1/activities/export").await.status, 200);
    let audit = ada.get("/v1/audit").await;
    assert!(!audit.text().contains("canary"), "{}", audit.text());
    let told = audit.json();
    let lines: Vec<String> = told["items"]
        .as_array()
        .expect("lines")
        .iter()
        .filter(|line| line["by"]["name"] == "ada@engines.example")
        .map(|line| {
            let fields: Vec<_> = line["fields"].as_array().expect("fields").iter().filter_map(Value::as_str).collect();
            format!(
                "{} {} {} {}",
                line["action"].as_str().unwrap_or(""),
                line["kind"].as_str().unwrap_or(""),
                line["key"].as_str().unwrap_or("-"),
                fields.join(",")
            )
        })
        .collect();
    let want = [
        "exported activities - ",
        "changed retention - days",
        "removed activity - ",
        "changed activity - grade",
        "removed key Tracker ",
        "made key Tracker ",
        "changed partner acme name,email",
        "made partner acme name,email",
        "made event expo name",
        "changed member ada@engines.example joined_at",
    ];
    assert_eq!(lines, want, "{told}");
    // Page by page it is the same, and who has not the right reads none of it.
    let first = ada.get("/v1/audit?limit=3").await.json();
    let next = ada.get(&format!("/v1/audit?limit=3&older={}", first["next"].as_str().expect("more"))).await.json();
    assert_eq!(next["items"][0], told["items"][3]);
    let viewer = member(&app, &admin, "eve@engines.example", "viewer", Value::Null).await;
    assert_eq!(viewer.get("/v1/audit").await.code(), (403, "right_missing".to_owned()));
    app.finish().await;
}
