// The bridge from the plain feed to Svelte: however many frames come, the page
// is told at most once per animation frame.

import { browserWorld, type Cursor, Feed, type Activity, type FilterSet } from "../feed";
import { api } from "./api";
import { time } from "./time.svelte";

/** From so many rows a second on, the page is drawn in batches. */
const BUSY_RATE = 60;
const BUSY_PAINT_MS = 150;

export class Live {
  /** Rises once per painted change; reading it subscribes a component to the feed. */
  version = $state(0);
  readonly feed: Feed;
  #asked = 0;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #paintedAt = 0;
  #rate = 0;
  #inSecond = 0;
  #secondAt = 0;
  #listeners: ((rows: Activity[], position: Cursor | null) => void)[] = [];
  #beginners: (() => void)[] = [];
  #mourners: ((seqs: number[]) => void)[] = [];
  #off: (() => void)[] = [];

  constructor(
    filter: FilterSet,
    hear: { directoryChanged(what: string, keys: string[] | null): void; refused(inForce: FilterSet): void },
  ) {
    this.feed = new Feed({
      url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/ws`,
      filter,
      world: browserWorld,
      readPage: (f, before, limit) => api.page(f, before, limit),
      changed: () => {
        time.offset = this.feed?.connection.clockOffset ?? 0;
        this.#ask();
      },
      came: (rows, position) => {
        this.#count(rows.length);
        this.#listeners.forEach((hear) => hear(rows, position));
      },
      began: () => this.#beginners.forEach((hear) => hear()),
      erased: (seqs) => this.#mourners.forEach((hear) => hear(seqs)),
      directoryChanged: hear.directoryChanged,
      refused: hear.refused,
    });
    const online = () => this.feed.connection.check();
    const shown = () => {
      // What came while nobody was looking was painted late for no fault of the path.
      this.feed.latency.discard();
      if (document.visibilityState === "visible") this.feed.connection.check();
    };
    const offline = () => this.feed.connection.networkLost();
    addEventListener("online", online);
    addEventListener("offline", offline);
    document.addEventListener("visibilitychange", shown);
    this.#off = [
      () => removeEventListener("online", online),
      () => removeEventListener("offline", offline),
      () => document.removeEventListener("visibilitychange", shown),
    ];
    this.feed.start();
  }

  /** Reads what the feed holds, again whenever it has changed. */
  read<T>(get: (feed: Feed) => T): T {
    void this.version;
    return get(this.feed);
  }

  stop(): void {
    this.feed.stop();
    cancelAnimationFrame(this.#asked);
    clearTimeout(this.#waiting);
    this.#off.forEach((off) => off());
  }

  onRows(hear: (rows: Activity[], position: Cursor | null) => void): () => void {
    this.#listeners.push(hear);
    return () => (this.#listeners = this.#listeners.filter((l) => l !== hear));
  }

  /** The view began anew: what was counted from its rows must be counted afresh. */
  onBegan(hear: () => void): () => void {
    this.#beginners.push(hear);
    return () => (this.#beginners = this.#beginners.filter((l) => l !== hear));
  }

  /** Activities were erased. */
  onErased(hear: (seqs: number[]) => void): () => void {
    this.#mourners.push(hear);
    return () => (this.#mourners = this.#mourners.filter((l) => l !== hear));
  }

  /** How many rows came in the last second. */
  get rate(): number {
    return performance.now() - this.#secondAt < 2_000 ? this.#rate : 0;
  }

  #count(rows: number): void {
    const now = performance.now();
    if (now - this.#secondAt >= 1_000) {
      this.#rate = now - this.#secondAt < 2_000 ? this.#inSecond : 0;
      this.#inSecond = 0;
      this.#secondAt = now;
    }
    this.#inSecond += rows;
  }

  /** Something the page shows beside the feed has changed. */
  changed(): void {
    this.#ask();
  }

  #ask(): void {
    if (this.#asked || this.#waiting) return;
    // Many rows a second come in batches: a person reads batches, not a blur.
    const wait = this.rate > BUSY_RATE ? this.#paintedAt + BUSY_PAINT_MS - performance.now() : 0;
    if (wait > 0) {
      this.#waiting = setTimeout(() => {
        this.#waiting = undefined;
        this.#frame();
      }, wait);
    } else this.#frame();
  }

  #frame(): void {
    this.#asked = requestAnimationFrame(() => {
      this.#asked = 0;
      this.#paintedAt = performance.now();
      this.version++;
      // After this frame's work the rows are on the screen.
      requestAnimationFrame(() => {
        const { latency } = this.feed;
        latency.painted(time.now());
      });
    });
  }
}
