// Alerts and channels. Whether anything fires is asked for while somebody looks at the page, wherever on it.

import type { Alert, AlertDraft, AlertLine, AlertTest, Channel, ChannelDraft } from "../feed/wire";
import { call, type ListPage, Problem } from "./api";
import { slug } from "./words";

export type { Alert, AlertDraft, AlertLine, AlertTest, Channel, ChannelDraft } from "../feed/wire";

/** What an alert rings for, as the form has it. */
export type When = { count: number; within_s: number } | { silent_s: number } | { first_by: "partner" | "flavor" | "message" | "campaign" } | { source_silent: string } | { pulse: true };
export const whenOf = (alert: Alert): When => alert.when as unknown as When;

const KEYS_MAX = 20;
const LOOK_MS = 10_000;
const HOUR = 3_600_000;
const path = (kind: "alerts" | "channels", key: string): string => `/v1/${kind}/${encodeURIComponent(key)}`;

/** Under the key that its name makes, or the next that is free. */
async function made<T>(kind: "alerts" | "channels", name: string, draft: unknown): Promise<T> {
  const base = slug(name) || kind.slice(0, -1);
  for (let i = 1; ; i += 1) {
    try {
      return await call<T>("PUT", path(kind, i === 1 ? base : `${base}-${i}`), draft, { "if-none-match": "*" });
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 412 || i === KEYS_MAX) throw error;
    }
  }
}

const until = (on: boolean, why: string): { until?: string; why?: string } => (on ? { until: new Date(Date.now() + HOUR).toISOString(), why } : {});

export const channels = {
  list: () => call<ListPage<Channel>>("GET", "/v1/channels?limit=500"),
  put: (key: string | null, name: string, draft: ChannelDraft) => (key === null ? made<Channel>("channels", name, draft) : call<Channel>("PUT", path("channels", key), draft)),
  remove: (key: string) => call<void>("DELETE", path("channels", key)),
};

class Alerts {
  all = $state.raw<Alert[] | null>(null);
  mute = $state.raw<{ until: string; why: string } | null>(null);
  readonly firing = $derived((this.all ?? []).filter((alert) => alert.state === "firing" && alert.enabled));
  #timer: ReturnType<typeof setTimeout> | undefined;

  async read(): Promise<void> {
    const [all, muted] = await Promise.all([call<ListPage<Alert>>("GET", "/v1/alerts?limit=500"), call<{ mute: { until: string; why: string } | null }>("GET", "/v1/alerts:mute")]);
    [this.all, this.mute] = [all.items, muted.mute];
  }

  /** Looks from now on, until what it returns is called. */
  watch(): () => void {
    let ended = false;
    const look = async (): Promise<void> => {
      if (document.visibilityState === "visible") await this.read().catch(() => {});
      if (!ended) this.#timer = setTimeout(() => void look(), LOOK_MS);
    };
    void look();
    return () => {
      ended = true;
      clearTimeout(this.#timer);
    };
  }

  put = (key: string | null, draft: AlertDraft): Promise<Alert> => (key === null ? made<Alert>("alerts", draft.name, draft) : call<Alert>("PUT", path("alerts", key), draft));
  remove = (key: string): Promise<void> => call<void>("DELETE", path("alerts", key));
  history = (key: string): Promise<ListPage<AlertLine>> => call<ListPage<AlertLine>>("GET", `${path("alerts", key)}/history`);
  test = (key: string): Promise<AlertTest> => call<AlertTest>("POST", `${path("alerts", key)}/test`);
  acknowledge = (key: string): Promise<Alert> => call<Alert>("POST", `${path("alerts", key)}/acknowledge`, {});
  muteOne = (key: string, on: boolean, why: string): Promise<Alert> => call<Alert>("POST", `${path("alerts", key)}/mute`, until(on, why));
  muteAll = (on: boolean, why: string): Promise<unknown> => call("POST", "/v1/alerts:mute", until(on, why));
}

export const alerts = new Alerts();
