import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { applyDiff, Differ } from "../src/diff.js";
import { ProtocolError } from "../src/errors.js";
import { jsonPatch } from "../src/json-patch.js";
import { isUpdate, parseMessage, parseUpdateHead } from "../src/messages.js";
import { type Cell, decodeText, decodeValues } from "../src/values.js";

// The transcripts are shared with the server's tests. A missing file is a failure.
function transcript<Case>(name: string): Case[] {
  return JSON.parse(readFileSync(new URL(`../../../protocol/testdata/${name}`, import.meta.url), "utf8")) as Case[];
}

interface TokenCase {
  readonly token: string;
  readonly value?: Cell;
  readonly invalid?: boolean;
}

interface Story {
  readonly name: string;
  readonly fields: number;
  readonly updates: readonly { readonly body: string; readonly values?: readonly Cell[]; readonly changed?: readonly number[]; readonly error?: boolean }[];
}

interface DiffCase {
  readonly base: string;
  readonly diff: string;
  readonly value?: string;
}

interface LineCase {
  readonly line: string;
  readonly tag?: string;
  readonly error?: boolean;
  readonly want?: {
    readonly name?: string;
    readonly limit?: number;
    readonly number?: number;
    readonly text?: string;
    readonly code?: number;
    readonly sub?: number;
    readonly item?: number;
    readonly items?: number;
    readonly fields?: number;
    readonly kbps?: number;
    readonly keyPos?: number;
    readonly commandPos?: number;
    readonly frequency?: { readonly kind: number; readonly perSecond?: number };
  };
}

describe("tokens.json", () => {
  it.each(transcript<TokenCase>("tokens.json"))("$token", ({ token, value, invalid }) => {
    const decode = (): Cell[] => decodeValues(token, 0, undefined, 1, new Differ(jsonPatch));
    if (invalid) expect(decode).toThrow(ProtocolError);
    else expect(decode()).toEqual([value]);
  });
});

describe("diffs.json", () => {
  it.each(transcript<DiffCase>("diffs.json"))("$base and $diff", ({ base, diff, value }) => {
    // A case without a value is one that does not fit.
    expect(applyDiff(base, diff)).toBe(value);
  });
});

describe.each(["updates.json", "update-diffs.json"])("%s", (file) => {
  it.each(transcript<Story>(file))("$name", ({ fields, updates }) => {
    // The first of the two is about a client that takes no patches.
    const differ = new Differ(file === "updates.json" ? undefined : jsonPatch);
    let row: Cell[] | undefined;
    for (const { body, values, changed, error } of updates) {
      const decode = (): Cell[] => decodeValues(body, 0, row, fields, differ);
      if (error) {
        expect(decode, body).toThrow(ProtocolError);
        return;
      }
      const next = decode();
      expect(next, body).toEqual(values);
      const different = next.flatMap((cell, i) => (row && row[i] === cell ? [] : [i + 1]));
      expect(changed, body).toEqual(expect.arrayContaining(different));
      row = next;
    }
  });
});

/** What a line of each tag should read as, or nothing for a tag this client does not read. */
function expected(tag: string, want: NonNullable<LineCase["want"]>): unknown {
  const text = want.text === undefined ? undefined : decodeText(want.text);
  switch (tag) {
    case "CONOK":
      return { tag, sessionId: want.name, requestLimit: want.limit, keepAlive: want.number, controlLink: want.text === "*" ? undefined : want.text };
    case "CONERR":
    case "END":
    case "ERROR":
      return { tag, code: want.code, text };
    case "LOOP":
      return { tag, delay: want.number };
    case "WSOK":
      return { tag };
    case "REQOK":
      return { tag, requestId: want.name ?? "" };
    case "REQERR":
      return { tag, requestId: want.name, code: want.code, text };
    case "CONS":
      return { tag, bandwidth: want.kbps === 0 ? "unlimited" : want.kbps === -1 ? "unmanaged" : want.kbps };
    case "PROG":
      return { tag, count: want.number };
    case "MSGDONE":
      return { tag, sequence: want.name, number: want.number, text };
    case "MSGFAIL":
      return { tag, sequence: want.name, number: want.number, code: want.code, text };
    case "SUBOK":
      return { tag, id: want.sub, items: want.items, fields: want.fields };
    case "SUBCMD":
      return { tag, id: want.sub, items: want.items, fields: want.fields, key: want.keyPos, command: want.commandPos };
    case "UNSUB":
      return { tag, id: want.sub };
    case "EOS":
    case "CS":
      return { tag, id: want.sub, item: want.item };
    case "OV":
      return { tag, id: want.sub, item: want.item, lost: want.number };
    case "CONF":
      return { tag, id: want.sub, maxFrequency: want.frequency?.perSecond ?? "unlimited", filtered: want.frequency?.kind !== 1 };
    default:
      return undefined;
  }
}

/** Tags whose lines say nothing to this client, so that it does not look inside. */
const UNREAD = /^(PROBE|SYNC|NOOP|SERVNAME|CLIENTIP)\b/;

describe("lines.json", () => {
  it.each(transcript<LineCase>("lines.json"))("$line", ({ line, tag = "", want = {}, error }) => {
    if (UNREAD.test(line)) return expect(parseMessage(line)).toBeUndefined();
    if (tag === "U" || /^U(,|$)/.test(line)) {
      if (error) return expect(() => parseUpdateHead(line)).toThrow(ProtocolError);
      expect(isUpdate(line)).toBe(true);
      const head = parseUpdateHead(line);
      return expect({ ...head, start: line.slice(head.start) }).toEqual({ id: want.sub, item: want.item, start: want.text });
    }
    if (error) return expect(() => parseMessage(line)).toThrow(ProtocolError);
    expect(parseMessage(line)).toEqual(expected(tag, want));
  });
});
