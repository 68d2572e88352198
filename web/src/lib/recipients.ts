// Many recipients at once, within what one request may hold.

import { things } from "./things";

const REQUEST_MAX = 5_000;

/** How many recipients the message has then. */
export async function addRecipients(event: string, message: string, keys: string[]): Promise<number> {
  let total = 0;
  for (let from = 0; from < keys.length; from += REQUEST_MAX) {
    ({ total } = await things.setRecipients(event, message, keys.slice(from, from + REQUEST_MAX), []));
  }
  return total;
}
