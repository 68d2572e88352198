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

export type Page = Omit<wire.ActivityPage, "items"> & { items: Activity[] };

export type ServerFrame =
  | { type: "welcome"; session: string; heartbeat_ms: number; server_time: string }
  | {
      type: "subscribed";
      sub: string;
      rev: number;
      position: Cursor;
      mode: "resumed" | "fresh";
      items: Activity[];
      older: Cursor | null;
      head: Cursor;
      catching_up: boolean;
      ref?: string;
    }
  | {
      type: "activities";
      sub: string;
      rev: number;
      position: Cursor;
      items: Activity[];
      amended?: Amended[];
      erased?: Erased[];
    }
  | { type: "position"; sub: string; position: Cursor }
  | {
      type: "refiltered";
      sub: string;
      rev: number;
      position: Cursor;
      items: Activity[];
      older: Cursor | null;
      ref?: string;
    }
  | { type: "lagging"; sub: string; position: Cursor; head: Cursor }
  | { type: "caught_up"; sub: string; position: Cursor }
  | {
      type: "sealed";
      sub: string;
      rev: number;
      from: Cursor;
      position: Cursor;
      stored: number;
      since: string | null;
      ref?: string;
    }
  | { type: "changed"; what: string; key: string }
  | { type: "unsubscribed"; sub: string; position: Cursor }
  | { type: "reset"; sub: string; reason: "epoch" | "pruned" | "ahead"; oldest: Cursor | null }
  | { type: "error"; sub?: string; ref?: string; code: string; message: string; retry?: boolean }
  | { type: "pong"; t: number }
  | { type: "bye"; reason: string; reconnect_after_ms: number };
