// Running delay from receipt (made durable by the server) to paint.

const SAMPLES_MAX = 400;

export class Latency {
  #samples: number[] = [];
  #next = 0;
  #waiting: number[] = [];

  /** A live row came in; its delay is known when it is painted. */
  came(recordedAt: string): void {
    if (this.#waiting.length < SAMPLES_MAX) this.#waiting.push(Date.parse(recordedAt));
  }

  painted(serverNow: number): void {
    for (const at of this.#waiting) {
      this.#samples[this.#next] = Math.max(0, serverNow - at);
      this.#next = (this.#next + 1) % SAMPLES_MAX;
    }
    this.#waiting = [];
  }

  /** Nobody was looking: what waits was never painted and says nothing. */
  discard(): void {
    this.#waiting = [];
  }

  quantile(q: number): number | null {
    if (!this.#samples.length) return null;
    const sorted = [...this.#samples].sort((a, b) => a - b);
    return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!);
  }
}
