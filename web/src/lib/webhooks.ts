// Webhooks: where activities of a view are sent to, and how far that has come.

import type { Webhook } from "../feed/wire";
import { call, type ListPage } from "./api";

export type { Webhook } from "../feed/wire";

const path = (key: string): string => `/v1/webhooks/${encodeURIComponent(key)}`;

export const webhooks = {
  list: () => call<ListPage<Webhook>>("GET", "/v1/webhooks"),
  put: (key: string, draft: { url: string; view: string; enabled: boolean }) => call<Webhook>("PUT", path(key), draft),
  remove: (key: string) => call<void>("DELETE", path(key)),
  again: (key: string) => call<Webhook>("POST", `${path(key)}/redeliver`, {}),
  renew: (key: string) => call<Webhook>("POST", `${path(key)}/secret`),
};
