import { expect, it } from "vitest";
import { backoff, LONGEST_RETRY } from "../src/backoff.js";

it("draws the first retry from one second", () => {
  expect(backoff(0, 0)).toBe(0);
  expect(backoff(0, 0.999)).toBe(999);
});

it("doubles the range up to 20 seconds, and draws from all of it", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 1000].map((attempt) => backoff(attempt, 0.5))).toEqual([500, 1000, 2000, 4000, 8000, 10000, 10000, 10000]);
  expect(backoff(1000, 0)).toBe(0);
  expect(backoff(1000, 0.9999)).toBeLessThanOrEqual(LONGEST_RETRY);
});
