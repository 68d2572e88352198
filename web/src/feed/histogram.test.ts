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
    const asked: Question[] = [];
    const answers: { resolve: (bars: Bars) => void; reject: (error: Error) => void }[] = [];
    const timers: (() => void)[] = [];
    const histogram = new Histogram({
      read: (question) => (asked.push(question), new Promise((resolve, reject) => answers.push({ resolve, reject }))),
      after: (_, run) => (timers.push(run), () => {}),
      changed: () => {},
    });
    const settle = async () => {
      for (let i = 0; i < 4; i++) await Promise.resolve();
    };
    return { histogram, answers, asked, timers, settle };
  }
  const nine = at("2026-11-24T09:00:00Z");
  const bars = (count: number, older: string | null = null, back: number | null = null, start = nine): Bars => ({ items: [{ start, count }], older, back });

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

  it("goes on at once where an answer ended, and tells what is whole until all is", async () => {
    const { histogram, answers, asked, settle } = made();
    const early = nine - 60_000;
    histogram.ask(question({ before: "head" }));
    answers[0]!.resolve(bars(5, "c9", nine));
    await settle();
    expect([histogram.state, histogram.whole(nine), histogram.whole(early)]).toEqual(["known", true, false]);
    expect(asked.map((question) => question.before)).toEqual(["head", "c9"]);
    histogram.came([row("2026-11-24T09:00:30Z")]);
    // Of the minute that was cut the other half, and nothing is whole below it.
    answers[1]!.resolve(bars(2, "c4", nine, early));
    await settle();
    expect([histogram.count(nine), histogram.count(early), histogram.whole(early)]).toEqual([6, 2, false]);
    answers[2]!.resolve(bars(3, null, null, early));
    await settle();
    expect([histogram.count(nine), histogram.count(early), histogram.whole(early), answers.length]).toEqual([6, 5, true, 3]);
  });

  it("keeps what it knew as the least while it is counted again, and goes on where a step failed", async () => {
    const { histogram, answers, asked, timers, settle } = made();
    histogram.ask(question());
    answers[0]!.resolve(bars(5));
    await settle();
    histogram.ask(question({ before: "later" }));
    answers[1]!.resolve(bars(1, "c3", nine + 120_000, nine + 60_000));
    await settle();
    expect([histogram.whole(nine), histogram.count(nine), histogram.count(nine + 60_000)]).toEqual([false, 5, 1]);
    answers[2]!.reject(new Error("offline"));
    await settle();
    expect(histogram.state).toBe("known");
    timers.shift()!();
    expect(asked.at(-1)!.before).toBe("c3");
    answers[3]!.resolve(bars(6));
    await settle();
    expect([histogram.whole(nine), histogram.count(nine), histogram.count(nine + 60_000)]).toEqual([true, 6, 1]);
  });

  it("stops going on when it is asked something else", async () => {
    const { histogram, answers, settle } = made();
    histogram.ask(question());
    answers[0]!.resolve(bars(5, "c9", nine));
    await settle();
    histogram.expect({ partner: ["acme"] }, "minute");
    answers[1]!.resolve(bars(2, "c4", nine));
    await settle();
    expect([histogram.state, histogram.count(nine), answers.length]).toEqual(["counting", 5, 2]);
  });
});
