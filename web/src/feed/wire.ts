// Made from the OpenAPI document by tools/wire.mjs; not to be edited by hand.

/** Activities, in seq order, each exactly once within a rev. */
export interface Activities {
  /** Oldest first. */
  items: Activity[];
  /** Everything up to here has been sent. */
  position: string;
  /** Entries of the log between `position` and its end, while catching up: at most so many activities are to come. */
  remaining?: number | null;
  /** Under which filter. */
  rev: number;
  /** Which subscription. */
  sub: string;
  /** The word. */
  type: string;
}

/** An activity as it is read. Made once, when it is recorded; from then on its bytes are copied, not made again. */
export interface Activity {
  /** `partner`, `invitee` or `unknown`. */
  actor: string;
  /** Browser or mail program. */
  browser?: ClientView | null;
  /** The invite campaign it names. */
  campaign?: ActivityNamed | null;
  /** Class of device. */
  device: string;
  /** At which event. */
  event: ActivityNamed;
  /** What was done. */
  flavor: ActivityFlavor;
  /** `human`, `machine` or `unclear`. */
  grade: string;
  /** Why that grade. */
  grade_reasons: string[];
  /** The sender's UUID, or a UUIDv7 of the server. */
  id: string;
  /** `recorded_at` minus `occurred_at` in milliseconds, never negative. */
  late_ms: number;
  /** The message it names. */
  message?: ActivityMessage | null;
  /** When it was done, by the sender's clock. */
  occurred_at: string;
  /** By whom, or by somebody that partner reached. */
  partner: ActivityPartner;
  /** Operating system. */
  platform?: ClientView | null;
  /** Whatever else the sender told: flat, text, number or boolean. */
  properties: Record<string, unknown>;
  /** When it was made durable. */
  recorded_at: string;
  /** The page before. */
  referrer_url?: string | null;
  /** Place in the log of the workspace. */
  seq: U64;
  /** Where it happened. */
  source_url?: string | null;
}

/** A flavor and what people read. */
export interface ActivityFlavor {
  /** As in `message.opened`. */
  key: string;
  /** As in `Opened the message`. */
  label: string;
}

/** A message. */
export interface ActivityMessage {
  /** Its key. */
  key: string;
  /** Its subject at the moment of recording. */
  subject: string;
}

/** An event or a campaign. */
export interface ActivityNamed {
  /** Its key. */
  key: string;
  /** Its name at the moment of recording. */
  name: string;
}

/** A page of activities. */
export interface ActivityPage {
  /** False when the page ended because the search had used up its time; `items` may then be empty. */
  complete: boolean;
  /** The activities: newest first, or oldest first with `after`. */
  items: Activity[];
  /** True when an `after` page ended before the end: go on with `newer`. */
  more: boolean;
  /** Where newer ones begin, for `after`. */
  newer: string;
  /** Where older ones begin, for `before`; null only at the start of the log. */
  older: string | null;
  /** How far back it was searched then. */
  searched_back_to: string | null;
}

/** A partner. */
export interface ActivityPartner {
  /** Its company at the moment of recording. */
  company?: string | null;
  /** Its key. */
  key: string;
  /** Its name at the moment of recording. */
  name: string;
}

/** What became of many drafts, or the first receipt of one that was stored before. */
export type Answered = Receipts | Receipt;

/** One bucket. */
export interface Bucket {
  /** How many activities. */
  count: number;
  /** Its start. */
  start: string;
}

/** The server ends the connection. */
export interface Bye {
  /** Why. */
  reason: string;
  /** When to come back, in milliseconds. */
  reconnect_after_ms: number;
  /** The word. */
  type: string;
}

/** A campaign. */
export interface Campaign {
  /** Its key, as first spelled. */
  key: string;
  /** Its name. */
  name: string;
}

/** Catching up has ended: from here on it is live. */
export interface CaughtUp {
  /** Everything up to here has been sent. */
  position: string;
  /** Which subscription. */
  sub: string;
  /** The word. */
  type: string;
}

/** A name that may be shown has changed. */
export interface Changed {
  /** `expo-2026`, or `expo-2026/acme`. */
  key: string;
  /** The word. */
  type: string;
  /** `event`, `partner`, `message` or `campaign`. */
  what: string;
}

/** A platform or a browser. */
export interface ClientView {
  /** Display name, as in `Windows` or `Internet Explorer`. */
  name: string;
  /** As in `10` or `142`. */
  version?: string | null;
}

/** A CloudEvent 1.0 in JSON: type is the flavor, time `occurred_at`, `data` the rest of a draft. */
export interface CloudEvent {
  /** A draft without flavor, `occurred_at` and id. */
  data: Record<string, unknown>;
  /** JSON, or left out. */
  datacontenttype?: string | null;
  /** Unique within its source. */
  id: string;
  /** With `id` it makes the id of the activity: a UUIDv5 over source, line feed, id. */
  source: string;
  /** `1.0`. */
  specversion: string;
  /** When it was done; now when left out. */
  time?: string | null;
  /** The flavor. */
  type: string;
}

/** Counts by value. */
export interface Counts {
  /** By field: each counted without its own clauses, under all others; most frequent first. */
  by: Record<string, ValueCount[]>;
  /** False when the search had used up its time. */
  complete: boolean;
  /** The position that was counted up to. */
  position: string;
  /** By field: activities of values that are not listed. */
  rest: Record<string, number>;
  /** Activities that match the whole filter set. */
  total: number;
}

/** A draft: an activity as it is sent. Only `flavor` and `partner` are required, and `event` unless the key is bound to one. */
export interface Draft {
  /** `partner`, `invitee` or `unknown`; by default from the flavor. */
  actor?: string | null;
  /** Browser: a name, or a name and a version. */
  browser?: unknown;
  /** Key of the invite campaign it names. */
  campaign?: string | null;
  /** Class of device. */
  device?: string | null;
  /** Key of the event. */
  event?: string | null;
  /** What was done, as in `message.opened`. */
  flavor: string;
  /** The sender's UUID: sending it again is safe. */
  id?: string | null;
  /** The address it came from; masked before anything is stored. */
  ip?: string | null;
  /** Key of the message it names. */
  message?: string | null;
  /** When it was done; now when left out. */
  occurred_at?: string | null;
  /** Key of the partner. */
  partner: string;
  /** Operating system: a name, or a name and a version. */
  platform?: unknown;
  /** At most 32, flat: text, number or boolean; 4 KiB. */
  properties?: Record<string, unknown> | null;
  /** The page before: http or https. */
  referrer_url?: string | null;
  /** Where it happened: http or https. */
  source_url?: string | null;
  /** From which device, platform and browser are read where they are not given. */
  user_agent?: string | null;
}

/** One draft, or many. */
export type Drafts = Draft | Draft[];

/** Something could not be done. */
export interface Error {
  /** A stable word. */
  code: string;
  /** What is wrong and what to do. */
  message: string;
  /** As the client sent it. */
  ref?: string | null;
  /** True when the same word may succeed later. */
  retry: boolean;
  /** Which subscription, if one is at fault. */
  sub?: string | null;
  /** The word. */
  type: string;
}

/** An event. */
export interface Event {
  /** Its key, as first spelled. */
  key: string;
  /** Its name. */
  name: string;
  /** How many partners it has. */
  partners: number;
}

/** One clause that keeps an activity out. */
export interface Exclusion {
  /** What the activity has there: text, a list for memberships, or null. */
  actual: unknown;
  /** `partner`, `not.browser`, `text`. */
  clause: string;
  /** What the clause asks for or, under `not`, refuses. */
  wanted: string[];
}

/** One field at fault. */
export interface Fault {
  /** Which rule, for programs. */
  code: string;
  /** The rule and its cure, for people. */
  message: string;
  /** Where: `occurred_at`, `properties.amount`, `not.device[0]`. */
  path: string;
}

/** A conjunction: each field a set of values (any of them), or under `not` (none of them). `{}` is everything. */
export interface FilterSet {
  /** Activities that name the message. */
  about?: string[] | null;
  /** `partner`, `invitee`, `unknown`. */
  actor?: string[] | null;
  /** Display names of browsers, and the usual other names. */
  browser?: string[] | null;
  /** Keys of campaigns. */
  campaign?: string[] | null;
  /** Classes of device. */
  device?: string[] | null;
  /** Keys of events. */
  event?: string[] | null;
  /** Flavors; a value ending in `.*` takes the family. */
  flavor?: string[] | null;
  /** `human`, `machine`, `unclear`. */
  grade?: string[] | null;
  /** UUIDs of activities. */
  id?: string[] | null;
  /** Activities of partners who are recipients of the message, whatever the activity names. */
  message?: string[] | null;
  /** The same fields: none of these values. */
  not?: Record<string, string[]> | null;
  /** Keys of partners, in every event, or `event/partner` in one. */
  partner?: string[] | null;
  /** Display names of platforms, and the usual other names. */
  platform?: string[] | null;
  /** Hosts of referrer URLs, or prefixes of them with scheme. */
  referrer?: string[] | null;
  /** Hosts of source URLs, or prefixes of them with scheme. */
  source?: string[] | null;
  /** Tags of the partner. */
  tag?: string[] | null;
  /** Words, each found somewhere in names, label, URLs or property values. */
  text?: string | null;
}

/** The query form of a FilterSet. */
export interface FilterSetQuery {
  about?: string[];
  actor?: string[];
  browser?: string[];
  campaign?: string[];
  device?: string[];
  event?: string[];
  flavor?: string[];
  grade?: string[];
  id?: string[];
  message?: string[];
  "not.about"?: string[];
  "not.actor"?: string[];
  "not.browser"?: string[];
  "not.campaign"?: string[];
  "not.device"?: string[];
  "not.event"?: string[];
  "not.flavor"?: string[];
  "not.grade"?: string[];
  "not.id"?: string[];
  "not.message"?: string[];
  "not.partner"?: string[];
  "not.platform"?: string[];
  "not.referrer"?: string[];
  "not.source"?: string[];
  "not.tag"?: string[];
  partner?: string[];
  platform?: string[];
  referrer?: string[];
  source?: string[];
  tag?: string[];
  text?: string;
}

/** A flavor. */
export interface Flavor {
  /** Who acts unless the sender says otherwise: `partner`, `invitee` or `unknown`. */
  actor: string;
  /** As in `message.opened`. */
  key: string;
  /** What people read. */
  label: string;
  /** True when it is of the standard set. */
  standard: boolean;
}

/** Counts by time. */
export interface Histogram {
  /** False when the search had used up its time. */
  complete: boolean;
  /** Buckets that are not empty, ascending. */
  items: Bucket[];
  /** The position that was counted up to. */
  position: string;
}

/** A key, without its secret. */
export interface Key {
  /** When it was made. */
  created_at: string;
  /** The only event that exists for it. */
  event: string | null;
  /** Its number. */
  id: number;
  /** What people call it. */
  name: string;
  /** When it was revoked. */
  revoked_at: string | null;
  /** What it may do: `ingest`, `read`, `admin`. */
  scopes: string[];
}

/** A key to be made. */
export interface KeyDraft {
  /** Key of the only event that exists for it. */
  event?: string | null;
  /** What people call it. */
  name?: string | null;
  /** One or more of `ingest`, `read`, `admin`. */
  scopes: string[];
}

/** The reader was too slow and is served from the log. */
export interface Lagging {
  /** The end of the log now. */
  head: string;
  /** Everything up to here has been sent. */
  position: string;
  /** Entries of the log between `position` and `head`. */
  remaining: number;
  /** Which subscription. */
  sub: string;
  /** The word. */
  type: string;
}

/** A page of a list. */
export interface ListBody_Campaign {
  /** By key. */
  items: Array<{
    /** Its key, as first spelled. */
    key: string;
    /** Its name. */
    name: string;
  }>;
  /** Where the next page begins, for `after`; null at the end. */
  next: string | null;
}

/** A page of a list. */
export interface ListBody_Event {
  /** By key. */
  items: Array<{
    /** Its key, as first spelled. */
    key: string;
    /** Its name. */
    name: string;
    /** How many partners it has. */
    partners: number;
  }>;
  /** Where the next page begins, for `after`; null at the end. */
  next: string | null;
}

/** A page of a list. */
export interface ListBody_Flavor {
  /** By key. */
  items: Array<{
    /** Who acts unless the sender says otherwise: `partner`, `invitee` or `unknown`. */
    actor: string;
    /** As in `message.opened`. */
    key: string;
    /** What people read. */
    label: string;
    /** True when it is of the standard set. */
    standard: boolean;
  }>;
  /** Where the next page begins, for `after`; null at the end. */
  next: string | null;
}

/** A page of a list. */
export interface ListBody_Key {
  /** By key. */
  items: Array<{
    /** When it was made. */
    created_at: string;
    /** The only event that exists for it. */
    event: string | null;
    /** Its number. */
    id: number;
    /** What people call it. */
    name: string;
    /** When it was revoked. */
    revoked_at: string | null;
    /** What it may do: `ingest`, `read`, `admin`. */
    scopes: string[];
  }>;
  /** Where the next page begins, for `after`; null at the end. */
  next: string | null;
}

/** A page of a list. */
export interface ListBody_Message {
  /** By key. */
  items: Array<{
    /** Its key, as first spelled. */
    key: string;
    /** How many recipients it has. */
    recipients: number;
    /** Its subject. */
    subject: string;
  }>;
  /** Where the next page begins, for `after`; null at the end. */
  next: string | null;
}

/** A page of a list. */
export interface ListBody_Partner {
  /** By key. */
  items: Array<{
    /** Its company. */
    company: string | null;
    /** Its email address. */
    email: string | null;
    /** Its key, as first spelled. */
    key: string;
    /** Its name. */
    name: string;
    /** Its tags. */
    tags: string[];
  }>;
  /** Where the next page begins, for `after`; null at the end. */
  next: string | null;
}

/** A page of a list. */
export interface ListBody_Recipient {
  /** By key. */
  items: Array<{
    /** Who. */
    partner: RecipientPartner;
    /** How it became one: `manual` or `observed`. */
    source: string;
  }>;
  /** Where the next page begins, for `after`; null at the end. */
  next: string | null;
}

/** A message. */
export interface Message {
  /** Its key, as first spelled. */
  key: string;
  /** How many recipients it has. */
  recipients: number;
  /** Its subject. */
  subject: string;
}

/** A name. */
export interface NameDraft {
  /** What people read. */
  name: string;
}

/** A new key, with its secret. */
export interface NewKey {
  /** When it was made. */
  created_at: string;
  /** The only event that exists for it. */
  event: string | null;
  /** Its number. */
  id: number;
  /** The secret: shown once, kept only as a hash. */
  key: string;
  /** What people call it. */
  name: string;
  /** What it may do. */
  scopes: string[];
}

/** A partner. */
export interface Partner {
  /** Its company. */
  company: string | null;
  /** Its email address. */
  email: string | null;
  /** Its key, as first spelled. */
  key: string;
  /** Its name. */
  name: string;
  /** Its tags. */
  tags: string[];
}

/** A partner as it is sent: what is left out is empty then. */
export interface PartnerDraft {
  /** Its company. */
  company?: string | null;
  /** Its email address. */
  email?: string | null;
  /** What people read. */
  name: string;
  /** At most 64. */
  tags?: string[] | null;
}

export interface PingWord {
  t?: Record<string, unknown>;
}

/** Answer to a ping. */
export interface Pong {
  /** As the client sent it. */
  ref?: string | null;
  /** As the client sent it. */
  t: Record<string, unknown>;
  /** The word. */
  type: string;
}

/** Nothing matched, and yet it goes on. */
export interface Position {
  /** Everything up to here has been sent. */
  position: string;
  /** Which subscription. */
  sub: string;
  /** The word. */
  type: string;
}

/** The body of a problem. */
export interface Problem {
  /** What happened, for programs; the words are stable. */
  code: string;
  /** True on a demo server, where `POST /v1/session {"demo":true}` signs in. */
  demo?: boolean;
  /** What exactly. */
  detail: string;
  /** Every field that is at fault. */
  errors?: Fault[] | null;
  /** The HTTP status. */
  status: number;
  /** What happened, for people. */
  title: string;
  /** Where the code is explained. */
  type: string;
}

/** The receipt of one activity. */
export interface Receipt {
  /** The position after it: read on from there. */
  cursor: string;
  /** True when the same activity was stored before; this is its first receipt. */
  duplicate?: boolean;
  /** The sender's id, or the one that was made. */
  id: string;
  /** When it was made durable. */
  recorded_at: string;
  /** Its place in the log. */
  seq: number;
}

/** What became of one of many: either `id` and `seq`, or `errors`. */
export interface ReceiptResult {
  /** True when it was stored before. */
  duplicate?: boolean | null;
  /** Every field at fault; nothing of this draft was stored. */
  errors?: Fault[] | null;
  /** Its id. */
  id?: string | null;
  /** Which draft, counted from 0. */
  index: number;
  /** Its place in the log. */
  seq?: number | null;
}

/** What became of many activities. */
export interface Receipts {
  /** How many were stored now. */
  accepted: number;
  /** The position after all of them. */
  cursor: string;
  /** How many were stored before. */
  duplicates: number;
  /** How many were refused. */
  rejected: number;
  /** One for each draft, in order. */
  results: ReceiptResult[];
}

/** A recipient. */
export interface Recipient {
  /** Who. */
  partner: RecipientPartner;
  /** How it became one: `manual` or `observed`. */
  source: string;
}

/** The partner that a recipient is. */
export interface RecipientPartner {
  /** Its company. */
  company: string | null;
  /** Its key. */
  key: string;
  /** Its name. */
  name: string;
}

/** What a change of recipients did. */
export interface RecipientsChanged {
  /** Became recipients. */
  added: number;
  /** Ceased to be recipients. */
  removed: number;
  /** Recipients now. */
  total: number;
}

/** Partners to add to, and to remove from, the recipients. */
export interface RecipientsDraft {
  /** Keys of partners, at most 10,000. */
  add?: string[] | null;
  /** Keys of partners, at most 10,000; an activity seen later does not bring them back. */
  remove?: string[] | null;
}

export interface RefilterWord {
  backfill?: number | null;
  filter: Record<string, unknown>;
  sub: string;
}

/** A new filter is in force above `position`. */
export interface Refiltered {
  /** The newest of the new filter, oldest first. */
  items: Activity[];
  /** The view is (`older`, `position`]; null at the start of the log. */
  older?: string | null;
  /** Where it switched. */
  position: string;
  /** As the client sent it; absent when the server did it of its own accord. */
  ref?: string | null;
  /** The new rev. */
  rev: number;
  /** Which subscription. */
  sub: string;
  /** The word. */
  type: string;
}

/** A subscription could not go on where it was; `subscribed` with mode fresh follows. */
export interface Reset {
  /** The oldest position that could be continued. */
  oldest: string;
  /** `epoch`, `pruned` or `ahead`. */
  reason: string;
  /** Which subscription. */
  sub: string;
  /** The word. */
  type: string;
}

export interface SealWord {
  from?: string | null;
  sub: string;
}

/** How many match, counted in the store. */
export interface Sealed {
  /** The count begins after this. */
  from: string;
  /** And ends here: all of them have been sent. */
  position: string;
  /** As the client sent it. */
  ref?: string | null;
  /** Under which filter. */
  rev: number;
  /** When the first entry after `from` was recorded; null when there is none. */
  since?: string | null;
  /** How many. */
  stored: number;
  /** Which subscription. */
  sub: string;
  /** The word. */
  type: string;
}

/** Who is signed in. */
export interface Session {
  /** True on a demo server. */
  demo: boolean;
  /** The only event that exists for them. */
  event: string | null;
  /** What they may do: `ingest`, `read`, `admin`. */
  scopes: string[];
  /** Where. */
  workspace: Workspace;
}

/** Either a key, or, on a demo server, `demo`. */
export interface SessionDraft {
  /** True to sign in to a demo. */
  demo?: boolean | null;
  /** A key with the scope read. */
  key?: string | null;
}

/** A subject. */
export interface SubjectDraft {
  /** What people read. */
  subject: string;
}

export interface SubscribeWord {
  after?: string | null;
  backfill?: number | null;
  conflate_ms?: number | null;
  filter: Record<string, unknown>;
  sub: string;
}

/** A subscription has begun: its filter is in force. */
export interface Subscribed {
  /** True when more follows before `caught_up`. */
  catching_up: boolean;
  /** The end of the log now. */
  head: string;
  /** Oldest first. */
  items: Activity[];
  /** `resumed` or `fresh`. */
  mode: string;
  /** Where reading history goes on; null at the start of the log and when resumed. */
  older?: string | null;
  /** Everything up to here has been sent. */
  position: string;
  /** As the client sent it. */
  ref?: string | null;
  /** Entries of the log between `position` and its end, while catching up: at most so many activities are to come. */
  remaining?: number | null;
  /** 1. */
  rev: number;
  /** Which subscription. */
  sub: string;
  /** The word. */
  type: string;
}

/** A ticket. */
export interface Ticket {
  /** When it is too old. */
  expires_at: string;
  /** For `?ticket=` of `/v1/ws` or `/v1/activities/stream`, once. */
  ticket: string;
}

export interface UnsubscribeWord {
  sub: string;
}

/** A subscription has ended. */
export interface Unsubscribed {
  /** Everything up to here has been sent. */
  position: string;
  /** As the client sent it. */
  ref?: string | null;
  /** Which subscription. */
  sub: string;
  /** The word. */
  type: string;
}

/** One value and its count. */
export interface ValueCount {
  /** How many activities. */
  count: number;
  /** What people read. */
  label: string;
  /** What a filter takes. */
  value: string;
}

/** The first frame of a connection. */
export interface Welcome {
  /** Longest silence, in milliseconds. */
  heartbeat_ms: number;
  /** What the server accepts. */
  limits: WelcomeLimits;
  /** RFC 3339. */
  server_time: string;
  /** Names this session in logs. */
  session: string;
  /** The word. */
  type: string;
}

/** What the server accepts on a connection. */
export interface WelcomeLimits {
  /** Activities sent back at most. */
  backfill: number;
  /** Bytes of one frame from the client. */
  inbound_frame_bytes: number;
  /** Bytes of one frame to the client. */
  outbound_frame_bytes: number;
  /** Subscriptions of one connection. */
  subscriptions: number;
}

/** Whether an activity is in a view, and if not, why. */
export interface Why {
  /** The clauses that keep it out. */
  excluded_by: Exclusion[];
  /** True when it is in the view. */
  matches: boolean;
}

/** A workspace. */
export interface Workspace {
  /** Its key. */
  key: string;
  /** Its name. */
  name: string;
}

export type U64 = number;
