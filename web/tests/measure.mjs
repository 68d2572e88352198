// Measures the page in Chromium and prints a table for benches/RESULTS.md:
// node tests/measure.mjs [minutes]. Nothing is asserted here: figures are for people.

import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { activityPath, Browser, firstBytes, until } from "./browser.mjs";
import { BINARY, drafts, Server } from "./server.mjs";

const MINUTES = Number(process.argv[2] ?? 2);
const RATE = 2_000;
const ROWS = 5_000;
const BATCHES_A_SECOND = 10;
const MIB = 1024 * 1024;
const line = (what, figure, aim) => console.log(`| ${what} | ${figure} | ${aim} |`);

const server = await Server.start();
const browser = await Browser.start({ args: ["--js-flags=--expose-gc", "--enable-precise-memory-info"] });
try {
  await server.furnish();
  for (let i = 0; i < ROWS; i += 1_000) await server.post(drafts(i, 1_000));

  const page = await browser.open(server, activityPath());
  await page.locator("article[data-seq]").first().waitFor();
  await page.close();

  // First content: with a warm server and a cold page, as somebody who opens the address.
  const cold = await browser.context.newPage();
  await cold.addInitScript(() => {
    window.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    new MutationObserver(() => {
      if (!window.content && document.querySelector("article[data-seq]")) requestAnimationFrame(() => (window.content ??= performance.now()));
    }).observe(document, { childList: true, subtree: true });
  });
  await cold.goto(server.url + activityPath());
  const content = await until(() => cold.evaluate(() => window.content), Boolean, "content");

  // Fill to 5,000 rows by scrolling, then back to the top.
  const feed = cold.getByRole("feed");
  await until(
    () => feed.evaluate((node) => ((node.scrollTop = node.scrollHeight), Number(node.querySelector("article").getAttribute("aria-setsize")))),
    (rows) => rows >= ROWS - 1_000,
    "5,000 rows",
  );
  await feed.evaluate((node) => (node.scrollTop = 0));
  const heap = () => cold.evaluate(() => (window.gc?.(), performance.memory.usedJSHeapSize));
  const watchFrames = (page) =>
    page.evaluate(() => {
      window.frames_ = [];
      let last = performance.now();
      const look = (now) => {
        window.frames_.push(now - last);
        last = now;
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
      window.shift = 0;
    });
  let posted = ROWS;
  /** Sends RATE a second for so long, with something to do beside it. */
  const load = async (minutes, beside = async () => {}) => {
    let sent = 0;
    const began = Date.now();
    while (Date.now() - began < minutes * 60_000) {
      const due = Math.floor(((Date.now() - began) / 1_000) * RATE);
      if (due > sent) {
        const count = Math.min(due - sent, (2 * RATE) / BATCHES_A_SECOND);
        await server.post(drafts(posted, count));
        sent += count;
        posted += count;
      }
      await beside();
      await new Promise((resolve) => setTimeout(resolve, 1_000 / BATCHES_A_SECOND));
    }
    return { sent, seconds: (Date.now() - began) / 1_000 };
  };
  const figures = (frames, seconds) => {
    const sorted = frames.toSorted((a, b) => a - b);
    const at = (q) => sorted[Math.floor(q * (sorted.length - 1))].toFixed(1);
    return { mean: (frames.length / seconds).toFixed(1), gaps: `${at(0.5)}, ${at(0.95)}, ${at(0.99)}, ${at(1)}` };
  };

  await watchFrames(cold);
  const memory = [];
  let nextMemory = Date.now() + 15_000;
  const { sent, seconds } = await load(MINUTES, async () => {
    if (Date.now() < nextMemory) return;
    memory.push(await heap());
    nextMemory += 15_000;
  });
  const { frames, shift, held } = await cold.evaluate(() => ({
    frames: window.frames_,
    shift: window.shift,
    held: Number(document.querySelector("article[data-seq]").getAttribute("aria-setsize")),
  }));
  const status = await cold.locator(".conn").innerText();
  const live = figures(frames, seconds);
  await cold.locator('[data-seal="complete"]').waitFor({ timeout: 60_000 }).catch(() => {});
  const seal = (await cold.locator("[data-seal]").innerText()).replace(/\s+/g, " ");
  await cold.close();

  // The reference: what the same machine gives, under the same load, to a page that does nothing.
  const empty = await browser.context.newPage();
  await empty.goto("about:blank");
  await watchFrames(empty);
  const rest = await load(Math.min(MINUTES, 2));
  const blank = figures(await empty.evaluate(() => window.frames_), rest.seconds);

  const dist = fileURLToPath(new URL("../dist/assets/", import.meta.url));
  const size = (ext) => readdirSync(dist).filter((f) => f.endsWith(ext)).reduce((sum, f) => sum + gzipSync(readFileSync(dist + f), { level: 9 }).length, 0) / 1024;

  console.log(`\nWeb page, ${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0].model.trim()}) shared by server, sender and Chromium without a GPU, binary ${/release/.test(BINARY) ? "release" : "debug"}: \`npm run measure -- ${MINUTES}\`\n`);
  line("what", "measured", "aim");
  line("---", "---", "---");
  line("activities a second in", Math.round(sent / seconds).toLocaleString("en"), RATE.toLocaleString("en"));
  line("rows held", held.toLocaleString("en"), ROWS.toLocaleString("en"));
  line("frames a second, mean", live.mean, "60");
  line("the same of an empty page under the same load", blank.mean, "");
  line("time between frames, ms: median, p95, p99, longest", live.gaps, "16.7");
  line("the same of an empty page", blank.gaps, "");
  line(`heap after collection, MiB, each 15 s over ${MINUTES} min`, memory.map((m) => (m / MIB).toFixed(1)).join(", "), "flat");
  line("first content, ms", content.toFixed(0), "< 1,000");
  line("layout shift while rows arrive", shift.toFixed(4), "0");
  line("JavaScript, KB gzip: for the first picture, all", `${(await firstBytes(server.url, "js")).toFixed(1)}, ${size(".js").toFixed(1)}`, "60");
  line("CSS, KB gzip: for the first picture, all", `${(await firstBytes(server.url, "css")).toFixed(1)}, ${size(".css").toFixed(1)}`, "10");
  console.log(`\nThe page at the end: ${status.replace(/\s+/g, " ")}; ${seal}`);
} finally {
  await browser.end();
  await server.end();
}
