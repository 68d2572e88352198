// Names while one looks at a list of them: a connection that asks for no activity and hears what changed.

import { browserWorld, Connection } from "../feed";
import { directory } from "./directory.svelte";

/** What nothing has: only who subscribes is told of names. */
const NOTHING = { id: ["00000000-0000-7000-8000-000000000000"] };

/** Hears until the returned function is called. */
export function hearNames(): () => void {
  let welcomed = false;
  const connection = new Connection(
    `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/ws`,
    browserWorld,
    (frame) => {
      if (frame.type === "changed") directory.changed(frame.what, frame.keys ?? null);
      if (frame.type !== "welcome") return;
      connection.send({ type: "subscribe", sub: "names", filter: NOTHING, backfill: 0 });
      // What changed while there was no connection was told to nobody here.
      if (welcomed) directory.readAgain();
      welcomed = true;
    },
    () => {},
  );
  const online = () => connection.check();
  addEventListener("online", online);
  connection.start();
  return () => {
    removeEventListener("online", online);
    connection.stop();
  };
}
