// Which column of a pasted list is what: told from the words over it, from what stands in it, else from its place.

import type { Row } from "./cells";
import { tidyEmail } from "./tidy";
import titles from "./titles.json";

/** What a column becomes; of several with a name, one after the other is the name. */
export type Column = "name" | "email" | "company" | "tags" | "none";
export const COLUMNS: Column[] = ["name", "email", "company", "tags", "none"];

export interface Layout {
  columns: Column[];
  /** The line with the names of the columns; null where there is none. */
  header: number | null;
  /** Those names, in the order of the columns. */
  titles: string[];
}

/** Titles in English, German, French, Spanish, Portuguese, Italian and Dutch, without marks, spaces and signs; the server reads them, too. */
const BY_TITLE = new Map(COLUMNS.flatMap((column) => (column === "none" ? [] : titles[column].split(" ").map((word): [string, Column] => [word, column]))));
/** So many rows below tell that the first is a header, where its words do not. */
const TOLD_BY_MIN = 2;
const PLACES: Column[] = ["name", "email", "company", "tags"];

const ADDRESS = /^[^@\s]+@[^@\s]+$/u;
export const isAddress = (cell: string): boolean => ADDRESS.test(tidyEmail(cell));

const bare = (title: string): string => title.normalize("NFKD").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
const known = (title: string): Column | undefined => BY_TITLE.get(bare(title)) ?? (/^e?mail|email$/.test(bare(title)) ? "email" : undefined);

/** How the rows, none of which is empty, are laid out. */
export function layoutOf(rows: Row[]): Layout {
  const width = rows.reduce((most, row) => Math.max(most, row.cells.length), 0);
  const [first, ...below] = rows;
  if (!first || !isHeader(first, below)) return { columns: byContent(rows, width), header: null, titles: [] };
  const titles = Array.from({ length: width }, (_, i) => first.cells[i] ?? "");
  const columns = titles.map((title): Column => known(title) ?? "none");
  const found = byContent(below, width);
  // Words that nobody knows: an address is told by itself, and the first of the others is who it is about.
  if (!columns.includes("email")) replaceAt(columns, found.indexOf("email"), "email");
  if (!columns.includes("name") && !columns.includes("company")) replaceAt(columns, columns.indexOf("none"), "name");
  return { columns, header: first.line, titles };
}

/** A row that names the columns: no address in it, and its words are such names, or stand over nothing but addresses. */
function isHeader(first: Row, below: Row[]): boolean {
  if (first.cells.some((cell) => cell.includes("@"))) return false;
  const words = first.cells.filter(known).length;
  if (words > 1 || (words === 1 && first.cells.filter(Boolean).length === 1)) return true;
  return first.cells.some((title, i) => {
    const under = below.flatMap((row) => row.cells[i] || []);
    return title !== "" && under.length >= (words ? 1 : TOLD_BY_MIN) && under.every(isAddress);
  });
}

/** Without a header: addresses are told by themselves, the others stand in the usual order. */
function byContent(rows: Row[], width: number): Column[] {
  let email = -1;
  for (let i = 0; i < width && email < 0; i++) {
    const cells = rows.flatMap((row) => row.cells[i] || []);
    if (cells.filter(isAddress).length * 2 > cells.length) email = i;
  }
  const others = email < 0 ? PLACES : PLACES.filter((column) => column !== "email");
  let next = 0;
  return Array.from({ length: width }, (_, i) => (i === email ? "email" : (others[Math.min(next++, others.length - 1)] ?? "tags")));
}

function replaceAt(columns: Column[], at: number, column: Column): void {
  if (at >= 0 && columns[at] === "none") columns[at] = column;
}
