import { numberOf } from "./format.js";

type Row = Readonly<Record<string, string | null>>;

/** Price is one number that stands for an instrument. */
export interface Price {
  readonly value: number;
  readonly text: string;
}

/** priceOf takes the last trade, or what a feed has in its place: the middle of bid and ask, or the one side there is. */
export function priceOf(row: Row): Price | undefined {
  for (const field of ["last", "price", "last_price", "value"]) {
    const price = single(row[field]);
    if (price) return price;
  }
  const bid = single(row["bid"]);
  const ask = single(row["ask"]);
  if (!bid || !ask) return bid ?? ask ?? single(row["mid"]);
  const value = (bid.value + ask.value) / 2;
  return { value, text: value.toFixed(Math.max(decimals(bid.text), decimals(ask.text))) };
}

/** decimals counts the digits behind the point. */
export function decimals(text: string): number {
  return /\.(\d+)$/.exec(text)?.[1]?.length ?? 0;
}

function single(text: string | null | undefined): Price | undefined {
  const value = numberOf(text);
  return value === undefined ? undefined : { value, text: text ?? "" };
}
