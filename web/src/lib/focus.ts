// Where the focus goes, so that it is never nowhere.

import { tick } from "svelte";

// What opens under a hand takes the focus; `autofocus` does so only when nothing has it.
export const focus = (node: HTMLElement): void => node.focus({ preventScroll: true });

let last: HTMLElement | null = null;
document.addEventListener("focusin", (event) => {
  const at = event.target as HTMLElement;
  // What was chosen from a menu is gone by the time something is to be given back: its button stays.
  last = at.closest(".panel")?.parentElement?.querySelector<HTMLElement>("button") ?? at;
});

/** What has the focus, or had it last and is there still. */
export const lastFocus = (): HTMLElement | null => last;

/** To a place that takes no focus by itself, as a heading; it shows no ring but to the keyboard. */
export function focusOn(node: HTMLElement | null | undefined): void {
  if (!node) return;
  if (!node.hasAttribute("tabindex")) node.tabIndex = -1;
  node.focus({ preventScroll: true });
}

/** A screen came in place of another: its heading is where reading begins. */
export async function arrive(): Promise<void> {
  await tick();
  const main = document.getElementById("main");
  focusOn(main?.querySelector("h1") ?? main);
}
