// The time as the server has it, and which minute, day and year that is: what hangs on those is drawn anew when they change.

const MINUTE = 60_000;

class Time {
  /** Start of the minute that it is, in milliseconds. */
  minute = $state(0);
  /** Start of the day that it is, in the zone of this machine, and of the next one. */
  midnight = $state(0);
  tomorrow = $state(0);
  /** The same of the year. */
  newYear = $state(0);
  nextYear = $state(0);
  #offset = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#tick();
    // Timers sleep in a tab that nobody sees.
    globalThis.document?.addEventListener("visibilitychange", () => this.#tick());
  }

  now(): number {
    return Date.now() + this.#offset;
  }

  /** How far the server's clock is ahead of this machine's, in milliseconds. */
  set offset(ms: number) {
    if (ms === this.#offset) return;
    this.#offset = ms;
    this.#tick();
  }

  #tick(): void {
    clearTimeout(this.#timer);
    const now = this.now();
    this.minute = now - (now % MINUTE);
    if (now < this.midnight || now >= this.tomorrow) {
      const date = new Date(now);
      this.midnight = date.setHours(0, 0, 0, 0);
      this.tomorrow = new Date(this.midnight).setDate(date.getDate() + 1);
      this.newYear = new Date(date.getFullYear(), 0).getTime();
      this.nextYear = new Date(date.getFullYear() + 1, 0).getTime();
    }
    this.#timer = setTimeout(() => this.#tick(), MINUTE - (now % MINUTE));
  }
}

export const time = new Time();
