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

/** What whoever keeps the session hears of any answer. */
export const edge = { unauthorised: (): void => {} };

const SIGN_IN = "/v1/session";

export async function call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
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
    // A key that is tried and refused ends nothing.
    if (response.status === 401 && !(method === "POST" && path === SIGN_IN)) edge.unauthorised();
    throw new Problem(response.status, data?.code ?? "unknown", detail, data?.errors, data?.demo === true);
  }
  return data as T;
}

const enc = encodeURIComponent;
const get = <T>(path: string) => call<T>("GET", path);
const LIST_LIMIT = 1_000;
const list = <T>(path: string, after: string | null) =>
  get<ListPage<T>>(`${path}?limit=${LIST_LIMIT}${after ? `&after=${enc(after)}` : ""}`);

/** Makes something new; what is there already is not replaced, and the answer is a 412. */
const create = <T>(path: string, body: unknown) => call<T>("PUT", path, body, { "if-none-match": "*" });
const ofEvent = (e: string, kind: string, key?: string) =>
  `/v1/events/${enc(e)}/${kind}${key === undefined ? "" : `/${enc(key)}`}`;
const partnerBody = ({ name, email, company, tags }: Partner) => ({ name, email, company, tags });

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
  session: () => get<Session>(SIGN_IN),
  signIn: (key: string) => call<Session>("POST", SIGN_IN, { key }),
  signOut: () => call<void>("DELETE", SIGN_IN),
  signInDemo: () => call<Session>("POST", SIGN_IN, { demo: true }),
  newKey: (name: string, scopes: string[], event: string) =>
    call<{ key: string }>("POST", "/v1/keys", { name, scopes, event }),

  events: (after: string | null) => list<EventItem>("/v1/events", after),
  event: (e: string) => get<EventItem>(`/v1/events/${enc(e)}`),
  createEvent: (e: string, name: string) => create<EventItem>(`/v1/events/${enc(e)}`, { name }),
  partners: (e: string, after: string | null) => list<Partner>(ofEvent(e, "partners"), after),
  partner: (e: string, p: string) => get<Partner>(ofEvent(e, "partners", p)),
  createPartner: (e: string, p: Partner) => create<Partner>(ofEvent(e, "partners", p.key), partnerBody(p)),
  replacePartner: (e: string, p: Partner) => call<Partner>("PUT", ofEvent(e, "partners", p.key), partnerBody(p)),
  campaigns: (e: string, after: string | null) => list<Named>(ofEvent(e, "campaigns"), after),
  campaign: (e: string, c: string) => get<Named>(ofEvent(e, "campaigns", c)),
  createCampaign: (e: string, c: string, name: string) => create<Named>(ofEvent(e, "campaigns", c), { name }),
  messages: (e: string, after: string | null) => list<Message>(ofEvent(e, "messages"), after),
  message: (e: string, m: string) => get<Message>(ofEvent(e, "messages", m)),
  createMessage: (e: string, m: string, subject: string) => create<Message>(ofEvent(e, "messages", m), { subject }),
  recipients: (e: string, m: string, after: string | null) =>
    list<Recipient>(`${ofEvent(e, "messages", m)}/recipients`, after),
  setRecipients: (e: string, m: string, add: string[], remove: string[]) =>
    call<wire.RecipientsChanged>("POST", `${ofEvent(e, "messages", m)}/recipients`, { add, remove }),
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
