import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import type { Cell } from "../../src/values.js";
import { encodeValues } from "../encode.js";
import { type Fields, Market, type Tick } from "./market.js";

/** MockOptions bend the server to what a test needs. */
export interface MockOptions {
  /** Folder of files to serve. */
  readonly files?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** Milliseconds between steps of the market; 0 stands still. Default: 25. */
  readonly pace?: number;
  /** Refuses WebSocket handshakes. */
  readonly refuseSockets?: boolean;
  /** Holds streams back until they end, as a bad proxy does. */
  readonly holdStreams?: boolean;
  /** Ends streams after so many bytes, whatever the client has asked for. */
  readonly contentLength?: number;
  /** Knows no item outside QUOTES, and of those the fields of a bare feed only. */
  readonly bare?: readonly string[];
}

/** Pipe is a bound connection. */
interface Pipe {
  write(text: string): void;
  end(): void;
  cut(): void;
}

const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const KEEP_ALIVE = 2_000;

/** MockServer speaks enough of the protocol for the client and the dashboard, over all three transports. */
export class MockServer {
  readonly market = new Market();
  readonly sessions = new Map<string, Session>();
  /** How connections were bound, for tests that ask. */
  readonly binds: string[] = [];
  readonly #http: Server;
  readonly #sockets = new Set<WebSocket>();
  #step: NodeJS.Timeout | undefined;
  #count = 0;

  private constructor(readonly options: MockOptions) {
    this.#http = createServer((request, response) => {
      this.#request(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
    this.#http.on("upgrade", (request, socket, head) => {
      if (options.refuseSockets) return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      sockets.handleUpgrade(request, socket, head, (webSocket) => this.#socket(webSocket));
    });
    const pace = options.pace ?? 25;
    if (pace > 0) this.#step = setInterval(() => this.tick(), pace);
  }

  static async start(options: MockOptions = {}): Promise<MockServer> {
    const server = new MockServer(options);
    await new Promise<void>((resolve) => server.#http.listen(options.port ?? 0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.pause();
    this.cut();
    for (const session of this.sessions.values()) session.end();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** Stops the market; connections stay. */
  pause(): void {
    clearInterval(this.#step);
  }

  /** Breaks every connection; sessions stay. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
    for (const session of this.sessions.values()) session.cut();
  }

  /** Lets the market go one step on. */
  tick(): void {
    for (const tick of this.market.step()) for (const session of this.sessions.values()) session.tick(tick);
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    const name = /^\/lightstreamer\/(\w+)\.txt$/.exec(url.pathname)?.[1];
    if (!name) return this.#file(url.pathname, response);
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*" });
    const lines = body.split("\r\n");
    if (name === "control" || name === "msg") {
      const session = this.sessions.get(url.searchParams.get("LS_session") ?? "");
      response.end(lines.map((line) => this.#control(params(line), session)).join(""));
      return;
    }
    const asked = params(lines[0] ?? "");
    let held = this.options.holdStreams && asked["LS_polling"] !== "true" ? "" : undefined;
    const pipe: Pipe = {
      write: (text) => {
        if (held === undefined) response.write(text);
        else held += text;
      },
      end: () => response.end(held),
      cut: () => response.destroy(),
    };
    this.#bind(name, asked, pipe, "http");
  }

  #socket(socket: WebSocket): void {
    this.#sockets.add(socket);
    let session: Session | undefined;
    const pipe: Pipe = { write: (text) => socket.send(text), end: () => undefined, cut: () => socket.terminate() };
    socket.on("close", () => {
      this.#sockets.delete(socket);
      session?.leave(pipe);
    });
    socket.on("message", (data: Buffer) => {
      const [name, ...lines] = data.toString("utf8").split("\r\n");
      if (name === "wsok") return pipe.write("WSOK\r\n");
      if (name !== "control" && name !== "msg") {
        session = this.#bind(name ?? "", params(lines[0] ?? ""), pipe, "ws") ?? session;
        return;
      }
      const answer = lines.map((line) => this.#control(params(line), session)).join("");
      if (answer !== "") pipe.write(answer);
    });
  }

  #bind(name: string, asked: Params, pipe: Pipe, how: "http" | "ws"): Session | undefined {
    let session = this.sessions.get(asked["LS_session"] ?? "");
    if (name === "create_session") {
      if (asked["LS_adapter_set"] === "NONE") {
        pipe.write("CONERR,2,Requested Adapter Set not available\r\n");
        pipe.end();
        return undefined;
      }
      this.sessions.get(asked["LS_old_session"] ?? "")?.end();
      session = new Session(`S${++this.#count}x${Math.random().toString(36).slice(2)}`, this, asked["LS_requested_max_bandwidth"]);
      this.sessions.set(session.id, session);
    }
    if (!session) {
      pipe.write("CONERR,20,Session not found\r\n");
      pipe.end();
      return undefined;
    }
    const polling = asked["LS_polling"] === "true";
    const from = asked["LS_recovery_from"];
    this.binds.push(`${how} ${from === undefined ? name : "recovery"} ${polling ? "poll" : "stream"}`);
    const limit = how === "ws" || polling ? Infinity : (this.options.contentLength ?? Number(asked["LS_content_length"] ?? 1e7));
    session.bind(pipe, polling ? Number(asked["LS_idle_millis"] ?? 0) : undefined, limit, from === undefined ? undefined : Number(from));
    return session;
  }

  #control(asked: Params, session: Session | undefined): string {
    const id = asked["LS_reqId"] ?? "";
    if (!session) return `REQERR,${id},20,Session not found\r\n`;
    const refusal = session.control(asked);
    if (refusal) return `REQERR,${id},${refusal}\r\n`;
    return asked["LS_ack"] === "false" ? "" : `REQOK,${id}\r\n`;
  }

  #file(path: string, response: ServerResponse): void {
    const name = path === "/" ? "/index.html" : path;
    try {
      const body = readFileSync(join(this.options.files ?? "", name));
      response.writeHead(200, { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream", "Content-Security-Policy": CSP });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  }
}

type Params = Readonly<Record<string, string>>;

function params(line: string): Params {
  return Object.fromEntries(line.split("&").map((part) => part.split("=").map(decodeURIComponent) as [string, string]));
}

interface Subscription {
  readonly id: string;
  readonly items: readonly string[];
  readonly fields: readonly string[];
  readonly mode: string;
  readonly adapter: string;
  interval: number;
  readonly wire: (Cell[] | undefined)[];
  /** Rows held back by the frequency, by item and key. */
  readonly held: Map<string, () => void>;
  readonly sentAt: Map<string, number>;
}

/** Session is one client's. */
class Session {
  readonly subscriptions = new Map<string, Subscription>();
  #pipe: Pipe | undefined;
  #poll: { timer: NodeJS.Timeout } | undefined;
  #left = 0;
  /** The data notifications of the session, and how many of them were written to a connection. */
  readonly #log: string[] = [];
  #written = 0;
  readonly #messages = new Set<string>();
  #bandwidth: string;
  #probe: NodeJS.Timeout;
  #spokeAt = 0;

  constructor(
    readonly id: string,
    private readonly server: MockServer,
    bandwidth = "unlimited",
  ) {
    this.#bandwidth = bandwidth;
    this.#probe = setInterval(() => {
      if (this.#pipe && !this.#poll && Date.now() - this.#spokeAt >= KEEP_ALIVE - 50) this.#write(["PROBE"]);
    }, KEEP_ALIVE / 4);
  }

  /** Goes on over a connection; from an earlier notification when the client says which ones it has received. */
  bind(pipe: Pipe, idle: number | undefined, limit: number, recoverFrom?: number): void {
    const from = recoverFrom ?? this.#written;
    clearTimeout(this.#poll?.timer);
    this.#pipe = pipe;
    this.#left = limit;
    this.#poll = idle === undefined ? undefined : { timer: setTimeout(() => this.#loop(), idle) };
    const waiting = this.#log.slice(from);
    this.#write([`CONOK,${this.id},50000,${idle ?? KEEP_ALIVE},*`, "SERVNAME,mock", `CONS,${this.#bandwidth}`, ...(recoverFrom === undefined ? [] : [`PROG,${from}`]), ...waiting]);
    this.#written = this.#log.length;
    if (waiting.length > 0 && this.#poll) this.#finishSoon();
  }

  control(asked: Params): string | undefined {
    const id = asked["LS_subId"] ?? "";
    if (asked["LS_message"] !== undefined) return this.#message(asked["LS_message"], asked["LS_sequence"] ?? "*", asked["LS_msg_prog"] ?? "");
    switch (asked["LS_op"]) {
      case "add":
        return this.#subscribe(id, asked);
      case "delete":
        if (!this.subscriptions.delete(id)) return "19,Subscription not found";
        this.#say(`UNSUB,${id}`);
        return undefined;
      case "reconf": {
        const subscription = this.subscriptions.get(id);
        if (!subscription) return "19,Subscription not found";
        subscription.interval = intervalOf(asked["LS_requested_max_frequency"]);
        this.#say(`CONF,${id},${asked["LS_requested_max_frequency"]},filtered`);
        return undefined;
      }
      case "constrain":
        this.#bandwidth = asked["LS_requested_max_bandwidth"] ?? "unlimited";
        this.#write([`CONS,${this.#bandwidth}`]);
        return undefined;
      case "destroy":
        this.#write(["END,31,Destroy invoked by client"]);
        this.#pipe?.end();
        this.end();
        return undefined;
      default:
        return "65,Unknown operation";
    }
  }

  tick({ adapter, item, row }: Tick): void {
    for (const subscription of this.subscriptions.values()) {
      const at = subscription.adapter === adapter ? subscription.items.indexOf(item) : -1;
      if (at >= 0) this.#pace(subscription, at, row);
    }
  }

  leave(pipe: Pipe): void {
    if (this.#pipe === pipe) this.#pipe = undefined;
  }

  cut(): void {
    this.#pipe?.cut();
    this.#pipe = undefined;
  }

  end(): void {
    clearInterval(this.#probe);
    clearTimeout(this.#poll?.timer);
    this.server.sessions.delete(this.id);
  }

  /** Answers with the message itself, but denies what begins with "no". A number is handled once. */
  #message(text: string, sequence: string, number: string): string | undefined {
    const name = `${sequence},${number}`;
    if (!this.#messages.has(name)) this.#say(text.startsWith("no") ? `MSGFAIL,${name},-1,denied` : `MSGDONE,${name},${encodeURIComponent(text)}`);
    this.#messages.add(name);
    return undefined;
  }

  #subscribe(id: string, asked: Params): string | undefined {
    if (this.subscriptions.has(id)) return undefined;
    const { market, options } = this.server;
    const items = (asked["LS_group"] ?? "").split(" ");
    const fields = (asked["LS_schema"] ?? "").split(" ");
    const mode = asked["LS_mode"] ?? "";
    const adapter = asked["LS_data_adapter"] ?? "DEFAULT";
    if (!["QUOTES", "DEPTH", "NEWS"].includes(adapter) || (options.bare && adapter !== "QUOTES")) return "17,Data Adapter not found";
    const unknown = items.find((item) => (adapter === "NEWS" ? item !== "NEWS" : !market.quote(item)));
    if (unknown !== undefined) return `21,Unknown item ${encodeURIComponent(unknown)}`;
    const interval = intervalOf(asked["LS_requested_max_frequency"]);
    const subscription: Subscription = { id, items, fields, mode, adapter, interval, wire: items.map(() => undefined), held: new Map(), sentAt: new Map() };
    this.subscriptions.set(id, subscription);
    if (mode === "COMMAND") this.#say(`SUBCMD,${id},${items.length},${fields.length},${fields.indexOf("key") + 1},${fields.indexOf("command") + 1}`);
    else this.#say(`SUBOK,${id},${items.length},${fields.length}`);
    this.#say(`CONF,${id},${asked["LS_requested_max_frequency"] ?? "unlimited"},filtered`);
    items.forEach((item, at) => {
      const rows = adapter === "QUOTES" ? [market.quote(item) ?? {}] : adapter === "DEPTH" ? [...(market.book(item)?.values() ?? [])] : market.news;
      for (const row of rows) this.#update(subscription, at, row);
      if (mode !== "MERGE") this.#say(`EOS,${id},${at + 1}`);
    });
    return undefined;
  }

  /** Sends a row now, or the newest one when its time has come. */
  #pace(subscription: Subscription, at: number, row: Fields): void {
    const key = `${at} ${row["key"] ?? ""}`;
    const send = (): void => {
      subscription.held.delete(key);
      subscription.sentAt.set(key, Date.now());
      if (this.subscriptions.get(subscription.id) === subscription) this.#update(subscription, at, row);
    };
    const wait = (subscription.sentAt.get(key) ?? 0) + subscription.interval - Date.now();
    if (wait <= 0 || row["command"] === "ADD" || row["command"] === "DELETE") return send();
    if (!subscription.held.has(key)) setTimeout(() => subscription.held.get(key)?.(), wait);
    subscription.held.set(key, send);
  }

  #update(subscription: Subscription, at: number, row: Fields): void {
    const known = this.server.options.bare;
    const cells = subscription.fields.map((field) => (known && !known.includes(field) ? null : (row[field] ?? null)));
    const base = subscription.mode === "DISTINCT" || subscription.mode === "COMMAND" ? undefined : subscription.wire[at];
    subscription.wire[at] = cells;
    this.#say(`U,${subscription.id},${at + 1},${encodeValues(base, cells, true)}`);
  }

  #say(line: string): void {
    this.#log.push(line);
    if (!this.#pipe) {
      if (this.#log.length - this.#written > 20_000) this.end();
      return;
    }
    this.#write([line]);
    this.#written = this.#log.length;
    if (this.#poll) this.#finishSoon();
    else if (this.#left <= 0) this.#loop();
  }

  #finishSoon(): void {
    const poll = this.#poll;
    if (!poll) return;
    clearTimeout(poll.timer);
    poll.timer = setTimeout(() => {
      if (this.#poll === poll) this.#loop();
    }, 5);
  }

  #loop(): void {
    const pipe = this.#pipe;
    if (!pipe) return;
    this.#write(["LOOP,0"]);
    this.#pipe = this.#poll = undefined;
    pipe.end();
  }

  #write(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}\r\n`).join("");
    this.#spokeAt = Date.now();
    this.#left -= text.length;
    this.#pipe?.write(text);
  }
}

function intervalOf(frequency: string | undefined): number {
  const perSecond = Number(frequency);
  return perSecond > 0 ? 1000 / perSecond : 0;
}
