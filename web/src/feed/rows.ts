// The rows a view holds: sorted by seq, oldest first, at most `limit`.
//
// Cursors are opaque, so a row has none of its own. To be able to forget the
// oldest rows and still read them again later, the buffer keeps marks: a cursor
// and the last seq at or below it. Forgetting ends at a mark, and that mark's
// cursor is where reading on has to begin.

import type { Activity, Cursor } from "./types";

export const ROWS_MAX = 5_000;
const MARKS_MAX = 2_000;

interface Mark {
  seq: number;
  cursor: Cursor;
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
  all(): readonly Activity[] {
    return this.#rows;
  }

  /** How many rows have a seq at or below this one. */
  upTo(seq: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#rows[middle]!.seq <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  get(seq: number): Activity | undefined {
    const row = this.#rows[this.upTo(seq) - 1];
    return row?.seq === seq ? row : undefined;
  }

  /** Puts a row in its place; a row already held is replaced. True when it was not held. */
  put(row: Activity): boolean {
    const last = this.newest;
    if (!last || row.seq > last.seq) {
      this.#rows.push(row);
      return true;
    }
    const index = this.upTo(row.seq);
    if (this.#rows[index - 1]?.seq === row.seq) {
      this.#rows[index - 1] = row;
      return false;
    }
    this.#rows.splice(index, 0, row);
    return true;
  }

  remove(seq: number): boolean {
    const index = this.upTo(seq) - 1;
    if (this.#rows[index]?.seq !== seq) return false;
    this.#rows.splice(index, 1);
    return true;
  }

  /** Keeps only rows that pass; the rows that stay keep their order. */
  keep(test: (row: Activity) => boolean): void {
    this.#rows = this.#rows.filter(test);
  }

  replace(rows: Activity[]): void {
    this.#rows = [...rows].sort((a, b) => a.seq - b.seq);
    this.#marks = [];
  }

  mark(cursor: Cursor): void {
    const seq = this.newest?.seq ?? 0;
    const last = this.#marks[this.#marks.length - 1];
    if (last && last.seq === seq) last.cursor = cursor;
    else this.#marks.push({ seq, cursor });
    if (this.#marks.length > MARKS_MAX) this.#marks = this.#marks.filter((_, i) => i % 2 === 1);
  }

  /** Forgets the oldest rows beyond the limit; the cursor from which they can be read again, or null. */
  trim(): Cursor | null {
    const surplus = this.#rows.length - this.limit;
    if (surplus <= 0) return null;
    const must = this.#rows[surplus - 1]!.seq;
    const index = this.#marks.findIndex((m) => m.seq >= must);
    const mark = this.#marks[index];
    if (!mark) return null;
    this.#rows.splice(0, this.upTo(mark.seq));
    this.#marks.splice(0, index + 1);
    return mark.cursor;
  }
}
