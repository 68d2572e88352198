// The activities of a span of time, as a second list beside the live one: read from the store, and joined by whatever the
// live feed brings that occurred within it. What it shows is a view like any other.

import type { World } from "./connection";
import type { FilterSet } from "./filter";
import type { Activity, Cursor, Page } from "./types";
import { View } from "./view";

const SEAL_FIRST_MS = 600;
const SEAL_EVERY_MS = 10_000;
const PAGE = 200;
const AGAIN_MS = 2_000;
const EMPTY_PAGES_MAX = 40;

/** By `occurred_at`, in milliseconds: from `since` on, before `until`; null is open. */
export interface Span {
  since: number | null;
  until: number | null;
}

export interface RangeOptions {
  filter: FilterSet;
  span: Span;
  read(filter: FilterSet, span: Span, before: Cursor | null, limit: number): Promise<Page>;
  /** How many there are up to a place of the log; null where the store could not look that far. */
  count(filter: FilterSet, span: Span, before: Cursor): Promise<number | null>;
  now(): number;
  after: World["after"];
  changed(): void;
  rowsMax?: number;
}

/** What a list on the page is drawn from: the live feed is one, a range another. */
export interface Listed {
  readonly view: View;
  readonly loadingOlder: boolean;
  readonly full: boolean;
  readonly tired: boolean;
  /** How many match below what is held; null until that is known. */
  readonly below: number | null;
  /** Compares what is held with the store now. */
  checkSeal(): void;
  loadOlder(): Promise<boolean>;
  searchOn(): void;
  hold(): void;
  release(): void;
}

export class Range implements Listed {
  view: View;
  loadingOlder = false;
  /** True while the store does not answer. */
  failed = false;
  /** Nothing is found yet: what the live feed brings may lie below what is being searched, and waits. */
  #beginning = true;
  #emptyPages = 0;
  #generation = 0;
  #early: { rows: Activity[]; position: Cursor | null } = { rows: [], position: null };
  #cancel = () => {};
  #cancelSeal = () => {};
  /** How many there are at or below where the seal begins; by that place, which names it. */
  #belowSeal: { from: Cursor | null; count: number } | null = null;
  #span: Span;

  constructor(private readonly options: RangeOptions) {
    this.#span = options.span;
    this.view = new View(options.filter, options.rowsMax);
    void this.#begin();
  }

  get full(): boolean {
    return this.view.rows.length >= this.view.historyMax;
  }

  get tired(): boolean {
    return this.#emptyPages >= EMPTY_PAGES_MAX;
  }

  get below(): number | null {
    const { view } = this;
    if (!view.settled) return null;
    if (view.older === null) return 0;
    const under = this.#belowSeal;
    return under?.from === view.seal.from ? Math.max(0, under!.count + view.seal.shown - view.rows.length - view.overflow) : null;
  }

  /** The span moved along, as the last hour does: what fell out of it goes, and what has come into it is read. */
  slide(span: Span): void {
    const from = this.#span;
    if (span.since === from.since && span.until === from.until) return;
    this.#span = span;
    this.#belowSeal = null;
    if (span.until !== from.until || (span.since ?? -Infinity) < (from.since ?? -Infinity)) return this.again();
    this.#narrow();
    this.options.changed();
  }

  /** Rows were changed, or the filter means others now: all is read again. */
  again(): void {
    this.#generation++;
    this.#belowSeal = null;
    this.loadingOlder = false;
    void this.#begin();
  }

  stop(): void {
    this.#generation++;
    this.#cancel();
    this.#cancelSeal();
  }

  /** Rows the live feed brought, and the position it has reached with them. */
  came(rows: readonly Activity[], position: Cursor | null): void {
    const within = rows.filter((row) => this.#within(row));
    if (!within.length) return;
    if (this.#beginning) this.#early = { rows: [...this.#early.rows, ...within], position };
    else this.#put(within, position);
  }

  hold(): void {
    this.view.hold();
    this.options.changed();
  }

  release(): void {
    // What waited and was let go for want of room is read again.
    if (this.view.release()) this.again();
    this.options.changed();
  }

  searchOn(): void {
    this.#emptyPages = 0;
    void this.#more();
  }

  async loadOlder(): Promise<boolean> {
    const { view } = this;
    const before = view.older;
    if (this.loadingOlder || !view.settled || before === null || this.full || this.tired) return false;
    const generation = this.#generation;
    view.historyAsked();
    const page = await this.#read(before);
    // Rows were forgotten at the low end while the page was on its way: it does not join there any more.
    if (page === null || generation !== this.#generation || view.older !== before) return false;
    view.history(page);
    this.#narrow();
    this.#sealSoon(SEAL_FIRST_MS);
    this.#emptyPages = page.items.length ? 0 : this.#emptyPages + 1;
    this.options.changed();
    return true;
  }

  async #begin(): Promise<void> {
    const generation = this.#generation;
    this.#beginning = true;
    this.#early = { rows: [], position: null };
    this.#emptyPages = 0;
    const page = await this.#read(null);
    if (generation !== this.#generation) return;
    if (page === null) {
      this.#cancel = this.options.after(AGAIN_MS, () => void this.#begin());
      return;
    }
    this.view.rows.replace([]);
    this.view.subscribed({ type: "subscribed", sub: "", rev: 1, mode: "fresh", items: [...page.items].reverse(), older: page.older, position: page.newer, head: page.newer, catching_up: false });
    this.#narrow();
    await this.#more();
  }

  /** Reads on until something is found, or it has been long enough. */
  async #more(): Promise<void> {
    const generation = this.#generation;
    while (this.view.rows.length === 0 && (await this.loadOlder()));
    if (generation !== this.#generation) return;
    if (this.failed) {
      this.#cancel = this.options.after(AGAIN_MS, () => void this.#more());
      return;
    }
    this.#beginning = false;
    const { rows, position } = this.#early;
    this.#early = { rows: [], position: null };
    this.#put(
      rows.filter((row) => this.#within(row)),
      position,
    );
    this.#sealSoon(SEAL_FIRST_MS);
  }

  async #read(before: Cursor | null): Promise<Page | null> {
    const generation = this.#generation;
    this.loadingOlder = true;
    this.options.changed();
    try {
      const page = await this.options.read(this.view.filter, this.#span, before, PAGE);
      if (generation === this.#generation) this.failed = false;
      return page;
    } catch {
      if (generation === this.#generation) this.failed = true;
      return null;
    } finally {
      if (generation === this.#generation) this.loadingOlder = false;
      this.options.changed();
    }
  }

  /** What was asked for before the span moved on may lie out of it by now. */
  #narrow(): void {
    this.view.narrow((row) => this.#within(row));
  }

  #sealSoon(ms: number): void {
    this.#cancelSeal();
    this.#cancelSeal = this.options.after(ms, () => this.checkSeal());
  }

  checkSeal(): void {
    this.#sealSoon(SEAL_EVERY_MS);
    void this.#compare();
  }

  /** Of this span the store holds, up to where this list has come, as many as it was given. */
  async #compare(): Promise<void> {
    const { view } = this;
    const { position } = view;
    if (this.#beginning || !view.settled || position === null) return;
    const [generation, span, { from, shown }] = [this.#generation, this.#span, view.seal];
    const count = async (before: Cursor | null) => (before === null ? 0 : this.options.count(view.filter, span, before));
    const held = this.#belowSeal;
    const [all, below] = await Promise.all([count(position), held?.from === from ? held!.count : count(from)]).catch(() => [null, null]);
    // The list is another one by now: the next question is about that.
    if (generation !== this.#generation || span !== this.#span || from !== view.seal.from) return this.#sealSoon(SEAL_FIRST_MS);
    if (all === null || below === null) return;
    this.#belowSeal = { from, count: below };
    if (view.seal.compare(all - below, null, this.options.now(), shown) === "refill") {
      // Once at once; where it still differs after that, with more patience.
      if (view.seal.state === "refilling") this.again();
      else {
        this.#cancelSeal();
        this.#cancelSeal = this.options.after(SEAL_EVERY_MS, () => this.again());
      }
    }
    this.options.changed();
  }

  #within(row: Activity): boolean {
    const { since, until } = this.#span;
    const at = Date.parse(row.occurred_at);
    return (since === null || at >= since) && (until === null || at < until);
  }

  #put(rows: readonly Activity[], position: Cursor | null): void {
    // What the first page held was in the log before it was read; only what is above it was sent later.
    const newest = this.view.rows.newest?.seq ?? 0;
    const items = rows.filter((row) => row.seq > newest);
    if (items.length && position !== null) this.view.activities({ type: "activities", sub: "", rev: 1, items, position });
    this.options.changed();
  }
}
