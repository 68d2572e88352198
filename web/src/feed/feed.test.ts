// What the feed does of its own accord, on the exact server: asks for the seal, looks further back.

import { beforeEach, expect, it } from "vitest";
import { Feed } from "./feed";
import { Sim } from "./sim";
import { SimClock } from "./sim-clock";
import type { Activity, Cursor, Page } from "./types";

let clock: SimClock;
let sim: Sim;
let feed: Feed;
let readPage: (before: Cursor) => Page;

const row = (partner: string) => ({ id: `a${sim.head}`, partner: { key: partner, name: "", company: null }, flavor: { key: "page.viewed", label: "" }, event: { key: "expo", name: "" }, occurred_at: new Date(clock.now).toISOString(), recorded_at: new Date(clock.now).toISOString(), grade: "human" }) as unknown as Omit<Activity, "seq">;

const pass = (ms: number) => clock.advance(ms, calm);
function calm(): void {
  while ([sim.pump(), sim.hear(), sim.deliver()].some(Boolean));
}
async function settle(): Promise<void> {
  for (let i = 0; i < 400; i++) await Promise.resolve();
}

beforeEach(() => {
  clock = new SimClock(1_000_000);
  // Never below a budget: searches end where they should.
  sim = new Sim(() => 0.9);
  feed = new Feed({
    url: "",
    filter: {},
    world: {
      open: () => sim.open(),
      now: () => clock.now,
      after: (ms, run) => clock.after(ms, run),
      random: () => 0.5,
    },
    changed: () => {},
    readPage: (_, before) => Promise.resolve(readPage(before)),
  });
});

it("asks for the seal soon after rows came, and seldom when none do", () => {
  feed.start();
  calm();
  pass(1_000);
  expect([sim.seen.sealed, feed.view.seal.stored]).toEqual([1, 0]);
  pass(5_000);
  expect(sim.seen.sealed).toBe(1);
  sim.post(row("acme"));
  calm();
  expect([feed.view.seal.shown, feed.view.seal.stored]).toEqual([1, 0]);
  pass(1_000);
  expect([sim.seen.sealed, feed.view.seal.stored]).toEqual([2, 1]);
  // However many come, one question a second.
  for (let i = 0; i < 10; i++) {
    sim.post(row("acme"));
    calm();
    pass(100);
  }
  expect(sim.seen.sealed).toBe(3);
  expect(feed.view.seal.state).toBe("complete");
  feed.stop();
});

it("looks further back where nothing is found, up to a bound, and on when it is asked", async () => {
  let pages = 0;
  const empty = (before: Cursor): Page => ({ items: [], older: `${before}<`, newer: "e1.1", more: false, complete: false, searched_back_to: "2026-11-23T00:00:00Z" });
  readPage = (before) => (pages++, empty(before));
  // The server's own search for the newest ended early, and found nothing.
  const open = sim.open.bind(sim);
  sim.open = () => {
    const socket = open();
    queueMicrotask(() => {
      const heard = socket.onmessage!;
      socket.onmessage = (event) => heard({ data: String(event.data).replace('"older":null', '"older":"e1.0"') });
    });
    return socket;
  };
  feed.start();
  await settle();
  calm();
  await settle();
  expect([feed.view.rows.length, pages, feed.tired]).toEqual([0, 20, true]);
  expect(await feed.loadOlder()).toBe(false);
  feed.searchOn();
  await settle();
  expect(pages).toBe(40);
  const found = { ...row("acme"), seq: 1 } as Activity;
  readPage = (before) => (pages++, { ...empty(before), items: [found], complete: true, searched_back_to: null });
  feed.searchOn();
  await settle();
  expect([feed.view.rows.length, feed.tired]).toEqual([1, false]);
  feed.stop();
});

it("asks for the filter that is wanted now, when another one is refused that was wanted before", () => {
  const heard: object[] = [];
  let socket: ReturnType<Sim["open"]>;
  const open = sim.open.bind(sim);
  sim.open = () => {
    socket = open();
    const { send } = socket;
    socket.send = (text) => (heard.push(JSON.parse(text)), send(text));
    return socket;
  };
  feed.start();
  sim.deliver();
  // The filter changes before the server has said what it thinks of the first one.
  feed.setFilter({ partner: ["acme"] });
  const { ref } = heard[0] as { ref: string };
  socket!.onmessage!({ data: JSON.stringify({ type: "error", ref, code: "filter_invalid", message: "", retry: false }) });
  expect(heard.map((word) => JSON.stringify((word as { filter: object }).filter))).toEqual(["{}", '{"partner":["acme"]}']);
  expect(feed.trouble).toBeNull();
  feed.stop();
});
