// Keeps the seal of a view: asks the store how many there are, soon after something came and seldom when nothing does, and
// has the view read afresh where it differs. What is asked about a view that has moved since is asked again.

import type { World } from "./connection";
import type { Amended, Cursor, Erased, ServerFrame } from "./types";
import type { View } from "./view";

const FIRST_MS = 600;
const EVERY_MS = 10_000;
const BUSY_MS = 2_000;
/** How many lie below is dear where the log is long: after it has changed it is asked so often at most. */
const BELOW_EVERY_MS = 60_000;
/** What came since the last answer is asked about sooner, but so that asking takes a twentieth of the time at most. */
const CAME_MS = 1_000;
const SHARE = 20;

interface Question {
  ref: string;
  from: Cursor | null;
}

export interface Hands {
  /** False where nobody can be asked. */
  ask(question: Question): boolean;
  /** Reads the view afresh. */
  refill(): void;
}

export class Sealer {
  #refs = 0;
  #asked: (Question & { at: number }) | null = null;
  /** The question how many there are from the start of the log on: once a view, for what lies below. */
  #whole: string | null = null;
  /** How many match at or below where the seal begins. */
  #belowSeal: number | null = null;
  #belowAt = -Infinity;
  #due = Infinity;
  #took = 0;
  #cancel = () => {};

  constructor(
    private readonly view: View,
    private readonly world: World,
    private readonly hands: Hands,
  ) {}

  /** How many match below what is held; null until that is known. */
  get below(): number | null {
    const { view } = this;
    if (!view.settled || view.unconfirmed > 0) return null;
    if (view.older === null) return 0;
    // What was given and let go for want of room, at the lower end, lies below as well.
    return this.#belowSeal === null ? null : Math.max(0, this.#belowSeal + view.seal.shown - view.rows.length - view.overflow);
  }

  /** The view began anew. */
  began(): void {
    this.#belowSeal = this.#whole = null;
    this.#belowAt = -Infinity;
    this.soon();
  }

  /** The filter is left: what was asked under it is of no use. */
  left(): void {
    this.#asked = null;
  }

  stop(): void {
    this.#cancel();
    this.#asked = this.#whole = null;
  }

  soon(ms = FIRST_MS): void {
    this.#cancel();
    this.#due = this.world.now() + ms;
    this.#cancel = this.world.after(ms, () => this.check());
  }

  /** Rows came: the seal stands beside them, and must not tell of fewer for longer than it has to. */
  came(): void {
    const soon = Math.max(CAME_MS, this.#took * SHARE);
    if (this.view.seal.state === "complete" && this.#asked === null && this.#due - this.world.now() > soon) this.soon(soon);
  }

  /** Entries changed who matches, perhaps below the seal, or in a page that was read before: what lies below is counted by nobody here. */
  changed(changes: (Amended | Erased)[]): void {
    if (changes.some((change) => !("grade" in change) || change.left || change.item)) this.#belowSeal = this.#whole = null;
  }

  /** A page of history is laid below: it is no longer below what is held. */
  extends(history: () => void): void {
    const { shown } = this.view.seal;
    history();
    if (this.#belowSeal !== null) this.#belowSeal -= this.view.seal.shown - shown;
    this.soon();
  }

  check(): void {
    const { view } = this;
    this.soon(EVERY_MS);
    if (view.catchingUp || !view.settled || view.rev === 0 || view.pendingRef !== null) return;
    const question = { ref: `k${++this.#refs}`, from: view.seal.from };
    if (!this.hands.ask(question)) return;
    this.#asked = { ...question, at: this.world.now() };
    const now = this.world.now();
    if (this.#belowSeal !== null || this.#whole !== null || view.older === null || now - this.#belowAt < BELOW_EVERY_MS) return;
    const ref = `w${this.#refs}`;
    if (!this.hands.ask({ ref, from: null })) return;
    this.#whole = ref;
    this.#belowAt = now;
  }

  sealed(frame: Extract<ServerFrame, { type: "sealed" }>): void {
    const { view } = this;
    if (frame.rev !== view.rev || view.pendingRef !== null || !view.settled) return;
    view.moved(frame.position);
    if (frame.ref != null && frame.ref === this.#whole) {
      // Sent after all that it counts: what this view was given by now is its part of it.
      this.#belowSeal = frame.stored - view.seal.shown;
      return;
    }
    const asked = this.#asked;
    if (!asked || (frame.ref != null && frame.ref !== asked.ref)) return;
    this.#asked = null;
    this.#took = this.world.now() - asked.at;
    // Asked before a page of history moved the beginning down: the next one is for the whole.
    if (asked.from !== view.seal.from) return this.soon();
    if (view.seal.compare(frame.stored, frame.since, this.world.now()) === "complete") return;
    const { state } = view.seal;
    // Not equal: read it afresh and ask again; a second time, with more patience.
    const refill = () => {
      this.hands.refill();
      view.seal.state = state;
    };
    if (state === "refilling") return refill();
    this.#cancel();
    this.#cancel = this.world.after(EVERY_MS, refill);
  }

  /** True where the question was one of ours. */
  failed(ref: string, code: string, retry: boolean): boolean {
    if (ref === this.#whole) {
      this.#whole = null;
      return true;
    }
    if (ref !== this.#asked?.ref) return false;
    this.#asked = null;
    if (retry) this.soon(BUSY_MS);
    // The place it counts from is none of this log: what is held is read afresh.
    else if (code === "cursor_invalid") this.hands.refill();
    return true;
  }
}
