import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Client } from "../src/client.js";
import { LiveClient } from "../src/live-client.js";
import type { MessageError } from "../src/errors.js";
import type { Subscription, TableSubscription, Update } from "../src/subscription.js";
import type { Cell } from "../src/values.js";
import { encodeValues } from "./encode.js";
import { type FakeConnection, FakePlatform, parseParams, settle } from "./fake.js";

// A client against a model of a server, driven by a random list of actions: prices move, rows of tables come and go,
// connections break, in the middle of a line too, sessions are recovered or forgotten, messages are sent, subscriptions
// begin and end, transports change, passwords are late or cannot be had. After it all has gone quiet, what the client holds must be what the server holds,
// whatever happened on the way; each message was handled once, and its outcome is known unless its session was lost.

const FIELDS = ["bid", "ask", "name"] as const;
const BOOK = ["key", "command", "size"] as const;
const ITEMS = ["A", "B"] as const;

interface ServerSubscription {
  readonly items: readonly string[];
  readonly mode: string;
  readonly wire: (Cell[] | undefined)[];
}

/** Server holds one session at a time and answers all connections of a platform. */
class Server {
  readonly quotes = new Map<string, Cell[]>(ITEMS.map((item) => [item, ["0", "0", null]]));
  readonly books = new Map<string, Map<string, string>>(ITEMS.map((item) => [item, new Map()]));
  readonly down = { socket: false, post: false };
  #sessions = 0;
  #sessionId = "";
  #stream: FakeConnection | undefined;
  #polling = false;
  #subscriptions = new Map<string, ServerSubscription>();
  /** The data notifications of the session, and how many of them were written to a connection. */
  #log: string[] = [];
  #written = 0;
  #bound = false;
  /** Bytes of the next lines that still get through before the connection breaks. */
  #torn = Infinity;
  /** The messages of the session by number, and all that were handled, in whichever session. */
  #messages = new Set<string>();
  readonly handled: string[] = [];
  readonly #seen = new Map<FakeConnection, number>();

  constructor(private readonly platform: FakePlatform) {}

  /**
   * Deals with all that the client has sent since the last call. Returns whether there was anything. Requests that the
   * client has given up arrive as well, but nobody hears the answer; and HTTP requests may overtake each other.
   */
  serve(reverse = false): boolean {
    let worked = false;
    const connections = reverse ? this.platform.connections.toReversed() : this.platform.connections;
    for (const connection of connections) {
      const seen = this.#seen.get(connection);
      if (connection.closed && (seen !== undefined || !/\/(control|msg)\.txt/.test(connection.url))) continue;
      if (seen === undefined) {
        worked = true;
        this.#seen.set(connection, 0);
        if (this.down[connection.kind]) connection.end(new Error("refused"));
        else if (connection.kind === "socket") connection.open();
        else this.#request(connection, /(\w+)\.txt/.exec(connection.url)?.[1] ?? "", connection.body.split("\r\n"));
        continue;
      }
      const texts = connection.sent.slice(seen);
      this.#seen.set(connection, connection.sent.length);
      for (const text of texts) {
        worked = true;
        const [name = "", ...lines] = text.split("\r\n");
        this.#request(connection, name, lines);
      }
    }
    return worked;
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  /** Breaks the present stream connection. */
  cut(): void {
    this.#stream?.end(new Error("reset"));
  }

  /** Lets the present connection break after so many bytes more. */
  tear(bytes: number): void {
    this.#torn = bytes;
  }

  /** Forgets the session, as a server does that was restarted. */
  forget(): void {
    this.#sessionId = "";
    this.#bound = false;
    this.#subscriptions = new Map();
    this.cut();
  }

  loop(): void {
    if (this.#bound) this.#rebind();
  }

  price(item: string, cells: Cell[]): void {
    this.quotes.set(item, cells);
    this.#each(item, "MERGE", (id, at, subscription) => this.#update(id, at, subscription, cells));
  }

  row(item: string, key: string, size: string | undefined): void {
    const book = this.books.get(item);
    const command = size === undefined ? "DELETE" : book?.has(key) ? "UPDATE" : "ADD";
    if (command === "DELETE" && !book?.has(key)) return;
    if (size === undefined) book?.delete(key);
    else book?.set(key, size);
    this.#each(item, "COMMAND", (id, at, subscription) => this.#update(id, at, subscription, [key, command, size ?? null]));
  }

  clear(item: string): void {
    this.books.get(item)?.clear();
    this.#each(item, "COMMAND", (id, at) => this.#say(`CS,${id},${at + 1}`));
  }

  probe(): void {
    if (this.#bound && !this.#polling) this.#write(["PROBE"]);
    else if (this.#bound) this.#rebind();
  }

  #each(item: string, mode: string, run: (id: string, at: number, subscription: ServerSubscription) => void): void {
    for (const [id, subscription] of this.#subscriptions) {
      const at = subscription.items.indexOf(item);
      if (at >= 0 && subscription.mode === mode) run(id, at, subscription);
    }
  }

  #update(id: string, at: number, subscription: ServerSubscription, cells: Cell[]): void {
    this.#say(`U,${id},${at + 1},${encodeValues(subscription.wire[at], cells, cells.length % 2 === 0)}`);
    subscription.wire[at] = cells;
  }

  #say(line: string): void {
    this.#log.push(line);
    if (!this.#bound) return;
    this.#write([line]);
    this.#written = this.#log.length;
    if (this.#polling) this.#rebind();
  }

  /** Writes to the present connection; it may have broken without the server's knowing. */
  #write(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}\r\n`).join("");
    this.#stream?.text(text.slice(0, this.#torn));
    if (text.length > this.#torn) this.cut();
    this.#torn = text.length > this.#torn ? Infinity : this.#torn - text.length;
  }

  #rebind(): void {
    const stream = this.#stream;
    this.#write(["LOOP,0"]);
    this.#bound = false;
    if (stream?.kind === "post") stream.end();
  }

  #request(connection: FakeConnection, name: string, lines: readonly string[]): void {
    const params = parseParams(lines[0] ?? "");
    switch (name) {
      case "wsok":
        return connection.lines("WSOK");
      case "create_session":
        this.#sessionId = `S${++this.#sessions}`;
        this.#subscriptions = new Map();
        this.#messages = new Set();
        this.#log = [];
        this.#written = 0;
        return this.#bind(connection, params);
      case "bind_session":
        if (params["LS_session"] !== this.#sessionId) return connection.lines("CONERR,20,gone");
        return this.#bind(connection, params);
      case "msg":
        for (const line of lines) this.#message(connection, parseParams(line));
        if (connection.kind === "post") connection.end();
        return;
      case "control":
        for (const line of lines) this.#control(connection, parseParams(line));
        if (connection.kind === "post") connection.end();
        return;
    }
  }

  #bind(connection: FakeConnection, params: Record<string, string>): void {
    this.#stream = connection;
    this.#polling = params["LS_polling"] === "true";
    this.#bound = true;
    this.#torn = Infinity;
    const from = params["LS_recovery_from"];
    // A server may go on from earlier than it was asked to.
    if (from !== undefined) this.#written = Math.max(0, Number(from) - (Number(from) % 3));
    const waiting = this.#log.slice(this.#written);
    this.#write([`CONOK,${this.#sessionId},50000,5000,*`, ...(from === undefined ? [] : [`PROG,${this.#written}`]), ...waiting]);
    this.#written = this.#log.length;
    if (this.#polling && (waiting.length > 0 || params["LS_idle_millis"] === "0")) this.#rebind();
  }

  #message(connection: FakeConnection, params: Record<string, string>): void {
    const { LS_reqId: request, LS_message: text = "", LS_sequence: sequence = "*", LS_msg_prog: number } = params;
    if (connection.kind === "post" && !connection.url.endsWith(`LS_session=${this.#sessionId}`)) return connection.lines(`REQERR,${request},20,gone`);
    const name = `${sequence},${number}`;
    if (this.#messages.has(name)) return connection.lines(`REQERR,${request},33,there before`);
    this.#messages.add(name);
    this.handled.push(text);
    connection.lines(`REQOK,${request}`);
    this.#say(`MSGDONE,${name},${text}`);
  }

  #control(connection: FakeConnection, params: Record<string, string>): void {
    const id = params["LS_subId"] ?? "";
    if (connection.kind === "post" && !connection.url.endsWith(`LS_session=${this.#sessionId}`)) {
      return connection.lines(`REQERR,${params["LS_reqId"]},20,gone`);
    }
    if (params["LS_ack"] !== "false") connection.lines(`REQOK,${params["LS_reqId"]}`);
    if (params["LS_op"] === "delete") {
      if (this.#subscriptions.delete(id)) this.#say(`UNSUB,${id}`);
    }
    if (params["LS_op"] !== "add" || this.#subscriptions.has(id)) return;
    const items = (params["LS_group"] ?? "").split(" ");
    const subscription = { items, mode: params["LS_mode"] ?? "", wire: items.map(() => undefined) };
    this.#subscriptions.set(id, subscription);
    const table = subscription.mode === "COMMAND";
    this.#say(table ? `SUBCMD,${id},${items.length},3,1,2` : `SUBOK,${id},${items.length},3`);
    items.forEach((item, at) => {
      if (!table) return this.#update(id, at, subscription, this.quotes.get(item) ?? []);
      for (const [key, size] of this.books.get(item) ?? []) this.#update(id, at, subscription, [key, "ADD", size]);
      this.#say(`EOS,${id},${at + 1}`);
    });
  }
}

type Action =
  | { readonly do: "price"; readonly item: string; readonly cells: Cell[] }
  | { readonly do: "row"; readonly item: string; readonly key: string; readonly size: string | undefined }
  | { readonly do: "wait"; readonly time: number }
  | { readonly do: "down"; readonly kind: "socket" | "post"; readonly value: boolean }
  | { readonly do: "choose"; readonly transport: "auto" | "websocket" | "http-streaming" | "http-polling" }
  | { readonly do: "password"; readonly takes: number | undefined }
  | { readonly do: "clear"; readonly item: string }
  | { readonly do: "tear"; readonly bytes: number }
  | { readonly do: "serve"; readonly reverse: boolean }
  | { readonly do: "cut" | "forget" | "send" | "loop" | "paint" | "drop" | "wake" | "subscribe" | "unsubscribe" | "probe" };

const item = fc.constantFrom(...ITEMS);
const cell = fc.constantFrom<Cell>(null, "", "1", "2", "#3", "a|b");
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant("price" as const), item, cells: fc.array(cell, { minLength: 3, maxLength: 3 }) }) },
  { weight: 20, arbitrary: fc.record({ do: fc.constant("row" as const), item, key: fc.constantFrom("k1", "k2"), size: fc.constantFrom("1", "2", undefined) }) },
  { weight: 20, arbitrary: fc.record({ do: fc.constant("serve" as const), reverse: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), time: fc.constantFrom(10, 600, 3000, 9000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("down" as const), kind: fc.constantFrom("socket" as const, "post" as const), value: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("choose" as const), transport: fc.constantFrom("auto" as const, "websocket" as const, "http-streaming" as const, "http-polling" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("password" as const), takes: fc.constantFrom(0, 500, 5000, 50_000, undefined) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const), item }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("tear" as const), bytes: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 4, arbitrary: fc.constantFrom<Action>({ do: "paint" }, { do: "loop" }, { do: "subscribe" }, { do: "unsubscribe" }, { do: "probe" }, { do: "send" }) },
  { weight: 1, arbitrary: fc.constantFrom<Action>({ do: "cut" }, { do: "drop" }, { do: "forget" }) },
  { weight: 2, arbitrary: fc.constant({ do: "wake" as const }) },
);

/** Watched is a subscription and the picture that its events alone give. */
class Watched {
  readonly byUpdate = new Map<string, Map<string, string | null>>();
  readonly byFrame = new Map<string, Map<string, string | null>>();
  readonly faults: string[] = [];

  constructor(readonly subscription: TableSubscription<(typeof BOOK)[number], (typeof ITEMS)[number]>) {
    subscription.on("update", (u) => this.#apply(this.byUpdate, u));
    subscription.on("frame", (updates) => updates.forEach((u) => this.#apply(this.byFrame, u)));
    subscription.on("clear", ({ item }) => {
      this.byUpdate.delete(item);
      this.byFrame.delete(item);
    });
  }

  #apply(picture: Map<string, Map<string, string | null>>, u: Update<"size" | "key" | "command", string, "COMMAND">): void {
    const table = picture.get(u.item) ?? new Map<string, string | null>();
    picture.set(u.item, table);
    const known = table.has(u.key);
    // An ADD is always news, an UPDATE never; a DELETE may name what is gone already.
    if (u.command !== "DELETE" && (u.command === "UPDATE") !== known) this.faults.push(`${u.command} of a key that is ${known ? "known" : "new"}`);
    if (u.command === "DELETE") table.delete(u.key);
    else table.set(u.key, u.values.size);
  }
}

describe("a client and a server", () => {
  it("agree when all is quiet", { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 150, size: "max" }), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), async (actions, randoms) => {
        const platform = new FakePlatform();
        platform.clock.random = () => randoms.next().value as number;
        const server = new Server(platform);
        // How long a password takes, or undefined where there is none to be had.
        let takes: number | undefined = 0;
        const password = async (): Promise<string> => {
          const delay = takes;
          if (delay === undefined) throw new Error("no token");
          if (delay > 0) await new Promise<void>((resolve) => platform.clock.after(delay, resolve));
          return "token";
        };
        const client: Client = new LiveClient("http://server.test", { password }, platform);
        const quotes: Subscription<(typeof FIELDS)[number], (typeof ITEMS)[number]>[] = [];
        const books: Watched[] = [];
        const outcomes: string[] = [];
        let sent = 0;
        const send = (): void => {
          const text = `m${++sent}`;
          client.send(text, { sequence: "S" }).then(
            (answer) => outcomes.push(`${text} ${answer}`),
            (error: unknown) => outcomes.push(`${text} ${(error as MessageError).reason}`),
          );
        };
        const subscribe = (): void => {
          quotes.push(client.subscribe({ items: ITEMS, fields: FIELDS }));
          books.push(new Watched(client.subscribe({ items: ITEMS, fields: BOOK, mode: "COMMAND" })));
        };
        const atMostOne = (): void => {
          const streams = platform.open.filter(({ url }) => !/\/(control|msg)\.txt/.test(url));
          const controls = platform.open.filter(({ url, body }) => /\/(control|msg)\.txt/.test(url) && !body.includes("LS_op=destroy"));
          // A response that has said LOOP may still be ending when the next one begins.
          expect(streams.length).toBeLessThanOrEqual(2);
          expect(controls.length).toBeLessThanOrEqual(1);
        };
        subscribe();
        await settle();

        for (const one of actions) {
          switch (one.do) {
            case "price": server.price(one.item, one.cells); break;
            case "row": server.row(one.item, one.key, one.size); break;
            case "wait": await platform.clock.advance(one.time); break;
            case "down": server.down[one.kind] = one.value; break;
            case "choose": client.setTransport(one.transport); break;
            case "password": takes = one.takes; break;
            case "clear": server.clear(one.item); break;
            case "cut": server.cut(); break;
            case "tear": server.tear(one.bytes); break;
            case "forget": server.forget(); break;
            case "send": send(); break;
            case "loop": server.loop(); break;
            case "serve": server.serve(one.reverse); break;
            case "paint": platform.clock.paint(); break;
            case "drop": client.drop(); break;
            case "wake": platform.wake("online"); break;
            case "probe": server.probe(); break;
            case "subscribe": if (quotes.length < 4) subscribe(); break;
            case "unsubscribe":
              quotes.shift()?.unsubscribe();
              books.shift()?.subscription.unsubscribe();
              break;
          }
          await settle();
          atMostOne();
        }

        // Quiet: everything works, and time passes.
        server.down.socket = server.down.post = false;
        takes = 0;
        for (let i = 0; i < 60; i++) {
          while (server.serve()) await settle();
          await platform.clock.advance(i < 20 ? 3000 : 900);
          server.probe();
          await settle();
        }
        while (server.serve()) await settle();
        platform.clock.paint();

        expect(client.status.state).toBe("connected");
        for (const quote of quotes) {
          for (const name of ITEMS) {
            const [bid, ask, text] = server.quotes.get(name) ?? [];
            expect(quote.get(name)).toEqual({ bid, ask, name: text });
          }
        }
        expect(server.subscriptions).toBe(quotes.length + books.length);
        for (const { subscription, byUpdate, byFrame, faults } of books) {
          expect(faults).toEqual([]);
          for (const name of ITEMS) {
            const want = Object.fromEntries([...(server.books.get(name) ?? [])].sort());
            const sorted = (map: Iterable<[string, unknown]>): unknown => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
            expect(sorted([...subscription.table(name)].map(([key, row]) => [key, row.size]))).toEqual(want);
            expect(sorted(byUpdate.get(name) ?? [])).toEqual(want);
            expect(sorted(byFrame.get(name) ?? [])).toEqual(want);
          }
        }
        // A message is handled once; the order holds within a session, and no outcome is another message's.
        expect(outcomes).toHaveLength(sent);
        expect(new Set(server.handled).size).toBe(server.handled.length);
        for (const outcome of outcomes) {
          const [text = "", answer] = outcome.split(" ");
          if (answer !== "aborted") expect([answer, server.handled.includes(text)]).toEqual([text, true]);
        }
        client.close();
        expect(platform.clock.pendingTimers).toBe(0);
        expect(platform.clock.pendingFrames).toBe(0);
      }),
      { numRuns: Number(process.env["SIMULATION_RUNS"] ?? 1_000) },
    );
  });
});
