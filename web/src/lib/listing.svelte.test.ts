import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Listing } from "./listing.svelte";

interface Item {
  key: string;
  name: string;
}

/** A server with a list of its own, whose answers come when the test lets them. */
function served(keys: string[], size = 1_000) {
  const store = new Map(keys.map((key) => [key, { key, name: key }]));
  const asked: string[] = [];
  const held: (() => void)[] = [];
  let holding = false;
  const answer = <T>(value: T) => (holding ? new Promise<T>((resolve) => held.push(() => resolve(value))) : Promise.resolve(value));
  const list = new Listing<Item>({
    page: (after) => {
      asked.push(`page ${after ?? ""}`.trim());
      const all = [...store.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
      const from = after === null ? 0 : all.findIndex((item) => item.key > after);
      const items = from < 0 ? [] : all.slice(from, from + size);
      const next = from >= 0 && from + size < all.length ? items.at(-1)!.key : null;
      return answer({ items, next });
    },
    one: (key) => {
      asked.push(key);
      const item = store.get(key);
      return item ? answer({ ...item }) : Promise.reject({ status: 404 });
    },
    key: (item) => item.key,
  });
  return {
    list,
    store,
    asked,
    hold: () => (holding = true),
    release: () => {
      holding = false;
      held.splice(0).forEach((run) => run());
    },
    names: () => list.items?.map((item) => item.name),
  };
}

const keys = (count: number) => Array.from({ length: count }, (_, i) => `p${String(i).padStart(5, "0")}`);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("is read up to a bound, and on from there", async () => {
  const { list, asked } = served(keys(5_600));
  await list.load();
  expect([list.items?.length, list.whole, asked.length]).toEqual([5_000, false, 5]);
  await Promise.all([list.readAll(), list.readAll()]);
  expect([list.items?.length, list.whole, asked.length]).toEqual([5_600, true, 6]);
});

it("reads alone what is met, each once, and puts it in its place", async () => {
  const { list, store, asked, names } = served(["a", "c"]);
  await list.load();
  store.set("b", { key: "b", name: "b" });
  for (let i = 0; i < 100; i++) list.want("b");
  list.want("gone");
  await vi.advanceTimersByTimeAsync(1_000);
  expect([asked, names()]).toEqual([["page", "b", "gone"], ["a", "b", "c"]]);
  list.want("gone");
  list.want("a");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(asked.length).toBe(3);
});

it("reads again what has changed, though it is known", async () => {
  const { list, store, names } = served(["a"]);
  await list.load();
  store.set("a", { key: "a", name: "A Ltd" });
  list.want("a");
  list.want("a", true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(names()).toEqual(["A Ltd"]);
});

it("drops what somebody deleted, and finds it again when it is made anew", async () => {
  const { list, store, names } = served(["a", "b"]);
  await list.load();
  store.delete("b");
  list.want("b", true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(names()).toEqual(["a"]);
  store.set("b", { key: "b", name: "anew" });
  list.want("b", true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(names()).toEqual(["a", "anew"]);
});

it("reads a whole list again for very many, once in a while", async () => {
  const { list, store, asked } = served(["a"]);
  await list.load();
  for (let second = 0; second < 60; second++) {
    for (const key of keys(40)) {
      store.set(`${key}-${second}`, { key: `${key}-${second}`, name: "x" });
      list.want(`${key}-${second}`);
    }
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(asked.filter((one) => one === "page").length).toBeLessThanOrEqual(13);
  expect(asked.length).toBeLessThan(60 * 9);
});

it("never reads a long list again for what is met", async () => {
  const { list, asked } = served(keys(6_000));
  await list.load();
  for (const key of keys(6_000).slice(5_000, 5_100)) list.want(key);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked.filter((one) => one.startsWith("page")).length).toBe(5);
  expect(list.items?.length).toBe(5_100);
});

it("keeps what was put while an older answer was on its way", async () => {
  const { list, store, hold, release, names } = served(["a"]);
  hold();
  const loading = list.load();
  store.set("b", { key: "b", name: "b" });
  list.put({ key: "b", name: "b" });
  release();
  await loading;
  expect(names()).toEqual(["a", "b"]);
});

it("takes nothing of an event that was left", async () => {
  const { list, hold, release } = served(["a"]);
  hold();
  const loading = list.load();
  list.forget();
  release();
  await loading;
  expect(list.items).toBeNull();
});

it.each<[string, (of: ReturnType<typeof served>) => unknown]>([
  ["the whole", ({ list }) => void list.load()],
  ["one alone", ({ list }) => (list.want("b", true), vi.advanceTimersByTimeAsync(1_000))],
])("does not take back what was put and dropped while %s was being read", async (_, read) => {
  const all = served(["a", "b", "c"]);
  const { list, hold, release, names } = all;
  await list.load();
  hold();
  await read(all);
  list.put({ key: "b", name: "B Ltd" });
  list.drop("c");
  release();
  await vi.advanceTimersByTimeAsync(0);
  expect(names()).toEqual(["a", "B Ltd"]);
});

it("does not take from one alone what a later reading of the whole has brought", async () => {
  const { list, store, hold, release, names } = served(["a"]);
  await list.load();
  hold();
  list.want("a", true);
  await vi.advanceTimersByTimeAsync(1_000);
  // Asked for later, answered sooner.
  store.set("a", { key: "a", name: "A Ltd" });
  const loading = list.load();
  release();
  await loading;
  await vi.advanceTimersByTimeAsync(0);
  expect(names()).toEqual(["A Ltd"]);
});

it("takes the answer to a question of an event that was left into no other", async () => {
  const { list, names } = served(["a"]);
  await list.load();
  const put = list.hand();
  put({ key: "b", name: "b" });
  expect(names()).toEqual(["a", "b"]);
  list.forget();
  await list.load();
  put({ key: "z", name: "of another event" });
  expect(names()).toEqual(["a"]);
});
