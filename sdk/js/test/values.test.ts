import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Differ } from "../src/diff.js";
import { ProtocolError } from "../src/errors.js";
import { type Cell, decodeText, decodeValues } from "../src/values.js";
import { encodeValues } from "./encode.js";

const decode = (tokens: string, base: readonly Cell[] | undefined, count: number): Cell[] =>
  decodeValues(`U,7,1,${tokens}`, 6, base, count, new Differ(undefined));

describe("decodeValues", () => {
  it("follows an item through its updates", () => {
    const first = decode("09:00|1.10|1.12|EUR%7CUSD|#", undefined, 5);
    expect(first).toEqual(["09:00", "1.10", "1.12", "EUR|USD", null]);
    const second = decode("09:01||1.13|^2", first, 5);
    expect(second).toEqual(["09:01", "1.10", "1.13", "EUR|USD", null]);
    const third = decode("^4|$", second, 5);
    expect(third).toEqual(["09:01", "1.10", "1.13", "EUR|USD", ""]);
    expect(decode("|^4", third, 5)).toEqual(third);
    expect(first[0]).toBe("09:00");
  });

  it.each([
    ["3.04", "3.04"],
    ["#", null],
    ["$", ""],
    ["%23hash", "#hash"],
    ["%5E2", "^2"],
    ["%24", "$"],
    ["a%7Cb%25c,d", "a|b%c,d"],
    ["50$", "50$"],
    ["a#b^c", "a#b^c"],
    ["%c3%a0", "à"],
    ["a+b", "a+b"],
    ["grün 日本 🚀", "grün 日本 🚀"],
  ])("reads the token %s", (token, value) => {
    expect(decode(`x|${token}|y`, undefined, 3)).toEqual(["x", value, "y"]);
  });

  it.each([
    ["too few fields", "a|b", ["1", "2", "3"]],
    ["too many fields", "a|b|c|d", ["1", "2", "3"]],
    ["too many unchanged", "a|^3", ["1", "2", "3"]],
    ["a run of none", "^0|a|b|c", ["1", "2", "3"]],
    ["unchanged without a base", "a||c", undefined],
    ["a run without a base", "a|^2", undefined],
    ["a JSON patch that was not asked for", "^P[]|^2", ["1", "2", "3"]],
    ["a text diff that does not fit", "^Tz|^2", ["1", "2", "3"]],
    ["a diff of null", "^Ta|^2", [null, "2", "3"]],
    ["a diff of an unknown kind", "^Xa|^2", ["1", "2", "3"]],
    ["a caret alone", "^|a|b", ["1", "2", "3"]],
    ["bad percent-encoding", "%zz|a|b", ["1", "2", "3"]],
    ["broken UTF-8", "%ff|a|b", ["1", "2", "3"]],
  ])("refuses %s", (_, tokens, base) => {
    expect(() => decode(tokens, base, 3)).toThrow(ProtocolError);
  });

  it("reads back whatever a server may write", () => {
    const cell = fc.option(fc.string({ unit: fc.constantFrom("#", "$", "^", "%", "|", ",", "\r", "\n", "a", "1", "é", "日", "🚀"), maxLength: 4 }), { nil: null });
    const rows = fc.integer({ min: 1, max: 6 }).chain((count) => fc.array(fc.array(cell, { minLength: count, maxLength: count }), { minLength: 1, maxLength: 8 }));
    fc.assert(
      fc.property(rows, fc.boolean(), (sequence, runs) => {
        let before: Cell[] | undefined;
        for (const row of sequence) {
          const decoded = decode(encodeValues(before, row, runs), before, row.length);
          expect(decoded).toEqual(row);
          before = decoded;
        }
      }),
    );
  });

  it("throws nothing but a ProtocolError, whatever comes", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("^", "#", "$", "|", "%", "2", "P", "a", ","), maxLength: 12 }), fc.boolean(), (tokens, base) => {
        try {
          expect(decode(tokens, base ? ["1", "2", "3"] : undefined, 3)).toHaveLength(3);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});

describe("decodeText", () => {
  it("leaves a plus a plus", () => expect(decodeText("1+1%3D2")).toBe("1+1=2"));
});
