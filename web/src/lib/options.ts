// What can be chosen for a field of the filter, and how many there are of it.

import { type Field, fold, type FilterSet } from "../feed";
import { ACTORS, DEVICES, GRADES, OPEN_FIELDS, readValue } from "./address";
import type { Counted } from "./api";
import type { Rule } from "../words/rules";
import type { Tally } from "./counting.svelte";
import { directory } from "./directory.svelte";
import { bare, plain, valueLabel } from "./values";

export interface Option {
  value: string;
  label: string;
  hint: string;
  /** Null while it is not known. */
  count: number | null;
  /** What a search looks in, folded. */
  text: string;
}

function known(field: Field): string[] {
  switch (field) {
    case "partner":
      return (directory.partners ?? []).map((p) => p.key);
    case "flavor":
      return (directory.flavors ?? []).map((f) => f.key);
    case "message":
    case "about":
      return (directory.messages ?? []).map((m) => m.key);
    case "campaign":
      return (directory.campaigns ?? []).map((c) => c.key);
    case "tag":
      return [...new Set((directory.partners ?? []).flatMap((p) => p.tags))];
    case "device":
      return DEVICES;
    case "actor":
      return ACTORS;
    case "grade":
      return GRADES;
    default:
      return [];
  }
}

/** About how many there are to choose from, before they are counted. */
export const knownCount = (field: Field): number => Math.max(3, known(field).length);

/** Everything that can be chosen: what was counted, and what the directory knows. Thousands: not to be made anew for each tick. */
export function optionsOf(field: Field, tally: Tally | undefined): Map<string, Option> {
  const options = new Map<string, Option>();
  for (const c of tally?.values ?? []) {
    const id = fold(plain(field, c.value));
    const held = options.get(id);
    const count = sure(tally!, c);
    if (!held) options.set(id, option(field, c.value, count, c.label));
    else if (count !== null) held.count = (held.count ?? 0) + count;
  }
  for (const value of known(field)) {
    const id = fold(value);
    if (!options.has(id)) options.set(id, option(field, value, unlisted(tally)));
  }
  for (const c of tally?.named ?? []) {
    const held = options.get(fold(plain(field, c.value)));
    if (held?.count === null) held.count = sure(tally!, c);
  }
  return options;
}

/** What is chosen and none of those. */
export function chosenOnly(field: Field, filter: FilterSet, options: Map<string, Option>, tally: Tally | undefined): Option[] {
  const values = [...(filter[field] ?? []), ...(filter.not?.[field] ?? [])];
  return values.filter((value) => !options.has(fold(plain(field, value)))).map((value) => option(field, value, countOf(tally, value) ?? unlisted(tally)));
}

function option(field: Field, given: string, count: number | null, name = ""): Option {
  const value = plain(field, given);
  const known = valueLabel(field, value);
  const label = name && known === value ? name : known;
  const hint = hintOf(field, value);
  return { value, label, hint, count, text: fold(`${label} ${value} ${hint}`) };
}

/** What is not listed has none where everything was counted; else nobody knows. */
const unlisted = (tally: Tally | undefined): number | null => (tally && tally.rest === 0 && tally.complete ? 0 : null);

/** A count that was cut short tells nothing when it is 0. */
const sure = (tally: Tally, c: Counted): number | null => (tally.complete || c.count > 0 ? c.count : null);

/** The count of a value that is no option yet. */
export function countOf(tally: Tally | undefined, value: string): number | null {
  const found = tally?.named.find((one) => fold(one.value) === fold(value));
  return found ? sure(tally!, found) : null;
}

function hintOf(field: Field, value: string): string {
  const partner = field === "partner" ? directory.partner(bare(value)) : undefined;
  return partner?.company && partner.company !== partner.name ? partner.company : "";
}

/** What was typed, as a value of an open field; null where it is nothing to take. */
export function typedValue(field: Field, typed: string): { value: string; problem?: undefined } | { problem: Rule } | null {
  return typed.trim() && OPEN_FIELDS.includes(field) ? readValue(field, typed) : null;
}
