import { ProtocolError } from "./errors.js";

/** JsonPatch applies a JSON Patch to a document. All are text. It throws when they do not fit. */
export type JsonPatch = (document: string, patch: string) => string;

/**
 * Differ makes values of one item out of those before and what has changed in them. A document that was patched is
 * written by this client in its own way, so the server cannot know its characters: no text diff may follow.
 */
export class Differ {
  readonly #patched = new Set<number>();

  constructor(private readonly jsonPatch: JsonPatch | undefined) {}

  /** A field has been given a value in full. */
  replaced(field: number): void {
    if (this.#patched.size > 0) this.#patched.delete(field);
  }

  /** Applies a diff of a kind, `T` or `P`, to the value of a field. Throws an Error when it does not fit. */
  apply(field: number, base: string, kind: string, diff: string): string {
    if (kind === "P" && this.jsonPatch) {
      this.#patched.add(field);
      return this.jsonPatch(base, diff);
    }
    const value = kind === "T" && !this.#patched.has(field) ? applyDiff(base, diff) : undefined;
    if (value === undefined) throw new ProtocolError("an update has a diff that does not fit", diff);
    return value;
  }
}

const A = 0x61;
const BASE = 26;

/**
 * applyDiff makes a value out of another one and a TLCP-diff, or returns undefined when they do not fit.
 *
 *     diff  = *( copy add delete )        ; may end after any of them
 *     count = *( "A".."Z" ) "a".."z"      ; base 26, the last digit in lower case
 *
 * Copy takes so many characters of the base, add those that follow in the diff, and delete skips some of the base. What
 * is left of the base in the end is not copied. Characters are units of UTF-16.
 */
export function applyDiff(base: string, diff: string): string | undefined {
  let value = "";
  let from = 0;
  let at = 0;
  for (let step = 0; at < diff.length; step++) {
    let count = 0;
    for (let last = false; !last; at++) {
      const code = diff.charCodeAt(at);
      // Upper and lower case differ by one bit. Past the end of the text the code is NaN, and no digit.
      const digit = (code | 0x20) - A;
      if (!(digit >= 0 && digit < BASE)) return undefined;
      count = count * BASE + digit;
      last = code >= A;
    }
    if (step % 3 === 1) {
      value += diff.slice(at, (at += count));
      if (at > diff.length) return undefined;
    } else {
      if (step % 3 === 0) value += base.slice(from, from + count);
      from += count;
      if (from > base.length) return undefined;
    }
  }
  // Half a pair of surrogates is no character.
  return /[\ud800-\udfff]/u.test(value) ? undefined : value;
}
