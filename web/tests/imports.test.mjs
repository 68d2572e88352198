// A partner list from a file: chosen, laid out, looked at, imported, and taken back.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Browser, noFaults, until } from "./browser.mjs";
import { Server } from "./server.mjs";

const file = (name, text) => ({ name, mimeType: "", buffer: Buffer.from(text) });

describe("importing a partner list", () => {
  let server, browser, page;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    browser = await Browser.start();
    page = await browser.open(server, "/events/expo-2026/partners");
    await page.getByRole("link", { name: "Acme Inc" }).waitFor();
  });
  after(async () => {
    await browser.end();
    await server.end();
  });
  const dialog = () => page.getByRole("dialog", { name: "Import Partner List" });
  const open = async () => {
    await page.getByRole("button", { name: "More for partners" }).click();
    await page.getByRole("button", { name: "Import Partner List" }).click();
    await dialog().waitFor();
  };
  const partners = async () => (await server.call("GET", "/v1/events/expo-2026/partners")).items;

  test("a spreadsheet in German is laid out, looked at and imported", async () => {
    await open();
    const latin = Buffer.from("Stand;Aussteller;E-Mail;Notiz\r\nA1;Acme GmbH;hello@acme.example;gut\r\nB2;M\xfcller;m@mueller.example;\r\nC3;Falsch;keine Adresse;\r\n", "latin1");
    await dialog().getByLabel("Choose a file").setInputFiles({ name: "aussteller.csv", mimeType: "", buffer: latin });
    await dialog().getByText("windows-1252").waitFor();
    const becomes = (title) => dialog().getByLabel(`${title} becomes`, { exact: true });
    assert.equal(await becomes("Aussteller").inputValue(), "name");
    assert.equal(await becomes("Stand").inputValue(), "");
    await becomes("Stand").selectOption("Tags");
    await dialog().getByRole("button", { name: "Next: what it does" }).click();
    const count = (what) => dialog().locator(`[data-kind="${what}"] dd b`);
    await until(() => count("new").innerText(), (text) => text === "1", "the new one");
    assert.deepEqual([await count("changed").innerText(), await count("faulty").innerText()], ["1", "1"]);
    await dialog().getByText("Line 4, E-Mail").waitFor();
    await dialog().getByText("name: Acme GmbH").or(dialog().getByText("Name: Acme GmbH")).first().waitFor({ state: "attached" });
    await dialog().getByRole("button", { name: "Import without the 1 line that cannot be used" }).click();
    await page.getByText("1 added, 1 changed.").first().waitFor();
    await page.getByRole("link", { name: "Müller" }).waitFor();
    const acme = (await partners()).find(({ key }) => key === "acme");
    assert.deepEqual([acme.name, acme.tags.includes("A1"), acme.tags.includes("gold")], ["Acme GmbH", true, true]);
  });

  test("what cannot be read says so, and another file is chosen", async () => {
    await open();
    await dialog().getByLabel("Choose a file").setInputFiles(file("list.csv", 'Name\n"Acme\n'));
    await dialog().getByRole("alert").filter({ hasText: "never closed" }).waitFor();
    await dialog().getByRole("button", { name: "Another file" }).click();
    await dialog().getByLabel("Choose a file").setInputFiles(file("list.csv", "Name\nMüller\n"));
    await dialog().getByRole("button", { name: "Next: what it does" }).click();
    await dialog().getByText("Nothing in it differs from what is there.").waitFor();
    await dialog().getByRole("button", { name: "Another file" }).click();
  });

  test("the import is taken back, but for who has acted", async () => {
    await server.post({ event: "expo-2026", partner: "muller", flavor: "page.viewed" });
    await dialog().getByText("Earlier imports").click();
    await dialog().getByRole("button", { name: /^Take back the import/ }).click();
    await dialog().getByText("0 partners go, 1 is as before, 1 stays").waitFor();
    await dialog().getByRole("button", { name: "Take it back" }).click();
    await page.getByText("It is taken back.").first().waitFor();
    await until(partners, (all) => all.some(({ name }) => name === "Acme Inc") && all.some(({ name }) => name === "Müller"), "as before");
    await page.getByRole("link", { name: "Acme Inc" }).waitFor();
    noFaults(page);
  });
});
