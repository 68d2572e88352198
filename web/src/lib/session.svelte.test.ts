// What was asked in one session is no news to the next, whenever the answer comes.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { people } from "./people";
import { session } from "./session.svelte";

/** Requests that are answered by hand. */
let asked: { what: string; answer: (status: number, body?: object) => Promise<void> }[];
const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};
const next = (what: string) => {
  const at = asked.findIndex((one) => one.what === what);
  expect(at, `${what} among ${asked.map((one) => one.what)}`).toBeGreaterThanOrEqual(0);
  return asked.splice(at, 1)[0]!;
};
const SESSION = { scopes: ["read"], event: null };

beforeEach(async () => {
  asked = [];
  vi.stubGlobal("fetch", (path: string, { method }: { method: string }) =>
    new Promise<Response>((resolve) =>
      asked.push({
        what: `${method} ${path}`,
        answer: (status, body) => (resolve(new Response(body ? JSON.stringify(body) : null, { status, headers: { "content-type": "application/json" } })), settle()),
      }),
    ),
  );
  const signed = people.signInByKey("k").then((current) => session.enter(current));
  await next("POST /v1/session").answer(201, SESSION);
  await signed;
});
afterEach(() => void vi.unstubAllGlobals());

it("does not bring back whoever signed out while it was asked", async () => {
  const loading = session.load();
  const out = session.signOut();
  await next("DELETE /v1/session").answer(204);
  await out;
  await next("GET /v1/session").answer(200, SESSION);
  await loading;
  expect(session.status).toBe("out");
});

it("does not end a session that began after it was asked", async () => {
  const loading = session.load();
  const signed = people.signInByKey("other").then((current) => session.enter(current));
  await next("POST /v1/session").answer(201, SESSION);
  await signed;
  await next("GET /v1/session").answer(401, {});
  await loading;
  expect(session.status).toBe("in");
});

it("ends when the server knows it no more", async () => {
  const loading = session.load();
  await next("GET /v1/session").answer(401, {});
  await loading;
  expect(session.status).toBe("out");
});
