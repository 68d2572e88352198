// Rows and email addresses, onto the clipboard.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { activityPath, Browser, sealed } from "./browser.mjs";
import { draft, Server } from "./server.mjs";

describe("copying", () => {
  let server, browser;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    for (const [key, email] of [["acme", "desk@acme.example"], ["globex", "hello@globex.example"]]) {
      await server.call("PUT", `/v1/events/expo-2026/partners/${key}`, { name: key, email });
    }
    await server.post([draft(1, { partner: "acme", flavor: "content.shared" }), draft(2, { partner: "acme", flavor: "content.shared" }), draft(3, { partner: "globex", flavor: "page.viewed" })]);
    browser = await Browser.start();
    await browser.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  });
  after(async () => {
    await browser.end();
    await server.end();
  });
  const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

  test("rows come as columns, and addresses of their partners once each", async () => {
    const page = await browser.open(server, activityPath("flavor=content.shared"));
    await sealed(page);
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("button", { name: "Copy rows" }).click();
    await page.getByText("2 rows are copied").waitFor();
    const rows = (await clipboard(page)).split("\n").map((line) => line.split("\t"));
    assert.equal(rows.length, 3, "and what stands above them");
    const at = rows[0].indexOf("partner");
    assert.deepEqual(rows.slice(1).map((row) => row[at]), ["acme", "acme"]);
    assert.ok(rows.every((row) => row.length === rows[0].length));
    await page.getByRole("button", { name: "Copy email addresses" }).click();
    await page.getByText("One address is copied").waitFor();
    assert.equal(await clipboard(page), "desk@acme.example");
    assert.deepEqual(page.faults, []);
  });
});
