// What this screen is to show, and how it asks for anything: by the cookie of its pairing, or by the secret in its address.

export interface View {
  key: string;
  name: string;
  event: string | null;
  event_name: string | null;
  zone: string | null;
}
export interface Wall {
  key: string;
  name: string;
  layout: "feed" | "numbers" | "system";
  views: string[];
  rotate_s: number;
  size: "m" | "l" | "xl";
  theme: "dark" | "light";
  mask: "contact" | "names" | null;
  zone: string | null;
  night: { from: string; to: string } | null;
  language: string | null;
  overscan: number;
  banner: { text: string; until: string } | null;
}
export interface Task {
  id: number;
  name: string;
  workspace: string;
  wall: Wall;
  views: View[];
  build: string;
  /** What fires, of what this wall may tell. */
  alerts: { name: string; since: string; acknowledged_by: string | null }[];
  order: { number: number; say: "blink" | "test" | "reload" | "rotate"; at: string } | null;
  server_time: string;
}

/** How long an answer is waited for. */
const ANSWER_MS = 15_000;

const secret = /^#(td_screen_[\w-]+)$/.exec(location.hash)?.[1] ?? null;

/** The server could not be asked, or did not answer as it should. */
export class Unanswered extends Error {
  constructor(readonly status: number) {
    super(String(status));
  }
}

export async function ask<T>(path: string, method = "GET"): Promise<T> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_MS);
  // With this header the server asks who the screen is, whoever else is signed in in this browser.
  const headers: Record<string, string> = secret === null ? { "tidings-screen": "1" } : { authorization: `Bearer ${secret}` };
  try {
    const answer = await fetch(path, { method, headers, signal: stop.signal, cache: "no-store" });
    if (!answer.ok) throw new Unanswered(answer.status);
    return (await answer.json()) as T;
  } catch (fault) {
    throw fault instanceof Unanswered ? fault : new Unanswered(0);
  } finally {
    clearTimeout(timer);
  }
}
