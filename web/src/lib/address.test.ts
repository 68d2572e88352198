import { describe, expect, it } from "vitest";
import { readAddress, readValue, tooMuch, VALUES_MAX } from "./address";
import type { Field, FilterSet } from "../feed";
import { ruleWords } from "../words/rules";

describe("what the address asks for", () => {
  it.each<[string, FilterSet, string[]]>([
    ["partner=acme&not.browser=Chrome&text=a b", { partner: ["acme"], not: { browser: ["Chrome"] }, text: "a b" }, []],
    ["event=expo-2026&partner=Expo-2026/acme", { partner: ["acme"] }, []],
    ["event=other&partner=acme", { partner: ["acme"] }, ["event=other"]],
    ["partner=other/acme", {}, ["partner=other/acme"]],
    ["not.event=expo-2026", {}, ["not.event=expo-2026"]],
    ["colour=red&not.colour=red&utm_source=x", {}, ["colour=red", "not.colour=red", "utm_source=x"]],
    ["device=phone&device=tv&partner=", { device: ["tv"] }, ["device=phone", "partner="]],
    ["partner=acme&partner=ACME", { partner: ["acme"] }, []],
    ["since=2026-11-24T09:00:00Z&until=2026-11-24T10:00:00Z", {}, []],
    ["since=2026-11-24T09:00:00Z&until=2026-11-24T09:00:00Z", {}, ["since=2026-11-24T09:00:00Z", "until=2026-11-24T09:00:00Z"]],
    ["since=some-day", {}, ["since=some-day"]],
    ["since=1h", {}, []],
    ["since=yesterday&until=today", {}, []],
    ["since=today&until=yesterday", {}, ["since=today", "until=yesterday"]],
    ["since=0h", {}, ["since=0h"]],
    ["text=a%00b", {}, ["text=a\0b"]],
    ["text=one&text=two", { text: "one two" }, []],
    [`text=${"w ".repeat(17).trim()}`, {}, [`text=${"w ".repeat(17).trim()}`]],
  ])("%s", (query, filter, unread) => {
    const read = readAddress(new URLSearchParams(query), "expo-2026");
    expect(read.filter).toEqual(filter);
    expect(read.unread.map((one) => `${one.name}=${one.value}`)).toEqual(unread);
    expect(read.unread.every((one) => ruleWords(one.why).endsWith("."))).toBe(true);
  });

  it("holds as many values as the server takes, and tells of the rest", () => {
    const query = new URLSearchParams(Array.from({ length: VALUES_MAX + 2 }, (_, i) => ["partner", `p${i}`]));
    const { filter, unread } = readAddress(query, "e");
    expect(filter.partner).toHaveLength(VALUES_MAX);
    expect(unread).toHaveLength(2);
    expect(tooMuch(filter)).toBeNull();
    expect(tooMuch({ partner: [...filter.partner!, "one"] })).toEqual({ rule: "values", count: VALUES_MAX });
    expect(tooMuch({ tag: Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(200, "x")) })).toEqual({ rule: "size" });
  });
});

describe("a typed value", () => {
  it.each<[Field, string, string | null]>([
    ["source", " Example.com ", "example.com"],
    ["source", "Straße.example", "xn--strae-oqa.example"],
    ["source", "[::1]", "[::1]"],
    ["source", "https://Example.com:8443/Deck", "https://Example.com:8443/Deck"],
    ["source", "example.com:8443", null],
    ["source", "example.com/pricing", null],
    ["source", "me@example.com", null],
    ["source", "ftp://example.com", null],
    ["source", "two words", null],
    ["flavor", "Page.viewed", "page.viewed"],
    ["flavor", "message.*", "message.*"],
    ["flavor", "message.link.*", "message.link.*"],
    ["flavor", "mess*", null],
    ["flavor", ".*", null],
    ["tag", " Very Important ", "Very Important"],
    ["browser", "x".repeat(129), null],
    ["campaign", "spring", "spring"],
    ["campaign", "a/b", null],
    ["campaign", "two words", null],
    ["device", "Mobile", "mobile"],
    ["device", "phone", null],
    ["id", "0198C7A2-4D1E-7000-8000-000000000000", "0198c7a2-4d1e-7000-8000-000000000000"],
    ["id", "7", null],
  ])("%s %s", (field, text, value) => {
    const read = readValue(field, text);
    if (value === null) expect(read.problem && ruleWords(read.problem)).toMatch(/\.$/);
    else expect(read).toEqual({ value });
  });
});
