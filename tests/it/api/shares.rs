//! Shares: a view for whoever has the link, under a mask, and nothing else.

use hyper::Method;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::live::watcher::Watcher;

struct Furnished {
    app: TestApp,
    key: String,
}

async fn furnished() -> Furnished {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    app.put(&key, "/v1/events/expo", r#"{"name":"Expo"}"#).await;
    for (partner, tags) in [("acme", r#"["gold"]"#), ("globex", r#"["gold"]"#), ("hooli", "[]")] {
        let body =
            format!(r#"{{"name":"Name of {partner}","company":"Company of {partner}","email":"{partner}@example.org","tags":{tags}}}"#);
        assert_eq!(app.put(&key, &format!("/v1/events/expo/partners/{partner}"), &body).await.status, 201);
    }
    let view = r#"{"name":"Opened","event":"expo","filter":{"flavor":["message.opened"]},"zone":"Europe/Berlin"}"#;
    assert_eq!(app.put(&key, "/v1/views/opens", view).await.status, 201);
    let furnished = Furnished { app, key };
    for (partner, flavor) in [("acme", "message.opened"), ("globex", "message.opened"), ("acme", "page.viewed")] {
        furnished.sent(partner, flavor).await;
    }
    furnished
}

impl Furnished {
    async fn sent(&self, partner: &str, flavor: &str) {
        let draft = json!({"flavor": flavor, "event": "expo", "partner": partner, "source_url": "https://shop.example/cart?user=7",
            "properties": {"phone": "+49 30 1"}});
        assert_eq!(self.app.post(&self.key, "/v1/activities", &draft.to_string()).await.status, 201);
    }

    /// Makes a share: its number, and the cookie of a browser that has opened it.
    async fn shared(&self, more: Value) -> (String, String) {
        let mut body = json!({"view": "opens"});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let made = self.app.post(&self.key, "/v1/shares", &body.to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let url = made.json()["url"].as_str().expect("a link").to_owned();
        (made.json()["id"].to_string(), self.opened(&url).await)
    }

    async fn opened(&self, url: &str) -> String {
        let (page, secret) = url.split_once('#').expect("a fragment");
        assert_eq!(page, format!("http://{}/s", self.app.address()));
        assert!(secret.starts_with("td_share_"), "{secret}");
        let signed_in = self.app.post("", "/v1/session", &json!({ "share": secret }).to_string()).await;
        assert_eq!(signed_in.status, 201, "{}", signed_in.text());
        signed_in.header("set-cookie").split(';').next().expect("a cookie").to_owned()
    }

    async fn get(&self, cookie: &str, path: &str) -> Answer {
        self.app.request(Method::GET, path, &[("cookie", cookie)], "").await
    }
}

fn partners(page: &Value) -> Vec<&str> {
    page["items"].as_array().expect("items").iter().map(|item| item["partner"]["key"].as_str().expect("a key")).collect()
}

#[tokio::test]
async fn a_share_reads_its_view_and_nothing_else() {
    let f = furnished().await;
    let (_, cookie) = f.shared(json!({})).await;
    let session = f.get(&cookie, "/v1/session").await.json();
    assert_eq!(
        session["share"],
        json!({"view": "opens", "name": "Opened", "event": "expo", "zone": "Europe/Berlin", "mask": null, "export": false})
    );
    assert_eq!(partners(&f.get(&cookie, "/v1/activities").await.json()), ["globex", "acme"]);
    assert_eq!(partners(&f.get(&cookie, "/v1/activities?view=opens&partner=acme").await.json()), ["acme"], "a filter narrows");
    assert_eq!(f.get(&cookie, "/v1/activities/counts?by=flavor").await.json()["total"], 2);
    for (path, code) in [
        ("/v1/activities?view=all-activities", "view_forbidden"),
        ("/v1/activities/export", "right_missing"),
        ("/v1/events", "right_missing"),
        ("/v1/events/expo/partners", "right_missing"),
        ("/v1/views", "right_missing"),
        ("/v1/shares", "right_missing"),
    ] {
        assert_eq!(f.get(&cookie, path).await.code(), (403, code.to_owned()), "{path}");
    }
    // The view as it is at any time: what changes in it changes for everybody.
    let wider = r#"{"filter":{"flavor":["page.viewed"]}}"#;
    assert_eq!(f.app.call(Method::PATCH, &f.key, "/v1/views/opens", wider).await.status, 200);
    assert_eq!(partners(&f.get(&cookie, "/v1/activities").await.json()), ["acme"]);
    assert_eq!(f.app.call(Method::DELETE, &f.key, "/v1/views/opens", "").await.code(), (409, "in_use".to_owned()));
    let (_, exports) = f.shared(json!({"export": true})).await;
    assert_eq!(f.get(&exports, "/v1/activities/export?format=ndjson").await.text().lines().count(), 1);
    f.app.finish().await;
}

#[tokio::test]
async fn what_is_masked_is_nowhere() {
    let f = furnished().await;
    for (mask, told) in [(json!("contact"), true), (json!(true), true), (json!("names"), false)] {
        let (_, cookie) = f.shared(json!({"mask": mask, "export": true})).await;
        let mut seen = String::new();
        for path in
            ["/v1/activities", "/v1/activities/export?format=ndjson", "/v1/activities/export", "/v1/activities/counts?by=partner,source"]
        {
            let answer = f.get(&cookie, path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            seen += answer.text();
        }
        let mut watcher = Watcher::connect_by(f.app.address(), &[("cookie", cookie.as_str())]).await;
        let begun = watcher.subscribe(json!({})).await;
        assert!(begun["items"].as_array().is_some_and(|items| items.len() > 1), "{begun}");
        f.sent("hooli", "message.opened").await;
        let came = watcher.expect("activities").await;
        let url = &came["items"][0]["source_url"];
        assert_eq!((url, &came["items"][0]["properties"]), (&json!("https://shop.example/"), &json!({})));
        seen += &format!("{begun}{came}");
        for hidden in ["+49", "phone", "user=7", "cart"] {
            assert!(!seen.contains(hidden), "{mask}: {hidden} in {seen}");
        }
        for name in ["Name of", "Company of", "acme", "globex", "hooli"] {
            assert_eq!(seen.contains(name), told, "{mask}: {name} in {seen}");
        }
        for asked in [
            "text=acme",
            "id=0198c7a2-4d1e-7000-8000-000000000001",
            "source=https://shop.example/cart",
            "not.id=0198c7a2-4d1e-7000-8000-000000000001",
        ] {
            assert_eq!(f.get(&cookie, &format!("/v1/activities?{asked}")).await.code(), (403, "field_masked".to_owned()), "{asked}");
        }
        let by_partner = f.get(&cookie, "/v1/activities?partner=acme").await;
        assert_eq!(by_partner.status.as_u16(), if told { 200 } else { 403 }, "{}", by_partner.text());
        watcher.say(json!({"type":"refilter","sub":"s","filter":{"text":"acme"}})).await;
        assert_eq!(watcher.expect("error").await["code"], "field_masked");
        assert_eq!(f.get(&cookie, "/v1/activities?source=shop.example").await.status, 200, "a host is shown");
    }
    f.app.finish().await;
}

#[tokio::test]
async fn a_share_that_is_revoked_is_dead() {
    let f = furnished().await;
    let (id, cookie) = f.shared(json!({"name": "For the board"})).await;
    let mut watcher = Watcher::connect_by(f.app.address(), &[("cookie", cookie.as_str())]).await;
    watcher.subscribe(json!({})).await;
    let listed = f.app.get(&f.key, "/v1/shares").await.json();
    let share = &listed["items"][0];
    assert_eq!((&share["name"], &share["view"], &share["export"]), (&json!("For the board"), &json!("opens"), &json!(false)));
    assert!(share["used_at"].is_string() && share["expires_at"].is_string(), "{share}");
    assert_eq!(f.app.call(Method::DELETE, &f.key, &format!("/v1/shares/{id}"), "").await.status, 204);
    assert_eq!(watcher.closed().await.0, 4401);
    assert_eq!(f.get(&cookie, "/v1/activities").await.status, 401);
    assert_eq!(f.app.call(Method::DELETE, &f.key, &format!("/v1/shares/{id}"), "").await.status, 404);
    assert!(f.app.get(&f.key, "/v1/shares").await.json()["items"][0]["revoked_at"].is_string());
    assert_eq!(f.app.call(Method::DELETE, &f.key, "/v1/views/opens", "").await.status, 204, "nothing uses it any more");
    f.app.finish().await;
}

#[tokio::test]
async fn each_partner_gets_its_own() {
    let f = furnished().await;
    let made = f.app.post(&f.key, "/v1/shares:each", r#"{"view":"opens","tag":"Gold","mask":"contact"}"#).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let lines: Vec<Vec<&str>> = made.text().trim_start_matches('\u{feff}').lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0], ["partner", "name", "email", "url"]);
    assert_eq!((lines[1][..3].concat(), lines.len()), ("acmeName of acmeacme@example.org".to_owned(), 3));
    let cookie = f.opened(lines[2][3]).await;
    assert_eq!(partners(&f.get(&cookie, "/v1/activities").await.json()), ["globex"]);
    assert_eq!(partners(&f.get(&cookie, "/v1/activities?partner=acme").await.json()), [""; 0], "no other partner exists");
    let mut watcher = Watcher::connect_by(f.app.address(), &[("cookie", cookie.as_str())]).await;
    watcher.subscribe(json!({})).await;
    f.sent("acme", "message.opened").await;
    f.sent("globex", "message.opened").await;
    assert_eq!(watcher.partners(1).await, ["globex"]);
    let all = made.header("tidings-share");
    assert_eq!(f.app.call(Method::DELETE, &f.key, &format!("/v1/shares/{all}"), "").await.status, 204);
    assert_eq!(watcher.closed().await.0, 4401);
    assert_eq!(f.get(&cookie, "/v1/activities").await.status, 401);
    for (body, path) in [
        (r#"{"view":"opens"}"#, "partners"),
        (r#"{"view":"opens","tag":"gold","partners":["acme"]}"#, "partners"),
        (r#"{"view":"opens","tag":"silver"}"#, "tag"),
        (r#"{"view":"opens","partners":["acme","nobody"]}"#, "partners[1]"),
        (r#"{"view":"all-opens","tag":"gold"}"#, "event"),
        (r#"{"view":"opens","event":"fair","tag":"gold"}"#, "event"),
    ] {
        let refused = f.app.post(&f.key, "/v1/shares:each", body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()["errors"][0]["path"].as_str()),
            (422, Some(path)),
            "{body}: {}",
            refused.text()
        );
    }
    f.app.finish().await;
}

#[tokio::test]
async fn only_what_may_be_shared_is() {
    let f = furnished().await;
    f.app.put(&f.key, "/v1/views/mine", r#"{"name":"Mine","private":true}"#).await;
    for (body, path) in [
        (r#"{}"#, "view"),
        (r#"{"view":"mine"}"#, "view"),
        (r#"{"view":"opens","mask":"everything"}"#, "mask"),
        (r#"{"view":"opens","expires_at":"2020-01-01T00:00:00Z"}"#, "expires_at"),
    ] {
        let refused = f.app.post(&f.key, "/v1/shares", body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()["errors"][0]["path"].as_str()),
            (422, Some(path)),
            "{body}: {}",
            refused.text()
        );
    }
    for (path, body) in [("/v1/shares", r#"{"view":"none"}"#), ("/v1/shares:each", r#"{"view":"none","tag":"gold"}"#)] {
        assert_eq!(f.app.post(&f.key, path, body).await.code(), (404, "view_unknown".to_owned()), "{path}");
    }
    let reader = f.app.key("read").await;
    assert_eq!(f.app.post(&reader, "/v1/shares", r#"{"view":"opens"}"#).await.code(), (403, "scope_missing".to_owned()));
    let never = f.app.post(&f.key, "/v1/shares", r#"{"view":"opens","expires_at":null}"#).await.json();
    assert_eq!(never["expires_at"], Value::Null);
    let nonsense = f.app.post("", "/v1/session", r#"{"share":"td_share_nonsense"}"#).await;
    assert_eq!(nonsense.code(), (401, "unauthorised".to_owned()));
    f.app.finish().await;
}
