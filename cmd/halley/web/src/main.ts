// The page that comes with the server: prices, depth and news of the feed that its address names.
import { connect, type Frequency, type Subscription, type TableSubscription, type Update } from "halley-client";
import { Chart } from "./chart.js";
import { byId, Label, part } from "./dom.js";
import { formatSigned, numberOf } from "./format.js";
import { History } from "./history.js";
import { Ladder } from "./ladder.js";
import { NewsList } from "./news-list.js";
import { decimals, priceOf } from "./price.js";
import { settingsOf } from "./settings.js";
import { StatusStrip } from "./status-strip.js";
import { drawTrends, WatchList } from "./watch-list.js";

/** How often the chart is drawn at most, in milliseconds. */
const CHART_EVERY = 100;

const settings = settingsOf(location.search);
const client = connect(location.origin, { adapterSet: settings.adapterSet, transport: settings.transport });
const history = new History();
const chart = new Chart(byId("chart", HTMLCanvasElement));
const ladder = new Ladder(part("depth"), part("depth-note"));
const title = {
  symbol: new Label(part("chart-symbol")),
  name: new Label(part("chart-name")),
  price: new Label(part("chart-price")),
  change: new Label(part("chart-change")),
};

let selected = "";
let maxFrequency: Frequency = "unlimited";
let book: TableSubscription<"key" | "command" | "side" | "price" | "size"> | undefined;

const quotes: Subscription = client.subscribe({ items: settings.items, fields: settings.fields, dataAdapter: settings.quotes });
const list = new WatchList(part("watch"), settings.items, settings.fields, select);
const strip = new StatusStrip(client, settings.transport, {
  onFrequency: (frequency) => {
    maxFrequency = frequency;
    quotes.setMaxFrequency(frequency);
    book?.setMaxFrequency(frequency);
  },
  takePainted: () => list.takePainted(),
});

part("source").textContent = `${settings.adapterSet} · ${settings.quotes}`;
part("watch-note").textContent = settings.items.length === 1 ? "1 instrument" : `${settings.items.length} instruments`;
document.title = `${settings.quotes} · Halley`;

quotes.on("update", () => strip.updated(Date.now()));
quotes.on("frame", (updates) => {
  list.apply(updates);
  const now = Date.now();
  for (const update of updates) note(update, now);
});
quotes.on("error", (error) => {
  const text = part("watch-error");
  text.textContent = `The server refuses these instruments: ${error.message} (${error.code})`;
  text.hidden = false;
});

follow();
select(settings.items[0] ?? "");
drawTrends(list);
setInterval(drawChart, CHART_EVERY);

/** Takes a price into the history, and into the title when it is the chosen instrument's. */
function note(update: Update, now: number): void {
  const price = priceOf(update.values);
  if (price) {
    history.add(update.item, now, price.value);
    list.trend(update.item, price.value);
  }
  if (update.item === selected) showTitle();
}

function select(item: string): void {
  if (item === selected) return;
  selected = item;
  list.select(item);
  showTitle();
  drawChart();
  openBook(item);
}

function showTitle(): void {
  const row = quotes.get(selected) ?? {};
  title.symbol.set(row["symbol"] ?? selected);
  title.name.set(row["name"] ?? "");
  title.price.set(priceOf(row)?.text ?? "");
  const change = row["change"] ?? "";
  const percent = row["change_pct"] ?? "";
  const parts = [change && formatSigned(change), percent && `${formatSigned(percent)}%`];
  title.change.set(parts.filter((part) => part !== "").join("  "));
  const number = numberOf(change) ?? numberOf(percent) ?? 0;
  title.change.element.dataset["sign"] = number > 0 ? "plus" : number < 0 ? "minus" : "";
}

function drawChart(): void {
  if (document.hidden) return;
  const digits = decimals(priceOf(quotes.get(selected) ?? {})?.text ?? "");
  chart.draw(history.of(selected), Date.now(), digits);
}

/** Shows the order book of an item, if there is a feed of books. */
function openBook(item: string): void {
  book?.unsubscribe();
  ladder.show(new Map());
  const panel = part("depth-panel");
  panel.hidden = settings.depth === undefined;
  if (settings.depth === undefined) return;
  const opened = client.subscribe({
    items: [item],
    fields: ["key", "command", "side", "price", "size"],
    mode: "COMMAND",
    dataAdapter: settings.depth,
    maxFrequency,
  });
  book = opened;
  const show = (): void => ladder.show(opened.table(item));
  opened.on("update", () => strip.updated(Date.now()));
  opened.on("frame", show);
  opened.on("clear", show);
  // An instrument without a book is no fault.
  opened.on("error", () => (panel.hidden = opened.state === "ended"));
}

/** Shows the news, if there is a feed of them. */
function follow(): void {
  const panel = part("news-panel");
  panel.hidden = settings.news === undefined;
  if (settings.news === undefined) return;
  const news = client.subscribe({ items: ["NEWS"], fields: ["time", "headline", "symbol"], mode: "DISTINCT", dataAdapter: settings.news, snapshot: 20 });
  const headlines = new NewsList(part("news"), (symbol) => list.select(symbol));
  news.on("frame", (updates) => headlines.add(updates));
  news.on("clear", () => headlines.clear());
  news.on("error", () => (panel.hidden = true));
}
