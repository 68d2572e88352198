// What is said aloud of a view that moves: a summary now and then, never each
// row. Told by a listener once a second what is so, it says what is worth saying.

import { t as page } from "../words/page";
import { t } from "../words/parts";
import { say } from "../words/say";

export interface Heard {
  /** Milliseconds. */
  now: number;
  /** Rows that came since the last time. */
  came: number;
  held: boolean;
  waiting: number;
  /** The filter in words of its own; only whether it is another matters. */
  filter: string;
  settled: boolean;
  shown: number;
  /** True when older ones can be read. */
  more: boolean;
  link: "live" | "offline" | "restart" | "between";
}

const SUMMARY_EVERY_MS = 10_000;
/** What comes together is told together. */
const GATHER_MS = 1_000;

export class Speaker {
  #filter: string | null = null;
  #changedAt: number | null = null;
  #link: Heard["link"] = "live";
  #came = 0;
  #cameAt = 0;
  #saidAt = -Infinity;
  #toldWaiting = false;

  /** What is to be said now; mostly nothing. */
  hear(h: Heard): string {
    return this.#connection(h) || this.#results(h) || (h.held ? this.#waiting(h) : this.#summary(h));
  }

  #connection({ link }: Heard): string {
    if (link === this.#link || link === "between") return "";
    this.#link = link;
    return { live: t.liveAgain, offline: t.offline, restart: t.restarting }[link];
  }

  /** After a change of filter, once it is settled and nobody types on. */
  #results(h: Heard): string {
    if (h.filter !== this.#filter) {
      this.#changedAt = this.#filter === null ? null : h.now;
      this.#filter = h.filter;
    }
    if (this.#changedAt === null || !h.settled || h.now - this.#changedAt < GATHER_MS) return "";
    this.#changedAt = null;
    this.#came = 0;
    if (h.shown === 0) return t.noneShown;
    return say(h.more ? t.newestShown : t.someShown, { count: h.shown });
  }

  /** Once, not again with each that joins. */
  #waiting(h: Heard): string {
    this.#came = 0;
    if (h.waiting === 0) this.#toldWaiting = false;
    if (h.waiting === 0 || this.#toldWaiting) return "";
    this.#toldWaiting = true;
    return say(page.waiting, { count: h.waiting });
  }

  #summary(h: Heard): string {
    this.#toldWaiting = false;
    if (this.#came === 0) this.#cameAt = h.now;
    this.#came += h.came;
    if (this.#came === 0 || h.now - this.#cameAt < GATHER_MS || h.now - this.#saidAt < SUMMARY_EVERY_MS) return "";
    const said = say(t.fresh, { count: this.#came });
    this.#came = 0;
    this.#saidAt = h.now;
    return said;
  }
}
