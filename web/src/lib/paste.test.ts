import { expect, it } from "vitest";
import { parseLines, uniqueKey } from "./paste";

it.each([
  ["Acme Inc", [{ name: "Acme Inc", email: "", company: "", tags: [] }]],
  ["Acme Inc, a@acme.example, Acme, gold booth", [{ name: "Acme Inc", email: "a@acme.example", company: "Acme", tags: ["gold", "booth"] }]],
  ["Acme\ta@acme.example\tAcme, Inc\tgold", [{ name: "Acme", email: "a@acme.example", company: "Acme, Inc", tags: ["gold"] }]],
  ['"Acme, Inc",a@acme.example', [{ name: "Acme, Inc", email: "a@acme.example", company: "", tags: [] }]],
  ["Name,Email\n\nAcme\r\nGlobex", [{ name: "Acme", email: "", company: "", tags: [] }, { name: "Globex", email: "", company: "", tags: [] }]],
])("reads %j", (text, drafts) => expect(parseLines(text)).toEqual(drafts));

it("makes a key nobody has", () => {
  const taken = new Set(["acme-inc"]);
  expect([uniqueKey("Acme Inc", taken), uniqueKey("Acme Inc", taken), uniqueKey("شركة", taken), uniqueKey("!!", taken)]).toEqual(["acme-inc-2", "acme-inc-3", "شركة", "partner"]);
});
