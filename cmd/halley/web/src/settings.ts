import type { TransportChoice } from "halley-client";

/** Settings are what the page shows, from its address: `?set=&adapter=&items=A,B&fields=x,y&depth=&news=&transport=`. */
export interface Settings {
  readonly adapterSet: string;
  readonly quotes: string;
  readonly items: readonly string[];
  readonly fields: readonly string[];
  /** Data Adapter of the order books, or none. */
  readonly depth: string | undefined;
  /** Data Adapter of the news, or none. */
  readonly news: string | undefined;
  readonly transport: TransportChoice;
}

const DEMO_ITEMS =
  "AAPL MSFT IBM AIG BAC SPY QQQ NVDA AMZN GOOGL META TSLA JPM XOM KO DIS INTC BA EURUSD GBPUSD USDJPY USDCHF AUDUSD EURGBP XAUUSD XAGUSD US500 GER40 UK100 JP225";
const DEMO_FIELDS = "symbol name last bid bid_size ask ask_size open high low volume change change_pct time";
const TRANSPORTS: readonly string[] = ["auto", "websocket", "http-streaming", "http-polling"];

/** settingsOf reads the address of the page. What it does not say is the demonstration's. */
export function settingsOf(search: string): Settings {
  const query = new URLSearchParams(search);
  const list = (name: string): string[] => (query.get(name) ?? "").split(/[\s,]+/).filter((part, i, all) => part !== "" && all.indexOf(part) === i);
  const adapterSet = query.get("set") ?? "DEMO";
  const quotes = query.get("adapter") ?? "QUOTES";
  const items = list("items");
  const fields = list("fields");
  const transport = query.get("transport") ?? "auto";
  // Another feed has books and news only where the address says so.
  const demo = adapterSet === "DEMO" && quotes === "QUOTES";
  const other = (name: string, adapter: string): string | undefined => (query.get(name) ?? (demo ? adapter : "")) || undefined;
  return {
    adapterSet,
    quotes,
    items: items.length > 0 ? items : DEMO_ITEMS.split(" "),
    fields: fields.length > 0 ? fields : DEMO_FIELDS.split(" "),
    depth: other("depth", "DEPTH"),
    news: other("news", "NEWS"),
    transport: TRANSPORTS.includes(transport) ? (transport as TransportChoice) : "auto",
  };
}
