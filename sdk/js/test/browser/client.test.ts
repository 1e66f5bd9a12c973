import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type * as Halley from "../../src/index.js";
import type { MockServer } from "../mock/server.js";
import { launch, REAL_URL, startMock } from "./browser.js";

/** What the bundle defines in the page. */
declare const halley: typeof Halley;

let browser: Browser;
let mock: MockServer | undefined;
let base: string;

beforeAll(async () => {
  browser = await launch();
  mock = REAL_URL === undefined ? await startMock({ pace: 5 }) : undefined;
  base = REAL_URL ?? mock?.url ?? "";
});

afterAll(async () => {
  await browser.close();
  await mock?.stop();
});

// The bundle for script tags, in a page of its own.
it.each(["websocket", "http-streaming", "http-polling"] as const)("the bundle receives quotes, a book and news over %s", async (transport) => {
  const page = await browser.newPage();
  await page.goto(`${base}/icon.svg`);
  const bundle = readFileSync(new URL("../../dist/halley-client.js", import.meta.url), "utf8");
  await page.evaluate(`${bundle}; globalThis.halley = halley;`);
  const seen = await page.evaluate(async (chosen) => {
    const client = halley.connect(location.origin, { adapterSet: "DEMO", transport: chosen });
    const quotes = client.subscribe({ items: ["AAPL", "MSFT", "SPY"], fields: ["symbol", "bid", "ask", "time"], dataAdapter: "QUOTES" });
    const book = client.subscribe({ items: ["SPY"], fields: ["key", "command", "side", "price", "size"], mode: "COMMAND", dataAdapter: "DEPTH" });
    const news = client.subscribe({ items: ["NEWS"], fields: ["time", "headline", "symbol"], mode: "DISTINCT", dataAdapter: "NEWS", snapshot: 3 });
    let headlines = 0;
    let snapshots = 0;
    let frames = 0;
    const updates = new Promise<void>((resolve) => {
      let live = 0;
      quotes.on("update", (u) => {
        if (u.snapshot) snapshots++;
        else if (++live >= 20) resolve();
      });
    });
    quotes.on("frame", () => frames++);
    news.on("update", () => headlines++);
    const complete = (subscription: Pick<typeof book, "on">): Promise<void> => new Promise((resolve) => subscription.on("endOfSnapshot", () => resolve()));
    await Promise.all([updates, complete(book), complete(news as unknown as typeof book)]);
    // A cut connection, in the middle of the feed: the same session goes on.
    const session = client.status.state === "connected" ? client.status.sessionId : "none";
    const states: string[] = [];
    client.on("status", (status) => states.push(status.state));
    client.drop();
    await new Promise<void>((resolve) => client.on("status", (status) => status.state === "connected" && resolve()));
    await new Promise<void>((resolve) => quotes.on("update", () => resolve()));
    const result = {
      states,
      sameSession: client.status.state === "connected" && client.status.sessionId === session,
      status: client.status,
      snapshots,
      headlines,
      frames,
      symbols: quotes.items.map((item) => quotes.get(item)?.symbol),
      rows: book.table("SPY").size,
      sides: new Set([...book.table("SPY").values()].map((row) => row.side)).size,
    };
    client.close();
    return { ...result, closed: client.status.state };
  }, transport);
  expect(seen).toMatchObject({ status: { state: "connected", transport }, states: ["recovering", "connected", "closed"], sameSession: true, snapshots: 3, symbols: ["AAPL", "MSFT", "SPY"], sides: 2, closed: "closed" });
  expect(seen.headlines).toBeGreaterThanOrEqual(3);
  expect(seen.rows).toBeGreaterThanOrEqual(10);
  expect(seen.frames).toBeGreaterThan(0);
  await page.close();
});
