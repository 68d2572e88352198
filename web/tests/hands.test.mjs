// Hands and ears: the focus is never nowhere, keys do what they say, nothing moves under a hand, and every width has its figures.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, beforeEach, describe, test } from "node:test";
import { activityPath, Browser, noFaults, rows, sealed, until, wrongClock } from "./browser.mjs";
import { draft, drafts, Server } from "./server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LONG_URL = `https://expo.example/${"abcdefghij".repeat(196)}`;
const ARABIC = "شركة النور للتجارة والمعارض الدولية والخدمات اللوجستية المتكاملة في الشرق الأوسط";

describe("hands and ears", () => {
  let server, browser, page;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    await server.call("PUT", "/v1/events/expo-2026/partners/noor", { name: ARABIC, company: ARABIC });
    await server.post(drafts(0, 60));
    browser = await Browser.start({ permissions: ["clipboard-read", "clipboard-write"] });
  });
  after(async () => {
    await browser.end();
    await server.end();
  });
  beforeEach(() => browser.context.clearCookies());

  const open = async ({ path = activityPath(), width = 1280, height = 800, clock = false, ...media } = {}) => {
    page = await browser.context.newPage();
    await page.close();
    page = await browser.open(server, "/signin", server.key);
    await page.setViewportSize({ width, height });
    await page.emulateMedia(media);
    if (clock) await page.clock.install();
    await page.goto(server.url + path);
    if (path.includes("/activity")) {
      await page.locator('[data-state="live"]').waitFor();
      await until(() => rows(page), (all) => all.length > 3, "rows");
    }
  };
  const done = async () => {
    noFaults(page);
    await page.close();
  };
  /** What has the focus, in a word. */
  const focused = () =>
    page.evaluate(() => {
      const at = document.activeElement;
      const row = at.closest("[data-seq]");
      if (row) return at === row ? `row ${row.dataset.seq}` : `in row ${row.dataset.seq}: ${at.textContent.trim()}`;
      return at.getAttribute("role") === "feed" ? "list" : `${at.tagName.toLowerCase()} ${at.ariaLabel ?? at.textContent.trim()}`;
    });
  const focusIs = (wanted, what = String(wanted)) => until(focused, (at) => (wanted instanceof RegExp ? wanted.test(at) : at === wanted), what);
  const drawer = () => page.locator(".drawer");
  const two = () => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const wait = () => page.locator(".jump b");
  const first = async () => (await rows(page))[0].seq;

  test("the skip link leads to the content, and the address stays", async () => {
    await open({ path: "/events/expo-2026/partners" });
    await page.getByRole("heading", { name: "Partners" }).waitFor();
    const before = page.url();
    await page.keyboard.press("Tab");
    await focusIs("a Skip to the content");
    await page.keyboard.press("Enter");
    await until(() => page.evaluate(() => document.activeElement.id), (id) => id === "main", "the content");
    assert.equal(page.url(), before);
    await done();
  });

  test("another screen begins at its heading, and the title says which it is", async () => {
    await open({ path: "/events/expo-2026/partners" });
    await page.getByRole("heading", { name: "Partners" }).waitFor();
    await until(() => page.title(), (t) => t === "Partners, Expo 2026 - Tidings", "the title");
    const nav = page.getByRole("navigation", { name: "Main" });
    await nav.getByRole("link", { name: "Partner Activity" }).click();
    await focusIs("h1 Partner Activity");
    await until(() => page.title(), (t) => t === "Partner Activity, Expo 2026 - Tidings", "the title");
    await nav.getByRole("link", { name: "Campaigns" }).click();
    await focusIs("h1 Campaigns");
    assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none", "no ring for a pointer");
    await page.goBack();
    await focusIs("h1 Partner Activity");
    await page.goto(`${server.url}/events/expo-2026/messages/welcome`);
    await until(() => page.title(), (t) => t === "Welcome, Messages, Expo 2026 - Tidings", "the title");
    await done();
  });

  test("single keys are turned off in the help, for good, and all keys are told", async () => {
    await open();
    await page.keyboard.press("?");
    const help = page.getByRole("dialog", { name: "Keys" });
    await help.waitFor();
    const keys = (await help.locator("kbd").allInnerTexts()).join(" ");
    for (const key of ["Enter", "Space", "Alt + Enter", "Home", "End", "PgUp", "PgDn", "Escape", "Alt + click", "j", "?"]) assert.ok(keys.includes(key), `${key} in ${keys}`);
    await help.getByRole("switch", { name: "Single-key shortcuts" }).click();
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "detached" });
    await page.keyboard.press("p");
    await page.keyboard.press("j");
    await page.keyboard.press("?");
    await page.reload();
    await page.locator('[data-state="live"]').waitFor();
    await page.keyboard.press("p");
    await two();
    assert.equal(await page.getByRole("button", { name: "Pause" }).getAttribute("aria-pressed"), "false");
    assert.equal(await page.getByRole("dialog").count(), 0);
    // Those that are no letters go on: arrows, Enter, Escape.
    await page.getByRole("feed").focus();
    await page.keyboard.press("ArrowDown");
    await focusIs(/^row /, "a row");
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await help.getByRole("switch").click();
    await page.keyboard.press("Escape");
    // Until the dialog is gone the focus is in it, and a letter is its own.
    await help.waitFor({ state: "detached" });
    await page.keyboard.press("p");
    await page.getByText(/^Paused/).first().waitFor();
    await done();
  });

  test("Escape closes what is open, and nothing else", async () => {
    await open();
    await page.keyboard.press("p");
    await page.getByText(/^Paused/).first().waitFor();
    await page.getByRole("feed").evaluate((node) => (node.scrollTop = 400));
    await until(() => page.locator(".jump").count(), (n) => n === 1, "the way to the latest");
    await page.keyboard.press("j");
    await focusIs(/^row /, "a row");
    await page.keyboard.press("Enter");
    await drawer().waitFor();
    await page.keyboard.press("Escape");
    await drawer().waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await two();
    assert.equal(await page.getByRole("button", { name: "Resume" }).getAttribute("aria-pressed"), "true");
    assert.ok((await page.getByRole("feed").evaluate((node) => node.scrollTop)) > 200);
    await page.keyboard.press("g");
    await until(() => page.getByRole("feed").evaluate((node) => node.scrollTop), (top) => top === 0, "the top");
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await focusIs("list", "the list, where no row holds it");
    const before = await first();
    await server.post(draft(3));
    await until(first, (seq) => seq > before, "the list that follows");
    await done();
  });

  test("the keyboard opens Details and is in it; a pointer is not taken along; both come back", async () => {
    await open();
    await page.keyboard.press("j");
    const first = await focusIs(/^row /, "a row");
    await page.keyboard.press("j");
    // The focus follows with the next picture.
    const row = await until(focused, (at) => /^row /.test(at) && at !== first, "the next row");
    await page.keyboard.press("Enter");
    await focusIs(/^h2 .*details$/, "its heading");
    // Letters that change the page behind would surprise here; the next activity does not.
    for (const key of ["x", "p", "1", "/", "g"]) await page.keyboard.press(key);
    await two();
    assert.equal(await page.getByRole("dialog").count(), 0);
    assert.equal(await page.getByRole("button", { name: "Pause" }).getAttribute("aria-pressed"), "false");
    const before = page.url();
    await page.keyboard.press("j");
    await until(() => page.url(), (url) => url !== before, "the next activity");
    await focusIs(/^h2 /, "its heading");
    await page.keyboard.press("k");
    await until(() => page.url(), (url) => url === before, "the one before");
    await page.keyboard.press("Escape");
    await focusIs(row);
    // Enter on the control is the keyboard too.
    await page.locator(`[data-seq="${row.split(" ")[1]}"] .details`).focus();
    await page.keyboard.press("Enter");
    await focusIs(/^h2 /, "its heading");
    await page.getByRole("button", { name: "Close details" }).click();
    await focusIs(row);
    await page.locator("article .details").nth(5).click();
    await drawer().waitFor();
    await two();
    assert.match(await focused(), /^in row \d+: Details$/);
    await page.keyboard.press("Escape");
    await drawer().waitFor({ state: "detached" });
    await focusIs(/^in row \d+: Details$/, "where it was");
    await done();
  });

  for (const [name, width, height] of [["phone", 360, 640], ["tablet", 768, 1024]]) {
    test(`on a ${name} Details is a modal sheet: the page behind is out of reach, the focus comes back`, async () => {
      await open({ width, height });
      await page.locator("article .details").nth(1).click();
      const sheet = page.getByRole("dialog", { name: "Details" });
      await sheet.waitFor();
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press("Tab");
        const out = await page.evaluate(() => document.activeElement !== document.body && !document.activeElement.closest("dialog") && document.activeElement.tagName);
        assert.equal(out, false, "Tab stays in the sheet");
      }
      await assert.rejects(page.getByRole("button", { name: "Pause" }).click({ timeout: 500 }), "the page behind cannot be pressed");
      await page.keyboard.press("Escape");
      await sheet.waitFor({ state: "detached" });
      await focusIs(/^(in )?row /, "the row");
      assert.doesNotMatch(page.url(), /#a=/);
      await page.locator("article .details").nth(1).click();
      await sheet.waitFor();
      await page.mouse.click(180, 20);
      await sheet.waitFor({ state: "detached" });
      await done();
    });
  }

  test("the focus is given back: after the way to the latest, after dialogs of a menu, after the menu of a value", async () => {
    await open();
    await page.getByRole("feed").evaluate((node) => (node.scrollTop = 400));
    await page.getByRole("button", { name: "Jump to latest" }).click();
    await focusIs("list");
    await page.keyboard.press("ArrowDown");
    await focusIs(/^row /, "the first row");
    for (const [choice, title] of [["Keyboard shortcuts", "Keys"], ["Send an activity", "Send an activity"]]) {
      for (const end of ["Escape", "Close"]) {
        await page.getByRole("button", { name: "More actions" }).click();
        await page.getByRole("button", { name: choice }).click();
        const dialog = page.getByRole("dialog", { name: title });
        await dialog.waitFor();
        if (end === "Escape") await page.keyboard.press("Escape");
        else await dialog.getByRole("button", { name: "Close" }).click();
        await focusIs("button More actions");
      }
    }
    const value = page.locator('article [data-f="partner"]').nth(2);
    await value.focus();
    const at = await focused();
    await page.keyboard.press("Shift+F10");
    const menu = page.getByRole("menu");
    await menu.waitFor();
    await focusIs(/^button Only these/, "the first choice");
    await page.keyboard.press("ArrowDown");
    await focusIs(/^button All but these/, "the second");
    await page.keyboard.press("ArrowDown");
    await focusIs(/^button Only these/, "the first again");
    await page.keyboard.press("End");
    await focusIs(/^button All but these/, "the last");
    await page.keyboard.press("Home");
    await focusIs(/^button Only these/, "the first");
    await page.keyboard.press("Escape");
    await menu.waitFor({ state: "detached" });
    await focusIs(at);
    await page.keyboard.press("Shift+F10");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await until(() => page.url(), (url) => url.includes("not.partner="), "the exclusion");
    await focusIs(/^(row|in row|list)/, "the list");
    await done();
  });

  test("what is said aloud: what came, what waits, what a filter gave, and the connection", async () => {
    await open({ clock: true });
    const spoken = (text) =>
      until(async () => {
        await page.clock.runFor(1_000);
        return page.locator("[data-spoken]").innerText();
      }, (said) => (text instanceof RegExp ? text.test(said) : said === text), String(text));
    await page.clock.runFor(11_000);
    await server.post(drafts(0, 12));
    await spoken("12 new activities");
    await page.getByRole("button", { name: "Pause" }).click();
    await server.post(drafts(0, 3));
    await page.getByText("Paused, 3 waiting").waitFor();
    await spoken("3 waiting");
    await server.post(drafts(0, 2));
    await page.getByText("Paused, 5 waiting").waitFor();
    for (let i = 0; i < 30; i++) {
      await page.clock.runFor(1_000);
      assert.match(await page.locator("[data-spoken]").innerText(), /^(3 waiting)?$/, "it is not repeated");
    }
    await page.getByRole("button", { name: "Resume" }).click();
    await page.locator('article [data-f="partner"]', { hasText: "Globex" }).first().click();
    const count = (await server.stored("event=expo-2026&partner=globex")).length;
    await spoken(`${count} activities shown`);
    await browser.context.setOffline(true);
    await page.evaluate(() => dispatchEvent(new Event("offline")));
    await server.down("SIGKILL");
    await spoken("Offline, trying again");
    await server.up();
    await browser.context.setOffline(false);
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await spoken("Live again");
    await done();
  });

  test("text marked elsewhere does not keep a row from opening; text marked in it does", async () => {
    await open();
    await page.evaluate(() => getSelection().selectAllChildren(document.querySelector(".crumbs")));
    assert.equal(await page.evaluate(() => getSelection().type), "Range");
    await page.locator("article .details").nth(1).click();
    await drawer().waitFor();
    await page.keyboard.press("Escape");
    await drawer().waitFor({ state: "detached" });
    const time = await page.locator("article time").nth(2).boundingBox();
    await page.mouse.move(time.x + 2, time.y + time.height / 2);
    await page.mouse.down();
    await page.mouse.move(time.x + time.width - 2, time.y + time.height / 2, { steps: 4 });
    await page.mouse.up();
    await two();
    assert.equal(await page.evaluate(() => getSelection().type), "Range");
    assert.equal(await drawer().count(), 0);
    await page.locator("article time").nth(4).click();
    await drawer().waitFor();
    await done();
  });

  test("a pointer on the list holds it while it is used, and no longer", async () => {
    await open({ clock: true });
    const place = await page.locator("article").nth(6).boundingBox();
    await page.mouse.move(place.x + 300, place.y + 4);
    await page.mouse.move(place.x + 310, place.y + 8);
    const before = await first();
    await server.post(drafts(0, 2));
    await until(() => wait().allInnerTexts(), ([text]) => text === "2 new", "what waits");
    await page.clock.runFor(50_000);
    // Any key is a sign of life, wherever it goes.
    await page.keyboard.press("Shift");
    await page.clock.runFor(40_000);
    await two();
    assert.equal(await first(), before, "a pointer that rests holds the list");
    await page.clock.runFor(30_000);
    await until(first, (seq) => seq > before, "the list that follows, with nobody there");
    // A movement holds again; leaving the window lets go.
    await page.mouse.move(place.x + 320, place.y + 8);
    await server.post(draft(1));
    await until(() => wait().allInnerTexts(), ([text]) => text === "1 new", "what waits");
    await page.evaluate(() => dispatchEvent(new Event("blur")));
    await until(() => wait().count(), (n) => n === 0, "the list that follows");
    await page.mouse.move(place.x + 330, place.y + 8);
    await server.post(draft(1));
    await until(() => wait().allInnerTexts(), ([text]) => text === "1 new", "what waits");
    await page.mouse.move(place.x + 330, 20);
    await until(() => wait().count(), (n) => n === 0, "the list that follows");
    await done();
  });

  test("what waits is told over the list: no row is covered, none is moved", async () => {
    for (const [width, height] of [[360, 640], [1280, 800]]) {
      await open({ width, height });
      await page.getByRole("feed").evaluate((node) => (node.scrollTop = 300));
      await page.locator(".jump").waitFor();
      const feed = await page.getByRole("feed").boundingBox();
      await server.post(draft(1));
      await wait().waitFor();
      const pill = await page.locator(".jump").boundingBox();
      assert.ok(pill.y + pill.height <= feed.y + 1, `${width}: ${JSON.stringify(pill)} over ${JSON.stringify(feed)}`);
      assert.deepEqual(await page.getByRole("feed").boundingBox(), feed);
      await done();
    }
  });

  test("the seal says what it vouches for at every width, in room of its own", async () => {
    await open();
    await server.post(drafts(0, 1_000));
    await until(() => page.locator("[data-seal]").getAttribute("title"), (text) => /([\d,]{5}) here, \1 stored/.test(text), "all of them");
    for (const width of [320, 360, 768, 1024, 1280, 1920, 3840]) {
      await page.setViewportSize({ width, height: 800 });
      const seal = page.locator("[data-seal]");
      // On a phone it is a shield, which opens its sentence.
      if (width < 720) await seal.focus();
      assert.match(await seal.innerText(), /^Nothing missing since \d\d:\d\d$/, `at ${width}`);
      const before = await seal.boundingBox();
      await server.post(drafts(0, 120));
      await sealed(page);
      const after = await seal.boundingBox();
      assert.deepEqual([after.x, after.width], [before.x, before.width], `nothing shifts at ${width}`);
      // The longest words there are have room too: of another year.
      const over = await seal.locator(".said").evaluate((node, text) => {
        const span = document.createElement("span");
        span.textContent = text;
        node.append(span);
        [...node.childNodes].filter((one) => one !== span).forEach((one) => one.nodeType === 1 ? (one.style.display = "none") : (one.data = ""));
        return node.scrollWidth - node.clientWidth;
      }, "Nothing missing since 21 Oct 2025 23:26");
      assert.ok(over <= 0, `the words are whole at ${width}: ${over}`);
      await page.reload();
      await page.locator('[data-state="live"]').waitFor();
      await sealed(page);
    }
    await done();
  });

  test("figures grow by a digit, and nothing shifts", async () => {
    await open();
    await sealed(page);
    const figures = () => page.locator(".chart .words, .over .order").allInnerTexts();
    const before = await figures();
    await page.evaluate(() => {
      window.moved = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved.push(...entry.sources.map((source) => source.node?.textContent?.slice(0, 60) ?? "?"));
      }).observe({ type: "layout-shift" });
    });
    for (let i = 0; i < 12; i++) {
      await server.post(drafts(0, 1_000));
      await until(figures, (now) => now[1] !== before[1] && now[0] !== before[0], "other figures");
    }
    await until(figures, ([, order]) => /\d,\d{3} shown, (\d[\d,]* older below|more below|none older)/.test(order), "figures of four digits");
    await two();
    assert.deepEqual(await page.evaluate(() => window.moved), []);
    await done();
  });

  test("at 400 % zoom the page scrolls as a whole, and the list has room", async () => {
    await open({ width: 320, height: 256 });
    const feed = await page.getByRole("feed").boundingBox();
    assert.ok(feed.height >= 200, JSON.stringify(feed));
    const { tall, wide } = await page.evaluate(() => ({ tall: document.documentElement.scrollHeight, wide: document.documentElement.scrollWidth - innerWidth }));
    assert.ok(tall > 256 + 100 && wide <= 0, `${tall} tall, ${wide} too wide`);
    await page.mouse.move(150, 30);
    await page.mouse.wheel(0, 200);
    await until(() => page.evaluate(() => scrollY), (y) => y > 100, "the page that scrolls");
    await done();
  });

  test("a long address is cut, shown whole when asked, and copied whole; a name from the right keeps its beginning", async () => {
    await server.post({ event: "expo-2026", partner: "noor", flavor: "page.viewed", source_url: LONG_URL, user_agent: draft(0).user_agent });
    for (const width of [1280, 360]) {
      await open({ width, height: 800 });
      const row = page.locator("article", { hasText: ARABIC }).first();
      const name = row.locator(".name");
      const { cut, direction } = await name.evaluate((node) => ({ cut: node.scrollWidth > node.clientWidth, direction: getComputedStyle(node).direction }));
      assert.equal(direction, "rtl");
      if (width === 360) assert.ok(cut, "it is too long for a phone");
      await row.locator(".details").click();
      await drawer().waitFor();
      const link = drawer().locator(".long").filter({ hasText: "abcdefghij" });
      assert.ok((await link.boundingBox()).height <= 90, "some four lines");
      await drawer().getByRole("button", { name: "Copy Source URL" }).click();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), LONG_URL);
      await drawer().getByRole("button", { name: "Show all", exact: true }).click();
      assert.ok((await link.boundingBox()).height > 300);
      const { over } = await drawer().evaluate((node) => ({ over: node.scrollWidth - node.clientWidth }));
      assert.ok(over <= 0, "nothing sticks out of it");
      await done();
    }
  });

  test("where what it is about is cut, the name before it is whole", async () => {
    await server.call("PUT", "/v1/events/expo-2026/messages/long", { subject: "A subject that is longer than any row has room for beside the name of a partner and what was done" });
    await server.post(["acme", "globex", "initech", "hooli"].map((partner, i) => ({ ...draft(i, { partner }), flavor: "message.opened", message: "long" })));
    await open({ path: activityPath("about=long") });
    for (const [width, details] of [[1280, true], [768, false], [360, false]]) {
      await page.setViewportSize({ width, height: 800 });
      if (details) await page.locator("article .details").first().click();
      await two();
      const cut = await page.locator("article:has(.about)").evaluateAll((all) =>
        all.map((row) => {
          const over = (node) => node.scrollWidth - node.clientWidth;
          const range = document.createRange();
          range.selectNodeContents(row.querySelector(".name"));
          const name = row.querySelector(".name");
          const room = name.getBoundingClientRect().width - parseFloat(getComputedStyle(name).paddingLeft) * 2;
          return { name: range.getBoundingClientRect().width - room, about: over(row.querySelector(".about")) };
        }),
      );
      await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
      assert.ok(cut.some((one) => one.about > 0), `something is cut at ${width}: ${JSON.stringify(cut)}`);
      // Some hundredths of a pixel already take letters away.
      for (const one of cut) assert.ok(one.name < 0.01, `at ${width}: ${JSON.stringify(one)}`);
      if (details) await page.keyboard.press("Escape");
    }
    await done();
  });

  test("a resting pointer is told the name first, its key after", async () => {
    await open();
    const value = page.locator('article [data-f="partner"]', { hasText: "Globex" }).first();
    await value.hover();
    assert.match(await value.getAttribute("title"), /^Globex\n/);
    const flavor = page.locator('article [data-f="flavor"]', { hasText: "Page viewed" }).first();
    await flavor.hover();
    assert.match(await flavor.getAttribute("title"), /^Page viewed \(page\.viewed\)\n/);
    await done();
  });

  test("a value shows only itself where several are chosen; Details says in words what is so", async () => {
    await open({ path: activityPath("partner=acme&partner=globex") });
    await page.locator('article [data-f="partner"]', { hasText: "Globex" }).first().click();
    await until(() => page.url(), (url) => /partner=globex/.test(url) && !/acme/.test(url), "only Globex");
    await server.post({ event: "expo-2026", partner: "globex", flavor: "page.viewed", occurred_at: new Date(Date.now() - 20 * 60_000).toISOString() });
    await page.mouse.move(10, 10);
    await page.locator("article", { hasText: "late" }).first().locator(".details").click();
    await drawer().locator(".line").first().waitFor();
    const lines = Object.fromEntries(await drawer().locator(".line").evaluateAll((all) => all.map((one) => [one.querySelector("dt").innerText, [...one.querySelectorAll(".text, small")].map((node) => node.innerText.trim()).join("; ")])));
    assert.deepEqual(Object.keys(lines).slice(0, 7), ["Device", "Platform", "Browser", "Source URL", "Referrer URL", "Event", "Partner"]);
    assert.equal(lines["Referrer URL"], "not given");
    assert.match(lines.Delay, /^Came 20 min.* late$/);
    assert.equal(lines["Person or program"], undefined, "nothing is said of grades until there are any");
    assert.equal(await drawer().getByRole("button", { name: "Only these: Partner Globex" }).getAttribute("aria-pressed"), "true");
    await drawer().getByRole("button", { name: "All but these: Flavor Page viewed" }).click();
    await until(() => page.url(), (url) => url.includes("not.flavor=page.viewed"), "the exclusion");
    await done();
  });

  test("what can be pressed is 32 px, and 44 for a finger", async () => {
    const small = (least) =>
      page.evaluate((least) => {
        const wide = [...document.querySelectorAll("button, a[href], summary, [role=switch]")].filter((node) => node.checkVisibility() && !node.closest(".skip, .chips, .pop, .bar > .search, .long") && !node.matches(".skip"));
        return wide.map((node) => [node.ariaLabel ?? node.textContent.trim(), Math.round(node.matches(".jump") ? least : node.getBoundingClientRect().height * 10) / 10]).filter(([, high]) => high < least - 0.6);
      }, least);
    await open();
    await page.locator("article .details").nth(1).click();
    await drawer().waitFor();
    assert.deepEqual(await small(32), []);
    await done();
    const finger = await Browser.start({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });
    page = await finger.open(server, activityPath());
    await page.locator('[data-state="live"]').waitFor();
    await until(() => rows(page), (all) => all.length > 3, "rows");
    const inRows = (await small(44)).filter(([, high]) => high < 31);
    assert.deepEqual(inRows, []);
    const details = await page.locator("article .details").first().boundingBox();
    assert.ok(details.height >= 44 && details.width >= 44);
    await page.locator("article .details").first().tap();
    await page.getByRole("dialog", { name: "Details" }).waitFor();
    const inSheet = await page.evaluate(() => [...document.querySelectorAll("dialog button, dialog summary")].filter((node) => node.checkVisibility()).map((node) => node.getBoundingClientRect().height).filter((high) => high < 43.5));
    assert.deepEqual(inSheet, []);
    await finger.end();
  });

  for (const media of [{ colorScheme: "light" }, { colorScheme: "dark" }, { forcedColors: "active" }]) {
    test(`axe finds nothing with ${JSON.stringify(media)}, and what is chosen shows without our colours`, async () => {
      const found = [];
      const check = async (what) => {
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
        found.push(...violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`));
      };
      for (const [width, height] of [[1280, 800], [800, 900], [360, 640], [320, 256]]) {
        const at = `${width}`;
        await open({ width, height, ...media });
        await check(at);
        await page.getByRole("feed").evaluate((node) => (node.scrollTop = 300));
        await page.locator(".jump").waitFor();
        await check(`${at} scrolled`);
        await page.locator('article [data-f="partner"]').nth(12).focus();
        await page.keyboard.press("Shift+F10");
        await page.getByRole("menu").waitFor();
        await check(`${at} menu`);
        await page.keyboard.press("Escape");
        await page.keyboard.press("?");
        await page.getByRole("dialog", { name: "Keys" }).waitFor();
        await check(`${at} keys`);
        await page.keyboard.press("Escape");
        await page.getByRole("dialog", { name: "Keys" }).waitFor({ state: "detached" });
        await page.keyboard.press("j");
        await focusIs(/^row /, "a row");
        await page.keyboard.press("Enter");
        await drawer().waitFor();
        await check(`${at} details`);
        if (media.forcedColors && width === 1280) {
          const style = (selector, what) => page.locator(selector).first().evaluate((node, what) => getComputedStyle(node)[what], what);
          assert.notEqual(await style(".row.selected", "outlineStyle"), "none");
          assert.notEqual(await style(".nav [aria-current]", "backgroundColor"), await style(".nav", "backgroundColor"));
          assert.notEqual(await style(".conn i", "borderTopWidth"), "0px");
        }
        await done();
      }
      assert.deepEqual(found, []);
    });
  }
});
