// The span of time that the open page looks at; in the address, as the filter is. Null is the live view.

import type { Span } from "../feed";
import { spanQuery } from "./api";
import { router } from "./router.svelte";
import { nextStep } from "./step";

const time = (text: string | null): number | null => {
  const at = text === null ? NaN : Date.parse(text);
  return Number.isNaN(at) ? null : at;
};

class SpanState {
  current = $derived.by((): Span | null => {
    const query = new URLSearchParams(router.search);
    const since = time(query.get("since"));
    const until = time(query.get("until"));
    return (since === null && until === null) || (since !== null && until !== null && since >= until) ? null : { since, until };
  });

  /** As the address and the server's routes have it. */
  get query(): Record<string, string> {
    return spanQuery(this.current);
  }

  set(next: Span | null): void {
    const query = new URLSearchParams(router.search);
    query.delete("since");
    query.delete("until");
    for (const [name, value] of Object.entries(spanQuery(next))) query.set(name, value);
    router.go(router.path + (query.size ? `?${query}` : "") + router.hash, false, nextStep(""));
  }
}

export const span = new SpanState();
