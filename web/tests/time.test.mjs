// Time: the chart, spans of it, addresses of one activity, and paths that stall.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { activityPath, Browser, noFaults, rows, sameAsStored, until, wrongClock } from "./browser.mjs";
import { Relay } from "./relay.mjs";
import { draft, drafts, Server } from "./server.mjs";

const MINUTE = 60_000;
const minute = (back) => Math.floor(Date.now() / MINUTE) * MINUTE - back * MINUTE;
const iso = (at) => new Date(at).toISOString();

describe("time", () => {
  let server, browser, page, relay;
  before(async () => {
    browser = await Browser.start();
  });
  after(() => browser.end());
  beforeEach(async () => {
    server = await Server.start();
    await server.furnish();
  });
  afterEach(async () => {
    if (page) {
      noFaults(page);
      await page.close();
    }
    page = null;
    await relay?.end();
    relay = null;
    await server.end();
  });

  const open = async (query, over = server, key = server.key) => {
    page = await browser.open({ url: over.url, key }, activityPath(query));
    await page.locator('[data-state="live"]').waitFor();
    await page.locator('[data-chart="known"]').waitFor();
  };
  const words = () => page.locator(".chart .words").innerText();
  const told = (text) => until(words, (said) => said.includes(text), `"${text}" in the chart`);
  /** Activities that occurred so many minutes ago. */
  const past = (from, count, back, over) => drafts(from, count, { occurred_at: iso(minute(back) + 1_000), ...over });
  /** The middle of the bar of so many minutes ago. */
  const bar = async (back) => {
    const box = await page.locator(".plot canvas").boundingBox();
    const bars = [360, 240, 180, 120, 90, 60, 30].find((count) => count * 5 <= box.width);
    return { x: box.x + (bars - 0.5 - back) * (box.width / bars), y: box.y + 20 };
  };

  test("6: the chart counts what the store holds: live, after a cut, under another filter, and when members change", async () => {
    await server.post(past(0, 30, 20));
    relay = await Relay.to(server);
    await open("", relay);
    await told("30 in the last");
    await server.post(drafts(30, 10));
    await told("40 in the last");
    relay.cut();
    await page.locator('[data-state="offline"]').waitFor();
    await server.post(drafts(40, 25));
    await server.post(past(65, 5, 10));
    relay.mend();
    await told("70 in the last");
    await page.keyboard.press("1");
    await page.getByRole("checkbox", { name: /^Acme Inc/ }).click();
    await page.keyboard.press("Escape");
    const acme = (await server.stored("event=expo-2026&partner=acme")).length;
    await told(`${acme} in the last`);
    await page.goto(`${relay.url}${activityPath("message=welcome")}`);
    const got = async () => (await server.stored("event=expo-2026&message=welcome")).length;
    const before = await got();
    await told(`${before} in the last`);
    await server.call("POST", "/v1/events/expo-2026/messages/welcome/recipients", { add: ["hooli"], remove: [] });
    assert.notEqual(await got(), before);
    await told(`${await got()} in the last`);
  });

  test("6: a brush over the chart shows that time, late ones join it, and the way back is one press", async () => {
    await server.post(past(0, 6, 30));
    await server.post(past(6, 5, 20));
    await server.post(past(11, 4, 19));
    await server.post(drafts(15, 7));
    await open();
    await told("22 in the last");
    const [from, to] = [await bar(20), await bar(19)];
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: 4 });
    await page.mouse.up();
    await told("9 in this time");
    // What is vouched for is the live list, and the words say so.
    await page.locator('[data-seal="complete"]').waitFor();
    assert.match(await page.locator("[data-seal]").innerText(), /^Live list complete/);
    await until(() => rows(page), (all) => all.length === 9, "nine rows");
    const span = new URLSearchParams(new URL(page.url()).search);
    assert.equal(Date.parse(span.get("until")) - Date.parse(span.get("since")), 2 * MINUTE);
    await sameAsStored(page, server, `since=${span.get("since")}&until=${span.get("until")}`);
    await server.post({ ...draft(40), occurred_at: span.get("since") });
    await server.post(draft(41));
    await until(() => rows(page), (all) => all.length === 10, "the late one");
    await told("10 in this time");
    // A filter narrows it further, and the span stays.
    await page.keyboard.press("1");
    await page.getByRole("checkbox", { name: /^Acme Inc/ }).click();
    await page.keyboard.press("Escape");
    await until(() => rows(page), (all) => all.length > 0 && all.every((row) => row.text.includes("Acme Inc")), "only Acme");
    await sameAsStored(page, server, `partner=acme&since=${span.get("since")}&until=${span.get("until")}`);
    await page.getByRole("button", { name: /Back to the live view/ }).click();
    assert.match(page.url(), /activity\?partner=acme$/);
    await until(() => rows(page), (all) => all.length > 3, "the live rows");
    await sameAsStored(page, server, "partner=acme");
  });

  test("6: windows of any width count a round time, and days begin with the first activity", async () => {
    await server.post(drafts(0, 4, { partner: "hooli", occurred_at: iso(Date.now() - 40 * 24 * 60 * MINUTE) }));
    await server.post(past(4, 6, 30, { partner: "acme" }));
    await open();
    for (const [width, last] of [[1280, "3 h,"], [1920, "4 h,"], [360, "1 h"]]) {
      await page.setViewportSize({ width, height: 800 });
      await told(`6 in the last ${last}`);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole("button", { name: "Days" }).click();
    await told("10 in the last 60 days");
    // A filter that takes the old ones away shows the days that are left.
    await page.goto(`${server.url}${activityPath("partner=acme")}`);
    await page.getByRole("button", { name: "Days" }).click();
    await told("6 in the last 30 days");
  });

  test("6: a machine whose clock is days off counts the same minutes", async () => {
    await server.post(past(0, 6, 30));
    for (const days of [3, -3]) {
      page = await browser.open(server, "/signin");
      await wrongClock(page, days * 24 * 60 * MINUTE);
      await page.goto(server.url + activityPath());
      await told("6 in the last 3 h");
      noFaults(page);
      await page.close();
    }
    page = null;
  });

  test("6: a time is chosen by keyboard, a wrong one says what to do, and days of long ago are reached", async () => {
    await server.post(drafts(0, 3, { occurred_at: "2026-05-03T09:10:00Z" }));
    await open();
    await page.getByRole("button", { name: /The newest is of 3 May/ }).click();
    await told("3 shown here");
    await page.getByRole("button", { name: "Time", exact: true }).press("Enter");
    await page.getByLabel("From", { exact: true }).fill("2026-05-03T10:00");
    await page.getByLabel("To", { exact: true }).fill("2026-05-03T09:00");
    await page.keyboard.press("Enter");
    await page.getByText(/The beginning must be before the end/).waitFor();
    await page.getByLabel("From", { exact: true }).fill("2026-05-03T09:00");
    await page.getByLabel("To", { exact: true }).fill("2026-05-03T10:00");
    await page.keyboard.press("Enter");
    await told("3 in this time");
    await until(() => rows(page), (all) => all.length === 3, "three rows");
    await page.getByRole("button", { name: "Time", exact: true }).click();
    await page.getByRole("button", { name: "Yesterday" }).click();
    await page.getByText("Nothing in this time").waitFor();
    await page.goBack();
    await until(() => rows(page), (all) => all.length === 3, "three rows again");
  });

  test("5: an address of one activity shows it among its neighbours, goes to its own event, or says why not", async () => {
    const { id } = await server.post(draft(7, { occurred_at: "2026-05-03T09:10:00Z" }));
    await server.post(drafts(0, 400));
    await open();
    await page.goto(`${server.url}${activityPath("partner=acme")}#a=${id}`);
    await page.getByRole("complementary").waitFor();
    await page.getByRole("button", { name: "Show it in the list" }).click();
    await page.locator(`article[data-id="${id}"]`).waitFor();
    await server.furnish("summit-27", "Summit 27");
    const other = await server.post(draft(1, { event: "summit-27" }));
    await page.goto(`${server.url}${activityPath()}#a=${other.id}`);
    await page.waitForURL(/summit-27\/activity#a=/);
    await page.locator(`article[data-id="${other.id}"]`).waitFor();
    await page.goto(`${server.url}${activityPath()}#a=${other.id.slice(0, 20)}`);
    await page.getByText(/may be cut short, or the activity was erased/).waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByText(/may be cut short/).waitFor({ state: "detached" });
  });

  test("5: an address of one of the rows brings it into sight", async () => {
    await server.post(drafts(0, 150));
    const [old] = await server.stored("event=expo-2026");
    await open();
    await page.goto(`${server.url}${activityPath()}#a=${old.id}`);
    const row = page.locator(`article[data-id="${old.id}"]`);
    await row.waitFor();
    await until(() => row.evaluate((node) => node.getBoundingClientRect().bottom <= innerHeight), (seen) => seen, "the row in sight");
  });

  test("7: a path that stalls says so while it does, and goes on with nothing missing", async () => {
    relay = await Relay.to(server);
    await open("", relay);
    relay.stall();
    await page.locator('[data-state="silent"]').waitFor();
    await server.post(drafts(0, 12));
    relay.mend();
    await page.locator('[data-state="live"]').waitFor();
    await until(() => rows(page), (all) => all.length === 12, "what came meanwhile");
  });

  test("7: a key that was revoked while the path was cut leads to sign-in", async () => {
    relay = await Relay.to(server);
    const made = await server.call("POST", "/v1/keys", { name: "for a while", scopes: ["read"] });
    await open("", relay, made.key);
    relay.cut();
    await page.locator('[data-state="offline"]').waitFor();
    await server.call("DELETE", `/v1/keys/${made.id}`);
    relay.mend();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  test("7: clearing a filter that matched nothing is not taken for first use", async () => {
    await server.post(drafts(0, 20));
    await open("partner=quiet");
    await page.getByText("Nothing matches yet").waitFor();
    await page.evaluate(() => {
      window.flashed = false;
      new MutationObserver(() => (window.flashed ||= document.body.innerText.includes("Waiting for the first activity"))).observe(document.body, { childList: true, subtree: true });
    });
    await page.locator(".feed").getByRole("button", { name: "Clear the filter" }).click();
    await until(() => rows(page), (all) => all.length > 10, "the rows");
    assert.equal(await page.evaluate(() => window.flashed), false);
    const keys = await server.call("GET", "/v1/keys");
    assert.equal(keys.items.some((key) => key.name === "Sent by hand"), false);
  });
});
