//! Counts by value on a long log: `cargo bench --bench counts`.
//!
//! Makes a log of `TIDINGS_BENCH_ROWS` activities (2,000,000 when not told) by the store's own appends:
//! `TIDINGS_BENCH_PARTNERS` partners (200) with few frequent ones, 19 flavors, four messages, three campaigns, twelve devices
//! with platform and browser, forty referring hosts. Then it counts without tallies, folds, counts with them, and times small appends while it saves. The file is
//! removed afterwards. Milliseconds; the figures of two machines are not to be compared.

mod dice;

use std::path::Path;
use std::time::{Duration, Instant};

use tidings::auth::{Operator, WorkspaceId};
use tidings::clock::Clock;
use tidings::domain::{ActivityId, Actor, Client, Device, Flavor, Grade, Key, NewActivity, Properties, Property, UnixMs, WebUrl};
use tidings::filter::{Field, FilterSet};
use tidings::store::sqlite::{SqliteOptions, SqliteStore};
use tidings::store::{Change, FacetQuery, Facets, Quota};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::dice::Dice;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const ROWS: u64 = 2_000_000;
const PARTNERS: u64 = 200;
const BATCH: u64 = 500;
/// Times each question is asked.
const ASKED: usize = 200;
/// ... when it takes a quarter of a second each time.
const ASKED_SCANNING: usize = 10;
/// Small appends that are timed.
const APPENDS: u64 = 1_500;
const START: i64 = 1_790_000_000_000;

const FLAVORS: [&str; 19] = [
    "page.viewed",
    "message.sent",
    "message.opened",
    "message.clicked",
    "ad.viewed",
    "ad.clicked",
    "content.shared",
    "content.viewed",
    "form.submitted",
    "form.opened",
    "invite.email_sent",
    "invite.opened",
    "registration.started",
    "registration.completed",
    "report.viewed",
    "dashboard.viewed",
    "booth.visited",
    "badge.scanned",
    "session.joined",
];
const CLIENTS: [(Device, &str, &str); 12] = [
    (Device::Desktop, "Windows", "Chrome"),
    (Device::Mobile, "iOS", "Safari"),
    (Device::Mobile, "Android", "Chrome"),
    (Device::Desktop, "macOS", "Safari"),
    (Device::Desktop, "Windows", "Edge"),
    (Device::Desktop, "macOS", "Chrome"),
    (Device::Desktop, "Windows", "Firefox"),
    (Device::Mobile, "Android", "Samsung Internet"),
    (Device::Desktop, "Linux", "Firefox"),
    (Device::Desktop, "Linux", "Chrome"),
    (Device::Desktop, "macOS", "Firefox"),
    (Device::Desktop, "Windows", "Opera"),
];

/// One of `0..n`, few of them frequent.
fn skewed(dice: &mut Dice, n: usize) -> usize {
    dice.below(n).min(dice.below(n)).min(dice.below(n))
}

struct Sample {
    dice: Dice,
    partners: Vec<Key>,
    messages: Vec<Key>,
    campaigns: Vec<Key>,
    sources: Vec<WebUrl>,
    referrers: Vec<WebUrl>,
}

fn keys(kind: &str, n: usize) -> Outcome<Vec<Key>> {
    (0..n).map(|n| Key::parse(&format!("{kind}-{n}")).map_err(|fault| format!("{fault:?}").into())).collect()
}

fn urls(shape: impl Fn(usize) -> String, n: usize) -> Outcome<Vec<WebUrl>> {
    (0..n).map(|n| WebUrl::parse(&shape(n)).map_err(|fault| format!("{fault:?}").into())).collect()
}

impl Sample {
    fn new(partners: usize) -> Outcome<Self> {
        Ok(Self {
            dice: Dice(7),
            partners: keys("partner", partners)?,
            messages: keys("message", 4)?,
            campaigns: keys("campaign", 3)?,
            sources: urls(|n| format!("https://expo.example.com/exhibitors/{n}"), 400)?,
            referrers: urls(|n| format!("https://www.example{n}.net/"), 40)?,
        })
    }

    fn activity(&mut self, number: u64) -> NewActivity {
        let flavor = FLAVORS[skewed(&mut self.dice, FLAVORS.len())];
        let partner = skewed(&mut self.dice, self.partners.len());
        let (device, platform, browser) = CLIENTS[skewed(&mut self.dice, CLIENTS.len())];
        let client = |name: &str| Some(Client { name: name.to_owned(), version: None });
        let of = |family: &str| flavor.starts_with(family);
        // A quarter of the visits come from elsewhere.
        let referred = of("page.") && self.dice.below(4) == 0;
        NewActivity {
            id: ActivityId(Uuid::from_u128(u128::from(number))),
            id_given: true,
            content_hash: [7; 16],
            flavor: Flavor::trusted(flavor),
            event: Key::trusted("expo"),
            message: of("message.").then(|| self.messages[partner % self.messages.len()].clone()),
            campaign: of("ad.").then(|| self.campaigns[partner % self.campaigns.len()].clone()),
            partner: self.partners[partner].clone(),
            actor: if of("message.") { Actor::Partner } else { Actor::Invitee },
            occurred_at: UnixMs(START + number.cast_signed() * 10),
            source_url: (!of("message.")).then(|| self.sources[self.dice.below(400)].clone()),
            referrer_url: referred.then(|| self.referrers[skewed(&mut self.dice, 40)].clone()),
            device,
            platform: client(platform),
            browser: client(browser),
            grade: if self.dice.below(20) == 0 { Grade::Machine } else { Grade::Human },
            grade_reasons: vec!["sample"],
            properties: Properties::from_iter([("deck".to_owned(), Property::Text("Pricing deck".to_owned()))]),
        }
    }
}

fn main() -> Outcome<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(run())
}

async fn run() -> Outcome<()> {
    let rows = told("TIDINGS_BENCH_ROWS", ROWS)?;
    let partners = told("TIDINGS_BENCH_PARTNERS", PARTNERS)?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = folder.path().join("counts.db");
    let mut sample = Sample::new(usize::try_from(partners)?)?;
    let store = SqliteStore::open(&path, Clock::System, SqliteOptions::default()).await?;
    let workspace = workspace(&store).await?;
    let begun = Instant::now();
    for first in (0..rows).step_by(BATCH as usize) {
        append(&store, workspace, &mut sample, first..rows.min(first + BATCH)).await?;
    }
    println!("{rows} activities appended, {:.0}/s", rows as f64 / begun.elapsed().as_secs_f64());
    let resident = resident_mib()?;

    println!("\nwithout tallies");
    table(&store, workspace, ASKED_SCANNING).await?;

    let (begun, mut steps) = (Instant::now(), Vec::new());
    loop {
        let step = Instant::now();
        if !store.fold(workspace).await? {
            break;
        }
        steps.push(step.elapsed());
    }
    let took = begun.elapsed();
    println!(
        "\nfolded in {:.1} s, {:.0} activities/s; a step {}",
        took.as_secs_f64(),
        rows as f64 / took.as_secs_f64(),
        spread(&mut steps)
    );
    println!("resident memory grew by {:.1} MiB", resident_mib()? - resident);

    println!("\nwith tallies");
    table(&store, workspace, ASKED).await?;

    println!("\nappends of one activity each");
    println!("alone: {}", appends(&store, workspace, &mut sample, rows).await?);
    let end = CancellationToken::new();
    end.cancel();
    let begun = Instant::now();
    let saving = tokio::spawn(store.clone().keep_tallies(Operator::assume(), end));
    println!("while it saves: {}", appends(&store, workspace, &mut sample, rows + APPENDS).await?);
    let early = saving.is_finished();
    saving.await?;
    println!("saved {} beside them, {:.0} ms in all", if early { "whole" } else { "longer than" }, begun.elapsed().as_secs_f64() * 1_000.0);
    saved(&path)?;
    store.close().await?;

    let begun = Instant::now();
    let store = SqliteStore::open(&path, Clock::System, SqliteOptions::default()).await?;
    let opened = begun.elapsed();
    while store.fold(workspace).await? {}
    println!("opened again in {:.1} ms, tallies there after {:.1} ms", ms(opened), ms(begun.elapsed()));
    store.close().await?;
    Ok(())
}

fn told(name: &str, usual: u64) -> Outcome<u64> {
    Ok(std::env::var(name).ok().map_or(Ok(usual), |number| number.parse())?)
}

async fn workspace(store: &SqliteStore) -> Outcome<WorkspaceId> {
    let found = store.store().keyring.workspace_by_key(Operator::assume(), Key::trusted("default")).await?;
    Ok(found.ok_or("no workspace")?.id)
}

async fn append(store: &SqliteStore, workspace: WorkspaceId, sample: &mut Sample, numbers: std::ops::Range<u64>) -> Outcome<()> {
    let activities = numbers.map(|number| sample.activity(number)).collect();
    store.store().log.commit(vec![Change::Append { workspace, activities, create_unknown: true, quota: Quota::default() }]).await?;
    Ok(())
}

async fn appends(store: &SqliteStore, workspace: WorkspaceId, sample: &mut Sample, from: u64) -> Outcome<String> {
    let mut took = Vec::new();
    for number in from..from + APPENDS {
        let begun = Instant::now();
        append(store, workspace, sample, number..number + 1).await?;
        took.push(begun.elapsed());
    }
    Ok(spread(&mut took))
}

async fn table(store: &SqliteStore, workspace: WorkspaceId, asked: usize) -> Outcome<()> {
    use Field::{Browser, Device, Flavor, Message, Partner, Platform, Referrer};
    println!("| counted by | under | p50, ms | p99, ms | whole |\n|---|---|---:|---:|---|");
    let clauses: [(&str, &[(&str, &str)]); 5] = [
        ("nothing", &[]),
        ("1 clause", &[("partner", "partner-3")]),
        ("2 clauses", &[("flavor", "message.*"), ("not.browser", "Safari")]),
        ("3 clauses", &[("message", "message-1"), ("device", "desktop"), ("not.grade", "machine")]),
        ("words", &[("text", "pricing"), ("partner", "partner-150")]),
    ];
    let fields: [(&str, &[Field]); 5] = [
        ("partner", &[Partner]),
        ("flavor", &[Flavor]),
        ("message", &[Message]),
        ("device, platform, browser", &[Device, Platform, Browser]),
        ("all seven", &[Partner, Flavor, Message, Device, Platform, Browser, Referrer]),
    ];
    for (under, pairs) in clauses {
        for (by, fields) in fields {
            let mut took = Vec::with_capacity(asked);
            let mut whole = true;
            for _ in 0..asked {
                let query = FacetQuery {
                    filter: FilterSet::from_pairs(pairs.iter().copied()).map_err(|fault| format!("{fault:?}"))?,
                    within: FilterSet::default(),
                    by: fields.to_vec(),
                    since: None,
                    until: None,
                    values_max: 100,
                };
                let begun = Instant::now();
                let facets: Facets = store.store().log.facets(workspace, query).await?;
                took.push(begun.elapsed());
                whole &= facets.complete;
            }
            took.sort_unstable();
            let at = |share: usize| ms(took[(took.len() - 1) * share / 100]);
            println!("| {by} | {under} | {:.1} | {:.1} | {} |", at(50), at(99), if whole { "yes" } else { "no" });
        }
    }
    Ok(())
}

fn spread(took: &mut [Duration]) -> String {
    took.sort_unstable();
    let at = |share: usize| took.get((took.len().max(1) - 1) * share / 100).map_or(0.0, |took| ms(*took));
    format!("p50 {:.2}, p99 {:.2}, max {:.2} ms", at(50), at(99), at(100))
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}

fn saved(path: &Path) -> Outcome<()> {
    let connection = rusqlite::Connection::open(path)?;
    let bytes: i64 = connection.query_row("select ifnull(sum(length(body)), 0) from tally_parts", [], |row| row.get(0))?;
    let combinations: i64 = connection.query_row("select combinations from tallies where workspace_id = 1", [], |row| row.get(0))?;
    let file = std::fs::metadata(path)?.len();
    println!(
        "{combinations} combinations, saved in {:.2} MiB; the file has {:.0} MiB",
        bytes as f64 / 1_048_576.0,
        file as f64 / 1_048_576.0
    );
    Ok(())
}

fn resident_mib() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1_024.0)
}
