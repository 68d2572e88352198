// Walls: a screen is paired without a keyboard, shows what there is, heals by itself, and the desk knows how it is.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { parse } from "acorn";
import { Browser, until } from "./browser.mjs";
import { draft, drafts, Server } from "./server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate((runOnly) => window.axe.run(document, { runOnly }), RULES);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ").slice(0, 200)}`);
}
const path = (of) => fileURLToPath(new URL(`../${of}`, import.meta.url));

describe("walls", () => {
  let server, browser, tv, desk;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    await server.post(drafts(0, 40));
    [browser, tv] = [await Browser.start(), await Browser.start({ viewport: { width: 1920, height: 1080 } })];
    desk = await browser.open(server, "/screens");
  });
  after(async () => {
    await browser.end();
    await tv.end();
    await server.end();
  });
  let screen;
  const rows = () => screen.locator(".row");
  const listed = (name) => desk.getByRole("list", { name: "Screens" }).getByRole("listitem").filter({ hasText: name });
  /** What is wrong with a screen is said within 15 seconds; a busy machine is given more. */
  const said = (name, state) => listed(name).and(desk.locator(`[data-state="${state}"]`)).waitFor({ timeout: 60_000 });
  /** What a counter shows. */
  const number = async (label) => Number((await screen.locator(".counter").filter({ hasText: label }).locator(".number").innerText()).replace(/\D/g, ""));

  test("a wall is made, and a screen is paired by the code that it shows", async () => {
    await desk.getByText("A wall shows a view").waitFor();
    await desk.getByRole("button", { name: "New wall" }).click();
    const form = desk.getByRole("dialog", { name: "New wall" });
    await form.getByLabel("Name", { exact: true }).fill("Hall feed");
    assert.deepEqual(await axe(desk), []);
    await form.getByRole("button", { name: "Save" }).click();
    screen = await tv.open(server, "/wall", null);
    await screen.locator(".tiles span").nth(5).waitFor();
    assert.deepEqual(await axe(screen), []);
    const code = await screen.locator(".tiles").getAttribute("aria-label");
    // A new wall without a screen wants one next; small letters do.
    const pair = desk.getByRole("dialog", { name: "Pair a screen" });
    await pair.getByLabel("Code on the screen").fill("AAAAAA");
    await pair.getByLabel("Where it hangs").fill("Stage left");
    await pair.getByRole("button", { name: "Pair", exact: true }).click();
    await pair.getByRole("alert").waitFor();
    await pair.getByLabel("Code on the screen").fill(`${code.slice(0, 3)} ${code.slice(3)}`.toLowerCase());
    await pair.getByRole("button", { name: "Pair", exact: true }).click();
    await rows().first().waitFor();
    await said("Stage left", "live");
    await listed("Stage left").getByText("1920 × 1080").waitFor();
    assert.deepEqual(await axe(desk), []);
  });

  test("it shows what there is, in sentences, and counts it", async () => {
    const before = await number("Today");
    assert.equal(before, 40);
    await server.post(draft(1, { partner: "acme", message: "welcome", flavor: "message.opened" }));
    await until(() => rows().first().innerText(), (text) => /Acme Inc\s*opened\s*Welcome/.test(text.replace(/\n/g, " ")), "the sentence");
    await until(() => number("Today"), (count) => count === before + 1, "one more");
    assert.deepEqual([await number("Last hour"), await number("Last 5 minutes"), await number("Active partners")], [41, 41, 4]);
    await screen.locator('.line[data-kind="good"]').getByText("connection tested").waitFor();
    assert.deepEqual(await axe(screen), []);
    // Nothing is cut at the bottom, and nothing can be scrolled.
    for (const [width, height] of [[1280, 720], [1080, 1920], [3840, 2160], [1920, 1080]]) {
      await screen.setViewportSize({ width, height });
      await until(
        () => screen.evaluate(() => ({ cut: [...document.querySelectorAll(".row, .counter, .number")].filter((one) => one.getBoundingClientRect().bottom > document.querySelector(".line").getBoundingClientRect().top + 1 || one.getBoundingClientRect().right > innerWidth).length, wide: document.documentElement.scrollWidth - innerWidth })),
        ({ cut, wide }) => cut === 0 && wide <= 0,
        `a whole picture at ${width} x ${height}`,
      );
    }
  });

  test("the desk lets it show its name, a banner, and another wall", async () => {
    await listed("Stage left").getByRole("button", { name: "Blink Stage left" }).click();
    await screen.locator(".over .name").getByText("Stage left").waitFor();
    await desk.getByRole("button", { name: "Banner over Hall feed" }).click();
    const banner = desk.getByRole("dialog", { name: "Banner over Hall feed" });
    await banner.getByLabel("What it says").fill("Doors close at six");
    await banner.getByRole("button", { name: "Hang it" }).click();
    await screen.locator(".banner").getByText("Doors close at six").waitFor();
    await server.call("PUT", "/v1/walls/visitors", { name: "Visitors", layout: "numbers", views: ["all-opens"], mask: "names", theme: "light", language: "de" });
    await desk.getByRole("button", { name: "Manage Stage left" }).click();
    const manage = desk.getByRole("dialog", { name: "Stage left" });
    await manage.getByLabel("Wall").selectOption({ label: "Visitors" });
    assert.deepEqual(await axe(desk), []);
    await manage.getByRole("button", { name: "Save" }).click();
    await screen.locator(".numbers").waitFor();
    await screen.getByText("Letzte Stunde").waitFor();
    assert.equal(await screen.locator("html").getAttribute("lang"), "de");
    for (const name of ["Acme", "Globex", "Hooli"]) assert.ok(!(await screen.content()).includes(name), name);
    assert.deepEqual(await axe(screen), []);
    const { id } = (await server.call("GET", "/v1/screens")).items[0];
    await server.call("PATCH", `/v1/screens/${id}`, { wall: "hall-feed" });
    await screen.locator(".feed").waitFor();
    await screen.getByText("Last hour").waitFor();
  });

  test("it heals: the last good picture stays, says since when, and goes on by itself", async () => {
    const shown = await rows().count();
    await server.down();
    await screen.locator("html.stale").waitFor({ timeout: 60_000 });
    await screen.getByText(/Stale since \d\d:\d\d, reconnecting/).waitFor();
    assert.equal(await rows().count(), shown, "nothing of it is gone");
    await server.up();
    await screen.locator("html:not(.stale)").waitFor({ timeout: 60_000 });
    await server.post(draft(2, { partner: "globex", flavor: "content.shared" }));
    await until(() => rows().first().innerText(), (text) => /Globex/.test(text), "what came after");
    // The page of a screen that was loaded again knows who it is.
    await screen.reload();
    await rows().first().waitFor();
    await said("Stage left", "live");
    assert.deepEqual(screen.faults, []);
  });

  test("a picture that stands still is named at the desk, whatever its script says", async () => {
    await screen.evaluate(() => (window.requestAnimationFrame = () => 0));
    await said("Stage left", "frozen");
    await screen.reload();
    await said("Stage left", "live");
    // So is one that says nothing at all.
    await screen.close();
    await said("Stage left", "stale");
  });

  test("a wall of the system says how it is, and its screen is live too", async () => {
    await server.call("PUT", "/v1/walls/ops", { name: "Operations", layout: "system", language: "en" });
    const { url } = await server.call("POST", "/v1/walls/ops/screens", { name: "Control room" });
    const ops = await tv.open(server, url.slice(server.url.length), null);
    await ops.locator('.system[data-status="ok"]').getByText("All is well").waitFor();
    await ops.locator(".line").getByText("System").waitFor();
    await said("Control room", "live");
    for (const [width, height] of [[1280, 720], [1920, 1080], [3840, 2160], [1080, 1920]]) {
      await ops.setViewportSize({ width, height });
      const cut = () => ops.evaluate(() => [...document.querySelectorAll(".cell, .sources li")].filter((one) => one.getBoundingClientRect().bottom > document.querySelector(".line").getBoundingClientRect().top + 1).length);
      await until(cut, (count) => count === 0, `a whole picture at ${width} x ${height}`);
    }
    assert.deepEqual(await axe(ops), []);
    assert.deepEqual(ops.faults, []);
    await ops.close();
  });

  test("revoked, a screen shows a code again", async () => {
    screen = await tv.open(server, "/wall", null);
    await rows().first().waitFor();
    await desk.getByRole("button", { name: "Manage Stage left" }).click();
    const manage = desk.getByRole("dialog", { name: "Stage left" });
    await manage.getByRole("button", { name: "Revoke" }).click();
    await manage.getByRole("button", { name: "Revoke" }).click();
    await screen.locator(".tiles span").nth(5).waitFor();
    assert.equal(await rows().count(), 0);
    await listed("Stage left").waitFor({ state: "detached" });
    assert.deepEqual(desk.faults, []);
  });
});

describe("the page of a wall", () => {
  const page = readFileSync(path("dist/wall.html"), "utf8");
  const read = (ending) => readdirSync(path("dist/assets")).filter((name) => page.includes(`assets/${name}`) && name.endsWith(ending)).map((name) => readFileSync(join(path("dist/assets"), name), "utf8"));

  test("is small, and its script and style are those of browsers of 2021", () => {
    const [scripts, styles] = [read(".js"), read(".css")];
    assert.deepEqual([scripts.length, styles.length], [1, 1]);
    const packed = [page, ...scripts, ...styles].reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
    assert.ok(packed < 40 * 1024, `${packed} bytes`);
    parse(scripts[0], { ecmaVersion: 2019, sourceType: "module", allowImportExportEverywhere: true });
    for (const late of [/\.replaceAll\(/, /\.at\(/, /Object\.hasOwn\(/, /structuredClone/, /\.replaceChildren\(/, /Promise\.any/, /\.findLast\(/]) assert.ok(!late.test(scripts[0]), String(late));
    for (const late of [/light-dark\(/, /&/, /:is\(/, /:where\(/, /:has\(/, /[;{]inset:/, /aspect-ratio/, /color-mix/, /@layer/, /@container/, /dvh|svh/]) assert.ok(!late.test(styles[0]), String(late));
    // Of a flexible box `gap` came later than that; of a grid it was there.
    for (const [, rule] of styles[0].matchAll(/\{([^{}]*)\}/g)) if (/[^-]gap:/.test(rule)) assert.match(rule, /grid/, rule);
  });

  test("has the colours of the other one", () => {
    const tokens = readFileSync(path("src/tokens.css"), "utf8");
    const wall = readFileSync(path("src/wall/wall.css"), "utf8");
    const [dark, light] = [wall.slice(0, wall.indexOf('[data-theme="light"]')), wall.slice(wall.indexOf('[data-theme="light"]'))];
    const known = new Map([...tokens.matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\)/g)].map(([, name, ...both]) => [name, both]));
    for (const [sheet, at] of [[light, 0], [dark, 1]]) {
      const told = [...sheet.matchAll(/--([\w-]+): (#\w+);/g)];
      assert.ok(told.length > 20);
      for (const [, name, value] of told) assert.equal(value, known.get(name)?.[at], name);
    }
  });
});
