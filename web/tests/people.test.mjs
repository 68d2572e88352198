// People: one is invited, comes by the link, sees what they were given, guards the account, and is gone while the page is open.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { activityPath, Browser, noFaults } from "./browser.mjs";
import { draft, Server } from "./server.mjs";

const PASSWORD = "horse quiet lamp twelve";
const EMAIL = "ada@engines.example";

/** The code of RFC 6238 for a secret in base32. */
function codeOf(secret, steps = 0) {
  const bits = [...secret].map((sign) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(sign).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac("sha1", key).update(counter).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

describe("people", () => {
  let server, browser, desk, link, hers;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    await server.call("PUT", "/v1/events/summit", { name: "Summit" });
    await server.post([draft(1), draft(2, { event: "summit", partner: "stark" })]);
    browser = await Browser.start();
    desk = await browser.open(server, "/members");
  });
  after(async () => {
    await browser.end();
    await server.end();
  });
  const dialog = (name) => desk.getByRole("dialog", { name });
  const row = (text) => desk.getByRole("list", { name: "Members" }).getByRole("listitem").filter({ hasText: text });

  test("somebody is invited to one event, and the link is shown once", async () => {
    await desk.getByText("Nobody is a member yet").waitFor();
    await desk.getByRole("button", { name: "Invite somebody" }).click();
    const form = dialog("Invite somebody");
    await form.getByLabel("Email").fill(EMAIL);
    await form.getByRole("radio", { name: "Viewer" }).check();
    await form.getByRole("radio", { name: "Only these" }).check();
    await form.getByRole("button", { name: "Invite", exact: true }).click();
    await form.getByText("Choose one event at least.").waitFor();
    await form.getByRole("checkbox", { name: "Expo 2026" }).check();
    await form.getByRole("button", { name: "Invite", exact: true }).click();
    link = await form.getByLabel(`This link makes ${EMAIL} a member`).inputValue();
    assert.match(link, /\/signin\?link=td_invitation_/);
    await form.getByRole("button", { name: "Done" }).click();
    await row(EMAIL).getByText("Invited").waitFor();
    assert.ok(!(await desk.content()).includes("td_invitation_"));
  });

  test("the link asks for a password, and opens what was given", async () => {
    hers = await Browser.start();
    const page = await hers.open(server, link.slice(server.url.length), null);
    await page.getByRole("heading", { name: "You are invited to Default" }).waitFor();
    await page.getByLabel("Your name").fill("Ada");
    await page.getByLabel("Choose a password").fill("short");
    await page.getByRole("button", { name: "Join" }).click();
    await page.getByRole("alert").filter({ hasText: "12 or more" }).waitFor();
    await page.getByLabel("Choose a password").fill(PASSWORD);
    await page.getByRole("button", { name: "Join" }).click();
    await page.getByRole("link", { name: "Expo 2026" }).first().waitFor();
    assert.equal(await page.getByText("Summit").count(), 0);
    const nav = page.getByRole("navigation", { name: "Main" });
    await nav.getByRole("link", { name: "Your account" }).waitFor();
    for (const name of ["Members", "Webhooks", "Screens", "System"]) assert.equal(await nav.getByRole("link", { name, exact: true }).count(), 0, name);
    await page.goto(server.url + activityPath());
    await page.locator('[data-state="live"]').waitFor();
    await page.close();
    await desk.reload();
    await row("Ada").getByText("Member", { exact: true }).waitFor();
  });

  test("the account is guarded by a second factor", async () => {
    const page = await hers.open(server, "/account", null);
    await page.getByText(`Signed in as ${EMAIL}, Viewer of Default.`).waitFor();
    const second = page.getByRole("region", { name: "Second factor" });
    await second.getByLabel("Password").fill("horse");
    await second.getByRole("button", { name: "Turn it on" }).click();
    await second.getByText("That is not your password.").waitFor();
    await second.getByLabel("Password").fill(PASSWORD);
    await second.getByRole("button", { name: "Turn it on" }).click();
    await second.getByRole("img", { name: /Scan this/ }).waitFor();
    const secret = await second.getByLabel("Secret", { exact: true }).inputValue();
    await second.getByLabel("Code of the app").fill(codeOf(secret));
    await second.getByRole("button", { name: "Confirm" }).click();
    await second.getByRole("listitem").nth(9).waitFor();
    await second.getByRole("button", { name: "I have kept them" }).click();
    await second.getByText("A code of your app is asked for").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Email").fill(EMAIL);
    await page.getByLabel("Password").fill(`${PASSWORD}s`);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("That did not work.").waitFor();
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    // The one of before was used already.
    await page.getByLabel("Code of your app").fill(codeOf(secret, 1));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Your account" }).waitFor();
    await page.getByRole("region", { name: "Sessions" }).getByText("this one").waitFor();
    noFaults(page);
    await page.close();
  });

  test("what she may do now she sees at once, and removed she is out while the page is open", async () => {
    const page = await hers.open(server, activityPath(), null);
    await page.locator('[data-state="live"]').waitFor();
    await row("Ada").getByRole("button", { name: "Edit Ada" }).click();
    await dialog("Ada").getByRole("radio", { name: "Editor" }).check();
    await dialog("Ada").getByRole("button", { name: "Save" }).click();
    await row("Ada").getByText("Editor").waitFor();
    await server.post(draft(3));
    await page.locator('[data-state="live"]').waitFor();
    await row("Ada").getByRole("button", { name: "Edit Ada" }).click();
    await dialog("Ada").getByRole("button", { name: "Remove" }).click();
    await dialog("Ada").getByText("What they have open is closed at once").waitFor();
    await dialog("Ada").getByRole("button", { name: "Remove" }).click();
    await page.getByText(/You were signed out/).waitFor();
    await desk.getByText("Nobody is a member yet").waitFor();
    assert.deepEqual(desk.faults, []);
    await hers.end();
    await desk.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Audit" }).click();
    await desk.getByRole("row").filter({ hasText: `member ${EMAIL} removed` }).waitFor();
    await desk.getByRole("row").filter({ hasText: `member ${EMAIL} changed: role` }).waitFor();
  });
});
