// Times in words, by the server's clock: dated where they may be taken for another.

import { afterEach, beforeEach, expect, it, vi } from "vitest";

process.env.TZ = "UTC";
const { time } = await import("./time.svelte");
const { ago, day, rowTime, short, timeWords } = await import("./words");
const { agoWords, timeOf } = await import("./times");
const { readTime, typedTime } = await import("./typed");

const at = (text: string) => Date.parse(text);
/** The server's clock says this, and this machine's own is days off. */
const now = (text: string) => {
  vi.setSystemTime(at(text) - 3 * 86_400_000);
  time.offset = 0;
  time.offset = 3 * 86_400_000;
};

beforeEach(() => {
  vi.useFakeTimers();
  now("2026-11-26T00:30:20Z");
});
afterEach(() => void vi.useRealTimers());

it.each([
  ["2026-11-26T00:10:03Z", "00:10", "00:10:03"],
  ["2026-11-25T23:59:58Z", "25 Nov 23:59", "25 Nov 23:59"],
  ["2026-11-27T00:01:00Z", "27 Nov 00:01", "27 Nov 00:01"],
  ["2026-01-01T00:00:00Z", "1 Jan 00:00", "1 Jan 00:00"],
  ["2025-12-31T23:59:00Z", "31 Dec 2025 23:59", "31 Dec 2025 23:59"],
  ["2025-10-21T23:26:00Z", "21 Oct 2025 23:26", "21 Oct 2025 23:26"],
  ["2027-01-01T00:00:00Z", "1 Jan 2027 00:00", "1 Jan 2027 00:00"],
])("%s", (given, inShort, inRow) => {
  expect([short(given), rowTime(given)]).toEqual([inShort, inRow]);
});

it("names the day of what was today when it is over", () => {
  now("2026-11-26T23:59:40Z");
  expect(rowTime("2026-11-26T23:10:00Z")).toBe("23:10:00");
  vi.advanceTimersByTime(21_000);
  expect(rowTime("2026-11-26T23:10:00Z")).toBe("26 Nov 23:10");
  now("2026-12-31T23:59:40Z");
  expect(day("2026-12-31T10:00:00Z")).toBe("31 Dec");
  vi.advanceTimersByTime(21_000);
  expect(day("2026-12-31T10:00:00Z")).toBe("31 Dec 2026");
});

it.each([
  ["2026-11-26T09:10Z", "2026-11-26T09:25Z", "26 Nov 09:10 to 09:25"],
  ["2026-11-25T23:10Z", "2026-11-26T01:00Z", "25 Nov 23:10 to 26 Nov 01:00"],
  ["2026-11-24T00:00Z", "2026-11-25T00:00Z", "24 Nov"],
  ["2025-11-24T00:00Z", "2025-11-26T00:00Z", "24 Nov 2025 to 25 Nov 2025"],
  ["2026-11-26T09:10Z", "", "Since 26 Nov 09:10"],
  ["", "2026-11-26T09:10Z", "Until 26 Nov 09:10"],
])("a span from %s to %s", (since, until, words) => {
  expect(timeWords({ since: since ? at(since) : null, until: until ? at(until) : null })).toBe(words);
});

it.each([
  ["1h", "2026-11-25T23:30:00Z", "Last hour"],
  ["30m", "2026-11-26T00:00:00Z", "Last 30 minutes"],
  ["7d", "2026-11-19T00:30:00Z", "Last 7 days"],
  ["today", "2026-11-26T00:00:00Z", null],
  ["yesterday", "2026-11-25T00:00:00Z", null],
  ["2026-11-24T09:10:00Z", "2026-11-24T09:10:00Z", null],
  ["0h", null, null],
  ["some day", null, null],
])("a time in the address: %s", (text, moment, words) => {
  expect([timeOf(text), agoWords(text)]).toEqual([moment && at(moment), words]);
});

it.each([
  ["2026-05-03 09:10", "2026-05-03T09:10Z"],
  ["2026-05-03T9:10", "2026-05-03T09:10Z"],
  [" 2026-5-3 ", "2026-05-03T00:00Z"],
  ["09:10", "2026-11-26T09:10Z"],
  ["yesterday", "2026-11-25T00:00Z"],
  ["2026-06-31", null],
  ["24:10", null],
  ["05/03/2026 09:10 AM", null],
  ["", null],
])("a time as it is typed: %s", (typed, moment) => {
  expect(readTime(typed)).toBe(moment && at(moment));
});

it("types a time as it reads one", () => {
  expect(typedTime(at("2026-05-03T09:10Z"))).toBe("2026-05-03 09:10");
  expect(readTime(typedTime(at("2026-05-03T09:10Z")))).toBe(at("2026-05-03T09:10Z"));
});

it.each([
  [0, "0 sec ago"],
  [3_400, "3 sec ago"],
  [60_000, "1 min ago"],
  [4 * 60_000 + 59_000, "4 min ago"],
  [3 * 3_600_000, "3 hr ago"],
  [86_400_000, "1 day ago"],
  [3.9 * 86_400_000, "3 days ago"],
])("%d ms ago", (ms, words) => expect(ago(ms)).toBe(words));
