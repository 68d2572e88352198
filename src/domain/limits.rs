//! Every limit on what a sender or reader may ask for, named with its unit.

/// Bytes of UTF-8 in the key of an event, partner, message or campaign.
pub const KEY_BYTES_MAX: usize = 128;
/// Bytes in a flavor.
pub const FLAVOR_BYTES_MAX: usize = 64;
/// Bytes of a source or referrer URL.
pub const URL_BYTES_MAX: usize = 2_048;
/// Bytes of a user agent that is accepted; longer ones are refused by name.
pub const USER_AGENT_BYTES_MAX: usize = 2_048;
/// Bytes of a platform or browser name or version.
pub const CLIENT_NAME_BYTES_MAX: usize = 128;
/// Properties of one activity.
pub const PROPERTIES_MAX: usize = 32;
/// Bytes of the properties of one activity, as compact JSON.
pub const PROPERTIES_BYTES_MAX: usize = 4 * 1024;
/// Bytes of one draft, as sent.
pub const DRAFT_BYTES_MAX: usize = 16 * 1024;
/// Bytes of one ingest request, after inflating.
pub const REQUEST_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Drafts in one ingest request.
pub const REQUEST_DRAFTS_MAX: usize = 5_000;
/// How far ahead of our clock a sender's `occurred_at` may be, in milliseconds.
pub const OCCURRED_AHEAD_MS_MAX: i64 = 5 * 60 * 1000;
/// The earliest `occurred_at` that is accepted: 1970-01-01, in Unix milliseconds.
pub const OCCURRED_MS_MIN: i64 = 0;
/// Faults that are told of one input; the rest is counted.
pub const FAULTS_MAX: usize = 32;
/// Values of one field of a filter set.
pub const FILTER_VALUES_MAX: usize = 200;
/// Bytes of a filter set, as JSON or as a query.
pub const FILTER_BYTES_MAX: usize = 16 * 1024;
/// Words of a text search.
pub const FILTER_WORDS_MAX: usize = 16;
/// Activities in one page over REST.
pub const PAGE_ITEMS_MAX: usize = 1_000;
/// Activities in one page over REST when the caller does not say.
pub const PAGE_ITEMS_DEFAULT: usize = 50;
/// Activities sent back with a subscription.
pub const BACKFILL_MAX: usize = 1_000;
/// Activities sent back with a subscription when the caller does not say.
pub const BACKFILL_DEFAULT: usize = 50;
/// Subscriptions of one connection.
pub const SUBSCRIPTIONS_MAX: usize = 32;
/// Bytes of a client's name for a subscription, and of a `ref`.
pub const SUB_NAME_BYTES_MAX: usize = 64;
/// Bytes of one frame from a client.
pub const INBOUND_FRAME_BYTES_MAX: usize = 64 * 1024;
/// Bytes of one frame to a client.
pub const OUTBOUND_FRAME_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a name, subject, company or email of the directory.
pub const NAME_BYTES_MAX: usize = 512;
/// Tags of one partner.
pub const TAGS_MAX: usize = 64;
/// Recipients added or removed in one request.
pub const RECIPIENTS_PER_REQUEST_MAX: usize = 10_000;
/// Partners made or replaced in one request.
pub const PARTNERS_PER_REQUEST_MAX: usize = 10_000;
/// Different tags of the partners of one request: each that moves is an entry of the log.
pub const TAGS_PER_REQUEST_MAX: usize = 1_000;
/// Buckets of one histogram.
pub const HISTOGRAM_BUCKETS_MAX: usize = 2_000;
/// Values of one facet before the rest is summed up.
pub const FACET_VALUES_MAX: usize = 100;
