import { Differ, type JsonPatch } from "./diff.js";
import { ProtocolError } from "./errors.js";
import type { Mode } from "./requests.js";
import { type Cell, decodeValues } from "./values.js";

/** Command is what happened to a row of a table. */
export type Command = "ADD" | "UPDATE" | "DELETE";

/** Values are the fields of a row, by name. */
export type Values<Field extends string = string> = { readonly [Name in Field]: string | null };

/** Row is one state of an item, or of one key of a table. It never changes: the next state is another row. */
export class Row {
  #values: Values | undefined;

  constructor(
    private readonly fields: readonly string[],
    readonly cells: readonly Cell[],
  ) {}

  /** Made when somebody asks: fields that nobody reads cost nothing. */
  get values(): Values {
    if (!this.#values) {
      const values: Record<string, Cell> = {};
      this.fields.forEach((field, i) => (values[field] = this.cells[i] ?? null));
      this.#values = values;
    }
    return this.#values;
  }
}

/** Change is what one update did to an item. */
export interface Change {
  /** Position of the item in the subscription, from 1. */
  readonly item: number;
  readonly row: Row;
  /** Indexes of the fields that differ from the row before. */
  readonly changed: readonly number[];
  readonly snapshot: boolean;
  /** Only in tables. */
  readonly key: string | undefined;
  readonly command: Command | undefined;
}

/** Schema is what an item has to know of its subscription. The positions of key and command come from the server, from 0. */
export interface Schema {
  readonly fields: readonly string[];
  readonly mode: Mode;
  readonly snapshot: boolean;
  readonly jsonPatch: JsonPatch | undefined;
  key: number;
  command: number;
}

const NOTHING: readonly number[] = [];

/**
 * Item is what a client knows of one item of a subscription.
 *
 * It keeps two things apart: `wire` is the last row that came over this session, for any key, and the base of
 * "unchanged"; the rows are what the application sees, and survive a session. So when a new session brings the snapshot
 * again, only what really differs counts as changed, and keys that are gone are deleted when the snapshot has ended.
 */
export class Item {
  #wire: readonly Cell[] | undefined;
  #differ: Differ;
  #inSnapshot = false;
  #row: Row | undefined;
  #table = new Map<string, Row>();
  /** Keys from before the present session that its snapshot has not named yet. */
  #unconfirmed: Set<string> | undefined;

  constructor(
    private readonly position: number,
    private readonly schema: Schema,
  ) {
    this.#differ = new Differ(schema.jsonPatch);
  }

  /** The latest row. */
  get row(): Row | undefined {
    return this.#row;
  }

  /** The rows of a table, by key. */
  get table(): ReadonlyMap<string, Row> {
    return this.#table;
  }

  /** Begins a session. Returns true when the rows so far are void, because nothing will tell which of them still hold. */
  begin(): boolean {
    const { mode, snapshot, jsonPatch } = this.schema;
    this.#wire = undefined;
    this.#differ = new Differ(jsonPatch);
    this.#inSnapshot = snapshot && mode !== "RAW";
    this.#unconfirmed = undefined;
    if (mode === "COMMAND" && snapshot) this.#unconfirmed = new Set(this.#table.keys());
    const known = mode === "COMMAND" ? this.#table.size > 0 : this.#row !== undefined;
    const void_ = known && ((mode === "COMMAND" && !snapshot) || (mode === "DISTINCT" && snapshot));
    if (void_) this.clear();
    return void_;
  }

  /** Takes the values that begin at `start` of an update line. */
  update(line: string, start: number): Change {
    const { fields, mode } = this.schema;
    const cells = decodeValues(line, start, this.#wire, fields.length, this.#differ);
    this.#wire = cells;
    if (mode === "COMMAND") return this.#command(cells, line);
    const snapshot = this.#inSnapshot;
    if (mode === "MERGE") this.#inSnapshot = false;
    const changed = differences(this.#row, cells);
    // An update that changes nothing leaves the very same row.
    if (!this.#row || changed.length > 0) this.#row = new Row(fields, cells);
    return { item: this.position, row: this.#row, changed, snapshot, key: undefined, command: undefined };
  }

  /** Ends the snapshot. Returns the deletion of what has gone since the session before. */
  endOfSnapshot(): readonly Change[] {
    this.#inSnapshot = false;
    const gone = [...(this.#unconfirmed ?? [])].map((key) => this.#delete(key, undefined, true));
    this.#unconfirmed = undefined;
    return gone;
  }

  /** Forgets all rows. The base on the wire stays. */
  clear(): void {
    this.#row = undefined;
    this.#table = new Map();
    this.#unconfirmed = undefined;
  }

  #command(cells: readonly Cell[], line: string): Change {
    const { fields, key: keyAt, command: commandAt } = this.schema;
    const key = cells[keyAt];
    if (key === null || key === undefined) throw new ProtocolError("an update of a table has no key", line);
    this.#unconfirmed?.delete(key);
    if (cells[commandAt] === "DELETE") return this.#delete(key, cells, this.#inSnapshot);
    // Whether a key is new is for the table to say: after a new session an ADD may well be an update.
    const before = this.#table.get(key);
    const command: Command = before ? "UPDATE" : "ADD";
    const shown = cells.slice();
    shown[commandAt] = command;
    const changed = differences(before, shown).filter((i) => !before || i !== commandAt);
    const row = new Row(fields, shown);
    this.#table.set(key, row);
    this.#row = row;
    return { item: this.position, row, changed, snapshot: this.#inSnapshot, key, command };
  }

  #delete(key: string, cells: readonly Cell[] | undefined, snapshot: boolean): Change {
    const { fields, key: keyAt, command: commandAt } = this.schema;
    const before = this.#table.get(key) ?? (cells && new Row(fields, cells));
    const shown = new Array<Cell>(fields.length).fill(null);
    shown[keyAt] = key;
    shown[commandAt] = "DELETE";
    const row = new Row(fields, shown);
    this.#table.delete(key);
    return { item: this.position, row, changed: differences(before, shown), snapshot, key, command: "DELETE" };
  }
}

function differences(before: Row | undefined, cells: readonly Cell[]): readonly number[] {
  if (!before) return cells.map((_, i) => i);
  let changed: number[] | undefined;
  for (let i = 0; i < cells.length; i++) {
    if (cells[i] !== before.cells[i]) (changed ??= []).push(i);
  }
  return changed ?? NOTHING;
}
