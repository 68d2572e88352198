//! What is measured, beside which reference.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::machine::{LOAD_CORE, Outcome, SERVER_CORE, Server, TIDINGS, output};
use crate::table::{HEAD, median_of, row};

/// How long and how often each is measured.
struct Plan {
    /// Runs of each; they are interleaved.
    runs: usize,
    /// Seconds of one run.
    seconds: &'static str,
    /// Numbers of subscribers.
    fanout: &'static [&'static str],
    /// Idle connections.
    idle: &'static str,
}

const WHOLE: Plan = Plan { runs: 5, seconds: "10", fanout: &["1000", "5000"], idle: "5000" };
const QUICK: Plan = Plan { runs: 1, seconds: "2", fanout: &["100"], idle: "200" };

/// Measures all and prints a table.
pub fn all(quick: bool) -> Outcome<()> {
    let plan = if quick { QUICK } else { WHOLE };
    println!("{HEAD}");
    ingest_one_by_one(&plan)?;
    ingest_batches(&plan)?;
    for subscribers in plan.fanout {
        fanout(&plan, subscribers)?;
    }
    idle(&plan)
}

/// A Tidings server on a database of its own.
struct Tidings {
    server: Server,
    key: String,
    _files: tempfile::TempDir,
}

impl Tidings {
    fn start() -> Outcome<Self> {
        let files = tempfile::tempdir()?;
        let database = format!("sqlite:{}", files.path().join("tidings.db").display());
        let args = ["serve", "--database", &database, "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"];
        let server = Server::start(Path::new(TIDINGS), &args)?;
        let key = ["key", "create", "--database", &database, "--scope", "ingest,read,admin", "--name", "bench"];
        let key = output(LOAD_CORE, Path::new(TIDINGS), &key)?.trim().to_owned();
        Ok(Self { server, key, _files: files })
    }
}

fn reference(name: &str) -> Outcome<Server> {
    Server::start(&this_program()?, &["reference", name])
}

fn this_program() -> Outcome<PathBuf> {
    Ok(std::env::current_exe()?)
}

/// Puts load on a server and reads the figures.
fn load(server: &Server, key: &str, what: &[&str]) -> Outcome<Value> {
    let pid = server.pid().to_string();
    let mut args = vec!["bench"];
    args.extend(what);
    args.extend(["--json", "--url", &server.url, "--key", key, "--pid", &pid]);
    Ok(serde_json::from_str(&output(LOAD_CORE, Path::new(TIDINGS), &args)?)?)
}

/// Interleaved runs of ours and of a reference, each on a server that has just started.
fn interleave(plan: &Plan, name: &str, what: &[&str]) -> Outcome<(Vec<Value>, Vec<Value>)> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..plan.runs {
        let tidings = Tidings::start()?;
        ours.push(load(&tidings.server, &tidings.key, what)?);
        drop(tidings);
        theirs.push(load(&reference(name)?, "none", what)?);
    }
    Ok((ours, theirs))
}

fn ingest_one_by_one(plan: &Plan) -> Outcome<()> {
    let (ours, theirs) = interleave(plan, "echo", &["ingest", "--connections", "64", "--seconds", plan.seconds])?;
    for (figure, name) in [
        ("durable activities/s, one a request, 64 connections, beside a bare JSON echo", "activities_per_s"),
        ("the same, p99 in ms", "p99_ms"),
    ] {
        println!("{}", row(figure, median_of(&ours, name), median_of(&theirs, name)));
    }
    Ok(())
}

fn ingest_batches(plan: &Plan) -> Outcome<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..plan.runs {
        let tidings = Tidings::start()?;
        ours.push(load(&tidings.server, &tidings.key, &["ingest", "--connections", "4", "--batch", "500", "--seconds", plan.seconds])?);
        drop(tidings);
        let files = tempfile::tempdir()?;
        let database = files.path().join("reference.db").display().to_string();
        let figures = output(SERVER_CORE, &this_program()?, &["reference", "sqlite", &database, plan.seconds])?;
        theirs.push(serde_json::from_str(&figures)?);
    }
    let figure = "durable activities/s, 500 a request, beside raw SQLite with the same rows and indexes";
    println!("{}", row(figure, median_of(&ours, "activities_per_s"), median_of(&theirs, "activities_per_s")));
    Ok(())
}

fn fanout(plan: &Plan, subscribers: &str) -> Outcome<()> {
    let (ours, theirs) = interleave(plan, "fanout", &["fanout", "--subscribers", subscribers, "--seconds", plan.seconds])?;
    for (figure, name) in [("deliveries/s", "deliveries_per_s"), ("server CPU-s per million deliveries", "cpu_s_per_million")] {
        let figure = format!("{figure}, {subscribers} subscribers, durable and filtered, beside the usual Rust design");
        println!("{}", row(&figure, median_of(&ours, name), median_of(&theirs, name)));
    }
    Ok(())
}

fn idle(plan: &Plan) -> Outcome<()> {
    let (ours, theirs) = interleave(plan, "fanout", &["idle", "--connections", plan.idle])?;
    let figure = format!("KiB per idle connection with one subscription, {} of them", plan.idle);
    println!("{}", row(&figure, median_of(&ours, "kib_per_connection"), median_of(&theirs, "kib_per_connection")));
    Ok(())
}
