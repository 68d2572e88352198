// Where somebody left off: the newest row that was on the screen when the page was put away.

import type { Activity } from "../feed";
import { api } from "./api";

/** Looking away for less than this is not leaving. */
const AWAY_MS = 60_000;

interface Place {
  seq: number;
  id: string;
  /** When it was left, in milliseconds. */
  at: number;
}

export class LeftOff {
  /** Rows above this seq are new to whoever came back; null when nobody left. */
  place = $state.raw<Place | null>(null);
  readonly #key: string;
  readonly #newest: () => Activity | undefined;

  constructor(event: string, newest: () => Activity | undefined) {
    this.#key = `left ${event}`;
    this.#newest = newest;
    void this.#cameBack();
  }

  /** The page was hidden, or is shown again. */
  changed(visible: boolean): void {
    if (!visible) return this.leave();
    const kept = this.#kept;
    if (kept && Date.now() - kept.at >= AWAY_MS) this.place = kept;
  }

  leave(): void {
    const row = this.#newest();
    if (!row) return;
    try {
      localStorage.setItem(this.#key, JSON.stringify({ seq: row.seq, id: row.id, at: Date.now() } satisfies Place));
    } catch {
      // Without storage there is no line, and nothing else is lost.
    }
  }

  get #kept(): Place | null {
    try {
      return JSON.parse(localStorage.getItem(this.#key) ?? "null") as Place | null;
    } catch {
      return null;
    }
  }

  /** The log may be another one by now: the activity itself tells. */
  async #cameBack(): Promise<void> {
    const kept = this.#kept;
    if (!kept || Date.now() - kept.at < AWAY_MS) return;
    const row = await api.activity(kept.id).catch(() => null);
    // Who left again meanwhile has a later place.
    if (row?.seq === kept.seq) this.place ??= kept;
  }
}
