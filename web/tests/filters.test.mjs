// The filters: counts that are never a lie, what is typed, the address, undo, focus, places, the sheet of a phone.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { activityPath, Browser, noFaults, rows, until } from "./browser.mjs";
import { draft, drafts, Server } from "./server.mjs";

const VALUES = 130;
const name = (i) => String(i).padStart(3, "0");

describe("the filters", () => {
  let server, browser, page;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    await server.post(drafts(0, 80));
    // More values than are listed, and the last of them twice.
    await server.post(Array.from({ length: VALUES }, (_, i) => draft(4, { partner: "acme", source_url: `https://h${name(i)}.example/x`, flavor: `custom.f${name(i)}` })));
    await server.post(draft(4, { partner: "acme", source_url: "https://h129.example/x", flavor: "custom.f129" }));
    browser = await Browser.start();
  });
  after(async () => {
    await browser.end();
    await server.end();
  });
  afterEach(async () => {
    if (page) {
      noFaults(page);
      await page.close();
    }
    page = null;
  });

  const open = async (query = "", width = 1280, height = 800) => {
    page = await browser.open(server, activityPath(query));
    await page.setViewportSize({ width, height });
    await page.locator('[data-state="live"], [data-state="looking"]').waitFor();
  };
  const picker = (which) => page.getByRole("button", { name: new RegExp(`^${which}`) });
  const field = async (which) => {
    await picker("More filters").click();
    await page.getByRole("button", { name: which, exact: true }).click();
  };
  const value = (text) => page.locator("li.value", { hasText: text });
  const count = (text) => value(text).locator(".count").innerText();
  const chips = () => page.getByRole("list", { name: "Filtered by" }).first();
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim());
  const query = () => new URL(page.url()).search;
  const box = () => page.getByLabel("Search in activities");
  const rests = (what, where) => until(what, where, "it");

  test("1: a value beyond the hundred that are listed has its own count, and the foot says that there are more", async () => {
    await open();
    await field("Page");
    await until(() => page.locator(".values .foot").innerText(), (text) => /more activities have others/.test(text), "the foot");
    assert.ok((await page.locator("li.value").count()) < VALUES);
    // The hundred most frequent leave out the last by name of those that have one.
    await page.getByLabel("Search pages").fill("h128.example");
    await until(() => count("h128.example"), (text) => text === "1", "the count");
    await page.getByLabel("Search pages").fill("nobody.example");
    await until(() => count("nobody.example"), (text) => text === "0", "a true 0");
  });

  test("1: what could not be counted to the end is shown as that", async () => {
    await open();
    await page.route("**/v1/activities/counts?*", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), complete: false } });
    });
    await picker("Partners").click();
    await until(() => count("Acme Inc"), (text) => /^\d+\+$/.test(text), "a least count");
    assert.equal(await count("Quiet Ltd"), "–");
    await page.getByText("Counting took too long").waitFor();
    await page.unrouteAll({ behavior: "ignoreErrors" });
  });

  test("1: every partner of the event is listed, at 0 when it is 0", async () => {
    await open();
    await picker("Partners").click();
    await until(() => count("Quiet Ltd"), (text) => text === "0", "the 0");
  });

  test("2: a typed value that is not listed can be taken; one that cannot be is told why", async () => {
    await open();
    await field("Page");
    const search = page.getByLabel("Search pages");
    await search.fill("Shop.example");
    await value("Use “shop.example”").waitFor();
    await page.keyboard.press("Enter");
    await rests(query, (text) => text === "?source=shop.example");
    await search.fill("shop.example/cart");
    await page.getByText(/A host alone, as in example\.com/).waitFor();
    await search.fill("https://expo.example/bo");
    await value("Use “https://expo.example/bo”").getByRole("checkbox").click({ modifiers: ["Shift"] });
    await until(() => rows(page), (all) => all.length > 0, "rows of that address");
    await search.fill("");
    await page.keyboard.press("Escape");
    await picker("Flavors").click();
    await page.getByLabel("Search flavors").fill("message.*");
    await value("Use “message.*”").getByRole("checkbox").click();
    await rests(query, (text) => text.includes("flavor=message.*"));
  });

  test("3: what the address asks for and this page cannot apply is said, and can be taken out; the rest holds", async () => {
    await open("event=other&partner=acme&device=phone&colour=red&partner=summit/acme");
    for (const text of ["event=other", "device=phone", "colour=red", "partner=summit/acme"]) await chips().getByText(text).waitFor();
    await page.getByText("It must be one of desktop").waitFor();
    await until(() => rows(page), (all) => all.length > 5 && all.every((r) => r.text.includes("Acme Inc")), "the rows of the rest");
    await page.getByRole("button", { name: "Remove colour=red" }).click();
    await page.getByRole("button", { name: "Remove device=phone" }).click();
    await rests(query, (text) => text === "?partner=acme&event=other&partner=summit%2Facme");
    await open("event=expo-2026&partner=expo-2026/acme");
    assert.equal(await chips().locator(".odd").count(), 0);
    await chips().getByText("Acme Inc").waitFor();
  });

  test("4: Escape empties box and filter, then leaves; the box follows Back and Undo", async () => {
    await open();
    await page.keyboard.press("/");
    await page.keyboard.type("globex");
    await rests(query, (text) => text === "?text=globex");
    await page.keyboard.press("Escape");
    await rests(query, (text) => text === "");
    assert.equal(await box().inputValue(), "");
    assert.equal(await box().evaluate((node) => node === document.activeElement), true);
    await page.keyboard.press("Escape");
    assert.equal(await box().evaluate((node) => node === document.activeElement), false);
    await box().fill("acme");
    await page.keyboard.press("Enter");
    await rests(query, (text) => text === "?text=acme");
    await box().fill("hooli");
    await page.goBack();
    await rests(query, (text) => !text.includes("acme") && !text.includes("hooli"));
    assert.equal(await box().inputValue(), "");
    await page.goForward();
    await until(() => box().inputValue(), (text) => text === "acme", "the text again");
    await page.getByRole("button", { name: "Undo" }).click();
    await until(() => box().inputValue(), (text) => text === "", "the empty box");
    await rests(query, (text) => text === "");
  });

  test("4: Clear takes half-typed words along, and leaving the page takes them nowhere", async () => {
    await open("partner=acme");
    await box().pressSequentially("glob");
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    await rests(query, (text) => text === "");
    assert.equal(await box().inputValue(), "");
    await page.getByRole("link", { name: "Messages", exact: true }).first().click();
    await page.getByRole("heading", { name: "Messages" }).first().waitFor();
    assert.equal(query(), "");
  });

  test("4: Undo and Back are one: after Back, Undo goes on backwards; a reload forgets neither", async () => {
    await open();
    for (const partner of ["Acme Inc", "Globex", "Initech"]) {
      await picker("Partners").click();
      await page.getByRole("checkbox", { name: new RegExp(`^${partner}`) }).click();
      await page.keyboard.press("Escape");
    }
    await rests(query, (text) => text.includes("initech"));
    await page.goBack();
    await rests(query, (text) => text === "?partner=acme&partner=globex");
    await page.reload();
    await page.locator('[data-state="live"]').waitFor();
    const undo = page.getByRole("button", { name: "Undo" });
    await undo.click();
    await rests(query, (text) => text === "?partner=acme");
    await undo.click();
    await rests(query, (text) => text === "");
    await until(() => undo.getAttribute("aria-disabled"), (off) => off === "true", "no more to undo");
    await undo.click({ force: true });
    assert.match(page.url(), /\/activity$/);
    await page.goForward();
    await rests(query, (text) => text === "?partner=acme");
  });

  test("4: a span of time is a step as well, and Undo takes it back", async () => {
    await open("partner=acme&since=2020-01-01T00:00:00.000Z&until=2020-01-02T00:00:00.000Z");
    await page.getByRole("button", { name: "Back to the live view" }).first().click();
    await rests(query, (text) => text === "?partner=acme");
    await page.getByRole("button", { name: "Undo" }).click();
    await rests(query, (text) => text.includes("partner=acme") && text.includes("since=2020-01-01"));
  });

  test("4: Undo leaves the details open, and words that are too many are refused in words", async () => {
    await open();
    await until(() => rows(page), (all) => all.length > 5, "rows");
    await page.locator('article [data-f="partner"]', { hasText: "Acme Inc" }).first().click();
    await rests(query, (text) => text === "?partner=acme");
    await page.getByRole("button", { name: /^Details of/ }).first().click();
    await page.getByRole("complementary", { name: "Details" }).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await rests(query, (text) => text === "");
    assert.match(page.url(), /#a=/);
    assert.equal(await page.getByRole("complementary", { name: "Details" }).count(), 1);
    await box().fill("w ".repeat(17));
    await chips().getByText("at most 16 words").waitFor();
    await box().blur();
    assert.equal(await box().inputValue(), "");
  });

  test("5: the focus stays near: chip, Clear, Undo, picker, field, value", async () => {
    await open("partner=acme&partner=globex&flavor=page.viewed");
    await page.getByRole("button", { name: "Remove Acme Inc" }).click();
    await until(focused, (text) => text === "Remove Globex", "the next chip");
    await page.keyboard.press("Enter");
    await until(focused, (text) => text === "Remove Page viewed", "the next chip");
    await page.keyboard.press("Enter");
    await until(focused, (text) => text === "Undo", "Undo");
    for (let i = 0; i < 3; i++) await page.keyboard.press("u");
    await rests(query, (text) => text.includes("acme") && text.includes("page.viewed"));
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    assert.equal(await focused(), "Undo");
    await page.keyboard.press("Enter");
    await rests(query, (text) => text.includes("acme"));
    assert.equal(await focused(), "Undo");
    await picker("Partners").click();
    await value("Acme Inc").waitFor();
    await page.getByRole("dialog", { name: "Partners" }).getByRole("button", { name: "Clear" }).click();
    assert.equal(await focused(), "Search partners");
    await page.keyboard.press("Escape");
    assert.match(await focused(), /^Partners/);
    await field("Browser");
    assert.match(await focused(), /^Browser/);
    await page.keyboard.press("ArrowDown");
    await until(focused, (text) => /^Page/.test(text), "the next field");
    await page.keyboard.press("Escape");
    assert.match(await focused(), /^More/);
    // A choice made where it then disappears leaves the focus beside the chips.
    await open("partner=quiet");
    await page.getByText("Nothing matches yet").waitFor();
    await page.getByRole("button", { name: "Clear the filter" }).click();
    await until(focused, (text) => text === "Undo", "Undo");
  });

  test("5: arrows, Home, End, Space, Shift Enter and Alt Enter in a list of values", async () => {
    await open();
    await page.keyboard.press("1");
    await value("Acme Inc").waitFor();
    await page.keyboard.press("ArrowDown");
    const at = () => page.evaluate(() => document.activeElement.closest("li")?.getAttribute("aria-posinset") ?? document.activeElement.getAttribute("aria-label"));
    await until(at, (n) => n === "1", "the first");
    await page.keyboard.press("End");
    await until(at, (n) => n === "5", "the last");
    await page.keyboard.press("Home");
    await until(at, (n) => n === "1", "the first");
    await page.keyboard.press("ArrowUp");
    await until(at, (n) => n === "Search partners", "the box");
    // A space at the beginning of the box is meant for a row: the first has the focus, and nothing is chosen yet.
    await page.keyboard.press(" ");
    await until(at, (n) => n === "1", "the first");
    assert.equal(query(), "");
    await page.keyboard.press("ArrowUp");
    await until(at, (n) => n === "Search partners", "the box");
    assert.equal(await page.getByLabel("Search partners").inputValue(), "");
    await page.keyboard.type("gl");
    await page.keyboard.press("ArrowDown");
    await until(at, (n) => n === "1", "the match");
    await page.keyboard.press(" ");
    await rests(query, (text) => text === "?partner=globex");
    await page.keyboard.press("Alt+Enter");
    await rests(query, (text) => text === "?not.partner=globex");
    await page.keyboard.press("o");
    await until(at, (n) => n === "Search partners", "typing goes to the box");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("hoo");
    await page.keyboard.press("Shift+Enter");
    await rests(query, (text) => text === "?partner=hooli");
  });

  test("6: pickers stay within the window, long names are whole, controls are 32 pixels", async () => {
    const long = "Extraordinarily Long Company Name For International Exhibitions GmbH";
    await server.call("PUT", "/v1/events/expo-2026/partners/long", { name: long });
    await server.call("PUT", "/v1/events/expo-2026/partners/rtl", { name: "شركة النور للتجارة والمعارض الدولية المتخصصة" });
    for (const width of [720, 768, 1024]) {
      await open("partner=acme&not.browser=Chrome", width);
      for (const which of ["Partners", "Messages", "More filters"]) {
        await picker(which).click();
        await page.locator("li.value").first().waitFor();
        const panel = await page.getByRole("dialog").boundingBox();
        assert.ok(panel.x >= 0 && panel.x + panel.width <= width, `${which} at ${width}: ${JSON.stringify(panel)}`);
        if (which === "Partners") {
          const cut = (text) => value(text).locator(".name").evaluate((node) => node.scrollHeight - node.clientHeight);
          assert.ok((await cut(long)) <= 1, "two lines hold it");
          assert.equal(await value("شركة").locator(".name").evaluate((node) => getComputedStyle(node).direction), "rtl");
          assert.match(await value(long).getByRole("checkbox").getAttribute("title"), new RegExp(long));
        }
        await page.keyboard.press("Escape");
      }
      const small = await page.evaluate(() =>
        [...document.querySelectorAll(".bar button, .chips button")]
          .map((node) => [node.textContent.trim() || node.getAttribute("aria-label"), node.getBoundingClientRect()])
          .filter(([, r]) => r.height < 31 || r.width < 31.5)
          .map(([text, r]) => `${text} ${r.width}x${r.height}`),
      );
      assert.deepEqual(small, []);
      await page.close();
    }
  });

  test("7: the first filter and the last move neither the list nor a button", async () => {
    for (const [width, height] of [[1280, 800], [768, 1024], [360, 740]]) {
      await open("", width, height);
      await until(() => rows(page), (all) => all.length > 5, "rows");
      await page.locator('[data-chart="known"]').waitFor();
      const places = () =>
        page.evaluate(() => ['[role="feed"]', ".search", ".acts button", ...[...document.querySelectorAll(".pickers .pop > .btn, .filters-button")].map((_, i) => i)].map((what) => {
          const node = typeof what === "string" ? document.querySelector(what) : document.querySelectorAll(".pickers .pop > .btn, .filters-button")[what];
          const r = node.getBoundingClientRect();
          return `${what}: ${Math.round(r.x)} ${Math.round(r.y)} ${Math.round(r.width)}`;
        }));
      const before = await places();
      if (width < 720) {
        // On a phone a row opens its details, and what is chosen stands in the sheet: filtered and not, the list stands alike.
        await page.close();
        await open("partner=acme", width, height);
        await until(() => rows(page), (all) => all.length > 0 && all.every((r) => r.text.includes("Acme Inc")), "the rows");
        await page.locator('[data-chart="known"]').waitFor();
        assert.deepEqual(await places(), before, `${width}`);
      } else {
        await page.locator('article [data-f="partner"]', { hasText: "Acme Inc" }).first().click();
        await chips().getByText("Acme Inc").waitFor();
        assert.deepEqual(await places(), before, `${width}`);
        await page.getByRole("button", { name: "Remove Acme Inc" }).click();
        await rests(query, (text) => text === "");
        assert.deepEqual(await places(), before, `${width}`);
      }
      await page.close();
    }
    page = null;
  });

  test("8: on a phone the filters are a modal sheet: trapped, closed by Escape or Show, the focus given back", async () => {
    await open("", 360, 740);
    const button = picker("Filters");
    await button.click();
    const sheet = page.getByRole("dialog", { name: "Filters" });
    await sheet.waitFor();
    assert.equal(await sheet.evaluate((node) => node.matches(":modal")), true);
    await sheet.getByRole("button", { name: /^Partners/ }).click();
    await page.getByRole("checkbox", { name: /^Acme Inc/ }).click();
    const show = page.getByRole("button", { name: /^Show / });
    const total = (await server.stored("event=expo-2026&partner=acme")).length;
    await until(() => show.innerText(), (text) => text === `Show ${total} activities`, "the number");
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog") !== null), true);
    }
    await show.click();
    assert.match(await focused(), /^Filters/);
    await until(() => rows(page), (all) => all.length > 0 && all.every((r) => r.text.includes("Acme Inc")), "the rows");
    await button.click();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.match(await focused(), /^Filters/);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
    // Zoomed in to 400 %, the rows keep their room.
    await page.setViewportSize({ width: 320, height: 256 });
    const bar = await page.locator("div.bar").first().boundingBox();
    assert.ok(bar.height <= 48 && !(await chips().isVisible()));
  });

  test("10, 11: Messages say what they show, and the box what it looks in", async () => {
    await open("message=welcome");
    await picker("Messages").click();
    const about = page.getByRole("radio", { name: /^Only what was done with it/ });
    assert.equal(await page.getByRole("radio", { name: /^All that its recipients did/ }).isChecked(), true);
    await about.check();
    await rests(query, (text) => text === "?about=welcome");
    assert.equal(await about.evaluate((node) => node === document.activeElement), true);
    await chips().getByText("Done with Welcome").waitFor();
    assert.match(await page.locator(".search").getAttribute("title"), /For messages and campaigns use their filters/);
  });

  test("12: counts go on in an open picker, and nothing in it moves", async () => {
    await open();
    await picker("Partners").click();
    await until(() => count("Initech"), (text) => /^\d+$/.test(text), "counts");
    const order = () => page.locator("li.value .name").evaluateAll((all) => all.map((node) => node.firstChild.textContent));
    const [names, before] = [await order(), Number(await count("Initech"))];
    await server.post(drafts(0, 300, { partner: "initech" }));
    await until(() => count("Initech"), (text) => Number(text) === before + 300, "the new count");
    await server.post(draft(0, { partner: "newcomer" }));
    await until(order, (all) => all.includes("newcomer"), "somebody new");
    assert.deepEqual((await order()).slice(0, names.length), names);
  });
});

describe("very many partners", () => {
  let server, browser, page;
  const MANY = 5_000;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    for (let i = 0; i < MANY; i += 1_000) await server.post(Array.from({ length: 1_000 }, (_, k) => draft(4, { partner: `partner-${String(i + k).padStart(4, "0")}` })));
    browser = await Browser.start();
  });
  after(async () => {
    await browser.end();
    await server.end();
  });

  test("9: the list is drawn in part, 200 chosen are one chip, the address holds, and the limit is said", async () => {
    const widths = () => page.locator(".pickers .pop > .btn").evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().width)));
    page = await browser.open(server, activityPath());
    await page.locator('[data-state="live"]').waitFor();
    const narrow = await widths();
    await page.close();
    const keys = Array.from({ length: 199 }, (_, i) => `partner=partner-${String(i).padStart(4, "0")}`);
    page = await browser.open(server, activityPath(["partner=acme", ...keys.slice(1)].join("&")));
    await page.locator('[data-state="live"]').waitFor();
    assert.deepEqual(await widths(), narrow);
    const chip = page.getByRole("list", { name: "Filtered by" });
    await chip.getByText("Acme Inc and 198 more").click();
    const values = page.locator("li.value");
    await values.first().waitFor();
    assert.ok((await values.count()) < 60);
    assert.equal(await values.first().getByRole("checkbox").getAttribute("aria-checked"), "true");
    assert.ok(Number(await values.first().getAttribute("aria-setsize")) >= MANY);
    await page.getByText("199 of 200 chosen").waitFor();
    await page.getByLabel("Search partners").fill("4999");
    await until(() => values.count(), (n) => n === 1, "the match");
    await until(() => values.first().locator(".count").innerText(), (text) => text === "1", "its count");
    await values.first().getByRole("checkbox").click();
    await page.getByText("200 of 200 chosen").waitFor();
    await page.getByLabel("Search partners").fill("4998");
    await values.filter({ hasText: "4998" }).getByRole("checkbox").click();
    await page.getByRole("dialog").getByText("at most 200 values").waitFor();
    assert.equal(new URL(page.url()).searchParams.getAll("partner").length, 200);
    await page.reload();
    await page.locator('[data-state="live"]').waitFor();
    await chip.getByText("and 199 more").waitFor();
    await until(() => rows(page), (all) => all.length > 10, "rows");
    noFaults(page);
  });
});
