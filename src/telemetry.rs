//! Every metric as a documented constant: the reference is made from this list.

/// What a metric counts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// It only goes up.
    Counter,
    /// It goes up and down.
    Gauge,
    /// A spread of values.
    Histogram,
}

/// A metric and what it tells.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name outside.
    pub name: &'static str,
    /// What it counts with.
    pub kind: MetricKind,
    /// What it tells.
    pub help: &'static str,
    /// The constant that names it in the code.
    pub constant: &'static str,
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $constant:ident = $kind:ident $name:literal;)+) => {
        $($(#[doc = $help])+ pub const $constant: &str = $name;)+
        /// Every metric there is.
        pub const METRICS: &[Metric] = &[$(Metric { name: $name, kind: MetricKind::$kind, help: concat!($($help),+), constant: stringify!($constant) }),+];
    };
}

metrics! {
    /// Drafts accepted and made durable, by workspace-independent total.
    INGEST_ACCEPTED = Counter "tidings_ingest_accepted_total";
    /// Drafts that were sent again with the same id and content.
    INGEST_DUPLICATES = Counter "tidings_ingest_duplicates_total";
    /// Drafts refused, by `code` of the first fault.
    INGEST_REJECTED = Counter "tidings_ingest_rejected_total";
    /// Drafts refused for making too many things on first sight, by `limit`: that of the `key` or of the `workspace`.
    INGEST_OVER_QUOTA = Counter "tidings_ingest_over_quota_total";
    /// Requests refused with 429 or 503, by `reason`.
    INGEST_REFUSED = Counter "tidings_ingest_refused_total";
    /// Seconds that one commit of the writer took, the fsync included.
    STORE_COMMIT_SECONDS = Histogram "tidings_store_commit_seconds";
    /// Seconds from when a request with activities was read to when they were durable.
    RECEIPT_TO_COMMIT_SECONDS = Histogram "tidings_receipt_to_commit_seconds";
    /// Units that one commit made durable together.
    STORE_COMMIT_UNITS = Histogram "tidings_store_commit_units";
    /// Entries that tallies are behind the logs, all workspaces together; a few thousand in each are usual.
    TALLY_BEHIND = Gauge "tidings_tally_behind";
    /// Combinations that tallies hold in memory, all workspaces together.
    TALLY_COMBINATIONS = Gauge "tidings_tally_combinations";
    /// Counts by minute, event, flavor and grade that tallies hold in memory, all workspaces together.
    TALLY_CELLS = Gauge "tidings_tally_cells";
    /// Reads that wait for their turn.
    READS_WAITING = Gauge "tidings_reads_waiting";
    /// Reads refused with 503, by `reason`: too many waited, one waited for too long, or answers hold too many bytes.
    READS_REFUSED = Counter "tidings_reads_refused_total";
    /// Bytes of answers that wait for their readers.
    ANSWER_BYTES = Gauge "tidings_answer_bytes";
    /// Bytes of the database's write-ahead log.
    WAL_BYTES = Gauge "tidings_wal_bytes";
    /// Milliseconds that the newest entry was recorded ahead of the clock: it has gone back, or did when that was written.
    RECORDED_AHEAD_MS = Gauge "tidings_recorded_ahead_ms";
    /// Bytes of requests under way: bodies that are being read, and changes up to their commit.
    APPENDER_QUEUE_BYTES = Gauge "tidings_appender_queue_bytes";
    /// Batches that the publisher read from the store because its queue was full or had a hole.
    PUBLISHER_STORE_READS = Counter "tidings_publisher_store_reads_total";
    /// Entries handed to the hub.
    HUB_PUBLISHED = Counter "tidings_hub_published_total";
    /// Commands and batches that wait in front of the shards.
    HUB_QUEUE_DEPTH = Gauge "tidings_hub_queue_depth";
    /// Activities offered to sessions.
    HUB_DELIVERIES = Counter "tidings_hub_deliveries_total";
    /// Distinct standing filters.
    HUB_FILTERS = Gauge "tidings_hub_filters";
    /// Bytes of recent entries that the hub keeps for joins and resumes, all workspaces and shards together.
    HUB_RECENT_BYTES = Gauge "tidings_hub_recent_bytes";
    /// Sessions that are open.
    SESSIONS = Gauge "tidings_sessions";
    /// Sessions that fell behind and are served from the log right now.
    SESSIONS_LAGGING = Gauge "tidings_sessions_lagging";
    /// Times that a session fell behind.
    SESSION_LAGS = Counter "tidings_session_lags_total";
    /// Frames written to readers.
    SESSION_FRAMES = Counter "tidings_session_frames_total";
    /// Seconds from commit to the frame being handed to the socket, for the newest item of a frame.
    COMMIT_TO_SOCKET_SECONDS = Histogram "tidings_commit_to_socket_seconds";
    /// Entries that consumers of the log are behind, all workspaces together, by `consumer`.
    CONSUMER_LAG = Gauge "tidings_consumer_lag";
    /// Pages that a consumer of the log began to work on, by `consumer`.
    CONSUMER_ATTEMPTS = Counter "tidings_consumer_attempts_total";
    /// Pages that a consumer of the log could not work on and tries again, by `consumer` and `reason`.
    CONSUMER_FAILURES = Counter "tidings_consumer_failures_total";
    /// Times that a consumer of the log was brought past entries without having worked on them, by `consumer`.
    CONSUMER_DEAD_LETTERS = Counter "tidings_consumer_dead_letters_total";
    /// Attempts of webhooks, by `result`.
    WEBHOOK_ATTEMPTS = Counter "tidings_webhook_attempts_total";
    /// Notices of alerts that were sent, by `result`.
    ALERT_NOTICES = Counter "tidings_alert_notices_total";
    /// Activities that the receivers of webhooks took.
    WEBHOOK_SENT = Counter "tidings_webhook_activities_total";
    /// Entries that were taken away because they were kept for long enough.
    RETENTION_PRUNED = Counter "tidings_retention_pruned_total";
    /// HTTP requests, by `route` and `status`.
    HTTP_REQUESTS = Counter "tidings_http_requests_total";
    /// Seconds that HTTP requests took, by `route`.
    HTTP_SECONDS = Histogram "tidings_http_seconds";
    /// Connections that are open.
    HTTP_CONNECTIONS = Gauge "tidings_http_connections";
    /// Connections refused or ended by a limit, by `reason`.
    HTTP_CONNECTIONS_REFUSED = Counter "tidings_http_connections_refused_total";
    /// Times that accepting paused because the process was out of file descriptors.
    HTTP_ACCEPT_PAUSES = Counter "tidings_http_accept_pauses_total";
    /// 1 while an append comes back through the hub, else 0.
    READY = Gauge "tidings_ready";
}

#[cfg(test)]
mod tests {
    use super::{METRICS, MetricKind};

    #[test]
    fn names_follow_their_kind_and_say_something() {
        for (at, metric) in METRICS.iter().enumerate() {
            assert!(METRICS[..at].iter().all(|other| other.name != metric.name), "{} twice", metric.name);
            assert!(metric.name.starts_with("tidings_") && metric.help.trim().ends_with('.'), "{}", metric.name);
            assert_eq!(metric.name.ends_with("_total"), metric.kind == MetricKind::Counter, "{}", metric.name);
            assert!(!metric.name.ends_with("_seconds") || metric.kind == MetricKind::Histogram, "{}", metric.name);
        }
    }

    #[test]
    fn every_metric_is_used_by_its_constant() {
        let mut sources = Vec::new();
        collect(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut sources);
        for (path, text) in &sources {
            let literal = text.lines().find(|line| {
                line.contains("\"tidings_")
                    && !line.contains("tidings_session=")
                    && !line.contains("\"tidings_session\"")
                    && !line.contains("\"tidings_screen")
            });
            assert!(path.ends_with("telemetry.rs") || literal.is_none(), "{path}: name the metric by its constant: {literal:?}");
        }
        for metric in METRICS {
            // Beside a macro that records it, not merely in an import.
            let recorded = sources.iter().filter(|(path, _)| !path.ends_with("telemetry.rs")).any(|(_, text)| {
                let pieces = text.split([';', '{', '}']).filter(|piece| piece.contains("!("));
                pieces.flat_map(|piece| piece.split(|c: char| !c.is_alphanumeric() && c != '_')).any(|word| word == metric.constant)
            });
            assert!(recorded, "{} is recorded nowhere", metric.constant);
        }
    }

    fn collect(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("readable").flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).expect("text")));
            }
        }
    }
}
