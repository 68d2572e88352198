// Partners pasted as lines, from a spreadsheet or by hand: read, and checked against who is there, before anything is stored.

import { fold } from "../feed";
import type { Partner } from "./api";
import { emailFault, keyFault, tagsFault, textFault } from "./faults";
import { slug } from "./words";

export interface Draft {
  name: string;
  email: string;
  company: string;
  tags: string[];
}

export interface Line {
  /** Of the text, from 1. */
  line: number;
  draft: Draft;
}

export type Check = Line &
  (
    | { is: "bad"; why: string }
    | { is: "new"; partner: Partner }
    /** `what` changes of `was`. */
    | { is: "change"; partner: Partner; was: Partner; what: string[] }
    | { is: "same"; partner: Partner }
  );

export const LINES_MAX = 5_000;

/** One partner a line: name, email, company, tags; tabs between when copied from a spreadsheet. */
export function parseLines(text: string): Line[] {
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ line: index + 1, row: (line.includes("\t") ? line.split("\t") : cells(line)).map((cell) => cell.trim()) }))
    .filter(({ row }) => row.some(Boolean) && !isHeader(row))
    .map(({ line, row: [name = "", email = "", company = "", ...tags] }) => ({
      line,
      draft: { name, email, company, tags: distinct(tags.join(" ").split(/[\s,;]+/)) },
    }));
}

/** What each line would do to the partners there are, or why it cannot be used. */
export function check(lines: Line[], partners: Partner[]): Check[] {
  const byKey = new Map(partners.map((p) => [fold(p.key), p]));
  const byEmail = new Map(partners.flatMap((p) => (p.email ? [[fold(p.email), p] as const] : [])));
  const byName = new Map(partners.map((p) => [fold(p.name), p]));
  const taken = new Map<string, number>();
  return lines.map((one, index) => {
    const { line, draft } = one;
    const bad = (why: string): Check => ({ ...one, is: "bad", why });
    if (index >= LINES_MAX) return bad(`At most ${LINES_MAX.toLocaleString("en")} lines can be added at once. Leave this one and those after it for the next time.`);
    const fault =
      textFault("The name", draft.name, "It is the first column; type it, or remove the line.") ??
      emailFault(draft.email) ??
      textFault("The company", draft.company) ??
      tagsFault(draft.tags);
    if (fault) return bad(fault);
    const was = (draft.email && byEmail.get(fold(draft.email))) || byKey.get(fold(slug(draft.name))) || byName.get(fold(draft.name));
    const key = was ? was.key : slug(draft.name);
    if (keyFault(key)) return bad("The name has no letter to make a key from. Add one.");
    const before = taken.get(fold(key));
    if (before !== undefined) return bad(`This is the same partner as on line ${before}. Make the names different, or remove one of the two.`);
    taken.set(fold(key), line);
    if (!was) return { ...one, is: "new", partner: { key, name: draft.name, email: draft.email || null, company: draft.company || null, tags: draft.tags } };
    // What a line leaves out stays as it is.
    const partner = { key, name: draft.name, email: draft.email || was.email, company: draft.company || was.company, tags: draft.tags.length ? draft.tags : was.tags };
    const same = (a: string[], b: string[]) => [...a].sort().join("\n") === [...b].sort().join("\n");
    const what = [
      partner.name !== was.name && "name",
      partner.email !== was.email && "email",
      partner.company !== was.company && "company",
      !same(partner.tags, was.tags) && "tags",
    ].filter((word) => word !== false);
    return what.length ? { ...one, is: "change", partner, was, what } : { ...one, is: "same", partner };
  });
}

/** Where a line of a text begins and ends, to show it. */
export function placeOf(text: string, line: number): [from: number, to: number] {
  const lines = text.split("\n");
  const from = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return [from, from + (lines[line - 1]?.length ?? 0)];
}

const isHeader = (row: string[]): boolean => fold(row[0]!) === "name" && (row[1] === undefined || fold(row[1]) === "email");

/** Each once by fold, in the spelling that came first. */
function distinct(tags: string[]): string[] {
  const seen = new Map<string, string>();
  for (const tag of tags) if (tag && !seen.has(fold(tag))) seen.set(fold(tag), tag);
  return [...seen.values()];
}

function cells(line: string): string[] {
  const out: string[] = [];
  let cell = "";
  let quoted = false;
  for (const c of line) {
    if (c === '"') quoted = !quoted;
    else if (c === "," && !quoted) {
      out.push(cell);
      cell = "";
    } else cell += c;
  }
  return [...out, cell];
}
