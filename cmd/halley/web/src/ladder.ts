import type { Values } from "halley-client";
import { Label, make } from "./dom.js";
import { formatSize, numberOf } from "./format.js";
import { decimals } from "./price.js";

/** Levels shown on each side. */
const LEVELS = 10;

interface Level {
  readonly element: HTMLElement;
  readonly size: Label;
  readonly price: Label;
  readonly bar: HTMLElement;
}

interface Offer {
  readonly key: string;
  readonly price: number;
  readonly text: string;
  readonly size: number;
  readonly sizeText: string;
}

/** Ladder shows an order book, bids on the left and asks on the right, best on top. Bars show how much is on offer. */
export class Ladder {
  readonly #bids: readonly Level[];
  readonly #asks: readonly Level[];
  readonly #note: Label;

  constructor(root: HTMLElement, note: HTMLElement) {
    this.#note = new Label(note);
    const column = (side: "bid" | "ask"): Level[] => {
      const list = make("div", `side-list ${side}`, { role: "table", "aria-label": side === "bid" ? "Bids" : "Asks" });
      const titles = side === "bid" ? ["Size", "Bid"] : ["Ask", "Size"];
      const head = make("div", "level head", { role: "row" });
      for (const title of titles) head.append(Object.assign(make("span", "", { role: "columnheader" }), { textContent: title }));
      const levels = Array.from({ length: LEVELS }, () => makeLevel(side));
      list.append(head, ...levels.map((level) => level.element));
      root.append(list);
      return levels;
    };
    this.#bids = column("bid");
    this.#asks = column("ask");
  }

  /** Shows the rows of a book, whose keys may be price levels or venues. */
  show(rows: ReadonlyMap<string, Values>): void {
    const bids: Offer[] = [];
    const asks: Offer[] = [];
    for (const [key, row] of rows) {
      const price = numberOf(row["price"]);
      const side = sideOf(row["side"] ?? key);
      if (price === undefined || !side) continue;
      const size = numberOf(row["size"]) ?? 0;
      (side === "bid" ? bids : asks).push({ key, price, text: row["price"] ?? "", size, sizeText: formatSize(row["size"] ?? "") });
    }
    bids.sort((a, b) => b.price - a.price);
    asks.sort((a, b) => a.price - b.price);
    const most = Math.max(1, ...[...bids.slice(0, LEVELS), ...asks.slice(0, LEVELS)].map((offer) => offer.size));
    fill(this.#bids, bids, most);
    fill(this.#asks, asks, most);
    this.#note.set(spread(bids[0], asks[0]));
  }
}

function makeLevel(side: "bid" | "ask"): Level {
  const element = make("div", "level", { role: "row" });
  const bar = make("i", "bar", { "aria-hidden": "true" });
  const size = new Label(make("span", "size", { role: "cell" }));
  const price = new Label(make("span", "price", { role: "cell" }));
  element.append(bar, ...(side === "bid" ? [size.element, price.element] : [price.element, size.element]));
  return { element, size, price, bar };
}

function fill(levels: readonly Level[], offers: readonly Offer[], most: number): void {
  levels.forEach((level, i) => {
    const offer = offers[i];
    level.price.set(offer?.text ?? "");
    level.size.set(offer?.sizeText ?? "");
    level.element.dataset["key"] = offer?.key ?? "";
    const width = offer ? (offer.size / most).toFixed(3) : "0";
    // Scaling needs no layout.
    if (level.bar.dataset["width"] !== width) {
      level.bar.dataset["width"] = width;
      level.bar.style.transform = `scaleX(${width})`;
    }
  });
}

/** Feeds call the sides bid and ask, buy and sell, B and S, or B and A. */
function sideOf(text: string): "bid" | "ask" | undefined {
  if (/^b/i.test(text)) return "bid";
  if (/^(a|s|o)/i.test(text)) return "ask";
  return undefined;
}

function spread(bid: Offer | undefined, ask: Offer | undefined): string {
  if (!bid || !ask) return "";
  const digits = Math.max(decimals(bid.text), decimals(ask.text));
  return `Spread ${(ask.price - bid.price).toFixed(digits)}`;
}
