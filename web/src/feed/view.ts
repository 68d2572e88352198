// Reconciliation: frames in, rows out. One subscription, no transport, no clock.
//
// What the server says is kept apart from what is merely likely: rows at or
// above `floor` are confirmed for (older, position]; below it stand rows kept
// from before a change of filter, shown so that nothing jumps, until reading
// on from `older` confirms or removes them.

import { type FilterSet, matches, toWire } from "./filter";
import { Rows, ROWS_MAX } from "./rows";
import { Seal } from "./seal";
import type { Activity, Amended, Cursor, Erased, Page, ServerFrame } from "./types";

type Frame<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

export class View {
  readonly rows: Rows;
  readonly seal = new Seal();
  filter: FilterSet;
  rev = 0;
  position: Cursor | null = null;
  /** Where reading history goes on; null at the start of the log. */
  older: Cursor | null = null;
  floor = Infinity;
  catchingUp = false;
  caughtUpRows = 0;
  searchedBackTo: string | null = null;
  /** True once the server has answered for the present filter. */
  settled = false;
  /** Newest seq that is drawn while the list is held still; null when it follows. */
  ceiling: number | null = null;
  /** Waiting rows that were let go for want of room; releasing must read afresh. */
  overflow = 0;
  /** The `ref` of the refilter that has not been answered. */
  pendingRef: string | null = null;

  constructor(filter: FilterSet, limit = ROWS_MAX) {
    this.filter = toWire(filter);
    this.rows = new Rows(limit);
  }

  /** Rows drawn: all, or those at or below the ceiling. */
  get shownRows(): number {
    return this.ceiling === null ? this.rows.length : this.rows.upTo(this.ceiling);
  }
  get waiting(): number {
    return this.rows.length - this.shownRows + this.overflow;
  }

  hold(): void {
    this.ceiling ??= this.rows.newest?.seq ?? 0;
  }

  /** Follows again. True when waiting rows were let go, so that the view must be read afresh. */
  release(): boolean {
    const gap = this.overflow > 0;
    this.ceiling = null;
    this.overflow = 0;
    return gap;
  }

  /** The new filter, at once, with what is here. `ref` is null when not connected. */
  refilter(filter: FilterSet, ref: string | null): void {
    this.filter = toWire(filter);
    this.rows.keep((row) => matches(this.filter, row) !== "no");
    this.pendingRef = ref;
    this.settled = false;
    this.searchedBackTo = null;
    this.seal.state = "unchecked";
  }

  subscribed(frame: Frame<"subscribed">): void {
    this.rev = frame.rev;
    this.pendingRef = null;
    if (frame.mode === "fresh") this.#rebase(frame.items, frame.older, frame.position);
    else this.#append(frame.items, frame.position);
    this.catchingUp = frame.catching_up;
    this.caughtUpRows = frame.catching_up ? frame.items.length : 0;
  }

  refiltered(frame: Frame<"refiltered">): void {
    this.rev = frame.rev;
    if (this.pendingRef !== null) {
      // An answer to an earlier change, or the server's own accord under the
      // filter we have already left: only the position is of use.
      if (frame.ref !== this.pendingRef) {
        this.position = frame.position;
        return;
      }
      this.pendingRef = null;
    }
    this.#rebase(frame.items, frame.older, frame.position);
  }

  activities(frame: Frame<"activities">): Activity[] {
    this.position = frame.position;
    if (frame.rev !== this.rev) return [];
    if (this.pendingRef !== null) {
      // Still under the old filter: show what surely matches the new one; the
      // answer to the refilter replaces it.
      for (const row of frame.items) if (matches(this.filter, row) === "yes") this.rows.put(row);
      return [];
    }
    const changes = [...(frame.amended ?? []), ...(frame.erased ?? [])].sort((a, b) => a.at - b.at);
    this.#append(frame.items, frame.position);
    for (const change of changes) this.#change(change);
    if (this.catchingUp) this.caughtUpRows += frame.items.length;
    return frame.items;
  }

  #change(change: Amended | Erased): void {
    if (!("grade" in change)) {
      this.rows.remove(change.seq);
      this.seal.changed(change.seq, change.at, -1);
      return;
    }
    if (change.left) {
      this.rows.remove(change.seq);
      this.seal.changed(change.seq, change.at, -1);
    } else if (change.item) {
      if (change.seq >= this.floor) this.rows.put(change.item);
      this.seal.changed(change.seq, change.at, 1);
    } else {
      const row = this.rows.get(change.seq);
      if (row) this.rows.put({ ...row, grade: change.grade, grade_reasons: change.grade_reasons });
    }
  }

  /** A page of history that ends at `older`. */
  history(page: Page): void {
    const items = [...page.items].reverse();
    const low = page.older === null ? 0 : (items[0]?.seq ?? this.floor);
    const confirmed = new Set(items.map((row) => row.seq));
    this.rows.keep((row) => row.seq >= this.floor || row.seq < low || confirmed.has(row.seq));
    for (const row of items) this.rows.put(row);
    this.floor = Math.min(this.floor, low);
    this.older = page.older;
    this.searchedBackTo = page.complete ? null : page.searched_back_to;
  }

  /** Rows that stand below what is confirmed. */
  get unconfirmed(): number {
    return this.floor === Infinity ? this.rows.length : this.rows.upTo(this.floor - 1);
  }

  moved(position: Cursor): void {
    this.position = position;
    if (this.settled) this.rows.mark(position);
  }

  #append(items: Activity[], position: Cursor): void {
    for (const row of items) {
      if (this.floor > row.seq) this.floor = this.rows.length ? this.floor : row.seq;
      this.rows.put(row);
      this.seal.gave(row.seq);
    }
    this.position = position;
    this.rows.mark(position);
    this.#trim();
  }

  #rebase(items: Activity[], older: Cursor | null, position: Cursor): void {
    const low = older === null ? 0 : (items[0]?.seq ?? Infinity);
    const confirmed = new Set(items.map((row) => row.seq));
    // Rows above the low end are confirmed or gone; the rest waits for history.
    const kept = this.rows.all().filter((row) => row.seq < low && !confirmed.has(row.seq));
    this.rows.replace([...kept, ...items]);
    this.rows.mark(position);
    this.floor = low;
    this.older = older;
    this.position = position;
    this.settled = true;
    this.overflow = 0;
    this.searchedBackTo = null;
    this.seal.begin(
      older,
      items.map((row) => row.seq),
    );
    this.#trim();
  }

  #trim(): void {
    if (this.rows.length <= this.rows.limit) return;
    if (this.ceiling !== null) {
      // Somebody is reading: what waits is let go, never what is being read.
      const ceiling = this.ceiling;
      this.overflow += this.rows.length - this.rows.upTo(ceiling);
      this.rows.keep((row) => row.seq <= ceiling);
      return;
    }
    const older = this.rows.trim();
    if (older === null) return;
    this.older = older;
    this.floor = this.rows.oldest?.seq ?? Infinity;
  }
}
