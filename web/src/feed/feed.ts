// A live feed: one connection, one subscription, one view. The page talks to
// this and draws what it holds; it never touches frames itself.

import { Connection, type Link, type World } from "./connection";
import { canonical, type FilterSet, toWire } from "./filter";
import { Latency } from "./latency";
import type { Activity, Cursor, Page, ServerFrame } from "./types";
import { View } from "./view";

const SUB = "feed";
const BACKFILL = 200;
const HISTORY_LIMIT = 200;
const HISTORY_LIMIT_MAX = 1_000;
const SEAL_FIRST_MS = 600;
const SEAL_EVERY_MS = 10_000;

export interface FeedOptions {
  url: string;
  filter: FilterSet;
  world: World;
  readPage(filter: FilterSet, before: Cursor, limit: number): Promise<Page>;
  changed(): void;
  /** Live rows as they come, for the chart. */
  came?(rows: Activity[]): void;
  directoryChanged?(what: string, key: string): void;
  rowsMax?: number;
}

export class Feed {
  readonly view: View;
  readonly latency = new Latency();
  readonly connection: Connection;
  loadingOlder = false;
  trouble: { code: string; message: string } | null = null;
  /** Why the view began afresh, when it had to. */
  resetReason: string | null = null;
  #refs = 0;
  #generation = 0;
  #cancelSeal = () => {};

  constructor(private readonly options: FeedOptions) {
    this.view = new View(options.filter, options.rowsMax);
    this.connection = new Connection(
      options.url,
      options.world,
      (frame) => this.#heard(frame),
      (link) => this.#linked(link),
    );
  }

  start(): void {
    this.connection.start();
  }

  stop(): void {
    this.#generation++;
    this.#cancelSeal();
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

  /** Reads the next page of history. */
  async loadOlder(): Promise<void> {
    const { view } = this;
    const before = view.older;
    if (this.loadingOlder || !view.settled || before === null) return;
    if (view.shownRows >= view.rows.limit) return;
    const generation = this.#generation;
    this.loadingOlder = true;
    this.options.changed();
    try {
      const limit = Math.min(HISTORY_LIMIT_MAX, Math.max(HISTORY_LIMIT, view.unconfirmed + 50));
      const page = await this.options.readPage(view.filter, before, limit);
      // The filter changed, or rows were forgotten, while the page was on its way.
      if (generation === this.#generation && view.older === before) view.history(page);
    } catch {
      // Being offline is said by the connection; scrolling asks again.
    } finally {
      this.loadingOlder = false;
      this.options.changed();
    }
  }

  #refilter(filter: FilterSet): void {
    this.#generation++;
    this.trouble = null;
    const ref = `r${++this.#refs}`;
    const sent =
      this.view.rev > 0 &&
      this.connection.send({ type: "refilter", sub: SUB, ref, filter: toWire(filter), backfill: BACKFILL });
    this.view.refilter(filter, sent ? ref : null);
    // A position reached under another filter proves nothing for this one.
    if (!sent) this.view.position = null;
    this.options.changed();
  }

  #linked(link: Link): void {
    if (link.state !== "open") {
      this.#cancelSeal();
      if (this.view.pendingRef !== null) {
        this.view.pendingRef = null;
        this.view.position = null;
      }
      this.view.rev = 0;
      this.view.catchingUp = false;
    }
    this.options.changed();
  }

  #subscribe(): void {
    const { view } = this;
    this.connection.send({
      type: "subscribe",
      sub: SUB,
      ref: `s${++this.#refs}`,
      filter: view.filter,
      backfill: BACKFILL,
      ...(view.position === null ? {} : { after: view.position }),
    });
    this.#subscribedFilter = canonical(view.filter);
  }
  #subscribedFilter = "";

  #heard(frame: ServerFrame): void {
    const { view } = this;
    switch (frame.type) {
      case "welcome":
        this.#subscribe();
        break;
      case "subscribed":
        view.subscribed(frame);
        // The filter was changed between the word and its answer.
        if (this.#subscribedFilter !== canonical(view.filter)) this.#refilter(view.filter);
        else this.#settled();
        break;
      case "refiltered":
        view.refiltered(frame);
        if (view.pendingRef === null) this.#settled();
        break;
      case "activities": {
        const live = !view.catchingUp;
        const rows = view.activities(frame);
        if (live) for (const row of rows) this.latency.came(row.recorded_at);
        if (rows.length) this.options.came?.(rows);
        break;
      }
      case "position":
        view.moved(frame.position);
        break;
      case "lagging":
        view.catchingUp = true;
        view.caughtUpRows = 0;
        break;
      case "caught_up":
        view.catchingUp = false;
        view.moved(frame.position);
        this.#sealSoon(SEAL_FIRST_MS);
        break;
      case "sealed":
        this.#sealed(frame);
        break;
      case "reset":
        this.resetReason = frame.reason;
        view.position = null;
        break;
      case "changed":
        this.options.directoryChanged?.(frame.what, frame.key);
        break;
      case "error":
        this.#failed(frame);
        break;
    }
    this.options.changed();
  }

  #settled(): void {
    this.trouble = null;
    this.#generation++;
    this.#sealSoon(SEAL_FIRST_MS);
    // Rows kept from before stand below what was sent: have them confirmed.
    if (this.view.unconfirmed > 0) void this.loadOlder();
  }

  #sealSoon(ms: number): void {
    this.#cancelSeal();
    this.#cancelSeal = this.options.world.after(ms, () => this.checkSeal());
  }

  checkSeal(): void {
    const { view } = this;
    this.#sealSoon(SEAL_EVERY_MS);
    if (view.catchingUp || !view.settled || view.rev === 0 || view.pendingRef !== null) return;
    this.connection.send({ type: "seal", sub: SUB, from: view.seal.from });
  }

  #sealed(frame: Extract<ServerFrame, { type: "sealed" }>): void {
    const { view } = this;
    if (frame.rev !== view.rev || view.pendingRef !== null || !view.settled) return;
    if (view.seal.from !== null && frame.from !== view.seal.from) return;
    view.moved(frame.position);
    if (view.seal.compare(frame.stored, frame.since, this.options.world.now()) === "complete") return;
    // Not equal: read it afresh and ask again, until it is so; the state says how far that is.
    const { state } = view.seal;
    this.#refilter(view.filter);
    view.seal.state = state;
  }

  #failed(frame: Extract<ServerFrame, { type: "error" }>): void {
    if (frame.code === "seal_busy") return;
    if (frame.code === "cursor_invalid") {
      this.view.position = null;
      this.#subscribe();
      return;
    }
    if (frame.ref !== undefined && frame.ref === this.view.pendingRef) this.view.pendingRef = null;
    this.trouble = { code: frame.code, message: frame.message };
  }
}
