//! One look at the metrics and at the disk.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::time::Instant;

use crate::telemetry::{
    APPENDER_QUEUE_BYTES, COMMIT_TO_SOCKET_SECONDS, HUB_DELIVERIES, HUB_FILTERS, INGEST_ACCEPTED, INGEST_REFUSED, INGEST_REJECTED,
    READS_REFUSED, RECEIPT_TO_COMMIT_SECONDS, SESSIONS, SESSIONS_LAGGING, WAL_BYTES,
};

/// Two quantiles, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    /// Half of all took no longer.
    pub p50: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
}

/// How many took no longer than each bound, as Prometheus keeps it: bounds in seconds, ascending, the last without end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Buckets(Vec<(f64, u64)>);

/// What stood in the metrics, and on the disk.
#[derive(Debug, Clone)]
pub struct Sample {
    pub at: Instant,
    pub accepted: u64,
    pub delivered: u64,
    pub connections: u64,
    pub subscriptions: u64,
    pub lagging: u64,
    pub queue_bytes: u64,
    pub wal_bytes: u64,
    pub database_bytes: u64,
    pub disk_free_bytes: Option<u64>,
    pub refusals: BTreeMap<String, u64>,
    pub commit: Buckets,
    pub deliver: Buckets,
}

impl Buckets {
    fn add(&mut self, bound: &str, count: u64) {
        let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap_or(f64::INFINITY) };
        match self.0.iter_mut().find(|(known, _)| *known == bound) {
            Some((_, known)) => *known += count,
            None => self.0.push((bound, count)),
        }
    }

    /// What came since an earlier look; `None` when nothing did. Within a bucket it is taken to be spread evenly, as PromQL's
    /// `histogram_quantile` does.
    pub fn since(&self, before: Option<&Self>) -> Option<Quantiles> {
        let earlier =
            |bound: f64| before.and_then(|before| before.0.iter().find(|(known, _)| *known == bound)).map_or(0, |(_, count)| *count);
        let mut grown: Vec<(f64, u64)> = self.0.iter().map(|(bound, count)| (*bound, count.saturating_sub(earlier(*bound)))).collect();
        grown.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let all = grown.last().map(|(_, count)| *count).filter(|count| *count > 0)?;
        let quantile = |part: f64| {
            let wanted = part * all as f64;
            let (mut from, mut below) = (0.0, 0.0);
            for (bound, count) in &grown {
                let count = *count as f64;
                if count >= wanted {
                    return match bound.is_finite() {
                        true => from + (bound - from) * (wanted - below) / (count - below).max(1.0),
                        // Longer than what is told apart: the last bound is the least that it was.
                        false => from,
                    } * 1_000.0;
                }
                (from, below) = (*bound, count);
            }
            from * 1_000.0
        };
        Some(Quantiles { p50: quantile(0.5), p99: quantile(0.99) })
    }
}

impl Sample {
    /// Reads metrics in the text format of Prometheus, and looks at the files of a database.
    pub fn read(text: &str, database: &Path) -> Self {
        let bytes_of = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
        let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut sample = Self {
            at: Instant::now(),
            accepted: 0,
            delivered: 0,
            connections: 0,
            subscriptions: 0,
            lagging: 0,
            queue_bytes: 0,
            wal_bytes: 0,
            database_bytes: bytes_of(database),
            disk_free_bytes: rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
            refusals: BTreeMap::new(),
            commit: Buckets::default(),
            deliver: Buckets::default(),
        };
        text.lines().filter(|line| !line.starts_with('#')).for_each(|line| sample.take(line));
        sample
    }

    fn take(&mut self, line: &str) {
        let Some((series, value)) = line.rsplit_once(' ') else { return };
        let Ok(value) = value.parse::<f64>() else { return };
        // Counts and gauges of this program are whole and not negative.
        let value = value.max(0.0) as u64;
        let (name, labels) = series.split_once('{').map_or((series, ""), |(name, rest)| (name, rest.trim_end_matches('}')));
        let label = |wanted: &str| {
            let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(name, _)| *name == wanted).map(|(_, value)| value.trim_matches('"')).next()
        };
        match name {
            INGEST_ACCEPTED => self.accepted += value,
            HUB_DELIVERIES => self.delivered += value,
            SESSIONS => self.connections += value,
            HUB_FILTERS => self.subscriptions += value,
            SESSIONS_LAGGING => self.lagging += value,
            APPENDER_QUEUE_BYTES => self.queue_bytes += value,
            WAL_BYTES => self.wal_bytes += value,
            INGEST_REJECTED | INGEST_REFUSED | READS_REFUSED => {
                let code = label("code").or_else(|| label("reason")).unwrap_or("other");
                *self.refusals.entry(code.to_owned()).or_default() += value;
            }
            _ => {
                let buckets = match name.strip_suffix("_bucket") {
                    Some(RECEIPT_TO_COMMIT_SECONDS) => &mut self.commit,
                    Some(COMMIT_TO_SOCKET_SECONDS) => &mut self.deliver,
                    _ => return,
                };
                if let Some(bound) = label("le") {
                    buckets.add(bound, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Buckets, Quantiles, Sample};

    #[test]
    fn metrics_are_read_as_they_are_written() {
        let text = "# HELP tidings_sessions x\ntidings_sessions 12\ntidings_hub_filters{shard=\"0\"} 3\ntidings_hub_filters{shard=\"1\"} 4\n\
            tidings_ingest_accepted_total 1000\ntidings_ingest_rejected_total{code=\"invalid\"} 2\ntidings_ingest_refused_total{reason=\"rate_limited\"} 5\n\
            tidings_commit_to_socket_seconds_bucket{le=\"0.004\"} 50\ntidings_commit_to_socket_seconds_bucket{le=\"+Inf\"} 100\nnonsense\n";
        let sample = Sample::read(text, Path::new("nowhere/tidings.db"));
        assert_eq!((sample.connections, sample.subscriptions, sample.accepted), (12, 7, 1_000));
        assert_eq!(sample.refusals.into_iter().collect::<Vec<_>>(), [("invalid".to_owned(), 2), ("rate_limited".to_owned(), 5)]);
        assert_eq!(sample.deliver, Buckets(vec![(0.004, 50), (f64::INFINITY, 100)]));
        assert_eq!((sample.database_bytes, sample.disk_free_bytes), (0, None));
        assert!(Sample::read("", &std::env::temp_dir().join("a.db")).disk_free_bytes.is_some_and(|free| free > 0));
    }

    #[test]
    fn quantiles_are_of_what_came_since() {
        // Bounds that are no fractions of two differ in their last digit.
        let rounded = |told: Option<Quantiles>| told.map(|q| ((q.p50 * 100.0).round() / 100.0, (q.p99 * 100.0).round() / 100.0));
        let of = |counts: [u64; 3]| Buckets(vec![(0.001, counts[0]), (0.01, counts[1]), (f64::INFINITY, counts[2])]);
        assert_eq!(rounded(of([100, 200, 200]).since(None)), Some((1.0, 9.82)));
        // All that came since took between one and ten milliseconds; what came before counts for nothing.
        assert_eq!(rounded(of([100, 300, 300]).since(Some(&of([100, 200, 200])))), Some((5.5, 9.91)));
        assert_eq!(rounded(of([0, 0, 10]).since(None)), Some((10.0, 10.0)), "at least");
        assert_eq!(rounded(of([1, 1, 1]).since(Some(&of([1, 1, 1])))), None);
    }
}
