//! Alert rules of Prometheus, and the dashboard of Grafana: over metrics that there are.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use tidings::telemetry::METRICS;

use super::{read, tool};

const RULES: &str = "deploy/prometheus/tidings.rules.yml";

/// Names in a text that look like metrics of ours, without what Prometheus adds to a histogram.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("tidings_"));
    words.map(|word| word.trim_end_matches("_bucket").to_owned()).collect()
}

fn expressions(rules: &Value) -> Vec<String> {
    let groups = rules["groups"].as_array().into_iter().flatten();
    let rules = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten());
    rules.map(|rule| rule["expr"].as_str().expect("an expression").to_owned()).collect()
}

#[test]
fn every_metric_that_is_watched_is_told() {
    let rules: Value = serde_saphyr::from_str(&read(RULES)).expect("YAML");
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/tidings.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let watched = expressions(&rules).into_iter().chain(targets.map(|target| target["expr"].as_str().expect("an expression").to_owned()));
    let watched: BTreeSet<String> = watched.flat_map(|text| named(&text)).collect();
    assert!(watched.len() > 12, "{watched:?}");
    for name in watched {
        assert!(METRICS.iter().any(|metric| metric.name == name), "{name} is no metric");
    }
    for alert in ["TidingsDown", "TidingsWatchdog"] {
        assert!(read(RULES).contains(&format!("alert: {alert}\n")), "{alert}");
    }
}

#[test]
#[ignore = "needs promtool, which make test brings"]
fn prometheus_takes_the_rules_and_each_fires_for_what_it_is_for() {
    let promtool = tool("promtool");
    for arguments in [["check", "rules", RULES], ["test", "rules", "deploy/prometheus/tidings.test.yml"]] {
        let told = Command::new(&promtool).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("it runs");
        assert!(told.status.success(), "{}{}", String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    }
}
