// The live connection of a screen. It comes back by itself for as long as the screen hangs: nobody is there to press anything.

import { ask } from "./task";

export interface Item {
  seq: number;
  id: string;
  occurred_at: string;
  recorded_at: string;
  flavor: { key: string; label: string };
  partner: { key: string; name: string };
  message?: { key: string; subject: string } | null;
}
export interface Frame {
  type: string;
  sub?: string;
  items?: Item[];
  amended?: unknown[];
  erased?: unknown[];
  position?: string;
  checked_at?: string;
  catching_up?: boolean;
  what?: string;
  keys?: string[] | null;
  state?: string;
  since?: string;
  server_time?: string;
}

/** Positions come every two seconds, and pings are answered: after this long without a word the connection counts as dead. */
const SILENCE_MS = 7_000;
const PING_MS = 3_000;
const FIRST_MS = 500;
const LAST_MS = 10_000;

export interface Hearing {
  opened(): void;
  heard(frame: Frame): void;
  /** It is gone; true when the server says that the screen may not read this any more. */
  closed(refused: boolean): void;
}

export class Link {
  #socket: WebSocket | null = null;
  #heardAt = 0;
  #tries = 0;
  #timer = 0;

  constructor(private readonly hearing: Hearing) {
    setInterval(() => this.#look(), 1_000);
    addEventListener("online", () => this.again());
  }

  /** Connects, or connects anew. */
  again(): void {
    clearTimeout(this.#timer);
    this.#drop();
    void this.#open();
  }

  send(word: object): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(word));
    return true;
  }

  async #open(): Promise<void> {
    const turn = (this.#turn += 1);
    try {
      const { ticket } = await ask<{ ticket: string }>("/v1/tickets", "POST");
      if (turn !== this.#turn) return;
      const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/ws?ticket=${ticket}`, "tidings.v1");
      this.#socket = socket;
      this.#heardAt = performance.now();
      socket.onopen = () => {
        if (socket === this.#socket) this.hearing.opened();
      };
      socket.onmessage = ({ data }) => {
        if (socket !== this.#socket) return;
        this.#heardAt = performance.now();
        this.#tries = 0;
        this.hearing.heard(JSON.parse(String(data)) as Frame);
      };
      socket.onclose = ({ code }) => {
        if (socket === this.#socket) this.#lost(code === 4401);
      };
    } catch (fault) {
      if (turn === this.#turn) this.#lost((fault as { status?: number }).status === 401);
    }
  }
  #turn = 0;

  #lost(refused: boolean): void {
    this.#drop();
    this.hearing.closed(refused);
    // Many screens of one hall do not come back in the same moment.
    const rest = Math.min(LAST_MS, FIRST_MS * 2 ** this.#tries) * (0.5 + Math.random() / 2);
    this.#tries += 1;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#open(), rest);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#turn += 1;
    socket?.close();
  }

  #look(): void {
    const silent = performance.now() - this.#heardAt;
    if (this.#socket && silent > SILENCE_MS) this.#lost(false);
    // Where nothing is subscribed to, nothing comes by itself.
    else if (silent > PING_MS) this.send({ type: "ping" });
  }
}
