// Who is signed in, and what they may do.

import { api, edge, Problem, type Session } from "./api";

/** Says in this browser that somebody is signed in; the cookie itself is hidden from scripts. */
const MARK = "signed in";

/** What may be done, as far as the page asks for it. */
type Right = "read" | "export" | "directory" | "views" | "correct" | "erase" | "operate" | "walls" | "alerts" | "webhooks" | "shares" | "keys" | "members" | "audit";

class SessionState {
  current = $state<Session | null>(null);
  /** "unknown" until the server has answered once. */
  status = $state<"unknown" | "in" | "out" | "unreachable">("unknown");

  /** The server offers the one-click sign-in of a demo. */
  demo = $state(false);

  /** Somebody was signed in and did not sign out. */
  lost = $state(false);

  constructor() {
    edge.unauthorised = (asked) => {
      // What was asked in a session that is over says nothing about this one.
      if (this.status === "in" && asked === edge.session) this.ended();
    };
  }

  async load(): Promise<void> {
    const asked = edge.session;
    try {
      const current = await api.session();
      // Signed in or out meanwhile: the answer is about before.
      if (asked === edge.session) this.#entered(current);
    } catch (error) {
      if (asked !== edge.session) return;
      if (error instanceof Problem && (error.status === 401 || error.status === 403)) {
        this.demo = error.demo;
        if (this.status !== "out") this.ended(marked());
      } else if (this.status !== "in") this.status = "unreachable";
    }
  }

  /** Whoever has been signed in elsewhere than here. */
  enter(current: Session): void {
    edge.session++;
    this.#entered(current);
  }

  /** A stream was ended by the server: who is still signed in may do something else by now, and comes back by that. */
  async revoked(back: () => void): Promise<void> {
    await this.load();
    if (this.status === "in") back();
  }

  /** The server no longer knows this session: the sign-in page comes, at this address, and says so. */
  ended(lost = true): void {
    edge.session++;
    this.current = null;
    this.lost = lost;
    this.status = "out";
    mark(lost);
  }

  async signOut(): Promise<void> {
    // What is still on its way brings nobody back in.
    edge.session++;
    try {
      await api.signOut();
    } catch (error) {
      // The cookie stays until the server has taken it back: to say otherwise would be a lie.
      if (!(error instanceof Problem && error.status === 401)) {
        this.status = "unreachable";
        return;
      }
    }
    this.ended(false);
  }

  #entered(current: Session): void {
    this.current = current;
    // Said here as in a refusal: who was signed in by a link may sign out and in again.
    this.demo = current.demo;
    this.lost = false;
    this.status = "in";
    mark(true);
  }

  can(right: Right): boolean {
    return this.current?.rights.includes(right) ?? false;
  }
}

function marked(): boolean {
  try {
    return localStorage.getItem(MARK) !== null;
  } catch {
    return false;
  }
}

function mark(on: boolean): void {
  try {
    if (on) localStorage.setItem(MARK, "");
    else localStorage.removeItem(MARK);
  } catch {
    // Without storage the sign-in page just does not say why.
  }
}

export const session = new SessionState();
