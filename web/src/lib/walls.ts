// Walls and the screens that show them.

import type { NewScreen, Screen, Wall } from "../feed/wire";
import { call, type ListPage } from "./api";

export type { Screen, Wall } from "../feed/wire";
export type Order = "blink" | "test" | "reload" | "rotate";
/** What of a wall is sent; what is left out of it is as usual. */
export type WallDraft = Omit<Wall, "key">;

const wall = (key: string): string => `/v1/walls/${encodeURIComponent(key)}`;

export const walls = {
  list: () => call<ListPage<Wall>>("GET", "/v1/walls?limit=500"),
  screens: () => call<ListPage<Screen>>("GET", "/v1/screens"),
  put: (key: string, draft: WallDraft, isNew: boolean) => call<Wall>("PUT", wall(key), draft, isNew ? { "if-none-match": "*" } : {}),
  remove: (key: string) => call<void>("DELETE", wall(key)),
  banner: (key: string, banner: { text: string; until: string } | null) => call<Wall>("POST", `${wall(key)}/banner`, banner ?? {}),
  pair: (key: string, name: string, code?: string) => call<NewScreen>("POST", `${wall(key)}/screens`, code === undefined ? { name } : { code, name }),
  change: (id: number, change: { name?: string; wall?: string }) => call<Screen>("PATCH", `/v1/screens/${id}`, change),
  order: (id: number, say: Order) => call<void>("POST", `/v1/screens/${id}/orders`, { say }),
  revoke: (id: number) => call<void>("DELETE", `/v1/screens/${id}`),
};
