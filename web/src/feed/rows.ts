// The rows a view holds: sorted by seq, oldest first, at most `limit`.
//
// Cursors are opaque, so a row has none of its own. To be able to forget the
// oldest rows and still read them again later, the buffer keeps marks: a cursor
// and the last seq at or below it. Forgetting ends at a mark, and that mark's
// cursor is where reading on has to begin.

import type { Activity, Cursor } from "./types";

export const ROWS_MAX = 5_000;
const MARKS_MAX = 2_000;

export interface Mark {
  seq: number;
  cursor: Cursor;
}

/** How many of these rows, sorted by seq, have one at or below this. */
export function countUpTo(rows: readonly Activity[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.seq <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class Rows {
  #rows: Activity[] = [];
  #marks: Mark[] = [];

  constructor(readonly limit = ROWS_MAX) {}

  get length(): number {
    return this.#rows.length;
  }
  get newest(): Activity | undefined {
    return this.#rows[this.#rows.length - 1];
  }
  get oldest(): Activity | undefined {
    return this.#rows[0];
  }
  at(index: number): Activity | undefined {
    return this.#rows[index];
  }
  /** All of them, oldest first. Rows are added behind; whatever else happens makes another array. */
  all(): readonly Activity[] {
    return this.#rows;
  }

  /** How many rows have a seq at or below this one. */
  upTo(seq: number): number {
    return countUpTo(this.#rows, seq);
  }

  get(seq: number): Activity | undefined {
    const row = this.#rows[this.upTo(seq) - 1];
    return row?.seq === seq ? row : undefined;
  }

  /** Puts a row in its place; a row already held is replaced. */
  put(row: Activity): void {
    const last = this.newest;
    if (!last || row.seq > last.seq) {
      this.#rows.push(row);
      return;
    }
    const index = this.upTo(row.seq);
    if (this.#rows[index - 1]?.seq === row.seq) this.#rows[index - 1] = row;
    else this.#rows = [...this.#rows.slice(0, index), row, ...this.#rows.slice(index)];
  }

  remove(seq: number): void {
    const index = this.upTo(seq) - 1;
    if (this.#rows[index]?.seq === seq) this.#rows = this.#rows.filter((row) => row.seq !== seq);
  }

  /** Keeps only rows that pass; the rows that stay keep their order. */
  keep(test: (row: Activity) => boolean): void {
    this.#rows = this.#rows.filter(test);
  }

  /** Puts many rows in at once; `rows` win over rows held with the same seq. */
  merge(rows: readonly Activity[]): void {
    if (rows.length === 0) return;
    const bySeq = new Map(this.#rows.map((row) => [row.seq, row]));
    for (const row of rows) bySeq.set(row.seq, row);
    this.#rows = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Begins anew with these rows and no marks. */
  replace(rows: readonly Activity[]): void {
    this.#rows = [...rows].sort((a, b) => a.seq - b.seq);
    this.#marks = [];
  }

  /** Everything held so far lies at or below this cursor. */
  mark(cursor: Cursor): void {
    const seq = this.newest?.seq ?? 0;
    const last = this.#marks[this.#marks.length - 1];
    if (last && last.seq === seq) last.cursor = cursor;
    else this.#marks.push({ seq, cursor });
    if (this.#marks.length > MARKS_MAX) this.#marks = this.#marks.filter((_, i) => i % 2 === 1);
  }

  /** A page of history ends at this cursor; `seq` is its newest row. */
  markBelow(cursor: Cursor, seq: number): void {
    const first = this.#marks[0];
    if (!first || seq < first.seq) this.#marks.unshift({ seq, cursor });
  }

  /** Forgets the oldest rows, `most` at most, whatever the marks say. */
  dropOldest(most: number): void {
    if (most > 0) this.#rows = this.#rows.slice(most);
  }

  /** Forgets the oldest rows beyond the limit; the mark from which they can be read again, or null. */
  trim(): Mark | null {
    const surplus = this.#rows.length - this.limit;
    if (surplus <= 0) return null;
    const must = this.#rows[surplus - 1]!.seq;
    const index = this.#marks.findIndex((m) => m.seq >= must);
    const mark = this.#marks[index];
    if (!mark) return null;
    this.#rows = this.#rows.slice(this.upTo(mark.seq));
    this.#marks.splice(0, index + 1);
    return mark;
  }
}
