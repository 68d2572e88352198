// The REST edge of the page: one fetch, one error, and the directory's words.

import { type FilterSet, formatFilter } from "../feed/filter";
import type { Question } from "../feed/histogram";
import type { Span } from "../feed/range";
import type { Activity, Bars, Page } from "../feed/types";
import type * as wire from "../feed/wire";
import type { Counts, Flavor, Message, Partner, Recipient, Session, Why } from "../feed/wire";

export type { Counts, Flavor, Message, Partner, Recipient, Session, Why } from "../feed/wire";
export type EventItem = wire.Event;
export type Named = wire.Campaign;
export type Counted = wire.ValueCount;

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** The server is a demo, where one click signs in. */
    readonly demo = false,
  ) {
    super(message);
  }
}

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem(0, "offline", "The server cannot be reached. Try again in a moment.");
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  const data = text && response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : null;
  if (!response.ok) {
    const first = data?.errors?.[0];
    const detail = first ? `${first.path}: ${first.message}` : (data?.detail ?? data?.title ?? response.statusText);
    throw new Problem(response.status, data?.code ?? "unknown", detail, data?.demo === true);
  }
  return data as T;
}

const enc = encodeURIComponent;
const get = <T>(path: string) => call<T>("GET", path);
const LIST_LIMIT = 500;
/** Directory lists are read whole up to here; beyond it, searching by key is the way. */
const LIST_MAX = 5_000;

async function list<T>(path: string): Promise<T[]> {
  const all: T[] = [];
  let after: string | null = null;
  do {
    const query: string = `?limit=${LIST_LIMIT}${after ? `&after=${enc(after)}` : ""}`;
    const page: { items: T[]; next: string | null } = await get(path + query);
    all.push(...page.items);
    after = page.next;
  } while (after && all.length < LIST_MAX);
  return all;
}

const withFilter = (path: string, filter: FilterSet, extra: Record<string, string>): string => {
  const query = formatFilter(filter);
  for (const [name, value] of Object.entries(extra)) query.set(name, value);
  return `${path}?${query}`;
};

/** Hours and days begin where they do for whoever looks. */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const spanQuery = (span?: Span | null): Record<string, string> => ({
  ...(span?.since != null ? { since: new Date(span.since).toISOString() } : {}),
  ...(span?.until != null ? { until: new Date(span.until).toISOString() } : {}),
});

export const api = {
  session: () => get<Session>("/v1/session"),
  signIn: (key: string) => call<Session>("POST", "/v1/session", { key }),
  signOut: () => call<void>("DELETE", "/v1/session"),
  signInDemo: () => call<Session>("POST", "/v1/session", { demo: true }),
  newKey: (name: string, scopes: string[], event: string) =>
    call<{ key: string }>("POST", "/v1/keys", { name, scopes, event }),

  events: () => list<EventItem>("/v1/events"),
  event: (e: string) => get<EventItem>(`/v1/events/${enc(e)}`),
  putEvent: (e: string, name: string) => call<Named>("PUT", `/v1/events/${enc(e)}`, { name }),
  partners: (e: string) => list<Partner>(`/v1/events/${enc(e)}/partners`),
  putPartner: (e: string, p: Partner) => {
    const { key, ...body } = p;
    return call<Partner>("PUT", `/v1/events/${enc(e)}/partners/${enc(key)}`, body);
  },
  campaigns: (e: string) => list<Named>(`/v1/events/${enc(e)}/campaigns`),
  putCampaign: (e: string, c: string, name: string) =>
    call<Named>("PUT", `/v1/events/${enc(e)}/campaigns/${enc(c)}`, { name }),
  messages: (e: string) => list<Message>(`/v1/events/${enc(e)}/messages`),
  putMessage: (e: string, m: string, subject: string) =>
    call<Message>("PUT", `/v1/events/${enc(e)}/messages/${enc(m)}`, { subject }),
  recipients: (e: string, m: string) =>
    list<Recipient>(`/v1/events/${enc(e)}/messages/${enc(m)}/recipients`),
  setRecipients: (e: string, m: string, add: string[], remove: string[]) =>
    call<unknown>("POST", `/v1/events/${enc(e)}/messages/${enc(m)}/recipients`, { add, remove }),
  flavors: async () => (await get<{ items: Flavor[] }>("/v1/flavors")).items,

  page: (filter: FilterSet, before: string | null, limit: number, span?: Span) =>
    get<Page>(withFilter("/v1/activities", filter, { ...(before === null ? {} : { before }), limit: String(limit), ...spanQuery(span) })),
  newest: (filter: FilterSet, limit: number) =>
    get<Page>(withFilter("/v1/activities", filter, { limit: String(limit) })),
  activity: (id: string) => get<Activity>(`/v1/activities/${enc(id)}`),
  why: (id: string, filter: FilterSet) => get<Why>(withFilter(`/v1/activities/${enc(id)}/why`, filter, {})),
  counts: (filter: FilterSet, by: string[], span?: Span | null) =>
    get<Counts>(withFilter("/v1/activities/counts", filter, { by: by.join(","), ...spanQuery(span) })),
  histogram: async ({ filter, width, since, until, before }: Question): Promise<Bars> => {
    const extra = { bucket: width, ...spanQuery({ since, until }), ...(before === null ? {} : { before }), ...(width === "minute" ? {} : { zone }) };
    const read = await get<{ complete: boolean; items: { start: string; count: number }[] }>(withFilter("/v1/activities/histogram", filter, extra));
    return { complete: read.complete, items: read.items.map(({ start, count }) => ({ start: Date.parse(start), count })) };
  },
};
