// A list of the directory: read in pages up to a bound, read on when somebody wants more, and kept true by reading
// alone what came or changed.

import { untrack } from "svelte";
import { fold } from "../feed";
import type { ListPage } from "./api";

/** Read at once; most lists are shorter. */
const READ_FIRST = 5_000;
/** The most that this page holds of a list. */
const READ_MOST = 50_000;
const LOOK_AFTER_MS = 1_000;
/** So many are read alone at a time; of a list that is whole, more are one reading of it. */
const ALONE_MAX = 8;
const WHOLE_EVERY_MS = 5_000;
const WANTED_MAX = 200;

export interface Source<T> {
  page(after: string | null): Promise<ListPage<T>>;
  one?(key: string): Promise<T>;
  key(item: T): string;
}

export class Listing<T> {
  /** In the order of their keys; null until they are read. */
  items = $state.raw<T[] | null>(null);
  /** Where it goes on; null when this is all. */
  next = $state.raw<string | null>(null);
  #byKey = $derived(new Map((this.items ?? []).map((item) => [this.#fold(item), item])));
  #turn = 0;
  /** Rises when another list takes this one's place. */
  #life = 0;
  #reading: Promise<void> | null = null;
  /** What was put, or (null) dropped, while a reading was under way, which may not know of it. By folded key. */
  #put = new Map<string, T | null>();
  #loads = 0;
  #wanted = new Map<string, { key: string; again: boolean }>();
  #absent = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wholeAt = 0;

  constructor(private readonly source: Source<T>) {}

  get whole(): boolean {
    return this.items !== null && this.next === null;
  }

  get(key: string): T | undefined {
    return this.#byKey.get(fold(key));
  }

  /** Another list takes this one's place. */
  forget(): void {
    this.#turn++;
    this.#life++;
    this.items = this.next = this.#reading = null;
    this.#wanted.clear();
    this.#absent.clear();
    this.#put.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Reads it, as far as it was read before; of several readings the last one counts. */
  async load(): Promise<void> {
    const turn = ++this.#turn;
    const most = Math.max(READ_FIRST, untrack(() => this.items?.length ?? 0));
    this.#wholeAt = Date.now();
    this.#loads++;
    try {
      const all: T[] = [];
      let next: string | null = null;
      do {
        const page: ListPage<T> = await this.source.page(next);
        if (turn !== this.#turn) return;
        all.push(...page.items);
        next = page.next;
      } while (next !== null && all.length < most);
      this.items = this.#laid(all);
      this.next = next;
    } finally {
      this.#ended();
    }
  }

  /** Reads on from where it ended. */
  readOn(): Promise<void> {
    return this.#readUpTo((this.items?.length ?? 0) + READ_FIRST);
  }

  readAll(): Promise<void> {
    return this.#readUpTo(READ_MOST);
  }

  /** What the server has just answered with. Where it was asked for in another life of this list, use `hand`. */
  put(...came: T[]): void {
    if (this.#loads) for (const item of came) this.#put.set(this.#fold(item), item);
    if (this.items) this.items = this.#merged(this.items, came);
  }

  /** To be taken before asking: puts the answer, unless another list has taken this one's place by then. */
  hand(): (...came: T[]) => void {
    const life = this.#life;
    return (...came) => {
      if (life === this.#life) this.put(...came);
    };
  }

  drop(key: string): void {
    if (this.#loads) this.#put.set(fold(key), null);
    if (this.items) this.items = this.items.filter((item) => this.#fold(item) !== fold(key));
  }

  /** What was read, and over it what was put and dropped since it was asked for. */
  #laid(read: T[], held: T[] = []): T[] {
    const kept = read.filter((item) => this.#put.get(this.#fold(item)) === undefined);
    return this.#merged(this.#merged(held, kept), [...this.#put.values()].filter((item) => item !== null));
  }

  /** A reading ended. */
  #ended(): void {
    if (--this.#loads === 0) this.#put.clear();
  }

  /** Something was met that is not here, or (`again`) has changed: it is read soon, with what else comes until then. */
  want(key: string, again = false): void {
    const folded = fold(key);
    // What was not there may have been made since.
    if (again) this.#absent.delete(folded);
    if (this.#wanted.size >= WANTED_MAX || this.#absent.has(folded)) return;
    this.#wanted.set(folded, { key, again: again || this.#wanted.get(folded)?.again === true });
    this.#timer ??= setTimeout(() => void this.#look(), LOOK_AFTER_MS);
  }

  async #look(): Promise<void> {
    const life = this.#life;
    // A reading under way may bring what is wanted.
    if (this.items !== null && this.#loads === 0) {
      for (const [folded, { again }] of this.#wanted) if (!again && this.#byKey.has(folded)) this.#wanted.delete(folded);
      // What cannot be read now is read with the next change; the old names stay.
      if (this.#wanted.size <= ALONE_MAX || !this.whole || Date.now() - this.#wholeAt < WHOLE_EVERY_MS) await this.#lookAlone();
      else {
        this.#wanted.clear();
        await this.load().catch(() => {});
      }
    }
    if (life === this.#life) this.#timer = this.#wanted.size ? setTimeout(() => void this.#look(), LOOK_AFTER_MS) : undefined;
  }

  async #lookAlone(): Promise<void> {
    const [life, turn] = [this.#life, this.#turn];
    const some = [...this.#wanted].slice(0, ALONE_MAX);
    for (const [folded] of some) this.#wanted.delete(folded);
    this.#loads++;
    const came = await Promise.allSettled(some.map(([, { key }]) => this.source.one!(key)));
    // A reading of the whole that began later knows as much.
    if (turn === this.#turn && this.items) this.items = this.#laid(came.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])), this.items);
    this.#ended();
    if (life !== this.#life) return;
    came.forEach((one, i) => {
      if (one.status !== "rejected" || one.reason?.status !== 404) return;
      const [folded, { key }] = some[i]!;
      this.#absent.add(folded);
      // It was there and is not any more: somebody deleted it.
      if (this.#byKey.has(folded)) this.drop(key);
    });
  }

  async #readUpTo(most: number): Promise<void> {
    while (this.#reading) await this.#reading;
    if (this.items === null || this.next === null || this.items.length >= most) return;
    this.#reading = this.#readPages(most);
    try {
      await this.#reading;
    } finally {
      this.#reading = null;
    }
  }

  async #readPages(most: number): Promise<void> {
    const turn = this.#turn;
    this.#loads++;
    try {
      while (this.items && this.next !== null && this.items.length < most) {
        const page = await this.source.page(this.next);
        if (turn !== this.#turn) return;
        this.items = this.#laid(page.items, this.items);
        this.next = page.next;
      }
    } finally {
      this.#ended();
    }
  }

  #fold(item: T): string {
    return fold(this.source.key(item));
  }

  #merged(held: T[], came: T[]): T[] {
    if (came.length === 0) return held;
    const all = new Map(held.map((item) => [this.#fold(item), item]));
    let sorted = true;
    let last = held.length ? this.#fold(held[held.length - 1]!) : "";
    for (const item of came) {
      const key = this.#fold(item);
      if (!all.has(key)) {
        if (key < last) sorted = false;
        last = key;
      }
      all.set(key, item);
    }
    if (sorted) return [...all.values()];
    return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
  }
}
