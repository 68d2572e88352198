// Time in a test's hand: timers run when it says so, in their order. Nothing in the page imports it.

export class SimClock {
  #timers: { at: number; run: () => void }[] = [];

  constructor(public now = 0) {}

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.now + ms, run };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((t) => t !== timer));
  }

  /** Lets time pass; `ran` is told after each timer. */
  advance(ms: number, ran = () => {}): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((t) => t !== next);
      this.now = Math.max(this.now, next.at);
      next.run();
      ran();
    }
    this.now = end;
  }
}
