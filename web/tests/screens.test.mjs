// The screens as a whole: on a phone, on a wide screen, without anything yet, and while things happen.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { activityPath, Browser, noFaults, until } from "./browser.mjs";
import { draft, drafts, Server } from "./server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe("the screens", () => {
  let server, browser;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    await server.post(drafts(0, 60, { campaign: "spring" }));
    await server.call("PUT", "/v1/events/empty-event", { name: "Empty event" });
    browser = await Browser.start();
  });
  after(async () => {
    await browser.end();
    await server.end();
  });

  const live = (page) => page.locator('[data-state="live"]').waitFor();
  const axe = async (page) => {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    return violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`);
  };

  test("a phone has four at the thumb, the rest behind More, and little before the first row", async () => {
    const page = await browser.open(server, "/");
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(server.url + activityPath());
    await live(page);
    const bar = page.getByRole("navigation", { name: "Main" });
    assert.deepEqual((await bar.locator("a, button").allInnerTexts()).map((text) => text.trim()), ["Activity", "Partners", "Messages", "More"]);
    const box = await bar.boundingBox();
    assert.ok(box.y + box.height >= 739 && box.height >= 44, JSON.stringify(box));
    const rows = await until(() => page.locator("article").evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom }))), (all) => all.length > 5, "rows");
    const top = Math.min(...rows.map((row) => row.top));
    assert.ok(top <= 130, `${top} pixels before the first row`);
    assert.ok(rows.filter((row) => row.bottom <= box.y).length >= 8, "whole rows");
    // One thing at the header's end for all filters, one for search; the chart is folded until it is asked for.
    await page.getByRole("button", { name: /^Filters/ }).waitFor();
    const chart = page.getByRole("button", { name: "Chart" });
    assert.equal(await chart.getAttribute("aria-expanded"), "false");
    await chart.click();
    await until(() => page.locator("canvas").evaluate((node) => node.clientHeight), (tall) => tall > 40, "the chart");
    await page.getByRole("button", { name: "More", exact: true }).click();
    const more = page.getByRole("dialog", { name: "More" });
    assert.deepEqual(await axe(page), []);
    await more.getByRole("link", { name: "Campaigns" }).click();
    await page.getByRole("heading", { name: "Campaigns" }).waitFor();
    await more.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "More", exact: true }).click();
    await more.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    noFaults(page);
    await page.close();
  });

  test("on a phone a tap on a name opens the row and filters nothing", async () => {
    const page = await browser.open(server, "/");
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(server.url + activityPath());
    await live(page);
    await page.locator("article .name").first().click();
    await page.getByRole("dialog", { name: "Details" }).waitFor();
    assert.ok(!page.url().includes("partner="), page.url());
    assert.deepEqual(await axe(page), []);
    noFaults(page);
    await page.close();
  });

  test("the way here has a mark between its steps on a phone, too", async () => {
    const page = await browser.open(server, "/events/expo-2026/partners");
    await page.setViewportSize({ width: 360, height: 740 });
    for (const [path, steps] of [["/events/expo-2026", 2], ["/events/expo-2026/partners", 2]]) {
      await page.goto(server.url + path);
      await page.getByRole("navigation", { name: "You are here" }).waitFor();
      const marks = await page.locator(".crumbs li").evaluateAll((all) => all.filter((one) => one.offsetWidth).map((one) => getComputedStyle(one, "::before")).map(({ content, display }) => content !== "none" && display !== "none"));
      assert.equal(marks.length, steps, path);
      assert.deepEqual(marks, [false, true], path);
    }
    await page.close();
  });

  test("Skip to the content leads to the rows", async () => {
    const page = await browser.open(server, activityPath());
    await live(page);
    await page.locator("article").first().waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
    await page.keyboard.press("Enter");
    await until(() => page.evaluate(() => document.activeElement.matches("article[data-seq]")), Boolean, "the focus on a row");
    await page.keyboard.press("Tab");
    assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /^Filter by /);
    noFaults(page);
    await page.close();
  });

  test("the overview moves while one looks, in the icons and hues of the feed", async () => {
    const page = await browser.open(server, "/events/expo-2026");
    await live(page);
    const today = page.getByRole("list", { name: "Today" }).getByRole("listitem").first().locator("b");
    const before = Number(await until(() => today.innerText(), (text) => Number(text) >= 60, "the number of today"));
    await server.post(draft(0, { partner: "quiet", flavor: "registration.completed" }));
    await until(() => today.innerText(), (text) => Number(text) === before + 1, "one more");
    const newest = page.locator(".rail ol li").first();
    await until(() => newest.innerText(), (text) => /Quiet Ltd/.test(text), "the newest");
    await newest.locator("svg").waitFor();
    const bar = page.getByTitle("Partner Activity of this flavor: Registration completed");
    await bar.locator("svg").waitFor();
    const hue = (node) => getComputedStyle(node).color;
    assert.equal(await bar.evaluate(hue), await newest.locator(".icon").evaluate(hue));
    assert.deepEqual(await axe(page), []);
    noFaults(page);
    await page.close();
  });

  test("an event without activities leads an organizer on first, and a developer after that", async () => {
    for (const path of ["/events/empty-event/activity", "/events/empty-event"]) {
      const page = await browser.open(server, path);
      const steps = page.getByRole("main").getByRole("list").filter({ hasText: "Send this to your developer" });
      await steps.waitFor();
      assert.deepEqual((await steps.getByRole("listitem").allInnerTexts()).map((text) => text.split("\n")[0]), ["Add the partners you invite", "Record the message you send them", "Send this to your developer"]);
      const first = await steps.boundingBox();
      const line = await page.locator("pre").boundingBox();
      assert.ok(first.y < line.y, "the line is below");
      assert.deepEqual(await axe(page), []);
      await steps.getByRole("link", { name: "Add Partners" }).click();
      await page.getByRole("heading", { level: 1, name: "Partners" }).waitFor();
      noFaults(page);
      await page.close();
    }
  });

  test("lists tell how much and when last, and are sorted by any column, both ways and back", async () => {
    await server.call("PUT", "/v1/events/expo-2026/campaigns/vip", { name: "VIP evening" });
    await server.call("PUT", "/v1/events/expo-2026/campaigns/autumn", { name: "Autumn" });
    await server.post(draft(1, { campaign: "vip" }));
    const page = await browser.open(server, "/events/expo-2026/campaigns");
    const names = async () => (await page.locator("tbody td:first-child").allInnerTexts()).map((text) => text.trim());
    await page.getByRole("row", { name: /Spring invites 6\d \d+ (sec|min) ago/ }).waitFor();
    await page.getByRole("row", { name: /Autumn 0 never/ }).waitFor();
    const as = await names();
    const by = page.getByRole("button", { name: "Activities", exact: true });
    await by.click();
    await until(names, (all) => all.join() === "Spring invites,VIP evening,Autumn", "most first");
    assert.equal(await page.getByRole("columnheader", { name: "Activities" }).getAttribute("aria-sort"), "descending");
    await by.click();
    await until(names, (all) => all.join() === "Autumn,VIP evening,Spring invites", "fewest first");
    await by.click();
    await until(names, (all) => all.join() === as.join(), "as they were");
    // Another one moves while one looks.
    await server.post(drafts(2, 3, { campaign: "autumn" }));
    await page.getByRole("row", { name: /Autumn 3 / }).waitFor();
    assert.deepEqual(await axe(page), []);
    noFaults(page);
    await page.close();
  });

  test("a wide screen has a second column: who is in the list, what was done, and Details", async () => {
    const page = await browser.open(server, "/");
    await page.setViewportSize({ width: 1920, height: 1080 });
    await page.goto(server.url + activityPath());
    await live(page);
    const boards = page.getByRole("group", { name: "In this list" });
    await boards.getByRole("button", { name: /Acme Inc/ }).waitFor();
    const feed = await page.getByRole("feed").boundingBox();
    assert.ok(feed.width >= 1000 && feed.width <= 1210, `${feed.width}`);
    await page.getByRole("button", { name: /^Details of/ }).first().click();
    const details = await page.getByRole("complementary", { name: "Details" }).boundingBox();
    assert.ok(details.x >= feed.x + feed.width - 1, "beside the list");
    assert.deepEqual(await axe(page), []);
    await boards.getByRole("button", { name: /Acme Inc/ }).click();
    await until(() => page.url(), (url) => url.includes("partner=acme"), "the filter");
    noFaults(page);
    await page.close();
  });

  test("the reference has contents, a search and an example a route, and no script inline", async () => {
    const page = await browser.open(server, "/docs");
    const contents = page.getByRole("navigation", { name: "Contents" });
    await contents.getByRole("link", { name: /POST \/activities$/ }).click();
    assert.match(page.url(), /#submit_activities$/);
    await page.getByText("curl -X POST \"$TIDINGS_URL/v1/activities\"").waitFor();
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      assert.deepEqual(await axe(page), []);
    }
    const sections = page.locator("main > section");
    const all = await sections.count();
    await page.keyboard.press("/");
    await page.keyboard.type("histogram bucket");
    await until(() => sections.filter({ visible: true }).count(), (some) => some > 0 && some < all / 4, "what was found");
    await page.keyboard.press("Escape");
    await until(() => sections.filter({ visible: true }).count(), (some) => some === all, "all of it");
    await page.setViewportSize({ width: 360, height: 740 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} pixels too wide`);
    noFaults(page);
    await page.close();
  });
});
