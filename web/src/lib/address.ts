// What the address asks for: the filter that this page can apply, and what it
// cannot, which is told and never dropped in silence. The rules of values and
// the limits are the server's, told before it has to refuse.

import { type Field, type FilterSet, fold, FIELDS, isField } from "../feed";
import type { Rule } from "../words/rules";
import { timeOf } from "./times";

export const VALUES_MAX = 200;
const BYTES_MAX = 16 * 1024;
const WORDS_MAX = 16;
const KEY_BYTES_MAX = 128;
const NAME_BYTES_MAX: Partial<Record<Field, number>> = { tag: 512, platform: 128, browser: 128 };
const FLAVOR_BYTES_MAX = 64;
const URL_BYTES_MAX = 2_048;

export const DEVICES = ["desktop", "mobile", "tablet", "tv", "console", "wearable", "bot", "email_client", "unknown"];
export const ACTORS = ["partner", "invitee", "unknown"];
export const GRADES = ["human", "machine", "unclear"];
const CLOSED: Partial<Record<Field, string[]>> = { device: DEVICES, actor: ACTORS, grade: GRADES };
const KEYED: Field[] = ["partner", "message", "about", "campaign"];

/** Fields whose values cannot all be listed: what is typed can be taken. */
export const OPEN_FIELDS: Field[] = ["flavor", "source", "referrer", "platform", "browser", "tag", "campaign"];

/** A parameter that this page does not apply, and why. */
export interface Unread {
  name: string;
  value: string;
  why: Rule;
}

export type Read = { value: string; problem?: undefined } | { problem: Rule };

const encoder = new TextEncoder();
const bytes = (text: string): number => encoder.encode(text).length;

/** A value as the filter takes it, or what is wrong with it. */
export function readValue(field: Field, text: string): Read {
  const value = text.trim();
  if (!value) return { problem: { rule: "empty" } };
  if (/[\u0000-\u001f\u007f]/.test(value)) return { problem: { rule: "control" } };
  const closed = CLOSED[field];
  if (closed) return closed.includes(fold(value)) ? { value: fold(value) } : { problem: { rule: "oneOf", list: closed.join(", ") } };
  if (field === "flavor") {
    const flavor = fold(value);
    if (bytes(flavor) > FLAVOR_BYTES_MAX) return { problem: { rule: "flavorLong", count: FLAVOR_BYTES_MAX } };
    return /^[a-z0-9_]+(\.[a-z0-9_]+)*\.(\*|[a-z0-9_]+)$/.test(flavor) ? { value: flavor } : { problem: { rule: "flavorForm" } };
  }
  if (field === "source" || field === "referrer") return readPlace(value);
  if (field === "id") return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? { value: value.toLowerCase() } : { problem: { rule: "id" } };
  const most = NAME_BYTES_MAX[field] ?? KEY_BYTES_MAX;
  if (bytes(value) > most) return { problem: { rule: "long", count: most } };
  if (!NAME_BYTES_MAX[field] && /[\s/]/u.test(value)) return { problem: { rule: "key" } };
  return { value };
}

/** A host, or the beginning of an address with its scheme. */
function readPlace(value: string): Read {
  if (/\s/u.test(value)) return { problem: { rule: "placeSpace" } };
  if (bytes(value) > URL_BYTES_MAX) return { problem: { rule: "placeLong" } };
  const folded = fold(value);
  if (folded.includes("://")) return /^https?:\/\/./.test(folded) ? { value } : { problem: { rule: "placeScheme" } };
  const problem: Rule = { rule: "place" };
  if (/[/\\?#@]/.test(value)) return { problem };
  try {
    // The browser brings it to the form that hosts are stored in; a port or anything else shows as a difference.
    const url = new URL(`http://${value}/`);
    return url.href === `http://${url.hostname}/` ? { value: url.hostname } : { problem };
  } catch {
    return { problem };
  }
}

/** What is wrong with the size of a filter, if anything is: said before the server has to. */
export function tooMuch(filter: FilterSet): Rule | null {
  let size = 0;
  for (const values of [filter, filter.not ?? {}]) {
    for (const field of FIELDS) {
      const list = values[field] ?? [];
      if (list.length > VALUES_MAX) return { rule: "values", count: VALUES_MAX };
      for (const value of list) size += bytes(fold(value)) + 4;
    }
  }
  const words = (filter.text ?? "").split(/\s+/).filter(Boolean);
  if (words.length > WORDS_MAX) return { rule: "words", count: WORDS_MAX };
  if (size + bytes(fold(filter.text ?? "")) > BYTES_MAX) return { rule: "size" };
  return null;
}

/** Times are the span's to apply (`span.svelte.ts`); what it cannot is told here. */
function badTime(query: URLSearchParams, name: string, given: string): Rule | null {
  if (timeOf(given) === null) return { rule: "time" };
  if (given !== query.get(name)) return { rule: "twice" };
  const [since, until] = [timeOf(query.get("since")), timeOf(query.get("until"))];
  return since !== null && until !== null && since >= until ? { rule: "order" } : null;
}

/** The filter of an address on the page of one event. */
export function readAddress(query: URLSearchParams, event: string): { filter: FilterSet; unread: Unread[] } {
  const filter: FilterSet = {};
  const unread: Unread[] = [];
  const words: string[] = [];
  for (const [name, given] of query) {
    const skip = (why: Rule) => unread.push({ name, value: given, why });
    const not = name.startsWith("not.");
    const field = not ? name.slice(4) : name;
    if (name === "text") {
      words.push(given);
      continue;
    }
    if (name === "since" || name === "until") {
      const problem = badTime(query, name, given);
      if (problem) skip(problem);
      continue;
    }
    if (!isField(field)) {
      skip({ rule: "field" });
      continue;
    }
    if (field === "event") {
      // The page's own event is what it shows anyway.
      if (not || fold(given) !== fold(event)) skip({ rule: "event" });
      continue;
    }
    let value = given;
    const slash = KEYED.includes(field) ? given.indexOf("/") : -1;
    if (slash >= 0) {
      if (fold(given.slice(0, slash)) !== fold(event)) {
        skip({ rule: "otherEvent" });
        continue;
      }
      value = given.slice(slash + 1);
    }
    const read = readValue(field, value);
    if (read.problem !== undefined) {
      skip(read.problem);
      continue;
    }
    const side = not ? (filter.not ??= {}) : filter;
    const list = (side[field] ??= []);
    if (list.some((v) => fold(v) === fold(read.value))) continue;
    if (list.length >= VALUES_MAX) skip({ rule: "values", count: VALUES_MAX });
    else list.push(read.value);
  }
  const text = words.join(" ").trim();
  if (text) {
    const problem: Rule | null = text.includes("\0") ? { rule: "control" } : tooMuch({ text });
    if (problem) unread.push({ name: "text", value: text, why: problem });
    else filter.text = text;
  }
  return { filter, unread };
}
