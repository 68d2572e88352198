// Alerts: a channel and an alert are made, it rings and is acknowledged on the page and by the link of a notice, and resolves itself.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { Browser, until } from "./browser.mjs";
import { draft, Server } from "./server.mjs";

describe("alerts", () => {
  let server, browser, desk, receiver;
  const came = [];
  before(async () => {
    server = await Server.start({ TIDINGS_WEBHOOKS_ALLOW_LOOPBACK: "true" });
    await server.furnish();
    receiver = createServer((request, answer) => {
      let text = "";
      request.on("data", (part) => (text += part));
      request.on("end", () => (came.push(JSON.parse(text)), answer.end("ok")));
    });
    await new Promise((run) => receiver.listen(0, "127.0.0.1", run));
    browser = await Browser.start();
    desk = await browser.open(server, "/alerts");
  });
  after(async () => {
    await browser.end();
    await server.end();
    receiver.close();
  });
  const row = (name, state) => desk.getByRole("list", { name: "Alerts" }).locator(`[data-state="${state}"]`).filter({ hasText: name });
  const dialog = (name) => desk.getByRole("dialog", { name });

  test("a channel is made, and its secret is shown once", async () => {
    await desk.getByText("An alert tells you, wherever you are").waitFor();
    await desk.getByRole("button", { name: "New channel" }).click();
    const form = dialog("New channel");
    await form.getByLabel("Name").fill("Duty");
    await form.getByLabel("Kind").selectOption({ label: "Webhook" });
    await form.getByLabel("Address").fill("http://10.0.0.1/in");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByRole("alert").waitFor();
    await form.getByLabel("Address").fill(`http://127.0.0.1:${receiver.address().port}/in`);
    await form.getByRole("button", { name: "Save" }).click();
    assert.match(await form.getByLabel("It signs with this secret").inputValue(), /^whsec_/);
    await form.getByRole("button", { name: "Close" }).click();
    await desk.getByRole("list", { name: "Channels" }).getByText("not told anything yet").waitFor();
  });

  test("an alert is made, rings, is acknowledged, and resolves itself", async () => {
    await desk.getByRole("button", { name: "New alert" }).click();
    const form = dialog("New alert");
    await form.getByLabel("Name").fill("Opens stopped");
    await form.getByLabel(/^View/).selectOption({ label: "All opens" });
    await form.getByLabel("After", { exact: true }).fill("2");
    await form.getByLabel("Unit of: After").selectOption({ label: "seconds" });
    await form.getByRole("group", { name: "Tell", exact: true }).getByLabel("Duty").check();
    await form.getByLabel("What to do").fill("Call the mail provider.");
    await form.getByRole("button", { name: "Save" }).click();
    await row("Opens stopped", "firing").getByText("Nobody is on it").waitFor();
    await desk.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /One alert is firing/ }).waitFor();
    await desk.getByRole("button", { name: "I am on it: Opens stopped" }).click();
    await row("Opens stopped", "firing").getByText("is on it").waitFor();
    await until(() => came.length, (count) => count >= 2, "told that it fires, and that somebody is on it");
    assert.deepEqual([came[0].state, came[0].note], ["firing", "Call the mail provider."]);
    await server.post(draft(1, { flavor: "message.opened" }));
    await until(() => came.some(({ state }) => state === "ok"), Boolean, "told of its end");
    await desk.getByRole("button", { name: "History of Opens stopped" }).click();
    const history = dialog("History of Opens stopped");
    await history.getByText("told Duty").first().waitFor();
    await history.getByRole("img", { name: /The last 24 hours: it fired/ }).waitFor();
    await desk.keyboard.press("Escape");
  });

  test("a notice's link opens on a phone that is signed in nowhere, and the button says who is on it", async () => {
    const link = came.find(({ state }) => state === "firing").link;
    const phone = await browser.open(server, new URL(link).pathname, null);
    await phone.setViewportSize({ width: 360, height: 720 });
    await until(() => phone.getByRole("heading", { level: 1 }).textContent(), (text) => text === "Opens stopped", "its alert");
    assert.ok(!(await phone.content()).includes("Acme"), "no partner is named");
    // It may have resolved itself, and rings again.
    await until(
      async () => (await phone.reload(), phone.getByRole("button", { name: "I am on it" }).count()),
      (count) => count === 1,
      "it fires again",
    );
    await phone.getByLabel("Your name").fill("Grace");
    await phone.getByRole("button", { name: "I am on it" }).click();
    await phone.getByText(/^Grace, /).waitFor();
    await row("Opens stopped", "firing").getByText("Grace is on it").waitFor();
    assert.deepEqual(phone.faults, []);
  });

  test("all are mute for an hour, and are told again; one is tested, rests and is deleted", async () => {
    await desk.getByRole("button", { name: "Mute all for an hour" }).click();
    await desk.getByText(/^Mute until .*: for an hour, from this page/).first().waitFor();
    await desk.getByRole("button", { name: "Tell again" }).first().click();
    await desk.getByRole("button", { name: "Mute all for an hour" }).waitFor();
    await desk.getByRole("button", { name: "Edit Opens stopped" }).click();
    await dialog("Opens stopped").getByRole("button", { name: "Send a test" }).click();
    await dialog("Opens stopped").getByText("Duty: it arrived.").waitFor();
    await dialog("Opens stopped").getByRole("button", { name: "Let it rest" }).click();
    await row("Opens stopped", "resting").waitFor();
    await desk.getByRole("button", { name: "Edit Opens stopped" }).click();
    await dialog("Opens stopped").getByRole("button", { name: "Delete" }).click();
    await dialog("Opens stopped").getByRole("button", { name: "Delete" }).click();
    await desk.getByText("An alert tells you, wherever you are").waitFor();
    assert.deepEqual(desk.faults, []);
  });
});
