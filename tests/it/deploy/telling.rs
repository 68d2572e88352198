//! What alerts tell, to those who are told in the field: a mail server and an Alertmanager, each the real one.

use std::net::TcpListener;
use std::process::Command;

use serde_json::{Value, json};
use tidings::outbound::MailTls;

use super::tool;
use crate::app::{STUCK, TestApp, request};
use crate::child::Process;

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("bound").port()
}

async fn put(app: &TestApp, key: &str, path: &str, body: Value) {
    let answer = app.put(key, path, &body.to_string()).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
}

/// Waits until somebody listens there.
async fn until_listens(port: u16) {
    let asking = async { while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {} };
    tokio::time::timeout(STUCK, asking).await.expect("it listens");
}

/// Sends an example, which is taken.
async fn example(app: &TestApp, key: &str) {
    let told = app.post(key, "/v1/alerts/rush/test", "").await.json();
    assert_eq!(told["sent"][0]["taken"], true, "{told}");
}

async fn rings(app: &TestApp, key: &str) {
    let draft = json!({"flavor": "message.opened", "event": "expo", "partner": "acme"});
    assert_eq!(app.post(key, "/v1/activities", &draft.to_string()).await.status, 201);
}

// What the mail server prints is waited for: the server under test needs threads of its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an SMTP server, which make test brings"]
async fn a_mail_server_takes_what_an_alert_tells() {
    let port = free_port();
    let mut command = Command::new(tool("smtp"));
    command.arg(format!("127.0.0.1:{port}"));
    let mut server = Process::spawn(command);
    until_listens(port).await;
    let app = TestApp::start_with(|config| {
        config.mail.host = "127.0.0.1".to_owned();
        config.mail.port = port;
        config.mail.tls = MailTls::None;
        config.mail.from = "Tidings <tidings@desk.example>".to_owned();
        config.public_url = "https://desk.example".to_owned();
    })
    .await;
    let key = app.key("ingest,read,admin").await;
    put(&app, &key, "/v1/channels/mail", json!({"kind": "email", "to": ["one@acme.example", "two@acme.example"]})).await;
    let note = "Rufen Sie München an.";
    let alert = json!({"name": "Rush", "view": "all-opens", "when": {"count": 1, "within_s": 60}, "to": ["mail"], "note": note});
    put(&app, &key, "/v1/alerts/rush", alert).await;
    example(&app, &key).await;
    let first = mail(&mut server);
    assert!(first.iter().any(|line| line.starts_with("Subject: [Tidings] Test of Rush")), "{first:#?}");
    rings(&app, &key).await;
    let told = mail(&mut server);
    let has = |begin: &str| told.iter().any(|line| line.starts_with(begin));
    assert!(has("From: ") && has("Message-ID: <") && has("Subject: [Tidings] Rush: 1 or more activities in All opens"), "{told:#?}");
    assert!(told.iter().any(|line| line.contains("one@acme.example") && line.contains("two@acme.example")), "{told:#?}");
    // Long lines and letters beyond ASCII are encoded on the way.
    let text = told.join("\n").replace("=\n", "");
    assert!(text.contains("https://desk.example/a/td_alert_") && text.contains("M=C3=BCnchen"), "{text}");
    app.finish().await;
}

/// The lines of the next mail.
fn mail(server: &mut Process) -> Vec<String> {
    while !server.line().contains("MESSAGE FOLLOWS") {}
    std::iter::repeat_with(|| server.line()).take_while(|line| !line.contains("END MESSAGE")).collect()
}

#[tokio::test]
#[ignore = "needs an Alertmanager, which make test brings"]
async fn an_alertmanager_takes_what_fires_and_its_end() {
    let folder = tempfile::tempdir().expect("folder");
    let rules = folder.path().join("alertmanager.yml");
    std::fs::write(&rules, "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n").expect("written");
    let port = free_port();
    let mut command = Command::new(tool("alertmanager"));
    command.current_dir(folder.path()).arg(format!("--config.file={}", rules.display()));
    command.arg(format!("--storage.path={}", folder.path().display())).arg(format!("--web.listen-address=127.0.0.1:{port}"));
    command.arg("--cluster.listen-address=");
    let _server = Process::spawn(command);
    until_listens(port).await;
    let app = TestApp::start_with(|config| config.webhooks.allow_loopback = true).await;
    let key = app.key("ingest,read,admin").await;
    put(&app, &key, "/v1/channels/am", json!({"kind": "alertmanager", "url": format!("http://127.0.0.1:{port}/")})).await;
    put(&app, &key, "/v1/alerts/rush", json!({"name": "Rush", "view": "all-opens", "when": {"count": 1, "within_s": 5}, "to": ["am"]}))
        .await;
    example(&app, &key).await;
    rings(&app, &key).await;
    let address = format!("127.0.0.1:{port}").parse().expect("an address");
    let until = async |wanted: &str, count: usize| {
        let asking = async {
            loop {
                let told = request(address, hyper::Method::GET, "/api/v2/alerts", &[], "").await.json();
                let is_it = |one: &&Value| one["labels"]["test"] == "false" && one["labels"]["alert"] == "rush";
                let found: Vec<Value> = told.as_array().into_iter().flatten().filter(is_it).cloned().collect();
                if found.len() == count {
                    return found;
                }
            }
        };
        tokio::time::timeout(STUCK, asking).await.unwrap_or_else(|_| panic!("{wanted}"))
    };
    let firing = until("it fires", 1).await;
    assert_eq!((&firing[0]["labels"]["alertname"], &firing[0]["labels"]["workspace"]), (&json!("Rush"), &json!("default")));
    assert!(firing[0]["annotations"]["description"].as_str().expect("text").contains("- acme: "), "{firing:?}");
    until("it is over, by itself", 0).await;
    app.finish().await;
}
