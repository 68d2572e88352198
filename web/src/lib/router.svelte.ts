// The address bar is the state: a path and a query, followed by the screens.

import { focusOn } from "./focus";

class Router {
  path = $state(location.pathname);
  search = $state(location.search);
  hash = $state(location.hash);
  /** What the entry of the browser's history remembers beside its address. */
  state = $state.raw<unknown>(history.state);

  #hash: string | null = null;

  constructor() {
    addEventListener("popstate", () => {
      if (this.#hash !== null) history.replaceState(history.state, "", location.pathname + location.search + this.#hash);
      this.#hash = null;
      this.#read();
    });
    addEventListener("hashchange", () => this.#read());
    // Links within the page are followed without loading it again.
    document.addEventListener("click", (event) => {
      if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
      const link = (event.target as Element).closest?.("a");
      const place = link?.getAttribute("href") ?? "";
      if (place.startsWith("#")) {
        // To a place on this screen, as "Skip to the content" does: no address of its own.
        event.preventDefault();
        focusOn(document.getElementById(place.slice(1)));
        return;
      }
      if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
      if (link.pathname.startsWith("/v1/") || link.pathname === "/docs") return;
      event.preventDefault();
      this.go(link.pathname + link.search + link.hash);
    });
  }

  go(to: string, replace = false, state: unknown = replace ? history.state : null): void {
    if (replace) history.replaceState(state, "", to);
    else history.pushState(state, "", to);
    this.#read();
  }

  /** Goes back in the history; the hash, which names what is open beside a list, stays as it is. */
  back(steps: number): void {
    this.#hash = location.hash;
    history.go(-steps);
  }

  get parts(): string[] {
    try {
      return this.path.split("/").filter(Boolean).map(decodeURIComponent);
    } catch {
      // A stray % is no address of ours.
      return [];
    }
  }

  #read(): void {
    this.path = location.pathname;
    this.search = location.search;
    this.hash = location.hash;
    this.state = history.state;
  }
}

export const router = new Router();

export const eventPath = (event: string, tab = ""): string =>
  `/events/${encodeURIComponent(event)}${tab ? `/${tab}` : ""}`;
