// What is not needed to see the feed move: read when it is asked for, and ahead of that once the page is at rest, so that it
// is there when the server is not.

import { language } from "../words/language.svelte";

/** A page that was loaded anew for this is not loaded anew again so soon: where a file is missing for good, that would never end. */
const RELOAD_REST_MS = 60_000;
const RELOADED = "reloaded for a file";

/** How long a part rests that could not be read. */
const AGAIN_MS = 2_000;

/** A part comes when the server is back; one that `tells` fails instead, for who says so, and so does one that is only read ahead. */
function later<T>(read: () => Promise<T>, tells = false): (ahead?: boolean) => Promise<T> {
  let held: Promise<T> | undefined;
  let wanted = false;
  const look = (): Promise<T> =>
    read().then(worded).catch(async (error: unknown) => {
      if (wanted) await anew();
      if (wanted && !tells) return new Promise<void>((run) => setTimeout(run, AGAIN_MS)).then(look);
      held = undefined;
      throw error;
    });
  return (ahead = false) => {
    wanted ||= !ahead;
    return (held ??= look());
  };
}

/** Its words come with it. */
const worded = async <T>(part: T): Promise<T> => (await language.settled(), part);

/** Another version was put in place since this page was opened: its files have other names. */
async function anew(): Promise<void> {
  const there = await fetch("/", { method: "HEAD" }).then((answer) => answer.ok, () => false);
  if (!there || Date.now() - Number(sessionStorage.getItem(RELOADED)) < RELOAD_REST_MS) return;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
}

export const parts = {
  chart: later(() => import("../parts/Chart.svelte")),
  desks: later(() => import("../screens/desks")),
  left: later(() => import("../parts/LeftLine.svelte")),
  jump: later(() => import("../parts/JumpBar.svelte")),
  rules: later(() => import("../words/rules")),
  title: later(() => import("./titled")),
  range: later(() => import("../feed/range")),
  state: later(() => import("../parts/FeedState.svelte")),
  notice: later(() => import("../parts/Notice.svelte")),
  pick: later(() => import("../parts/FieldPick.svelte")),
  fields: later(() => import("../parts/MoreFields.svelte")),
  sheet: later(() => import("../parts/FilterSheet.svelte")),
  leaders: later(() => import("../parts/Leaders.svelte")),
  details: later(() => import("../parts/Details.svelte")),
  correct: later(() => import("../parts/Correct.svelte")),
  send: later(() => import("../parts/SendDialog.svelte")),
  first: later(() => import("../parts/FirstSteps.svelte")),
  keys: later(() => import("../parts/KeysHelp.svelte")),
  more: later(() => import("../parts/More.svelte")),
  actions: later(() => import("../parts/Actions.svelte")),
  menu: later(() => import("../parts/ValueMenu.svelte")),
  speak: later(() => import("../parts/Speak.svelte")),
  sides: later(() => import("../parts/sides")),
  spoken: later(() => import("../parts/Spoken.svelte")),
  bars: later(() => import("../parts/bars")),
  table: later(() => import("../parts/ChartTable.svelte")),
  time: later(() => import("../parts/TimePick.svelte")),
  rooms: later(() => import("../screens/rooms"), true),
};

/** Reads all of it, when nothing else is to be done. */
export function ahead(): void {
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 1_000));
  idle(async () => {
    for (const part of Object.values(parts)) await part(true).catch(() => {});
  });
}
