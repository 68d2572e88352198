// The things that people enter, each as one declaration: its fields, where it is, what goes with it when it is deleted.

import { at, type EventItem, type Message, type Named, type Partner, Problem, type Tagged } from "./api";
import { thing, things } from "./things";
import { directory } from "./directory.svelte";
import { emailFault, Faults, tagsFault, textFault } from "./faults";
import { t } from "../words/rooms";
import { say } from "../words/say";
import { type Kind, makeNew, type NounName } from "./fresh";
import type { Listing } from "./listing.svelte";
import { addRecipients } from "./recipients";
import { tidy, tidyEmail } from "./tidy";

export interface FieldOf<T> {
  /** As the server calls it. */
  name: string;
  label: () => string;
  /** As it stands in the form. */
  shown(item: T): string;
  /** As it is sent; null is nothing. */
  value(typed: string): unknown;
  fault(typed: string): string | null;
  optional?: boolean;
  kind?: "email";
  hint?: () => string;
  placeholder?: () => string;
}

export interface Noun<T> extends Kind<T> {
  /** On the button, as in "Create event". */
  make: () => string;
  /** The first one is what it is called. */
  fields: FieldOf<T>[];
  path(key: string): string;
  /** A key to show how one looks. */
  example: string;
  /** Reads what goes with it when it is deleted, and says how that is brought back. */
  bound?(item: T): Promise<() => Promise<void>>;
}

type FieldName = "name" | "email" | "company" | "subject" | "tags";

const text = <T>(name: FieldName, shown: (item: T) => string | null, more: Partial<FieldOf<T>> & { cure?: NounName } = {}): FieldOf<T> => ({
  name,
  label: () => t[name],
  shown: (item) => shown(item) ?? "",
  value: (typed) => tidy(typed) || null,
  fault: (typed) => textFault(name === "tags" ? "tag" : name, tidy(typed), more.cure && t.cure[more.cure]),
  ...more,
});

type Open<T> = (item: T) => void;

export const eventNoun = (open: Open<EventItem>): Noun<EventItem> => ({
  ...kind("event", directory.list.events, open),
  make: () => t.createEvent,
  fields: [text("name", (e) => e.name, { cure: "event", placeholder: () => t.eventExample })],
  path: at.event,
  example: "expo-2026",
});

export const partnerNoun = (event: string, open: Open<Partner>): Noun<Partner> => ({
  ...kind("partner", directory.list.partners, open),
  make: () => t.add,
  fields: [
    text("name", (p) => p.name, { cure: "partner" }),
    text("email", (p) => p.email, { optional: true, kind: "email", value: (typed) => tidyEmail(typed) || null, fault: (typed) => emailFault(tidyEmail(typed)) }),
    text("company", (p) => p.company, { optional: true }),
    text("tags", (p) => p.tags.join(", "), { optional: true, placeholder: () => t.tagsExample, hint: () => t.commas, value: tagsOf, fault: (typed) => tagsFault(tagsOf(typed)) }),
  ],
  path: (key) => at.partner(event, key),
  example: "acme-inc",
  bound: async ({ key }) => {
    const messages = await things.messagesOf(event, key);
    return async () => {
      for (const message of messages) await addRecipients(event, message, [key]);
    };
  },
});

export const campaignNoun = (event: string, open: Open<Named>): Noun<Named> => ({
  ...kind("campaign", directory.list.campaigns, open),
  make: () => t.createCampaign,
  fields: [text("name", (c) => c.name, { cure: "campaign", placeholder: () => t.campaignExample })],
  path: (key) => at.campaign(event, key),
  example: "spring-invites",
});

export const messageNoun = (event: string, open: Open<Message>): Noun<Message> => ({
  ...kind("message", directory.list.messages, open),
  name: (m) => m.subject,
  make: () => t.recordMessage,
  fields: [text("subject", (m) => m.subject, { cure: "message", placeholder: () => t.messageExample })],
  path: (key) => at.message(event, key),
  example: "welcome",
  bound: async ({ key }) => {
    const keys: string[] = [];
    for (let after: string | null = null, first = true; first || after !== null; first = false) {
      const page = await things.recipients(event, key, after);
      keys.push(...page.items.map((r) => r.partner.key));
      after = page.next;
    }
    return async () => {
      if (keys.length) await addRecipients(event, key, keys);
    };
  },
});

const tagsOf = (typed: string): string[] => typed.split(",").map(tidy).filter(Boolean);

const kind = <T extends { key: string }>(noun: NounName, list: Listing<T>, open: Open<T>) => ({
  noun,
  list,
  open,
  name: (item: T) => (item as { name?: string }).name ?? item.key,
});

/** What was typed, as it is sent. Throws when a rule of any field is broken. */
export function draft<T>(noun: Noun<T>, typed: Record<string, string>): Record<string, unknown> {
  const broken = noun.fields.flatMap((f) => {
    const fault = f.fault(typed[f.name] ?? "");
    return fault === null ? [] : [[f.name, { text: fault }] as const];
  });
  if (broken.length) throw new Faults(Object.fromEntries(broken));
  return Object.fromEntries(noun.fields.map((f) => [f.name, f.value(typed[f.name] ?? "")]));
}

export const typedOf = <T>(noun: Noun<T>, item: T): Record<string, string> => Object.fromEntries(noun.fields.map((f) => [f.name, f.shown(item)]));

export const readThing = <T extends { key: string }>(noun: Noun<T>, key: string): Promise<Tagged<T>> => thing.read<T>(noun.path(key));

export const makeThing = <T extends { key: string }>(noun: Noun<T>, key: string, body: unknown): Promise<T> =>
  makeNew(noun, key, (wanted) => thing.create<T>(noun.path(wanted), body), async (wanted) => (await readThing(noun, wanted)).item);

/** The fields of a body that another has not, or has otherwise. */
const otherThan = (body: Record<string, unknown>, other: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(body).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(other[name])));

/** Changes what differs, if anything does, and says how to take that back. */
export async function changeThing<T extends { key: string }>(noun: Noun<T>, was: Tagged<T>, body: Record<string, unknown>): Promise<(() => Promise<void>) | null> {
  const before = draft(noun, typedOf(noun, was.item));
  const patch = otherThan(body, before);
  if (Object.keys(patch).length === 0) return null;
  const path = noun.path(was.item.key);
  const put = noun.list.hand();
  const made = await thing.change<T>(path, patch, was.etag);
  put(made.item);
  return async () => put((await thing.change<T>(path, otherThan(before, body), made.etag)).item);
}

/** Deletes it, with what goes with it, and says how all of that is brought back. */
export async function removeThing<T extends { key: string }>(noun: Noun<T>, item: T): Promise<() => Promise<void>> {
  const [{ item: last }, back] = await Promise.all([readThing(noun, item.key), noun.bound?.(item)]);
  const put = noun.list.hand();
  await thing.remove(noun.path(item.key));
  noun.list.drop(item.key);
  return async () => {
    const body = draft(noun, typedOf(noun, last));
    try {
      put(await thing.create<T>(noun.path(last.key), body));
    } catch (error) {
      // Made anew by an activity or by somebody else: it is not written over.
      if (!(error instanceof Problem && error.status === 412)) throw error;
      throw new Error(say(t.keyUsed, { key: last.key }));
    }
    await back?.();
    put((await readThing(noun, last.key)).item);
  };
}
