// The keys of Partner Activity: what they are, when they are meant, and whether
// those without a modifier are wanted at all. Somebody who speaks to the
// computer, or whose hand trembles, turns these off.

export interface Key {
  keys: string[];
  does: string;
}

/** Letters and signs on their own; a switch turns them off. */
export const SINGLE: Key[] = [
  { keys: ["j", "k"], does: "Next and previous activity" },
  { keys: ["g"], does: "Jump to latest" },
  { keys: ["p"], does: "Pause and resume" },
  { keys: ["/"], does: "Search" },
  { keys: ["1", "2", "3", "4"], does: "Partners, Flavors, Messages, More" },
  { keys: ["u"], does: "Undo the last filter change" },
  { keys: ["x"], does: "Clear the filter" },
  { keys: ["?"], does: "These keys" },
];

/** In the list, and always on. */
export const ALWAYS: Key[] = [
  { keys: ["↑", "↓"], does: "Previous and next activity" },
  { keys: ["PgUp", "PgDn"], does: "A screen of activities" },
  { keys: ["Home"], does: "Jump to latest" },
  { keys: ["End"], does: "The oldest that is here" },
  { keys: ["Enter", "Space"], does: "On an activity: Details. On a value: show only it" },
  { keys: ["Alt + Enter"], does: "On a value: leave it out" },
  { keys: ["Alt + click"], does: "On a value: leave it out" },
  { keys: ["Shift + F10"], does: "On a value: both, as a menu" },
  { keys: ["Tab"], does: "Into an activity: its values and Details" },
  { keys: ["Escape"], does: "Close what is open" },
];

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
