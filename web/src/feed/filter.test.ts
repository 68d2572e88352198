import { describe, expect, it } from "vitest";
import { canonical, exclude, type FilterSet, fold, formatFilter, include, matcher, only, parseFilter, toggle, withText } from "./filter";
import type { Activity } from "./types";

const row = (over: Partial<Activity> = {}): Activity => ({
  id: "a1",
  seq: 1,
  flavor: { key: "message.opened", label: "Opened the message" },
  event: { key: "expo-2026", name: "Expo 2026" },
  partner: { key: "acme", name: "Acme Inc", company: "Acme" },
  message: { key: "welcome", subject: "Welcome" },
  campaign: null,
  actor: "partner",
  occurred_at: "2026-11-22T09:14:03.120Z",
  recorded_at: "2026-11-22T09:14:03.200Z",
  late_ms: 80,
  device: "desktop",
  platform: { name: "Windows", version: "10" },
  browser: { name: "Chrome", version: "142" },
  source_url: "https://Expo.example/pricing?x=1",
  referrer_url: null,
  grade: "unclear",
  grade_reasons: [],
  properties: { amount: 12, hall: "7B" },
  ...over,
});

describe("folding", () => {
  // The same table as the server's, and the letters whose folding is not their lower case.
  it.each([
    ["acme", "acme"],
    ["ACME", "acme"],
    ["Straße", "strasse"],
    ["STRASSE", "strasse"],
    ["STRAẞE", "strasse"],
    ["Ünïcödé", "ünïcödé"],
    ["U\u0308ber", "über"],
    ["ΌΣΟΣ", "όσοσ"],
    ["όσος", "όσοσ"],
    ["\u212a", "k"],
    ["İstanbul", "i\u0307stanbul"],
    ["ısı", "ısı"],
    ["ﬁn", "fin"],
    ["\uab70", "\u13a0"],
    ["", ""],
  ])("of %s", (given, want) => {
    expect(fold(given)).toBe(want);
    expect(fold(want)).toBe(want);
  });

  it("decides what a filter matches", () => {
    const key = { key: "straße", name: "Straße", company: null };
    expect(matcher({ partner: ["STRASSE"] })(row({ partner: key }))).toBe("yes");
    expect(matcher({ text: "STRASSE" })(row({ partner: key }))).toBe("yes");
  });
});

describe("a filter in the address", () => {
  it.each([
    "",
    "partner=acme&partner=globex",
    "partner=acme&not.browser=Chrome",
    "flavor=message.*&text=two words",
    "source=https://expo.example/pricing",
  ])("comes back as it was: %s", (query) => {
    const filter = parseFilter(new URLSearchParams(query));
    expect(parseFilter(formatFilter(filter))).toEqual(filter);
  });

  it("ignores what is no field, and takes no value twice", () => {
    expect(parseFilter(new URLSearchParams("foo=1&partner=acme&partner=ACME&not.bar=2&partner="))).toEqual({ partner: ["acme"] });
  });

  it("is equal in any order", () => {
    const one = parseFilter(new URLSearchParams("partner=b&partner=a&not.device=tv"));
    const other = parseFilter(new URLSearchParams("not.device=tv&partner=a&partner=b"));
    expect(canonical(one)).toBe(canonical(other));
  });
});

describe("edits", () => {
  it.each<[string, FilterSet, FilterSet]>([
    ["include", include({}, "partner", "acme"), { partner: ["acme"] }],
    ["include what was excluded", include({ not: { partner: ["acme"] } }, "partner", "acme"), { partner: ["acme"] }],
    ["exclude what was included", include({ partner: ["acme"] }, "partner", "ACME", true), { not: { partner: ["ACME"] } }],
    ["take out", exclude({ partner: ["acme", "globex"], not: { partner: ["x"] } }, "partner", "acme"), { partner: ["globex"], not: { partner: ["x"] } }],
    ["toggle off", toggle({ flavor: ["a.b"] }, "flavor", "a.b"), {}],
    ["only", only({ partner: ["a", "b"], not: { partner: ["c"], device: ["tv"] } }, "partner", "d"), { partner: ["d"], not: { device: ["tv"] } }],
    ["text", withText({ partner: ["a"] }, "  pricing "), { partner: ["a"], text: "pricing" }],
    ["no text", withText({ text: "x" }, " "), {}],
  ])("%s", (_, made, expected) => expect(made).toEqual(expected));
});

describe("the local reading of a filter", () => {
  it.each<[FilterSet, Partial<Activity>, string]>([
    [{}, {}, "yes"],
    [{ partner: ["ACME"] }, {}, "yes"],
    [{ partner: ["expo-2026/acme"] }, {}, "yes"],
    [{ partner: ["other/acme"] }, {}, "no"],
    [{ partner: ["globex"] }, {}, "no"],
    [{ flavor: ["message.*"] }, {}, "yes"],
    [{ flavor: ["message.sent"] }, {}, "no"],
    [{ about: ["welcome"] }, {}, "yes"],
    [{ about: ["welcome"] }, { message: null }, "no"],
    [{ not: { campaign: ["c1"] } }, {}, "yes"],
    [{ not: { browser: ["chrome"] } }, {}, "no"],
    [{ browser: ["chrome"] }, { browser: null }, "no"],
    [{ source: ["expo.example"] }, {}, "yes"],
    [{ source: ["expo.example"] }, { source_url: "https://expo.example:8443/booth" }, "yes"],
    [{ source: ["https://expo.example/pri"] }, {}, "yes"],
    [{ source: ["https://expo.example"] }, { source_url: "https://expo.example.other.example/" }, "no"],
    [{ source: ["https://expo.example"] }, { source_url: "https://expo.example:8443/" }, "no"],
    [{ source: ["https://expo.example:443"] }, {}, "yes"],
    [{ source: ["https://b\u00fccher.example/\u00fc"] }, { source_url: "https://xn--bcher-kva.example/%C3%9C/a%2Fb" }, "yes"],
    [{ source: ["https://expo.example/a/"] }, { source_url: "https://reader:secret@expo.example/a%2Fb" }, "no"],
    [{ referrer: ["mail.example"] }, {}, "no"],
    [{ message: ["welcome"] }, {}, "unknown"],
    [{ message: ["welcome"], partner: ["globex"] }, {}, "no"],
    [{ tag: ["gold"] }, {}, "unknown"],
    [{ not: { tag: ["gold"] } }, {}, "unknown"],
    [{ text: "acme 7b" }, {}, "yes"],
    [{ text: "acme nothing" }, {}, "no"],
  ])("%j", (filter, over, verdict) => expect(matcher(filter)(row(over))).toBe(verdict));
});
