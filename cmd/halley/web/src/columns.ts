import { formatShort, formatSigned, formatText, formatTime, formatVolume } from "./format.js";

/** Column is how one field is shown in the watch-list. */
export interface Column {
  readonly field: string;
  readonly title: string;
  /** price: with an arrow for the direction of the last change; signed: coloured by its sign. */
  readonly kind: "symbol" | "text" | "price" | "signed" | "size" | "time" | "trend" | "number";
  /** Width in pixels; a column that may grow takes what is left. */
  readonly width: number;
  readonly grows?: boolean;
  /** Columns leave a narrow list in the order of falling rank, those of one rank together: 0 stays longest. */
  readonly rank: number;
  readonly format: (value: string) => string;
}

const KNOWN: readonly Column[] = [
  { field: "symbol", title: "Symbol", kind: "symbol", width: 84, rank: 0, format: formatText },
  { field: "name", title: "Name", kind: "text", width: 138, grows: true, rank: 5, format: formatText },
  { field: "trend", title: "Trend", kind: "trend", width: 88, rank: 6, format: formatText },
  { field: "last", title: "Last", kind: "price", width: 92, rank: 1, format: formatText },
  { field: "change", title: "Chg", kind: "signed", width: 76, rank: 7, format: formatSigned },
  { field: "change_pct", title: "Chg %", kind: "signed", width: 72, rank: 2, format: (value) => `${formatSigned(value)}%` },
  { field: "bid_size", title: "Bid size", kind: "size", width: 70, rank: 10, format: formatShort },
  { field: "bid", title: "Bid", kind: "price", width: 88, rank: 3, format: formatText },
  { field: "ask", title: "Ask", kind: "price", width: 88, rank: 3, format: formatText },
  { field: "ask_size", title: "Ask size", kind: "size", width: 70, rank: 10, format: formatShort },
  { field: "open", title: "Open", kind: "number", width: 78, rank: 13, format: formatText },
  { field: "high", title: "High", kind: "number", width: 78, rank: 12, format: formatText },
  { field: "low", title: "Low", kind: "number", width: 78, rank: 12, format: formatText },
  { field: "volume", title: "Volume", kind: "size", width: 92, rank: 8, format: formatVolume },
  { field: "time", title: "Time", kind: "time", width: 74, rank: 9, format: formatTime },
];

/** The trend is drawn, not received. */
export const TREND = "trend";

/** columnsFor returns the columns for a list of fields: known ones in their usual order, then the others as they come. */
export function columnsFor(fields: readonly string[]): readonly Column[] {
  const wanted = new Set([...fields, "symbol", TREND]);
  const known = KNOWN.filter((column) => wanted.has(column.field));
  const names = new Set(KNOWN.map((column) => column.field));
  const others = fields
    .filter((field) => !names.has(field))
    .map((field, i): Column => ({ field, title: titleOf(field), kind: "number", width: 96, rank: 5 + i / 100, format: formatText }));
  return [...known, ...others];
}

/** fitting returns the fields whose columns fit into a width: those of the lowest ranks. */
export function fitting(columns: readonly Column[], width: number): ReadonlySet<string> {
  const fields = new Set<string>();
  let used = 0;
  for (const rank of [...new Set(columns.map((column) => column.rank))].sort((a, b) => a - b)) {
    const group = columns.filter((column) => column.rank === rank);
    used += group.reduce((sum, column) => sum + column.width, 0);
    if (used > width && fields.size > 1) break;
    for (const column of group) fields.add(column.field);
  }
  return fields;
}

function titleOf(field: string): string {
  const words = field.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
