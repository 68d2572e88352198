// Keys for sending by hand: one a session and event, however often it is asked for; forgotten with the session, and stored nowhere.

import { fold } from "../feed";
import { call, edge } from "./api";

let made = new Map<string, Promise<string>>();
let madeIn = edge.session;

/** The key of this session and event, if one was made. */
export function madeKey(event: string): Promise<string> | undefined {
  if (madeIn !== edge.session) [made, madeIn] = [new Map(), edge.session];
  return made.get(fold(event));
}

/** A key that may only send to this event. */
export function sendingKey(event: string): Promise<string> {
  const held = madeKey(event);
  if (held) return held;
  const key = call<{ key: string }>("POST", "/v1/keys", { name: "Sent by hand", scopes: ["ingest"], event }).then((answer) => answer.key);
  made.set(fold(event), key);
  // What could not be made may be tried again.
  key.catch(() => made.delete(fold(event)));
  return key;
}
