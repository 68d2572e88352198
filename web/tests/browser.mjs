// Chromium, and what a person sees and does in it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";

const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const PATIENCE_MS = 20_000;

/** Where a page lies that was built since the server was; it stands in place of the one that the server carries. */
const PAGE = process.env.TIDINGS_PAGE;
const built = (path) => join(PAGE, /\.\w+$/.test(path) ? path : "index.html");

export class Browser {
  static async start(options = {}) {
    const folder = mkdtempSync(join(tmpdir(), "tidings-chromium-"));
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [...ARGS, ...(PAGE ? ["--disable-features=LocalNetworkAccessChecks"] : []), ...(options.args ?? [])],
      viewport: { width: 1280, height: 800 },
      locale: "en-GB",
      timezoneId: "UTC",
      // What is tested is asked of the server itself, and what a test holds back is held; one file is about the worker.
      serviceWorkers: "block",
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    if (PAGE) await context.route((url) => !/^\/(v1|docs|signin\/|sw\.js)/.test(url.pathname), (route) => route.fulfill({ path: built(new URL(route.request().url()).pathname) }));
    return Object.assign(new Browser(), { context, folder });
  }

  /** A page that is signed in with this key; what goes wrong in it fails the test. */
  async open(server, path, key = server.key) {
    const page = await this.context.newPage();
    page.faults = [];
    page.on("pageerror", (error) => page.faults.push(String(error)));
    page.on("console", (message) => {
      // The network of a server that was killed is no fault of the page.
      if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(message.text())) page.faults.push(message.text());
    });
    if (key) {
      const answer = await page.request.post(`${server.url}/v1/session`, { data: { key }, headers: { origin: server.url } });
      assert.equal(answer.status(), 201, await answer.text());
    }
    await page.goto(server.url + path);
    return page;
  }

  async end() {
    await this.context.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** From the next address on the page goes by a clock that is so many milliseconds off. */
export const wrongClock = (page, off) =>
  page.addInitScript((off) => {
    const Right = Date;
    globalThis.Date = class extends Right {
      constructor(...given) {
        if (given.length) super(...given);
        else super(Right.now() + off);
      }
      static now() {
        return Right.now() + off;
      }
    };
  }, off);

export const activityPath = (query = "") => `/events/expo-2026/activity${query ? `?${query}` : ""}`;

/** Waits until something holds, looking again and again; says what was seen when it does not. */
export async function until(look, holds, what = "it") {
  const end = Date.now() + PATIENCE_MS;
  let seen;
  for (;;) {
    seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > end) assert.fail(`${what} did not come: ${JSON.stringify(seen)?.slice(0, 2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The page says that all it shows is all that is stored. */
export async function sealed(page) {
  await page.locator('[data-state="live"], [data-state="looking"], [data-state="paused"]').waitFor();
  await until(
    async () => {
      await page.locator("[data-seal]").click();
      return page.locator("[data-seal]").getAttribute("data-seal");
    },
    (state) => state === "complete",
    "the seal",
  );
}

/** The rows in sight, newest first: seq, id and text. */
export const rows = (page) =>
  page.locator("article[data-seq]").evaluateAll((all) =>
    all
      .map((one) => ({ seq: Number(one.dataset.seq), id: one.dataset.id, at: Number(one.getAttribute("aria-posinset")), text: one.innerText.replace(/\s+/g, " ") }))
      .sort((a, b) => a.at - b.at),
  );

/** Every row, by scrolling from the newest to the oldest as a person would. */
export async function allRows(page) {
  const found = new Map();
  const feed = page.getByRole("feed");
  await feed.evaluate((node) => (node.scrollTop = 0));
  for (;;) {
    for (const row of await rows(page)) found.set(row.seq, row);
    const { end, total } = await feed.evaluate((node) => {
      const end = node.scrollTop + node.clientHeight >= node.scrollHeight - 2;
      node.scrollTop += node.clientHeight * 0.8;
      return { end, total: node.scrollHeight };
    });
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    if (!end) continue;
    const over = /beginning|most this page holds/.test(await feed.innerText());
    const same = (await feed.evaluate((node) => node.scrollHeight)) === total;
    if (over && same) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const row of await rows(page)) found.set(row.seq, row);
  await feed.evaluate((node) => (node.scrollTop = 0));
  return [...found.values()].sort((a, b) => a.seq - b.seq);
}

/** The page shows exactly what the store holds for this filter, activity by activity. */
export async function sameAsStored(page, server, query) {
  const shown = (await allRows(page)).map((row) => `${row.seq} ${row.id}`);
  const stored = (await server.stored(`event=expo-2026${query ? `&${query}` : ""}`)).map((row) => `${row.seq} ${row.id}`);
  assert.deepEqual(shown, stored);
}

/** What must be here before the page can be seen: files of a kind, compressed, in KB. Parts that are read later are not in it. */
export async function firstBytes(url, kind) {
  const html = await (await fetch(`${url}/`)).text();
  const files = new Map();
  const read = async (path) => {
    if (files.has(path)) return;
    files.set(path, "");
    const text = await (await fetch(url + path)).text();
    files.set(path, text);
    if (kind === "js") for (const [, name] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) await read(`/assets/${name}`);
  };
  for (const [, path] of html.matchAll(new RegExp(`(?:src|href)="(/assets/[^"]+\\.${kind})"`, "g"))) await read(path);
  return [...files.values()].reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0) / 1024;
}

export const noFaults = (page) => assert.deepEqual(page.faults, []);
