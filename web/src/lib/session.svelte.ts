// Who is signed in, and what they may do.

import { api, Problem, type Session } from "./api";

class SessionState {
  current = $state<Session | null>(null);
  /** "unknown" until the server has answered once. */
  status = $state<"unknown" | "in" | "out" | "unreachable">("unknown");

  /** The server offers the one-click sign-in of a demo. */
  demo = $state(false);

  async load(): Promise<void> {
    try {
      this.current = await api.session();
      this.status = "in";
    } catch (error) {
      if (error instanceof Problem && (error.status === 401 || error.status === 403)) {
        this.demo = error.demo;
        this.current = null;
        this.status = "out";
      } else if (this.status !== "in") this.status = "unreachable";
    }
  }

  /** Keys for sending that were made in this session, by event; they go with it, and are stored nowhere. */
  madeKeys = new Map<string, string>();

  async signIn(key: string): Promise<void> {
    this.current = await api.signIn(key);
    this.status = "in";
  }

  async signInDemo(): Promise<void> {
    this.current = await api.signInDemo();
    this.status = "in";
  }

  /** The server no longer knows this session: the sign-in page comes, at this address. */
  ended(): void {
    this.current = null;
    this.madeKeys = new Map();
    this.status = "out";
  }

  async signOut(): Promise<void> {
    await api.signOut();
    this.ended();
  }

  can(scope: "read" | "ingest" | "admin"): boolean {
    return this.current?.scopes.includes(scope) ?? false;
  }
}

export const session = new SessionState();
