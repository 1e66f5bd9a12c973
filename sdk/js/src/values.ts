import type { Differ } from "./diff.js";
import { ProtocolError } from "./errors.js";

/** Cell is the value of one field: text, or null when the feed has none. */
export type Cell = string | null;

const HASH = 0x23;
const DOLLAR = 0x24;
const CARET = 0x5e;
const NINE = 0x39;

/**
 * decodeValues reads the value list that begins at `start` of an update line, and returns the complete row of `count`
 * cells. `base` is the row the item had on the wire before; without one every field has to be given.
 *
 *     tokens = token *( "|" token )
 *     token  = ""  unchanged  /  "#"  null  /  "$"  empty  /  "^" n  n unchanged  /  text, percent-encoded
 *           /  "^T" diff  /  "^P" patch     a change of the text, percent-encoded
 */
export function decodeValues(line: string, start: number, base: readonly Cell[] | undefined, count: number, differ: Differ): Cell[] {
  const cells: Cell[] = base ? base.slice() : new Array<Cell>(count).fill(null);
  let field = 0;
  let at = start;
  for (;;) {
    const bar = line.indexOf("|", at);
    const end = bar < 0 ? line.length : bar;
    const first = line.charCodeAt(at);
    let unchanged = 0;
    if (end === at) {
      unchanged = 1;
    } else if (first === CARET && !(line.charCodeAt(at + 1) > NINE)) {
      unchanged = countOf(line, at + 1, end);
    } else {
      if (field < count) cells[field] = first === CARET ? differed(line, at, end, field, base, differ) : cellOf(line, at, end, first);
      if (first !== CARET) differ.replaced(field);
      field++;
    }
    if (unchanged > 0) {
      if (base === undefined) throw new ProtocolError("the first update of an item leaves a field out", line);
      field += unchanged;
    }
    if (field > count) throw new ProtocolError(`an update has more than ${count} fields`, line);
    if (bar < 0) break;
    at = bar + 1;
  }
  if (field !== count) throw new ProtocolError(`an update has ${field} fields, not ${count}`, line);
  return cells;
}

function cellOf(line: string, at: number, end: number, first: number): Cell {
  if (first === HASH || first === DOLLAR) {
    // At the head of a text these two are always encoded.
    if (end - at !== 1) throw new ProtocolError("an update has a token that means nothing", line);
    return first === HASH ? null : "";
  }
  return decodeText(line.slice(at, end));
}

/** Applies the diff that the token at `at` is to what the field had before. */
function differed(line: string, at: number, end: number, field: number, base: readonly Cell[] | undefined, differ: Differ): Cell {
  const before = base?.[field];
  if (typeof before !== "string") throw new ProtocolError("an update has a diff of nothing", line);
  try {
    return differ.apply(field, before, line.charAt(at + 1), decodeText(line.slice(at + 2, end)));
  } catch (cause) {
    throw new ProtocolError("an update has a diff that does not fit", line, cause);
  }
}

function countOf(line: string, at: number, end: number): number {
  const digits = line.slice(at, end);
  if (!/^[0-9]+$/.test(digits)) throw new ProtocolError("an update has a token that this client did not ask for", line);
  const n = Number(digits);
  if (n === 0) throw new ProtocolError("an update skips no field", line);
  return n;
}

/** decodeText undoes percent-encoding. A plus sign is a plus sign. */
export function decodeText(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ProtocolError("bad percent-encoding", text, cause);
  }
}
