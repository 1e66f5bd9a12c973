import type { Client } from "../src/client.js";
import { LiveClient } from "../src/live-client.js";
import type { ConnectOptions } from "../src/options.js";
import type { Cancel, Clock, Connection, Platform, Sink, Transport, TransportName, Wake } from "../src/platform.js";
import type { Status } from "../src/status.js";

/** FakeClock is a clock that stands still until told to advance. */
export class FakeClock implements Clock {
  time = 1_000_000;
  random = (): number => 0.5;
  #timers: { at: number; run: () => void }[] = [];
  #frames: (() => void)[] = [];

  now(): number {
    return this.time;
  }

  after(delay: number, run: () => void): Cancel {
    const timer = { at: this.time + delay, run };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  frame(run: () => void): Cancel {
    this.#frames.push(run);
    return () => (this.#frames = this.#frames.filter((other) => other !== run));
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  get pendingFrames(): number {
    return this.#frames.length;
  }

  paint(): void {
    const frames = this.#frames;
    this.#frames = [];
    for (const run of frames) run();
  }

  async advance(delay: number): Promise<void> {
    const until = this.time + delay;
    for (;;) {
      await settle();
      const due = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.time = Math.max(this.time, due.at);
      due.run();
    }
    this.time = until;
    await settle();
  }
}

/** FakeConnection is a connection whose other side is the test. */
export class FakeConnection implements Connection {
  readonly sent: string[] = [];
  closed = false;

  constructor(
    readonly kind: "socket" | "post",
    readonly url: string,
    readonly body: string,
    private readonly sink: Sink,
  ) {}

  send(text: string): void {
    if (this.closed) throw new Error("send on a closed connection");
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }

  /** The handshake is done. */
  open(): void {
    if (!this.closed) this.sink.opened();
  }

  /** The server says these lines. */
  lines(...lines: string[]): void {
    this.text(lines.map((line) => `${line}\r\n`).join(""));
  }

  text(chunk: string): void {
    if (!this.closed) this.sink.text(chunk);
  }

  end(cause?: unknown): void {
    if (this.closed) return;
    this.closed = true;
    this.sink.ended(cause);
  }

  /** Parameters of the request line that came last, or of the one whose text holds `part`. */
  params(part = ""): Record<string, string> {
    const texts = this.kind === "post" ? [this.body] : this.sent;
    const lines = texts.flatMap((text) => text.split("\r\n")).filter((line) => line.includes("=") && line.includes(part));
    return parseParams(lines.at(-1) ?? "");
  }
}

export function parseParams(line: string): Record<string, string> {
  return Object.fromEntries([...new URLSearchParams(line.replaceAll("+", "%2B"))]);
}

/** FakePlatform keeps every connection that the client has opened. */
export class FakePlatform implements Platform {
  readonly clock = new FakeClock();
  readonly connections: FakeConnection[] = [];
  readonly transport: Transport;
  #wakes: ((wake: Wake) => void)[] = [];

  constructor(available: readonly TransportName[] = ["websocket", "http-streaming", "http-polling"]) {
    const keep = (connection: FakeConnection): FakeConnection => {
      this.connections.push(connection);
      return connection;
    };
    this.transport = {
      available,
      socket: (url, protocol, sink) => keep(new FakeConnection("socket", url, protocol, sink)),
      post: (url, body, sink) => keep(new FakeConnection("post", url, body, sink)),
    };
  }

  onWake(listener: (wake: Wake) => void): Cancel {
    this.#wakes.push(listener);
    return () => (this.#wakes = this.#wakes.filter((other) => other !== listener));
  }

  wake(wake: Wake): void {
    for (const listener of this.#wakes) listener(wake);
  }

  get listeners(): number {
    return this.#wakes.length;
  }

  /** The latest connection, which has to be there. */
  get last(): FakeConnection {
    const last = this.connections.at(-1);
    if (!last) throw new Error("there is no connection");
    return last;
  }

  get open(): FakeConnection[] {
    return this.connections.filter((connection) => !connection.closed);
  }

  /** The latest request to a path, which has to be there. */
  request(path: string): FakeConnection {
    const found = this.connections.findLast((connection) => connection.url.includes(`/${path}.txt`));
    if (!found) throw new Error(`there is no request to ${path}`);
    return found;
  }
}

export interface Setup {
  readonly platform: FakePlatform;
  readonly client: Client;
  readonly statuses: Status[];
}

/** setup makes a client that has just begun to connect. */
export async function setup(options: ConnectOptions = {}, available?: readonly TransportName[]): Promise<Setup> {
  const platform = new FakePlatform(available);
  const client = new LiveClient("http://server.test:8080/", options, platform);
  const statuses: Status[] = [];
  client.on("status", (status) => statuses.push(status));
  await settle();
  return { platform, client, statuses };
}

/** connected makes a client with a session over a WebSocket. */
export async function connected(options: ConnectOptions = {}): Promise<Setup> {
  const made = await setup(options);
  accept(made.platform, "S1");
  return made;
}

/** accept lets the latest WebSocket open and create a session. */
export function accept(platform: FakePlatform, sessionId: string): void {
  platform.last.open();
  platform.last.lines("WSOK", `CONOK,${sessionId},50000,5000,*`, "SERVNAME,test", "CONS,unlimited");
}

/** over ends the session by the server's word, so that a new one is due. */
export function over(platform: FakePlatform): void {
  platform.last.lines("END,48,the session has reached its age");
}

/** settle lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
