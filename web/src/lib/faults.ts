// What is wrong with a form: which field, which rule, and what to do about it.

import { t } from "../words/rooms";
import { say } from "../words/say";

export interface Fault {
  text: string;
  /** The way out that the form offers. */
  act?: { label: string; run: () => void };
}

/** By the name of the field; "" is the form as a whole. */
export class Faults extends Error {
  constructor(readonly fields: Record<string, Fault>) {
    super(Object.values(fields)[0]?.text);
  }
}

/** Throws when a rule of any field is broken: each value is a fault, or null. */
export function hold(rules: Record<string, string | null>): void {
  const broken = Object.entries(rules).filter((rule): rule is [string, string] => rule[1] !== null);
  if (broken.length) throw new Faults(Object.fromEntries(broken.map(([name, text]) => [name, { text }])));
}

/** The server's bounds, so that what it would refuse is told beside the field. */
const TEXT_BYTES_MAX = 512;
const KEY_BYTES_MAX = 128;
const TAGS_MAX = 64;
const encoder = new TextEncoder();
const bytes = (text: string): number => encoder.encode(text).length;

export function textFault(what: keyof typeof t.the, text: string, cure?: string): string | null {
  const the = t.the[what];
  if (!text) return cure ? say(t.missing, { what: the, cure }) : null;
  if (bytes(text) > TEXT_BYTES_MAX) return say(t.tooLong, { what: the, count: bytes(text), most: TEXT_BYTES_MAX });
  return /\p{Cc}/u.test(text) ? say(t.unprintable, { what: the }) : null;
}

export function emailFault(email: string): string | null {
  if (!email || /^[^@\s]+@[^@\s]+$/u.test(email)) return textFault("email", email);
  return say(t.noAddress, { email });
}

export function tagsFault(tags: string[]): string | null {
  if (tags.length > TAGS_MAX) return say(t.manyTags, { count: tags.length, most: TAGS_MAX });
  return tags.map((tag) => textFault("tag", tag)).find((found) => found !== null) ?? null;
}

export function keyFault(key: string): string | null {
  if (key === "." || key === "..") return t.keyDots;
  if (!key) return t.keyMissing;
  if (/[\s\p{Cc}/]/u.test(key)) return t.keySigns;
  return bytes(key) > KEY_BYTES_MAX ? say(t.keyLong, { count: bytes(key), most: KEY_BYTES_MAX }) : null;
}
