// The wire words of protocol `tidings.v1`, as this page reads them. Fields that
// a later server adds are simply not named here.

import type * as wire from "./wire";

/** An activity; the server leaves out none of its fields. */
export type Activity = Omit<Required<wire.Activity>, "properties"> & {
  properties: Record<string, string | number | boolean>;
};

export type Cursor = string;

export interface Amended {
  id: string;
  seq: number;
  at: number;
  grade: string;
  grade_reasons: string[];
  item?: Activity;
  left?: boolean;
}

export interface Erased {
  id: string;
  seq: number;
  at: number;
}

/** How many activities occurred in a span of time: its start in milliseconds, and their number. */
export interface Bar {
  start: number;
  count: number;
}

export interface Bars {
  items: Bar[];
  /** Where the count goes on; null when all was counted. */
  older: Cursor | null;
  /** Bars that start before this may hold more than was counted; null when all was. */
  back: number | null;
}

export type Page = Omit<wire.ActivityPage, "items"> & { items: Activity[] };

/** A frame by its word; rows are whole, and what may be null is always told. */
type Word<W extends string, T extends { type: string }, Told extends keyof T = never> = { type: W } & Required<Pick<T, Told>> &
  Omit<T, "type" | "items" | Told> &
  (T extends { items: unknown } ? { items: Activity[] } : unknown);

export type ServerFrame =
  | Word<"welcome", wire.Welcome>
  | (Word<"subscribed", wire.Subscribed, "older"> & { mode: "resumed" | "fresh" })
  | (Word<"activities", wire.Activities> & { amended?: Amended[]; erased?: Erased[] })
  | Word<"position", wire.Position>
  | Word<"refiltered", wire.Refiltered, "older">
  | Word<"lagging", wire.Lagging>
  | Word<"caught_up", wire.CaughtUp>
  | Word<"sealed", wire.Sealed, "since">
  | Word<"changed", wire.Changed>
  | Word<"unsubscribed", wire.Unsubscribed>
  | (Word<"reset", wire.Reset> & { reason: "epoch" | "pruned" | "ahead" })
  | Word<"error", wire.Error>
  | Word<"pong", wire.Pong>
  | Word<"bye", wire.Bye>;
