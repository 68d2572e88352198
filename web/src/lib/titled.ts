// Has the title of the tab say what came while nobody looked, what waits, and that it is offline.

import type { Listed } from "../feed";
import { t } from "../words/page";
import type { Live } from "./live.svelte";
import { tab } from "./tab.svelte";

const LOOK_MS = 1_000;
const COUNT_MAX = 999;

/** Follows a screen that is live until the returned function is called. Not by frames: a tab that nobody sees paints none. */
export function watch(live: Live, list: () => Listed): () => void {
  let came = 0;
  const look = () => {
    if (document.visibilityState === "visible") came = 0;
    const count = Math.max(came, list().view.waiting);
    const { state } = live.feed.connection.link;
    tab.mark = `${state === "offline" ? `${t.offline}: ` : ""}${count ? `(${count > COUNT_MAX ? `${COUNT_MAX}+` : count}) ` : ""}`;
  };
  const off = live.onRows((rows) => (came += rows.length));
  const timer = setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", look);
  return () => {
    off();
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
    tab.mark = "";
  };
}
