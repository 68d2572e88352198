//! Members and lists on the command line, beside a running server.

use hyper::Method;
use serde_json::json;

use super::get;
use crate::app::request;
use crate::child::{ServerProcess, new_key, output, run};
use crate::live::watcher::Watcher;

#[tokio::test]
async fn a_member_is_made_let_in_and_removed_while_a_server_runs() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let user = |args: &[&str]| output(folder.path(), &[&["user"], args].concat());
    for (args, told) in [
        (&["create", "--email", "nobody"][..], "--email"),
        (&["create", "--email", "a@b.example", "--role", "king"], "the roles are owner, admin, editor, operator, viewer"),
        (&["create", "--email", "a@b.example", "--role", "owner", "--event", "expo"], "an owner answers for all"),
        (&["reset", "--email", "a@b.example"], "has no member a@b.example"),
    ] {
        let refused = run(folder.path(), &[&["user"], args].concat());
        assert!(refused.code != Some(0) && refused.stderr.contains(told), "{args:?}: {}", refused.stderr);
    }
    let link = user(&["create", "--email", "ada@engines.example", "--role", "editor", "--name", "Ada", "--url", "https://desk.example/"]);
    let secret = link.trim().strip_prefix("https://desk.example/signin?link=").unwrap_or_else(|| panic!("{link:?}")).to_owned();
    let sign_in = async |body: serde_json::Value| {
        let headers = [("content-type", "application/json"), ("origin", &*server.url())];
        request(server.address, Method::POST, "/v1/session", &headers, body.to_string()).await
    };
    let password = "horse quiet lamp twelve";
    let joined = sign_in(json!({"link": secret, "password": password})).await;
    assert_eq!((joined.status.as_u16(), &joined.json()["member"]["role"]), (201, &json!("editor")), "{}", joined.text());
    let cookie = joined.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let list = user(&["list"]);
    assert!(list.lines().any(|line| line.contains("active") && line.contains("editor") && line.contains("ada@engines.example")), "{list}");
    let reset = user(&["reset", "--email", "ADA@engines.example"]);
    let reset = reset.trim().split_once("link=").expect("a link").1.to_owned();
    let again = sign_in(json!({"link": reset, "password": "twelve lamps stay quiet"})).await;
    assert_eq!(again.status, 201, "{}", again.text());
    let old = request(server.address, Method::GET, "/v1/session", &[("cookie", &cookie)], "").await;
    assert_eq!(old.status, 401, "a reset ends what was open");
    let cookie = again.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let mut watcher = Watcher::connect_by(server.address, &[("cookie", &cookie)]).await;
    watcher.subscribe(json!({})).await;
    user(&["remove", "--email", "ada@engines.example"]);
    assert_eq!(watcher.closed().await.0, 4401, "by another process");
    assert_eq!(sign_in(json!({"email": "ada@engines.example", "password": "twelve lamps stay quiet"})).await.status, 401);
    assert_eq!(server.terminate(), Some(0));
}

#[tokio::test]
async fn a_list_is_imported_from_a_file() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let key = new_key(folder.path(), "ingest,read,admin");
    let headers = [("authorization", &*format!("Bearer {key}")), ("content-type", "application/json")];
    request(server.address, Method::PUT, "/v1/events/expo", &headers, r#"{"name":"Expo"}"#).await;
    let file = folder.path().join("list.csv");
    std::fs::write(&file, b"Aussteller;Kontakt per;Stand\r\nM\xfcller;m@mueller.example;A1\r\nAcme;nichts;A2\r\n").expect("written");
    let (path, url) = (file.display().to_string(), server.url());
    let import = |more: &[&str]| run(folder.path(), &[&["import", &path, "--event", "expo", "--url", &url, "--key", &key], more].concat());
    let looked = import(&["--dry-run", "--map", "Kontakt per=email", "--map", "Stand=tags"]);
    assert!(looked.lines.iter().any(|line| line.contains("1 new, 0 changed, 0 the same, 1 faulty")), "{:?}", looked.lines);
    let faulty = import(&["--map", "Kontakt per=email"]);
    assert!(faulty.code == Some(1) && faulty.stderr.contains("line[3]"), "{}", faulty.stderr);
    let good = import(&["--mode", "good", "--map", "Kontakt per=email", "--tag", "first"]);
    assert!(good.code == Some(0) && good.lines.iter().any(|line| line.starts_with("imported as ")), "{:?} {}", good.lines, good.stderr);
    let partner = get(&server, &key, "/v1/events/expo/partners/muller").await;
    assert_eq!((&partner["name"], &partner["email"]), (&json!("Müller"), &json!("m@mueller.example")), "{partner}");
    assert_eq!(server.terminate(), Some(0));
}
