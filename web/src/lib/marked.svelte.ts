// After something was made: it is marked, so that it is found.

import { fold } from "../feed";

const MARKED_MS = 4_000;

/** The row that was just made, marked for a moment. */
export class Marked {
  key = $state<string | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(key: string): void {
    this.key = fold(key);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.key = null), MARKED_MS);
  }
}
