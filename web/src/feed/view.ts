// Reconciliation: frames in, rows out. One subscription, no transport, no clock.
//
// What the server says is kept apart from what is merely likely: rows at or
// above `floor` are confirmed for (older, position]; below it stand rows kept
// from before a change of filter, shown so that nothing jumps, until reading
// on from `older` confirms or removes them.

import { type FilterSet, matcher, toWire, type Verdict } from "./filter";
import { Rows, ROWS_MAX } from "./rows";
import { Seal } from "./seal";
import type { Activity, Amended, Cursor, Erased, Page, ServerFrame } from "./types";

/** Somebody who reads back goes this much further than what is held for everybody. */
const HISTORY_TIMES = 4;

type Frame<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

export class View {
  readonly rows: Rows;
  readonly seal = new Seal();
  filter: FilterSet;
  rev = 0;
  position: Cursor | null = null;
  /** Where reading history goes on; null at the start of the log. */
  older: Cursor | null = null;
  floor = Infinity;
  /** Rows asked for with a filter: with fewer, the search ended somewhere below the lowest that it found. */
  asked = Infinity;
  /** A row came to match of which nobody here can tell on which side of `older` it lies: the view is to be read afresh. */
  doubt = false;
  catchingUp = false;
  /** How much of the log is still to come while catching up, in entries: so many activities at most. */
  remaining: number | null = null;
  searchedBackTo: string | null = null;
  /** True once the server has answered for the present filter. */
  settled = false;
  /** Newest seq that is drawn while the list is held still; null when it follows. */
  ceiling: number | null = null;
  /** Waiting rows that were let go for want of room; releasing must read afresh. */
  overflow = 0;
  /** The `ref` of the refilter that has not been answered. */
  pendingRef: string | null = null;
  #matches: (row: Activity) => Verdict;
  /** Rows that changes of filter took out, the newest of them: the next change, an undo say, may want them. */
  #aside: Activity[] = [];
  /** `older` may lie lower than right below `floor`: a search that was cut short ended there. */
  #vague = false;
  /** Changes that came while a page of history was on its way, which may be older than they are. */
  #since: (Amended | Erased)[] | null = null;

  /** History may be read so far back that so many rows are held; following, it is `rows.limit`. */
  readonly historyMax: number;

  constructor(filter: FilterSet, limit = ROWS_MAX) {
    this.filter = toWire(filter);
    this.#matches = matcher(this.filter);
    this.rows = new Rows(limit);
    this.historyMax = limit * HISTORY_TIMES;
  }

  /** Rows drawn: all, or those at or below the ceiling. */
  get shownRows(): number {
    return this.ceiling === null ? this.rows.length : this.rows.upTo(this.ceiling);
  }
  get waiting(): number {
    return this.rows.length - this.shownRows + this.overflow;
  }
  /** Rows that stand below what is confirmed. */
  get unconfirmed(): number {
    return this.floor === Infinity ? this.rows.length : this.rows.upTo(this.floor - 1);
  }

  hold(): void {
    // Before the first answer there is nothing to hold yet: what it brings is not new to anybody.
    this.ceiling ??= this.rows.newest?.seq ?? (this.settled ? 0 : Number.MAX_SAFE_INTEGER);
  }

  /** Follows again. True when waiting rows were let go, so that the view must be read afresh. */
  release(): boolean {
    const gap = this.overflow > 0;
    this.ceiling = null;
    this.overflow = 0;
    return gap;
  }

  /** The new filter, at once, with what is here. `ref` is null when not connected. */
  refilter(filter: FilterSet, ref: string | null): void {
    this.filter = toWire(filter);
    this.#matches = matcher(this.filter);
    const back = this.#aside.filter((row) => this.#matches(row) === "yes");
    const aside = new Map([...this.#aside, ...this.rows.all()].map((row) => [row.seq, row]));
    this.#aside = [...aside.values()]
      .filter((row) => this.#matches(row) === "no")
      .sort((a, b) => a.seq - b.seq)
      .slice(-this.rows.limit);
    this.rows.keep((row) => this.#matches(row) !== "no");
    this.rows.merge(back);
    this.rows.dropOldest(this.rows.length - this.rows.limit);
    this.pendingRef = ref;
    this.settled = false;
    this.searchedBackTo = null;
    this.seal.state = "unchecked";
  }

  /** The connection is gone: what was asked is not answered, and a new one counts from rev 1. */
  disconnected(): void {
    if (this.pendingRef !== null) this.position = null;
    this.pendingRef = null;
    this.rev = 0;
    this.catchingUp = false;
    this.remaining = null;
  }

  /** The log is another one: no row held means anything in it. */
  forget(): void {
    this.#drop();
    this.position = null;
    this.older = null;
    this.floor = Infinity;
    this.overflow = 0;
    this.settled = false;
    this.seal.state = "unchecked";
    if (this.ceiling !== null) this.ceiling = Number.MAX_SAFE_INTEGER;
  }

  #drop(): void {
    this.rows.replace([]);
    this.#aside = [];
  }

  subscribed(frame: Frame<"subscribed">): void {
    this.rev = frame.rev;
    this.pendingRef = null;
    if (frame.mode === "fresh") {
      // Rows from before wait below the lowest row that was sent. Without any, nothing says that they are of this log at all.
      if (!frame.items.length) this.#drop();
      this.#rebase(frame.items, frame.older, frame.position);
    } else this.#append(frame.items, frame.position);
    this.catchingUp = frame.catching_up;
    this.remaining = frame.remaining ?? null;
  }

  refiltered(frame: Frame<"refiltered">): void {
    this.rev = frame.rev;
    if (this.pendingRef !== null) {
      // An answer to an earlier change, or the server's own accord under the
      // filter we have already left: only the position is of use.
      if (frame.ref !== this.pendingRef) {
        this.position = frame.position;
        return;
      }
      this.pendingRef = null;
    }
    this.#rebase(frame.items, frame.older, frame.position);
  }

  /** Rows that are new to the view, for the chart and the delay. */
  activities(frame: Frame<"activities">): Activity[] {
    this.position = frame.position;
    if (this.catchingUp) this.remaining = frame.remaining ?? this.remaining;
    if (frame.rev !== this.rev) return [];
    if (this.pendingRef !== null) {
      // Still under the old filter: show what surely matches the new one; the
      // answer to the refilter replaces it.
      const likely = frame.items.filter((row) => this.#matches(row) === "yes");
      for (const row of likely) this.rows.put(row);
      this.#trim();
      return likely;
    }
    const changes = [...(frame.amended ?? []), ...(frame.erased ?? [])].sort((a, b) => a.at - b.at);
    this.#append(frame.items, frame.position);
    for (const change of changes) {
      this.#since?.push(change);
      this.#count(change);
      this.#draw(change);
    }
    return frame.items;
  }

  caughtUp(position: Cursor): void {
    this.catchingUp = false;
    this.remaining = null;
    this.moved(position);
  }

  moved(position: Cursor): void {
    this.position = position;
    if (this.settled && this.pendingRef === null) this.#mark(position);
  }

  /** A page of history is about to be read; what changes meanwhile is laid over it. */
  historyAsked(): void {
    this.#since = [];
  }

  /** The page of history that ends at `older`. */
  history(page: Page): void {
    const before = this.older;
    const items = [...page.items].reverse();
    const low = page.older === null ? 0 : (items[0]?.seq ?? this.floor);
    const confirmed = new Set(items.map((row) => row.seq));
    this.rows.keep((row) => row.seq >= this.floor || row.seq < low || confirmed.has(row.seq));
    this.rows.merge(items);
    const newest = items[items.length - 1];
    if (before !== null && newest) this.rows.markBelow(before, newest.seq);
    const top = this.floor;
    this.floor = Math.min(this.floor, low);
    this.older = page.older;
    this.#vague = page.older !== null && !page.complete;
    this.searchedBackTo = page.complete ? null : page.searched_back_to;
    const meanwhile = this.#since ?? [];
    this.#since = null;
    for (const change of meanwhile) this.#draw(change);
    if (before !== null) this.seal.extend(before, page.older, this.#seqsBetween(low, top));
    // Rows that nobody has confirmed yet make room for those that somebody has.
    this.rows.dropOldest(Math.min(this.unconfirmed, this.rows.length - this.historyMax));
  }

  /** Less is asked for than before: what does not pass goes, and the seal begins where the list now ends. */
  narrow(passes: (row: Activity) => boolean): void {
    if (this.rows.all().every(passes)) return;
    this.rows.keep(passes);
    this.seal.shorten(
      this.older,
      this.rows.all().map((row) => row.seq),
    );
  }

  /** Reading on will not reach the rows below what is confirmed: they go, rather than stand there unproven. */
  dropUnconfirmed(): void {
    this.rows.dropOldest(this.unconfirmed);
  }

  /** What a change does to the count of rows this view was given. */
  #count(change: Amended | Erased): void {
    const by = leaves(change) ? -1 : entering(change) ? 1 : 0;
    if (by === 0) return;
    // From the floor up all rows are held, and that tells whether it was counted; below, only the entry does.
    if (change.seq >= this.floor && this.overflow === 0) {
      if ((this.rows.get(change.seq) !== undefined) === (by === -1)) this.seal.add(change.seq, by);
    } else if ("grade" in change || this.overflow > 0) this.seal.changed(change.seq, change.at, by);
    // All are told of an erasure, whatever they look for: whether it was counted among the rows that were let go, nobody can tell.
    else if (this.seal.reaches(change.seq)) this.seal.shorten(this.older, this.#seqsBetween(this.floor, Infinity));
  }

  #draw(change: Amended | Erased): void {
    if (!("grade" in change)) this.#aside = this.#aside.filter((row) => row.seq !== change.seq);
    if (leaves(change)) return this.rows.remove(change.seq);
    const item = entering(change);
    const row = this.rows.get(change.seq);
    if (item) {
      if (row || change.seq >= this.floor) this.rows.put(item);
      else if (this.#vague) this.doubt = true;
    } else if (row && "grade" in change) {
      this.rows.put({ ...row, grade: change.grade, grade_reasons: change.grade_reasons });
    }
  }

  #append(items: Activity[], position: Cursor): void {
    for (const row of items) {
      // With nothing sent before, the first that comes begins what is confirmed; what was kept lies below it, or is of another log.
      if (this.floor === Infinity) {
        this.floor = row.seq;
        this.rows.keep((held) => held.seq < row.seq);
      }
      this.rows.put(row);
      this.seal.gave(row.seq);
    }
    this.position = position;
    this.#mark(position);
    this.#trim();
  }

  /** A mark above rows that are not confirmed would be wrong once history has put others between. */
  #mark(position: Cursor): void {
    if ((this.rows.newest?.seq ?? -1) >= this.floor) this.rows.mark(position);
  }

  #rebase(items: Activity[], older: Cursor | null, position: Cursor): void {
    const low = older === null ? 0 : (items[0]?.seq ?? Infinity);
    // Rows above the low end are confirmed or gone; the rest waits for history.
    const kept = this.rows.all().filter((row) => row.seq < low);
    const waited = this.ceiling === null ? 0 : this.waiting;
    this.rows.replace([...kept, ...items]);
    this.floor = low;
    this.older = older;
    this.#vague = older !== null && items.length < this.asked;
    this.doubt = false;
    this.position = position;
    this.#mark(position);
    this.settled = true;
    this.searchedBackTo = null;
    this.overflow = 0;
    if (this.ceiling === Number.MAX_SAFE_INTEGER) this.ceiling = this.rows.newest?.seq ?? 0;
    this.overflow = Math.max(0, waited - this.waiting);
    this.#since = null;
    this.seal.begin(
      older,
      items.map((row) => row.seq),
    );
    this.#trim();
  }

  #trim(): void {
    if (this.ceiling !== null) {
      // Somebody is reading: what waits is let go, never what is being read.
      const ceiling = this.ceiling;
      const waiting = this.rows.length - this.rows.upTo(ceiling);
      if (waiting <= this.rows.limit) return;
      this.overflow += waiting;
      this.rows.keep((row) => row.seq <= ceiling);
      return;
    }
    const surplus = this.rows.length - this.rows.limit;
    if (surplus <= 0) return;
    this.rows.dropOldest(Math.min(surplus, this.unconfirmed));
    const mark = this.rows.trim();
    if (mark === null) return;
    this.older = mark.cursor;
    this.#vague = false;
    // Nothing that matches lies between a mark's last row and the next: what enters there belongs here.
    this.floor = mark.seq + 1;
  }

  #seqsBetween(low: number, top: number): number[] {
    const seqs: number[] = [];
    for (const row of this.rows.all()) if (row.seq >= low && row.seq < top) seqs.push(row.seq);
    return seqs;
  }
}

const leaves = (change: Amended | Erased): boolean => !("grade" in change) || change.left === true;
const entering = (change: Amended | Erased): Activity | undefined =>
  "grade" in change ? change.item : undefined;
