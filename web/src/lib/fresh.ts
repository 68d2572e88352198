// Making something new under a key: nothing that is there already is written over, whoever made it and whenever.

import { fold } from "../feed";
import { Problem } from "./api";
import { Faults, hold, keyFault } from "./faults";
import type { Listing } from "./listing.svelte";
import { tidy } from "./tidy";
import { t } from "../words/rooms";
import { say } from "../words/say";
import { slug } from "./words";

export type NounName = "event" | "partner" | "campaign" | "message";

export interface Kind<T> {
  noun: NounName;
  list: Listing<T>;
  /** What it is called, as in "Acme Inc". */
  name(item: T): string;
  /** Leads to the one that has the key. */
  open(item: T): void;
}

/** A key of its own for a name: a key loses signs and marks, so another name may have the same one. */
export function freeKey(name: string, taken: (key: string) => boolean): string {
  const plain = slug(name);
  if (!plain) return "";
  let key = plain;
  for (let i = 2; taken(key); i++) key = `${plain}-${i}`;
  return key;
}

/** The key as typed; else as the name gives it, where that is not the key of something with another name. */
export function chosenKey<T>(typed: string, name: string, kind: Kind<T>): string {
  const given = tidy(typed);
  if (given) return given;
  return freeKey(name, (key) => {
    const there = kind.list.get(key);
    return there !== undefined && fold(kind.name(there)) !== fold(tidy(name));
  });
}

export async function makeNew<T>(kind: Kind<T>, key: string, send: (key: string) => Promise<T>, read: (key: string) => Promise<T>): Promise<T> {
  hold({ key: keyFault(key) });
  if (kind.list.items === null) throw new Faults({ "": { text: t.stillReading[kind.noun] } });
  const held = kind.list.get(key);
  if (held) throw taken(kind, key, held);
  const put = kind.list.hand();
  try {
    const made = await send(key);
    put(made);
    return made;
  } catch (error) {
    if (!(error instanceof Problem && error.status === 412)) throw error;
    // Somebody else, or an activity, was first: read what it is.
    const there = await read(key);
    put(there);
    throw taken(kind, key, there);
  }
}

function taken<T>(kind: Kind<T>, key: string, item: T): Faults {
  const name = kind.name(item);
  const text = say<string>(t.keyTaken[kind.noun], { key, name });
  return new Faults({ key: { text, act: { label: say(t.open, { name }), run: () => kind.open(item) } } });
}
