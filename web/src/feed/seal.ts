// The completeness seal: does this view hold what the store holds?
//
// `shown` counts every activity this view was given above `from`, those that
// have scrolled out of memory included. The store's count comes as `sealed`,
// after everything it counts, so at that moment the two must be equal.

import type { Cursor } from "./types";

export type SealState =
  /** Nothing has been compared since this view began. */
  | "unchecked"
  | "complete"
  /** The counts differed; the view is being read afresh. */
  | "refilling"
  /** They differed again after refilling. */
  | "incomplete";

export class Seal {
  state: SealState = "unchecked";
  /** Null where the view reaches down to the start of the log. */
  from: Cursor | null = null;
  shown = 0;
  stored = 0;
  since: string | null = null;
  checkedAt = 0;
  #base = 0;
  #last = 0;
  #changedAt = 0;
  #changedThere = new Set<number>();

  /** Begins anew: `given` are the seqs of the rows in (`from`, now], oldest first. */
  begin(from: Cursor | null, given: number[]): void {
    this.from = from;
    this.shown = given.length;
    this.#base = from === null ? 0 : (given[0] ?? Infinity);
    this.#last = given[given.length - 1] ?? 0;
    this.#changedAt = 0;
    this.#changedThere.clear();
    if (this.state === "complete") this.state = "unchecked";
  }

  /** A row given within a rev: in seq order, so one not above the last was given before. */
  gave(seq: number): void {
    if (seq <= this.#last) return;
    this.#last = seq;
    if (this.#base === Infinity) this.#base = seq;
    this.shown++;
  }

  /** A page of history that ends exactly where the seal begins: from now on it is vouched for too. */
  extend(before: Cursor, from: Cursor | null, given: number[]): void {
    if (this.from === null || before !== this.from) return;
    this.from = from;
    this.shown += given.length;
    this.#base = from === null ? 0 : Math.min(this.#base, given[0] ?? this.#base);
  }

  /** A row that is held, or is not, entered or left. */
  add(seq: number, by: 1 | -1): void {
    if (seq >= this.#base) this.shown += by;
  }

  /**
   * An entry at `at` that changed the membership of a row given earlier. One entry may change many
   * rows, and the same change may be told twice, so both are remembered for the newest entry.
   */
  changed(seq: number, at: number, by: 1 | -1): void {
    if (at < this.#changedAt || seq < this.#base) return;
    if (at > this.#changedAt) {
      this.#changedAt = at;
      this.#changedThere.clear();
    }
    if (this.#changedThere.has(seq)) return;
    this.#changedThere.add(seq);
    this.shown += by;
  }

  /** True where the seal counts rows so far down. */
  reaches(seq: number): boolean {
    return seq >= this.#base;
  }

  /** Begins where the list now ends, with the rows that are held: fewer of the same are as sure as all of them were. */
  shorten(from: Cursor | null, held: number[]): void {
    const { state } = this;
    this.begin(from, held);
    this.state = state;
  }

  /** The store's answer, to what was shown where it was asked. "refill" means: read the view afresh and ask again. */
  compare(stored: number, since: string | null, now: number, shown = this.shown): "complete" | "refill" {
    this.stored = stored;
    this.since = since;
    this.checkedAt = now;
    if (stored === shown) {
      this.state = "complete";
      return "complete";
    }
    this.state = this.state === "refilling" || this.state === "incomplete" ? "incomplete" : "refilling";
    return "refill";
  }
}
