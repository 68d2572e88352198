// One socket that is always on its way back, with the world in the test's hand.

import { beforeEach, describe, expect, it } from "vitest";
import { Connection, restarting, type Link, type Socket, type World } from "./connection";
import { SimClock } from "./sim-clock";
import type { ServerFrame } from "./types";

let clock: SimClock;
let sockets: (Socket & { sent: string[]; closed: boolean })[];
let refuse: boolean;
let links: Link[];
let heard: string[];
let connection: Connection;

const world: World = {
  open: () => {
    if (refuse) throw new Error("refused");
    const socket = { sent: [] as string[], closed: false, send: (text: string) => void socket.sent.push(text), close: () => void (socket.closed = true), onopen: null, onmessage: null, onclose: null } as (typeof sockets)[number];
    sockets.push(socket);
    return socket;
  },
  now: () => clock.now,
  after: (ms, run) => clock.after(ms, run),
  random: () => 0.5,
};

const pass = (ms: number) => clock.advance(ms);
const last = () => sockets[sockets.length - 1]!;
const say = (frame: object) => last().onmessage!({ data: JSON.stringify(frame) });
const welcome = (serverTime = clock.now) =>
  say({ type: "welcome", session: "s", heartbeat_ms: 15_000, server_time: new Date(serverTime).toISOString(), limits: {} });
const lose = (code: number) => last().onclose!({ code, reason: "" });
const wait = () => {
  const link = connection.link;
  return link.state === "offline" ? link.retryAt - clock.now : null;
};

beforeEach(() => {
  clock = new SimClock(1_000_000);
  sockets = [];
  links = [];
  heard = [];
  refuse = false;
  connection = new Connection("ws://x", world, (frame: ServerFrame) => heard.push(frame.type), (link) => links.push(link));
  connection.start();
});

describe("coming back", () => {
  it("waits longer each time, jittered, and begins anew after a welcome", () => {
    const waits = [];
    for (let i = 0; i < 8; i++) {
      lose(1006);
      waits.push(wait());
      pass(wait()!);
    }
    expect(waits).toEqual([300, 600, 1_200, 2_400, 4_800, 9_600, 15_000, 15_000]);
    welcome();
    lose(1006);
    expect(wait()).toBe(300);
  });

  it("keeps since when it is offline while it tries", () => {
    welcome();
    const since = clock.now;
    lose(1006);
    pass(wait()!);
    pass(500);
    lose(1006);
    expect(connection.link).toMatchObject({ state: "offline", since });
  });

  it("comes back when the server said, and tells why it went", () => {
    welcome();
    say({ type: "bye", reason: "restart", reconnect_after_ms: 2_000 });
    lose(1012);
    expect(connection.link).toMatchObject({ code: 1012, reason: "restart" });
    expect(wait()).toBe(2_250);
    pass(2_250);
    expect(sockets).toHaveLength(2);
  });

  it("calls a restart one until it has lasted a minute", () => {
    welcome();
    say({ type: "bye", reason: "restart", reconnect_after_ms: 1_000 });
    lose(1012);
    const began = clock.now;
    while (clock.now - began < 59_000) {
      expect(restarting(connection.link)).toBe(true);
      pass(wait()!);
      lose(1006);
    }
    while (clock.now - began < 90_000) {
      pass(wait()!);
      lose(1006);
    }
    expect(restarting(connection.link)).toBe(false);
    pass(wait()!);
    welcome();
    lose(1006);
    expect(restarting(connection.link)).toBe(false);
  });

  it("does not come back where it may not", () => {
    for (const code of [4401, 4403]) {
      welcome();
      lose(code);
      expect(connection.link).toEqual({ state: "denied", code });
      pass(60_000);
      connection.stop();
      connection.start();
    }
  });

  it("comes back where it was let in again", () => {
    welcome();
    lose(4401);
    connection.admitted();
    welcome();
    expect(connection.link.state).toBe("open");
  });

  it("gives a crowded server more time", () => {
    welcome();
    lose(4429);
    expect(wait()).toBe(18_750);
  });

  it("tries at once when somebody asks, or the network is back", () => {
    lose(1006);
    connection.check();
    expect(sockets).toHaveLength(2);
    welcome();
    expect(connection.link.state).toBe("open");
  });

  it("stays away when it is stopped", () => {
    welcome();
    connection.stop();
    expect(last().closed).toBe(true);
    pass(120_000);
    expect(sockets).toHaveLength(1);
  });
});

describe("a path that is silent", () => {
  it("is asked for a sign of life, said to be without an answer, and given up", () => {
    welcome();
    pass(4_000);
    say({ type: "position", sub: "feed", position: "c" });
    pass(4_999);
    expect(last().sent).toEqual([]);
    pass(1);
    expect(JSON.parse(last().sent[0]!)).toMatchObject({ type: "ping" });
    expect([connection.unanswered, connection.askedAt]).toEqual([false, clock.now]);
    pass(1_500);
    expect([connection.unanswered, connection.link.state]).toEqual([true, "open"]);
    pass(10_500);
    expect(connection.link).toMatchObject({ state: "offline", reason: "silent" });
    expect(connection.unanswered).toBe(false);
  });

  it("is live again with whatever comes", () => {
    welcome();
    pass(9_000);
    expect(connection.unanswered).toBe(true);
    say({ type: "pong", t: 1 });
    expect([connection.unanswered, connection.askedAt]).toEqual([false, null]);
    pass(9_000);
    expect([connection.unanswered, connection.link.state, last().sent.length]).toEqual([true, "open", 2]);
  });

  it("owes an answer from the first question on that nothing was heard after", () => {
    welcome();
    pass(1_000);
    connection.send({ type: "seal" });
    pass(1_000);
    connection.send({ type: "seal" });
    expect(connection.askedAt).toBe(clock.now - 1_000);
    say({ type: "position", sub: "feed", position: "c" });
    expect(connection.askedAt).toBeNull();
    connection.send({ type: "seal" });
    lose(1006);
    expect(connection.askedAt).toBeNull();
  });

  it("is offline at once when the machine says that it has no network, and tries on", () => {
    welcome();
    connection.networkLost();
    expect(connection.link).toMatchObject({ state: "offline", since: clock.now, reason: "network" });
    pass(wait()!);
    expect(sockets).toHaveLength(2);
    welcome();
    expect(connection.link.state).toBe("open");
    lose(4403);
    connection.networkLost();
    expect(connection.link.state).toBe("denied");
  });

  it("is given up when no welcome comes", () => {
    pass(10_000);
    expect(connection.link.state).toBe("offline");
  });

  it("is asked after sleep, and given up when there is no answer", () => {
    welcome();
    connection.check();
    expect(JSON.parse(last().sent[0]!)).toMatchObject({ type: "ping" });
    pass(3_000);
    expect(connection.link.state).toBe("offline");
  });

  it("is given up when what comes cannot be read", () => {
    welcome();
    last().onmessage!({ data: "{" });
    expect(connection.link).toMatchObject({ state: "offline", reason: "unreadable" });
  });
});

describe("the server's clock", () => {
  it.each([
    ["is ours when it may be", 20, 0],
    ["is ours also when the welcome was slow to arrive", 0, 0],
    ["is ahead", 60_000, 59_950],
    ["is behind", -60_000, -60_050],
  ])("%s", (_, ahead, expected) => {
    const opened = clock.now;
    pass(100);
    welcome(opened + ahead);
    expect(connection.clockOffset).toBe(expected);
  });
});
