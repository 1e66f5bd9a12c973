import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { MockServer } from "../mock/server.js";
import { cell, launch, live, openPage, REAL_URL, startMock } from "./browser.js";

const TRANSPORTS = ["websocket", "http-streaming", "http-polling"] as const;

let browser: Browser;
let mock: MockServer | undefined;
let base: string;

beforeAll(async () => {
  browser = await launch();
  mock = REAL_URL === undefined ? await startMock() : undefined;
  base = REAL_URL ?? mock?.url ?? "";
});

afterAll(async () => {
  await browser.close();
  await mock?.stop();
});

afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});

const until = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 15_000, interval: 50 });

describe.each(TRANSPORTS)("the dashboard over %s", (transport) => {
  it("shows prices that move, and nothing goes wrong", async () => {
    const { page, faults } = await openPage(browser, base, `/?transport=${transport}`);
    await live(page, transport);
    await until(async () => expect(await cell(page, "AAPL", "bid")).toMatch(/^\d+\.\d\d$/));
    expect(await cell(page, "AAPL", "name")).toBe("Apple");
    const first = await cell(page, "AAPL", "time");
    await until(async () => expect(await cell(page, "AAPL", "time")).not.toBe(first));
    await until(async () => expect(await page.locator(".cell.price[data-direction]").count()).toBeGreaterThan(10));
    await until(async () => expect(Number((await page.locator("#updates").innerText()).replaceAll(",", ""))).toBeGreaterThan(5));
    expect(await page.locator("[role=gridcell][data-field=symbol]").count()).toBe(30);
    expect(faults).toEqual([]);
  });

  it("comes back by itself after its connection was killed", async () => {
    const { page } = await openPage(browser, base, `/?transport=${transport}`);
    await live(page, transport);
    await until(async () => expect(await cell(page, "AAPL", "last")).not.toBe(""));
    // The first retry may come at once, so the states are noted rather than looked for.
    const states = await page.evaluateHandle(() => {
      const seen: (string | undefined)[] = [];
      const badge = document.getElementById("connection");
      if (badge) new MutationObserver(() => seen.push(badge.dataset["state"])).observe(badge, { attributeFilter: ["data-state"] });
      return seen;
    });
    await page.click("#kill");
    await until(async () => expect(await states.jsonValue()).toEqual(["recovering", "connected"]));
    expect(await cell(page, "AAPL", "last")).not.toBe("");
    await live(page, transport);
    const first = await cell(page, "AAPL", "time");
    await until(async () => expect(await cell(page, "AAPL", "time")).not.toBe(first));
  });
});

describe("the dashboard", () => {
  it("switches transports while it runs", async () => {
    const { page } = await openPage(browser, base, "/");
    for (const transport of ["websocket", "http-polling", "http-streaming"]) {
      await page.locator(`#transport input[value="${transport}"]`).check({ force: true });
      await live(page, transport);
    }
  });

  it("shows depth, news and chart of the instrument that is chosen", async () => {
    const { page, faults } = await openPage(browser, base, "/");
    await until(async () => expect(await page.locator(".side-list.bid .level:not(.head) .price").allInnerTexts()).not.toContain(""));
    expect(await page.locator("#chart-symbol").innerText()).toBe("AAPL");
    expect(await page.locator("#news li").count()).toBeGreaterThan(0);
    await page.locator('[role=row][data-item="EURUSD"]').click();
    expect(await page.locator("#chart-symbol").innerText()).toBe("EURUSD");
    await until(async () => expect(await page.locator(".side-list.ask .level:not(.head) .price").first().innerText()).toMatch(/^\d\.\d{5}$/));
    const prices = async (side: string): Promise<number[]> => (await page.locator(`.side-list.${side} .level:not(.head) .price`).allInnerTexts()).map(Number);
    const [bids, asks] = [await prices("bid"), await prices("ask")];
    expect(bids).toEqual([...bids].sort((a, b) => b - a));
    expect(asks).toEqual([...asks].sort((a, b) => a - b));
    await page.keyboard.press("ArrowDown");
    expect(await page.locator("#chart-symbol").innerText()).toBe("GBPUSD");
    expect(await page.locator('[role=row][aria-selected="true"]').count()).toBe(1);
    expect(await page.locator("#chart").evaluate((canvas: HTMLCanvasElement) => {
      const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      return pixels.some((value) => value > 0);
    })).toBe(true);
    expect(faults).toEqual([]);
  });

  it("slows the feed down with its slider", async () => {
    const { page } = await openPage(browser, base, "/?depth=&news=");
    await live(page, "websocket");
    const rate = async (): Promise<number> => Number((await page.locator("#updates").innerText()).replaceAll(",", ""));
    await page.waitForTimeout(3_000);
    const before = await rate();
    expect(before).toBeGreaterThan(30);
    await page.locator("#frequency").fill("0");
    expect(await page.locator("#frequency-value").innerText()).toBe("0.5/s");
    await until(async () => expect(await rate()).toBeLessThan(before / 2));
  });

  it("shows any feed that its address names, and only the columns that have values", async () => {
    const { page } = await openPage(browser, base, "/?items=EURUSD,USDJPY&fields=bid,ask,no_such_field&depth=&news=");
    await until(async () => expect(await cell(page, "USDJPY", "ask")).toMatch(/^\d+\.\d{3}$/));
    expect(await page.locator("[role=columnheader]:visible").allInnerTexts()).toEqual(["Symbol", "Trend", "Bid", "Ask"]);
    expect(await cell(page, "EURUSD", "symbol")).toBe("EURUSD");
    await until(async () => expect(await page.locator("#chart-price").innerText()).toMatch(/^\d\.\d{5}$/));
    expect(await page.locator("#depth-panel").isVisible()).toBe(false);
    expect(await page.locator("#news-panel").isVisible()).toBe(false);
  });

  it("says what the server refuses", async () => {
    const { page } = await openPage(browser, base, "/?items=NOPE");
    await until(async () => expect(await page.locator("#watch-error").innerText()).toContain("NOPE"));
    expect(await page.locator("#connection").getAttribute("data-state")).toBe("connected");
  });

  it("says why it was closed", async () => {
    const { page } = await openPage(browser, base, "/?set=NONE");
    await page.locator('#connection[data-state="closed"]').waitFor();
    expect(await page.locator("#connection-detail").innerText()).not.toBe("");
  });

  it("keeps still for those who ask for it", async () => {
    const { page } = await openPage(browser, base, "/");
    await page.emulateMedia({ reducedMotion: "reduce" });
    await live(page, "websocket");
    await page.waitForTimeout(1_500);
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });

  it("has at most one flash running in a cell", async () => {
    const { page } = await openPage(browser, base, "/");
    await live(page, "websocket");
    await until(async () => expect(await page.evaluate(() => document.getAnimations().length)).toBeGreaterThan(0));
    for (let i = 0; i < 20; i++) {
      const most = await page.evaluate(() => {
        const counts = new Map<Element | null, number>();
        for (const animation of document.getAnimations()) {
          const target = (animation.effect as KeyframeEffect).target;
          counts.set(target, (counts.get(target) ?? 0) + 1);
        }
        return Math.max(0, ...counts.values());
      });
      expect(most).toBeLessThanOrEqual(1);
    }
  });

  it("reconnects as soon as the network is back", async () => {
    const { page } = await openPage(browser, base, "/?transport=http-polling");
    await live(page, "http-polling");
    await page.context().setOffline(true);
    await page.locator('#connection[data-state="recovering"]').waitFor();
    await page.waitForTimeout(3_000);
    await page.context().setOffline(false);
    await page.locator('#connection[data-state="connected"]').waitFor({ timeout: 2_000 });
  });
});

describe.runIf(REAL_URL === undefined)("where the network is hostile", () => {
  it("the dashboard falls back to HTTP streaming, then to polling", async () => {
    for (const [options, transport] of [
      [{ refuseSockets: true }, "http-streaming"],
      [{ refuseSockets: true, holdStreams: true }, "http-polling"],
    ] as const) {
      const hostile = await startMock(options);
      const { page } = await openPage(browser, hostile.url, "/");
      await live(page, transport);
      await until(async () => expect(await cell(page, "AAPL", "bid")).toMatch(/^\d+\.\d\d$/));
      await page.close();
      await hostile.stop();
    }
  });

  it("streams go on in new responses without a gap", async () => {
    const short = await startMock({ contentLength: 20_000 });
    const { page } = await openPage(browser, short.url, "/?transport=http-streaming");
    await live(page, "http-streaming");
    await vi.waitFor(() => expect(short.binds.length).toBeGreaterThan(4), 15_000);
    short.pause();
    await until(async () => expect(await cell(page, "MSFT", "bid")).toBe(short.market.quote("MSFT")?.["bid"]));
    expect(await page.locator("#connection").getAttribute("data-state")).toBe("connected");
    await page.close();
    await short.stop();
  });
});
