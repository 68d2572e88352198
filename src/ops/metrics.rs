//! The recorder of the process: every metric described, histograms with buckets that fit what they measure.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::telemetry::{METRICS, Metric, MetricKind, STORE_COMMIT_UNITS};

/// Upper bounds of the buckets of whatever is in seconds.
const SECONDS: [f64; 14] = [0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.25, 0.5, 1.0, 5.0];
/// Upper bounds of the buckets of whatever is counted.
const COUNTS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1_024.0, 5_000.0];
/// How often what histograms have gathered is put into their buckets, so that it does not add up unread.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// A handle on what this process has measured.
#[derive(Clone)]
pub struct Recorder(PrometheusHandle);

impl Recorder {
    /// The recorder of this process, installed the first time it is asked for.
    ///
    /// # Errors
    /// When another recorder is in place.
    pub fn install() -> Result<Self, BuildError> {
        static INSTALLED: OnceLock<PrometheusHandle> = OnceLock::new();
        if let Some(handle) = INSTALLED.get() {
            return Ok(Self(handle.clone()));
        }
        let built = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .set_buckets_for_metric(Matcher::Full(STORE_COMMIT_UNITS.to_owned()), &COUNTS)?
            .install_recorder();
        // Two that start at once: one has installed it, the other takes it.
        let handle = match (built, INSTALLED.get()) {
            (Ok(handle), _) => INSTALLED.get_or_init(|| handle).clone(),
            (Err(_), Some(handle)) => handle.clone(),
            (Err(fault), None) => return Err(fault),
        };
        METRICS.iter().for_each(describe);
        Ok(Self(handle))
    }

    /// All metrics in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Until shutdown: keeps histograms small.
    pub async fn upkeep(self, shutdown: CancellationToken) {
        while shutdown.run_until_cancelled(tokio::time::sleep(UPKEEP_EVERY)).await.is_some() {
            self.0.run_upkeep();
        }
    }
}

fn describe(metric: &Metric) {
    match metric.kind {
        MetricKind::Counter => metrics::describe_counter!(metric.name, metric.help.trim()),
        MetricKind::Gauge => metrics::describe_gauge!(metric.name, metric.help.trim()),
        MetricKind::Histogram => metrics::describe_histogram!(metric.name, metric.help.trim()),
    }
}
