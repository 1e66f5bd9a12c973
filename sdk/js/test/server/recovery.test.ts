import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket as NodeSocket } from "ws";
import { type Client, connect, type ConnectOptions, type Status, type WebSocketConstructor } from "../../src/index.js";
import { Halley, Wire } from "./halley.js";

// The client against the server of this repository.

let halley: Halley;
let wire: Wire;
const clients: Client[] = [];

beforeAll(async () => {
  halley = await Halley.start();
  wire = await Wire.to(halley.url);
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

afterAll(async () => {
  await wire.close();
  await halley.stop();
});

function open(url: string, options: ConnectOptions): { client: Client; statuses: Status[] } {
  const client = connect(url, { adapterSet: "DEMO", webSocket: NodeSocket as unknown as WebSocketConstructor, ...options });
  clients.push(client);
  const statuses: Status[] = [];
  client.on("status", (status) => statuses.push(status));
  return { client, statuses };
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 10 });

/** The events of an item, in the order in which they came, and what the server says of those that it had no room for. */
function events(client: Client): string[] {
  const seen: string[] = [];
  const raw = client.subscribe({ items: ["AAPL"], fields: ["$seq", "last", "bid", "ask"], mode: "RAW", dataAdapter: "QUOTES" });
  raw.on("update", (u) => seen.push(Object.values(u.values).join(" ")));
  raw.on("lost", ({ count }) => seen.push(`${count} lost`));
  return seen;
}

describe.each(["websocket", "http-streaming", "http-polling"] as const)("over %s", (transport) => {
  it("a session goes on after each cut, without a gap and without a repetition", async () => {
    const whole = events(open(halley.url, { transport: "websocket" }).client);
    await until(() => expect(whole.length).toBeGreaterThan(0));
    const { client, statuses } = open(wire.url, { transport });
    const seen = events(client);
    const book = client.subscribe({ items: ["AAPL"], fields: ["key", "command", "price", "size"], mode: "COMMAND", dataAdapter: "DEPTH" });
    let count = 0;
    book.on("update", () => count++);
    for (const bytes of [1, 300, 777, 1500]) {
      const before = statuses.filter(({ state }) => state === "recovering").length;
      await until(() => expect(client.status.state).toBe("connected"));
      const next = seen.length + 3;
      await until(() => expect(seen.length).toBeGreaterThan(next));
      wire.cutAfter(bytes);
      await until(() => expect(statuses.filter(({ state }) => state === "recovering").length).toBeGreaterThan(before));
    }
    await until(() => expect(client.status.state).toBe("connected"));
    const end = seen.length + 5;
    await until(() => expect(seen.length).toBeGreaterThan(end));
    await until(() => expect(whole).toContain(seen.at(-1)));
    const start = whole.indexOf(seen[0] ?? "");
    expect(start).toBeGreaterThanOrEqual(0);
    expect(seen.slice(0, end)).toEqual(whole.slice(start, start + end));
    expect(new Set(statuses.map(({ state }) => state))).toEqual(new Set(["connected", "recovering"]));
    expect(new Set(statuses.flatMap((status) => ("sessionId" in status ? [status.sessionId] : []))).size).toBe(1);
    expect(count).toBeGreaterThan(0);
  });

  it("a message is refused where nobody listens to messages", async () => {
    const { client } = open(halley.url, { transport });
    await expect(client.send("hello", { sequence: "S" })).rejects.toMatchObject({ name: "MessageError", reason: "failed", code: 34 });
    expect(client.status).toMatchObject({ state: "connected", transport });
  });

  it("the bandwidth is told, and changes on request", async () => {
    const { client } = open(halley.url, { transport });
    await until(() => expect(client.bandwidth).toBe("unlimited"));
    client.setMaxBandwidth(64);
    await until(() => expect(client.bandwidth).toBe(64));
    client.setMaxBandwidth("unlimited");
    await until(() => expect(client.bandwidth).toBe("unlimited"));
  });
});

it("a selector that makes no sense is refused, and one that does picks updates", async () => {
  const { client } = open(halley.url, {});
  const quotes = { items: ["AAPL"], fields: ["last"], dataAdapter: "QUOTES" } as const;
  const refused = new Promise<number>((resolve) => client.subscribe({ ...quotes, selector: "(((" }).on("error", (error) => resolve(error.code)));
  expect(await refused).toBe(25);
  const picked = client.subscribe({ ...quotes, selector: "last > 0" });
  await until(() => expect(picked.get("AAPL")?.last).toMatch(/^\d/));
});
