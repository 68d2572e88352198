// What is wrong with a form: which field, which rule, and what to do about it.

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

export function textFault(what: string, text: string, cure?: string): string | null {
  if (!text) return cure ? `${what} is missing. ${cure}` : null;
  if (bytes(text) > TEXT_BYTES_MAX) return `${what} is ${bytes(text)} bytes long, and at most ${TEXT_BYTES_MAX} fit. Make it shorter.`;
  return /\p{Cc}/u.test(text) ? `${what} has a character that cannot be printed. Type it again by hand.` : null;
}

export function emailFault(email: string): string | null {
  if (!email || /^[^@\s]+@[^@\s]+$/u.test(email)) return textFault("The email", email);
  return `The email “${email}” is no address. Write it like desk@acme.example, or leave it out.`;
}

export function tagsFault(tags: string[]): string | null {
  if (tags.length > TAGS_MAX) return `There are ${tags.length} tags, and at most ${TAGS_MAX} fit. Leave some out.`;
  return tags.map((tag) => textFault("A tag", tag)).find((found) => found !== null) ?? null;
}

export function keyFault(key: string): string | null {
  if (!key) return "The key is missing, and the name has no letter to make one from. Type one, such as expo-2026.";
  if (/[\s\p{Cc}/]/u.test(key)) return "The key has a space, a “/” or a character that cannot be printed. Write it with “-” instead, like expo-2026.";
  return bytes(key) > KEY_BYTES_MAX ? `The key is ${bytes(key)} bytes long, and at most ${KEY_BYTES_MAX} fit. Make it shorter.` : null;
}
