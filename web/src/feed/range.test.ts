// A span of time beside the live feed: what is on its way when the list changes.

import { expect, it } from "vitest";
import { Range } from "./range";
import { SimClock } from "./sim-clock";
import type { Activity, Cursor, Page } from "./types";

const row = (seq: number): Activity => ({ id: `a${seq}`, seq, occurred_at: new Date(seq * 1_000).toISOString(), partner: { key: "acme", name: "", company: null } }) as unknown as Activity;
const rows = (...seqs: number[]) => seqs.map(row);
const settle = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

/** A range whose pages are answered by hand. */
function made(rowsMax: number) {
  const asked: { before: Cursor | null; answer: (items: Activity[], older: Cursor | null) => Promise<void>; fail: () => Promise<void> }[] = [];
  const clock = new SimClock();
  const counts: { before: Cursor; answer: (count: number | null) => Promise<void> }[] = [];
  const range = new Range({
    filter: {},
    span: { since: 0, until: null },
    rowsMax,
    after: (ms, run) => clock.after(ms, run),
    changed: () => {},
    now: () => clock.now,
    count: (_, __, before) => new Promise((resolve) => counts.push({ before, answer: (count) => (resolve(count), settle()) })),
    read: (_, __, before) =>
      new Promise<Page>((resolve, reject) =>
        asked.push({
          before,
          answer: (items, older) => (resolve({ items: [...items].reverse(), older, newer: "c99", more: false, complete: true, searched_back_to: null }), settle()),
          fail: () => (reject(new Error("offline")), settle()),
        }),
      ),
  });
  const seqs = () => range.view.rows.all().map((one) => one.seq);
  return { range, asked, counts, clock, seqs };
}

it("does not take a page that no longer joins: rows at the low end were forgotten meanwhile", async () => {
  const { range, asked, seqs } = made(4);
  await asked.shift()!.answer(rows(11, 12, 13), "c10");
  const older = range.loadOlder();
  // Live rows push the oldest out while the page is on its way.
  for (const seq of [14, 15, 16]) range.came(rows(seq), `c${seq}`);
  expect(seqs()).toEqual([14, 15, 16]);
  const { before, answer } = asked.shift()!;
  await answer(rows(8, 9, 10), "c7");
  expect([before, await older, seqs(), range.view.older]).toEqual(["c10", false, [14, 15, 16], "c99"]);
  // Asked again, from where the list ends now.
  const again = range.loadOlder();
  expect(asked[0]!.before).toBe("c99");
  await asked.shift()!.answer(rows(11, 12, 13), "c10");
  expect([await again, seqs()]).toEqual([true, [11, 12, 13, 14, 15, 16]]);
});

it("does not take what was asked before it began again", async () => {
  const { range, asked, seqs } = made(100);
  await asked.shift()!.answer(rows(11, 12), "c10");
  const older = range.loadOlder();
  range.again();
  await asked.shift()!.answer(rows(9, 10), "c8");
  expect([await older, seqs()]).toEqual([false, [11, 12]]);
  await asked.shift()!.answer(rows(11, 12, 13), "c10");
  expect(seqs()).toEqual([11, 12, 13]);
});

it("asks again where the first page could not be had", async () => {
  const { range, asked, clock, seqs } = made(100);
  await asked.shift()!.fail();
  expect([range.failed, range.view.settled]).toEqual([true, false]);
  clock.advance(2_000);
  await asked.shift()!.answer(rows(1), null);
  expect([range.failed, seqs()]).toEqual([false, [1]]);
});

it("is sealed: held against the store, up to where it has come and down to where it ends", async () => {
  const { range, asked, counts, clock } = made(100);
  await asked.shift()!.answer(rows(11, 12, 13), "c10");
  clock.advance(600);
  expect(counts.map((one) => one.before)).toEqual(["c99", "c10"]);
  // One more comes while it is counted: the question was about three.
  range.came(rows(14), "c100");
  await counts[0]!.answer(8);
  await counts[1]!.answer(5);
  expect([range.view.seal.state, range.view.seal.stored, range.below]).toEqual(["complete", 3, 5]);
  // How many lie below is known; asked again, only what lies above is.
  counts.splice(0);
  range.checkSeal();
  expect(counts.map((one) => one.before)).toEqual(["c100"]);
  await counts.shift()!.answer(10);
  // One is missing: all is read again, and it is complete.
  expect([range.view.seal.state, asked.length]).toEqual(["refilling", 1]);
  await asked.shift()!.answer(rows(11, 12, 13, 14, 15), "c10");
  clock.advance(600);
  await counts.shift()!.answer(10);
  await counts.shift()!.answer(5);
  expect(range.view.seal.state).toBe("complete");
});

it("vouches for nothing where the store could not look that far", async () => {
  const { range, asked, counts, clock } = made(100);
  await asked.shift()!.answer(rows(11), null);
  clock.advance(600);
  await counts.shift()!.answer(null);
  expect(range.view.seal.state).toBe("unchecked");
});

it("moves along: what falls out of it goes, and a page that was asked before brings no more than it holds", async () => {
  const { range, asked, seqs } = made(100);
  await asked.shift()!.answer(rows(11, 12, 13), "c10");
  void range.loadOlder();
  range.slide({ since: 12_000, until: null });
  expect(seqs()).toEqual([12, 13]);
  await asked.shift()!.answer(rows(9, 10), null);
  expect([seqs(), range.view.seal.shown]).toEqual([[12, 13], 2]);
  range.came(rows(14), "c100");
  expect(seqs()).toEqual([12, 13, 14]);
  // Its end moved: what has come into it is not here, and is read.
  range.slide({ since: 12_000, until: 13_000 });
  await asked.shift()!.answer(rows(12), null);
  expect(seqs()).toEqual([12]);
});

it("lets what comes wait while nothing is found yet: it may lie below what is being searched", async () => {
  const { range, asked, seqs } = made(100);
  // The store was read up to 255, further than the live feed has come, and the search ended without a row.
  await asked.shift()!.answer([], "c246");
  range.came(rows(209, 218), "c225");
  expect(seqs()).toEqual([]);
  await asked.shift()!.answer(rows(209, 218, 240), "c200");
  expect([seqs(), range.view.position, range.view.seal.shown]).toEqual([[209, 218, 240], "c99", 3]);
  range.came(rows(256), "c256");
  expect([seqs(), range.view.position]).toEqual([[209, 218, 240, 256], "c256"]);
});
