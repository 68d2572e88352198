// After something was made: the view and the focus go to it.

import { tick } from "svelte";
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

/** On another screen: its heading takes the focus, as it would be read first. */
export async function arrive(): Promise<void> {
  await tick();
  const heading = document.querySelector<HTMLElement>("main h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus();
}
