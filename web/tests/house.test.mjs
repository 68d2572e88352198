// The house of the page, the way in, the way there, and everything by keyboard and for every eye.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { activityPath, Browser, firstBytes, noFaults, rows, sealed, until } from "./browser.mjs";
import { draft, drafts, Server } from "./server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe("the page", () => {
  let server, browser;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    await server.post(drafts(0, 60));
    browser = await Browser.start();
  });
  after(async () => {
    await browser.end();
    await server.end();
  });

  test("1: hashed files are kept for good, sent compressed, under a strict policy", async () => {
    const index = await fetch(`${server.url}/`);
    const html = await index.text();
    const policy = index.headers.get("content-security-policy");
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)[1];
    const file = await fetch(server.url + script, { headers: { "accept-encoding": "br" } });
    assert.match(file.headers.get("cache-control"), /immutable/);
    assert.equal(file.headers.get("content-encoding"), "br");
    // As promised for the first sight of the page; a bundler that no longer splits would show here.
    const js = await firstBytes(server.url, "js");
    const css = await firstBytes(server.url, "css");
    assert.ok(js > 20 && js <= 60, `${js} KB of JavaScript`);
    assert.ok(css > 2 && css <= 10, `${css} KB of CSS`);
    const etag = index.headers.get("etag");
    assert.equal((await fetch(`${server.url}/`, { headers: { "if-none-match": etag } })).status, 304);
  });

  test("2: a wrong key says so, a right one opens the address asked for, and sign-out ends it", async () => {
    const page = await browser.open(server, activityPath("partner=acme"), null);
    await page.getByRole("button", { name: "Use a key instead" }).click();
    await page.getByLabel("Key").fill("td_key_wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText(/This key is not known here/).waitFor();
    await page.getByLabel("Key").fill(await server.makeKey("ingest"));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText(/may not read/).waitFor();
    await page.getByLabel("Key").fill(server.key);
    await page.keyboard.press("Enter");
    await page.locator('[data-state="live"]').waitFor();
    assert.match(page.url(), /partner=acme/);
    const cookie = (await browser.context.cookies()).find((c) => c.httpOnly);
    assert.equal(cookie.sameSite, "Lax");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    noFaults(page);
    await page.close();
  });

  test("2: a link that was used says so", async () => {
    const page = await browser.open(server, "/signin?link=nothing", null);
    await page.getByText(/This sign-in link was used already/).waitFor();
    await page.close();
  });

  test("2: a session that is revoked elsewhere leads back to the sign-in page", async () => {
    const page = await browser.open(server, activityPath());
    await page.locator('[data-state="live"]').waitFor();
    await page.request.delete(`${server.url}/v1/session`, { headers: { origin: server.url } });
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.close();
  });

  test("3: the way there: event, Partners, the arrow beside Add Partners, Partner Activity", async () => {
    const page = await browser.open(server, "/");
    await page.getByRole("button", { name: "Create event" }).click();
    await page.getByLabel("Name").fill("Summit 27");
    await page.getByRole("button", { name: "Create event" }).last().click();
    await page.getByRole("heading", { name: "Summit 27" }).waitFor();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Partners" }).click();
    await page.getByRole("button", { name: "Add Partners" }).first().click();
    await page.getByLabel("Name").fill("Umbrella Trading");
    await page.getByLabel("Email").fill("desk@umbrella.example");
    await page.getByLabel("Tags").fill("gold, speaker");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("cell", { name: "Umbrella Trading" }).first().waitFor();
    await page.getByRole("button", { name: "Add Partners" }).first().click();
    await page.getByRole("button", { name: "A list" }).click();
    await page.getByLabel("One partner a line").fill("Stark\ta@stark.example\tStark Fabrication\tsilver\nWayne\n");
    await page.getByRole("button", { name: "Add 2 partners" }).click();
    await page.getByRole("cell", { name: "Wayne" }).first().waitFor();
    await page.getByRole("button", { name: "More for partners" }).click();
    await page.getByRole("dialog").getByRole("link", { name: "Partner Activity" }).click();
    await page.getByText("Waiting for the first activity").waitFor();
    assert.match(page.url(), /\/events\/summit-27\/activity$/);
    noFaults(page);
    await page.close();
  });

  test("3: a campaign and a message with recipients are made, and recipients change", async () => {
    const page = await browser.open(server, "/events/expo-2026/campaigns");
    await page.getByRole("button", { name: "Create campaign" }).click();
    await page.getByLabel("Name").fill("VIP evening");
    await page.getByRole("button", { name: "Create campaign" }).last().click();
    await page.getByRole("cell", { name: "VIP evening" }).first().waitFor();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Messages" }).click();
    await page.getByRole("button", { name: "Record message" }).click();
    await page.getByLabel("Subject").fill("Hotel rooms");
    await page.getByRole("button", { name: /^gold/ }).click();
    await page.getByLabel("Search partners").fill("hooli");
    await page.getByRole("checkbox", { name: /Hooli/ }).check();
    await page.getByRole("button", { name: "Record message" }).last().click();
    await page.getByText("3 recipients").waitFor();
    await page.getByRole("button", { name: "Remove Hooli" }).click();
    await page.getByText("2 recipients").first().waitFor();
    noFaults(page);
    await page.close();
  });

  test("8: everything by keyboard, and the focus is never lost", async () => {
    const page = await browser.open(server, activityPath());
    await page.locator('[data-state="live"]').waitFor();
    await until(() => rows(page), (all) => all.length > 10, "rows");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    const focused = () => page.evaluate(() => document.activeElement?.closest("[data-seq]")?.getAttribute("data-seq") ?? null);
    await page.keyboard.press("j");
    const first = await until(focused, (s) => s !== null, "the focus");
    await page.keyboard.press("j");
    const seq = await until(focused, (s) => s !== null && s !== first, "the focus on the next row");
    await page.getByRole("feed").evaluate((node) => (node.scrollTop = node.scrollHeight));
    await until(() => page.getByRole("feed").evaluate((node) => node.scrollTop), (top) => top > 100, "the scroll");
    assert.equal(await focused(), seq);
    await server.post(draft(1));
    assert.equal(await focused(), seq);
    await page.keyboard.press("Enter");
    const drawer = page.getByRole("complementary", { name: "Details" });
    await drawer.waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    assert.equal(await until(focused, (s) => s !== null, "the focus again"), seq);
    await page.keyboard.press("g");
    await page.keyboard.press("1");
    await page.getByRole("checkbox", { name: /Acme Inc/ }).waitFor();
    await page.keyboard.type("glob");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press(" ");
    await page.keyboard.press("Escape");
    await until(() => page.url(), (url) => url.endsWith("partner=globex"), "the filter");
    assert.match(await page.evaluate(() => document.activeElement.textContent), /Partners/);
    await page.keyboard.press("u");
    await until(() => page.url(), (url) => !url.includes("partner"), "the undo");
    await page.keyboard.press("p");
    await page.getByText(/^Paused/).first().waitFor();
    noFaults(page);
    await page.close();
  });

  test("8: new rows are summarised politely, not read one by one", async () => {
    const page = await browser.open(server, activityPath());
    await page.locator('[data-state="live"]').waitFor();
    await server.post(drafts(0, 12));
    await page.getByText("12 new activities").waitFor({ state: "attached", timeout: 30_000 });
    assert.equal(await page.getByRole("feed").getAttribute("aria-live"), null);
    await page.close();
  });

  const SCREENS = ["/", "/events/expo-2026", "/events/expo-2026/partners", "/events/expo-2026/campaigns", "/events/expo-2026/messages", "/events/expo-2026/messages/welcome", activityPath(), activityPath("partner=acme&not.browser=Chrome&text=x"), "/events/empty-event/activity", "/alerts", "/screens", "/system", "/webhooks", "/members", "/audit"];
  for (const scheme of ["light", "dark"]) {
    test(`8: axe finds nothing on any screen, ${scheme}`, async () => {
      await server.call("PUT", "/v1/events/empty-event", { name: "Empty event" });
      const found = [];
      const check = async (page, what) => {
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
        found.push(...violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`));
      };
      for (const path of SCREENS) {
        const page = await browser.open(server, path);
        await page.emulateMedia({ colorScheme: scheme });
        await page.getByRole("navigation", { name: "Main" }).waitFor();
        if (path.includes("activity")) await page.locator('[data-state="live"]').waitFor();
        else await page.waitForLoadState("networkidle");
        await check(page, path);
        if (path === activityPath()) {
          await page.getByRole("button", { name: /^Details of/ }).first().click();
          await page.getByRole("complementary", { name: "Details" }).waitFor();
          await check(page, "details");
          await page.keyboard.press("Escape");
          for (const [key, name] of [["1", "partners"], ["3", "messages"], ["4", "more"]]) {
            await page.keyboard.press(key);
            await page.getByRole("checkbox").first().waitFor();
            await check(page, name);
            await page.keyboard.press("Escape");
          }
          await page.keyboard.press("?");
          await check(page, "keys");
        }
        if (path.endsWith("partners")) {
          await page.getByRole("button", { name: "Add Partners" }).click();
          await check(page, "add partners");
        }
        noFaults(page);
        await page.close();
      }
      const page = await browser.open(server, "/signin", null);
      await page.request.delete(`${server.url}/v1/session`, { headers: { origin: server.url } });
      await page.goto(`${server.url}/signin?problem=link`);
      await page.emulateMedia({ colorScheme: scheme });
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await check(page, "sign-in");
      await page.close();
      assert.deepEqual(found, []);
    });
  }

  for (const [width, height] of [[360, 640], [768, 1024], [1280, 800], [3840, 2160]]) {
    test(`8: nothing sticks out at ${width} pixels`, async () => {
      const page = await browser.open(server, activityPath("partner=acme&partner=globex&partner=initech&flavor=message.*&device=desktop&campaign=spring&not.browser=Safari"));
      await page.setViewportSize({ width, height });
      await page.locator('[data-state="live"]').waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${wide} pixels too wide`);
      if (width === 1280) {
        await page.getByRole("button", { name: "Clear", exact: true }).click();
        const whole = await until(
          () => page.evaluate(() => {
            const box = document.querySelector('[role="feed"]')?.getBoundingClientRect();
            if (!box) return 0;
            return [...document.querySelectorAll("article")].filter((a) => a.getBoundingClientRect().bottom <= Math.min(box.bottom, innerHeight) + 1).length;
          }),
          (n) => n >= 14,
          "14 rows",
        );
        assert.ok(whole >= 14);
      }
      noFaults(page);
      await page.close();
    });
  }

  test("8: reduced motion moves nothing", async () => {
    const page = await browser.open(server, activityPath());
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.locator('[data-state="live"]').waitFor();
    await server.post(draft(0));
    await sealed(page);
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
    await page.close();
  });
});
