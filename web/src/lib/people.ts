// Members, their sessions, and what they change of themselves.

import type { Invitation, Member, MemberSession, RecoveryCodes, ResetLink, SecondFactor, Session } from "../feed/wire";
import { call, type ListPage, SIGN_IN } from "./api";

export type { Invitation, Member, MemberSession, SecondFactor } from "../feed/wire";
export const ROLES = ["owner", "admin", "editor", "operator", "viewer"] as const;
export type Role = (typeof ROLES)[number];

const member = (id: number): string => `/v1/members/${id}`;
const SECOND = `${SIGN_IN}/second`;

export const people = {
  list: () => call<ListPage<Member>>("GET", "/v1/members"),
  invite: (draft: { email: string; name?: string; role: Role; events: string[] | null }) => call<Invitation>("POST", "/v1/invitations", draft),
  change: (id: number, change: { role?: Role; events?: string[] | null; name?: string | null }) => call<Member>("PATCH", member(id), change),
  remove: (id: number) => call<void>("DELETE", member(id)),
  reset: (id: number) => call<ResetLink>("POST", `${member(id)}/reset`),
  sessions: () => call<ListPage<MemberSession>>("GET", "/v1/sessions"),
  end: (id: number) => call<void>("DELETE", `/v1/sessions/${id}`),
  endOthers: () => call<void>("DELETE", "/v1/sessions"),
  password: (password: string | undefined, next: string) => call<void>("PUT", `${SIGN_IN}/password`, { password, new: next }),
  beginSecond: (password: string) => call<SecondFactor>("POST", SECOND, { password }),
  putSecond: (password: string, secret: string, code: string) => call<RecoveryCodes>("PUT", SECOND, { password, secret, code }),
  removeSecond: (password: string) => call<void>("POST", `${SECOND}:remove`, { password }),
  signIn: (email: string, password: string, code?: string) => call<Session>("POST", SIGN_IN, { email, password, code }),
  signInByKey: (key: string) => call<Session>("POST", SIGN_IN, { key }),
  signInDemo: () => call<Session>("POST", SIGN_IN, { demo: true }),
  signInAs: (role: Role) => call<Session>("POST", SIGN_IN, { demo: true, role }),
};
