// A page that is opened while the server is away: it says so, waits, and comes back by itself; nothing old is ever shown.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { activityPath, Browser, noFaults, until } from "./browser.mjs";
import { Server } from "./server.mjs";

describe("the server is away", () => {
  let server, browser;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    browser = await Browser.start({ serviceWorkers: "allow" });
  });
  after(async () => {
    await browser.end();
    await server.end();
  });

  const watched = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(({ active }) => active.scriptURL));

  test("a page that is opened then waits, and comes back by itself at its address", async () => {
    const page = await browser.open(server, activityPath("partner=acme"));
    await page.locator('[data-state="live"]').waitFor();
    assert.match(await watched(page), /\/sw\.js$/);
    await server.down();
    const answer = await page.reload();
    assert.equal(answer.status(), 503);
    await page.getByRole("heading", { name: "The server is away" }).waitFor();
    await page.getByText(/^Away since \d\d:\d\d, trying/).waitFor();
    // Nothing of a build and nothing of anybody's data is kept to be shown.
    assert.deepEqual(await page.evaluate(() => caches.keys()), []);
    assert.equal(await page.evaluate(() => fetch("/v1/events").then(() => "answered", () => "away")), "away");
    await server.up();
    await page.locator('[data-state="live"]').waitFor();
    assert.match(page.url(), /activity\?partner=acme$/);
    noFaults(page);
    await page.close();
  });

  test("what the server answers is shown as it is: another build, a refusal, a page that is not there", async () => {
    const page = await browser.open(server, "/");
    await page.getByRole("heading", { name: "Events" }).waitFor();
    await watched(page);
    await page.reload();
    assert.equal(await page.evaluate(() => navigator.serviceWorker.controller !== null), true);
    // The page and its files come from the network each time, so a newer build is there at once.
    const files = await page.evaluate(() => performance.getEntriesByType("navigation")[0].transferSize);
    assert.ok(files > 0, "the page itself was asked for");
    assert.deepEqual(await page.evaluate(() => caches.keys()), []);
    const head = await fetch(`${server.url}/sw.js`);
    assert.equal(head.headers.get("cache-control"), "no-cache");
    assert.match(head.headers.get("content-type"), /javascript/);
    const docs = await page.goto(`${server.url}/docs`);
    assert.equal(docs.status(), 200);
    const missing = await page.goto(`${server.url}/v1/nothing`);
    assert.equal(missing.status(), 404);
    noFaults(page);
    await page.close();
  });

  test("a page that is there when the session cannot be asked for comes back by itself too", async () => {
    const page = await browser.open(server, "/");
    await page.getByRole("heading", { name: "Events" }).waitFor();
    let away = true;
    await page.route("**/v1/session", (route) => (away ? route.abort() : route.continue()));
    await page.reload();
    await page.getByRole("heading", { name: "The server cannot be reached" }).waitFor();
    away = false;
    await page.getByRole("heading", { name: "Events" }).waitFor();
    await until(() => page.evaluate(() => document.title), (title) => title.startsWith("Events"), "the title");
    await page.close();
  });
});
