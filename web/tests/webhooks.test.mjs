// Webhooks: one is made, its secret is shown once, it says how it goes, rests, and is deleted.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Browser, until } from "./browser.mjs";
import { draft, Server } from "./server.mjs";

describe("webhooks", () => {
  let server, browser, desk;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    browser = await Browser.start();
    desk = await browser.open(server, "/webhooks");
  });
  after(async () => {
    await browser.end();
    await server.end();
  });
  const row = (state) => desk.getByRole("list", { name: "Webhooks" }).locator(`[data-state="${state}"]`).filter({ hasText: "desk" });
  const dialog = (name) => desk.getByRole("dialog", { name });

  test("one is made, and its secret is shown once", async () => {
    await desk.getByText("A webhook sends every activity of a view").waitFor();
    await desk.getByRole("button", { name: "New webhook" }).click();
    const form = dialog("New webhook");
    await form.getByLabel("Key").fill("Desk");
    await form.getByLabel("Address").fill("http://10.0.0.1/in");
    await form.getByRole("button", { name: "Save" }).click();
    // What must not be sent to is told where it was typed.
    await form.getByRole("alert").waitFor();
    // Nobody is there under such a name, which is never given to anybody.
    await form.getByLabel("Address").fill("https://hooks.invalid/in");
    await form.getByLabel("View").selectOption({ label: "All opens" });
    await form.getByRole("button", { name: "Save" }).click();
    const secret = await form.getByLabel("It signs with this secret").inputValue();
    assert.match(secret, /^whsec_/);
    await form.getByRole("button", { name: "Close" }).click();
    await row("ok").getByText("nothing waits").waitFor();
    assert.ok(!(await desk.content()).includes(secret));
  });

  test("it says what waits and why, rests, and is deleted", async () => {
    await server.post(draft(1, { flavor: "message.opened" }));
    await row("failing").getByText("At most one activity waits").waitFor();
    await row("failing").getByRole("button", { name: "Try now" }).waitFor();
    await desk.getByRole("button", { name: "Edit desk" }).click();
    await dialog("desk").getByRole("button", { name: "Let it rest" }).click();
    await row("resting").waitFor();
    await desk.getByRole("button", { name: "Edit desk" }).click();
    await dialog("desk").getByRole("button", { name: "Delete" }).click();
    await dialog("desk").getByText("What has not been sent yet never will be").waitFor();
    await dialog("desk").getByRole("button", { name: "Delete" }).click();
    await desk.getByText("A webhook sends every activity of a view").waitFor();
    await until(async () => (await server.call("GET", "/v1/webhooks")).items.length, (count) => count === 0, "none");
    assert.deepEqual(desk.faults, []);
  });
});
