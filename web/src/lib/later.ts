// What is not needed to see the feed move: read when it is asked for, and ahead of that once the page is at rest, so that it
// is there when the server is not.

function later<T>(read: () => Promise<T>): () => Promise<T> {
  let held: Promise<T> | undefined;
  return () =>
    (held ??= read().catch(async (error: unknown) => {
      held = undefined;
      // Another version was put in place since this page was opened: its files have other names.
      if (await fetch("/", { method: "HEAD" }).then((answer) => answer.ok, () => false)) location.reload();
      throw error;
    }));
}

export const parts = {
  pick: later(() => import("../parts/FieldPick.svelte")),
  sheet: later(() => import("../parts/FilterSheet.svelte")),
  details: later(() => import("../parts/Details.svelte")),
  send: later(() => import("../parts/SendDialog.svelte")),
  first: later(() => import("../parts/SendLine.svelte")),
  keys: later(() => import("../parts/KeysHelp.svelte")),
  menu: later(() => import("../parts/ValueMenu.svelte")),
  spoken: later(() => import("../parts/Spoken.svelte")),
  time: later(() => import("../parts/TimePick.svelte")),
  rooms: later(() => import("../screens/rooms")),
};

/** Reads all of it, when nothing else is to be done. */
export function ahead(): void {
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 1_000));
  idle(async () => {
    for (const part of Object.values(parts)) await part().catch(() => {});
  });
}
