// What people enter is not for ever: it is changed, deleted, and brought back.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Browser, noFaults, until } from "./browser.mjs";
import { Server } from "./server.mjs";

const OF = "/v1/events/expo-2026";
const PAGE = "/events/expo-2026";
const THINGS = [
  { noun: "event", page: "/", path: OF, was: "Expo 2026", now: "Expo 2027", field: "Name", name: (item) => item.name },
  { noun: "partner", page: `${PAGE}/partners`, path: `${OF}/partners/acme`, was: "Acme Inc", now: "Acme Ltd", field: "Name", name: (item) => item.name },
  { noun: "campaign", page: `${PAGE}/campaigns`, path: `${OF}/campaigns/spring`, was: "Spring invites", now: "Summer invites", field: "Name", name: (item) => item.name },
  { noun: "message", page: `${PAGE}/messages`, path: `${OF}/messages/welcome`, was: "Welcome", now: "Welcome back", field: "Subject", name: (item) => item.subject },
];

describe("editing", () => {
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

  const get = (path) => server.call("GET", path);
  const status = async (path) => (await fetch(server.url + path, { headers: { authorization: `Bearer ${server.key}` } })).status;
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  const edit = (name) => page.getByRole("button", { name: `Edit ${name}`, exact: true }).click();
  const dialog = () => page.getByRole("dialog");
  const press = (name) => dialog().getByRole("button", { name, exact: true }).click();
  const undo = async (said) => {
    await page.getByText(`${said}.`).waitFor();
    // The way back is under the finger.
    await until(focused, (text) => text === "Undo", "the focus");
    await page.keyboard.press("Enter");
  };
  const row = (name) => page.getByRole("row", { name: new RegExp(name) });
  const recipients = async (message) => (await get(`${OF}/messages/${message}/recipients`)).items.map((one) => one.partner.key);

  test("each kind of thing gets another name, and its old one back", async () => {
    for (const { noun, page: path, path: rest, was, now, field, name } of THINGS) {
      page ??= await browser.open(server, path);
      await page.goto(server.url + path);
      const before = await get(rest);
      await edit(was);
      await dialog().getByRole("heading", { name: `Edit ${noun}` }).waitFor();
      await dialog().getByLabel(field, { exact: true }).fill(now);
      await page.keyboard.press("Enter");
      await row(now).waitFor();
      assert.equal(name(await get(rest)), now);
      await undo(`Changed ${was}`);
      await page.getByText(`${was} is as it was`).waitFor({ state: "attached" });
      await row(was).waitFor();
      assert.deepEqual(await get(rest), before);
    }
  });

  test("a partner is emptied of what it need not have, and comes back whole with whom it belonged to", async () => {
    page = await browser.open(server, `${PAGE}/partners`);
    const before = await get(`${OF}/partners/acme`);
    await edit("Acme Inc");
    await dialog().getByLabel("Email optional").fill("");
    await dialog().getByLabel("Tags optional").fill("gold, late");
    await press("Save");
    await page.getByText("Changed Acme Inc.").waitFor();
    assert.deepEqual(await get(`${OF}/partners/acme`), { ...before, email: null, tags: ["gold", "late"] });
    await edit("Acme Inc");
    await press("Delete");
    await row("Acme Inc").waitFor({ state: "detached" });
    assert.equal(await status(`${OF}/partners/acme`), 404);
    assert.deepEqual(await recipients("welcome"), ["globex"]);
    assert.equal((await get(OF)).partners, 4);
    await undo("Deleted Acme Inc");
    await row("Acme Inc").waitFor();
    assert.deepEqual(await recipients("welcome"), ["acme", "globex"]);
    // What was done before can still be taken back.
    await undo("Changed Acme Inc");
    await page.getByText("Acme Inc is as it was").waitFor({ state: "attached" });
    assert.deepEqual(await get(`${OF}/partners/acme`), before);
  });

  test("a message is deleted from its own screen, and comes back with its recipients", async () => {
    page = await browser.open(server, `${PAGE}/messages/welcome`);
    await edit("Welcome");
    await press("Delete");
    await page.getByRole("heading", { level: 1, name: "Messages" }).waitFor();
    assert.equal(await status(`${OF}/messages/welcome`), 404);
    await page.getByText("Deleted Welcome.").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await row("Welcome").getByText("2").waitFor();
    assert.deepEqual(await recipients("welcome"), ["acme", "globex"]);
  });

  test("an event that has partners is not deleted, and says why; one without is", async () => {
    await server.call("PUT", "/v1/events/empty", { name: "Empty" });
    page = await browser.open(server, "/");
    await edit("Expo 2026");
    await press("Delete");
    await dialog().getByRole("alert").getByText(/It was not deleted.*partner/).waitFor();
    assert.equal((await get(OF)).name, "Expo 2026");
    await press("Cancel");
    await edit("Empty");
    await press("Delete");
    await row("Empty").waitFor({ state: "detached" });
    assert.equal(await status("/v1/events/empty"), 404);
  });

  test("what somebody else changed meanwhile is said, and neither is lost unseen", async () => {
    page = await browser.open(server, `${PAGE}/partners`);
    await edit("Acme Inc");
    const company = dialog().getByLabel("Company optional");
    await company.fill("Acme Holding");
    // What was read when the form opened is old after this.
    await server.call("PUT", `${OF}/partners/acme`, { name: "Acme Inc", email: "desk@acme.example", company: "Acme Group", tags: ["gold"] });
    await press("Save");
    await dialog().getByText("Somebody has changed it meanwhile: Email “desk@acme.example”, Company “Acme Group”.").waitFor();
    assert.equal((await get(`${OF}/partners/acme`)).company, "Acme Group");
    await press("Take theirs");
    assert.equal(await company.inputValue(), "Acme Group");
    await company.fill("Acme Holding");
    await press("Save");
    await page.getByText("Changed Acme Inc.").waitFor();
    const { email, company: kept } = await get(`${OF}/partners/acme`);
    assert.deepEqual([email, kept], ["desk@acme.example", "Acme Holding"]);
  });

  test("who looks on sees it go and come back", async () => {
    page = await browser.open(server, `${PAGE}/partners`);
    await row("Hooli").waitFor();
    await server.call("PUT", `${OF}/partners/soylent`, { name: "Soylent", tags: [] });
    await row("Soylent").waitFor();
    await server.call("DELETE", `${OF}/partners/hooli`);
    await page.getByRole("row", { name: /Hooli/ }).waitFor({ state: "detached" });
    await server.call("PUT", `${OF}/partners/hooli`, { name: "Hooli again", tags: [] });
    await row("Hooli again").waitFor();
  });

  test("who may not change anything is offered nothing", async () => {
    page = await browser.open(server, `${PAGE}/partners`, await server.makeKey("read"));
    await row("Acme Inc").waitFor();
    assert.equal(await page.getByRole("button", { name: /^Edit/ }).count(), 0);
  });
});
