// Making something new under a key: nothing that is there already is written over, whoever made it and whenever.

import { Problem } from "./api";
import { Faults, hold, keyFault } from "./faults";
import type { Listing } from "./listing.svelte";
import { slug } from "./words";

export interface Kind<T> {
  /** As in "event". */
  noun: string;
  list: Listing<T>;
  read(key: string): Promise<T>;
  /** What it is called, as in "Acme Inc". */
  name(item: T): string;
  /** Leads to the one that has the key. */
  open(item: T): void;
}

/** The key as typed, or as the name gives it. */
export const chosenKey = (typed: string, name: string): string => typed.trim() || slug(name);

export async function makeNew<T>(kind: Kind<T>, key: string, send: () => Promise<T>): Promise<T> {
  hold({ key: keyFault(key) });
  if (kind.list.items === null) throw new Faults({ "": { text: `The ${kind.noun}s that are there already are still being read. Try again in a moment.` } });
  const held = kind.list.get(key);
  if (held) throw taken(kind, key, held);
  try {
    const made = await send();
    kind.list.put(made);
    return made;
  } catch (error) {
    if (!(error instanceof Problem && error.status === 412)) throw error;
    // Somebody else, or an activity, was first: read what it is.
    const there = await kind.read(key);
    kind.list.put(there);
    throw taken(kind, key, there);
  }
}

function taken<T>(kind: Kind<T>, key: string, item: T): Faults {
  const name = kind.name(item);
  const text = `The key ${key} is taken by the ${kind.noun} “${name}”. Choose another key.`;
  return new Faults({ key: { text, act: { label: `Open ${name}`, run: () => kind.open(item) } } });
}
