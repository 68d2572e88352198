// Partners pasted as lines, from a spreadsheet or by hand.

import { fold } from "../feed";
import { slug } from "./words";

export interface Draft {
  name: string;
  email: string;
  company: string;
  tags: string[];
}

const LINES_MAX = 500;

/** One partner a line: name, email, company, tags; tabs between when copied from a spreadsheet. */
export function parseLines(text: string): Draft[] {
  return text
    .split(/\r?\n/)
    .slice(0, LINES_MAX)
    .map((line) => (line.includes("\t") ? line.split("\t") : cells(line)).map((cell) => cell.trim()))
    .filter((row) => row[0] && !isHeader(row))
    .map(([name = "", email = "", company = "", ...tags]) => ({
      name,
      email,
      company,
      tags: tags.join(" ").split(/[\s,;]+/).filter(Boolean),
    }));
}

/** A key nobody has: from the name, with a number where two names make the same. */
export function uniqueKey(name: string, taken: Set<string>): string {
  const base = slug(name) || "partner";
  let key = base;
  for (let i = 2; taken.has(fold(key)); i++) key = `${base}-${i}`;
  taken.add(fold(key));
  return key;
}

const isHeader = (row: string[]): boolean => fold(row[0]!) === "name" && (row[1] === undefined || fold(row[1]) === "email");

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
