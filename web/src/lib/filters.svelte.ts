// The filter of the open page. The address is where it lives: what can be seen
// can be sent to somebody else, and the browser's Back undoes.

import { canonical, type Field, type FilterSet, formatFilter, has, include, parseFilter, exclude, only } from "../feed";
import { router } from "./router.svelte";
import { span } from "./span.svelte";

const UNDO_MAX = 50;

class Filters {
  current = $derived(parseFilter(new URLSearchParams(router.search)));
  #past = $state.raw<FilterSet[]>([]);

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  /** Sets the filter; `quiet` where one change follows another, as in typing. */
  set(next: FilterSet, quiet = false): void {
    if (canonical(next) === canonical(this.current)) return;
    if (!quiet) this.#past = [...this.#past, this.current].slice(-UNDO_MAX);
    this.#go(next, quiet);
  }

  undo(): void {
    const last = this.#past[this.#past.length - 1];
    if (!last) return;
    this.#past = this.#past.slice(0, -1);
    this.#go(last, false);
  }

  forget(): void {
    this.#past = [];
  }

  /** A value was clicked somewhere: wanted, or with `not` unwanted; a second click takes it back. */
  handle(field: Field, value: string, not: boolean): void {
    const { current } = this;
    this.set(has(current, field, value, not) ? exclude(current, field, value) : include(current, field, value, not));
  }

  only(field: Field, value: string): void {
    this.set(only(this.current, field, value));
  }

  #go(next: FilterSet, replace: boolean): void {
    // The span of time that is looked at stays, whatever is asked for in it.
    const query = [formatFilter(next), new URLSearchParams(span.query)].map(String).filter(Boolean).join("&");
    router.go(router.path + (query ? `?${query}` : "") + router.hash, replace);
  }
}

export const filters = new Filters();
