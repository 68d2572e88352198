// Single moments of reconciliation, each once a fault.

import { describe, expect, it } from "vitest";
import type { Activity, Page, ServerFrame } from "./types";
import { View } from "./view";

const row = (seq: number, over: Partial<Activity> = {}): Activity =>
  ({ id: `a${seq}`, seq, flavor: { key: "page.viewed", label: "" }, event: { key: "e", name: "" }, partner: { key: seq % 2 ? "odd" : "even", name: "", company: null }, grade: "unclear", grade_reasons: [], ...over }) as Activity;
const rows = (...seqs: number[]) => seqs.map((seq) => row(seq));
const seqs = (view: View) => view.rows.all().map((r) => r.seq);
type Frame<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;
const fresh = (items: Activity[], older: string | null, position: string): Frame<"subscribed"> => ({ type: "subscribed", sub: "feed", rev: 1, mode: "fresh", position, items, older, head: position, catching_up: false });
const came = (items: Activity[], position: string, rev = 1, more = {}): Frame<"activities"> => ({ type: "activities", sub: "feed", rev, items, position, ...more });
const refiltered = (rev: number, ref: string | undefined, items: Activity[], older: string | null, position: string): Frame<"refiltered"> => ({ type: "refiltered", sub: "feed", rev, ...(ref ? { ref } : {}), items, older, position });
const page = (items: Activity[], older: string | null): Page => ({ items: [...items].reverse(), older, newer: "x", more: false, complete: true, searched_back_to: null });

describe("a change of filter", () => {
  it("keeps what is known to match, and lets history confirm what lies below", () => {
    const view = new View({});
    view.subscribed(fresh(rows(5, 6, 7, 8, 9, 10), "c4", "c10"));
    view.refilter({ partner: ["odd"] }, "r1");
    expect(seqs(view)).toEqual([5, 7, 9]);
    view.activities(came(rows(11, 12), "c12"));
    expect(seqs(view)).toEqual([5, 7, 9, 11]);
    view.refiltered(refiltered(2, "r1", rows(9, 11), "c8", "c12"));
    expect([seqs(view), view.unconfirmed]).toEqual([[5, 7, 9, 11], 2]);
    view.history(page(rows(3, 5), "c2"));
    expect([seqs(view), view.unconfirmed]).toEqual([[3, 5, 9, 11], 0]);
  });

  it("there and back before the answer brings back what was here", () => {
    const view = new View({});
    view.subscribed(fresh(rows(1, 2, 3, 4), null, "c4"));
    view.refilter({ partner: ["odd"] }, "r1");
    view.refilter({ partner: ["even"] }, "r2");
    expect(seqs(view)).toEqual([2, 4]);
    view.refilter({}, "r3");
    expect(seqs(view)).toEqual([1, 2, 3, 4]);
  });

  it("does not take the answer to an earlier change", () => {
    const view = new View({});
    view.subscribed(fresh(rows(1, 2), null, "c2"));
    view.refilter({ partner: ["odd"] }, "r1");
    view.refilter({ partner: ["even"] }, "r2");
    view.refiltered(refiltered(2, "r1", rows(1), null, "c2"));
    expect(view.settled).toBe(false);
    view.refiltered(refiltered(3, "r2", rows(2), null, "c2"));
    expect([seqs(view), view.settled]).toEqual([[2], true]);
  });

  it("keeps rows that come after an answer without any", () => {
    const view = new View({});
    view.subscribed(fresh(rows(3, 4), "c2", "c4"));
    view.refilter({ message: ["m"] }, "r1");
    view.refiltered(refiltered(2, "r1", [], "c1", "c4"));
    view.activities(came(rows(5), "c5", 2));
    view.history(page([], null));
    expect(seqs(view)).toEqual([5]);
  });

  it("holds when a member comes or goes while the answer is on its way", () => {
    const view = new View({});
    view.subscribed(fresh(rows(1, 2), null, "c2"));
    view.refilter({ message: ["m"] }, "r1");
    // Of the server's own accord, for the filter already left.
    view.refiltered(refiltered(2, undefined, rows(1), null, "c3"));
    expect(view.settled).toBe(false);
    view.refiltered(refiltered(3, "r1", rows(2), null, "c3"));
    // ... and for the new one.
    view.refiltered(refiltered(4, undefined, rows(1, 2), null, "c4"));
    expect([seqs(view), view.seal.shown, view.position]).toEqual([[1, 2], 2, "c4"]);
  });
});

describe("a connection that is lost", () => {
  it("between a refilter and its answer leaves no position: it was reached under the filter before", () => {
    const view = new View({});
    view.subscribed(fresh(rows(1, 2), null, "c2"));
    view.refilter({ partner: ["odd"] }, "r1");
    view.disconnected();
    expect([view.position, view.pendingRef, view.settled]).toEqual([null, null, false]);
  });

  it("goes on where it was, when all was answered", () => {
    const view = new View({});
    view.subscribed(fresh(rows(1, 2), null, "c2"));
    view.disconnected();
    expect(view.position).toBe("c2");
  });

  it("keeps no row of another log, where the fresh answer brings none to compare with", () => {
    const view = new View({});
    view.subscribed(fresh(rows(1, 2, 8, 9), null, "c9"));
    view.refilter({ partner: ["odd"] }, "r1");
    view.disconnected();
    // The log was restored to 5 entries meanwhile, and the search for the newest ended without any.
    view.subscribed(fresh([], "d4", "d5"));
    expect(seqs(view)).toEqual([]);
    view.activities(came([row(6, { id: "b6" })], "d6"));
    view.history(page([], null));
    expect([seqs(view), view.unconfirmed]).toEqual([[6], 0]);
  });

  it("drops kept rows above the first that comes: they cannot be of this log", () => {
    const view = new View({});
    view.subscribed(fresh(rows(1, 2, 8, 9), null, "c9"));
    view.refilter({ message: ["m"] }, "r1");
    view.refiltered(refiltered(2, "r1", [], "c4", "c5"));
    view.activities(came([row(6)], "c6", 2));
    expect(seqs(view)).toEqual([1, 2, 6]);
  });
});

describe("the seal", () => {
  it.each<[string, (view: View) => void]>([
    ["a change of filter is under way", (view) => view.refilter({ partner: ["odd"] }, "r1")],
    ["members came or went", (view) => view.refiltered(refiltered(2, undefined, rows(1, 2), null, "c2"))],
    ["the view began afresh", (view) => (view.disconnected(), view.subscribed(fresh(rows(1, 2), null, "c2")))],
    ["the log is another one", (view) => view.forget()],
  ])("vouches for nothing when %s, until it is asked again", (_, change) => {
    const view = new View({});
    view.subscribed(fresh(rows(1, 2), null, "c2"));
    expect(view.seal.compare(2, null, 1)).toBe("complete");
    change(view);
    expect(view.seal.state).toBe("unchecked");
  });
});

describe("changes to what is shown", () => {
  it("counts each row of one erasure once, however often it is told", () => {
    const view = new View({});
    view.subscribed(fresh(rows(1, 2, 3), null, "c3"));
    const erased = [
      { id: "a1", seq: 1, at: 4 },
      { id: "a2", seq: 2, at: 4 },
    ];
    view.activities(came([], "c4", 1, { erased }));
    view.activities(came([], "c4", 1, { erased }));
    expect([seqs(view), view.seal.shown]).toEqual([[3], 1]);
  });

  it("counts afresh what it holds when something is erased that it may have let go, or never had", () => {
    const view = new View({}, 3);
    view.subscribed(fresh(rows(1, 2), null, "c2"));
    for (const seq of [3, 4, 5]) view.activities(came(rows(seq), `c${seq}`));
    expect([seqs(view), view.seal.shown]).toEqual([[3, 4, 5], 5]);
    expect(view.seal.compare(5, null, 1)).toBe("complete");
    view.activities(came([], "c6", 1, { erased: [{ id: "a1", seq: 1, at: 6 }] }));
    expect([seqs(view), view.seal.shown, view.seal.from, view.seal.state]).toEqual([[3, 4, 5], 3, view.older, "complete"]);
    // One that is held is counted out; one that is not here, above, is none of it.
    view.activities(came([], "c8", 1, { erased: [{ id: "a4", seq: 4, at: 7 }, { id: "x", seq: 6, at: 8 }] }));
    expect([seqs(view), view.seal.shown]).toEqual([[3, 5], 2]);
  });

  it("lays a change over the page of history that was read before it", () => {
    const view = new View({});
    view.subscribed(fresh(rows(3), "c2", "c3"));
    view.historyAsked();
    view.activities(came([], "c5", 1, { amended: [{ id: "a2", seq: 2, at: 5, grade: "machine", grade_reasons: ["x"] }], erased: [{ id: "a1", seq: 1, at: 4 }] }));
    view.history(page(rows(1, 2), null));
    expect(view.rows.all().map((r) => `${r.seq} ${r.grade}`)).toEqual(["2 machine", "3 unclear"]);
    expect(view.seal.shown).toBe(2);
  });
});

describe("a row that comes to match below what is held", () => {
  const entered = { id: "a8", seq: 8, at: 20, grade: "machine", grade_reasons: [], item: row(8) };
  it.each([
    ["lies below, where the page was whole", true, false],
    ["may lie above, where the search was cut short: read afresh", false, true],
  ])("%s", (_, complete, doubt) => {
    const view = new View({});
    view.asked = 2;
    view.subscribed(fresh(rows(14, 15), "c13", "c15"));
    view.history({ ...page(rows(10, 12), complete ? "c9" : "c6"), complete });
    view.activities(came([], "c20", 1, { amended: [entered] }));
    expect([view.doubt, seqs(view)]).toEqual([doubt, [10, 12, 14, 15]]);
    view.refiltered(refiltered(2, undefined, rows(8, 10, 12, 14, 15), "c6", "c20"));
    expect(view.doubt).toBe(false);
  });
});

describe("room", () => {
  const full = () => {
    const view = new View({}, 6);
    view.subscribed(fresh(rows(11, 12), "c10", "c12"));
    return view;
  };

  it("forgets the oldest at a mark, from where they can be read again", () => {
    const view = full();
    for (let seq = 13; seq <= 18; seq++) view.activities(came(rows(seq), `c${seq}`));
    expect([seqs(view), view.older, view.seal.shown]).toEqual([[13, 14, 15, 16, 17, 18], "c12", 8]);
    view.history(page(rows(9, 10, 11, 12), "c8"));
    expect(view.older).toBe("c8");
  });

  it("does not empty itself when history fills it", () => {
    const view = full();
    view.history(page(rows(9, 10), "c8"));
    view.history(page(rows(7, 8), "c6"));
    view.activities(came(rows(13), "c13"));
    expect([seqs(view), view.older]).toEqual([[9, 10, 11, 12, 13], "c8"]);
  });

  it("lets go of what waits, never of what is being read", () => {
    const view = full();
    view.hold();
    for (let seq = 13; seq <= 20; seq++) view.activities(came(rows(seq), `c${seq}`));
    expect([view.shownRows, view.waiting, seqs(view).slice(0, 2)]).toEqual([2, 8, [11, 12]]);
    expect(view.release()).toBe(true);
  });

  it("holds from the first answer on, when it was to hold before it", () => {
    const view = new View({});
    view.hold();
    view.subscribed(fresh(rows(1, 2, 3), null, "c3"));
    view.activities(came(rows(4), "c4"));
    expect([view.shownRows, view.waiting]).toEqual([3, 1]);
  });

  it("gives up rows kept from another filter before those it knows", () => {
    const view = full();
    view.history(page(rows(7, 8, 9, 10), "c6"));
    view.refilter({ message: ["m"] }, "r1");
    view.refiltered(refiltered(2, "r1", rows(11, 12), "c10", "c12"));
    view.activities(came(rows(13, 14), "c14", 2));
    expect([seqs(view), view.unconfirmed, view.older]).toEqual([[9, 10, 11, 12, 13, 14], 2, "c10"]);
  });
});

describe("catching up", () => {
  it("knows how much is to go, and forgets it when there is none", () => {
    const view = new View({});
    view.subscribed({ ...fresh(rows(1, 2), null, "c2"), catching_up: true, remaining: 10 });
    expect(view.remaining).toBe(10);
    view.activities(came(rows(3, 4), "c4", 1, { remaining: 8 }));
    expect(view.remaining).toBe(8);
    // A server that does not say it leaves the last word standing.
    view.activities(came(rows(5), "c5"));
    expect(view.remaining).toBe(8);
    view.caughtUp("c12");
    expect([view.remaining, view.catchingUp, view.position]).toEqual([null, false, "c12"]);
  });
});
