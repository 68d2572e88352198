// The day of an event beside the day before, up to the same minute: counted by the store, again when something came.

import { barAfter, barOf, type Feed } from "../feed";
import { api, type Counted, type Counts } from "./api";

const REST_MS = 2_000;
/** A count that is dear is made less often: so many times as long as it took. */
const REST_TIMES = 10;
const MINUTE_MS = 60_000;

export interface Day {
  total: number;
  partners: number;
  flavors: Counted[];
  complete: boolean;
}

const dayOf = (found: Counts): Day => ({
  total: found.total,
  partners: (found.by.partner ?? []).filter((p) => p.count > 0).length + (found.rest.partner ? 1 : 0),
  flavors: found.by.flavor ?? [],
  complete: found.complete,
});

export class Today {
  /** All there is of the event. */
  all = $state.raw<Day | null>(null);
  today = $state.raw<Day | null>(null);
  /** The day before, up to this minute of it. */
  before = $state.raw<Day | null>(null);
  /** Added up by minute of the day: today up to now, and the whole day before. */
  lines = $state.raw<{ today: number[]; before: number[] } | null>(null);
  problem = $state.raw<unknown>(null);
  #asking = false;
  #again = false;
  #gone = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly event: string,
    private readonly feed: Feed,
  ) {}

  now(): number {
    return Date.now() + this.feed.connection.clockOffset;
  }

  /** Something came, or a minute is over: it is counted soon. */
  ask(): void {
    if (this.#gone) return;
    if (this.#asking || this.#timer) this.#again = true;
    else void this.#read();
  }

  stop(): void {
    this.#gone = true;
    clearTimeout(this.#timer);
  }

  async #read(): Promise<void> {
    this.#asking = true;
    this.#again = false;
    const began = performance.now();
    const filter = { event: [this.event] };
    const by = ["flavor", "partner"];
    const now = this.now();
    const midnight = barOf(now, "day");
    const yesterday = barAfter(midnight, "day", -1);
    const sameMinute = yesterday + (now - midnight);
    try {
      const [all, today, before, minutes] = await Promise.all([
        api.counts(filter, by),
        api.counts(filter, by, { since: midnight, until: null }),
        api.counts(filter, by, { since: yesterday, until: sameMinute }),
        // Two days are more minutes than one answer holds.
        Promise.all([
          api.histogram({ filter, width: "minute", since: midnight, until: null, before: null }),
          api.histogram({ filter, width: "minute", since: yesterday, until: midnight, before: null }),
        ]),
      ]);
      if (this.#gone) return;
      [this.all, this.today, this.before] = [dayOf(all), dayOf(today), dayOf(before)];
      this.lines = {
        today: addedUp(minutes[0].items, midnight, Math.floor((now - midnight) / MINUTE_MS) + 1),
        before: addedUp(minutes[1].items, yesterday, Math.round((midnight - yesterday) / MINUTE_MS)),
      };
      this.problem = null;
    } catch (error) {
      if (!this.#gone) this.problem = error;
    }
    this.#asking = false;
    if (this.#gone) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#again) void this.#read();
      },
      REST_MS + REST_TIMES * (performance.now() - began),
    );
  }
}

/** So many minutes from a start, each with what was counted up to its end. */
export function addedUp(items: { start: number; count: number }[], from: number, minutes: number): number[] {
  const out = new Array<number>(Math.max(0, minutes)).fill(0);
  for (const { start, count } of items) {
    const at = Math.floor((start - from) / MINUTE_MS);
    if (at >= 0 && at < out.length) out[at]! += count;
  }
  for (let i = 1; i < out.length; i++) out[i]! += out[i - 1]!;
  return out;
}
