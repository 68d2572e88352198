import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Partner } from "./api";
import { rowsOf, separatorOf } from "./cells";
import { check, placeOf, readList } from "./paste";

const lines = (text: string) => readList(text).lines;
const drafts = (text: string) => lines(text).map(({ draft: { name, email, company, tags } }) => [name, email, company, tags.join(" ")]);
/** What a list does to who is there, in words. */
const does = (text: string, there: Partner[] = []) =>
  check(lines(text), there).map((one) => (one.is === "bad" ? `bad ${one.why}` : one.is === "new" ? `new ${one.partner.key}` : one.is === "change" ? `change ${one.what.join(" ")} of ${one.was.key}` : `same ${one.partner.key}`));
/** Who is there after a list was added. */
const added = (text: string, there: Partner[] = []): Partner[] => {
  const all = new Map(there.map((p) => [p.key, p]));
  for (const one of check(lines(text), there)) if (one.is === "new" || one.is === "change") all.set(one.partner.key, one.partner);
  return [...all.values()];
};
const ACME: Partner = { key: "Acme-Inc", name: "Acme Inc", email: "a@acme.example", company: "Acme", tags: ["gold"] };

it.each([
  ["Acme Inc", [["Acme Inc", "", "", ""]]],
  ["Acme Inc, a@acme.example, Acme, gold booth GOLD", [["Acme Inc", "a@acme.example", "Acme", "gold booth"]]],
  ["Acme\ta@acme.example\tAcme, Inc\tgold", [["Acme", "a@acme.example", "Acme, Inc", "gold"]]],
  ["Name;Email;Company;Tags\nHarbour;desk@h.example;Harbour, Group;gold, booth", [["Harbour", "desk@h.example", "Harbour, Group", "gold booth"]]],
  ['"Acme, Inc",a@acme.example', [["Acme, Inc", "a@acme.example", "", ""]]],
  ["Name,Email\n\nAcme\r\nGlobex", [["Acme", "", "", ""], ["Globex", "", "", ""]]],
  ["Acme,a@acme.example\rGlobex,g@globex.example", [["Acme", "a@acme.example", "", ""], ["Globex", "g@globex.example", "", ""]]],
  // One rule for quotes, whatever the separator.
  ...["\t", ";", ","].flatMap((s): [string, string[][]][] => [
    [`"Blue ""Big"" Studio"${s}b@blue.example${s}"Blue, Studio;\t& Co"${s}gold`, [['Blue "Big" Studio', "b@blue.example", "Blue, Studio;\t& Co", "gold"]]],
    [`24" Panels${s}p@panels.example${s}Panels 12" Group`, [['24" Panels', "p@panels.example", 'Panels 12" Group', ""]]],
    [`"Big" Panels${s}p@panels.example`, [['"Big" Panels', "p@panels.example", "", ""]]],
    [`"Two\nlines"${s}p@panels.example`, [["Two\nlines", "p@panels.example", "", ""]]],
    [`"Quoted" ${s} "p@panels.example"`, [["Quoted", "p@panels.example", "", ""]]],
  ]),
  // An address is one wherever it stands.
  ["desk@h.example\ninfo@n.example", [["desk", "desk@h.example", "", ""], ["info", "info@n.example", "", ""]]],
  ["Acme,a@acme.example\ndesk@h.example", [["Acme", "a@acme.example", "", ""], ["desk", "desk@h.example", "", ""]]],
  ["a@acme.example,Acme,Acme Group,gold", [["Acme", "a@acme.example", "Acme Group", "gold"]]],
  ["Acme,a@acme.example\ng@globex.example,Globex", [["Acme", "a@acme.example", "", ""], ["Globex", "g@globex.example", "", ""]]],
  ["Acme Inc <a@acme.example>", [["Acme Inc", "a@acme.example", "", ""]]],
  ["Acme,mailto:a@acme.example", [["Acme", "a@acme.example", "", ""]]],
  // Signs that nobody sees.
  ["\ufeffName,Email\nAcme\u200b,\u2060a@acme.example\u200b", [["Acme", "a@acme.example", "", ""]]],
  ["Ac\u00adme,a\u200c@acme.example\u200f", [["Acme", "a@acme.example", "", ""]]],
  ["می\u200cروم,m@x.example", [["می\u200cروم", "m@x.example", "", ""]]],
] as [string, string[][]][])("reads %j", (text, want) => expect(drafts(text)).toEqual(want));

it.each([
  ["Firma,E-Mail,Schlagworte", "company email tags"],
  ["Aussteller;E-Mail-Adresse;Kategorie", "name email tags"],
  ["Nom\tCourriel\tSociété\tÉtiquettes", "name email company tags"],
  ["Nombre;Correo electrónico;Empresa;Etiquetas", "name email company tags"],
  ["Nome,Endereço de e-mail,Empresa,Categoria", "name email company tags"],
  ["Nome;Posta elettronica;Azienda;Etichette", "name email company tags"],
  ["Naam;E-mailadres;Bedrijf;Trefwoorden", "name email company tags"],
  ["Company,Phone,Contact email", "company none email"],
  ["First name,Last name,E-mail", "name name email"],
  // Words that nobody here knows: an address is told by itself.
  ["Cég,Elérhetőség", "name email"],
])("knows the header %j", (header, columns) => {
  const separator = separatorOf(header);
  const row = (who: string) => columns.split(" ").map((column) => (column === "email" ? `${who}@x.example` : `${who} ${column}`)).join(separator);
  const list = readList([header, row("one"), row("two")].join("\n"));
  expect([list.header, list.columns.join(" "), list.lines.length]).toEqual([1, columns, 2]);
});

it.each(["Acme,a@acme.example\nGlobex,g@globex.example", "Oscorp,nobody\nGlobex,g@globex.example", "Acme\nGlobex", "Partner Hotel,p@hotel.example"])("takes no partner for a header: %j", (text) => {
  const list = readList(text);
  expect([list.header, list.lines.length]).toEqual([null, text.split("\n").length]);
});

it("goes by what somebody chose over what it told", () => {
  const text = "Firma,E-Mail,Schlagworte\nHafenlicht,tisch@hafenlicht.example,gold";
  expect(readList(text, { header: false }).lines).toHaveLength(2);
  expect(readList(text, { columns: ["name", "email", "none"] }).lines[0]!.draft).toEqual({ name: "Hafenlicht", email: "tisch@hafenlicht.example", company: "", tags: [] });
});

it("knows the line that a draft came from", () => {
  for (const [text, want] of [["Name,Email\n\nAcme\r\nGlobex", [3, 4]], ['"A\nB",a@x.example\rGlobex', [1, 3]]] as const) {
    expect(lines(text).map((one) => one.line)).toEqual(want);
    expect(text.slice(...placeOf(text, want[1]))).toBe("Globex");
  }
});

it("finds every cell again, whatever was written: separator, quotes, ends of lines", () => {
  const seed = Number(process.env.PASTE_SEED ?? Date.now() % 1_000_000);
  let state = seed + 1;
  const random = (below: number) => ((state = (state * 48_271) % 2_147_483_647), state % below);
  const SIGNS = ["a", "Ü", '"', '""', ",", ";", "\t", " ", "\n", "\r\n", "#", "é", "𝒜"];
  for (let round = 0; round < 500; round++) {
    const rows = Array.from({ length: 1 + random(4) }, () => Array.from({ length: 2 + random(3) }, () => Array.from({ length: 1 + random(6) }, () => SIGNS[random(SIGNS.length)]).join("")));
    const separator = ([",", ";", "\t"] as const)[random(3)]!;
    const text = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(separator)).join(["\n", "\r\n", "\r"][random(3)]);
    expect(rowsOf(text, separator).map((row) => row.cells), `PASTE_SEED=${seed} ${JSON.stringify(text)}`).toEqual(rows);
  }
});

it.each([
  ["Globex", "new globex"],
  ["Acme Inc", "same Acme-Inc"],
  ["acme inc,,, gold", "change name of Acme-Inc"],
  ["Acme Inc, new@acme.example", "change email of Acme-Inc"],
  ["Acme International, A@ACME.example", "change name of Acme-Inc"],
  ["a@acme.example", "same Acme-Inc"],
  ["Name,Email,Company,Tags\n,a@acme.example,,silver", "change tags of Acme-Inc"],
  ["Acme Inc,,Other,silver", "change company tags of Acme-Inc"],
  ["Name,Email\n, nobody@other.example", "bad The name is missing"],
  ["Acme Inc, nobody", "bad The email “nobody” is no address"],
  ["a@acme.example, b@acme.example", "bad Two addresses are on this line"],
  ['"Acme Inc, a@acme.example', "bad A quote begins a cell here and is never closed"],
  ["!!", "bad The name has no letter"],
  ["x".repeat(513), "bad The name is 513 bytes long"],
])("checks %j", (text, want) => expect(does(text, [ACME])[0]!.slice(0, want.length)).toBe(want));

describe("who a line is about", () => {
  it("is told by email and by name in full, within a list as against those there", () => {
    expect(does("Globex\nInitech\nGLOBEX").map((one) => one.slice(0, 3))).toEqual(["new", "new", "bad"]);
    const list = "Harbour Light,Desk@Harbour-Light.example\nHarbour Light West,desk@harbour-light.example";
    expect(does(list)).toEqual(["new harbour-light", expect.stringMatching(/^bad This is the same partner as on line 1: it has the same email/)]);
    expect(does(list, added(list))).toEqual(["same harbour-light", expect.stringMatching(/^bad .* line 1: it has the same email/)]);
    expect(does("Globex,a@acme.example", [ACME, { key: "globex", name: "Globex", email: null, company: null, tags: [] }])[0]).toMatch(/^bad The email is that of Acme Inc, and the name that of Globex/);
  });

  it("is never told by a key, which loses signs and marks", () => {
    const [first, second] = ["C++ Club,plus@one.example\nMüller,info@mueller.example", "C# Club,sharp@two.example\nMuller,hello@muller.example"];
    expect(does(`${first}\n${second}`)).toEqual(["new c-club", "new muller", "new c-club-2", "new muller-2"]);
    const there = added(first);
    expect(does(second, there)).toEqual(["new c-club-2", "new muller-2"]);
    expect(does(`${second}\n${first}`, added(second, there)).map((one) => one.split(" ")[0])).toEqual(["same", "same", "same", "same"]);
    expect(does("C\nC++\nC#\nС")).toEqual(["new c", "new c-2", "new c-3", "new с"]);
  });

  it("is the one that an activity made, where the name is its key but for capitals and spaces", () => {
    const seen = { key: "acme-inc", name: "acme-inc", email: null, company: null, tags: [] };
    expect(does("Acme Inc", [seen])).toEqual(["change name of acme-inc"]);
    expect(does("Acmé Inc", [seen])).toEqual(["new acme-inc-2"]);
  });

  it("is not told by a name that was made of an address", () => {
    const list = "info@one.example\ninfo@two.example";
    expect(does(list)).toEqual(["new info", "new info-2"]);
    expect(does(list, added(list))).toEqual(["same info", "same info-2"]);
    const named = added(list).map((p) => ({ ...p, name: `Named ${p.key}` }));
    expect(does(list, named)).toEqual(["same info", "same info-2"]);
  });
});

it("changes nothing when the same list comes again", () => {
  const lists = ["Firma;E-Mail;Schlagworte\nHafenlicht;tisch@h.example;gold, silber", "24\" Panels,info@panels.example,Panels,gold", "A\u200b,a\u200b@x.example", "Acme <a@x.example>\nGlobex", "a@x.example"];
  for (const list of lists) expect(does(list, added(list)).every((one) => one.startsWith("same")), list).toBe(true);
});

it("refuses more lines than can be added at once", () => {
  const many = check(lines(Array.from({ length: 5_001 }, (_, i) => `p${i}`).join("\n")), []);
  expect([many.filter((one) => one.is === "new").length, many.at(-1)!.is]).toEqual([5_000, "bad"]);
});

it("keeps what a line leaves out", () => {
  const one = check(lines("Acme Inc, new@acme.example"), [ACME])[0]!;
  expect(one.is === "change" && one.partner).toEqual({ ...ACME, email: "new@acme.example" });
});

// More lists of the same kinds, where they are at hand.
const MORE = new URL("../../../../shared/cases/paste/", import.meta.url);
describe.runIf(existsSync(MORE))("lists that went wrong", () => {
  const of = (name: string) => readFileSync(new URL(name, MORE), "utf8");
  it.each([
    ["semicolons.csv", ["new harbour-light", "new north-pier"]],
    ["quotes-in-tabs.tsv", ["new harbour-blue-studio", "new north-pier"]],
    ["inch-mark.csv", ["new 24-panels", "new north-pier"]],
    ["header-german.csv", ["new hafenlicht", "new nordpier"]],
    ["bare-addresses.txt", ["new desk", "new info"]],
    ["zero-width.csv", ["new harbour-light", "new north-pier"]],
    ["sign-names.tsv", ["new c-club", "new c-club-2", "new muller", "new muller-2"]],
  ])("%s", (name, want) => {
    expect(does(of(name))).toEqual(want);
    expect(does(of(name), added(of(name))).every((one) => one.startsWith("same"))).toBe(true);
    expect(drafts(of(name)).every(([who, email]) => who && /^[\w.-]+@[\w.-]+$/.test(email!))).toBe(true);
  });
});
