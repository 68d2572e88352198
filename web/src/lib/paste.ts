// Partners pasted as lines, from a spreadsheet or by hand: read, and checked against who is there and against each other,
// before anything is stored. Who a line is about is told by its email, else by its name in full, and never guessed.

import { fold } from "../feed";
import type { Partner } from "./api";
import { type Row, rowsOf, separatorOf } from "./cells";
import { type Column, isAddress, type Layout, layoutOf } from "./columns";
import { emailFault, keyFault, tagsFault, textFault } from "./faults";
import { freeKey } from "./fresh";
import { tidy, tidyEmail } from "./tidy";
import { t } from "../words/paste";
import { t as rooms } from "../words/rooms";
import { say } from "../words/say";
import { slug } from "./words";

export { placeOf } from "./cells";

export interface Draft {
  name: string;
  /** The name was made of the email or the company, and gives way to a name that is there. */
  made?: "email" | "company";
  email: string;
  company: string;
  tags: string[];
}

export interface Line {
  /** Of the text, from 1. */
  line: number;
  draft: Draft;
  /** What keeps it from being read. */
  fault?: string;
}

export interface List extends Layout {
  lines: Line[];
}

export type Check = Line &
  (
    | { is: "bad"; why: string }
    | { is: "new"; partner: Partner }
    /** `what` changes of `was`. */
    | { is: "change"; partner: Partner; was: Partner; what: ("name" | "email" | "company" | "tags")[] }
    | { is: "same"; partner: Partner }
  );

export const LINES_MAX = 5_000;
/** What is in the words of somebody who chose it, over what was told from the text. */
export interface Chosen {
  columns?: Column[];
  header?: boolean;
}

/** One partner a row; separator, header and columns are told from the text unless somebody chose. */
export function readList(text: string, chosen: Chosen = {}): List {
  const plain = text.replace(/^\ufeff/, "");
  const rows = rowsOf(plain, separatorOf(plain))
    .map((row) => ({ ...row, cells: row.cells.map(tidy) }))
    .filter((row) => row.cells.some(Boolean));
  const told = layoutOf(rows);
  const first = rows[0];
  const header = chosen.header === undefined ? told.header : chosen.header && first ? first.line : null;
  const columns = told.columns.map((column, i) => chosen.columns?.[i] ?? column);
  return {
    columns,
    header,
    titles: header !== null && first ? columns.map((_, i) => first.cells[i] ?? "") : [],
    lines: rows.filter((row) => row.line !== header).map((row) => lineOf(row, columns)),
  };
}

function lineOf({ line, cells, open }: Row, columns: Column[]): Line {
  const of = (column: Column): string[] => cells.filter((cell, i) => cell && columns[i] === column);
  let name = of("name").join(" ");
  let email = tidyEmail(of("email").join(" "));
  const company = of("company").join(" ");
  let made: Draft["made"];
  // As a mail program writes it: Acme Inc <hello@acme.example>
  const mailbox = /^(.*?)\s*<([^<>\s]+@[^<>\s]+)>$/u;
  for (const cell of [email, name]) {
    const parts = mailbox.exec(cell);
    if (!parts || (cell === name && email)) continue;
    email = tidyEmail(parts[2]!);
    name = (cell === name ? "" : name) || tidy(parts[1]!.replace(/^["']|["']$/g, ""));
    break;
  }
  // What can be told for what it is, is not taken for what its place says.
  if (isAddress(name) && !isAddress(email)) [name, email] = [email, tidyEmail(name)];
  else if (!name && email && !email.includes("@") && !columns.includes("name")) [name, email] = [email, ""];
  if (!name && company) [name, made] = [company, "company"];
  else if (!name && isAddress(email) && (!columns.includes("name") || of("name").some(isAddress))) [name, made] = [email.slice(0, email.lastIndexOf("@")), "email"];
  const draft: Draft = { name, ...(made ? { made } : {}), email, company, tags: distinct(of("tags").join(" ").split(/[\s,;]+/)) };
  if (open) return { line, draft, fault: t.openQuote };
  if (isAddress(name)) return { line, draft, fault: t.twoAddresses };
  return { line, draft };
}

/** What each line would do to the partners there are, or why it cannot be used. */
export function check(lines: Line[], partners: Partner[]): Check[] {
  const keys = new Set(partners.map((p) => fold(p.key)));
  const byEmail = new Map(partners.flatMap((p) => (p.email ? [[emailOf(p.email), p] as const] : [])));
  const byName = new Map(partners.map((p) => [nameOf(p.name), p]));
  const byKey = new Map(partners.map((p) => [fold(p.key), p]));
  /** Lines of this list, by each thing that says who somebody is. */
  const listed = new Map<string, number>();
  return lines.map((one, index) => {
    const { line, draft } = one;
    const bad = (why: string): Check => ({ ...one, is: "bad", why });
    if (index >= LINES_MAX) return bad(say(t.most, { count: LINES_MAX }));
    const address = draft.email ? emailOf(draft.email) : null;
    const ofEmail = address === null ? undefined : byEmail.get(address);
    const fault =
      one.fault ??
      textFault("name", draft.name, ofEmail ? undefined : rooms.cure.line) ??
      emailFault(draft.email) ??
      textFault("company", draft.company) ??
      tagsFault(draft.tags);
    if (fault) return bad(fault);
    if (draft.name && !slug(draft.name)) return bad(t.noLetter);

    // What was made of an address says nothing of who somebody is: there is an “info” everywhere.
    const called = draft.made === "email" || !draft.name ? null : nameOf(draft.name);
    const ofName = called === null ? undefined : (byName.get(called) ?? unnamed(byKey.get(fold(slug(draft.name))), draft.name));
    if (ofEmail && ofName && ofEmail !== ofName && !draft.made) return bad(say(t.twoPartners, { one: ofEmail.name, other: ofName.name }));
    const was = ofEmail ?? ofName;

    const signs = [address !== null && `email ${address}`, called !== null && `name ${called}`, was && `key ${fold(was.key)}`].filter((sign) => typeof sign === "string");
    const before = signs.map((sign) => listed.get(sign)).find((at) => at !== undefined);
    if (before !== undefined) return bad(say(sameness(signs, listed), { line: before }));
    for (const sign of signs) listed.set(sign, line);

    if (!was) {
      const key = freeKey(draft.name, (made) => keys.has(fold(made)));
      if (keyFault(key)) return bad(t.noLetter);
      keys.add(fold(key));
      return { ...one, is: "new", partner: { key, name: draft.name, email: draft.email || null, company: draft.company || null, tags: draft.tags } };
    }
    // What a line leaves out stays as it is, and so does an email that is only spelt otherwise.
    const partner = {
      key: was.key,
      name: draft.made || !draft.name ? was.name : draft.name,
      email: address === null || (was.email && emailOf(was.email) === address) ? was.email : draft.email,
      company: draft.company || was.company,
      tags: draft.tags.length ? draft.tags : was.tags,
    };
    const same = (a: string[], b: string[]) => [...a].sort().join("\n") === [...b].sort().join("\n");
    const what = [
      partner.name !== was.name && ("name" as const),
      partner.email !== was.email && ("email" as const),
      partner.company !== was.company && ("company" as const),
      !same(partner.tags, was.tags) && ("tags" as const),
    ].filter((field) => field !== false);
    return what.length ? { ...one, is: "change", partner, was, what } : { ...one, is: "same", partner };
  });
}

const emailOf = (email: string): string => fold(tidyEmail(email));
const nameOf = (name: string): string => fold(tidy(name));

/** One that an activity made, whose name is still its key, and that is called so but for capitals and spaces. */
function unnamed(partner: Partner | undefined, name: string): Partner | undefined {
  const plain = partner && !partner.email && fold(partner.name) === fold(partner.key) && nameOf(name).replace(/\s+/g, "-") === fold(partner.key);
  return plain ? partner : undefined;
}

function sameness(signs: string[], listed: Map<string, number>) {
  const sign = signs.find((one) => listed.has(one)) ?? "";
  return sign.startsWith("email ") ? t.sameEmail : sign.startsWith("name ") ? t.sameName : t.sameKey;
}

/** Each once by fold, in the spelling that came first. */
function distinct(tags: string[]): string[] {
  const seen = new Map<string, string>();
  for (const tag of tags) if (tag && !seen.has(fold(tag))) seen.set(fold(tag), tag);
  return [...seen.values()];
}
