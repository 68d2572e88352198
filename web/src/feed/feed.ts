// A live feed: one connection, one subscription, one view. The page talks to
// this and draws what it holds; it never touches frames itself.

import { Connection, type Link, type World } from "./connection";
import { byMembership, canonical, type FilterSet, toWire } from "./filter";
import { Latency } from "./latency";
import { Sealer } from "./sealer";
import type { Activity, Cursor, Page, ServerFrame } from "./types";
import { View } from "./view";

const SUB = "feed";
const BACKFILL = 200;
const HISTORY_LIMIT = 200;
const HISTORY_LIMIT_MAX = 1_000;
/** Pages read without being asked, to confirm rows kept from before; then they are let go. */
const CONFIRM_PAGES_MAX = 20;
/** Pages that held nothing which are read in a row without being asked. */
const EMPTY_PAGES_MAX = 20;
const AGAIN_MS = 2_000;
/** Corrections may come by the thousand: what is made of the rows is made afresh so often at most. */
const AFRESH_MS = 1_000;

export interface FeedOptions {
  url: string;
  filter: FilterSet;
  world: World;
  readPage(filter: FilterSet, before: Cursor, limit: number): Promise<Page>;
  changed(): void;
  /** Rows above the position that the view had, and the one it has now: each row once between two calls of `began`. */
  came?(rows: Activity[], position: Cursor | null): void;
  /** The view began anew, or rows it was given have changed: what was made of them is to be made afresh. */
  began?(): void;
  /** These activities are gone for good. */
  erased?(seqs: number[]): void;
  directoryChanged?(what: string, keys: string[] | null): void;
  /** The server would not have the filter; this one, the last it took, is in force again. */
  refused?(inForce: FilterSet): void;
  rowsMax?: number;
  /** Rows asked for with a subscription or a new filter. */
  backfill?: number;
  /** Rows asked for with a page of history. */
  page?: number;
}

export class Feed {
  readonly view: View;
  readonly latency = new Latency();
  readonly connection: Connection;
  trouble: { code: string; message: string } | null = null;
  /** How often a seal did not hold and the view was read afresh. */
  refills = 0;
  /** Why the view began afresh, when it had to. */
  resetReason: string | null = null;
  readonly #backfill: number;
  readonly #page: number;
  #refs = 0;
  #generation = 0;
  /** The generation whose page of history is on its way. */
  #loading: number | null = null;
  #accepted: FilterSet | null = null;
  #subscribing: { ref: string; filter: FilterSet } | null = null;
  readonly #sealer: Sealer;
  #emptyPages = 0;
  #cancelAgain = () => {};
  #cancelAfresh: (() => void) | null = null;

  constructor(private readonly options: FeedOptions) {
    this.#backfill = options.backfill ?? BACKFILL;
    this.#page = options.page ?? HISTORY_LIMIT;
    this.view = new View(options.filter, options.rowsMax);
    this.view.asked = this.#backfill;
    this.connection = new Connection(
      options.url,
      options.world,
      (frame) => this.#heard(frame),
      (link) => this.#linked(link),
    );
    this.#sealer = new Sealer(this.view, options.world, {
      ask: (question) => this.connection.send({ type: "seal", sub: SUB, ...question }),
      refill: () => {
        this.refills++;
        this.#refilter(this.view.filter);
      },
    });
  }

  start(): void {
    this.connection.start();
  }

  stop(): void {
    this.#generation++;
    this.#sealer.stop();
    this.#cancelAgain();
    this.#cancelAfresh?.();
    this.connection.stop();
  }

  /** A change shows at once with what is here and is settled by the server's `refiltered`. */
  setFilter(filter: FilterSet): void {
    if (canonical(filter) === canonical(this.view.filter)) return;
    this.#refilter(filter);
  }

  hold(): void {
    this.view.hold();
    this.options.changed();
  }

  release(): void {
    if (this.view.release()) this.#refilter(this.view.filter);
    this.options.changed();
  }

  /** A timer of the feed's world. */
  after(ms: number, run: () => void): () => void {
    return this.options.world.after(ms, run);
  }

  get loadingOlder(): boolean {
    return this.#loading === this.#generation;
  }

  /** True when as many rows are held as this page holds at most. */
  get full(): boolean {
    return this.view.rows.length >= this.view.historyMax && this.view.unconfirmed === 0;
  }

  /** True when the search for older rows found nothing for so long that it waits to be asked. */
  get tired(): boolean {
    return this.#emptyPages >= EMPTY_PAGES_MAX;
  }

  get below(): number | null {
    return this.#sealer.below;
  }

  /** Somebody asks for older rows, however long it was in vain. */
  searchOn(): void {
    this.#emptyPages = 0;
    void this.#findFirst();
    void this.loadOlder();
  }

  /** Reads the next page of history; false when there was none to read, or it could not be had. */
  async loadOlder(): Promise<boolean> {
    const { view } = this;
    const before = view.older;
    if (this.loadingOlder || !view.settled || before === null || this.full || this.tired) return false;
    const generation = this.#generation;
    let merged = false;
    this.#loading = generation;
    view.historyAsked();
    this.options.changed();
    try {
      const limit = Math.min(HISTORY_LIMIT_MAX, Math.max(this.#page, view.unconfirmed + 50));
      const page = await this.options.readPage(view.filter, before, limit);
      // The filter changed, or rows were forgotten, while the page was on its way.
      merged = generation === this.#generation && view.older === before;
      if (merged) {
        this.#sealer.extends(() => view.history(page));
        if (view.doubt) this.#again(() => this.#refilter(view.filter));
        this.#emptyPages = page.items.length ? 0 : this.#emptyPages + 1;
        this.#sealer.soon();
      }
    } catch {
      // Being offline is said by the connection; scrolling asks again.
      if (generation === this.#generation && view.unconfirmed > 0) this.#again(() => void this.#confirm());
    } finally {
      if (this.#loading === generation) this.#loading = null;
      this.options.changed();
    }
    return merged;
  }

  /** Rows kept from before stand below what was sent: has them confirmed, page by page. */
  async #confirm(): Promise<void> {
    const generation = this.#generation;
    for (let pages = 0; this.view.unconfirmed > 0; pages++) {
      if (pages === CONFIRM_PAGES_MAX) return this.view.dropUnconfirmed();
      if (!(await this.loadOlder()) || generation !== this.#generation) break;
    }
    // Overtaken by live rows, or the page could not be had.
    if (generation === this.#generation && this.view.unconfirmed > 0 && this.view.settled) this.#again(() => void this.#confirm());
  }

  /** Where nothing is to be seen yet, it is looked for further back without being asked. */
  async #findFirst(): Promise<void> {
    const generation = this.#generation;
    while (this.view.rows.length === 0 && (await this.loadOlder()) && generation === this.#generation);
  }

  #afresh(): void {
    this.#cancelAfresh ??= this.options.world.after(AFRESH_MS, () => {
      this.#cancelAfresh = null;
      this.options.began?.();
    });
  }

  #again(run: () => void): void {
    this.#cancelAgain();
    this.#cancelAgain = this.options.world.after(AGAIN_MS, () => (this.view.doubt ? this.#refilter(this.view.filter) : run()));
  }

  #refilter(filter: FilterSet): void {
    this.#generation++;
    this.#cancelAgain();
    this.#sealer.left();
    this.trouble = null;
    const ref = `r${++this.#refs}`;
    const wire = toWire(filter);
    const sent =
      this.view.rev > 0 &&
      this.connection.send({ type: "refilter", sub: SUB, ref, filter: wire, backfill: this.#backfill });
    this.view.refilter(wire, sent ? ref : null);
    if (!sent) {
      // A position reached under another filter proves nothing for this one.
      this.view.position = null;
      if (this.connection.link.state === "open" && !this.#subscribing) this.#subscribe();
    }
    this.options.changed();
  }

  #linked(link: Link): void {
    if (link.state !== "open") {
      this.#sealer.stop();
      this.#cancelAgain();
      this.#subscribing = null;
      this.view.disconnected();
    }
    this.options.changed();
  }

  #subscribe(): void {
    const { view } = this;
    const ref = `s${++this.#refs}`;
    this.#subscribing = { ref, filter: view.filter };
    // Who is a recipient may have changed meanwhile, and going on would only tell what is new.
    const resume = view.position !== null && !byMembership(view.filter);
    this.connection.send({
      type: "subscribe",
      sub: SUB,
      ref,
      filter: view.filter,
      backfill: this.#backfill,
      ...(resume ? { after: view.position } : {}),
    });
  }

  #heard(frame: ServerFrame): void {
    const { view } = this;
    switch (frame.type) {
      case "welcome":
        this.#subscribe();
        break;
      case "subscribed":
        this.#subscribed(frame);
        break;
      case "refiltered":
        view.refiltered(frame);
        if (view.pendingRef === null) {
          this.options.began?.();
          this.#settled();
        }
        break;
      case "activities": {
        const live = !view.catchingUp;
        const rows = view.activities(frame);
        if (live) for (const row of rows) this.latency.came(row.recorded_at);
        this.#came(rows);
        if (frame.amended?.length || frame.erased?.length) {
          this.#sealer.changed([...(frame.amended ?? []), ...(frame.erased ?? [])]);
          this.#afresh();
          if (frame.erased?.length) this.options.erased?.(frame.erased.map(({ seq }) => seq));
          if (view.doubt) this.#again(() => this.#refilter(view.filter));
        }
        break;
      }
      case "position":
        view.moved(frame.position);
        break;
      case "lagging":
        view.catchingUp = true;
        view.remaining = frame.remaining;
        break;
      case "caught_up":
        view.caughtUp(frame.position);
        this.#sealer.soon();
        break;
      case "sealed":
        this.#sealer.sealed(frame);
        break;
      case "reset":
        this.resetReason = frame.reason;
        if (frame.reason === "pruned") view.position = null;
        else view.forget();
        break;
      case "changed":
        this.options.directoryChanged?.(frame.what, frame.keys ?? null);
        break;
      case "unsubscribed":
        // The server could not go on with it; where it was is known.
        view.disconnected();
        this.#sealer.left();
        this.#again(() => {
          if (view.rev === 0 && !this.#subscribing) this.#subscribe();
        });
        break;
      case "error":
        this.#failed(frame);
        break;
    }
    this.options.changed();
  }

  #subscribed(frame: Extract<ServerFrame, { type: "subscribed" }>): void {
    const asked = this.#subscribing?.filter;
    this.#subscribing = null;
    this.view.subscribed(frame);
    if (frame.mode === "resumed") this.#came(frame.items);
    else this.options.began?.();
    // The filter was changed between the word and its answer, perhaps there and back: rows went with it.
    const changed = asked && canonical(asked) !== canonical(this.view.filter);
    if (changed || !this.view.settled) this.#refilter(this.view.filter);
    else this.#settled();
  }

  #came(rows: Activity[]): void {
    if (!rows.length) return;
    this.options.came?.(rows, this.view.position);
    this.#sealer.came();
  }

  #settled(): void {
    this.#accepted = this.view.filter;
    this.#generation++;
    this.#cancelAgain();
    this.#sealer.soon();
    this.#emptyPages = 0;
    this.#sealer.began();
    void this.#confirm();
    void this.#findFirst();
  }

  checkSeal(): void {
    this.#sealer.check();
  }

  #failed(frame: Extract<ServerFrame, { type: "error" }>): void {
    const { view } = this;
    const { ref } = frame;
    if (ref != null && this.#sealer.failed(ref, frame.code, frame.retry)) return;
    const asked = ref != null && ref === this.#subscribing?.ref ? this.#subscribing : null;
    if (frame.code === "cursor_invalid" && (asked || ref == null)) {
      view.position = null;
      // Where a subscription stands, another of its name would be refused.
      return view.rev > 0 && !asked ? this.#refilter(view.filter) : this.#subscribe();
    }
    if (ref == null) return;
    if (asked) {
      this.#subscribing = null;
      // It was about a filter that has been left meanwhile; the present one was never asked for.
      if (canonical(asked.filter) !== canonical(view.filter)) return this.#subscribe();
    }
    else if (frame.ref !== view.pendingRef) return;
    else {
      view.pendingRef = null;
      const inForce = this.#accepted;
      if (inForce) {
        this.#refilter(inForce);
        this.options.refused?.(inForce);
      }
    }
    this.trouble = { code: frame.code, message: frame.message };
    if (frame.retry) this.#again(() => this.#refilter(view.filter));
  }
}
