import { afterEach, describe, expect, it, vi } from "vitest";
import { WebSocket as NodeSocket } from "ws";
import { type Client, connect } from "../src/client.js";
import type { ConnectOptions, Status, WebSocketConstructor } from "../src/index.js";
import { type MockOptions, MockServer } from "./mock/server.js";

// Real sockets and real HTTP, against the mock server.

let server: MockServer | undefined;
let client: Client | undefined;

afterEach(async () => {
  client?.close();
  await server?.stop();
});

async function open(mock: MockOptions, options: ConnectOptions = {}): Promise<{ server: MockServer; client: Client; statuses: Status[] }> {
  const started = await MockServer.start({ pace: 5, ...mock });
  const opened = connect(started.url, { adapterSet: "DEMO", webSocket: NodeSocket as unknown as WebSocketConstructor, ...options });
  const statuses: Status[] = [];
  opened.on("status", (status) => statuses.push(status));
  server = started;
  client = opened;
  return { server: started, client: opened, statuses };
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 10 });

/** Subscribes to quotes and a book, lets the market run and stop, and compares. */
async function compare({ server, client }: { server: MockServer; client: Client }, updates: number): Promise<void> {
  const items = server.market.symbols.slice(0, 5);
  const quotes = client.subscribe({ items, fields: ["symbol", "bid", "ask", "last"], dataAdapter: "QUOTES" });
  const books = client.subscribe({ items: items.slice(0, 2), fields: ["key", "command", "price", "size"], mode: "COMMAND", dataAdapter: "DEPTH" });
  let count = 0;
  quotes.on("update", () => count++);
  await until(() => expect(count).toBeGreaterThan(updates));
  server.pause();
  await until(() => {
    for (const item of items) {
      const { symbol, bid, ask, last } = server.market.quote(item) ?? {};
      expect(quotes.get(item)).toEqual({ symbol, bid, ask, last });
    }
    for (const item of books.items) {
      const want = [...(server.market.book(item)?.values() ?? [])].map(({ key, price, size }) => `${key} ${price} ${size}`).sort();
      expect([...books.table(item).values()].map(({ key, price, size }) => `${key} ${price} ${size}`).sort()).toEqual(want);
    }
  });
}

describe("over each transport the client ends up with the server's values", () => {
  it("websocket", async () => {
    const made = await open({}, { transport: "websocket" });
    await compare(made, 200);
    expect(made.server.binds).toEqual(["ws create_session stream"]);
  });

  it("http-streaming, across many responses", async () => {
    const made = await open({ contentLength: 3_000 }, { transport: "http-streaming" });
    await compare(made, 400);
    expect(made.server.binds.length).toBeGreaterThan(5);
    expect(new Set(made.server.binds)).toEqual(new Set(["http create_session stream", "http bind_session stream"]));
    expect(made.statuses.map((status) => status.state)).toEqual(["connected"]);
  });

  it("http-polling", async () => {
    const made = await open({}, { transport: "http-polling" });
    await compare(made, 200);
    expect(new Set(made.server.binds)).toEqual(new Set(["http create_session poll", "http bind_session poll"]));
    expect(made.statuses.map((status) => status.state)).toEqual(["connected"]);
  });
});

describe("automatic choice", () => {
  it("takes HTTP streaming where WebSockets are refused", async () => {
    const made = await open({ refuseSockets: true });
    await compare(made, 50);
    expect(made.client.status).toMatchObject({ state: "connected", transport: "http-streaming" });
  });

  it("takes polling where streams are held back, too", async () => {
    const made = await open({ refuseSockets: true, holdStreams: true }, { connectTimeout: 300 });
    await compare(made, 50);
    expect(made.client.status).toMatchObject({ state: "connected", transport: "http-polling" });
  });
});

describe("failures", () => {
  for (const transport of ["websocket", "http-streaming", "http-polling"] as const) {
    it(`a cut ${transport} connection is made again, and its session recovered`, async () => {
      const made = await open({}, { transport });
      await until(() => expect(made.client.status.state).toBe("connected"));
      await until(() => {
        // Between two polls there is nothing to cut.
        made.server.cut();
        expect(made.statuses.some((status) => status.state === "recovering")).toBe(true);
      });
      await compare(made, 50);
      expect(made.client.status).toMatchObject({ state: "connected", transport });
      expect(made.server.sessions.size).toBe(1);
      expect(made.server.binds).toContainEqual(expect.stringMatching(/ recovery /));
    });

    it(`events over ${transport} have no gap, whatever is cut, and messages are answered once`, async () => {
      const made = await open({ pace: 2 }, { transport });
      const want: (string | null | undefined)[] = [];
      const seen: (string | null)[] = [];
      const step = made.server.market.step.bind(made.server.market);
      const raw = made.client.subscribe({ items: ["AAPL"], fields: ["last", "time"], mode: "RAW", dataAdapter: "QUOTES" });
      raw.on("update", (u) => seen.push(u.values.last));
      await until(() => expect(raw.state).toBe("active"));
      made.server.market.step = () => {
        const ticks = step();
        for (const { adapter, item, row } of ticks) if (adapter === "QUOTES" && item === "AAPL") want.push(row["last"]);
        return ticks;
      };
      const answers: Promise<string>[] = [];
      for (let i = 0; i < 4; i++) {
        answers.push(made.client.send(`${i}`, { sequence: "S" }));
        const next = seen.length + 5;
        await until(() => expect(seen.length).toBeGreaterThan(next));
        made.server.cut();
        answers.push(made.client.send(`${i}`));
        await until(() => expect(made.client.status.state).toBe("connected"));
      }
      expect(await Promise.all(answers)).toEqual(["0", "0", "1", "1", "2", "2", "3", "3"]);
      made.server.pause();
      // What was on its way when the counting began comes first.
      await until(() => expect(seen.slice(-want.length)).toEqual(want));
      expect(made.statuses.map((status) => status.state)).not.toContain("retrying");
      expect(made.server.sessions.size).toBe(1);
    });
  }

  it("a session that the server has forgotten is followed by a new one", async () => {
    const made = await open({});
    await until(() => expect(made.client.status.state).toBe("connected"));
    for (const session of made.server.sessions.values()) session.end();
    made.server.cut();
    await compare(made, 50);
    expect(made.statuses.map((status) => status.state)).toEqual(["connected", "recovering", "connecting", "connected"]);
  });

  it("a refused session closes the client", async () => {
    const { client } = await open({}, { adapterSet: "NONE" });
    await until(() => expect(client.status).toMatchObject({ state: "closed", cause: { code: 2 } }));
  });

  it("a refused message is rejected with the application's code", async () => {
    const { client } = await open({});
    await expect(client.send("no way")).rejects.toMatchObject({ name: "MessageError", reason: "denied", code: -1, message: "denied" });
  });

  it("a refused subscription leaves the others alone", async () => {
    const made = await open({});
    const errors: string[] = [];
    made.client.subscribe({ items: ["NOPE"], fields: ["bid"], dataAdapter: "QUOTES" }).on("error", (error) => errors.push(`${error.code} ${error.message}`));
    await compare(made, 20);
    expect(errors).toEqual(["21 Unknown item NOPE"]);
  });

  it("close ends the session on the server", async () => {
    for (const transport of ["websocket", "http-streaming"] as const) {
      const made = await open({}, { transport });
      await until(() => expect(made.server.sessions.size).toBe(1));
      await until(() => expect(made.client.status.state).toBe("connected"));
      made.client.close();
      await until(() => expect(made.server.sessions.size).toBe(0));
      await made.server.stop();
    }
  });
});

it("setTransport goes on over another transport while values keep coming", async () => {
  const made = await open({});
  for (const transport of ["http-polling", "http-streaming", "websocket"] as const) {
    await until(() => expect(made.client.status.state).toBe("connected"));
    made.client.setTransport(transport);
    await until(() => expect(made.client.status).toMatchObject({ state: "connected", transport }));
  }
  await compare(made, 20);
});

it("setMaxBandwidth asks, and the event tells what is in force", async () => {
  const { client } = await open({}, { maxBandwidth: 100 });
  const seen: unknown[] = [];
  client.on("bandwidth", (bandwidth) => seen.push(bandwidth));
  await until(() => expect(client.bandwidth).toBe(100));
  client.setMaxBandwidth(50.5);
  await until(() => expect(client.bandwidth).toBe(50.5));
  expect(seen).toEqual([100, 50.5]);
});
