// Amending and erasing, by hand and by others: what is shown follows, and nothing of what is erased stays.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { activityPath, Browser, noFaults, rows, sameAsStored, sealed, until } from "./browser.mjs";
import { draft, drafts, Server } from "./server.mjs";

describe("Corrections", () => {
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
  const amend = (receipt, grade) => server.call("POST", `/v1/activities/${receipt.id}/amend`, { grade, grade_reasons: ["scanner"] });

  test("a view follows what others amend and erase, and stays what the store holds", async () => {
    await server.post(drafts(0, 30));
    const [one, two, three] = [await server.post(draft(1)), await server.post(draft(2)), await server.post(draft(3))];
    await open("not.grade=machine");
    await until(() => rows(page), (all) => all.some((row) => row.seq === three.seq), "the rows");
    await amend(one, "machine");
    await server.call("DELETE", `/v1/activities/${two.id}`);
    await until(() => rows(page), (all) => all.some((row) => row.seq === three.seq) && !all.some((row) => row.seq === one.seq || row.seq === two.seq), "two to leave");
    await amend(one, "human");
    await until(() => rows(page), (all) => all.some((row) => row.seq === one.seq), "one to come back");
    await amend(three, "human");
    await sealed(page);
    await sameAsStored(page, server, "not.grade=machine");
  });

  test("the grade is corrected and an activity erased from Details", async () => {
    await server.post(drafts(0, 5));
    const { id, seq } = await server.post(draft(6));
    await open();
    await page.locator(`article[data-seq="${seq}"] .details`).click();
    const drawer = page.getByRole("complementary", { name: "Details" });
    await drawer.getByRole("button", { name: "Correct the grade" }).click();
    await drawer.getByRole("button", { name: "By a program" }).click();
    await drawer.getByText("somebody corrected it by hand").waitFor();
    assert.equal((await server.call("GET", `/v1/activities/${id}`)).grade, "machine");
    await page.locator(`article[data-seq="${seq}"] .mark`).waitFor();
    await drawer.getByRole("button", { name: "Erase" }).click();
    await drawer.getByRole("button", { name: "Keep it as it is" }).click();
    await drawer.getByRole("button", { name: "Erase" }).click();
    await drawer.getByText("Nothing of it is left").waitFor();
    await drawer.getByRole("button", { name: "Erase" }).click();
    await until(() => rows(page), (all) => all.length === 5 && !all.some((row) => row.seq === seq), "it to vanish");
    assert.equal(await drawer.count(), 0, "Details are closed");
  });

  test("what somebody looks at is gone when another erases it", async () => {
    const { id, seq } = await server.post(draft(6));
    await open();
    await page.locator(`article[data-seq="${seq}"] .details`).click();
    await page.getByRole("complementary", { name: "Details" }).waitFor();
    await server.call("DELETE", `/v1/activities/${id}`);
    await page.getByText("the activity was erased").waitFor();
    assert.equal(await page.getByRole("complementary", { name: "Details" }).count(), 0);
  });

  test("what was sent by mistake is taken back, all that the filter holds", async () => {
    await server.post(drafts(0, 20));
    await server.post(Array.from({ length: 300 }, (_, n) => draft(n, { flavor: "replayed.twice" })));
    await open("flavor=replayed.twice");
    await until(() => rows(page), (all) => all.length > 0, "the rows");
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("button", { name: "Take back…" }).click();
    const dialog = page.getByRole("dialog", { name: "Take back…" });
    await dialog.getByText("300 activities match the filter.").waitFor();
    assert.match(await dialog.getByRole("link", { name: "A file of them" }).getAttribute("href"), /flavor=replayed\.twice.*format=ndjson/);
    await dialog.getByRole("button", { name: "Take back 300" }).click();
    await dialog.getByText("300 activities were taken back.").waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await until(() => rows(page), (all) => all.length === 0, "all of them to leave");
    assert.equal((await server.call("GET", "/v1/activities/counts")).total, 20);
    // Without a filter there is nothing to take back: a whole event is not sent by mistake.
    await page.goto(server.url + activityPath());
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("button", { name: "Copy rows" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Take back…" }).count(), 0);
  });
});
