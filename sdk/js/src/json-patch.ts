/**
 * JSON Patch (RFC 6902) for values that the server tells by how they differ from the ones before. It is an entry point
 * of its own, `halley-client/json-patch`, as only feeds with documents in their fields need it:
 *
 *     const client = connect(url, { jsonPatch });
 *
 * @packageDocumentation
 */

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: Json;
}

/** Place is an element of an array or a member of an object, there or not. */
interface Place {
  readonly parent: Json[] | { [name: string]: Json };
  readonly name: string;
}

/** jsonPatch applies a patch to a document; both are text, and so is the result. It throws an Error when they do not fit. */
export function jsonPatch(document: string, patch: string): string {
  // A root that can be replaced like anything else.
  const root: Json = { "": JSON.parse(document) as Json };
  for (const operation of JSON.parse(patch) as Operation[]) apply(root, operation);
  return JSON.stringify(root[""]);
}

function apply(root: Json, { op, path, from = "", value = null }: Operation): void {
  switch (op) {
    case "add":
      return add(root, path, value);
    case "remove":
      return void remove(root, path);
    case "replace":
      get(root, path);
      return put(locate(root, path), value);
    case "move":
      if (path.startsWith(`${from}/`)) throw new Error(`${from} cannot be moved into itself`);
      return add(root, path, remove(root, from));
    case "copy":
      return add(root, path, JSON.parse(JSON.stringify(get(root, from))) as Json);
    case "test":
      if (!same(get(root, path), value)) throw new Error(`the test of ${path} fails`);
      return;
    default:
      throw new Error(`unknown operation ${op}`);
  }
}

function add(root: Json, path: string, value: Json): void {
  const { parent, name } = locate(root, path);
  if (!Array.isArray(parent)) put({ parent, name }, value);
  else parent.splice(name === "-" ? parent.length : indexOf(name, parent.length), 0, value);
}

function remove(root: Json, path: string): Json {
  const value = get(root, path);
  const { parent, name } = locate(root, path);
  if (Array.isArray(parent)) parent.splice(Number(name), 1);
  else Reflect.deleteProperty(parent, name);
  return value;
}

function get(root: Json, path: string): Json {
  const { parent, name } = locate(root, path);
  return child(parent, name);
}

/** Finds the object or array that holds what a path names. */
function locate(root: Json, path: string): Place {
  if (path !== "" && !path.startsWith("/")) throw new Error(`${path} is no path`);
  const names = path.split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const name = names.pop() ?? "";
  const parent = names.reduce(child, root);
  if (parent === null || typeof parent !== "object") throw new Error(`${path} leads into a plain value`);
  return { parent, name };
}

function child(parent: Json, name: string): Json {
  const value = Array.isArray(parent)
    ? parent[indexOf(name, parent.length - 1)]
    : parent !== null && typeof parent === "object" && Object.hasOwn(parent, name)
      ? parent[name]
      : undefined;
  if (value === undefined) throw new Error(`there is no ${name}`);
  return value;
}

function indexOf(name: string, limit: number): number {
  const index = /^(0|[1-9]\d*)$/.test(name) ? Number(name) : Infinity;
  if (index > limit) throw new Error(`there is no element ${name}`);
  return index;
}

/** Names such as "__proto__" are names like any other. */
function put({ parent, name }: Place, value: Json): void {
  Object.defineProperty(parent, name, { value, writable: true, enumerable: true, configurable: true });
}

function same(a: Json, b: Json): boolean {
  if (a === b || a === null || b === null || typeof a !== "object" || typeof b !== "object") return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(child(a, name), child(b, name)));
}
