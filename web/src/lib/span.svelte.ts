// The span of time that the open page looks at; in the address, as the filter is. Null is the live view. What moves along,
// such as the last hour or today, stands there as such, and moves.

import type { Span } from "../feed";
import { t } from "../words/page";
import { say } from "../words/say";
import { spanQuery } from "./api";
import { router } from "./router.svelte";
import { nextStep } from "./step";
import { agoWords, timeOf } from "./times";
import { day, timeWords } from "./words";

/** As the address has it. */
export interface Asked {
  since?: string;
  until?: string;
}

class SpanState {
  #query = $derived.by((): Asked => {
    const query = new URLSearchParams(router.search);
    const [since, until] = [query.get("since"), query.get("until")];
    return { ...(timeOf(since) === null ? {} : { since: since! }), ...(timeOf(until) === null ? {} : { until: until! }) };
  });
  /** What it is now; the last hour is another one each minute. */
  current = $derived.by((): Span | null => {
    const since = timeOf(this.#query.since ?? null);
    const until = timeOf(this.#query.until ?? null);
    return (since === null && until === null) || (since !== null && until !== null && since >= until) ? null : { since, until };
  });

  /** As the address has it, and as it is compared: the same for as long as the same is asked for. */
  get query(): Record<string, string> {
    return this.current ? { ...this.#query } : {};
  }

  /** "Last hour", "Today, 26 Nov", "24 Nov 09:10 to 09:25". */
  get words(): string {
    const { current } = this;
    if (!current) return "";
    const { since, until } = this.#query;
    const last = until === undefined ? agoWords(since ?? null) : null;
    if (last) return last;
    if (since === "today" && until === undefined) return say(t.today, { day: day(current.since!) });
    if (since === "yesterday" && until === "today") return say(t.yesterday, { day: day(current.since!) });
    return timeWords(current);
  }

  set(next: Span | null): void {
    this.ask(spanQuery(next));
  }

  ask(next: Asked): void {
    const query = new URLSearchParams(router.search);
    query.delete("since");
    query.delete("until");
    for (const [name, value] of Object.entries(next)) query.set(name, value);
    router.go(router.path + (query.size ? `?${query}` : "") + router.hash, false, nextStep(""));
  }
}

export const span = new SpanState();
