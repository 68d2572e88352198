// The chart tells how sure it is: whole at once where the store can tell, and where it cannot, what was not counted.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { activityPath, Browser, noFaults, until } from "./browser.mjs";
import { drafts, Server } from "./server.mjs";

const MINUTE = 60_000;
const REQUEST = 5_000;
const iso = (at) => new Date(at).toISOString();
// Counted from the beginning of each test, so that a minute is the same one however long the test takes.
let begun = 0;
const minute = (back) => Math.floor(begun / MINUTE) * MINUTE - back * MINUTE;
const clock = (at) => iso(at).slice(11, 16);

describe("the chart", () => {
  let server, browser, page;
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
    await server.end();
  });

  const chart = () => page.locator("section.chart");
  const words = () => chart().locator(".words").innerText();
  const told = (text) => until(words, (said) => said.includes(text), `"${text}" in the chart`);
  const whole = () => page.locator('[data-chart="known"][data-whole="true"]').waitFor();
  const histogram = (query) => server.call("GET", `/v1/activities/histogram?${query}`);

  /** Painted points in the middle of the height, from one part of the width to another: no bar reaches there in these tests but the highest. */
  const painted = (from, to) =>
    page.locator(".plot canvas").evaluate(
      (canvas, [from, to]) => {
        const [x, y] = [Math.round(canvas.width * from), Math.round(canvas.height * 0.15)];
        const { data } = canvas.getContext("2d").getImageData(x, y, Math.round(canvas.width * (to - from)), Math.round(canvas.height * 0.1));
        return data.filter((value, at) => at % 4 === 3 && value > 40).length;
      },
      [from, to],
    );

  test("C1: a long log is whole at every sight of it, under no filter and under flavors", async () => {
    const sent = 8 * REQUEST;
    for (let from = 0; from < sent; from += REQUEST) {
      const made = drafts(from, REQUEST).map((one, at) => ({ ...one, occurred_at: iso(minute(100 - ((from + at) % 90)) + (at % MINUTE)), properties: {} }));
      await server.post(made);
    }
    for (let seen = 0; seen < 6; seen++) {
      page ??= await browser.open(server, activityPath());
      await page.goto(server.url + activityPath());
      await whole();
      await told(`${sent.toLocaleString("en")} in the last 3 hours`);
      assert.doesNotMatch(await words(), /at least|not counted/i);
    }
    await page.goto(server.url + activityPath("flavor=message.*"));
    await told(`${(sent / 5).toLocaleString("en")} in the last 3 hours`);
    await whole();
    // Under a filter that is read row by row it becomes so.
    await page.goto(server.url + activityPath("text=globex"));
    await whole();
    const { total } = await server.call("GET", "/v1/activities/counts?text=globex&event=expo-2026");
    assert.ok(total > 0);
    await told(`${total.toLocaleString("en")} in the last 3 hours`);
  });

  test("C1: what was not counted is hatched and said, what is sent meanwhile is counted, and it becomes whole", async () => {
    const old = await server.post(drafts(0, 40, { occurred_at: iso(minute(120)) }));
    await server.post(drafts(40, 4, { occurred_at: iso(minute(90)) }));
    await server.post(drafts(44, 10, { occurred_at: iso(minute(30)) }));
    page = await browser.open(server, "/events");
    const [held, release] = (() => {
      let open;
      return [new Promise((resolve) => (open = resolve)), () => open()];
    })();
    let asked = 0;
    // As if the time of the search had ended after the newest fourteen: the store's own counts, above a place of its log.
    await page.route("**/v1/activities/histogram?*", async (route) => {
      const query = new URL(route.request().url()).searchParams;
      if (query.get("before") === old.cursor) {
        asked++;
        await held;
        return route.continue();
      }
      const all = await histogram(query);
      query.set("before", old.cursor);
      const below = new Map((await histogram(query)).items.map((bar) => [bar.start, bar.count]));
      const items = all.items.map((bar) => ({ ...bar, count: bar.count - (below.get(bar.start) ?? 0) })).filter((bar) => bar.count);
      await route.fulfill({ json: { ...all, items, complete: false, older: old.cursor, counted_back_to: iso(minute(60)) } });
    });
    await page.goto(server.url + activityPath());
    await told(`At least 14 in the last 3 hours, before ${clock(minute(60))} not counted yet`);
    assert.match(await words(), /at least 10 in the busiest minute/);
    assert.equal(asked, 1, "it goes on at once");
    assert.equal(await chart().getAttribute("data-whole"), "false");
    await until(() => painted(0.1, 0.3), (points) => points > 100, "hatching");
    assert.equal(await painted(0.75, 0.8), 0, "what was counted is not hatched");
    await server.post(drafts(54, 3));
    await told("At least 17 in the last 3 hours");
    // Its table says the same.
    await page.getByRole("button", { name: "Table" }).click();
    const table = page.getByRole("table");
    await table.getByText(new RegExp(`Before ${clock(minute(60))} not counted yet`)).waitFor();
    await table.getByRole("row", { name: `${clock(minute(90))} at least 4` }).waitFor();
    await table.getByRole("row", { name: `${clock(minute(30))} 10` }).waitFor();
    await page.keyboard.press("Escape");
    release();
    await told("57 in the last 3 hours, 40 in the busiest minute");
    await whole();
    assert.doesNotMatch(await words(), /at least|not counted/i);
    await until(() => painted(0.1, 0.3), (points) => points === 0, "no hatching");
  });

  test("C1: a step that fails is taken again where it was", async () => {
    const old = await server.post(drafts(0, 5, { occurred_at: iso(minute(100)) }));
    await server.post(drafts(5, 6, { occurred_at: iso(minute(50)) }));
    page = await browser.open(server, "/events");
    const asked = [];
    await page.route("**/v1/activities/histogram?*", async (route) => {
      const query = new URL(route.request().url()).searchParams;
      asked.push(query.get("before"));
      if (asked.length === 2) return route.abort();
      if (query.get("before") === old.cursor) return route.continue();
      const answer = await histogram(query);
      await route.fulfill({ json: { ...answer, items: answer.items.filter((bar) => bar.count === 6), complete: false, older: old.cursor, counted_back_to: iso(minute(70)) } });
    });
    await page.goto(server.url + activityPath());
    await told("11 in the last 3 hours");
    assert.deepEqual(asked.slice(1), [old.cursor, old.cursor]);
  });

  test("C8, C22: the zone in words, a table by keyboard, and one drawing a frame however the pointer moves", async () => {
    await server.post(drafts(0, 30, { occurred_at: iso(minute(20)) }));
    page = await browser.open(server, activityPath());
    await told("30 in the last 3 hours, 30 in the busiest minute, times in UTC");
    assert.match(await page.getByRole("img", { name: /Activities per minute/ }).getAttribute("aria-label"), /30 in the last 3 hours.*times in UTC/);
    await page.getByRole("button", { name: "Table" }).press("Enter");
    await page.getByRole("row", { name: `${clock(minute(20))} 30` }).waitFor();
    await page.keyboard.press("Escape");
    const seen = await page.evaluate(async () => {
      const seen = { draws: 0, frames: 0 };
      const { setTransform } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.setTransform = function (...given) {
        if (given[0] !== 1 || given[4]) seen.draws++;
        else if (devicePixelRatio === 1) seen.draws++;
        return setTransform.apply(this, given);
      };
      const canvas = document.querySelector(".plot canvas");
      const box = canvas.getBoundingClientRect();
      for (seen.frames = 0; seen.frames < 20; seen.frames++) {
        for (let at = 0; at < 10; at++) canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: box.x + 100 + seen.frames * 20 + at * 5, clientY: box.y + 20, bubbles: true }));
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      return seen;
    });
    assert.ok(seen.draws > 0 && seen.draws <= seen.frames + 1, JSON.stringify(seen));
  });
});
