// Views: filter sets with names, of the team or one's own. Opening one is following a link: its filter is then that of the page.

import { canonical, type FilterSet, fold, formatFilter } from "../feed";
import type * as wire from "../feed/wire";
import { list, Problem } from "./api";
import { directory } from "./directory.svelte";
import { Listing } from "./listing.svelte";
import { eventPath } from "./router.svelte";
import { slug } from "./words";
import { thing } from "./things";

export type View = wire.View;
/** What a view is as it is sent. */
export type ViewDraft = Pick<View, "name" | "event" | "private"> & { filter: FilterSet };

/** Keys that are tried for one name. */
const KEYS_MAX = 50;
const path = (key: string): string => `/v1/views/${encodeURIComponent(key)}`;

class Views {
  readonly list = new Listing<View>({
    page: (after) => list<View>("/v1/views", after),
    one: async (key) => (await thing.read<View>(path(key))).item,
    key: (view) => view.key,
  });
  /** They could not be read when that was last tried. */
  lost = $state(false);

  async load(): Promise<void> {
    try {
      await this.list.load();
      this.lost = false;
    } catch {
      this.lost = this.list.items === null;
    }
  }

  /** Those that concern an event: its own, and those of all. */
  of(event: string): View[] {
    return (this.list.items ?? []).filter((view) => view.event === null || fold(view.event) === fold(event));
  }

  address(event: string, view: View): string {
    const query = formatFilter(view.filter as FilterSet).toString();
    return eventPath(event, "activity") + (query ? `?${query}` : "");
  }

  isOpen(view: View, filter: FilterSet): boolean {
    return canonical(view.filter as FilterSet) === canonical(filter);
  }

  hasName(name: string, but?: string): boolean {
    return (this.list.items ?? []).some((view) => view.key !== but && fold(view.name) === fold(name));
  }

  /** Keeps a new one, under a key of its own; says how that is taken back. */
  async make(draft: ViewDraft): Promise<{ view: View; back: () => Promise<void> }> {
    const put = this.list.hand();
    const plain = slug(draft.name) || "view";
    for (let n = 1; ; n++) {
      const key = n === 1 ? plain : `${plain}-${n}`;
      try {
        // One that somebody keeps private has its key too, and is not seen.
        const view = await thing.create<View>(path(key), { kind: "feed", ...draft });
        put(view);
        return { view, back: () => this.#drop(view.key) };
      } catch (error) {
        if (!(error instanceof Problem && error.status === 412) || n >= KEYS_MAX) throw error;
      }
    }
  }

  /** Changes one as it is now; says how that is taken back. */
  async change(key: string, patch: Partial<ViewDraft>): Promise<() => Promise<void>> {
    const put = this.list.hand();
    const was = await thing.read<View>(path(key));
    const { name, event, private: own } = was.item;
    const filter = was.item.filter as FilterSet;
    put((await thing.change<View>(path(key), merged(was.item.filter, patch), was.etag)).item);
    return async () => {
      const now = await thing.read<View>(path(key));
      put((await thing.change<View>(path(key), merged(now.item.filter, { name, event, filter, private: own }), now.etag)).item);
    };
  }

  /** Deletes one; says how it is brought back. */
  async remove(key: string): Promise<() => Promise<void>> {
    const put = this.list.hand();
    const { item } = await thing.read<View>(path(key));
    await this.#drop(key);
    return async () => {
      const { key: _, ...draft } = item;
      put(await thing.create<View>(path(key), draft));
    };
  }

  async #drop(key: string): Promise<void> {
    await thing.remove(path(key));
    this.list.drop(key);
  }
}

/** A filter set replaces the one that is there: merged, clauses of the old one would stay. */
function merged(now: View["filter"], patch: Partial<ViewDraft>): Record<string, unknown> {
  if (!patch.filter) return patch;
  const gone = Object.fromEntries(Object.keys(now).map((field) => [field, null]));
  const not = Object.fromEntries(Object.keys((now as FilterSet).not ?? {}).map((field) => [field, null]));
  const next = patch.filter;
  return { ...patch, filter: { ...gone, ...next, ...(next.not ? { not: { ...not, ...next.not } } : {}) } };
}

export const views = new Views();
directory.heard.push((what, keys) => {
  if (what !== "view" || views.list.items === null) return;
  if (keys === null) void views.load();
  else for (const key of keys) views.list.want(key, true);
});
