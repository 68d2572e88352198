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
  from: Cursor | null = null;
  shown = 0;
  stored = 0;
  since: string | null = null;
  checkedAt = 0;
  #base = 0;
  #last = 0;
  #amendedAt = 0;

  /** Begins anew: `given` are the seqs of the rows in (`from`, now], oldest first. */
  begin(from: Cursor | null, given: number[]): void {
    this.from = from;
    this.shown = given.length;
    this.#base = given[0] ?? Infinity;
    this.#last = given[given.length - 1] ?? 0;
    this.#amendedAt = 0;
    if (this.state === "complete") this.state = "unchecked";
  }

  /** A row given within a rev: in seq order, so one not above the last was given before. */
  gave(seq: number): void {
    if (seq <= this.#last) return;
    this.#last = seq;
    if (this.#base === Infinity) this.#base = seq;
    this.shown++;
  }

  /** An entry that changed the membership of a row given earlier. `at` rises, so twice is once. */
  changed(seq: number, at: number, by: 1 | -1): void {
    if (at <= this.#amendedAt || seq < this.#base) return;
    this.#amendedAt = at;
    this.shown += by;
  }

  /** The store's answer. "refill" means: read the view afresh and ask again. */
  compare(stored: number, since: string | null, now: number): "complete" | "refill" {
    this.stored = stored;
    this.since = since;
    this.checkedAt = now;
    if (stored === this.shown) {
      this.state = "complete";
      return "complete";
    }
    this.state = this.state === "refilling" || this.state === "incomplete" ? "incomplete" : "refilling";
    return "refill";
  }
}
