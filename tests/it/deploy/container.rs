//! The image, and the two containers of compose.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;
use tidings::app::drain_max;
use tidings::config::Config;

use super::{configured, read, seconds};
use crate::child::{BINARY, Process};

/// Instructions of the last stage, each with what follows its word.
fn last_stage(text: &str) -> Vec<(String, String)> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let instructions: Vec<_> =
        lines.filter_map(|l| l.split_once(' ')).map(|(word, rest)| (word.to_owned(), rest.trim().to_owned())).collect();
    let begin = instructions.iter().rposition(|(word, _)| word == "FROM").expect("a stage");
    assert!(begin > 0, "what builds it is not in it");
    instructions[begin..].to_vec()
}

fn one<'a>(stage: &'a [(String, String)], word: &str) -> &'a str {
    let found: Vec<_> = stage.iter().filter(|(w, _)| w == word).collect();
    assert_eq!(found.len(), 1, "{word}");
    &found[0].1
}

fn image_variables() -> Vec<(String, String)> {
    let stage = last_stage(&read("deploy/Containerfile"));
    let pairs = one(&stage, "ENV").split_whitespace().map(|pair| pair.split_once('=').expect("NAME=VALUE"));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_image_runs_as_nobody_in_particular() {
    let text = read("deploy/Containerfile");
    let stage = last_stage(&text);
    let config = configured(&image_variables());
    let address: std::net::SocketAddr = config.listen.parse().expect("an address");
    assert!(address.ip().is_unspecified(), "a published port leads to it");
    assert_eq!(one(&stage, "EXPOSE"), address.port().to_string());
    let ops: std::net::SocketAddr = config.ops_listen.parse().expect("an address");
    assert!(ops.ip().is_loopback(), "operations are not published");
    assert_eq!((one(&stage, "VOLUME"), one(&stage, "WORKDIR")), ("/data", "/data"), "the demo writes below its folder");
    assert!(config.database_url().expect("a file").file().starts_with("/data"));
    let (user, group) = one(&stage, "USER").split_once(':').expect("user and group");
    assert!(user.parse::<u32>().expect("a number, which can be seen not to be root") > 0 && group.parse::<u32>().expect("a number") > 0);
    assert!(text.contains("install -d -m 1777 /image/data"), "any user may write there");
    let words = |text: &str| serde_json::from_str::<Vec<String>>(text).expect("without a shell");
    let program = "/usr/local/bin/tidings";
    assert_eq!(words(one(&stage, "ENTRYPOINT")), [program], "so that `docker run tidings demo` is the demo");
    assert_eq!(words(one(&stage, "CMD")), ["serve"]);
    let (_, health) = one(&stage, "HEALTHCHECK").split_once("CMD ").expect("a command");
    assert_eq!(words(health), [program, "health"]);
    assert_eq!(one(&stage, "STOPSIGNAL"), "SIGTERM");
    let rust = text.split_once("library/rust:").expect("a toolchain").1.split('-').next().expect("a version");
    assert!(read("Cargo.toml").contains(&format!("rust-version = \"{rust}\"")), "{rust}");
    let ignored = read(".dockerignore");
    for needed in ["Cargo.toml", "Cargo.lock", "build.rs", ".cargo", "migrations", "src", "benches", "web"] {
        assert!(ignored.lines().any(|line| line == format!("!{needed}")), "{needed} is not sent to the build");
    }
}

#[test]
fn compose_keeps_to_the_same() {
    let compose: Value = serde_saphyr::from_str(&read("deploy/compose.yaml")).expect("YAML");
    let (server, proxy) = (&compose["services"]["tidings"], &compose["services"]["caddy"]);
    assert_eq!((&server["read_only"], &server["cap_drop"]), (&Value::from(true), &Value::from(vec!["ALL"])));
    assert!(server["security_opt"][0].as_str().expect("an option").contains("no-new-privileges"));
    assert!(server["ports"].is_null(), "only the proxy is reached from outside");
    let variables = server["environment"].as_object().expect("variables").iter();
    let own: Vec<_> = variables.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned())).collect();
    let config = configured(&[image_variables(), own].concat());
    let grace = seconds(server["stop_grace_period"].as_str().expect("seconds"));
    assert!(grace > drain_max(&config.http).as_secs(), "{grace} s are less than a drain takes at most");
    assert_eq!(server["volumes"][0], "data:/data");
    assert!(compose["volumes"].as_object().expect("volumes").contains_key("data"));
    let files = server["ulimits"]["nofile"].as_u64().expect("a number");
    assert!(files > config.http.connections_max as u64 + 1_000, "{files} files are too few for the connections");
    let subnet = compose["networks"]["front"]["ipam"]["config"][0]["subnet"].as_str().expect("a network");
    assert_eq!(config.http.trusted_proxies, ["172.30.86.0/24".parse().expect("a network")]);
    assert_eq!(subnet, "172.30.86.0/24");
    assert_eq!((&server["networks"], &proxy["networks"]), (&compose["services"]["caddy"]["networks"], &Value::from(vec!["front"])));
    let port = config.listen.rsplit(':').next().expect("a port").to_owned();
    assert_eq!(proxy["environment"]["TIDINGS_UPSTREAM"], format!("tidings:{port}"));
    assert_eq!(proxy["volumes"][0], "./Caddyfile:/etc/caddy/Caddyfile:ro");
    assert_eq!(server["build"]["dockerfile"], "deploy/Containerfile");
}

/// As in the container: another user, another folder, and every address.
#[test]
fn the_demo_of_a_container_is_found_at_one_address() {
    let folder = tempfile::tempdir().expect("folder");
    let open = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(folder.path(), open(0o1777)).expect("set");
    let mut demo = Command::new(BINARY);
    let is_root = Command::new("id").arg("-u").output().expect("id runs").stdout == b"0\n";
    if is_root {
        // Somebody who has no name, in no group that owns anything.
        let program = folder.path().join("tidings");
        std::fs::copy(BINARY, &program).expect("copied");
        std::fs::set_permissions(&program, open(0o755)).expect("set");
        demo = Command::new(program);
        std::os::unix::process::CommandExt::uid(&mut demo, 54_321);
        std::os::unix::process::CommandExt::gid(&mut demo, 54_321);
    }
    demo.args(["demo", "--quiet", "--listen", "0.0.0.0:0"]).current_dir(folder.path()).env_remove("HOME");
    let mut demo = Process::spawn(demo);
    let link = std::iter::from_fn(|| Some(demo.line())).find(|line| line.contains("http://")).expect("an address");
    assert!(link.trim().starts_with("http://127.0.0.1:"), "{link}");
    assert!(folder.path().join("demo-data/tidings.db").exists());
    let ended = demo.terminate();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(Config::default().listen.starts_with("127.0.0.1:"), "outside of a container nobody else is let in");
}
