// Time: the chart, spans of it, addresses of one activity, and paths that stall.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { activityPath, Browser, noFaults, rows, sameAsStored, sealed, until, wrongClock } from "./browser.mjs";
import { Relay } from "./relay.mjs";
import { draft, drafts, Server } from "./server.mjs";

const MINUTE = 60_000;
// Counted from the beginning of each test, so that a minute is the same one however long the test takes.
let begun = 0;
const minute = (back) => Math.floor(begun / MINUTE) * MINUTE - back * MINUTE;
const iso = (at) => new Date(at).toISOString();

describe("time", () => {
  let server, browser, page, relay;
  before(async () => {
    browser = await Browser.start();
  });
  after(() => browser.end());
  beforeEach(async () => {
    begun = Date.now();
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
  const edge = async () => Number(await page.locator("[data-edge]").getAttribute("data-edge"));
  /** The middle of the bar of that minute, where the last one is of `edge`. */
  const bar = async (at, edge) => {
    const box = await page.locator(".plot canvas").boundingBox();
    // The scale stands at the left.
    const [left, wide] = [36, box.width - 36];
    const bars = [360, 240, 180, 120, 90, 60, 30].find((count) => count * 5 <= wide);
    return { x: box.x + left + (bars - 0.5 - (edge - at) / MINUTE) * (wide / bars), y: box.y + 20 };
  };
  /** Draws over the bars from one minute to another; a minute may turn at any moment, which moves them all. */
  const brush = async (from, to) => {
    for (;;) {
      const seen = await edge();
      const [a, b] = [await bar(from, seen), await bar(to, seen)];
      await page.mouse.move(a.x, a.y);
      await page.mouse.down();
      if ((await edge()) === seen) {
        await page.mouse.move(b.x, b.y, { steps: 4 });
        return page.mouse.up();
      }
      await page.mouse.up();
      await page.getByRole("button", { name: /Back to the live view/ }).click();
      await told("22 in the last");
    }
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
    await brush(minute(20), minute(19));
    await told("9 in this time");
    // The header speaks of what is looked at, and that is vouched for.
    await page.locator('[data-state="looking"]').waitFor();
    await page.locator('[data-seal="complete"]').waitFor();
    assert.equal(await page.locator("[data-seal]").innerText(), "Nothing missing in this time");
    assert.match(await page.locator("[data-seal]").getAttribute("title"), /9 here, 9 stored, checked \d+ sec ago/);
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
    for (const [width, last] of [[1280, "3 hours,"], [1920, "4 hours,"], [360, "hour"]]) {
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
      await told("6 in the last 3 hours");
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
    // With something to show, nothing more of the page is on its way when the path is cut.
    await server.post(drafts(0, 20));
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

  test("2: a time of another year names it, in rows and wherever a time stands", async () => {
    const year = new Date().getFullYear() - 1;
    await server.post(drafts(0, 2, { occurred_at: `${year}-10-21T23:26:11Z` }));
    await server.post(draft(2));
    await open();
    const row = await until(() => page.locator("article time").allInnerTexts(), (all) => all.length === 3, "three rows");
    assert.match(row[0], /^\d\d:\d\d:\d\d$/);
    assert.equal(row[1].replace(/\s+/g, " "), `21 Oct ${year} 23:26`);
    for (const width of [360, 1280, 3840]) {
      await page.setViewportSize({ width, height: 800 });
      const cut = await page.locator("article time").evaluateAll((all) => all.filter((node) => node.scrollWidth > node.clientWidth + 1 || node.getBoundingClientRect().height > node.closest("article").clientHeight).length);
      assert.equal(cut, 0, `no time is cut at ${width}`);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(`${server.url}${activityPath(`since=${year}-10-21T23:00:00Z&until=${year}-10-22T01:00:00Z`)}`);
    await page.getByRole("button", { name: new RegExp(`^Time: 21 Oct ${year} 23:00 to 22 Oct ${year} 01:00`) }).waitFor();
    await page.locator('[data-state="looking"]', { hasText: `Looking at: 21 Oct ${year} 23:00` }).waitFor();
  });

  test("7: a span that moves along stays one in the address, and moves; today is the server's", async () => {
    await server.post(past(0, 3, 70));
    await server.post(past(3, 2, 61, { occurred_at: iso(minute(60) + 1_000) }));
    await server.post(past(5, 4, 10));
    // The machine's own clock is days off: an hour ago is the server's.
    page = await browser.open(server, "/signin");
    await wrongClock(page, 3 * 24 * 60 * MINUTE);
    await page.goto(server.url + activityPath());
    await page.locator('[data-state="live"]').waitFor();
    await page.getByRole("button", { name: "Time", exact: true }).click();
    await page.getByRole("button", { name: "Last hour", exact: true }).click();
    assert.match(page.url(), /\?since=1h$/);
    await page.getByRole("button", { name: /^Time: Last hour/ }).waitFor();
    await page.locator('[data-state="looking"]', { hasText: "Looking at: Last hour" }).waitFor();
    // Two lie on the edge, and fall out as it moves on with the minute.
    await until(() => rows(page), (all) => all.length === 4 || all.length === 6, "the last hour");
    // A filter in it keeps it as it is.
    await page.keyboard.press("1");
    await page.getByRole("checkbox", { name: /^Acme Inc/ }).click();
    await page.keyboard.press("Escape");
    assert.match(page.url(), /partner=acme&since=1h$/);
    await page.getByRole("button", { name: "Time", exact: true }).click();
    assert.equal(await page.getByRole("button", { name: "Last hour", exact: true }).getAttribute("aria-pressed"), "true");
    await page.getByText(/in 24 hours of UTC/).waitFor();
    await page.getByRole("button", { name: "Yesterday" }).click();
    assert.match(page.url(), /since=yesterday&until=today$/);
    await page.getByText("Nothing in this time").waitFor();
    await page.locator('[data-seal="complete"]', { hasText: "Nothing missing in this time" }).waitFor();
  });

  test("3: the browser says that the network is gone: offline at once, and nothing is vouched for", async () => {
    await server.post(drafts(0, 5));
    await open();
    await page.locator('[data-seal="complete"]').waitFor();
    const said = await page.evaluate(async () => {
      dispatchEvent(new Event("offline"));
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      return [document.querySelector("[data-state]").dataset.state, document.querySelector("[data-seal]").className, document.querySelector("[data-seal]").innerText];
    });
    assert.equal(said[0], "offline");
    assert.match(said[1], /calm/);
    assert.match(said[2], /^Nothing was missing at/);
    await server.down();
    await until(() => page.title(), (title) => title.startsWith("Offline: Partner Activity"), "the title");
    await server.up();
    await page.locator('[data-state="live"]').waitFor();
    await until(() => page.title(), (title) => title.startsWith("Partner Activity"), "the title as it was");
  });

  test("3: a question that is open turns the seal grey before the path is given up", async () => {
    relay = await Relay.to(server);
    await server.post(drafts(0, 5));
    await open("", relay);
    const seal = page.locator("[data-seal]");
    await page.locator('[data-seal="complete"]').waitFor();
    relay.stall();
    await seal.click();
    await until(() => seal.getAttribute("class"), (name) => name.includes("calm"), "a grey seal");
    relay.mend();
    await page.locator('[data-seal="complete"]').waitFor();
  });

  test("6: one sentence relates the figures, and what waits is not called shown", async () => {
    await server.post(drafts(0, 530));
    await open();
    const told = (text) => until(() => page.locator(".over .order").innerText(), (said) => said.includes(text), text);
    await told("200 shown, 330 older below");
    await page.getByRole("button", { name: "Pause" }).click();
    await server.post(drafts(530, 7));
    await told("200 shown, 7 waiting, 330 older below");
    await until(() => page.title(), (title) => title.startsWith("(7) Partner Activity"), "the title");
    await sealed(page);
    await until(() => page.locator("[data-seal]").getAttribute("title"), (text) => text.includes("200 shown and 7 waiting, 207 stored"), "what is shown and what waits");
    await page.getByRole("button", { name: "Resume" }).click();
    await told("207 shown, 330 older below");
    await until(() => page.title(), (title) => title.startsWith("Partner Activity"), "the title");
  });

  test("5: what differs between rows is shown: the path, not the partner that all are of", async () => {
    await server.post(drafts(0, 6, { partner: "acme", flavor: "page.viewed", message: null, source_url: "https://expo.example/halls/7b?from=mail" }));
    await server.post(draft(7, { partner: "acme", flavor: "page.viewed", source_url: null, user_agent: null, device: "bot" }));
    await open();
    await until(() => rows(page), (all) => all.filter((row) => row.text.includes("/halls/7b?from=mail") && row.text.includes("Acme Inc")).length === 6, "paths beside names");
    await page.goto(`${server.url}${activityPath("partner=acme")}`);
    const all = await until(() => rows(page), (all) => all.length === 7, "seven rows");
    assert.equal(await page.locator("article .name").count(), 1, "where nothing else is known");
    // A declared bot is a machine; of the others nothing is said.
    assert.deepEqual(all.map((row) => row.text.includes("by a program")), [true, false, false, false, false, false, false]);
    await page.locator('article [data-f="source"]').first().click();
    await until(() => page.url(), (url) => url.includes("source=expo.example"), "the filter");
  });

  test("8: a picker with one hit is small, and says what Enter does", async () => {
    await open();
    await page.keyboard.press("1");
    await page.getByRole("checkbox", { name: /^Acme Inc/ }).waitFor();
    const panel = page.locator(".panel .scroll");
    const before = await panel.evaluate((node) => node.clientHeight);
    await page.keyboard.type("glob");
    await until(() => panel.evaluate((node) => node.clientHeight), (height) => height < before / 3, "a small picker");
    assert.match(await page.locator(".panel .keys").innerText(), /Enter tick/);
    await page.keyboard.press("Enter");
    await until(() => page.url(), (url) => url.endsWith("partner=globex"), "the filter");
  });
});
