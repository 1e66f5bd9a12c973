import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitLines } from "../src/lines.js";

function feed(chunks: readonly string[]): { lines: string[]; rest: string } {
  const lines: string[] = [];
  let rest = "";
  for (const chunk of chunks) {
    const split = splitLines(rest, chunk);
    lines.push(...split.lines);
    rest = split.rest;
  }
  return { lines, rest };
}

describe("splitLines", () => {
  const stream = "CONOK,S1,50000,5000,*\r\n\r\nU,1,1,a|b\r\nU,1,1,|\r\nPRO";

  it("cuts at CR LF and drops empty lines", () => {
    expect(splitLines("", stream)).toEqual({ lines: ["CONOK,S1,50000,5000,*", "U,1,1,a|b", "U,1,1,|"], rest: "PRO" });
  });

  it("gives the same for every pair of split points", () => {
    const whole = feed([stream]);
    for (let i = 0; i <= stream.length; i++) {
      for (let j = i; j <= stream.length; j++) {
        expect(feed([stream.slice(0, i), stream.slice(i, j), stream.slice(j)]), `split at ${i} and ${j}`).toEqual(whole);
      }
    }
  });

  it("gives the same character by character", () => {
    expect(feed(Array.from(stream))).toEqual(feed([stream]));
  });

  it("takes neither a bare CR nor a bare LF for a line end", () => {
    expect(feed(["a\rb\nc\n\rd", "\r", "\r", "\n"])).toEqual({ lines: ["a\rb\nc\n\rd\r"], rest: "" });
  });

  it("gives the same for any text, however cut", () => {
    const text = fc.string({ unit: fc.constantFrom("\r", "\n", "a", ",", "|"), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60), { maxLength: 6 }), (whole, cuts) => {
        const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
        expect(feed(at.slice(1).map((end, i) => whole.slice(at[i], end)))).toEqual(feed([whole]));
      }),
    );
  });
});
