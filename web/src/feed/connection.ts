// One WebSocket that is always on its way back: opens, watches the heartbeat,
// returns with jittered back-off or as the server advises. Knows no subscription.

import type { ServerFrame } from "./types";

export const SUBPROTOCOL = "tidings.v1";
const BACKOFF_FIRST_MS = 400;
const BACKOFF_MAX_MS = 20_000;
const BACKOFF_REFUSED_MS = 15_000;
const WELCOME_WAIT_MS = 10_000;
/** After so much silence the server is asked for a sign of life. */
const PROBE_AFTER_MS = 5_000;
/** Without one for so long, the page says that there is no answer. */
const TOLD_AFTER_MS = 1_500;
/** A path that was asked for cause, after sleep say, is given up after so long without an answer. */
const ANSWER_WAIT_MS = 3_000;
/** And after this the path is dead, whatever the socket says. */
const DEAD_AFTER_MS = 12_000;
/** A restart that takes longer is no longer called one. */
const RESTART_MS = 60_000;

export type Link =
  | { state: "connecting" }
  | { state: "open" }
  | { state: "offline"; since: number; retryAt: number; code: number; reason: string }
  | { state: "denied"; code: number };

/** The server said that it goes away, and will be back. */
export const restarting = (link: Link): link is Link & { state: "offline" } => link.state === "offline" && (link.code === 1012 || link.code === 1001);

export interface Socket {
  send(text: string): void;
  close(code?: number): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

/** Everything a test must be able to hold in its hand. */
export interface World {
  open(url: string, protocol: string): Socket;
  now(): number;
  after(ms: number, run: () => void): () => void;
  random(): number;
}

export const browserWorld: World = {
  open: (url, protocol) => new WebSocket(url, protocol) as unknown as Socket,
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

export class Connection {
  link: Link = { state: "connecting" };
  /**
   * Server clock minus ours. The server wrote its time somewhere between our opening and its arrival here, so this is
   * known within bounds: zero when zero lies in them, as on one machine or with both clocks kept by the network.
   */
  clockOffset = 0;
  lastFrameAt = 0;
  /** True while the server owes a sign of life: what is shown may not be all there is. */
  unanswered = false;
  /** When the oldest question was asked that is open, and nothing was heard since; null where nothing is owed. */
  askedAt: number | null = null;
  /** How often the server has welcomed us. */
  welcomes = 0;
  #socket: Socket | null = null;
  #openedAt = 0;
  #attempts = 0;
  #advice: number | null = null;
  #farewell: string | null = null;
  #offlineSince: number | null = null;
  #cancelRetry = () => {};
  #cancelWatch = () => {};
  #stopped = true;

  constructor(
    private readonly url: string,
    private readonly world: World,
    private readonly heard: (frame: ServerFrame) => void,
    private readonly changed: (link: Link) => void,
  ) {}

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#drop();
  }

  /** The machine says the network is back, or the person asks. */
  retryNow(): void {
    if (!this.#stopped && this.link.state === "offline") this.#connect();
  }

  /** Who was refused is let in again. */
  admitted(): void {
    if (!this.#stopped && this.link.state === "denied") this.#connect();
  }

  /** The machine says that it has no network any more: nothing shown from here on is known. */
  networkLost(): void {
    if (!this.#stopped && this.link.state !== "denied") this.#lost(0, "network");
  }

  /** The path is checked at once: after sleep a socket may look open and be dead. */
  check(): void {
    if (this.link.state !== "open") return this.retryNow();
    this.#probe(ANSWER_WAIT_MS);
  }

  send(word: object): boolean {
    if (this.link.state !== "open" || !this.#socket) return false;
    this.#socket.send(JSON.stringify(word));
    this.askedAt ??= this.world.now();
    return true;
  }

  #connect(): void {
    this.#drop();
    if (this.link.state !== "offline") this.#set({ state: "connecting" });
    let socket: Socket;
    this.#openedAt = this.world.now();
    try {
      socket = this.world.open(this.url, SUBPROTOCOL);
    } catch {
      return this.#lost(0, "refused");
    }
    this.#socket = socket;
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#receive(String(event.data));
    };
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#lost(event.code, event.reason);
    };
    this.#watch(WELCOME_WAIT_MS, () => this.#lost(0, "silent"));
  }

  #receive(text: string): void {
    let frame: ServerFrame;
    try {
      frame = JSON.parse(text) as ServerFrame;
    } catch {
      return this.#lost(0, "unreadable");
    }
    this.lastFrameAt = this.world.now();
    this.askedAt = null;
    if (this.unanswered) {
      this.unanswered = false;
      this.changed(this.link);
    }
    if (frame.type === "welcome") {
      this.clockOffset = offset(Date.parse(frame.server_time), this.#openedAt, this.world.now());
      this.#attempts = 0;
      this.welcomes++;
      this.#offlineSince = null;
      this.#farewell = null;
      this.#set({ state: "open" });
    } else if (frame.type === "bye") {
      this.#advice = frame.reconnect_after_ms;
      this.#farewell = frame.reason;
    }
    this.#watch(PROBE_AFTER_MS, () => this.#probe());
    this.heard(frame);
  }

  #lost(code: number, reason: string): void {
    this.#drop();
    if (this.#stopped) return;
    if (code === 4401 || code === 4403) return this.#set({ state: "denied", code });
    const now = this.world.now();
    this.#offlineSince ??= now;
    const wait = this.#wait(code);
    const why = this.#farewell ?? reason;
    // That it is not back yet is part of a restart, and no news of its own.
    const told = restarting(this.link) && now - this.#offlineSince < RESTART_MS ? this.link.code : code;
    this.#set({ state: "offline", since: this.#offlineSince, retryAt: now + wait, code: told, reason: why });
    this.#cancelRetry = this.world.after(wait, () => this.#connect());
  }

  #wait(code: number): number {
    const jitter = 0.5 + this.world.random() / 2;
    if (this.#advice !== null) {
      const advised = this.#advice * (1 + this.world.random() / 4);
      this.#advice = null;
      return advised;
    }
    if (code === 4429) return BACKOFF_REFUSED_MS * (0.5 + jitter);
    const grown = BACKOFF_FIRST_MS * 2 ** Math.min(this.#attempts++, 10);
    return Math.min(grown, BACKOFF_MAX_MS) * jitter;
  }

  #watch(ms: number, late: () => void): void {
    this.#cancelWatch();
    this.#cancelWatch = this.world.after(ms, late);
  }

  /** Asks for a sign of life; any frame is one. `patience` is how long it may be owed before the path is given up. */
  #probe(patience = DEAD_AFTER_MS): void {
    this.send({ type: "ping", t: this.world.now() });
    this.#watch(TOLD_AFTER_MS, () => {
      this.unanswered = true;
      this.changed(this.link);
      this.#watch(patience - TOLD_AFTER_MS, () => this.#lost(0, "silent"));
    });
  }

  #drop(): void {
    this.#cancelRetry();
    this.#cancelWatch();
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    try {
      socket.close(1000);
    } catch {
      // Closing a socket that never opened may throw; it is gone either way.
    }
  }

  #set(link: Link): void {
    this.link = link;
    this.unanswered = false;
    this.askedAt = null;
    this.changed(link);
  }
}

function offset(server: number, opened: number, received: number): number {
  const least = server - received;
  const most = server - opened;
  return least <= 0 && most >= 0 ? 0 : (least + most) / 2;
}
