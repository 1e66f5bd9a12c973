import { type Browser, chromium, type ConsoleMessage, type Page } from "playwright-core";
import { MockServer } from "../mock/server.js";
import type { MockOptions } from "../mock/server.js";

/** Address of a real server to test instead of the mock. */
export const REAL_URL = process.env["HALLEY_URL"]?.replace(/\/+$/, "");

const ARGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ARGS });
}

/** startMock serves the built dashboard with the mock server. */
export async function startMock(options: MockOptions = {}): Promise<MockServer> {
  return MockServer.start({ files: new URL("../../../../cmd/halley/web/dist", import.meta.url).pathname, ...options });
}

/** Watched is a page and what went wrong in it. */
export interface Watched {
  readonly page: Page;
  /** Errors of the console and of scripts, refused content, and requests to another place. */
  readonly faults: string[];
}

/** openPage opens an address and keeps what goes wrong. */
export async function openPage(browser: Browser, base: string, path: string): Promise<Watched> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const faults: string[] = [];
  page.on("console", (message: ConsoleMessage) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith("data:")) faults.push(`request to ${request.url()}`);
  });
  await page.goto(`${base}${path}`);
  return { page, faults };
}

/** live waits until the page has a session over a transport. */
export async function live(page: Page, transport: string): Promise<void> {
  await page.locator(`#connection[data-state="connected"][data-transport="${transport}"]`).waitFor();
}

export function cell(page: Page, item: string, field: string): Promise<string> {
  return page.locator(`[role=gridcell][data-item="${item}"][data-field="${field}"]`).innerText();
}
