// The bridge from the plain feed to Svelte: however many frames come, the page
// is told at most once per animation frame.

import { browserWorld, Feed, type Activity, type FilterSet } from "../feed";
import { api } from "./api";

export class Live {
  /** Rises once per painted change; reading it subscribes a component to the feed. */
  version = $state(0);
  readonly feed: Feed;
  #asked = 0;
  #listeners: ((rows: Activity[]) => void)[] = [];
  #off: (() => void)[] = [];

  constructor(filter: FilterSet, directoryChanged: (what: string, key: string) => void) {
    this.feed = new Feed({
      url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/ws`,
      filter,
      world: browserWorld,
      readPage: (f, before, limit) => api.page(f, before, limit),
      changed: () => this.#ask(),
      came: (rows) => this.#listeners.forEach((hear) => hear(rows)),
      directoryChanged,
    });
    const online = () => this.feed.connection.check();
    const shown = () => document.visibilityState === "visible" && this.feed.connection.check();
    addEventListener("online", online);
    document.addEventListener("visibilitychange", shown);
    this.#off = [
      () => removeEventListener("online", online),
      () => document.removeEventListener("visibilitychange", shown),
    ];
    this.feed.start();
  }

  stop(): void {
    this.feed.stop();
    cancelAnimationFrame(this.#asked);
    this.#off.forEach((off) => off());
  }

  onRows(hear: (rows: Activity[]) => void): () => void {
    this.#listeners.push(hear);
    return () => (this.#listeners = this.#listeners.filter((l) => l !== hear));
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = requestAnimationFrame(() => {
      this.#asked = 0;
      this.version++;
      // After this frame's work the rows are on the screen.
      requestAnimationFrame(() => {
        const { connection, latency } = this.feed;
        latency.painted(Date.now() + connection.clockOffset);
      });
    });
  }
}
