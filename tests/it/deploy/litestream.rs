//! A replica of Litestream: made beside a server, brought back, and put in place as a backup is.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::{read, tool};
use crate::app::STUCK;
use crate::child::{Process, ServerProcess, new_key, output, run_with_input};
use crate::cli::copying::{everything, told_of_another_log};
use crate::cli::numbered;

fn config() -> Value {
    serde_saphyr::from_str(&read("deploy/litestream.yml")).expect("YAML")
}

#[test]
fn the_configuration_is_of_the_database_that_the_unit_serves() {
    let config = config();
    let database = config["dbs"][0]["path"].as_str().expect("a path");
    assert!(read("deploy/tidings.service").contains(&format!("TIDINGS_DATABASE=sqlite:{database}\n")), "{database}");
    for secret in ["access-key-id", "secret-access-key"] {
        let value = config["dbs"][0]["replica"][secret].as_str().expect("text");
        assert!(value.starts_with('$'), "{secret} comes from the environment");
    }
}

/// The same configuration for another database and a replica in a folder. JSON is YAML.
fn config_for(folder: &Path) -> String {
    let mut config = config();
    config["dbs"][0]["path"] = json!(folder.join("tidings.db"));
    let interval = config["dbs"][0]["replica"]["sync-interval"].clone();
    config["dbs"][0]["replica"] = json!({"type": "file", "path": folder.join("replica"), "sync-interval": interval});
    config.to_string()
}

async fn post(folder: &Path, server: &ServerProcess, key: &str, numbers: std::ops::Range<u64>) {
    let drafts: Vec<_> = numbers.map(|n| numbered("acme", n)).collect();
    let sent = run_with_input(folder, &["post", "--url", &server.url(), "--key", key, "-"], &drafts.join("\n"));
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Litestream, which make test brings"]
async fn a_replica_is_restored_and_its_old_cursors_are_told() {
    let litestream = tool("litestream");
    let folder = tempfile::tempdir().expect("folder");
    let server = ServerProcess::serve(folder.path(), 0);
    let key = new_key(folder.path(), "ingest,read");
    post(folder.path(), &server, &key, 0..50).await;
    let file = folder.path().join("litestream.yml");
    fs::write(&file, config_for(folder.path())).expect("written");
    let mut replicating = std::process::Command::new(&litestream);
    replicating.args(["replicate", "-config"]).arg(&file);
    let replicating = Process::spawn(replicating);
    let begun = Instant::now();
    // The first snapshot has come as soon as there is a file in one of its levels.
    let is_begun = || {
        let levels = fs::read_dir(folder.path().join("replica/ltx")).into_iter().flatten().flatten();
        levels.filter_map(|level| fs::read_dir(level.path()).ok()).flatten().next().is_some()
    };
    while !is_begun() {
        assert!(begun.elapsed() < STUCK, "nothing is replicated");
        tokio::task::yield_now().await;
    }
    post(folder.path(), &server, &key, 50..80).await;
    let replicated = everything(&server, &key).await;
    let ended = replicating.terminate();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // The machine goes on for a moment, and is lost.
    post(folder.path(), &server, &key, 80..90).await;
    let page = crate::cli::get(&server, &key, "/v1/activities?limit=1").await;
    let beyond = page["newer"].as_str().expect("a cursor").to_owned();
    server.kill();

    let copy = folder.path().join("copy.db");
    let mut restoring = std::process::Command::new(&litestream);
    restoring.args(["restore", "-config"]).arg(&file).arg("-o").arg(&copy).arg(folder.path().join("tidings.db"));
    let restored = restoring.output().expect("it runs");
    assert!(restored.status.success(), "{restored:?}");
    let there = tempfile::tempdir().expect("folder");
    let told = output(there.path(), &["restore", copy.to_str().expect("utf-8")]);
    assert!(told.contains("80 entries"), "what was there when it ended: {told}");
    let server = ServerProcess::serve(there.path(), 0);
    assert_eq!(everything(&server, &key).await, replicated);
    told_of_another_log(&server, &key, &beyond).await;
    assert_eq!(server.terminate(), Some(0));
    assert!(output(there.path(), &["check"]).ends_with(": whole\n"));
}
