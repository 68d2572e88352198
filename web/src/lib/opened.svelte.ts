// The activity that the address names: `#a=ID`. It may be one of the rows, one of long ago, or of another event.

import type { Activity } from "../feed";
import { api, Problem } from "./api";
import { eventPath, router } from "./router.svelte";

export class Opened {
  row = $state.raw<Activity | null>(null);
  /** Why it cannot be shown; with `again`, asking again may help. */
  problem = $state.raw<{ why: "gone" | "denied" | "unanswered"; again: boolean } | null>(null);
  /** True for one that was not among the rows, but asked for by its id. */
  asked = $state(false);
  readonly #event: string;
  #reads = 0;

  constructor(event: string) {
    this.#event = event;
  }

  get wanted(): string | null {
    const id = /^#a=(.+)$/.exec(router.hash)?.[1] ?? null;
    try {
      return id && decodeURIComponent(id);
    } catch {
      return id;
    }
  }

  /** To be called whenever the address changes; `held` looks among the rows that are here. */
  follow(held: (id: string) => Activity | undefined): void {
    const id = this.wanted;
    this.problem = null;
    if (id === null) this.row = null;
    else if (this.row?.id !== id) {
      this.row = held(id) ?? null;
      this.asked = false;
      if (!this.row) void this.read();
    }
  }

  async read(): Promise<void> {
    const id = this.wanted;
    if (id === null) return;
    this.problem = null;
    const read = ++this.#reads;
    try {
      const row = await api.activity(id);
      if (read !== this.#reads || this.wanted !== id) return;
      // Names and filters on this page are those of its event.
      if (row.event.key !== this.#event) router.go(`${eventPath(row.event.key, "activity")}${router.hash}`, true);
      else {
        this.row = row;
        this.asked = true;
      }
    } catch (error) {
      if (read !== this.#reads || this.wanted !== id) return;
      const gone = error instanceof Problem && [400, 404, 410].includes(error.status);
      const denied = error instanceof Problem && error.status === 403;
      const why = gone ? "gone" : denied ? "denied" : "unanswered";
      this.problem = { why, again: why === "unanswered" };
    }
  }

  /** What is open is erased: there is nothing to show any more. */
  gone(): void {
    this.#reads++;
    this.row = null;
    this.problem = { why: "gone", again: false };
  }

  open(row: Activity): void {
    this.row = row;
    this.asked = false;
    this.#go(`#a=${row.id}`);
  }
  close(): void {
    this.row = null;
    this.problem = null;
    this.#go("");
  }
  #go(hash: string): void {
    router.go(router.path + router.search + hash, true);
  }
}
