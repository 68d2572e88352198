// Partner Activity: filters, honesty, interruptions. Real activities, a real server.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { activityPath, Browser, noFaults, rows, sameAsStored, sealed, until } from "./browser.mjs";
import { draft, drafts, Server } from "./server.mjs";

describe("Partner Activity", () => {
  let server, browser, page;
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
    await server.end();
  });

  const open = async (query) => {
    page = await browser.open(server, activityPath(query));
    await page.locator('[data-state="live"]').waitFor();
  };
  const pick = async (picker, ...names) => {
    await page.getByRole("button", { name: new RegExp(`^${picker}`) }).click();
    for (const name of names) await page.getByRole("checkbox", { name: new RegExp(`^${name}`) }).click();
    await page.keyboard.press("Escape");
  };
  const first = async () => (await rows(page))[0]?.text ?? "";

  test("4: a filtered view moves by itself: filter by a partner, send, see it, nothing reloaded", async () => {
    await server.post(drafts(0, 20));
    await open();
    let loads = 0;
    page.on("load", () => loads++);
    await pick("Partners", "Acme Inc", "Globex");
    await pick("Flavors", "Shared content");
    assert.match(page.url(), /flavor=content\.shared/);
    assert.match(page.url(), /partner=acme&partner=globex/);
    const { seq } = await server.post(draft(2, { partner: "acme", flavor: "content.shared" }));
    await server.post(draft(2, { partner: "initech", flavor: "content.shared" }));
    await server.post(draft(2, { partner: "acme", flavor: "page.viewed" }));
    await until(() => rows(page), (all) => all[0]?.seq === seq, "the activity");
    await sealed(page);
    await sameAsStored(page, server, "partner=acme&partner=globex&flavor=content.shared");
    assert.equal(loads, 0);
  });

  test("4: changing the filter under load never clears, and ends in what the store holds", async () => {
    await server.post(drafts(0, 400));
    await open();
    let sending = true;
    let n = 400;
    const load = (async () => {
      while (sending) {
        await server.post(drafts(n, 40));
        n += 40;
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    })();
    // While it changes, the list is watched: it must never be empty.
    await page.evaluate(() => {
      window.emptied = [];
      const look = () => {
        if (!document.querySelector("article[data-seq]")) window.emptied.push(`${location.search} ${document.querySelector(".jump")?.textContent} ${document.querySelector(".state")?.textContent}`);
        requestAnimationFrame(look);
      };
      look();
    });
    await pick("Partners", "Acme Inc");
    await pick("Partners", "Globex");
    await pick("Flavors", "Opened the message");
    await page.getByRole("button", { name: "Undo" }).click();
    await pick("Flavors", "Page viewed");
    await page.getByRole("button", { name: "Remove Globex" }).click();
    sending = false;
    await load;
    await sealed(page);
    assert.deepEqual(await page.evaluate(() => window.emptied), []);
    await sameAsStored(page, server, "partner=acme&flavor=page.viewed");
  });

  test("4: except, chips, undo, text, and the address that carries them", async () => {
    await server.post(drafts(0, 30));
    await open();
    await page.getByRole("button", { name: /^More filters/ }).click();
    await page.getByRole("button", { name: "Browser", exact: true }).click();
    await page.locator("li.value", { hasText: "Chrome" }).hover();
    await page.getByRole("button", { name: "All but these: Chrome" }).click();
    await page.keyboard.press("Escape");
    await page.getByText("not Chrome").waitFor();
    await until(() => rows(page), (all) => all.length > 0 && all.every((r) => !r.text.includes("Chrome")), "rows without Chrome");
    await page.keyboard.press("/");
    await page.keyboard.type("globex");
    await until(() => page.url(), (url) => url.includes("text=globex"), "the text in the address");
    await until(() => rows(page), (all) => all.length > 0 && all.every((r) => r.text.includes("Globex")), "rows of Globex");
    await page.reload();
    await page.locator('[data-state="live"]').waitFor();
    await page.getByText("not Chrome").waitFor();
    assert.equal(await page.getByLabel("Search in activities").inputValue(), "globex");
    await sealed(page);
    await sameAsStored(page, server, "not.browser=Chrome&text=globex");
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    await until(() => page.url(), (url) => !url.includes("?"), "the empty address");
    await page.getByRole("button", { name: "Undo" }).click();
    await until(() => page.url(), (url) => url.includes("not.browser=Chrome"), "the filter again");
  });

  test("4: a partner without activity can be chosen, and its 0 is shown beforehand", async () => {
    await server.post(drafts(0, 10));
    await open();
    await page.getByRole("button", { name: /^Partners/ }).click();
    const quiet = page.locator("li.value", { hasText: "Quiet Ltd" });
    await until(() => quiet.locator(".count").innerText(), (text) => text === "0", "the 0");
    await quiet.getByRole("checkbox").click();
    await page.keyboard.press("Escape");
    await page.getByText("Nothing matches yet").waitFor();
    await page.getByRole("button", { name: /^Flavors/ }).click();
    await until(() => page.locator("li.value", { hasText: "Report viewed" }).locator(".count").innerText(), (text) => text === "0", "a flavor at 0");
    await page.keyboard.press("Escape");
    await server.post(draft(1, { partner: "quiet" }));
    await until(() => rows(page), (all) => all.length === 1 && all[0].text.includes("Quiet Ltd"), "the first activity");
    // A key that nobody has is no partner without activity.
    await page.goto(`${server.url}${activityPath("partner=quite")}`);
    await page.getByText("No partner of this event has the key “quite”.").waitFor();
    await page.goto(`${server.url}${activityPath("partner=quite&partner=acne")}`);
    await page.getByText("2 of the keys chosen belong to no partner of this event: “quite”, “acne”.").waitFor();
  });

  test("4: Messages are by recipients, or only about the message; a recipient who comes or goes changes the view", async () => {
    await server.post(drafts(0, 60));
    await open();
    await pick("Messages", "Welcome");
    await sealed(page);
    await sameAsStored(page, server, "message=welcome");
    await server.call("POST", "/v1/events/expo-2026/messages/welcome/recipients", { add: ["hooli"], remove: ["acme"] });
    await until(() => rows(page), (all) => all.some((r) => r.text.includes("Hooli")) && !all.some((r) => r.text.includes("Acme Inc")), "the new recipients");
    await server.post(draft(3, { partner: "hooli" }));
    await server.post(draft(3, { partner: "acme" }));
    await sealed(page);
    await sameAsStored(page, server, "message=welcome");
    await page.getByRole("button", { name: /^Messages/ }).click();
    await page.getByRole("radio", { name: /^Only what was done with it/ }).check();
    await page.keyboard.press("Escape");
    await until(() => page.url(), (url) => url.includes("about=welcome") && !url.includes("message="), "the switch");
    await sealed(page);
    await sameAsStored(page, server, "about=welcome");
  });

  test("5: Details begin with the seven labels, and every value is a handle", async () => {
    await server.post(draft(0, { partner: "acme", flavor: "dashboard.viewed", referrer_url: "https://mail.example/inbox" }));
    await server.post({ event: "expo-2026", partner: "globex", flavor: "page.viewed" });
    await open();
    await page.getByRole("button", { name: /^Details of .*Acme Inc/ }).click();
    const drawer = page.getByRole("complementary", { name: "Details" });
    await drawer.waitFor();
    assert.deepEqual((await drawer.locator("dt").allInnerTexts()).slice(0, 7), ["Device", "Platform", "Browser", "Source URL", "Referrer URL", "Event", "Partner"]);
    const values = (await drawer.locator(".seven .text").allInnerTexts()).map((text) => text.trim());
    assert.deepEqual(values, ["Desktop", "Windows 10", "Chrome 142", "https://expo.example/booth", "https://mail.example/inbox", "Expo 2026", "Acme Inc"]);
    assert.match(page.url(), /#a=[0-9a-f-]{36}/);
    const link = page.url();
    await drawer.getByRole("button", { name: /^All but these: Browser/ }).click();
    await page.getByText("not Chrome").waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    await page.getByRole("button", { name: /^Details of .*Globex/ }).click();
    assert.equal((await drawer.locator(".seven .text").first().innerText()).trim(), "not given");
    await page.goto(link);
    await drawer.getByRole("button", { name: "Only these: Partner Acme Inc" }).waitFor();
  });

  test("5: a click on a value includes it, Alt and a click leaves it out", async () => {
    await server.post(drafts(0, 20));
    await open();
    await page.locator('article [data-f="partner"]', { hasText: "Globex" }).first().click();
    await until(() => page.url(), (url) => url.includes("partner=globex"), "the filter");
    await page.getByRole("button", { name: "Undo" }).click();
    await page.locator('article [data-f="partner"]', { hasText: "Globex" }).first().click({ modifiers: ["Alt"] });
    await until(() => page.url(), (url) => url.includes("not.partner=globex"), "the exclusion");
    await until(() => rows(page), (all) => all.length > 0 && !all.some((r) => r.text.includes("Globex")), "rows without Globex");
  });

  test("5: while hundreds come in a second, the first click opens Details, and Tab into the list keeps the focus", async () => {
    await server.post(drafts(0, 400));
    await open();
    let sending = true;
    let n = 400;
    const load = (async () => {
      while (sending) {
        await server.post(drafts(n, 60));
        n += 60;
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    })();
    const moving = () => until(() => page.locator("article.fresh").count(), (fresh) => fresh === 0, "rows without a tint, as at high rates");
    await until(() => n, (sent) => sent > 2_400, "a load that is felt");
    await moving();
    await page.getByRole("button", { name: "More actions" }).focus();
    await page.keyboard.press("Tab");
    assert.notEqual(await page.evaluate(() => document.activeElement.tagName), "BODY");
    await page.getByLabel("Search in activities").focus();
    const box = await page.locator("article[data-seq] .details").nth(5).boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await page.mouse.up();
    await page.getByRole("complementary", { name: "Details" }).waitFor();
    sending = false;
    await load;
  });

  test("5: the address of an activity opens its details beside the list", async () => {
    await server.post(drafts(0, 30));
    const [{ id }] = await server.stored();
    page = await browser.open(server, `${activityPath()}#a=${id}`);
    await page.getByRole("complementary", { name: "Details" }).waitFor();
    await until(() => rows(page), (all) => all.length > 10, "the list beside it");
    await server.post(drafts(30, 2));
    await page.getByText("2 new").waitFor();
  });

  test("6: pause counts what waits; scrolling away holds; jump to latest", async () => {
    await server.post(drafts(0, 100));
    await open();
    const top = (await rows(page))[0].seq;
    await page.getByRole("button", { name: "Pause" }).click();
    await server.post(drafts(100, 7));
    await page.getByText("Paused, 7 waiting").waitFor();
    assert.equal((await rows(page))[0].seq, top);
    await page.getByRole("button", { name: "Resume" }).click();
    await until(() => rows(page), (all) => all[0].seq > top, "what waited");
    const feed = page.getByRole("feed");
    await feed.hover();
    await page.mouse.wheel(0, 700);
    const place = async () => {
      const box = await feed.boundingBox();
      return page.locator("article[data-seq]").evaluateAll((all, y) => {
        const row = all.find((one) => one.getBoundingClientRect().top >= y + 100);
        return row && { seq: row.dataset.seq, top: Math.round(row.getBoundingClientRect().top) };
      }, box.y);
    };
    const before = await until(place, (p) => p !== undefined && Number(p.seq) < top, "the scrolled list");
    await server.post(drafts(107, 12));
    await page.getByText("12 new").waitFor();
    assert.deepEqual(await place(), before);
    await page.getByRole("button", { name: /Jump to latest/ }).click();
    await until(() => rows(page), (all) => all[0].at === 1 && all.length > 0, "the top");
    await sealed(page);
    await sameAsStored(page, server, "");
  });

  test("6: history comes by scrolling, to the beginning, and the seal covers it", async () => {
    await server.post(drafts(0, 900));
    await open();
    await sameAsStored(page, server, "");
    await until(() => page.locator("[data-seal]").getAttribute("title"), (text) => text.includes("900 here, 900 stored"), "the seal of all of them");
  });

  test("6: the chart moves with the filtered view", async () => {
    await server.post(drafts(0, 40));
    await open("partner=globex");
    const chart = page.getByRole("img", { name: /Activities per minute/ });
    const count = async () => Number(/(\d+) in the last/.exec(await chart.getAttribute("aria-label"))?.[1]);
    const stored = (await server.stored("partner=globex")).length;
    await until(count, (n) => n === stored, "the chart");
    await server.post([draft(1, { partner: "globex" }), draft(2, { partner: "acme" })]);
    await until(count, (n) => n === stored + 1, "the bar");
  });

  test("6: a seal that is not renewed tells when it was, and a long name does not push it away", async () => {
    const name = "Internationale Fachmesse für Veranstaltungstechnik und Herbstausgabe der Ausstellerkonferenz";
    await server.call("PUT", "/v1/events/expo-2026", { name });
    await server.post(drafts(0, 5));
    await open();
    await sealed(page);
    const seal = page.locator("[data-seal]");
    for (const width of [1280, 1024, 768, 360]) {
      await page.setViewportSize({ width, height: 800 });
      const box = await seal.boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= width, `the seal is in sight at ${width}: ${JSON.stringify(box)}`);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    assert.match(await seal.innerText(), /^Nothing missing since/);
    await page.clock.install();
    await server.down();
    await page.clock.runFor(25_000);
    await until(() => seal.innerText(), (text) => /^Nothing was missing at \d\d:\d\d:\d\d$/.test(text), "when it was complete");
  });

  test("6: coming back shows where it was left off, in this log and no other", async () => {
    await server.post(drafts(0, 5));
    await open();
    const [seen] = await until(() => rows(page), (all) => all.length === 5, "five rows");
    await page.getByRole("link", { name: "Messages", exact: true }).first().click();
    await page.getByRole("heading", { name: "Messages" }).first().waitFor();
    await server.post(drafts(5, 3));
    // Who is back within the minute has not been away.
    await page.goBack();
    await sealed(page);
    assert.equal(await page.getByText(/^You left off here/).count(), 0);
    await page.getByRole("link", { name: "Messages", exact: true }).first().click();
    await page.getByRole("heading", { name: "Messages" }).first().waitFor();
    await page.evaluate(({ seq, id }) => localStorage.setItem("left expo-2026", JSON.stringify({ seq, id, at: Date.now() - 61_000 })), seen);
    await page.goBack();
    await page.getByText(/^You left off here/).waitFor();
    const line = await page.getByText(/^You left off here/).boundingBox();
    const row = await page.locator(`article[data-seq="${seen.seq}"]`).boundingBox();
    assert.ok(Math.abs(line.y + line.height / 2 - row.y) <= 2, "the line stands above the row that was seen last");
    // The same place in another log means nothing: its activity is not here.
    await page.getByRole("link", { name: "Messages", exact: true }).first().click();
    await page.getByRole("heading", { name: "Messages" }).first().waitFor();
    await page.evaluate(() => localStorage.setItem("left expo-2026", JSON.stringify({ seq: 2, id: "0198c7a2-0000-7000-8000-000000000000", at: 0 })));
    const asked = page.waitForResponse((response) => response.url().includes("0198c7a2-0000"));
    await page.goBack();
    assert.equal((await asked).status(), 404);
    await sealed(page);
    assert.equal(await page.getByText(/^You left off here/).count(), 0);
  });

  test("7: the server is killed and comes back: nothing missing, nothing twice", async () => {
    await server.post(drafts(0, 50));
    await open("flavor=page.viewed&flavor=message.opened");
    await sealed(page);
    await server.down("SIGKILL");
    await page.getByText(/Offline since/).waitFor();
    // Nobody can be asked now: the seal says when it was right, and the words have room beside the way here.
    await until(() => page.locator("[data-seal]").innerText(), (text) => /^Nothing was missing at \d\d:\d\d:\d\d$/.test(text), "when it was complete");
    for (const width of [768, 1024, 1180, 1280, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      const [way, conn, words] = await page.evaluate(() => {
        const box = (node) => (({ left, right }) => ({ left, right }))(node.getBoundingClientRect());
        const words = document.querySelector(".conn b");
        return [box([...document.querySelectorAll(".crumbs li span, .crumbs li a")].at(-1)), box(document.querySelector(".conn")), words.scrollWidth - words.clientWidth];
      });
      assert.ok(way.right <= conn.left, `apart at ${width}: ${JSON.stringify([way, conn])}`);
      assert.ok(words <= 0, `the words are whole at ${width}`);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await server.up();
    await server.post(drafts(50, 80));
    await page.locator('[data-state="live"]').waitFor();
    await server.post(drafts(130, 5));
    await sealed(page);
    await sameAsStored(page, server, "flavor=page.viewed&flavor=message.opened");
  });

  test("7: a server that restarts says so, and the page comes back by itself", async () => {
    await server.post(drafts(0, 10));
    await open();
    await server.down("SIGTERM");
    await page.locator('[data-state="restart"], [data-state="offline"]').first().waitFor();
    await server.up();
    await server.post(drafts(10, 3));
    await page.locator('[data-state="live"]').waitFor();
    await sealed(page);
    await sameAsStored(page, server, "");
  });

  test("7: a part of the page that could not be read comes by itself", async () => {
    await server.post(drafts(0, 10));
    const late = /\/assets\/sides-/;
    await browser.context.route(late, (route) => route.abort());
    await open();
    await sealed(page);
    const views = page.getByRole("region", { name: "Views" });
    assert.equal(await views.count(), 0);
    await browser.context.unroute(late);
    await views.getByRole("link", { name: "All opens", exact: true }).waitFor();
  });

  test("7: a tab that slept offline comes back with all of it, also under another filter", async () => {
    await server.post(drafts(0, 30));
    await open("partner=acme");
    await browser.context.setOffline(true);
    await page.evaluate(() => dispatchEvent(new Event("offline")));
    await server.down("SIGKILL");
    await server.up();
    await page.locator('[data-state="offline"]').waitFor();
    for (let i = 0; i < 5; i++) await server.post(drafts(30 + i * 100, 100));
    // The filter is changed while there is nobody to ask.
    await page.getByRole("button", { name: "Remove Acme Inc" }).click();
    await browser.context.setOffline(false);
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await page.locator('[data-state="live"]').waitFor();
    await sealed(page);
    await sameAsStored(page, server, "");
  });

  test("7: first use shows a line that works as it stands", async () => {
    await server.call("PUT", "/v1/events/new-event", { name: "New event" });
    page = await browser.open(server, "/events/new-event/activity");
    await page.getByText("Waiting for the first activity").waitFor();
    assert.match(await until(() => page.locator("[data-seal]").innerText(), (text) => text.startsWith("Nothing"), "the seal"), /^Nothing missing$/);
    // Too tall for a small phone, it begins at its beginning.
    await page.setViewportSize({ width: 360, height: 640 });
    const above = await page.locator(".state.first").evaluate((node) => node.querySelector("h2").getBoundingClientRect().top - node.getBoundingClientRect().top);
    assert.ok(above >= 0, `the title is ${-above} px above what can be reached`);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole("button", { name: "Make a key and show the line" }).click();
    const line = await until(() => page.locator(".first pre").innerText(), (text) => text.includes("td_"), "the line");
    const { execFileSync } = await import("node:child_process");
    execFileSync("sh", ["-c", `${line} -sS -o /dev/null --fail`]);
    await until(() => rows(page), (all) => all.length === 1, "the first activity");
    assert.match(await first(), /Dashboard viewed/);
  });
});
