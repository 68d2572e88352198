// The page in German: no word of English on it, the language of the browser first and then the one that was chosen, which
// changes the page as it stands while rows go on coming.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";
import { activityPath, Browser, noFaults, rows, until } from "./browser.mjs";
import { draft, drafts, Server } from "./server.mjs";

const folder = new URL("../src/words/", import.meta.url);
/** Every message of a language by its name, those of tables too. */
async function catalogue(code) {
  const all = new Map();
  for (const file of readdirSync(new URL(code, folder))) {
    const { default: sheet } = (await runnerImport(fileURLToPath(new URL(`${code}/${file}`, folder)), { configFile: false })).module;
    const put = (name, text) => (typeof text === "string" ? all.set(name, text) : Object.entries(text).forEach(([key, one]) => put(`${name}.${key}`, one)));
    put(file, sheet);
  }
  return all;
}
/** What a person is shown or told: text, and the attributes that are read. */
const said = (page) =>
  page.evaluate(() => {
    const out = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE && !node.parentElement.closest("script, style, pre, code, option, [lang]:not(html)")) out.push(node.data);
      if (node.nodeType === Node.ELEMENT_NODE) for (const name of ["title", "aria-label", "placeholder", "aria-roledescription"]) if (node.hasAttribute(name)) out.push(node.getAttribute(name));
    }
    return out.map((text) => text.trim()).filter(Boolean);
  });

describe("in German", () => {
  let server, browser, english;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    await server.post([...drafts(0, 40), draft(40, { flavor: "registration.completed" }), draft(41, { device: "bot", user_agent: undefined }), draft(42, { occurred_at: new Date(Date.now() - 20 * 60_000).toISOString() })]);
    browser = await Browser.start({ locale: "de-DE" });
    const [en, de] = await Promise.all([catalogue("en"), catalogue("de")]);
    // What is the same in both is no English; what is a name, a sign or mostly holes says nothing.
    const german = new Set(de.values());
    const names = new Set(["Acme Inc", "Welcome", "Expo 2026", "Spring invites"]);
    english = [...en].filter(([name, text]) => !german.has(text) && !names.has(text) && !name.startsWith("flavors")).map(([, text]) => text);
    english.push(...[...en].filter(([name]) => name.startsWith("flavors")).map(([, text]) => text));
  });
  after(async () => {
    await browser.end();
    await server.end();
  });

  /** The pieces of a message between its holes, as they would stand on a screen. */
  const pieces = (message) =>
    message
      .replace(/<\/?\w+>/g, "")
      .split(/\{\w+(?:\|[^}]*)?\}/)
      .map((piece) => piece.trim())
      .filter((piece) => /\p{L}{3,}/u.test(piece));
  async function noEnglish(page) {
    const texts = await said(page);
    const whole = new Set(english.filter((message) => !message.includes("{")));
    const parts = english.filter((message) => message.includes("{")).flatMap(pieces).filter((piece) => piece.includes(" "));
    const found = texts.filter((text) => whole.has(text) || whole.has(text.replace(/[:.]$/, "")) || parts.some((piece) => text.includes(piece)));
    assert.deepEqual([...new Set(found)], []);
  }
  const live = (page) => page.locator('[data-state="live"]').waitFor();
  const choose = (page, name) => page.getByLabel(/^(Sprache|Language)$/).selectOption({ label: name });

  test("Partner Activity, its pickers, its keys and Details", async () => {
    const page = await browser.open(server, activityPath());
    await live(page);
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
    assert.match(await page.title(), /^Partneraktivität, Expo 2026/);
    await page.getByText(/^Lückenlos seit \d\d:\d\d$/).waitFor();
    await page.getByText(/^43 in den letzten 3 Stunden, /).waitFor();
    await page.locator("article", { hasText: "Anmeldung abgeschlossen" }).getByText("über Einladung von").waitFor();
    await page.locator("article", { hasText: "verspätet" }).first().waitFor();
    await noEnglish(page);
    for (const key of ["1", "2", "3", "4"]) {
      await page.locator("body").press(key);
      await page.locator(".panel .values").waitFor();
      await noEnglish(page);
      await page.keyboard.press("Escape");
    }
    await page.locator("body").press("?");
    await page.getByRole("heading", { name: "Tasten" }).waitFor();
    await noEnglish(page);
    await page.keyboard.press("Escape");
    await page.locator("article .details").first().click();
    const drawer = page.getByRole("complementary", { name: "Details" });
    assert.deepEqual((await drawer.locator("dt").allInnerTexts()).slice(0, 7), ["Gerät", "Plattform", "Browser", "Seite (URL)", "Seite davor (URL)", "Event", "Partner"]);
    await noEnglish(page);
    noFaults(page);
    await page.close();
  });

  test("a filter in words, what is not understood, and nothing that matches", async () => {
    const page = await browser.open(server, activityPath("message=welcome&not.browser=Chrome&colour=red"));
    await page.getByText("Wer „Welcome“ bekam", { exact: true }).waitFor();
    await page.getByText("nicht Chrome", { exact: true }).waitFor();
    await page.getByText(/Nicht angewandt\. Ein solches Feld gibt es nicht\./).waitFor();
    await noEnglish(page);
    await page.goto(server.url + activityPath("partner=quiet"));
    await page.getByRole("heading", { name: "Noch passt nichts" }).waitFor();
    await noEnglish(page);
    noFaults(page);
    await page.close();
  });

  test("partners, with a form and what is wrong in it, and the other lists", async () => {
    const page = await browser.open(server, "/events/expo-2026/partners");
    await page.getByRole("cell", { name: "Acme Inc" }).first().waitFor();
    await noEnglish(page);
    await page.getByRole("button", { name: "Partner hinzufügen" }).click();
    await page.getByLabel("E-Mail").fill("niemand");
    await page.getByRole("button", { name: "Hinzufügen", exact: true }).click();
    await page.getByText(/Der Name fehlt\. Geben Sie ein/).waitFor();
    await page.getByText(/Die E-Mail „niemand“ ist keine Adresse/).waitFor();
    await noEnglish(page);
    await page.getByRole("button", { name: "Eine Liste" }).click();
    await page.getByLabel("Ein Partner pro Zeile").fill("Vandelay, desk@vandelay.example\nVandelay, x");
    await page.getByText(/^1 Zeile ist nicht verwendbar/).waitFor();
    await page.getByRole("button", { name: "1 hinzufügen, 1 auslassen" }).waitFor();
    await noEnglish(page);
    for (const path of ["/", "/events/expo-2026/campaigns", "/events/expo-2026/messages", "/events/expo-2026/messages/welcome", "/events/expo-2026/nothing", "/events/nothing"]) {
      await page.goto(server.url + path);
      await page.locator("main h1").waitFor();
      await page.locator("main").getByRole("link").first().waitFor();
      await noEnglish(page);
    }
    for (const path of ["/members", "/audit", "/webhooks"]) {
      await page.goto(server.url + path);
      await page.locator("main h1").waitFor();
      await page.waitForLoadState("networkidle");
      await noEnglish(page);
    }
    noFaults(page);
    await page.close();
  });

  test("the overview, and a language that is chosen while rows come and kept for the next time", async () => {
    const page = await browser.open(server, "/events/expo-2026");
    await page.getByRole("heading", { name: "Was Partner taten" }).waitFor();
    await page.getByText(/^43 Aktivitäten insgesamt/).waitFor();
    await noEnglish(page);
    await page.goto(server.url + activityPath());
    await live(page);
    const before = (await rows(page))[0].seq;
    let sending = true;
    const sent = (async () => {
      for (let i = 100; sending; i++) await server.post(draft(i, { flavor: "message.opened", message: "welcome" }));
    })();
    await choose(page, "English");
    await page.getByRole("button", { name: "Flavors" }).waitFor();
    await page.locator("article", { hasText: "Opened the message" }).first().waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
    await choose(page, "Deutsch");
    await page.getByRole("button", { name: "Arten" }).waitFor();
    await page.locator("article", { hasText: "Nachricht geöffnet" }).first().waitFor();
    sending = false;
    await sent;
    await until(() => rows(page), (all) => all[0].seq > before, "newer rows");
    await page.mouse.move(0, 0);
    await noEnglish(page);
    await choose(page, "English");
    await page.getByRole("button", { name: "Flavors" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Flavors" }).waitFor();
    await page.evaluate(() => localStorage.removeItem("language"));
    noFaults(page);
    await page.close();
  });
});
