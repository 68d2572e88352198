import { expect, test } from "vitest";
import { type Heard, Speaker } from "./spoken";

/** Everything said in so many seconds of being told, with the second it was said in. */
function said(told: (second: number) => Partial<Heard>, seconds: number): string[] {
  const speaker = new Speaker();
  const out: string[] = [];
  for (let second = 0; second < seconds; second++) {
    const text = speaker.hear({ now: second * 1_000, came: 0, held: false, waiting: 0, filter: "", settled: true, shown: 9, more: false, link: "live", ...told(second) });
    if (text) out.push(`${second}: ${text}`);
  }
  return out;
}

test("while following: a summary each ten seconds at most, and only when something came", () => {
  expect(said((s) => ({ came: s < 15 ? 2 : 0 }), 60)).toEqual(["1: 4 new activities", "11: 20 new activities", "21: 6 new activities"]);
  expect(said(() => ({}), 60)).toEqual([]);
});

test("while held: how many wait, once; again after it followed", () => {
  const held = (s: number) => s < 20 || s >= 40;
  expect(said((s) => ({ held: held(s), waiting: held(s) ? s % 20 : 0, came: 1 }), 50)).toEqual(["1: 1 waiting", "21: 2 new activities", "31: 10 new activities", "41: 1 waiting"]);
});

test("a filter: what it gave, once it is settled and no more is typed", () => {
  const typed = (s: number) => (s < 3 ? "" : s < 6 ? `a${s}` : "abc");
  expect(said((s) => ({ filter: typed(s), settled: s < 3 || s > 8, shown: 1_200, more: true }), 30)).toEqual(["9: The newest 1,200 activities shown"]);
  expect(said((s) => ({ filter: s < 3 ? "" : "x", shown: 0 }), 30)).toEqual(["4: No activities shown"]);
});

test("the connection: gone and back, once each; the first is not said", () => {
  const link = (s: number) => (s < 2 ? "between" : s < 5 ? "live" : s < 10 ? "offline" : s < 12 ? "between" : "live");
  expect(said((s) => ({ link: link(s) }), 30)).toEqual(["5: Offline, trying again", "12: Live again"]);
});
