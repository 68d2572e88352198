// The activities of a span of time, as a second list beside the live one: read from the store, and joined by whatever the
// live feed brings that occurred within it. What it shows is a view like any other.

import type { World } from "./connection";
import type { FilterSet } from "./filter";
import type { Activity, Cursor, Page } from "./types";
import { View } from "./view";

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
  #beginning = true;
  #emptyPages = 0;
  #generation = 0;
  #early: { rows: Activity[]; position: Cursor | null } = { rows: [], position: null };
  #cancel = () => {};

  constructor(private readonly options: RangeOptions) {
    this.view = new View(options.filter, options.rowsMax);
    void this.#begin();
  }

  get full(): boolean {
    return this.view.rows.length >= this.view.historyMax;
  }

  get tired(): boolean {
    return this.#emptyPages >= EMPTY_PAGES_MAX;
  }

  /** Rows were changed, or the filter means others now: all is read again. */
  again(): void {
    this.#generation++;
    this.loadingOlder = false;
    void this.#begin();
  }

  stop(): void {
    this.#generation++;
    this.#cancel();
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
    if (page === null || generation !== this.#generation) return false;
    view.history(page);
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
    this.#beginning = false;
    this.view.rows.replace([]);
    this.view.subscribed({ type: "subscribed", sub: "", rev: 1, mode: "fresh", items: [...page.items].reverse(), older: page.older, position: page.newer, head: page.newer, catching_up: false });
    this.#put(this.#early.rows, this.#early.position);
    this.options.changed();
    await this.#more();
  }

  /** Reads on until something is found, or it has been long enough. */
  async #more(): Promise<void> {
    while (this.view.rows.length === 0 && (await this.loadOlder()));
  }

  async #read(before: Cursor | null): Promise<Page | null> {
    const generation = this.#generation;
    this.loadingOlder = true;
    this.options.changed();
    try {
      const page = await this.options.read(this.view.filter, this.options.span, before, PAGE);
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

  #within(row: Activity): boolean {
    const { since, until } = this.options.span;
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
