// Sentences from messages: plurals and numbers of both languages, holes that hold what they are given, and words that can be pressed.

import { afterEach, describe, expect, it } from "vitest";
import { form } from "./form.svelte";
import { language } from "./language.svelte";
import { t } from "./parts";
import { pieces, say } from "./say";
import { flavorName } from "./flavors";
import { t as page } from "./page";
import { ago, span } from "../lib/words";
import { chipText } from "../lib/values";

afterEach(() => language.choose("en"));

describe.each([
  ["en", ["0 new activities", "1 new activity", "2 new activities", "1,200 new activities"], ["No partner", "1 partner added", "2 partners added"]],
  ["de", ["0 neue Aktivitäten", "1 neue Aktivität", "2 neue Aktivitäten", "1.200 neue Aktivitäten"], ["", "1 Partner hinzugefügt", "2 Partner hinzugefügt"]],
] as const)("in %s", (code, counts, [, one, two]) => {
  it("counts", async () => {
    await language.choose(code);
    expect([0, 1, 2, 1_200].map((count) => say(t.fresh, { count }))).toEqual(counts);
    expect([1, 2].map((count) => say(t.partnersAdded, { count }))).toEqual([one, two]);
  });
});

it.each([
  ["en", "1 waiting", "2 waiting", "Last hour", "Last 3 hours", "Last day", "Last 7 days"],
  ["de", "1 wartet", "2 warten", "Letzte Stunde", "Letzte 3 Stunden", "Letzter Tag", "Letzte 7 Tage"],
] as const)("forms of %s", async (code, ...wanted) => {
  await language.choose(code);
  expect([
    say(page.waiting, { count: 1 }),
    say(page.waiting, { count: 2 }),
    say(page.lastTime.h, { count: 1 }),
    say(page.lastTime.h, { count: 3 }),
    say(page.lastTime.d, { count: 1 }),
    say(page.lastTime.d, { count: 7 }),
  ]).toEqual(wanted);
});

it.each([
  ["en", "4 min ago", "3 min 20 sec", "2 days 3 hr", "a, b and c", "1,234.5"],
  ["de", "vor 4 Min.", "3 Min. 20 Sek.", "2 Tage 3 Std.", "a, b und c", "1.234,5"],
] as const)("figures of %s", async (code, ...wanted) => {
  await language.choose(code);
  // A unit and a time of day are two forms, whatever they are called.
  form().minute(0);
  expect([ago(4.5 * 60_000), span(200_000), span(51 * 3_600_000), form().list(["a", "b", "c"]), form().number(1_234.5)]).toEqual(wanted);
});

it.each([
  ["en", ["Done by: Partner", "By a program", "Not by a program", "not Chrome", "People who got welcome", "People who did not get welcome", "Page: not expo.example"]],
  ["de", ["Ausgelöst von: Partner", "Programm", "kein Programm", "nicht Chrome", "Wer „welcome“ bekam", "Wer „welcome“ nicht bekam", "Seite: nicht expo.example"]],
] as const)("chips in %s", async (code, wanted) => {
  await language.choose(code);
  expect([
    chipText("actor", "partner", false),
    chipText("grade", "machine", false),
    chipText("grade", "machine", true),
    chipText("browser", "Chrome", true),
    chipText("message", "welcome", false),
    chipText("message", "welcome", true),
    chipText("source", "expo.example", true),
  ]).toEqual(wanted);
});

it("fills holes with what it is given, and with nothing more", () => {
  expect(say("{a} and {a}, {b}", { a: "$& {b} <x>y</x>", b: "c" })).toBe("$& {b} <x>y</x> and $& {b} <x>y</x>, c");
});

it("takes a sentence apart where something in it can be pressed, and nothing else", () => {
  expect(pieces("Go <link>to {place}</link> now, {name}.", { place: "<b>x</b>", name: "<link>me</link>" })).toEqual([
    { tag: null, text: "Go " },
    { tag: "link", text: "to <b>x</b>" },
    { tag: null, text: " now, <link>me</link>." },
  ]);
  expect(pieces("<who>{partner}</who>’s", { partner: "Acme" })).toEqual([{ tag: "who", text: "Acme" }, { tag: null, text: "’s" }]);
});

it("calls a flavor of the standard set by its name, and any other as the workspace does", async () => {
  await language.choose("de");
  expect(flavorName("message.opened", "Opened the message")).toBe("Nachricht geöffnet");
  expect(flavorName("message.opened", "Read our mail")).toBe("Read our mail");
  expect(flavorName("booth.visited", "Booth visited")).toBe("Booth visited");
  await language.choose("en");
  expect(flavorName("message.opened", "Opened the message")).toBe("Opened the message");
});

it("changes the words that stand, and stays with the last choice", async () => {
  expect(t.close).toBe("Close");
  const [first, second] = [language.choose("de"), language.choose("en")];
  await Promise.all([first, second]);
  expect([t.close, language.code]).toEqual(["Close", "en"]);
  await language.choose("de");
  expect([t.close, language.code, language.tag]).toEqual(["Schließen", "de", "de-DE"]);
});
