// An exact server in memory, for the model test: the same words as the real
// one, delivered when the test says so. Nothing in the page imports it.

import type { Socket } from "./connection";
import { canonical, type FilterSet, matcher } from "./filter";
import { barOf } from "./histogram";
import type { Span } from "./range";
import type { Activity, Bars, Cursor, Page, ServerFrame } from "./types";

type Entry =
  | { kind: "activity"; row: Activity }
  | { kind: "amended"; seq: number; grade: string; before: string }
  | { kind: "erased"; seqs: number[] }
  | { kind: "member"; message: string; partner: string; add: boolean };

interface Sub {
  filter: FilterSet;
  rev: number;
  cursor: number;
  /** Membership as the hub saw it at `cursor`. */
  owed: boolean;
  waitingSeals: { from: Cursor | null; ref?: string }[];
  catchingUp: boolean;
}

interface Session {
  toServer: string[];
  toClient: ServerFrame[];
  sub: Sub | null;
  socket: Socket;
  open: boolean;
}

const FIELDS: Record<string, string[]> = {
  subscribe: ["type", "sub", "ref", "filter", "after", "backfill"],
  refilter: ["type", "sub", "ref", "filter", "backfill"],
  seal: ["type", "sub", "ref", "from"],
  ping: ["type", "ref", "t"],
};

export type Random = () => number;

export class Sim {
  epoch = 1;
  /** Without seals nothing heals by itself: what is wrong stays to be seen. */
  seals = true;
  log: Entry[] = [];
  sessions: Session[] = [];
  /** How often a client was told of a new epoch, a mismatch, a page. */
  seen = { subscribed: 0, resumed: 0, refiltered: 0, sealed: 0, amended: 0, erased: 0, pages: 0, bars: 0, unasked: 0, lagging: 0, caughtUp: 0 };
  /** The view that the client was last given has been counted, as it knows. */
  vouched = false;
  /** Where each filter had been followed to, as its frames said: only there may a client go on with it. */
  #reached = new Map<string, Set<Cursor>>();
  #rows = new Map<number, Activity>();

  constructor(private readonly random: Random) {}

  get head(): number {
    return this.log.length;
  }
  cursor(seq: number): Cursor {
    return `e${this.epoch}.${seq}`;
  }
  #seq(cursor: Cursor): number {
    return Number(cursor.split(".")[1]);
  }

  // The log.
  post(row: Omit<Activity, "seq">): Activity {
    const full = { ...row, seq: this.head + 1 } as Activity;
    this.log.push({ kind: "activity", row: full });
    this.#rows.set(full.seq, full);
    return full;
  }
  amend(seq: number, grade: string): void {
    const row = this.#rows.get(seq);
    if (!row || row.grade === grade) return;
    this.log.push({ kind: "amended", seq, grade, before: row.grade });
    this.#rows.set(seq, { ...row, grade });
  }
  erase(seqs: number[]): void {
    const held = seqs.filter((seq) => this.#rows.has(seq));
    if (!held.length) return;
    this.log.push({ kind: "erased", seqs: held });
    // Kept for telling who matched before.
    for (const seq of held) this.#gone.set(seq, this.#rows.get(seq)!);
    for (const seq of held) this.#rows.delete(seq);
  }
  #gone = new Map<number, Activity>();
  member(message: string, partner: string, add: boolean): void {
    if (this.#members(message, this.head).has(partner) === add) return;
    this.log.push({ kind: "member", message, partner, add });
  }
  restore(): void {
    this.epoch++;
    const keep = Math.floor(this.head / 2);
    this.log = this.log.slice(0, keep);
    this.#rows.clear();
    for (const entry of this.log) {
      if (entry.kind === "activity") this.#rows.set(entry.row.seq, entry.row);
      else if (entry.kind === "amended") {
        const row = this.#rows.get(entry.seq);
        if (row) this.#rows.set(entry.seq, { ...row, grade: entry.grade });
      } else if (entry.kind === "erased") for (const seq of entry.seqs) this.#rows.delete(seq);
    }
  }

  #members(message: string, upTo: number): Set<string> {
    const members = new Set<string>();
    for (let i = 0; i < upTo; i++) {
      const entry = this.log[i]!;
      if (entry.kind !== "member" || entry.message !== message) continue;
      if (entry.add) members.add(entry.partner);
      else members.delete(entry.partner);
    }
    return members;
  }

  /** The one meaning of a filter, with membership as of an entry. */
  test(filter: FilterSet, at = this.head): (row: Activity) => boolean {
    const { message, ...rest } = filter;
    const plain = matcher(rest);
    const sets = message?.map((m) => this.#members(m, at));
    return (row) => plain(row) === "yes" && (!sets || sets.some((set) => set.has(row.partner.key)));
  }

  /** What a view of (after, head] must hold. */
  truth(filter: FilterSet, after: number): Activity[] {
    const test = this.test(filter);
    return [...this.#rows.values()].filter((row) => row.seq > after && test(row)).sort((a, b) => a.seq - b.seq);
  }

  // REST.
  page(filter: FilterSet, before: Cursor, limit: number, span?: Span, most?: number): Page {
    this.seen.pages++;
    const matching = this.test(filter);
    const test = (row: Activity) => {
      const at = Date.parse(row.occurred_at);
      return matching(row) && at >= (span?.since ?? -Infinity) && at < (span?.until ?? Infinity);
    };
    const items: Activity[] = [];
    const top = this.#seq(before);
    const budget = most ?? (this.random() < 0.2 ? 5 + Math.floor(this.random() * 20) : Infinity);
    let seq = top;
    for (; seq > 0 && items.length < limit && top - seq < budget; seq--) {
      const row = this.#rows.get(seq);
      if (row && test(row)) items.push(row);
    }
    const complete = seq === 0 || items.length === limit;
    return {
      items,
      older: seq === 0 ? null : this.cursor(seq),
      newer: this.cursor(this.head),
      more: false,
      complete,
      searched_back_to: complete ? null : "2026-01-01T00:00:00.000Z",
    };
  }

  /** Entries that one answer counts at most; the next one goes on below them. */
  barsMax = Infinity;
  bars(filter: FilterSet, before: Cursor | null): Bars {
    this.seen.bars++;
    const bars = new Map<number, number>();
    const top = before === null ? this.head : this.#seq(before);
    const low = Math.max(0, top - this.barsMax);
    let back: number | null = null;
    for (const row of this.truth(filter, 0)) {
      const start = barOf(Date.parse(row.occurred_at), "minute");
      if (row.seq <= low) back = Math.max(back ?? 0, start + 60_000);
      else if (row.seq <= top) bars.set(start, (bars.get(start) ?? 0) + 1);
    }
    return { items: [...bars].map(([start, count]) => ({ start, count })), older: low > 0 ? this.cursor(low) : null, back };
  }

  // The socket.
  open(): Socket {
    const session: Session = { toServer: [], toClient: [], sub: null, open: true, socket: null as never };
    session.socket = {
      send: (text) => void session.toServer.push(text),
      close: () => this.#leave(session),
      onopen: null,
      onmessage: null,
      onclose: null,
    };
    this.sessions.push(session);
    session.toClient.push({ type: "welcome", session: "s", heartbeat_ms: 10_000_000, server_time: new Date(0).toISOString(), limits: { subscriptions: 32, backfill: 1_000, inbound_frame_bytes: 65_536, outbound_frame_bytes: 262_144 } });
    return session.socket;
  }
  #leave(session: Session): void {
    session.open = false;
    this.sessions = this.sessions.filter((s) => s !== session);
  }
  cut(code: number, bye = false): void {
    for (const session of [...this.sessions]) {
      if (bye) this.#deliver(session, { type: "bye", reason: "restart", reconnect_after_ms: 200 });
      this.#leave(session);
      session.socket.onclose?.({ code, reason: "" });
    }
  }

  /** One word from the client is read. */
  hear(): boolean {
    const session = this.sessions.find((s) => s.toServer.length);
    if (!session) return false;
    this.#word(session, JSON.parse(session.toServer.shift()!));
    return true;
  }
  /** One frame arrives at the client. */
  deliver(): boolean {
    const session = this.sessions.find((s) => s.toClient.length);
    if (!session) return false;
    this.#deliver(session, session.toClient.shift()!);
    return true;
  }
  #deliver(session: Session, frame: ServerFrame): void {
    const anew = frame.type === "refiltered" || (frame.type === "subscribed" && frame.mode === "fresh");
    this.vouched = !anew && (frame.type === "sealed" || this.vouched);
    session.socket.onmessage?.({ data: JSON.stringify(frame) });
  }

  #say(session: Session, frame: ServerFrame): void {
    session.toClient.push(frame);
    if (!session.sub || !("position" in frame)) return;
    const filter = canonical(session.sub.filter);
    const reached = this.#reached.get(filter) ?? new Set();
    this.#reached.set(filter, reached.add(frame.position));
  }

  #word(session: Session, word: Record<string, never>): void {
    const { type, sub, ref } = word as unknown as { type: string; sub: string; ref?: string };
    // As the real one: a field that the word has not is refused.
    const fields = FIELDS[type];
    if (!fields || Object.keys(word).some((name) => !fields.includes(name))) throw new Error(`the server would refuse ${JSON.stringify(word)}`);
    const tag = ref === undefined ? {} : { ref };
    if (type === "ping") this.#say(session, { type: "pong", t: {} });
    if (type === "subscribe") {
      const { filter, backfill, after } = word as unknown as { filter: FilterSet; backfill: number; after?: Cursor };
      this.seen.subscribed++;
      if (after !== undefined && !this.#reached.get(canonical(filter))?.has(after)) throw new Error(`${after} was reached under another filter than ${canonical(filter)}`);
      const ends = after !== undefined && after.startsWith(`e${this.epoch}.`) && this.#seq(after) <= this.head;
      if (after !== undefined && !ends) this.#say(session, { type: "reset", sub, reason: "epoch", oldest: this.cursor(0) });
      if (ends) {
        this.seen.resumed++;
        const from = this.#seq(after);
        // The first frame has no room for changes: it ends before the first of them.
        const change = this.log.findIndex((entry, i) => i >= from && entry.kind !== "activity");
        const to = Math.min(change < 0 ? this.head : change, from + Math.floor(this.random() * 30));
        session.sub = { filter, rev: 1, cursor: from, owed: false, waitingSeals: [], catchingUp: to < this.head };
        const { items } = this.#between(session.sub, to);
        session.sub.cursor = to;
        this.#say(session, { type: "subscribed", sub, rev: 1, position: this.cursor(to), mode: "resumed", items, older: null, head: this.cursor(this.head), catching_up: to < this.head, ...(to < this.head ? { remaining: this.head - to } : {}), ...tag });
      } else {
        const back = this.#newest(filter, this.head, backfill);
        session.sub = { filter, rev: 1, cursor: this.head, owed: false, waitingSeals: [], catchingUp: false };
        this.#say(session, { type: "subscribed", sub, rev: 1, position: this.cursor(this.head), mode: "fresh", ...back, head: this.cursor(this.head), catching_up: false, ...tag });
      }
    }
    if (type === "refilter" && session.sub) {
      const { filter, backfill } = word as unknown as { filter: FilterSet; backfill: number };
      session.sub.filter = filter;
      session.sub.rev++;
      session.sub.owed = false;
      this.seen.refiltered++;
      const at = session.sub.cursor;
      this.#say(session, { type: "refiltered", sub, rev: session.sub.rev, position: this.cursor(at), ...this.#newest(filter, at, backfill), ...tag });
    }
    if (type === "seal" && session.sub && this.seals) session.sub.waitingSeals.push({ from: (word as unknown as { from: Cursor | null }).from, ...tag });
  }

  #newest(filter: FilterSet, upTo: number, backfill: number): { items: Activity[]; older: Cursor | null } {
    const test = this.test(filter, upTo);
    const items: Activity[] = [];
    let seq = upTo;
    // A search has a budget, and may end before anything was found.
    const budget = this.random() < 0.2 ? Math.floor(this.random() * 10) : Infinity;
    for (; seq > 0 && items.length < backfill && upTo - seq < budget; seq--) {
      // As the store has it now: an amendment above `upTo` may show already, and is told again.
      const row = this.#rows.get(seq);
      if (row && test(row)) items.unshift(row);
    }
    return { items, older: seq === 0 ? null : this.cursor(seq) };
  }

  #between(sub: Sub, to: number) {
    const items: Activity[] = [];
    const amended: NonNullable<Extract<ServerFrame, { type: "activities" }>["amended"]> = [];
    const erased: NonNullable<Extract<ServerFrame, { type: "activities" }>["erased"]> = [];
    for (let at = sub.cursor + 1; at <= to; at++) {
      const entry = this.log[at - 1]!;
      const test = this.test(sub.filter, at);
      if (entry.kind === "activity") {
        const row = this.#rows.get(at);
        if (row && test(row)) items.push(row);
      } else if (entry.kind === "member") {
        if (sub.filter.message?.includes(entry.message)) sub.owed = true;
      } else if (entry.kind === "erased") {
        for (const seq of entry.seqs) {
          // To all, whatever they look for.
          const row = this.#gone.get(seq);
          if (row) erased.push({ id: row.id, seq, at });
        }
      } else {
        const row = this.#rows.get(entry.seq) ?? this.#gone.get(entry.seq);
        if (!row) continue;
        // Read from the log, an amendment of what is erased since is passed over.
        if (!this.#rows.has(entry.seq) && this.random() < 0.5) continue;
        const was = test({ ...row, grade: entry.before });
        const is = test({ ...row, grade: entry.grade });
        const change = { id: row.id, seq: entry.seq, at, grade: entry.grade, grade_reasons: [] };
        if (is && !was) amended.push({ ...change, item: { ...row, grade: entry.grade } });
        else if (was && !is) amended.push({ ...change, left: true });
        else if (was && is) amended.push(change);
      }
    }
    this.seen.amended += amended.length;
    this.seen.erased += erased.length;
    const changes = amended.length || erased.length ? { ...(amended.length ? { amended } : {}), ...(erased.length ? { erased } : {}) } : null;
    return { items, changes };
  }

  /** The server works: sends what came since, answers what is owed. True when it did anything. */
  pump(): boolean {
    let did = false;
    for (const session of this.sessions) {
      const { sub } = session;
      if (!sub) continue;
      if (sub.cursor < this.head) {
        did = true;
        if (!sub.catchingUp && this.head - sub.cursor > 40) {
          sub.catchingUp = true;
          this.seen.lagging++;
          this.#say(session, { type: "lagging", sub: "feed", position: this.cursor(sub.cursor), head: this.cursor(this.head), remaining: this.head - sub.cursor });
        }
        const to = Math.min(this.head, sub.cursor + 1 + Math.floor(this.random() * 20));
        const { items, changes } = this.#between(sub, to);
        sub.cursor = to;
        if (items.length || changes) {
          this.#say(session, { type: "activities", sub: "feed", rev: sub.rev, items, position: this.cursor(to), ...(sub.catchingUp ? { remaining: this.head - to } : {}), ...(changes ?? {}) });
        } else this.#say(session, { type: "position", sub: "feed", position: this.cursor(to) });
      }
      if (sub.catchingUp && sub.cursor === this.head) {
        sub.catchingUp = false;
        this.seen.caughtUp++;
        this.#say(session, { type: "caught_up", sub: "feed", position: this.cursor(sub.cursor) });
      }
      if (sub.owed && this.random() < 0.7) {
        sub.owed = false;
        sub.rev++;
        did = true;
        this.seen.unasked++;
        this.#say(session, { type: "refiltered", sub: "feed", rev: sub.rev, position: this.cursor(sub.cursor), ...this.#newest(sub.filter, sub.cursor, 10) });
      }
      if (sub.waitingSeals.length && sub.cursor === this.head && !sub.owed) {
        did = true;
        const { from, ...tag } = sub.waitingSeals.shift()!;
        const bottom = from === null ? 0 : this.#seq(from);
        this.seen.sealed++;
        this.#say(session, {
          type: "sealed",
          sub: "feed",
          rev: sub.rev,
          from: from ?? this.cursor(0),
          position: this.cursor(this.head),
          stored: this.truth(sub.filter, bottom).length,
          since: null,
          ...tag,
        });
      }
      if (sub.owed) did = true;
    }
    return did;
  }

  get idle(): boolean {
    return this.sessions.every((s) => !s.toServer.length && !s.toClient.length && (!s.sub || (s.sub.cursor === this.head && !s.sub.owed && !s.sub.waitingSeals.length)));
  }
}

