// The words of walls. A screen speaks one language for as long as it shows a wall, and its page has no part that changes with
// them: so they are read at once, and no more is kept of them than which sheet it is.

import de from "./de/wall";
import deFlavors from "./de/flavors";
import en from "./en/wall";
import type { Texts } from "./say";

type Sheet = Texts<typeof en>;
const SHEETS: Record<string, { sheet: Sheet; tag: string }> = { en: { sheet: en, tag: "en-GB" }, de: { sheet: de, tag: "de-DE" } };

export let t: Sheet = en;
let tag = SHEETS.en!.tag;
let number = new Intl.NumberFormat(tag);
const clocks = new Map<string, Intl.DateTimeFormat>();
const parts = new Map<string, Intl.DateTimeFormat>();

/** Speaks a language from now on: that of the wall, or else the first of the browser's that there is. */
export function speak(wanted: string | null): void {
  const asked = [...(wanted === null ? navigator.languages : [wanted])].map((one) => one.slice(0, 2).toLowerCase());
  const code = asked.find((one) => one in SHEETS) ?? Object.keys(SHEETS)[0]!;
  ({ sheet: t, tag } = SHEETS[code]!);
  number = new Intl.NumberFormat(tag);
  clocks.clear();
  document.documentElement.lang = code;
}

export const n = (value: number): string => number.format(value);

/** 09:14, in a zone. */
export function clock(at: number, zone: string): string {
  let made = clocks.get(zone);
  if (!made) clocks.set(zone, (made = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone })));
  return made.format(at);
}

/** Milliseconds since midnight, as the clock of a zone shows it. */
export function sinceMidnight(at: number, zone: string): number {
  let made = parts.get(zone);
  if (!made) parts.set(zone, (made = new Intl.DateTimeFormat("en-u-nu-latn", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone })));
  const [hours, minutes, seconds] = made.format(at).split(":").map(Number);
  return ((hours! * 60 + minutes!) * 60 + seconds!) * 1000 + (at % 1000);
}

/** What a flavor is called: a label of the standard set in the language that is spoken, one of the workspace as it is. */
export function flavorName(key: string, label: string): string {
  const { names, standard } = deFlavors as { names: Record<string, string>; standard: Record<string, string> };
  return tag.startsWith("de") && standard[key] === label ? names[key]! : label;
}

/** The message with its holes filled. */
export const fill = (message: string, holes: Record<string, string | number>): string => message.replace(/\{(\w+)\}/g, (_, name: string) => String(holes[name]));
