// Numbers, plurals, dates, times and lists as the chosen language writes them. All of it is made by Intl, none by hand.

import { language } from "./language.svelte";

export type Unit = "millisecond" | "second" | "minute" | "hour" | "day";
const CATEGORIES = ["zero", "one", "two", "few", "many", "other"];
const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const date = { day: "numeric", month: "short" } as const;

/** The forms of one language, each made when it is first used. */
function formsOf(tag: string) {
  const made = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat>();
  const once = <T extends Intl.DateTimeFormat | Intl.NumberFormat>(name: string, make: () => T): T => {
    if (!made.has(name)) made.set(name, make());
    return made.get(name) as T;
  };
  const dates = (name: string, options: Intl.DateTimeFormatOptions) => (at: number) => once(name, () => new Intl.DateTimeFormat(tag, options)).format(at);
  const rules = new Intl.PluralRules(tag);
  const categories = rules.resolvedOptions().pluralCategories.sort((a, b) => CATEGORIES.indexOf(a) - CATEGORIES.indexOf(b));
  const number = new Intl.NumberFormat(tag);
  const ago = new Intl.RelativeTimeFormat(tag, { style: "short" });
  return {
    number: (value: number) => number.format(value),
    brief: (value: number) => once("brief", () => new Intl.NumberFormat(tag, { notation: "compact", maximumFractionDigits: 1 })).format(value),
    /** The place of a number's form among those that the language has. */
    plural: (value: number) => categories.indexOf(rules.select(value)),
    clock: dates("clock", { ...clock, second: "2-digit" }),
    minute: dates("minute", clock),
    /** 06:00; the end of a day is 24:00. */
    hour: (hour: number) => `${new Intl.NumberFormat(tag, { minimumIntegerDigits: 2 }).format(hour)}:00`,
    day: dates("day", date),
    year: dates("year", { ...date, year: "numeric" }),
    full: dates("full", { dateStyle: "medium", timeStyle: "long", hourCycle: "h23" }),
    /** 12 min. Units are those of the language, whatever its region has. */
    unit: (value: number, unit: Unit) => once(`unit ${unit}`, () => new Intl.NumberFormat(tag.slice(0, 2), { style: "unit", unit, unitDisplay: unit === "day" ? "long" : "short" })).format(value),
    ago: (value: number, unit: Unit) => ago.format(-value, unit as Intl.RelativeTimeFormatUnit),
    list: (items: string[]) => new Intl.ListFormat(tag).format(items),
    /** Names in the order of the language, numbers within them by their size. */
    compare: new Intl.Collator(tag, { numeric: true }).compare,
  };
}

class Forms {
  now = $derived(formsOf(language.tag));
}
const forms = new Forms();

/** The forms of the language that is chosen. */
export const form = () => forms.now;
