// The rooms around Partner Activity: making things, many at once, and addresses that lead nowhere.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { activityPath, Browser, noFaults, until } from "./browser.mjs";
import { Server } from "./server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe("the rooms", () => {
  let server, browser;
  before(async () => {
    server = await Server.start();
    await server.furnish();
    browser = await Browser.start();
  });
  after(async () => {
    await browser.end();
    await server.end();
  });

  const get = (path) => server.call("GET", path);
  const partnersPath = "/events/expo-2026/partners";
  const dialog = (page) => page.getByRole("dialog").last();
  const developers = (page) => dialog(page).getByText("For developers").click();
  /** What the element with the focus is called, by its name or text. */
  const focused = (page) => page.evaluate(() => document.activeElement.getAttribute("name") ?? document.activeElement.textContent.trim());
  const described = (field) => field.evaluate((node) => (node.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" "));

  test("what is there is not written over: the form says what has the key, and opens it", async () => {
    const page = await browser.open(server, "/");
    for (const [path, button, field, noun, name, there, typed] of [
      ["/", "Create event", "Name", "event", "EXPO 2026", "Expo 2026"],
      [partnersPath, "Add Partners", "Name", "partner", "Globex", "Globex"],
      ["/events/expo-2026/messages", "Record message", "Subject", "message", "Welcome", "Welcome"],
      ["/events/expo-2026/campaigns", "Create campaign", "Name", "campaign", "Something else", "Spring invites", "SPRING"],
    ]) {
      await page.goto(server.url + path);
      await page.getByRole("button", { name: button }).first().click();
      await page.getByLabel(field, { exact: true }).fill(name);
      if (typed) {
        await developers(page);
        await page.getByLabel("Key", { exact: true }).fill(typed);
      }
      await dialog(page).getByText(`Taken by ${there}.`).waitFor();
      await page.keyboard.press("Enter");
      const key = page.getByLabel("Key", { exact: true });
      await until(() => key.getAttribute("aria-invalid"), (invalid) => invalid === "true", `the fault of the ${noun}`);
      assert.match(await described(key), new RegExp(`is taken by the ${noun} “${there}”`));
      assert.equal(await focused(page), "key");
      await dialog(page).getByRole("button", { name: `Open ${there}` }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      if (noun === "event" || noun === "message") await page.getByRole("heading", { level: 1, name: there }).waitFor();
      else await until(() => focused(page), (text) => text === there, "the focus on its row");
    }
    assert.equal((await get("/v1/events/expo-2026")).name, "Expo 2026");
    assert.equal((await get("/v1/events/expo-2026/partners/globex")).email, "hello@globex.example");
    noFaults(page);
    await page.close();
  });

  test("what came after the list was read is not written over either", async () => {
    const page = await browser.open(server, partnersPath);
    await page.getByRole("button", { name: "Add Partners" }).click();
    await server.post({ event: "expo-2026", partner: "Late-Comer", flavor: "page.viewed" });
    await page.getByLabel("Name", { exact: true }).fill("late comer");
    await page.keyboard.press("Enter");
    await page.getByText(/The key late-comer is taken by the partner/).waitFor();
    assert.equal((await get("/v1/events/expo-2026/partners/late-comer")).name, "Late-Comer");
    await page.getByLabel("Key", { exact: true }).fill("late-comer-2");
    await page.keyboard.press("Enter");
    await page.getByRole("cell", { name: "late comer", exact: true }).waitFor();
    assert.equal((await get("/v1/events/expo-2026/partners/late-comer-2")).name, "late comer");
    noFaults(page);
    await page.close();
  });

  test("faults stand beside their fields, and the first gets the focus", async () => {
    const page = await browser.open(server, partnersPath);
    await page.getByRole("button", { name: "Add Partners" }).click();
    const [name, email] = [page.getByLabel("Name", { exact: true }), page.getByLabel("Email")];
    await email.fill("nobody");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await until(() => focused(page), (text) => text === "name", "the focus");
    assert.match(await described(name), /The name is missing\. Type what people call the partner/);
    assert.match(await described(email), /“nobody” is no address\. Write it like/);
    await name.fill("Vandelay");
    assert.equal(await name.getAttribute("aria-invalid"), null);
    await page.keyboard.press("Enter");
    await until(() => focused(page), (text) => text === "email", "the focus");
    await email.fill("desk@vandelay.example");
    await developers(page);
    await page.getByLabel("Key", { exact: true }).fill("a b");
    await page.keyboard.press("Enter");
    await until(() => focused(page), (text) => text === "key", "the focus");
    await page.getByLabel("Key", { exact: true }).fill("");
    await page.keyboard.press("Enter");
    await until(() => focused(page), (text) => text === "Vandelay", "the focus on the new row");
    assert.equal(await page.locator("tr.made").getAttribute("data-key"), "vandelay");
    noFaults(page);
    await page.close();
  });

  const paste = async (page, text) => {
    await page.getByRole("button", { name: "Add Partners" }).first().click();
    await page.getByRole("button", { name: "A list" }).click();
    await page.getByLabel("One partner a line").fill(text);
  };

  test("what was typed is not dropped by Escape, the cross or a press beside it", async () => {
    const page = await browser.open(server, partnersPath);
    const add = page.getByRole("button", { name: "Add Partners" }).first();
    const gone = () => page.getByRole("dialog").waitFor({ state: "detached" });
    // With nothing typed there is nothing to ask about.
    await add.click();
    await dialog(page).waitFor();
    await page.keyboard.press("Escape");
    await gone();
    await add.click();
    const name = page.getByLabel("Name", { exact: true });
    const ask = dialog(page).getByText("What you typed is not saved yet.");
    await name.fill("Initech");
    for (const leave of [
      () => page.keyboard.press("Escape"),
      () => dialog(page).getByRole("button", { name: "Close" }).click(),
      () => page.mouse.click(4, 4),
    ]) {
      await leave();
      await ask.waitFor();
      await until(() => focused(page), (text) => text === "Keep editing", "the focus on the way back");
      await page.keyboard.press("Enter");
      await ask.waitFor({ state: "detached" });
      assert.equal(await name.inputValue(), "Initech");
    }
    // Escape answers the question with no, and gives the focus back.
    await name.focus();
    await page.keyboard.press("Escape");
    await ask.waitFor();
    await page.keyboard.press("Escape");
    await ask.waitFor({ state: "detached" });
    await until(() => focused(page), (text) => text === "name", "the focus in the form");
    await page.keyboard.press("Escape");
    await dialog(page).getByRole("button", { name: "Discard" }).click();
    await gone();
    await add.click();
    assert.equal(await name.inputValue(), "");
    noFaults(page);
    await page.close();
  });

  test("recording a message says that nothing is sent, and asks for no key", async () => {
    const page = await browser.open(server, "/events/expo-2026/messages");
    assert.equal(await page.getByRole("button", { name: /send|create/i }).count(), 0);
    await page.getByRole("button", { name: "Record message" }).click();
    const first = await dialog(page).locator("p").first().innerText();
    assert.equal(first, "Tidings sends no mail. Note here what you send with your mailing tool, so that you can follow what partners do with it.");
    assert.equal(await page.getByLabel("Key", { exact: true }).isVisible(), false);
    await page.getByLabel("Subject").fill("Hall plan");
    await page.getByRole("button", { name: "All", exact: true }).click();
    await dialog(page).getByRole("button", { name: "Record message" }).click();
    await page.getByRole("heading", { level: 1, name: "Hall plan" }).waitFor();
    assert.equal((await get("/v1/events/expo-2026/messages/hall-plan")).subject, "Hall plan");
    noFaults(page);
    await page.close();
  });

  test("another name with an equal key is another partner, with a key of its own", async () => {
    const page = await browser.open(server, partnersPath);
    for (const [name, key] of [["C++ Club", "c-club"], ["C# Club", "c-club-2"]]) {
      await page.getByRole("button", { name: "Add Partners" }).first().click();
      await page.getByLabel("Name", { exact: true }).fill(name);
      await page.keyboard.press("Enter");
      await page.getByRole("cell", { name, exact: true }).waitFor();
      assert.equal((await get(`/v1/events/expo-2026/partners/${key}`)).name, name);
    }
    noFaults(page);
    await page.close();
  });

  test("a pasted list is checked whole before anything is stored", async () => {
    const page = await browser.open(server, partnersPath);
    await paste(page, "Name,Email\nWonka,desk@wonka.example\nGlobex,new@globex.example\nOscorp,nobody\nInitech");
    await page.getByText("1 new, 1 changes an existing partner, 1 there already.").waitFor();
    await page.getByRole("listitem").filter({ hasText: "Line 4" }).getByText(/“nobody” is no address/).waitFor();
    await page.getByRole("listitem").filter({ hasText: "Globex" }).getByText("Changes email").waitFor();
    await dialog(page).getByRole("button", { name: "Add 1, change 1, leave 1 out" }).waitFor();
    await dialog(page).getByRole("button", { name: "Line 4" }).click();
    assert.equal(await until(() => page.evaluate(() => { const { value, selectionStart, selectionEnd } = document.activeElement; return value?.slice(selectionStart, selectionEnd); }), Boolean, "the line"), "Oscorp,nobody");
    assert.equal((await get("/v1/events/expo-2026/partners/globex")).email, "hello@globex.example");
    // A list of which nothing can be used leads to its first fault.
    await page.getByLabel("One partner a line").fill("Initech\nOscorp,nobody");
    await dialog(page).getByRole("button", { name: "Go to line 2" }).click();
    await page.getByText(/^Line 2: The email “nobody” is no address/).waitFor();
    await page.getByLabel("One partner a line").fill("Wonka,desk@wonka.example\nGlobex,new@globex.example\nOscorp\nInitech\nStray,nobody");
    await dialog(page).getByRole("button", { name: "Add 2, change 1, leave 1 out" }).click();
    await page.locator(".tools").getByText("3 partners in, 1 left out: line 5").waitFor();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const { items } = await get("/v1/events/expo-2026/partners?limit=1000");
    const of = (key) => items.find((one) => one.key === key);
    assert.deepEqual(of("globex"), { key: "globex", name: "Globex", email: "new@globex.example", company: "Globex", tags: ["gold"] });
    assert.deepEqual([of("wonka").email, of("oscorp").name, of("initech").email], ["desk@wonka.example", "Oscorp", "hello@initech.example"]);
    noFaults(page);
    await page.close();
  });

  test("Import Partner List is in the drop-down, shows its columns as they will be, and says what came of it", async () => {
    const page = await browser.open(server, partnersPath);
    await page.getByRole("button", { name: "More for partners" }).click();
    await page.getByRole("button", { name: "Import Partner List" }).click();
    await page.getByRole("dialog", { name: "Import Partner List" }).waitFor();
    assert.equal(await page.locator(".pop .panel").count(), 0, "the menu is closed behind the form");
    await page.getByLabel("One partner a line").fill("Prestige\tart@prestige.example\tPrestige Worldwide Ltd\tgold latex\nSirius");
    const lines = page.getByRole("list", { name: "What each line does" }).getByRole("listitem");
    await until(() => lines.allInnerTexts(), (all) => all.length === 2, "two lines");
    assert.match((await lines.first().innerText()).replace(/\s+/g, " "), /^Line 1 Prestige art@prestige.example · Prestige Worldwide Ltd · gold, latex New$/);
    await dialog(page).getByRole("button", { name: "Add 2 partners" }).click();
    await page.getByRole("status").filter({ hasText: "2 partners in" }).waitFor({ state: "attached" });
    await page.locator(".tools").getByText("2 partners in").waitFor();
    await page.getByRole("row", { name: /Prestige/ }).waitFor();
    assert.deepEqual((await get("/v1/events/expo-2026/partners/prestige")).tags.sort(), ["gold", "latex"]);
    noFaults(page);
    await page.close();
  });

  test("columns are told from the list, and can be chosen", async () => {
    const page = await browser.open(server, partnersPath);
    await paste(page, "Firma;E-Mail;Schlagworte;Stand\nHafenlicht;tisch@hafenlicht.example;gold;A1\nNordpier;info@nordpier.example;silber;B2");
    const column = (title) => dialog(page).getByRole("combobox", { name: title });
    await column("Firma").waitFor();
    assert.deepEqual([await column("Firma").inputValue(), await column("E-Mail").inputValue(), await column("Schlagworte").inputValue(), await column("Stand").inputValue()], ["company", "email", "tags", "none"]);
    assert.equal(await dialog(page).getByLabel("The first line names the columns").isChecked(), true);
    await column("Stand").selectOption("Tags");
    await dialog(page).getByText("tisch@hafenlicht.example · Hafenlicht · gold, A1").waitFor();
    await dialog(page).getByRole("button", { name: "Add 2 partners" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const made = await get("/v1/events/expo-2026/partners/hafenlicht");
    assert.deepEqual({ ...made, tags: made.tags.sort().reverse() }, { key: "hafenlicht", name: "Hafenlicht", email: "tisch@hafenlicht.example", company: "Hafenlicht", tags: ["gold", "A1"] });
    noFaults(page);
    await page.close();
  });

  test("a list whose storing was cut says what is in, and goes on where it was", async () => {
    const page = await browser.open(server, partnersPath);
    // The way to the server breaks after some: what was sent is stored, and one answer is lost.
    let sent = 0;
    await page.route(/\/partners\/cut-/, async (route) => {
      sent++;
      if (sent === 5) {
        await route.fetch();
        return route.abort();
      }
      if (sent > 5 && sent < 20) return route.abort();
      await route.continue();
    });
    await paste(page, Array.from({ length: 12 }, (_, i) => `Cut ${i}`).join("\n"));
    await dialog(page).getByRole("button", { name: "Add 12 partners" }).click();
    await page.getByText(/^\d+ of 12 are in\. The server cannot be reached/).waitFor();
    const into = Number(/^(\d+) of 12/.exec(await page.getByText(/of 12 are in/).innerText())[1]);
    assert.ok(into >= 4 && into < 12, `${into} are in`);
    assert.equal(await dialog(page).getByText("Is in").count(), into);
    sent = 100;
    await dialog(page).getByRole("button", { name: `Go on with ${12 - into}` }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const { items } = await get("/v1/events/expo-2026/partners?limit=1000");
    assert.equal(items.filter((one) => one.key.startsWith("cut-")).length, 12);
    noFaults(page);
    await page.close();
  });

  test("an event, a message, a page that is not there says so, and leads on", async () => {
    const page = await browser.open(server, "/events/nope/activity");
    for (const [path, heading, link] of [
      ["/events/nope/activity", "There is no such event", "Go to the events"],
      ["/events/nope", "There is no such event", "Go to the events"],
      ["/events/a%20b/partners", "There is no such event", "Go to the events"],
      ["/events/expo-2026/messages/nope", "There is no such message", "Go to the messages"],
      ["/foo", "There is no such page", "Go to the events"],
      ["/events/expo-2026/foo", "There is no such page", "Go to the events"],
      ["/events/expo-2026/partners/acme", "There is no such page", "Go to the events"],
      ["/%E0%A4%A", "There is no such page", "Go to the events"],
    ]) {
      await page.goto(server.url + path);
      await page.getByRole("heading", { level: 1, name: heading }).waitFor();
      await page.getByRole("main").getByRole("link", { name: link }).waitFor();
      assert.equal(await page.locator("[data-state], .feed").count(), 0, `${path} shows nothing live`);
      const at = await page.getByRole("navigation", { name: "Main" }).locator("[aria-current]").allInnerTexts();
      assert.deepEqual(at.map((text) => text.trim().split("\n")[0]), path.includes("/messages/") ? ["Messages"] : [], `where ${path} is`);
    }
    await page.goto(`${server.url}/events/EXPO-2026/activity`);
    await page.locator('[data-state="live"]').waitFor();
    noFaults(page);
    await page.close();
  });

  test("an event that comes into being is found by looking again", async () => {
    const page = await browser.open(server, "/events/soon/activity");
    await page.getByRole("heading", { name: "There is no such event" }).waitFor();
    await server.post({ event: "soon", partner: "acme", flavor: "page.viewed" });
    await page.getByRole("button", { name: "Look again" }).click();
    await page.locator('[data-state="live"]').waitFor();
    noFaults(page);
    await page.close();
  });

  test("an event that the key may not read says so, and offers to sign in with another", async () => {
    await server.call("PUT", "/v1/events/summit-27", { name: "Summit 27" });
    const bound = await server.makeKey("read", "summit-27");
    for (const tab of ["", "/partners", "/activity"]) {
      const page = await browser.open(server, `/events/expo-2026${tab}`, bound);
      await page.getByRole("heading", { level: 1, name: "This key has no right to read this event" }).waitFor();
      await page.getByRole("link", { name: "Go to summit-27" }).waitFor();
      if (tab === "/activity") {
        await page.getByRole("button", { name: "Sign in with another key" }).click();
        await page.getByRole("button", { name: "Use a key instead" }).click();
        await page.getByLabel("Key").fill(server.key);
        await page.keyboard.press("Enter");
        await page.locator('[data-state="live"]').waitFor();
      }
      noFaults(page);
      await page.close();
    }
  });

  test("the normal case asks for its event no second time and shows nothing else first", async () => {
    const page = await browser.open(server, "/");
    await page.getByRole("link", { name: "Expo 2026" }).first().waitFor();
    const asked = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.getByRole("row", { name: /Expo 2026/ }).getByRole("link", { name: /Partner Activity/ }).click();
    await page.locator('[data-state="live"]').waitFor();
    assert.ok(!asked.includes("/v1/events/expo-2026"), asked.join(" "));
    noFaults(page);
    await page.close();
  });

  test("the lists are those of the open event, whichever way it is changed", async () => {
    await server.call("PUT", "/v1/events/summit-27", { name: "Summit 27" });
    await server.call("PUT", "/v1/events/summit-27/partners/stark", { name: "Stark" });
    const page = await browser.open(server, partnersPath);
    await page.getByRole("link", { name: "Acme Inc" }).waitFor();
    await page.evaluate(() => {
      history.pushState(null, "", "/events/summit-27/partners");
      dispatchEvent(new PopStateEvent("popstate"));
    });
    await page.getByRole("link", { name: "Stark" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Acme Inc" }).count(), 0);
    await page.goBack();
    await page.getByRole("link", { name: "Acme Inc" }).waitFor();
    noFaults(page);
    await page.close();
  });

  test("a session that ends is told on every screen, and the words say why", async () => {
    const page = await browser.open(server, partnersPath);
    await page.getByRole("link", { name: "Acme Inc" }).waitFor();
    await page.request.delete(`${server.url}/v1/session`, { headers: { origin: server.url } });
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Campaigns" }).click();
    await page.getByText("You were signed out: the key was revoked or the session ended. Sign in again.").waitFor();
    assert.match(page.url(), /campaigns$/);
    await page.reload();
    await page.getByText(/You were signed out/).waitFor();
    await page.getByRole("button", { name: "Use a key instead" }).click();
    await page.getByLabel("Key").fill(server.key);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Campaigns" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await page.getByText(/You were signed out/).count(), 0, "who signs out knows why");
    noFaults(page);
    await page.close();
  });

  test("the key of the line that sends is made at a press, once", async () => {
    await server.call("PUT", "/v1/events/first-use", { name: "First use" });
    const page = await browser.open(server, "/events/first-use/activity");
    let made = 0;
    page.on("request", (request) => request.method() === "POST" && request.url().endsWith("/v1/keys") && made++);
    await page.getByText("Waiting for the first activity").waitFor();
    await page.getByText("Bearer YOUR_INGEST_KEY").waitFor();
    assert.equal(made, 0);
    await page.getByRole("button", { name: "Make a key and show the line" }).dblclick();
    await page.getByRole("button", { name: "Copy the line" }).waitFor();
    await until(() => focused(page), (text) => text === "Copy the line", "the focus");
    const key = /Bearer (\S+)'/.exec(await page.locator("pre").innerText())[1];
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Partners" }).click();
    await page.getByRole("heading", { name: "Partners" }).waitFor();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Partner Activity" }).click();
    await page.getByText(`Bearer ${key}`).waitFor();
    assert.equal(made, 1);
    const sent = await fetch(`${server.url}/v1/activities`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: '{"partner":"acme","flavor":"page.viewed"}' });
    assert.equal(sent.status, 201);
    await page.locator("article[data-seq]").waitFor();
    noFaults(page);
    await page.close();

    await server.call("PUT", "/v1/events/read-only", { name: "Read only" });
    const reader = await browser.open(server, "/events/read-only/activity", await server.makeKey("read"));
    await reader.getByText("Put an ingest key in place of YOUR_INGEST_KEY. Whoever runs this server can make one.").waitFor();
    assert.equal(await reader.getByRole("button", { name: /Make a key/ }).count(), 0);
    await reader.close();
  });

  test("a recipient that was removed is brought back", async () => {
    const path = "/v1/events/expo-2026/messages/welcome/recipients";
    const names = async () => (await get(path)).items.map((one) => one.partner.key);
    const page = await browser.open(server, "/events/expo-2026/messages/welcome");
    await page.getByRole("button", { name: "Remove Acme Inc" }).click();
    await page.getByText("Removed Acme Inc.").waitFor();
    await until(() => focused(page), (text) => text === "Undo", "the focus");
    await page.getByRole("button", { name: "Remove Globex" }).click();
    await page.getByText("Removed Globex.").waitFor();
    assert.deepEqual(await names(), []);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("Removed Acme Inc.").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("2 recipients").waitFor();
    assert.deepEqual(await names(), ["acme", "globex"]);
    await until(() => focused(page), (text) => text === "Acme Inc", "the focus on who came back");
    noFaults(page);
    await page.close();
  });

  test("names lead to what they did", async () => {
    const page = await browser.open(server, partnersPath);
    const link = page.getByRole("link", { name: "Hooli", exact: true });
    assert.match(await link.getAttribute("title"), /Partner Activity of Hooli/);
    await link.click();
    await page.locator('[data-state="live"]').waitFor();
    assert.match(page.url(), /activity\?partner=hooli$/);
    noFaults(page);
    await page.close();
  });

  test("tags are told apart, and lead to what all with the tag did", async () => {
    await server.call("PUT", "/v1/events/expo-2026/partners/tagged", { name: "Tagged Ltd", tags: ["gold", "booth", "speaker"] });
    const page = await browser.open(server, partnersPath);
    const row = page.getByRole("row", { name: /Tagged Ltd/ });
    await row.locator(".tag").first().waitFor();
    const boxes = await row.locator(".tag").evaluateAll((all) =>
      all.map((node) => {
        const box = node.getBoundingClientRect();
        const text = document.createRange();
        text.selectNodeContents(node);
        const { left, right } = text.getBoundingClientRect();
        return { left: box.left, right: box.right, height: box.height, before: left - box.left, after: box.right - right };
      }),
    );
    assert.equal(boxes.length, 3);
    for (const [i, box] of boxes.entries()) {
      assert.ok(box.before >= 4 && box.after >= 4, `air around the word: ${JSON.stringify(box)}`);
      assert.ok(box.height < 28, `no taller than its line: ${JSON.stringify(box)}`);
      if (i) assert.ok(box.left - boxes[i - 1].right >= 3, `a gap: ${JSON.stringify(boxes)}`);
    }
    await row.getByRole("link", { name: "booth" }).click();
    await page.locator('[data-state="live"]').waitFor();
    assert.match(page.url(), /activity\?tag=booth$/);
    noFaults(page);
    await page.close();
  });

  for (const scheme of ["light", "dark"]) {
    test(`axe finds nothing in any state, ${scheme}`, async () => {
      const found = [];
      const page = await browser.open(server, "/");
      await page.emulateMedia({ colorScheme: scheme });
      const add = (text) => async () => {
        await paste(page, text);
        await page.getByRole("list", { name: "What each line does" }).waitFor();
      };
      const create = (button, field) => async () => {
        await page.getByRole("button", { name: button }).first().click();
        await page.getByLabel(field, { exact: true }).fill("Expo 2026");
        await page.keyboard.press("Enter");
      };
      for (const [path, seen, act] of [
        ["/", /The key expo-2026 is taken/, create("Create event", "Name")],
        ["/", "What you typed is not saved yet.", () => create("Create event", "Name")().then(() => page.keyboard.press("Escape"))],
        [partnersPath, /“nobody” is no address/, add("Acme\nWonka\nOscorp,nobody\nInitech,x@initech.example")],
        ["/events/expo-2026/messages", "Search partners and tags", () => page.getByRole("button", { name: "Record message" }).first().click()],
        ["/events/expo-2026/messages/welcome", "Removed Globex.", () => page.getByRole("button", { name: "Remove Globex" }).click()],
        ["/events/nope", "There is no such event"],
        ["/foo", "There is no such page"],
        ["/events/expo-2026/messages/nope", "There is no such message"],
      ]) {
        await page.goto(server.url + path);
        await page.locator("main h1").waitFor();
        await act?.();
        await page.getByText(seen).or(page.getByPlaceholder(seen)).first().waitFor();
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
        found.push(...violations.map((v) => `${path}: ${v.id}: ${v.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`));
      }
      await server.call("POST", "/v1/events/expo-2026/messages/welcome/recipients", { add: ["globex"] });
      noFaults(page);
      await page.close();
      assert.deepEqual(found, []);
    });
  }

  for (const width of [320, 360, 768, 1280]) {
    test(`no screen is wider than ${width} pixels`, async () => {
      await server.call("PUT", "/v1/events/expo-2026/partners/long", { name: "Extraordinarily Long Company Name For Exhibitions and Trade Fairs GmbH & Co. KG", email: "a-very-long-address-of-somebody@extraordinarily-long-company-name.example", company: "Extraordinarily Long Company Name For Exhibitions", tags: ["gold", "speaker", "a-rather-long-tag-that-says-much", "silver"] });
      await server.call("POST", "/v1/events/expo-2026/messages/booth/recipients", { add: ["long", "acme"] });
      for (const path of ["/", "/events/expo-2026", partnersPath, "/events/expo-2026/campaigns", "/events/expo-2026/messages", "/events/expo-2026/messages/booth", "/foo", "/events/nope"]) {
        const page = await browser.open(server, path);
        await page.setViewportSize({ width, height: 700 });
        await page.waitForLoadState("networkidle");
        const wide = await page.evaluate(() => [document.documentElement, document.querySelector("main"), ...document.querySelectorAll(".tablewrap")].map((node) => node.scrollWidth - node.clientWidth));
        assert.ok(wide.every((by) => by <= 0), `${path}: ${wide} pixels too wide`);
        const heights = await page.locator("tbody tr").evaluateAll((rows) => [...new Set(rows.map((row) => Math.round(row.getBoundingClientRect().height)))]);
        if (width === 1280 && heights.length) assert.equal(heights.length, 1, `${path}: rows of ${heights} pixels`);
        await page.close();
      }
    });
  }
});

describe("an event with more partners than are read at once", () => {
  const MANY = 5_600;
  let server, browser;
  before(async () => {
    server = await Server.start();
    await server.call("PUT", "/v1/events/expo-2026", { name: "Expo 2026" });
    for (let from = 0; from < MANY; from += 2_000) {
      await server.post(Array.from({ length: Math.min(2_000, MANY - from) }, (_, i) => ({ event: "expo-2026", partner: `p${String(from + i).padStart(5, "0")}`, flavor: "page.viewed" })));
    }
    browser = await Browser.start();
  });
  after(async () => {
    await browser.end();
    await server.end();
  });

  test("says how many there are, and finds every one", async () => {
    const page = await browser.open(server, "/events/expo-2026/partners");
    await page.getByText("5,600 partners").waitFor();
    await page.getByText(/^500 of 5,600 are shown/).waitFor();
    await page.getByRole("button", { name: "Show more" }).click();
    await page.getByText(/^1,000 of 5,600 are shown/).waitFor();
    await page.getByLabel("Search partners").fill("p05599");
    await page.getByText("1 of 5,600 partners").waitFor();
    await page.getByRole("link", { name: "p05599" }).waitFor();
    noFaults(page);
    await page.close();
  });

  test("a partner that is not known is read alone, never the whole list for each", async () => {
    const page = await browser.open(server, activityPath());
    await page.locator('[data-state="live"]').waitFor();
    // The list is read as far as it is at once, and is not touched again.
    await until(() => page.evaluate(() => performance.getEntriesByType("resource").filter((one) => new URL(one.name).pathname.endsWith("/partners")).length), (count) => count === 5, "the list");
    const asked = [];
    page.on("request", (request) => request.method() === "GET" && asked.push(new URL(request.url()).pathname));
    for (const partner of ["zz-new-1", "zz-new-2", "zz-new-3"]) await server.post({ event: "expo-2026", partner, flavor: "page.viewed" });
    await until(() => asked.filter((path) => /partners\/zz-new-/.test(path)).length, (count) => count === 3, "the partners");
    assert.equal(asked.filter((path) => path.endsWith("/partners")).length, 0, asked.join(" "));
    noFaults(page);
    await page.close();
  });
});
