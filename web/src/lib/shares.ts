// Shares: links that show one view to whoever has them.

import type { NewShare, Share } from "../feed/wire";
import { call, type ListPage, type Session, SIGN_IN } from "./api";

export interface Wanted {
  view: string;
  name?: string;
  mask: string | false;
  export: boolean;
}

export const shares = {
  open: (share: string) => call<Session>("POST", SIGN_IN, { share }),
  list: () => call<ListPage<Share>>("GET", "/v1/shares"),
  make: (wanted: Wanted) => call<NewShare>("POST", "/v1/shares", wanted),
  revoke: (id: number) => call<void>("DELETE", `/v1/shares/${id}`),
};
