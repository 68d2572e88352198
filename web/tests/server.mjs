// A real server on a database of its own, and the hands of somebody who sends to it.

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const target = (profile) => fileURLToPath(new URL(`../../target/${profile}/tidings`, import.meta.url));
const newest = (paths) => paths.filter(existsSync).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
export const BINARY = process.env.TIDINGS ?? newest([target("release"), target("debug")]);

/** A server that was started, and can be killed and started again where it was. */
export class Server {
  #process = null;
  #folder = mkdtempSync(join(tmpdir(), "tidings-web-"));
  port = 0;

  /** `variables` say how it is configured. */
  static async start(variables = {}) {
    if (!BINARY) throw new Error("no tidings binary: cargo build, or name one in TIDINGS");
    const server = new Server();
    server.variables = variables;
    await server.up();
    server.key = await server.makeKey("ingest,read,admin");
    return server;
  }

  get database() {
    return `sqlite:${join(this.#folder, "tidings.db")}`;
  }
  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it, on the same port when it ran before. */
  async up() {
    const args = ["serve", "--database", this.database, "--listen", `127.0.0.1:${this.port}`, "--ops-listen", "off"];
    const env = { ...process.env, ...this.variables };
    const child = spawn(BINARY, args, { env, stdio: ["ignore", "pipe", process.env.TIDINGS_TEST_LOG ? "inherit" : "ignore"] });
    this.#process = child;
    const ended = new Promise((_, reject) => child.once("exit", (code) => reject(new Error(`the server ended with ${code}`))));
    ended.catch(() => {});
    const listening = (async () => {
      for await (const line of createInterface({ input: child.stdout })) {
        const found = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
        if (found) return Number(found[1]);
      }
      throw new Error("the server said nothing");
    })();
    this.port = await Promise.race([listening, ended]);
  }

  /** Ends it: SIGKILL as a power cut would, SIGTERM as an operator would. */
  async down(signal = "SIGKILL") {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  async end() {
    await this.down();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async makeKey(scope, event) {
    const args = ["key", "create", "--database", this.database, "--scope", scope, ...(event ? ["--event", event] : [])];
    const { stdout } = await promisify(execFile)(BINARY, args);
    return stdout.trim();
  }

  async call(method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** Sends one activity, or many. */
  post(draft) {
    return this.call("POST", "/v1/activities", draft);
  }

  /** Every activity that matches, oldest first. */
  async stored(query = "") {
    const items = [];
    let before = "";
    for (;;) {
      const page = await this.call("GET", `/v1/activities?limit=1000${query ? `&${query}` : ""}${before}`);
      items.push(...page.items);
      if (page.older === null) return items.reverse();
      before = `&before=${encodeURIComponent(page.older)}`;
    }
  }

  /** An event with partners, messages and campaigns to look at. */
  async furnish(event = "expo-2026", name = "Expo 2026") {
    await this.call("PUT", `/v1/events/${event}`, { name });
    const partners = { acme: ["Acme Inc", "gold"], globex: ["Globex", "gold"], initech: ["Initech", "silver"], hooli: ["Hooli", "silver"], quiet: ["Quiet Ltd", "silver"] };
    for (const [key, [label, tag]] of Object.entries(partners)) {
      await this.call("PUT", `/v1/events/${event}/partners/${key}`, { name: label, email: `hello@${key}.example`, company: label, tags: [tag] });
    }
    await this.call("PUT", `/v1/events/${event}/messages/welcome`, { subject: "Welcome" });
    await this.call("PUT", `/v1/events/${event}/messages/booth`, { subject: "Your booth card" });
    await this.call("PUT", `/v1/events/${event}/campaigns/spring`, { name: "Spring invites" });
    await this.call("POST", `/v1/events/${event}/messages/welcome/recipients`, { add: ["acme", "globex"], remove: [] });
  }
}

const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
];
const FLAVORS = ["dashboard.viewed", "message.opened", "content.shared", "invite.email_sent", "page.viewed"];
const PARTNERS = ["acme", "globex", "initech", "hooli"];

/** The n-th of an endless row of drafts, the same each time. */
export function draft(n, over = {}) {
  const flavor = FLAVORS[n % FLAVORS.length];
  return {
    event: "expo-2026",
    partner: PARTNERS[(n * 7) % PARTNERS.length],
    flavor,
    ...(flavor === "message.opened" ? { message: n % 2 ? "welcome" : "booth" } : {}),
    user_agent: AGENTS[n % AGENTS.length],
    source_url: "https://expo.example/booth",
    properties: { n },
    ...over,
  };
}

export const drafts = (from, count, over) => Array.from({ length: count }, (_, i) => draft(from + i, over));
