// The filter set: its URL form, small edits, and a local reading of it.
//
// The server's reading is the truth. `matches` exists so that a change shows
// within a frame with the rows already here; where it cannot know (membership
// by recipients or tags) it answers "unknown" and the row stays until the
// server has spoken.

import type { Activity } from "./types";

export const FIELDS = [
  "event",
  "partner",
  "flavor",
  "message",
  "about",
  "actor",
  "campaign",
  "tag",
  "device",
  "platform",
  "browser",
  "source",
  "referrer",
  "grade",
  "id",
] as const;
export type Field = (typeof FIELDS)[number];
export type Values = Partial<Record<Field, string[]>>;
export type FilterSet = Values & { not?: Values; text?: string };
export type Verdict = "yes" | "no" | "unknown";

export const isField = (name: string): name is Field => (FIELDS as readonly string[]).includes(name);

/** NFC, then full case folding (Unicode 3.13, `toCasefold`), as the server compares: equal folds are the same key, name or word. */
export function fold(text: string): string {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.toLowerCase();
  // Folding can undo the composition, which then is made again: a few rounds at most.
  for (let folded = text; ; ) {
    const next = Array.from(folded.normalize("NFC"), foldOne).join("");
    if (next === folded) return folded;
    folded = next;
  }
}

/** By way of the capital, where forms of one letter meet (ß and ss, ς and σ). Cherokee folds to capitals, a dotless i to itself. */
function foldOne(char: string): string {
  if (char === "ı") return char;
  if (/[\u13a0-\u13fd\uab70-\uabbf]/.test(char)) return char.toUpperCase();
  return char.toLowerCase().toUpperCase().toLowerCase();
}

export function parseFilter(query: URLSearchParams): FilterSet {
  const filter: FilterSet = {};
  for (const [name, value] of query) {
    if (value === "") continue;
    if (name === "text") filter.text = value;
    else if (isField(name)) add(filter, name, value);
    else if (name.startsWith("not.") && isField(name.slice(4))) {
      add((filter.not ??= {}), name.slice(4) as Field, value);
    }
  }
  return filter;
}

export function formatFilter(filter: FilterSet): URLSearchParams {
  const query = new URLSearchParams();
  for (const field of FIELDS) for (const v of sorted(filter[field])) query.append(field, v);
  for (const field of FIELDS) for (const v of sorted(filter.not?.[field])) query.append(`not.${field}`, v);
  if (filter.text) query.set("text", filter.text);
  return query;
}

/** Equal text means equal filters; used to tell whether anything changed. */
export const canonical = (filter: FilterSet): string => formatFilter(filter).toString();

/** The filter as it is sent: no empty lists, which the server refuses. */
export const toWire = (filter: FilterSet): FilterSet => parseFilter(formatFilter(filter));

export const isEmpty = (filter: FilterSet): boolean => canonical(filter) === "";

export function has(filter: FilterSet, field: Field, value: string, not = false): boolean {
  const folded = fold(value);
  return ((not ? filter.not?.[field] : filter[field]) ?? []).some((v) => fold(v) === folded);
}

/** Adds the value to one side and takes it from the other: nothing is both wanted and unwanted. */
export function include(filter: FilterSet, field: Field, value: string, not = false): FilterSet {
  const next = exclude(filter, field, value);
  if (not) add((next.not ??= {}), field, value);
  else add(next, field, value);
  return next;
}

/** Takes the value out of both sides. */
export function exclude(filter: FilterSet, field: Field, value: string): FilterSet {
  const next = toWire(filter);
  const keep = (v: string) => fold(v) !== fold(value);
  setValues(next, field, (next[field] ?? []).filter(keep));
  if (next.not) setValues(next.not, field, (next.not[field] ?? []).filter(keep));
  return toWire(next);
}

export function toggle(filter: FilterSet, field: Field, value: string, not = false): FilterSet {
  return has(filter, field, value, not) ? exclude(filter, field, value) : include(filter, field, value, not);
}

export function only(filter: FilterSet, field: Field, value: string): FilterSet {
  const next = clear(filter, field);
  next[field] = [value];
  return next;
}

export function clear(filter: FilterSet, field: Field): FilterSet {
  const next = toWire(filter);
  delete next[field];
  if (next.not) delete next.not[field];
  return toWire(next);
}

export function withText(filter: FilterSet, text: string): FilterSet {
  const next = toWire(filter);
  if (text.trim()) next.text = text.trim();
  else delete next.text;
  return next;
}

export function count(filter: FilterSet, field: Field): number {
  return (filter[field]?.length ?? 0) + (filter.not?.[field]?.length ?? 0);
}

type Test = (a: Activity) => boolean;

/** The filter made ready for many rows: values are folded once, not once a row. */
export function matcher(filter: FilterSet): (a: Activity) => Verdict {
  const wanted: Test[] = [];
  const unwanted: Test[] = [];
  let sure = true;
  for (const field of FIELDS) {
    for (const [values, tests] of [
      [filter[field], wanted],
      [filter.not?.[field], unwanted],
    ] as const) {
      if (!values?.length) continue;
      const test = tester(field, values);
      if (test) tests.push(test);
      else sure = false;
    }
  }
  if (filter.text) wanted.push(textTester(filter.text));
  return (a) => {
    if (!wanted.every((test) => test(a)) || unwanted.some((test) => test(a))) return "no";
    return sure ? "yes" : "unknown";
  };
}

export const matches = (filter: FilterSet, a: Activity): Verdict => matcher(filter)(a);

/** Whether membership decides, which changes without any activity. */
export const byMembership = (filter: FilterSet): boolean =>
  count(filter, "message") > 0 || count(filter, "tag") > 0;

const EXACT: Partial<Record<Field, (a: Activity) => string | null | undefined>> = {
  event: (a) => a.event.key,
  actor: (a) => a.actor,
  device: (a) => a.device,
  platform: (a) => a.platform?.name,
  browser: (a) => a.browser?.name,
  grade: (a) => a.grade,
  id: (a) => a.id,
};

const KEYED: Partial<Record<Field, (a: Activity) => string | null | undefined>> = {
  partner: (a) => a.partner.key,
  about: (a) => a.message?.key,
  campaign: (a) => a.campaign?.key,
};

/** Null where only the server can know. */
function tester(field: Field, values: string[]): Test | null {
  const folded = new Set(values.map(fold));
  const keyed = KEYED[field];
  if (keyed) {
    return (a) => {
      const key = keyed(a);
      return key != null && (folded.has(fold(key)) || folded.has(fold(`${a.event.key}/${key}`)));
    };
  }
  const exact = EXACT[field];
  if (exact) {
    return (a) => {
      const value = exact(a);
      return value != null && folded.has(fold(value));
    };
  }
  if (field === "flavor") {
    const families = values.filter((v) => v.endsWith(".*")).map((v) => v.slice(0, -1));
    return (a) => folded.has(a.flavor.key) || families.some((f) => a.flavor.key.startsWith(f));
  }
  if (field === "source" || field === "referrer") {
    const prefixes = values.filter((v) => v.includes("://")).map(normal);
    return (a) => {
      const url = field === "source" ? a.source_url : a.referrer_url;
      if (url === null) return false;
      return folded.has(host(url)) || prefixes.some((p) => p !== "" && normal(url).startsWith(p));
    };
  }
  return null;
}

/** The form by which the server compares addresses: as a browser writes them, without user, folded and in letters. */
export function normal(url: string): string {
  try {
    const read = new URL(url.trim());
    read.username = read.password = "";
    const before = read.origin.length;
    return read.origin + fold(read.href.slice(before).replace(/(?:%[0-9a-f]{2})+/gi, letters));
  } catch {
    return "";
  }
}

/** What is percent-encoded and need not be; what ends or parts an address stays encoded. */
function letters(run: string): string {
  try {
    const plain = (c: string) => (c < "\u0080" ? /[a-z0-9._~-]/i.test(c) : !/[\s\p{Cc}]/u.test(c));
    return Array.from(decodeURIComponent(run), (c) => (plain(c) ? c : encodeURIComponent(c))).join("");
  } catch {
    return run;
  }
}

export function host(url: string): string {
  try {
    return fold(new URL(url).hostname);
  } catch {
    return "";
  }
}

function textTester(text: string): Test {
  const words = fold(text).split(/\s+/).filter(Boolean);
  return (a) => {
    const fields = [
      a.partner.name,
      a.partner.company ?? "",
      a.flavor.label,
      a.source_url ?? "",
      a.referrer_url ?? "",
      ...Object.values(a.properties ?? {}).map(String),
    ].map(fold);
    return words.every((word) => fields.some((f) => f.includes(word)));
  };
}

function add(values: Values, field: Field, value: string): void {
  const list = (values[field] ??= []);
  if (!list.some((v) => fold(v) === fold(value))) list.push(value);
}

function setValues(values: Values, field: Field, list: string[]): void {
  if (list.length) values[field] = list;
  else delete values[field];
}

const sorted = (values: string[] | undefined): string[] => [...new Set(values ?? [])].sort();
