// Activities a span of time under a filter, exact while they come in: bars read up to a position, and every row sent after
// that position added to them. An answer that is not whole is gone on with at once where it ended, until it is; what was not
// counted is told. Knows no view and no clock of its own.

import { canonical, type FilterSet } from "./filter";
import type { Activity, Bars, Cursor } from "./types";

export type Width = "minute" | "hour" | "day";
export const WIDTH_MS: Record<Width, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

const AGAIN_FIRST_MS = 1_000;
const AGAIN_MAX_MS = 15_000;
/** Bars kept, at most; the oldest go. */
const BARS_MAX = 2_000;

export interface Question {
  filter: FilterSet;
  width: Width;
  /** The first bar's start and the last one's end, in milliseconds; null is now. */
  since: number;
  until: number | null;
  /** Everything up to here has been sent, and what comes is added; null where that is not known. */
  before: Cursor | null;
}

export interface HistogramOptions {
  read(question: Question): Promise<Bars>;
  after(ms: number, run: () => void): () => void;
  changed(): void;
}

/** The start of the bar a time lies in, in the zone of this machine. */
export function barOf(at: number, width: Width): number {
  if (width === "minute") return at - (((at % 60_000) + 60_000) % 60_000);
  const date = new Date(at);
  if (width === "day") return date.setHours(0, 0, 0, 0);
  // Of an hour that comes twice, the one of this offset; where the clock went back by less, or over the start, what it showed.
  const cut = at - ((((at - offset(at)) % WIDTH_MS.hour) + WIDTH_MS.hour) % WIDTH_MS.hour);
  return offset(cut) === offset(at) ? cut : Math.min(at, date.setMinutes(0, 0, 0));
}

/** How far the clock of this machine is behind UTC, in milliseconds. */
const offset = (at: number): number => new Date(at).getTimezoneOffset() * 60_000;

/** The start of the bar so many bars later; a day may have 23 to 25 hours. */
export function barAfter(start: number, width: Width, by: number): number {
  if (width !== "day") {
    const later = start + by * WIDTH_MS[width];
    // Where clocks moved by half an hour meanwhile, hours begin elsewhere.
    const moved = width === "hour" ? (offset(later) - offset(start)) % WIDTH_MS.hour : 0;
    return moved && barOf(later + moved, width) === later + moved ? later + moved : later;
  }
  const date = new Date(start);
  return date.setDate(date.getDate() + by);
}

export class Histogram {
  /** "counting" until the first answer to a question of another kind; its bars are those of the last one. */
  state: "counting" | "known" | "failed" = "counting";
  /** Bars that start before this may hold more than is counted. */
  back = -Infinity;
  width: Width = "minute";
  #bars = new Map<number, number>();
  /** What came since the question on its way was asked. */
  #added = new Map<number, number>();
  #asked = 0;
  #kind = "";
  #question: Question | null = null;
  #failures = 0;
  #cancel = () => {};

  constructor(private readonly options: HistogramOptions) {}

  count(start: number): number {
    return this.#bars.get(start) ?? 0;
  }

  /** False where there may be more in a bar, or in a later one, than is counted. */
  whole(start: number): boolean {
    return start >= this.back;
  }

  /** The filter has changed, and the answer to ask for it with is not here yet. */
  expect(filter: FilterSet, width: Width): void {
    const kind = `${width} ${canonical(filter)}`;
    if (kind === this.#kind) return;
    this.#kind = kind;
    this.#asked++;
    this.#question = null;
    this.state = "counting";
    this.options.changed();
  }

  /** Counts afresh. Bars of another filter or width stay to be seen, as not known, until the answer is here. */
  ask(question: Question): void {
    this.expect(question.filter, question.width);
    this.#question = question;
    this.#added.clear();
    this.#failures = 0;
    void this.#read(question);
  }

  /** Reads what lies before a place of the log, and adds it to what the answers before this one counted. */
  async #read(question: Question, before = question.before, counted = new Map<number, number>()): Promise<void> {
    this.#cancel();
    const asked = ++this.#asked;
    try {
      const { items, older, back } = await this.options.read({ ...question, before });
      if (asked !== this.#asked) return;
      this.#failures = 0;
      for (const bar of items) counted.set(bar.start, (counted.get(bar.start) ?? 0) + bar.count);
      const fresh = new Map(counted);
      for (const [start, count] of this.#added) fresh.set(start, (fresh.get(start) ?? 0) + count);
      // What was counted before and is not reached yet is still the least that there is.
      if (older !== null && this.state === "known") for (const [start, count] of this.#bars) if (count > (fresh.get(start) ?? 0)) fresh.set(start, count);
      this.#bars = fresh;
      this.width = question.width;
      this.back = older === null ? -Infinity : (back ?? Infinity);
      this.state = "known";
      if (older !== null) void this.#read(question, older, counted);
    } catch {
      if (asked !== this.#asked) return;
      // Figures of another filter would be wrong ones; of the same, they are what was true a moment ago.
      if (this.state !== "known") {
        this.#bars = new Map();
        this.state = "failed";
      }
      this.#cancel = this.options.after(Math.min(AGAIN_FIRST_MS * 2 ** this.#failures++, AGAIN_MAX_MS), () => void this.#read(question, before, counted));
    }
    this.options.changed();
  }

  /** Rows that were sent after the position of the last question. */
  came(rows: readonly Activity[]): void {
    const width = this.#question?.width;
    if (!width) return;
    for (const row of rows) {
      const start = barOf(Date.parse(row.occurred_at), width);
      this.#added.set(start, (this.#added.get(start) ?? 0) + 1);
      if (this.state === "known" && this.width === width) this.#bars.set(start, this.count(start) + 1);
    }
    if (this.#bars.size > BARS_MAX) {
      const kept = [...this.#bars.keys()].sort((a, b) => b - a).slice(0, BARS_MAX / 2);
      this.#bars = new Map(kept.map((start) => [start, this.count(start)]));
    }
  }

  stop(): void {
    this.#asked++;
    this.#cancel();
  }
}
