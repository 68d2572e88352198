// Bars and their edges; that they are exact while rows come in is the model test's.

import { describe, expect, it } from "vitest";
import { barAfter, barOf, Histogram, type Question } from "./histogram";
import type { Activity, Bars } from "./types";

const at = (text: string) => new Date(text).getTime();
const row = (occurred_at: string) => ({ occurred_at: new Date(occurred_at).toISOString() }) as Activity;
const question = (over: Partial<Question> = {}): Question => ({ filter: {}, width: "minute", since: 0, until: null, before: "c", ...over });

describe("a bar", () => {
  it.each([
    ["minute", "2026-11-24T09:14:59.999", "2026-11-24T09:14:00", 1, "2026-11-24T09:15:00"],
    ["hour", "2026-11-24T09:14:59.999", "2026-11-24T09:00:00", 24, "2026-11-25T09:00:00"],
    ["day", "2026-11-24T09:14:59.999", "2026-11-24T00:00:00", -24, "2026-10-31T00:00:00"],
    // Where clocks change, a day is longer or shorter; here or elsewhere, it begins at midnight.
    ["day", "2026-03-29T12:00:00", "2026-03-29T00:00:00", 1, "2026-03-30T00:00:00"],
  ] as const)("of a %s begins where it does", (width, time, start, by, later) => {
    expect(barOf(at(time), width)).toBe(at(start));
    expect(barAfter(at(start), width, by)).toBe(at(later));
  });
});

describe("a histogram", () => {
  function made() {
    const answers: { resolve: (bars: Bars) => void; reject: (error: Error) => void }[] = [];
    const timers: (() => void)[] = [];
    const histogram = new Histogram({
      read: () => new Promise((resolve, reject) => answers.push({ resolve, reject })),
      after: (_, run) => (timers.push(run), () => {}),
      changed: () => {},
    });
    const settle = async () => {
      for (let i = 0; i < 4; i++) await Promise.resolve();
    };
    return { histogram, answers, timers, settle };
  }
  const nine = at("2026-11-24T09:00:00Z");
  const bars = (count: number, complete = true): Bars => ({ items: [{ start: nine, count }], complete });

  it("adds to the answer what came while it was on its way", async () => {
    const { histogram, answers, settle } = made();
    histogram.ask(question());
    histogram.came([row("2026-11-24T09:00:59Z")]);
    expect(histogram.state).toBe("counting");
    answers[0]!.resolve(bars(3));
    await settle();
    expect([histogram.state, histogram.count(nine)]).toEqual(["known", 4]);
    histogram.came([row("2026-11-24T09:00:01Z"), row("2026-11-24T08:59:59Z")]);
    expect(histogram.count(nine)).toBe(5);
  });

  it("never passes off figures of another filter as this one's", async () => {
    const { histogram, answers, timers, settle } = made();
    histogram.ask(question());
    answers[0]!.resolve(bars(3));
    await settle();
    histogram.expect({ partner: ["acme"] }, "minute");
    expect(histogram.state).toBe("counting");
    histogram.ask(question({ filter: { partner: ["acme"] } }));
    answers[1]!.reject(new Error("offline"));
    await settle();
    expect([histogram.state, histogram.count(nine)]).toEqual(["failed", 0]);
    timers.shift()!();
    answers[2]!.resolve(bars(1));
    await settle();
    expect([histogram.state, histogram.count(nine)]).toEqual(["known", 1]);
  });

  it("keeps its figures when reading them again fails, and heeds no late answer to an older question", async () => {
    const { histogram, answers, settle } = made();
    histogram.ask(question());
    histogram.ask(question());
    answers[1]!.resolve(bars(2));
    answers[0]!.resolve(bars(9));
    await settle();
    histogram.ask(question());
    answers[2]!.reject(new Error("offline"));
    await settle();
    expect([histogram.state, histogram.count(nine)]).toEqual(["known", 2]);
  });

  it("says that it is the least there is where the search was cut short", async () => {
    const { histogram, answers, settle } = made();
    histogram.ask(question());
    answers[0]!.resolve(bars(5));
    await settle();
    histogram.ask(question());
    answers[1]!.resolve({ items: [{ start: nine + 60_000, count: 1 }], complete: false });
    await settle();
    expect([histogram.complete, histogram.count(nine), histogram.count(nine + 60_000)]).toEqual([false, 5, 1]);
  });
});
