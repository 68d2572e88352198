// Sharing: a view is given to somebody without an account, who sees it live and nothing else, until it is revoked.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { activityPath, Browser, noFaults, rows, until } from "./browser.mjs";
import { drafts, Server } from "./server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate((runOnly) => window.axe.run(document, { runOnly }), RULES);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ").slice(0, 200)}`);
}

describe("sharing", () => {
  let server, browser, visitor, desk, guest, link;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    await server.post(drafts(0, 60));
    [browser, visitor] = [await Browser.start(), await Browser.start()];
    desk = await browser.open(server, activityPath());
  });
  after(async () => {
    await browser.end();
    await visitor.end();
    await server.end();
  });
  const dialog = () => desk.getByRole("dialog", { name: "Share this view" });
  const shownRows = () => guest.locator("tbody tr");

  test("1: a link is made for a view, and shown once", async () => {
    const views = desk.getByRole("region", { name: "Views" });
    await views.getByRole("link", { name: "All opens", exact: true }).hover();
    await views.getByRole("button", { name: "Share All opens" }).click();
    await dialog().getByLabel("For whom").fill("The board");
    await dialog().getByLabel("Left out").selectOption({ label: "Names of partners too" });
    assert.deepEqual(await axe(desk), []);
    await dialog().getByRole("button", { name: "Make a link" }).click();
    link = await dialog().getByRole("status").getByLabel("The link").inputValue();
    assert.match(link, /\/s#td_share_/);
    await dialog().getByText("The board").waitFor();
  });

  test("2: whoever has it sees the view live, and no name", async () => {
    guest = await visitor.open(server, link.slice(server.url.length), null);
    await guest.locator('[data-state="open"]').waitFor();
    await guest.locator('[data-seal="complete"]').waitFor();
    assert.equal(new URL(guest.url()).hash, "", "the secret is out of the address");
    const stored = (await server.stored("view=all-opens")).length;
    await until(() => shownRows().count(), (count) => count === stored, "all of them");
    await guest.getByText(`${stored} activities`).waitFor();
    await server.post(drafts(60, 6, { flavor: "message.opened" }));
    await until(() => shownRows().count(), (count) => count === stored + 6, "what came");
    const page = await guest.content();
    for (const name of ["Acme", "Globex", "Hooli"]) assert.ok(!page.includes(name), name);
    assert.equal(await guest.title(), "All opens");
    for (const [width, height] of [[1280, 800], [360, 740]]) {
      await guest.setViewportSize({ width, height });
      assert.ok(await guest.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}`);
      for (const colorScheme of ["light", "dark"]) {
        await guest.emulateMedia({ colorScheme });
        assert.deepEqual(await axe(guest), [], `${width} ${colorScheme}`);
      }
    }
    // Another part of the server sends it back to what it may see.
    await guest.goto(`${server.url}${activityPath()}`);
    await guest.waitForURL(/\/s$/);
    await guest.locator('[data-state="open"]').waitFor();
  });

  test("3: revoked, it shows nothing any more", async () => {
    await dialog().getByRole("button", { name: "Revoke The board" }).click();
    await guest.getByRole("heading", { name: "This link has ended" }).waitFor();
    assert.equal(await shownRows().count(), 0);
    await guest.reload();
    await guest.getByRole("heading", { name: "There is nothing to show here" }).waitFor();
    await guest.goto(link);
    await guest.reload();
    await guest.getByRole("heading", { name: "This link has ended" }).waitFor();
    noFaults(guest);
  });

  test("4: who is signed in is asked before a link signs them out", async () => {
    await desk.keyboard.press("Escape");
    const made = await server.call("POST", "/v1/shares", { view: "all-opens" });
    await desk.goto(made.url);
    await desk.getByRole("heading", { name: "You are signed in" }).waitFor();
    await desk.getByRole("button", { name: "Stay signed in" }).click();
    await desk.getByRole("link", { name: "Expo 2026" }).first().waitFor();
    noFaults(desk);
  });

  test("5: what is filtered is saved as a workbook", async () => {
    await desk.goto(`${server.url}${activityPath("partner=acme")}`);
    await until(() => rows(desk), (all) => all.length > 3, "rows");
    await desk.getByRole("button", { name: "More actions" }).click();
    const [file] = await Promise.all([desk.waitForEvent("download"), desk.getByRole("link", { name: "Save as .xlsx" }).click()]);
    assert.match(file.suggestedFilename(), /^tidings-activities-\d{4}-\d\d-\d\d\.xlsx$/);
    assert.ok(await file.path());
  });
});
