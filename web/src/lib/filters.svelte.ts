// The filter of the open page. The address is where it lives: what can be seen
// can be sent to somebody else. Each change is an entry of the browser's
// history, so that Undo and Back are one thing, and survive a reload together.

import { canonical, type Field, type FilterSet, formatFilter, has, include, isEmpty, exclude, only } from "../feed";
import { readAddress, tooMuch, type Unread } from "./address";
import { router } from "./router.svelte";
import { nextStep, type Step } from "./step";
import { span } from "./span.svelte";
import type { Rule } from "../words/rules";

const TRAVERSAL_MS = 1_000;

class Filters {
  #read = $derived(readAddress(new URLSearchParams(router.search), router.parts[1] ?? ""));
  current = $derived(this.#read.filter);
  /** What the address asks for and this page does not apply. */
  unread = $derived(this.#read.unread);
  /** Why the last change was not made. */
  refusal = $state.raw<Rule | null>(null);
  #step = $derived((router.state as Step | null)?.steps ? (router.state as Step) : { steps: 0, from: "" });
  /** What is shown, in one text. */
  #shape = $derived(`${canonical(this.current)} ${JSON.stringify(span.query)}`);
  /** Typing that ended where it began left an entry that undoes nothing: it is passed over. */
  #idle = $derived(this.#step.steps > 0 && this.#step.from === this.#shape ? 1 : 0);
  #going: ReturnType<typeof setTimeout> | undefined;
  /** What is done while an undo is on its way comes after it. */
  #queue: (() => void)[] = [];

  constructor() {
    addEventListener("popstate", () => this.#arrived());
  }

  get canUndo(): boolean {
    // The oldest entries may be gone from the history by now.
    const { navigation } = window as { navigation?: { canGoBack: boolean } };
    return this.#step.steps > this.#idle && navigation?.canGoBack !== false;
  }

  /** An undo is on its way. */
  get busy(): boolean {
    return this.#going !== undefined;
  }

  /** Sets the filter; `quiet` where one change follows another, as in typing. */
  set(next: FilterSet, quiet = false): void {
    if (this.busy) {
      this.#queue.push(() => this.set(next, quiet));
      return;
    }
    if (canonical(next) === canonical(this.current)) return;
    this.refusal = tooMuch(next);
    if (this.refusal) return;
    this.#go(next, isEmpty(next) ? [] : this.unread, quiet, quiet ? history.state : nextStep(this.#shape));
  }

  undo(): void {
    if (this.busy) this.#queue.push(() => this.undo());
    if (this.busy || !this.canUndo) return;
    this.refusal = null;
    this.#going = setTimeout(() => this.#arrived(), TRAVERSAL_MS);
    router.back(1 + this.#idle);
  }

  /** Takes out of the address what is not understood. */
  drop(unread: Unread): void {
    this.#go(this.current, this.unread.filter((one) => one !== unread), true, history.state);
  }

  /** A value was clicked somewhere: wanted, or with `not` unwanted; a second click takes it back. */
  handle(field: Field, value: string, not: boolean): void {
    const { current } = this;
    this.set(has(current, field, value, not) ? exclude(current, field, value) : include(current, field, value, not));
  }

  only(field: Field, value: string): void {
    this.set(only(this.current, field, value));
  }

  #arrived(): void {
    clearTimeout(this.#going);
    this.#going = undefined;
    while (!this.busy && this.#queue.length) this.#queue.shift()!();
  }

  #go(next: FilterSet, unread: Unread[], replace: boolean, state: unknown): void {
    const query = formatFilter(next);
    for (const { name, value } of unread) query.append(name, value);
    // The span of time that is looked at stays, whatever is asked for in it.
    for (const [name, value] of Object.entries(span.query)) query.append(name, value);
    const text = query.toString();
    router.go(router.path + (text ? `?${text}` : "") + router.hash, replace, state);
  }
}

export const filters = new Filters();
