import { describe, expect, it } from "vitest";
import { marks } from "./bars";

describe("a scale", () => {
  it.each([
    [0, []],
    [1, [1]],
    [2, [1, 2]],
    [3, [1, 2, 3]],
    [7, [2, 4, 6]],
    [9, [4, 8]],
    [10, [5, 10]],
    [94, [40, 80]],
    [199, [50, 100, 150]],
    [49_950, [20_000, 40_000]],
  ])("up to %d has two or three round lines", (most, want) => {
    expect(marks(most)).toEqual(want);
  });

  it("has them for any height", () => {
    for (let most = 2; most < 30_000; most += 1 + Math.floor(Math.random() * 40)) {
      const lines = marks(most);
      expect(lines.length >= 2 && lines.length <= 3 && lines.every((line) => Number.isInteger(line) && line <= most), `${most}: ${lines}`).toBe(true);
    }
  });
});
