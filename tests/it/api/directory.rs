//! Events, partners, messages, campaigns, recipients.

use hyper::Method;
use serde_json::json;

use crate::app::{Answer, TestApp};

#[tokio::test]
async fn made_replaced_read_and_listed() {
    let app = TestApp::start().await;
    let key = app.key("read,admin").await;
    assert_eq!(app.put(&key, "/v1/events/Expo", r#"{"name":"Expo 2026"}"#).await.status, 201);
    let again = app.put(&key, "/v1/events/EXPO", r#"{"name":"Expo"}"#).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, json!({"key":"Expo","name":"Expo","partners":0})));
    let partner = r#"{"name":" Acme Inc ","email":"desk@acme.example","company":"Acme","tags":["vip","VIP","gold"]}"#;
    let made = app.put(&key, "/v1/events/expo/partners/acme", partner).await;
    let want = json!({"key":"acme","name":"Acme Inc","email":"desk@acme.example","company":"Acme","tags":["gold","vip"]});
    assert_eq!((made.status.as_u16(), made.json()), (201, want.clone()));
    assert_eq!(app.get(&key, "/v1/events/expo/partners/ACME").await.json(), want);
    assert_eq!(app.put(&key, "/v1/events/expo/partners/acme", r#"{"name":"Acme"}"#).await.json()["tags"], json!([]), "replaced whole");
    assert_eq!(app.put(&key, "/v1/events/expo/messages/welcome", r#"{"subject":"Welcome"}"#).await.status, 201);
    assert_eq!(app.put(&key, "/v1/events/expo/campaigns/c1", r#"{"name":"First"}"#).await.status, 201);
    for path in ["/v1/events", "/v1/events/expo/partners", "/v1/events/expo/messages", "/v1/events/expo/campaigns"] {
        let list = app.get(&key, path).await.json();
        assert_eq!((list["items"].as_array().map(Vec::len), &list["next"]), (Some(1), &json!(null)), "{path}");
    }
    app.finish().await;
}

/// A `PUT` that may only make something new.
async fn create(app: &TestApp, key: &str, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("if-none-match", "*")];
    app.request(Method::PUT, path, &headers, body.to_owned()).await
}

#[tokio::test]
async fn what_is_there_is_not_replaced_when_only_something_new_is_wanted() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    let partner = r#"{"name":"Acme Inc","email":"desk@acme.example","tags":["gold"]}"#;
    for (kind, path, other, body, wrong) in [
        ("event", "/v1/events/Expo", "/v1/events/EXPO", r#"{"name":"Expo"}"#, r#"{"name":"Other"}"#),
        ("partner", "/v1/events/expo/partners/acme", "/v1/events/expo/partners/ACME", partner, r#"{"name":"Other"}"#),
        ("message", "/v1/events/expo/messages/m", "/v1/events/expo/messages/M", r#"{"subject":"Expo"}"#, r#"{"subject":"Other"}"#),
        ("campaign", "/v1/events/expo/campaigns/c", "/v1/events/expo/campaigns/C", r#"{"name":"Expo"}"#, r#"{"name":"Other"}"#),
    ] {
        let made = create(&app, &key, path, body).await;
        assert_eq!(made.status, 201, "{path}: {}", made.text());
        let refused = create(&app, &key, other, wrong).await;
        assert_eq!(refused.code(), (412, "precondition_failed".to_owned()), "{path}");
        let fault = &refused.json()["errors"][0];
        assert_eq!((&fault["path"], &fault["code"]), (&json!(kind), &json!("key_taken")), "{path}");
        let now = app.get(&key, path).await.json();
        assert_eq!(now, made.json(), "{path} is as it was");
        let named = now["name"].as_str().or(now["subject"].as_str()).expect("a name");
        assert!(fault["message"].as_str().expect("text").contains(named), "{fault} names what is there");
        assert_eq!(create(&app, &key, other, "{}").await.code().0, 422, "{path}: a body that cannot be used is told first");
    }
    // What an activity made is there too.
    app.post(&key, "/v1/activities", r#"{"flavor":"page.viewed","event":"expo","partner":"globex"}"#).await;
    assert_eq!(create(&app, &key, "/v1/events/expo/partners/GLOBEX", r#"{"name":"Other"}"#).await.code().0, 412);
    assert_eq!(create(&app, &key, "/v1/events/none/partners/p", r#"{"name":"x"}"#).await.code().0, 404);
    app.finish().await;
}

#[tokio::test]
async fn of_many_who_create_the_same_at_once_one_does() {
    let app = TestApp::start().await;
    let key = app.key("read,admin").await;
    let paths = ["expo", "EXPO", "Expo", "eXpo", "exPo", "expO", "EXPo", "exPO"].map(|event| format!("/v1/events/{event}"));
    let all = paths.iter().map(|path| create(&app, &key, path, r#"{"name":"x"}"#));
    let mut statuses: Vec<_> = futures::future::join_all(all).await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 412, 412, 412, 412, 412, 412, 412]);
    app.finish().await;
}

#[tokio::test]
async fn no_other_condition_is_taken() {
    let app = TestApp::start().await;
    let key = app.key("read,admin").await;
    let bearer = format!("Bearer {key}");
    for value in ["\"abc\"", "", "*, *", "W/\"*\""] {
        let headers = [("authorization", bearer.as_str()), ("if-none-match", value)];
        let refused = app.request(Method::PUT, "/v1/events/expo", &headers, r#"{"name":"Expo"}"#).await;
        assert_eq!(refused.code(), (400, "parameter_invalid".to_owned()), "{value}");
        assert_eq!(refused.json()["errors"][0]["path"], json!("If-None-Match"), "{value}");
    }
    assert_eq!(app.get(&key, "/v1/events/expo").await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn lists_go_on_where_they_ended() {
    let app = TestApp::start().await;
    let key = app.key("read,admin").await;
    let names = ["a", "B", "ç", "d", "ẞ"];
    for name in names {
        let path = format!("/v1/events/{}", percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC));
        assert_eq!(app.put(&key, &path, r#"{"name":"x"}"#).await.status, 201, "{path}");
    }
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = app.get(&key, &format!("/v1/events?limit=2{after}")).await.json();
        found.extend(page["items"].as_array().expect("items").iter().map(|i| i["key"].as_str().expect("key").to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    found.sort_unstable();
    let mut want = names.map(str::to_owned);
    want.sort_unstable();
    assert_eq!(found, want);
    app.finish().await;
}

#[tokio::test]
async fn faults_are_named() {
    let app = TestApp::start().await;
    let key = app.key("read,admin").await;
    app.put(&key, "/v1/events/expo", r#"{"name":"Expo"}"#).await;
    let long = format!(r#"{{"name":"{}"}}"#, "a".repeat(513));
    for (path, body, want, named) in [
        ("/v1/events/expo", "{}", (422, "invalid"), "name"),
        ("/v1/events/expo", r#"{"name":""}"#, (422, "invalid"), "name"),
        ("/v1/events/expo", r#"{"name":"a\u0000b"}"#, (422, "invalid"), "name"),
        ("/v1/events/expo", long.as_str(), (422, "invalid"), "name"),
        ("/v1/events/expo", r#"{"name":"x","colour":"red"}"#, (422, "invalid"), "colour"),
        ("/v1/events/expo", "[]", (400, "body_malformed"), ""),
        ("/v1/events/a%20b", r#"{"name":"x"}"#, (400, "parameter_invalid"), "event"),
        ("/v1/events/a%2Fb", r#"{"name":"x"}"#, (400, "parameter_invalid"), "event"),
        ("/v1/events/a%FF", r#"{"name":"x"}"#, (400, "parameter_invalid"), ""),
        ("/v1/events/none/partners/p", r#"{"name":"x"}"#, (404, "not_found"), ""),
        ("/v1/events/none/messages/m", r#"{"subject":"x"}"#, (404, "not_found"), ""),
        ("/v1/events/none/campaigns/c", r#"{"name":"x"}"#, (404, "not_found"), ""),
        ("/v1/events/expo/partners/p", r#"{"name":"x","email":"nobody"}"#, (422, "invalid"), "email"),
        ("/v1/events/expo/partners/p", r#"{"name":"x","tags":["a",5]}"#, (422, "invalid"), "tags[1]"),
        ("/v1/events/expo/partners/p", r#"{"name":"x","tags":"a"}"#, (422, "invalid"), "tags"),
    ] {
        let answer = app.put(&key, path, body).await;
        assert_eq!(answer.code(), (want.0, want.1.to_owned()), "{path} {body}: {}", answer.text());
        let told = answer.json();
        let first = told["errors"][0]["path"].as_str().unwrap_or("");
        assert_eq!(first, named, "{path} {body}");
    }
    for path in ["/v1/events/none", "/v1/events/none/partners", "/v1/events/expo/partners/none", "/v1/events/expo/messages/none/recipients"]
    {
        assert_eq!(app.get(&key, path).await.code(), (404, "not_found".to_owned()), "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn recipients_change_as_a_whole_or_not_at_all() {
    let app = TestApp::start().await;
    let key = app.key("ingest,read,admin").await;
    app.put(&key, "/v1/events/expo", r#"{"name":"Expo"}"#).await;
    for partner in ["acme", "globex"] {
        app.put(&key, &format!("/v1/events/expo/partners/{partner}"), r#"{"name":"x","company":"C"}"#).await;
    }
    app.put(&key, "/v1/events/expo/messages/welcome", r#"{"subject":"Welcome"}"#).await;
    let path = "/v1/events/expo/messages/welcome/recipients";
    let refused = app.post(&key, path, r#"{"add":["acme","nobody"]}"#).await;
    assert_eq!((refused.code(), &refused.json()["errors"][0]["path"]), ((422, "invalid".to_owned()), &json!("add[1]")));
    assert_eq!(app.get(&key, path).await.json()["items"], json!([]));
    assert_eq!(app.post(&key, path, r#"{"add":["acme","ACME"]}"#).await.json(), json!({"added":1,"removed":0,"total":1}));
    assert_eq!(app.post(&key, path, r#"{"add":["acme"],"remove":["Acme"]}"#).await.code().0, 422);
    let sent = app.post(&key, "/v1/activities", r#"{"flavor":"message.sent","event":"expo","partner":"globex","message":"welcome"}"#).await;
    assert_eq!(sent.status, 201);
    let list = app.get(&key, path).await.json();
    assert_eq!(
        list["items"],
        json!([
            {"partner":{"key":"acme","name":"x","company":"C"},"source":"manual"},
            {"partner":{"key":"globex","name":"x","company":"C"},"source":"observed"}
        ])
    );
    let received = app.get(&key, "/v1/events/expo/partners/GLOBEX/messages").await.json();
    assert_eq!(received, json!({"items":[{"key":"welcome","subject":"Welcome","recipients":2}],"next":null}));
    assert_eq!(app.get(&key, "/v1/events/expo/partners/nobody/messages").await.code(), (404, "not_found".to_owned()));
    app.finish().await;
}
