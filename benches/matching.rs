//! The index of standing filters beside its linear definition: `cargo bench --bench matching`.
//!
//! Two mixes: *selective* filters name one to three of 10,000 partners and perhaps a flavor; *broad* ones constrain
//! several of twelve categorical fields, wanted or not wanted. Microseconds an activity on one thread, medians of runs;
//! the linear definition is measured in the same run, up to 10,000 filters. Changes are one filter out, another in.

mod dice;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tidings::domain::{ActivityId, Actor, Device, Facts, Grade, Memberships, SearchText};
use tidings::filter::{FilterIndex, FilterSet};

use self::dice::Dice;

const ACTIVITIES: usize = 512;
const RUNS: usize = 7;
const RUN: Duration = Duration::from_millis(150);
const LINEAR_MAX: usize = 10_000;
const CHANGES: usize = 20_000;

/// One of `kind0`, `kind1`, ... with few of them frequent, as keys are.
fn name(dice: &mut Dice, kind: &str, n: usize) -> String {
    let spread = dice.below(n).min(dice.below(n));
    format!("{kind}{spread}")
}

#[derive(Clone, Copy, Debug)]
enum Mix {
    Selective,
    Broad,
}

const FLAVORS: [&str; 8] = [
    "page.viewed",
    "message.opened",
    "message.sent",
    "content.shared",
    "invite.email_sent",
    "ad.viewed",
    "form.submitted",
    "report.viewed",
];
const CLIENTS: [&str; 6] = ["Chrome", "Safari", "Firefox", "Edge", "Opera", "Samsung Internet"];
const SYSTEMS: [&str; 5] = ["Windows", "macOS", "iOS", "Android", "Linux"];

fn selective(dice: &mut Dice) -> Value {
    let mut set = Map::new();
    let partners: Vec<_> = (0..=dice.below(3)).map(|_| name(dice, "partner", 10_000)).collect();
    set.insert("partner".to_owned(), json!(partners));
    if dice.below(2) == 0 {
        set.insert("flavor".to_owned(), json!([FLAVORS[dice.below(8)]]));
    }
    Value::Object(set)
}

fn broad(dice: &mut Dice) -> Value {
    let (mut set, mut not) = (Map::new(), Map::new());
    for field in
        ["event", "flavor", "campaign", "about", "actor", "device", "platform", "browser", "grade", "source", "referrer", "partner"]
    {
        if dice.below(3) > 0 {
            continue;
        }
        let value = |dice: &mut Dice| match field {
            "event" => name(dice, "event", 20),
            "flavor" => FLAVORS[dice.below(8)].to_owned(),
            "actor" => Actor::ALL[dice.below(3)].as_str().to_owned(),
            "device" => Device::ALL[dice.below(4)].as_str().to_owned(),
            "platform" => SYSTEMS[dice.below(5)].to_owned(),
            "browser" => CLIENTS[dice.below(6)].to_owned(),
            "grade" => Grade::ALL[dice.below(3)].as_str().to_owned(),
            "source" | "referrer" => format!("{}.example", name(dice, "host", 100)),
            other => name(dice, other, 200),
        };
        let values: Vec<_> = (0..=dice.below(4)).map(|_| value(dice)).collect();
        let side = if dice.below(4) == 0 { &mut not } else { &mut set };
        side.insert(field.to_owned(), json!(values));
    }
    if !not.is_empty() {
        set.insert("not".to_owned(), Value::Object(not));
    }
    Value::Object(set)
}

fn filter(mix: Mix, dice: &mut Dice) -> Arc<FilterSet> {
    let json = match mix {
        Mix::Selective => selective(dice),
        Mix::Broad => broad(dice),
    };
    Arc::new(FilterSet::from_json(&json).expect("the bench makes valid filter sets"))
}

fn facts(mix: Mix, n: usize, dice: &mut Dice) -> Facts {
    let partners = match mix {
        Mix::Selective => 10_000,
        Mix::Broad => 200,
    };
    Facts {
        id: ActivityId(uuid::Uuid::from_u128(n as u128)),
        event: name(dice, "event", 20).into(),
        partner: name(dice, "partner", partners).into(),
        flavor: FLAVORS[dice.below(8)].into(),
        message: (dice.below(2) == 0).then(|| name(dice, "about", 200).into()),
        campaign: (dice.below(2) == 0).then(|| name(dice, "campaign", 200).into()),
        actor: Actor::ALL[dice.below(3)],
        device: Device::ALL[dice.below(4)],
        grade: Grade::ALL[dice.below(3)],
        platform: Some(SYSTEMS[dice.below(5)].to_lowercase().into()),
        browser: Some(CLIENTS[dice.below(6)].to_lowercase().into()),
        source_host: Some(format!("{}.example", name(dice, "host", 100)).into()),
        referrer_host: None,
        search: SearchText::default(),
    }
}

/// Median microseconds of one call, over runs of a fixed time.
fn median_us(mut call: impl FnMut(usize)) -> f64 {
    let mut medians: Vec<f64> = (0..RUNS)
        .map(|_| {
            let (started, mut calls) = (Instant::now(), 0);
            while started.elapsed() < RUN {
                for n in 0..16 {
                    call(calls + n);
                }
                calls += 16;
            }
            started.elapsed().as_secs_f64() * 1e6 / calls as f64
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    medians[RUNS / 2]
}

fn measure(mix: Mix, filters: usize) {
    let mut dice = Dice(filters as u64);
    let standing: Vec<_> = (0..filters).map(|_| filter(mix, &mut dice)).collect();
    let activities: Vec<_> = (0..ACTIVITIES).map(|n| facts(mix, n, &mut dice)).collect();
    let nothing = Memberships::default();
    let mut index = FilterIndex::new();
    let mut seats: Vec<_> = standing.iter().enumerate().map(|(n, f)| index.insert(f.clone(), n)).collect();
    let (mut out, mut matched) = (Vec::new(), 0);
    for facts in &activities {
        index.matching(facts, &nothing, &mut out);
        matched += out.iter().map(|e| index.members(*e).len()).sum::<usize>();
    }
    let by_index = median_us(|n| {
        index.matching(&activities[n % ACTIVITIES], &nothing, &mut out);
        black_box(&out);
    });
    let linear = (filters <= LINEAR_MAX).then(|| {
        median_us(|n| {
            let facts = &activities[n % ACTIVITIES];
            black_box(standing.iter().filter(|f| f.matches(facts, &nothing)).count());
        })
    });
    let others: Vec<_> = (0..1_024).map(|_| filter(mix, &mut dice)).collect();
    let started = Instant::now();
    for n in 0..CHANGES {
        let at = dice.below(seats.len());
        let member = index.remove(seats.swap_remove(at));
        seats.push(index.insert(others[n % others.len()].clone(), member));
    }
    let change = started.elapsed().as_secs_f64() * 1e6 / CHANGES as f64;
    let ratio = linear.map_or("-".to_owned(), |l| format!("{:.0}x", l / by_index));
    let linear = linear.map_or("-".to_owned(), |l| format!("{l:.1}"));
    let matched = matched as f64 / ACTIVITIES as f64;
    println!("| {mix:?} | {filters} | {matched:.1} | {by_index:.2} | {linear} | {ratio} | {change:.2} | {:.2} % |", change / 10.0);
}

/// What ought to be nearly free: nanoseconds an activity, not counting what is done with the members.
fn measure_trivial() {
    let of = |json| Arc::new(FilterSet::from_json(&json).expect("the bench makes valid filter sets"));
    let here = |n: usize| json!({"partner":["here"],"not":{"campaign":[format!("campaign{n}")]}});
    let elsewhere = |n: usize| json!({"partner":[format!("partner{n}")],"device":["desktop"]});
    let cases: [(&str, Vec<Value>); 4] = [
        ("5,000 members share {}", vec![json!({}); 5_000]),
        ("100 filters, all match", (0..100).map(here).collect()),
        ("the same among 10,000, the others of other partners", (0..100).map(here).chain((0..9_900).map(elsewhere)).collect()),
        ("10,000 filters of other partners, none matches", (0..10_000).map(elsewhere).collect()),
    ];
    let mut dice = Dice(1);
    let here = |facts| Facts { partner: "here".into(), campaign: None, ..facts };
    let activities: Vec<_> = (0..ACTIVITIES).map(|n| here(facts(Mix::Selective, n, &mut dice))).collect();
    let nothing = Memberships::default();
    println!("\n| case | entries that match | ns an activity |\n|---|---:|---:|");
    for (name, filters) in cases {
        let mut index = FilterIndex::new();
        let seats: Vec<_> = filters.into_iter().map(|json| index.insert(of(json), ())).collect();
        let mut out = Vec::new();
        let us = median_us(|n| {
            index.matching(&activities[n % ACTIVITIES], &nothing, &mut out);
            black_box(&out);
        });
        println!("| {name} | {} | {:.0} |", out.len(), us * 1e3);
        drop(seats);
    }
}

fn main() {
    println!("| mix | filters | matched an activity | index, us | linear, us | linear / index | one change, us | 1,000 changes/s cost |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    for mix in [Mix::Selective, Mix::Broad] {
        for filters in [100, 1_000, 10_000, 100_000] {
            measure(mix, filters);
        }
    }
    measure_trivial();
}
