// What people enter: read, made, changed and removed. Apart from the rest of the edge, for the feed needs none of it.

import { ask, at, call, list, type ListPage, type Message, type Partner, type Recipient } from "./api";
import type * as wire from "../feed/wire";

/** Things that people enter: what is there already is not replaced unseen, and the answer is a 412 then. */
export const thing = {
  read: <T>(path: string) => ask<T>("GET", path),
  create: <T>(path: string, body: unknown) => call<T>("PUT", path, body, { "if-none-match": "*" }),
  change: <T>(path: string, patch: unknown, etag: string) => ask<T>("PATCH", path, patch, { "content-type": "application/merge-patch+json", "if-match": etag }),
  remove: (path: string) => call<void>("DELETE", path),
};

const ofRecipients = (e: string, m: string) => `${at.message(e, m)}/recipients`;
const partnerBody = ({ name, email, company, tags }: Partner) => ({ name, email, company, tags });

export const things = {
  createPartner: (e: string, p: Partner) => thing.create<Partner>(at.partner(e, p.key), partnerBody(p)),
  replacePartner: (e: string, p: Partner) => call<Partner>("PUT", at.partner(e, p.key), partnerBody(p)),
  /** Keys of the messages whose recipient a partner is. */
  messagesOf: async (e: string, p: string): Promise<string[]> => {
    const keys: string[] = [];
    let after: string | null = null;
    do {
      const page: ListPage<Message> = await list<Message>(`${at.partner(e, p)}/messages`, after);
      keys.push(...page.items.map((message) => message.key));
      after = page.next;
    } while (after !== null);
    return keys;
  },
  recipients: (e: string, m: string, after: string | null) => list<Recipient>(ofRecipients(e, m), after),
  setRecipients: (e: string, m: string, add: string[], remove: string[]) =>
    call<wire.RecipientsChanged>("POST", ofRecipients(e, m), { add, remove }),
};
