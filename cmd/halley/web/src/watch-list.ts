import type { Update, Values } from "halley-client";
import { type Column, columnsFor, fitting, TREND } from "./columns.js";
import { Label, make } from "./dom.js";
import { Flasher } from "./flash.js";
import { numberOf } from "./format.js";
import { Sparkline } from "./sparkline.js";

/** Heights of a row in pixels: rows share a tall window, and leave a low one by scrolling. */
const LOWEST_ROW = 25;
const HIGHEST_ROW = 32;
const HEAD = 27;

/** How often the trends are drawn, in milliseconds. */
const TREND_EVERY = 1_000;

interface Row {
  readonly item: string;
  readonly element: HTMLElement;
  readonly cells: ReadonlyMap<string, Label>;
  readonly trend: Sparkline;
}

/** WatchList shows one row per instrument, and lights up what changes. */
export class WatchList {
  readonly #root: HTMLElement;
  readonly #columns: readonly Column[];
  readonly #rows = new Map<string, Row>();
  readonly #headers = new Map<string, HTMLElement>();
  readonly #flasher = new Flasher();
  readonly #onSelect: (item: string) => void;
  /** Fields that have had a value in some row: columns without any are not shown. */
  readonly #filled = new Set<string>(["symbol", TREND]);
  #visible: ReadonlySet<string> = new Set();
  #selected = "";
  /** Cells written since somebody asked. */
  #painted = 0;

  constructor(root: HTMLElement, items: readonly string[], fields: readonly string[], onSelect: (item: string) => void) {
    this.#root = root;
    this.#columns = columnsFor(fields);
    this.#onSelect = onSelect;
    root.setAttribute("aria-rowcount", `${items.length + 1}`);
    root.append(this.#header(), ...items.map((item, i) => this.#row(item, i)));
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#layout()).observe(root);
    this.#layout();
  }

  /** Returns how many cells were written since the last call. */
  takePainted(): number {
    const painted = this.#painted;
    this.#painted = 0;
    return painted;
  }

  /** Shows what has changed since the last frame. */
  apply(updates: readonly Update[]): void {
    const known = this.#filled.size;
    for (const update of updates) {
      const row = this.#rows.get(update.item);
      if (!row) continue;
      for (const column of this.#columns) {
        if (update.changed.has(column.field)) this.#write(row, column, update.values, update.snapshot);
      }
    }
    this.#flasher.flush();
    if (this.#filled.size !== known) this.#layout();
  }

  /** Adds the present price of an item to its trend. */
  trend(item: string, price: number): void {
    this.#rows.get(item)?.trend.add(price);
  }

  drawTrends(): void {
    if (!this.#visible.has(TREND)) return;
    for (const row of this.#rows.values()) row.trend.draw();
  }

  select(item: string): void {
    const row = this.#rows.get(item);
    if (!row || item === this.#selected) return;
    const before = this.#rows.get(this.#selected)?.element;
    before?.setAttribute("aria-selected", "false");
    before?.setAttribute("tabindex", "-1");
    this.#selected = item;
    row.element.setAttribute("aria-selected", "true");
    row.element.setAttribute("tabindex", "0");
    this.#onSelect(item);
  }

  #write(row: Row, column: Column, values: Values, snapshot: boolean): void {
    const label = row.cells.get(column.field);
    if (!label) return;
    const value = values[column.field] ?? null;
    const before = label.text;
    // A feed without a symbol still has a name for its item.
    label.set(value === null || value === "" ? (column.kind === "symbol" ? row.item : "") : column.format(value));
    if (value !== null) this.#filled.add(column.field);
    if (label.text === before) return;
    this.#painted++;
    this.#mark(label.element, column, value, snapshot);
  }

  /** Gives a cell the colours and the arrow of its change. */
  #mark(cell: HTMLElement, column: Column, value: string | null, snapshot: boolean): void {
    const number = numberOf(value);
    if (column.kind === "signed") cell.dataset["sign"] = number === undefined || number === 0 ? "" : number > 0 ? "plus" : "minus";
    if (number === undefined) return;
    const before = numberOf(cell.dataset["value"]);
    cell.dataset["value"] = value ?? "";
    if (snapshot || before === undefined || before === number) return;
    const up = number > before;
    // Sizes and volumes change with every tick: lighting them up, too, would only make the list restless.
    if (column.kind !== "price" && column.kind !== "number") return;
    if (column.kind === "price") cell.dataset["direction"] = up ? "up" : "down";
    if (this.#visible.has(column.field)) this.#flasher.add(cell, up);
  }

  #header(): HTMLElement {
    const row = make("div", "row head", { role: "row", "aria-rowindex": "1" });
    for (const column of this.#columns) {
      const cell = make("div", `cell ${column.kind}`, { role: "columnheader" });
      cell.textContent = column.title;
      this.#headers.set(column.field, cell);
      row.append(cell);
    }
    return row;
  }

  #row(item: string, index: number): HTMLElement {
    const element = make("div", "row", { role: "row", "aria-rowindex": `${index + 2}`, "aria-selected": "false", tabindex: index === 0 ? "0" : "-1", "data-item": item });
    const cells = new Map<string, Label>();
    const trend = new Sparkline();
    for (const column of this.#columns) {
      const cell = make("div", `cell ${column.kind}`, { role: "gridcell", "data-item": item, "data-field": column.field });
      element.append(cell);
      if (column.field === TREND) {
        cell.append(trend.canvas);
        continue;
      }
      const label = new Label(cell);
      if (column.kind === "symbol") label.set(item);
      cells.set(column.field, label);
    }
    this.#rows.set(item, { item, element, cells, trend });
    return element;
  }

  /** Decides which columns there is room for, and how high rows are. */
  #layout(): void {
    const height = Math.floor((this.#root.clientHeight - HEAD) / this.#rows.size);
    this.#root.style.setProperty("--row", `${Math.min(HIGHEST_ROW, Math.max(LOWEST_ROW, height))}px`);
    // Before the first value nobody knows which columns will stay empty.
    const filled = this.#filled.size > 2 ? this.#columns.filter((column) => this.#filled.has(column.field)) : this.#columns;
    const visible = fitting(filled, this.#root.clientWidth - 16);
    const shown = this.#columns.filter((column) => visible.has(column.field));
    // What is left goes to the column that can use it, or else to all alike.
    const grower = shown.find((column) => column.grows);
    const widths = shown.map(({ width, grows }) => (grower ? (grows ? `minmax(${width}px, 1fr)` : `${width}px`) : `minmax(${width}px, ${width}fr)`));
    this.#root.style.setProperty("--columns", widths.join(" "));
    this.#root.setAttribute("aria-colcount", `${shown.length}`);
    if (sameSet(visible, this.#visible)) return;
    this.#visible = visible;
    for (const column of this.#columns) {
      const hidden = !visible.has(column.field);
      const cells = [this.#headers.get(column.field), ...[...this.#rows.values()].map((row) => (column.field === TREND ? row.trend.canvas.parentElement : row.cells.get(column.field)?.element))];
      for (const cell of cells) if (cell) cell.hidden = hidden;
    }
  }

  #clicked(event: MouseEvent): void {
    const row = (event.target as Element).closest<HTMLElement>("[role=row][data-item]");
    if (!row) return;
    this.select(row.dataset["item"] ?? "");
    row.focus();
  }

  #key(event: KeyboardEvent): void {
    const items = [...this.#rows.keys()];
    const at = items.indexOf(this.#selected);
    const moves: Readonly<Record<string, number>> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
    const next = moves[event.key];
    const item = next === undefined ? undefined : items[next];
    if (item === undefined) return;
    event.preventDefault();
    this.select(item);
    this.#rows.get(item)?.element.focus();
  }
}

/** Draws the trends once in a while. */
export function drawTrends(list: WatchList): void {
  setInterval(() => list.drawTrends(), TREND_EVERY);
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((value) => b.has(value));
}
