// What stands beside the things of a list: how much was done with each and when last, read again while one looks.

import { untrack } from "svelte";
import { type Field, type FilterSet, fold } from "../feed";
import { api } from "./api";
import { plain } from "./values";

const EVERY_MS = 10_000;
/** So many are asked for by name in one question, as a filter takes no more. */
const NAMED_MAX = 200;
/** Of a longer list the server tells the most frequent, and the rest is not asked for one by one. */
const COUNTED_MAX = 1_000;
/** The newest of each is a question of its own. */
const LAST_MAX = 60;
const WORKERS = 4;

export class Alive {
  #counts = $state.raw(new Map<string, number>());
  #last = $state.raw(new Map<string, string | null>());
  /** Counts are the least there are. */
  atLeast = $state(false);

  constructor(
    private readonly field: Field,
    /** Under which all of it is counted. */
    private readonly within: FilterSet,
    private readonly newest = true,
  ) {}

  /** How often it was met; undefined while that is not known. */
  count(key: string): number | undefined {
    return this.#counts.get(fold(key));
  }
  /** When it was met last; null for never, undefined while that is not known. */
  last(key: string): string | null | undefined {
    return this.#last.get(fold(key));
  }

  /** Reads until the returned function is called; in an effect, which then follows the keys. */
  watch(keys: string[]): () => void {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Of a list that is not read yet, or has nothing, there is nothing to ask.
    if (keys.length === 0) return () => {};
    const read = async () => {
      // Who looks elsewhere is not read for.
      if (document.visibilityState === "visible") await this.#read(keys, () => gone).catch(() => {});
      if (!gone) timer = setTimeout(read, EVERY_MS);
    };
    // What it reads of itself is no reason to begin again.
    untrack(() => void read());
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }

  async #read(keys: string[], gone: () => boolean): Promise<void> {
    const counts = new Map<string, number>();
    let atLeast = false;
    const some = keys.slice(0, COUNTED_MAX);
    for (let from = 0; from < some.length; from += NAMED_MAX) {
      const named = some.slice(from, from + NAMED_MAX);
      const found = await api.counts({ ...this.within, [this.field]: named }, [this.field]);
      for (const { value, count } of found.by[this.field] ?? []) counts.set(fold(plain(this.field, value)), count);
      // What was asked for and is not listed has nothing.
      for (const key of named) if (!counts.has(fold(key))) counts.set(fold(key), 0);
      atLeast ||= !found.complete;
    }
    if (gone()) return;
    const changed = keys.filter((key) => counts.get(fold(key)) !== this.count(key) || this.last(key) === undefined);
    this.#counts = counts;
    this.atLeast = atLeast;
    if (!this.newest) return;
    const waiting = changed.slice(0, LAST_MAX);
    const last = new Map(this.#last);
    const work = async () => {
      for (let key = waiting.shift(); key !== undefined && !gone(); key = waiting.shift()) {
        const { items } = await api.newest({ ...this.within, [this.field]: [key] }, 1);
        last.set(fold(key), items[0]?.occurred_at ?? null);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, work));
    if (!gone()) this.#last = last;
  }
}
