// The REST edge of the page: one fetch, one error, and the directory's words.

import { type FilterSet, formatFilter } from "../feed/filter";
import type { Question } from "../feed/histogram";
import type { Span } from "../feed/range";
import type { Activity, Bars, Page } from "../feed/types";
import type * as wire from "../feed/wire";
import type { Counts, Flavor, Message, Partner, Session, Why } from "../feed/wire";

export type { Counts, Flavor, Message, Partner, Recipient, Session, Why } from "../feed/wire";
export type EventItem = wire.Event;
export type Named = wire.Campaign;
export type Counted = wire.ValueCount;

/** A page of a list, and where the next one begins. */
export interface ListPage<T> {
  items: T[];
  next: string | null;
}

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly faults: wire.Fault[] = [],
    /** The server is a demo, where one click signs in. */
    readonly demo = false,
  ) {
    super(message);
  }
}

/** What whoever keeps the session hears of any answer; `session` rises with each sign-in and sign-out. */
export const edge = { session: 0, unauthorised: (_asked: number): void => {} };

export const SIGN_IN = "/v1/session";

/** What was read, and the mark of its state: who sends it back changes that state and no later one. */
export interface Tagged<T> {
  item: T;
  etag: string;
}

export const call = async <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> =>
  (await ask<T>(method, path, body, headers)).item;

export async function ask<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Tagged<T>> {
  let response: Response;
  const asked = edge.session;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem(0, "offline", "");
  }
  const etag = response.headers.get("etag") ?? "";
  if (response.status === 204) return { item: undefined as T, etag };
  const text = await response.text();
  const data = text && response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : null;
  if (!response.ok) {
    const first = data?.errors?.[0];
    const detail = first ? `${first.path}: ${first.message}` : (data?.detail ?? data?.title ?? response.statusText);
    // A key that is tried and refused ends nothing.
    if (response.status === 401 && !(method === "POST" && path === SIGN_IN)) edge.unauthorised(asked);
    throw new Problem(response.status, data?.code ?? "unknown", detail, data?.errors, data?.demo === true);
  }
  return { item: data as T, etag };
}

const enc = encodeURIComponent;
const get = <T>(path: string) => call<T>("GET", path);
const LIST_LIMIT = 1_000;
/** Flavors that are kept for the pickers. */
const FLAVORS_MAX = 20_000;
const DAYS_MAX = 1_900;
export const list = <T>(path: string, after: string | null) =>
  get<ListPage<T>>(`${path}?limit=${LIST_LIMIT}${after ? `&after=${enc(after)}` : ""}`);

const ofEvent = (e: string, kind: string, key?: string) =>
  `/v1/events/${enc(e)}/${kind}${key === undefined ? "" : `/${enc(key)}`}`;
/** Where a thing of the directory is read, made, changed and removed. */
export const at = {
  event: (e: string) => `/v1/events/${enc(e)}`,
  partner: (e: string, p: string) => ofEvent(e, "partners", p),
  message: (e: string, m: string) => ofEvent(e, "messages", m),
  campaign: (e: string, c: string) => ofEvent(e, "campaigns", c),
};
const withFilter = (path: string, filter: FilterSet, extra: Record<string, string>): string => {
  const query = formatFilter(filter);
  for (const [name, value] of Object.entries(extra)) query.set(name, value);
  return `${path}?${query}`;
};

/** Hours and days begin where they do for whoever looks. */
export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const spanQuery = (span?: Span | null): Record<string, string> => ({
  ...(span?.since != null ? { since: new Date(span.since).toISOString() } : {}),
  ...(span?.until != null ? { until: new Date(span.until).toISOString() } : {}),
});

export const api = {
  kept: () => get<wire.Retention>("/v1/retention"),
  session: () => get<Session>(SIGN_IN),
  signOut: () => call<void>("DELETE", SIGN_IN),

  events: (after: string | null) => list<EventItem>("/v1/events", after),
  event: (e: string) => get<EventItem>(at.event(e)),
  partners: (e: string, after: string | null) => list<Partner>(ofEvent(e, "partners"), after),
  partner: (e: string, p: string) => get<Partner>(at.partner(e, p)),
  campaigns: (e: string, after: string | null) => list<Named>(ofEvent(e, "campaigns"), after),
  campaign: (e: string, c: string) => get<Named>(at.campaign(e, c)),
  messages: (e: string, after: string | null) => list<Message>(ofEvent(e, "messages"), after),
  message: (e: string, m: string) => get<Message>(at.message(e, m)),
  flavors: async () => {
    const all: Flavor[] = [];
    let after: string | null = null;
    do {
      const page: { items: Flavor[]; next: string | null } = await list<Flavor>("/v1/flavors", after);
      all.push(...page.items);
      after = page.next;
    } while (after !== null && all.length < FLAVORS_MAX);
    return all;
  },

  page: (filter: FilterSet, before: string | null, limit: number, span?: Span) =>
    get<Page>(withFilter("/v1/activities", filter, { ...(before === null ? {} : { before }), limit: String(limit), ...spanQuery(span) })),
  newest: (filter: FilterSet, limit: number) =>
    get<Page>(withFilter("/v1/activities", filter, { limit: String(limit) })),
  /** How many there are up to a place of the log; null where the store could not look that far. */
  count: async (filter: FilterSet, span: Span, before: string): Promise<number | null> => {
    // By days, of which an answer holds some five years.
    const since = span.since ?? (span.until ?? Date.now()) - DAYS_MAX * 86_400_000;
    const until = span.until ?? Date.now() + 86_400_000;
    const read = await get<{ complete: boolean; items: { count: number }[] }>(withFilter("/v1/activities/histogram", filter, { bucket: "day", before, ...spanQuery({ since, until }) }));
    return read.complete ? read.items.reduce((sum, { count }) => sum + count, 0) : null;
  },
  activity: (id: string) => get<Activity>(`/v1/activities/${enc(id)}`),
  why: (id: string, filter: FilterSet) => get<Why>(withFilter(`/v1/activities/${enc(id)}/why`, filter, {})),
  counts: (filter: FilterSet, by: string[], span?: Span | null) =>
    get<Counts>(withFilter("/v1/activities/counts", filter, { by: by.join(","), ...spanQuery(span) })),
  histogram: async ({ filter, width, since, until, before }: Question): Promise<Bars> => {
    const extra = { bucket: width, ...spanQuery({ since, until }), ...(before === null ? {} : { before }), ...(width === "minute" ? {} : { zone }) };
    const read = await get<wire.Histogram>(withFilter("/v1/activities/histogram", filter, extra));
    return { items: read.items.map(({ start, count }) => ({ start: Date.parse(start), count })), older: read.older ?? null, back: read.counted_back_to ? Date.parse(read.counted_back_to) : null };
  },
};
