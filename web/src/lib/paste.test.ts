import { expect, it } from "vitest";
import { check, parseLines, placeOf } from "./paste";

const drafts = (text: string) => parseLines(text).map((one) => one.draft);

it.each([
  ["Acme Inc", [{ name: "Acme Inc", email: "", company: "", tags: [] }]],
  ["Acme Inc, a@acme.example, Acme, gold booth GOLD", [{ name: "Acme Inc", email: "a@acme.example", company: "Acme", tags: ["gold", "booth"] }]],
  ["Acme\ta@acme.example\tAcme, Inc\tgold", [{ name: "Acme", email: "a@acme.example", company: "Acme, Inc", tags: ["gold"] }]],
  ['"Acme, Inc",a@acme.example', [{ name: "Acme, Inc", email: "a@acme.example", company: "", tags: [] }]],
  ["Name,Email\n\nAcme\r\nGlobex", [{ name: "Acme", email: "", company: "", tags: [] }, { name: "Globex", email: "", company: "", tags: [] }]],
])("reads %j", (text, want) => expect(drafts(text)).toEqual(want));

it("knows the line that a draft came from", () => {
  const text = "Name,Email\n\nAcme\r\nGlobex";
  expect(parseLines(text).map((one) => one.line)).toEqual([3, 4]);
  expect(text.slice(...placeOf(text, 4))).toBe("Globex");
});

const ACME = { key: "Acme-Inc", name: "Acme Inc", email: "a@acme.example", company: "Acme", tags: ["gold"] };

it.each([
  ["Globex", "new globex"],
  ["Acme Inc", "same"],
  ["acme inc,,, gold", "change name"],
  ["Acme Inc, new@acme.example", "change email"],
  ["Acme International, A@ACME.example", "change name email"],
  ["Acme Inc,,Other,silver", "change company tags"],
  [", nobody@acme.example", "bad The name is missing"],
  ["Acme Inc, nobody", "bad The email “nobody” is no address"],
  ["!!", "bad The name has no letter"],
  ["x".repeat(513), "bad The name is 513 bytes long"],
])("checks %j", (text, want) => {
  const one = check(parseLines(text), [ACME])[0]!;
  const seen = one.is === "bad" ? `bad ${one.why}` : one.is === "new" ? `new ${one.partner.key}` : one.is === "change" ? `change ${one.what.join(" ")}` : one.is;
  expect(seen.slice(0, want.length)).toBe(want);
});

it("refuses the same partner twice, and more lines than can be added at once", () => {
  expect(check(parseLines("Globex\nInitech\nGLOBEX"), []).map((one) => one.is)).toEqual(["new", "new", "bad"]);
  const many = check(parseLines(Array.from({ length: 5_001 }, (_, i) => `p${i}`).join("\n")), []);
  expect([many.filter((one) => one.is === "new").length, many.at(-1)!.is]).toEqual([5_000, "bad"]);
});

it("keeps what a line leaves out", () => {
  const one = check(parseLines("Acme Inc, new@acme.example"), [ACME])[0]!;
  expect(one.is === "change" && one.partner).toEqual({ ...ACME, email: "new@acme.example" });
});
