//! Every metric as a documented constant: the reference is made from this list.

/// Drafts accepted and made durable, by workspace-independent total.
pub const INGEST_ACCEPTED: &str = "tidings_ingest_accepted_total";
/// Drafts that were sent again with the same id and content.
pub const INGEST_DUPLICATES: &str = "tidings_ingest_duplicates_total";
/// Drafts refused, by `code` of the first fault.
pub const INGEST_REJECTED: &str = "tidings_ingest_rejected_total";
/// Requests refused with 429 or 503, by `reason`.
pub const INGEST_REFUSED: &str = "tidings_ingest_refused_total";
/// Seconds that one commit of the writer took, the fsync included.
pub const STORE_COMMIT_SECONDS: &str = "tidings_store_commit_seconds";
/// Units that one commit made durable together.
pub const STORE_COMMIT_UNITS: &str = "tidings_store_commit_units";
/// Bytes that wait in front of the writer.
pub const APPENDER_QUEUE_BYTES: &str = "tidings_appender_queue_bytes";
/// Batches that the publisher read from the store because its queue was full or had a hole.
pub const PUBLISHER_STORE_READS: &str = "tidings_publisher_store_reads_total";
/// Entries handed to the hub.
pub const HUB_PUBLISHED: &str = "tidings_hub_published_total";
/// Commands and batches that wait in front of the shards.
pub const HUB_QUEUE_DEPTH: &str = "tidings_hub_queue_depth";
/// Activities offered to sessions.
pub const HUB_DELIVERIES: &str = "tidings_hub_deliveries_total";
/// Distinct standing filters.
pub const HUB_FILTERS: &str = "tidings_hub_filters";
/// Sessions that are open.
pub const SESSIONS: &str = "tidings_sessions";
/// Sessions that fell behind and are served from the log right now.
pub const SESSIONS_LAGGING: &str = "tidings_sessions_lagging";
/// Times that a session fell behind.
pub const SESSION_LAGS: &str = "tidings_session_lags_total";
/// Frames written to readers.
pub const SESSION_FRAMES: &str = "tidings_session_frames_total";
/// Seconds from commit to the frame being handed to the socket, for the newest item of a frame.
pub const COMMIT_TO_SOCKET_SECONDS: &str = "tidings_commit_to_socket_seconds";
/// HTTP requests, by `route` and `status`.
pub const HTTP_REQUESTS: &str = "tidings_http_requests_total";
/// Seconds that HTTP requests took, by `route`.
pub const HTTP_SECONDS: &str = "tidings_http_seconds";
/// Connections that are open.
pub const HTTP_CONNECTIONS: &str = "tidings_http_connections";
/// Connections refused or ended by a limit, by `reason`.
pub const HTTP_CONNECTIONS_REFUSED: &str = "tidings_http_connections_refused_total";
/// Times that accepting paused because the process was out of file descriptors.
pub const HTTP_ACCEPT_PAUSES: &str = "tidings_http_accept_pauses_total";
/// 1 while an append comes back through the hub, else 0.
pub const READY: &str = "tidings_ready";
