//! `key` and `workspace`, beside a running server.

use serde_json::json;

use super::get;
use crate::child::{ServerProcess, new_key, output, run};
use crate::live::watcher::Watcher;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_revoked_from_the_command_line_ends_its_streams() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let (kept, gone) = (new_key(folder.path(), "read"), new_key(folder.path(), "ingest,read"));
    let mut watcher = Watcher::connect_to(server.address, &gone).await;
    watcher.subscribe(json!({})).await;
    let listed = |state: &str| {
        let listed = output(folder.path(), &["key", "list"]);
        assert!(!listed.contains(&gone), "a key is never shown again");
        let line = listed.lines().find(|l| l.contains("ingest,read") && l.contains(state)).unwrap_or_else(|| panic!("{listed}"));
        line.split_whitespace().next().expect("a number").to_owned()
    };
    let number = listed("active");
    output(folder.path(), &["key", "revoke", &number]);
    assert_eq!(watcher.closed().await.0, 4401);
    assert_eq!(get(&server, &gone, "/v1/activities").await["code"], "unauthorised");
    assert!(get(&server, &kept, "/v1/activities").await["items"].is_array());
    assert_eq!(listed("revoked"), number);
    let again = run(folder.path(), &["key", "revoke", &number]);
    assert!(again.code == Some(1) && again.stderr.contains("tidings key list"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_has_keys_of_its_own() {
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let create = ["key", "create", "--scope", "read", "--workspace", "north"];
    let early = run(folder.path(), &create);
    assert!(early.code == Some(1) && early.stderr.contains("tidings workspace create north"), "{early:?}");
    output(folder.path(), &["workspace", "create", "north", "--name", "North"]);
    assert_eq!(run(folder.path(), &["workspace", "create", "north"]).code, Some(1), "it is there already");
    assert_eq!(output(folder.path(), &["workspace", "list"]), "default\tDefault\nnorth\tNorth\n");
    let key = output(folder.path(), &create);
    assert!(get(&server, key.trim(), "/v1/activities").await["items"].is_array());
}
