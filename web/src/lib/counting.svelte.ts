// Counts beside the values of the open field: read at once, after each change
// of the filter, and again while it stays open. The server lists the most
// frequent values; others in sight are asked for by name, for a count that is
// not known must not read 0.

import { untrack } from "svelte";
import type { Field, FilterSet } from "../feed";
import { api, type Counted } from "./api";
import { VALUES_MAX } from "./address";
import { span } from "./span.svelte";

const EVERY_MS = 3_000;
/** A count that is dear is made less often: so many times as long as it took. */
const REST_TIMES = 10;

export interface Tally {
  values: Counted[];
  /** Counts that were asked for by name. */
  named: Counted[];
  /** Activities with values that are not listed. */
  rest: number;
  /** False where counts are the least there are. */
  complete: boolean;
}

export class Counting {
  by = $state.raw<Partial<Record<Field, Tally>>>({});
  /** Activities that match the whole filter. */
  total = $state.raw<{ count: number; complete: boolean } | null>(null);
  failed = $state(false);
  #sought = $state.raw<string[]>([]);
  #field: Field | null = null;

  /** Values in sight whose counts are not known. */
  seek(field: Field, values: string[]): void {
    if (field !== this.#field) return;
    const held = new Set(this.#sought);
    const fresh = values.filter((value) => !held.has(value));
    // The latest are in sight; older ones may go.
    if (fresh.length) this.#sought = [...this.#sought, ...fresh].slice(-VALUES_MAX);
  }

  /** Nothing is open. */
  rest(): void {
    this.#field = null;
  }

  /** Counts until the returned function is called; to be called in an effect, which then follows what is sought. */
  count(field: Field | null, filter: FilterSet): () => void {
    if (field !== this.#field) {
      // What it was when it was last open is no order to begin with.
      if (field) this.by = { ...untrack(() => this.by), [field]: undefined };
      this.#field = field;
      if (this.#sought.length) this.#sought = [];
    }
    const sought = this.#sought;
    const within = span.current;
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      const began = performance.now();
      try {
        const [found, named] = await Promise.all([
          api.counts(filter, field ? [field] : [], within),
          field && sought.length ? api.counts(naming(filter, field, sought), [field], within).catch(() => null) : null,
        ]);
        if (gone) return;
        this.failed = false;
        this.total = { count: found.total, complete: found.complete };
        if (field) {
          const tally = { values: found.by[field] ?? [], named: named?.by[field] ?? [], rest: found.rest[field] ?? 0, complete: found.complete && named?.complete !== false };
          // Thousands of options hang on it: what is the same stays the same.
          if (!same(this.by[field], tally)) this.by = { ...this.by, [field]: tally };
        }
      } catch {
        if (!gone) this.failed = true;
      }
      if (!gone) timer = setTimeout(read, EVERY_MS + REST_TIMES * (performance.now() - began));
    };
    void read();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }
}

const alike = (a: Counted[], b: Counted[]) => a.length === b.length && a.every((one, i) => one.value === b[i]!.value && one.count === b[i]!.count && one.label === b[i]!.label);
const same = (a: Tally | undefined, b: Tally) => a !== undefined && a.rest === b.rest && a.complete === b.complete && alike(a.values, b.values) && alike(a.named, b.named);

/** A field is counted without its own clauses, and what they name is always listed: so names are asked for in them. */
function naming(filter: FilterSet, field: Field, values: string[]): FilterSet {
  const not = { ...filter.not };
  delete not[field];
  return { ...filter, [field]: values, not };
}
