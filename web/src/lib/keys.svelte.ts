// The keys of Partner Activity: when they are meant, and whether those without
// a modifier are wanted at all. Somebody who speaks to the computer, or whose
// hand trembles, turns these off.

const KEPT = "single-key shortcuts";

class SingleKeys {
  on = $state(true);

  constructor() {
    try {
      this.on = localStorage.getItem(KEPT) !== "off";
    } catch {
      // Without storage they are on, and can be turned off until the page is left.
    }
  }

  set(on: boolean): void {
    this.on = on;
    try {
      localStorage.setItem(KEPT, on ? "on" : "off");
    } catch {
      // As above.
    }
  }
}
export const singleKeys = new SingleKeys();

/** The key of a button, for its title; nothing where such keys are off. */
export const hint = (key: string): string => (singleKeys.on ? ` (${key})` : "");

/** Where letters are text, or belong to what is open. */
const TYPING = "input, textarea, select, [contenteditable], dialog, .panel, [role=menu]";
/** In Details, a letter that changes the page behind it would surprise. */
const IN_DETAILS = ["j", "k", "?", "Escape"];
const MAY_REPEAT = ["j", "k"];

/** Does what a key asks for, if it was meant so. */
export function press(event: KeyboardEvent, does: Record<string, () => void>): void {
  const run = does[event.key];
  const at = event.target as Element;
  if (!run || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key !== "Escape" && !singleKeys.on) return;
  if (event.repeat && !MAY_REPEAT.includes(event.key)) return;
  if (at.closest(TYPING) || (at.closest(".drawer") && !IN_DETAILS.includes(event.key))) return;
  event.preventDefault();
  run();
}
