// What one view of a wall shows: the newest activities, counts and bars, read once at one position and kept up by what comes
// after it. What cannot be kept up (a correction, a lost connection, midnight) is read anew.

import { ask, type View } from "./task";
import type { Frame, Item } from "./link";
import { sinceMidnight } from "../words/wall";

export const MINUTE = 60_000;
const DAY = 86_400_000;
/** Minutes of the chart: two hours, so that an hour stands beside the one before. */
export const MINUTES = 120;
/** Activities that are kept: more than any layout shows. */
export const KEPT = 24;
/** Families that the chart tells apart; the rest is one. */
const FAMILIES_MAX = 6;

interface Bars {
  complete: boolean;
  items: { start: string; count: number }[];
}
interface Counts {
  total: number;
  complete: boolean;
  by: Record<string, { value: string; label: string; count: number }[]>;
  different: Record<string, number>;
}
export interface Leader {
  key: string;
  label: string;
  count: number;
}

export const familyOf = (flavor: string): string => flavor.split(".")[0] ?? "";

export class Picture {
  /** False until everything of it was read. */
  ready = false;
  rows: Item[] = [];
  /** Counts by minute (since 1970) and family. */
  bars = new Map<number, Map<string, number>>();
  /** Families of the chart, the largest first. */
  families: string[] = [];
  today = 0;
  /** Counts by hour of today: the course of the day. */
  hours: number[] = [];
  yesterday: number | null = null;
  partners = new Map<string, Leader>();
  flavors = new Map<string, Leader>();
  /** Active partners, named or not. */
  active = 0;
  /** False where something was too much to be counted in time. */
  complete = true;
  midnight = 0;
  position: string | null = null;
  /** When an activity last came, by the server's clock. */
  cameAt = 0;
  #waiting: Item[] | null = null;
  #turn = 0;

  constructor(
    readonly view: View,
    readonly zone: string,
    private readonly now: () => number,
  ) {}

  /** Takes what a subscription begins with, and reads the counts that belong to it. */
  async begin(frame: Frame): Promise<void> {
    const turn = (this.#turn += 1);
    const before = frame.position!;
    this.#waiting = [];
    const rows = newest(frame.items ?? []);
    const at = this.now();
    const midnight = at - sinceMidnight(at, this.zone);
    const since = (Math.floor(at / MINUTE) - MINUTES + 1) * MINUTE;
    const [bars, days, yesterday, counts] = await Promise.all([
      this.#bars(since, before, null),
      this.#bars(midnight, before, "hour"),
      // The same time of yesterday, on the clock: not a day of 24 hours where one of them was another.
      this.#read<Bars>("histogram", { bucket: "hour", zone: this.zone, since: iso(midnight - DAY), until: iso(at - DAY) }),
      this.#read<Counts>("counts", { by: "partner,flavor", since: iso(midnight) }),
    ]);
    if (turn !== this.#turn) return;
    this.midnight = midnight;
    this.hours = [];
    for (const { start, count: times } of days.items) this.#hour(Date.parse(start), times);
    this.today = days.items.reduce((sum, { count }) => sum + count, 0);
    this.yesterday = yesterday.complete ? yesterday.items.reduce((sum, { count }) => sum + count, 0) : null;
    this.complete = bars.complete && days.complete && counts.complete;
    this.partners = leaders(counts.by.partner ?? []);
    this.flavors = leaders(counts.by.flavor ?? []);
    this.active = counts.different.partner ?? 0;
    await this.#split(since, before, bars, turn);
    if (turn !== this.#turn) return;
    this.rows = rows;
    this.cameAt = Math.max(this.cameAt, Date.parse(rows[0]?.recorded_at ?? "") || 0);
    this.position = before;
    const waited = this.#waiting;
    this.#waiting = null;
    this.ready = true;
    for (const item of waited) this.#add(item);
  }

  /** Takes activities that came after what it began with. */
  take(items: Item[], position: string): void {
    if (items.length) this.cameAt = this.now();
    this.position = position;
    if (this.#waiting) this.#waiting.push(...items);
    else for (const item of items) this.#add(item);
  }

  /** True when what it counts from is over: another day has begun. */
  isOver(): boolean {
const at = this.now();
    return this.ready && at - sinceMidnight(at, this.zone) - this.midnight > MINUTE;
  }

  /** Activities of so many minutes that end so many minutes ago. */
  within(minutes: number, ago = 0): number {
    const last = Math.floor(this.now() / MINUTE) - ago;
    let sum = 0;
    for (let minute = last - minutes + 1; minute <= last; minute += 1) sum += total(this.bars.get(minute));
    return sum;
  }

  /** How each family counts in a minute; what is none of the chart's is the last. */
  stack(minute: number): number[] {
    const counts = this.bars.get(minute);
    const stack = this.families.map((family) => counts?.get(family) ?? 0);
    const rest = total(counts) - stack.reduce((sum, count) => sum + count, 0);
    return [...stack, rest];
  }

  #hour(at: number, times: number): void {
    const hour = Math.floor((at - this.midnight) / (60 * MINUTE));
    while (this.hours.length <= hour) this.hours.push(0);
    this.hours[hour]! += times;
  }

  #add(item: Item): void {
    this.rows = newest([...this.rows, item]);
    const at = Date.parse(item.occurred_at);
    const minute = Math.floor(at / MINUTE);
    const family = familyOf(item.flavor.key);
    let counts = this.bars.get(minute);
    if (!counts) this.bars.set(minute, (counts = new Map()));
    counts.set(family, (counts.get(family) ?? 0) + 1);
    if (!this.families.includes(family) && this.families.length < FAMILIES_MAX) this.families.push(family);
    for (const old of this.bars.keys()) if (old < minute - 2 * MINUTES) this.bars.delete(old);
    if (at < this.midnight) return;
    this.today += 1;
    this.#hour(at, 1);
    // A partner who was beyond those that are named may count twice until all is read again.
    if (count(this.partners, item.partner.key, item.partner.name)) this.active += 1;
    count(this.flavors, item.flavor.key, item.flavor.label);
  }

  /** Tells the bars by family: one more question each, where there is more than one. */
  async #split(since: number, before: string, all: Bars, turn: number): Promise<void> {
    const counts = await this.#read<Counts>("counts", { by: "flavor", since: iso(since) });
    const sums = new Map<string, number>();
    for (const { value, count: times } of counts.by.flavor ?? []) sums.set(familyOf(value), (sums.get(familyOf(value)) ?? 0) + times);
    const families = [...sums].sort(([, one], [, other]) => other - one).map(([family]) => family);
    const told = families.slice(0, FAMILIES_MAX);
    const each = told.length > 1 ? await Promise.all(told.map((family) => this.#bars(since, before, null, `${family}.*`))) : [];
    if (turn !== this.#turn) return;
    const bars = new Map<number, Map<string, number>>();
    const put = (start: string, family: string, times: number): void => {
      const minute = Math.floor(Date.parse(start) / MINUTE);
      let at = bars.get(minute);
      if (!at) bars.set(minute, (at = new Map()));
      at.set(family, times);
    };
    each.forEach((one, i) => one.items.forEach(({ start, count: times }) => put(start, told[i]!, times)));
    for (const { start, count: times } of all.items) {
      const known = total(bars.get(Math.floor(Date.parse(start) / MINUTE)));
      if (times > known) put(start, told.length === 1 ? told[0]! : "", times - known);
    }
    this.bars = bars;
    this.families = told;
  }

  #bars(since: number, before: string, bucket: "hour" | null, flavor?: string): Promise<Bars> {
    const asked: Record<string, string> = { since: iso(since), before };
    if (bucket) Object.assign(asked, { bucket, zone: this.zone });
    if (flavor) asked.flavor = flavor;
    return this.#read<Bars>("histogram", asked);
  }

  #read<T>(what: string, asked: Record<string, string>): Promise<T> {
    const query = new URLSearchParams({ view: this.view.key, ...asked });
    return ask<T>(`/v1/activities/${what}?${query.toString()}`);
  }
}

const iso = (at: number): string => new Date(at).toISOString();
const total = (counts: Map<string, number> | undefined): number => {
  let sum = 0;
  counts?.forEach((count) => (sum += count));
  return sum;
};
/** The newest first, each once. */
function newest(items: Item[]): Item[] {
  const bySeq = new Map(items.map((item): [number, Item] => [item.seq, item]));
  return [...bySeq.values()].sort((one, other) => other.seq - one.seq).slice(0, KEPT);
}
const leaders = (values: { value: string; label: string; count: number }[]): Map<string, Leader> => new Map(values.map(({ value, label, count: times }): [string, Leader] => [value, { key: value, label, count: times }]));
/** Counts one more; true where it is the first. */
function count(all: Map<string, Leader>, key: string, label: string): boolean {
  const known = all.get(key);
  if (known) known.count += 1;
  else all.set(key, { key, label, count: 1 });
  return !known;
}
