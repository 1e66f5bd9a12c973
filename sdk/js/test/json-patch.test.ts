import { describe, expect, it } from "vitest";
import { jsonPatch } from "../src/json-patch.js";
import { connected, setup } from "./fake.js";

const patch = (document: unknown, ...operations: unknown[]): unknown => JSON.parse(jsonPatch(JSON.stringify(document), JSON.stringify(operations)));

// The examples of RFC 6902, appendix A, and what they leave open.
describe("jsonPatch", () => {
  it.each<[string, unknown, unknown, unknown]>([
    ["adds a member", { foo: "bar" }, { op: "add", path: "/baz", value: "qux" }, { foo: "bar", baz: "qux" }],
    ["adds an element", { foo: ["bar", "baz"] }, { op: "add", path: "/foo/1", value: "qux" }, { foo: ["bar", "qux", "baz"] }],
    ["adds at the end", { foo: ["bar"] }, { op: "add", path: "/foo/-", value: ["abc", "def"] }, { foo: ["bar", ["abc", "def"]] }],
    ["adds over what is there", { foo: 1 }, { op: "add", path: "/foo", value: null }, { foo: null }],
    ["removes a member", { baz: "qux", foo: "bar" }, { op: "remove", path: "/baz" }, { foo: "bar" }],
    ["removes an element", { foo: ["bar", "qux", "baz"] }, { op: "remove", path: "/foo/1" }, { foo: ["bar", "baz"] }],
    ["replaces a value", { baz: "qux", foo: "bar" }, { op: "replace", path: "/baz", value: "boo" }, { baz: "boo", foo: "bar" }],
    ["replaces an element", [1, 2, 3], { op: "replace", path: "/1", value: 9 }, [1, 9, 3]],
    ["replaces all", { a: 1 }, { op: "replace", path: "", value: [1] }, [1]],
    ["moves a value", { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } }, { op: "move", from: "/foo/waldo", path: "/qux/thud" }, { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } }],
    ["moves an element", { foo: ["all", "grass", "cows", "eat"] }, { op: "move", from: "/foo/1", path: "/foo/3" }, { foo: ["all", "cows", "eat", "grass"] }],
    ["copies a value", { a: { b: [1] } }, { op: "copy", from: "/a", path: "/c" }, { a: { b: [1] }, c: { b: [1] } }],
    ["tests values", { baz: "qux", foo: ["a", 2, { c: null }] }, { op: "test", path: "/foo", value: ["a", 2, { c: null }] }, { baz: "qux", foo: ["a", 2, { c: null }] }],
    ["reads escapes in paths", { "/": 9, "~1": 10 }, { op: "replace", path: "/~01", value: 11 }, { "/": 9, "~1": 11 }],
    ["knows the empty name", { "": 1 }, { op: "replace", path: "/", value: 2 }, { "": 2 }],
  ])("%s", (_, document, operation, want) => expect(patch(document, operation)).toEqual(want));

  it("copies rather than shares", () => {
    expect(patch({ a: [1] }, { op: "copy", from: "/a", path: "/b" }, { op: "add", path: "/b/-", value: 2 })).toEqual({ a: [1], b: [1, 2] });
  });

  it("takes __proto__ for a name like any other", () => {
    expect(jsonPatch("{}", '[{"op":"add","path":"/__proto__","value":{"x":1}}]')).toBe('{"__proto__":{"x":1}}');
    expect(() => jsonPatch("{}", '[{"op":"add","path":"/__proto__/x","value":1}]')).toThrow("there is no __proto__");
  });

  it.each<[string, unknown, unknown]>([
    ["a member that is not there", { a: 1 }, { op: "remove", path: "/b" }],
    ["an element that is not there", [1], { op: "replace", path: "/1", value: 2 }],
    ["a gap in an array", [1], { op: "add", path: "/2", value: 2 }],
    ["an index with a zero in front", [1, 2], { op: "remove", path: "/01" }],
    ["a name inside a text", { a: "x" }, { op: "add", path: "/a/b", value: 1 }],
    ["a move into itself", { a: { b: 1 } }, { op: "move", from: "/a", path: "/a/b" }],
    ["a test that fails", { a: [1] }, { op: "test", path: "/a", value: { 0: 1 } }],
    ["a path that is none", { a: 1 }, { op: "remove", path: "a" }],
    ["an operation that is none", { a: 1 }, { op: "increment", path: "/a" }],
  ])("refuses %s", (_, document, operation) => expect(() => patch(document, operation)).toThrow(Error));
});

describe("value diffs", () => {
  it("are asked for as far as they can be read", async () => {
    const plain = await setup();
    plain.platform.last.open();
    expect(plain.platform.last.params("LS_cid")["LS_supported_diffs"]).toBe("T");
    const patching = await setup({ jsonPatch });
    patching.platform.last.open();
    expect(patching.platform.last.params("LS_cid")["LS_supported_diffs"]).toBe("T,P");
  });

  it("change values", async () => {
    const { platform, client } = await connected({ jsonPatch });
    const quotes = client.subscribe({ items: ["A"], fields: ["text", "document"] });
    const seen: string[] = [];
    quotes.on("update", (u) => seen.push(`${[...u.changed].join()}: ${u.values.text} ${u.values.document}`));
    platform.last.lines("SUBOK,1,1,2", 'U,1,1,foobar|{"n":1}', "U,1,1,^Tbdzapcd|", 'U,1,1,|^P[{"op":"replace","path":"/n","value":2}]', "U,1,1,^Tg|^P[]");
    expect(seen).toEqual(['text,document: foobar {"n":1}', 'text: fzapbar {"n":1}', 'document: fzapbar {"n":2}', 'text: fzapba {"n":2}']);
  });
});
