// Views: a filter is kept under a name, opened again by whoever sees it, changed, and deleted with a way back.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { activityPath, Browser, noFaults, rows } from "./browser.mjs";
import { drafts, Server } from "./server.mjs";

describe("views", () => {
  let server, browser, page;
  const list = () => page.getByRole("region", { name: "Views" });
  const view = (name) => list().getByRole("link", { name, exact: true });
  before(async () => {
    server = await Server.start();
    await server.furnish();
    await server.post(drafts(0, 60));
    browser = await Browser.start();
    page = await browser.open(server, activityPath("partner=acme"));
  });
  after(async () => {
    await browser.end();
    await server.end();
  });

  test("1: the standard set is there, and opening one sets its filter", async () => {
    await view("All opens").click();
    await page.waitForURL(/flavor=/);
    assert.match(page.url(), /flavor=message\.opened/);
    assert.equal(await view("All opens").getAttribute("aria-current"), "true");
    assert.equal(await list().getByRole("button", { name: "Save view" }).count(), 0, "it is kept already");
    await page.goBack();
    await page.waitForURL(/partner=acme/);
  });

  test("2: what is shown is saved under a name, for oneself or for this event", async () => {
    await list().getByRole("button", { name: "Save view" }).click();
    const dialog = page.getByRole("dialog", { name: "Save this view" });
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await dialog.getByText("Give it a name.").waitFor();
    await dialog.getByLabel("Name").fill("all OPENS");
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await dialog.getByText(/There is a view of this name already/).waitFor();
    await dialog.getByLabel("Name").fill("What Acme does");
    await dialog.getByRole("checkbox", { name: /Only in/ }).check();
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await view("What Acme does").waitFor();
    assert.equal(await view("What Acme does").getAttribute("aria-current"), "true");
    const kept = await server.call("GET", "/v1/views/what-acme-does");
    assert.deepEqual([kept.name, kept.filter, kept.private, kept.event === null], ["What Acme does", { partner: ["acme"] }, false, false]);
  });

  test("3: it takes over another filter, whole, and Undo takes that back", async () => {
    await page.goto(server.url + activityPath("not.browser=Chrome"));
    await view("What Acme does").waitFor();
    await page.getByRole("button", { name: "Edit or delete What Acme does" }).click();
    const dialog = page.getByRole("dialog", { name: "Edit view" });
    await dialog.getByLabel("Name").fill("Not by Chrome");
    await dialog.getByRole("checkbox", { name: /Take over/ }).check();
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await view("Not by Chrome").waitFor();
    assert.deepEqual((await server.call("GET", "/v1/views/what-acme-does")).filter, { not: { browser: ["chrome"] } });
    await list().getByRole("button", { name: "Undo", exact: true }).click();
    await view("What Acme does").waitFor();
    assert.deepEqual((await server.call("GET", "/v1/views/what-acme-does")).filter, { partner: ["acme"] });
  });

  test("4: what a colleague changes shows here, and what is deleted comes back", async () => {
    await server.call("PATCH", "/v1/views/what-acme-does", { name: "Acme, all of it" });
    await view("Acme, all of it").waitFor();
    await page.getByRole("button", { name: "Edit or delete Acme, all of it" }).click();
    await page.getByRole("dialog", { name: "Edit view" }).getByRole("button", { name: "Delete" }).click();
    await view("Acme, all of it").waitFor({ state: "detached" });
    await list().getByRole("button", { name: "Undo", exact: true }).click();
    await view("Acme, all of it").click();
    await page.waitForURL(/partner=acme/);
    assert.ok((await rows(page)).length > 0);
    noFaults(page);
  });
});
