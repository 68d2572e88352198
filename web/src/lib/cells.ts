// A list as text, in whichever dialect a spreadsheet or a hand wrote it: rows of cells, with the line that each began on.

export type Separator = "\t" | ";" | ",";

export interface Row {
  /** Of the text, from 1. */
  line: number;
  cells: string[];
  /** It begins a quote that is never closed. */
  open?: boolean;
}

const SEPARATORS: Separator[] = ["\t", ";", ","];
/** So many rows tell which separator a text has. */
const TOLD_BY = 200;
const ADDRESS = /^[^@\s]+@[^@\s]+$/u;

/**
 * The separator that the text is written with: the one that parts addresses from names, else the one that gives most rows the
 * same number of cells; a tab before a semicolon before a comma, as that is how seldom each stands within a value.
 */
export function separatorOf(text: string): Separator {
  let best: Separator = ",";
  let most = 0;
  for (const separator of SEPARATORS) {
    const rows = rowsOf(text, separator, TOLD_BY).filter((row) => row.cells.some((cell) => cell.trim()));
    const wide = rows.filter((row) => row.cells.length > 1);
    const alone = wide.filter((row) => row.cells.some((cell) => ADDRESS.test(cell.trim()))).length;
    const widths = new Map<number, number>();
    for (const row of wide) widths.set(row.cells.length, (widths.get(row.cells.length) ?? 0) + 1);
    const score = alone * 1_000 + Math.max(0, ...widths.values());
    if (score > most) [best, most] = [separator, score];
  }
  return best;
}

/**
 * Reads rows. One rule for quotes, whatever the separator: a quote counts only at the beginning of a cell, and closes before
 * the next separator or the end of a line; "" within is one quote. Lines end in CR, LF or both; within quotes they do not.
 */
export function rowsOf(text: string, separator: Separator, most = Infinity): Row[] {
  const rows: Row[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length && rows.length < most) {
    const row: Row = { line, cells: [] };
    for (;;) {
      const quoted = quotedAt(text, at, separator);
      if (quoted === "open") row.open = true;
      const cell = quoted === null || quoted === "open" ? plainAt(text, at, separator) : quoted;
      row.cells.push(cell.value);
      line += cell.lines;
      at = cell.end;
      if (text[at] !== separator) break;
      at++;
    }
    if (text[at] === "\r" && text[at + 1] === "\n") at++;
    at++;
    line++;
    rows.push(row);
  }
  return rows;
}

interface Cell {
  value: string;
  end: number;
  /** Ends of lines within it. */
  lines: number;
}

function plainAt(text: string, from: number, separator: Separator): Cell {
  let end = from;
  while (end < text.length && text[end] !== separator && text[end] !== "\n" && text[end] !== "\r") end++;
  return { value: text.slice(from, end), end, lines: 0 };
}

/** The quoted cell that begins here; null where none does, "open" where it is never closed. */
function quotedAt(text: string, from: number, separator: Separator): Cell | "open" | null {
  let at = from;
  while (text[at] === " ") at++;
  if (text[at] !== '"') return null;
  let value = "";
  let lines = 0;
  for (at++; at < text.length; at++) {
    const sign = text[at]!;
    if (sign === '"' && text[at + 1] === '"') at++;
    else if (sign === '"') {
      let end = at + 1;
      while (text[end] === " ") end++;
      if (end >= text.length || text[end] === separator || text[end] === "\n" || text[end] === "\r") return { value, end, lines };
      // What goes on after its quote was never quoted: "Big" Panels. Over an end of a line it was never closed.
      return lines ? "open" : null;
    } else if (sign === "\n" || (sign === "\r" && text[at + 1] !== "\n")) lines++;
    value += sign;
  }
  return "open";
}

/** Where a line of a text begins and ends, to show it. */
export function placeOf(text: string, line: number): [from: number, to: number] {
  const ends = /\r\n|\r|\n/g;
  let from = 0;
  for (let at = 1; at < line && ends.exec(text); at++) from = ends.lastIndex;
  ends.lastIndex = from;
  return [from, ends.exec(text)?.index ?? text.length];
}
